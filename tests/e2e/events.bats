#!/usr/bin/env bats
# events and events --stats beside loads of known size: within 2 %.

load ../lib/helpers

setup() { common_setup; }

teardown()
{
	[[ -z ${LOOP-} ]] || losetup -d "$LOOP"
	common_teardown
}

# worker [FILTER] - a container with the program load.
worker()
{
	local dir

	dir=$(bundle)
	gcc -O2 -static -o "$dir/rootfs/bin/load" "$TOP/tests/e2e/load.c"
	set_args "$dir" sleep 10000
	edit_bundle "$dir" "${1-.}"
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null
}

stat_of() { runtime events --stats "$ID" | jq -r ".data.$1 // 0"; }

# within ACTUAL TRUTH - by 2 %.
within()
{
	awk -v actual="$1" -v truth="$2" 'BEGIN { exit !(actual >= 0.98 * truth && actual <= 1.02 * truth) }' ||
		{ echo "$1 is not $2 by 2 %"; return 1; }
}

@test "stats: processor time, in sum, by processor, and of user and kernel" {
	require command -v gcc
	worker
	before=$(stat_of cpu.usage.total)
	# Starting it takes time of the container's too, some 30 ms.
	truth=$(runtime exec "$ID" load cpu 4000 </dev/null)
	runtime events --stats "$ID" >"$WORK/stats"
	total=$(jq .data.cpu.usage.total "$WORK/stats")
	within $((total - before)) "$truth"
	within "$(jq '.data.cpu.usage | .kernel + .user' "$WORK/stats")" "$total"
}

@test "stats: memory, and processes, what goes is gone from it" {
	require command -v gcc
	worker
	usage=$(stat_of memory.usage.usage) anonymous=$(stat_of memory.raw.anon)
	runtime exec "$ID" load memory 200 </dev/null >"$WORK/out" &
	job=$!
	wait_until grep -q filled "$WORK/out"
	within $(($(stat_of memory.usage.usage) - usage)) $((200 << 20))
	within $(($(stat_of memory.raw.anon) - anonymous)) $((200 << 20))
	[ "$(stat_of pids.current)" -eq 2 ]
	runtime exec "$ID" sh -c 'killall load; while killall -0 load; do :; done' </dev/null 2>/dev/null
	wait "$job" || true
	wait_until is_back
}

is_back() { (($(stat_of memory.raw.anon) < anonymous + (1 << 20) && $(stat_of pids.current) == 1)); }

@test "stats: what is written to a disk and read from it" {
	require losetup --version
	truncate -s 80M "$WORK/disk"
	LOOP=$(losetup --find --show "$WORK/disk")
	number=$(stat -c '%Hr %Lr' "$LOOP")
	worker ".linux.devices = [{ path: \"/dev/disk\", type: \"b\", major: ${number% *}, minor: ${number#* } }] |
		.linux.resources.devices = [{ allow: true, type: \"b\", major: ${number% *}, minor: ${number#* }, access: \"rwm\" }]"
	runtime exec "$ID" dd if=/dev/zero of=/dev/disk bs=1M count=64 oflag=direct </dev/null 2>/dev/null
	runtime exec "$ID" dd if=/dev/disk of=/dev/null bs=1M count=32 iflag=direct </dev/null 2>/dev/null
	runtime events --stats "$ID" >"$WORK/stats"
	disk=$(runtime exec "$ID" stat -c '%t %T' /dev/disk </dev/null)
	for row in "Write $((64 << 20))" "Read $((32 << 20))"; do
		within "$(jq --arg op "${row% *}" --argjson major $((16#${disk% *})) --argjson minor $((16#${disk#* })) '
			.data.blkio.ioServiceBytesRecursive[] | select(.op == $op and .major == $major and (.minor // 0) == $minor).value' \
			"$WORK/stats")" "${row#* }"
	done
}

@test "events: no counter goes back, and each process that is killed for memory is a line of its own" {
	worker '.linux.resources.memory.limit = 67108864'
	runtime events --interval 200ms "$ID" >"$WORK/lines" &
	listener=$!
	wait_until grep -q stats "$WORK/lines"
	not runtime exec "$ID" sh -c 'head -c 100m /dev/zero | tail -c 100m' </dev/null >/dev/null 2>&1
	wait_until grep -q '"type": *"oom"' "$WORK/lines"
	not runtime exec "$ID" sh -c 'head -c 100m /dev/zero | tail -c 100m' </dev/null >/dev/null 2>&1
	wait_until bash -c "[[ \$(grep -c oom '$WORK/lines') -eq 2 ]]"
	lines=$(wc -l <"$WORK/lines")
	wait_until bash -c "((\$(wc -l <'$WORK/lines') > lines + 2))"
	runtime kill "$ID" KILL
	wait "$listener"
	jq -se --arg id "$ID" 'all(.id == $id) and (map(select(.type == "oom")) | length) == 2' "$WORK/lines"
	jq -se '[.[] | select(.type == "stats").data.cpu.usage.total] | . == sort and all(. > 0)' "$WORK/lines"
	# But for limits, where there is none.
	jq -se '[.. | objects | to_entries[] | select(.key != "limit").value | numbers] |
		all(. >= 0 and . < 9223372036854775807)' "$WORK/lines"
}
