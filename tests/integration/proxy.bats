#!/usr/bin/env bats
# kata-proxy with more clients than it takes.

load common
bats_require_minimum_version 1.5.0

setup() { common_setup; }
teardown() { common_teardown; }

# many N - starts N clients of the sandbox's proxy that stay; sets answered, refused, silent, clients.
many()
{
	mkfifo "$WORK/hold"
	python3 "${BATS_TEST_DIRNAME}/many-clients.py" "$(find "$KATA_RUN_DIR" -name proxy.sock)" "$1" \
		<"$WORK/hold" >"$WORK/counts" 3>&- &
	clients=$!
	exec 5>"$WORK/hold"
	for ((i = 0; i < 300; i++)); do
		[[ ! -s $WORK/counts ]] || break
		sleep 0.1
	done
	read -r answered refused silent <"$WORK/counts"
	echo "answered $answered, refused $refused, silent $silent"
}

dismiss()
{
	exec 5>&-
	wait "$clients"
}

# cpu_ticks PID - of 10 ms, used so far.
cpu_ticks()
{
	awk '{print $14 + $15}' "/proc/$1/stat"
}

@test "1,100 clients at once: 1,024 at most are served, the others closed, and it goes on" {
	require command -v python3
	ulimit -Sn 1024
	sleeping
	proxy=$(pid_of proxy)
	ulimit -Sn "$(ulimit -Hn)"
	many 1100
	((silent == 0))
	((answered <= 1024 && answered > 1000))
	((refused == 1100 - answered))
	echo "proxy $(peak_kib "$proxy") KiB"
	(($(peak_kib "$proxy") < 16384))
	dismiss
	run runtime exec "$ID" echo hello
	[ "$output" = hello ]
}

@test "more clients than descriptors: the rest is closed, and nobody spins" {
	require command -v python3
	sleeping "$ID"
	proxy=$(pid_of proxy)
	prlimit --pid "$proxy" --nofile=256:256
	many 300
	((silent == 0))
	((answered > 200 && refused > 20))
	before=$(cpu_ticks "$proxy")
	sleep 1
	after=$(cpu_ticks "$proxy")
	echo "$((after - before)) ticks in a second"
	((after - before < 20))
	dismiss
	run runtime exec "$ID" echo hello
	[ "$output" = hello ]
}

@test "a client that sends nonsense is closed, the others go on" {
	require command -v python3
	sleeping
	run python3 - "$(find "$KATA_RUN_DIR" -name proxy.sock)" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect(sys.argv[1])
s.send(b"\xff" * 100)
print("closed" if s.recv(100) == b"" else "answered")
PY
	echo "$output"
	[ "$output" = closed ]
	run runtime exec "$ID" echo hello
	[ "$output" = hello ]
}
