# Where the time of a start went.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

# phases FILTER - of the timeline's JSON.
phases() { runtime timeline --format json "$ID" | jq -r "$1"; }

@test "timeline: the phases of run --timing, with the kernel's and the agent's part, and the first output" {
	local dir

	dir=$(bundle)
	set_args "$dir" sh -c 'echo out; echo more'
	runtime run --keep --timing --bundle "$dir" "$ID" </dev/null >"$WORK/out" 2>"$WORK/timing"
	[[ $(<"$WORK/out") == $'out\nmore' ]]
	# Stopped by now, and still there.
	[[ $(phases '[.phases[] | select(.name != "first output") | .name] | join(", ")') == \
		"load, prepare, start QEMU, boot to agent, QEMU, kernel, agent, network, create sandbox, create container, start container" ]]
	[[ $(phases '[.phases[] | select(.inside) | .inside] | unique | join(", ")') == "boot to agent" ]]
	[[ $(phases '[.phases[] | select(.name == "first output")] | length') == 1 ]]
	[[ $(phases '.phases | map(select(.name == "first output") | .begin_us) == (map(.begin_us) | [max])') == true ]]
	# To the tenth of a millisecond what --timing says of the same phases.
	diff <(phases '.phases[] | select(.name != "first output") | "\(.name) \(.time_us / 1000)"' |
		awk '{ ms = $NF; $NF = ""; printf "%s%.1f ms\n", $0, ms }') \
		<(sed -E 's/^ +//; s/ +/ /g; /^(total|run|delete) /d' "$WORK/timing")
	runtime timeline "$ID" | grep -q '^  kernel '
	runtime delete "$ID"
	fails runtime timeline "$ID"
}

@test "timeline: create and start are in one, a member of a pod has its own" {
	local dir

	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime create --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1
	[[ $(phases '.phases | map(.name) | index("start container")') == null ]]
	sleep 0.2
	runtime start "$ID"
	# From the first start to the last end, what the engine did in between included.
	[[ $(phases '.total_us - ([.phases[] | select(.inside | not) | .time_us] | add) >= 200000') == true ]]
	start_member member "$ID" sh -c 'echo out; sleep 1000' 2>&1
	wait_until eval 'runtime timeline member | grep -q "^first output"'
	[[ $(runtime timeline --format json member | jq -r '.sandbox + ": " + ([.phases[].name] | join(", "))') == \
		"$ID: load, create container, start container, first output" ]]
	[[ $(phases '.phases | map(.name) | index("first output")') == null ]]
}

@test "timeline: a picture without scripts that is XML, into a file; other formats are refused" {
	local dir

	dir=$(bundle)
	set_args "$dir" true
	runtime run --keep --bundle "$dir" "$ID" </dev/null
	runtime timeline --format svg --output "$WORK/picture.svg" "$ID"
	python3 - "$WORK/picture.svg" "$ID" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

svg = tree.parse(sys.argv[1]).getroot()
space = "{http://www.w3.org/2000/svg}"
assert svg.tag == space + "svg"
texts = [text.text for text in svg.iter(space + "text")]
assert "Start of container " + sys.argv[2] in texts
for name in "start QEMU", "kernel", "agent", "start container":
    assert name in texts, name
assert len(list(svg.iter(space + "rect"))) >= 10
assert not list(svg.iter(space + "script"))
PYTHON
	fails runtime timeline --format png "$ID"
	says "--format: 'png'" table json svg
	fails runtime timeline --output "$WORK/none/picture" "$ID"
	says "$WORK/none/picture"
}
