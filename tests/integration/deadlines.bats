#!/usr/bin/env bats
# Every wait has an end: machines that are silent, or talk without ever answering.
#
# The deadlines are the real ones, up to 30 s: so all cases run at the same time,
# from the beginning of the file on, and each test waits for its own.

load common
bats_require_minimum_version 1.5.0

# begin NAME FAULT… - runs a container in a machine of its own.
begin()
{
	local name=$1 FAKE_MODE
	shift
	(
		WORK=$BATS_FILE_TMPDIR/$name
		export KATA_RUN_DIR=$WORK/run
		mkdir -p "$KATA_RUN_DIR"
		USED_CONFIG=$WORK/configuration.toml
		sed 's|^machine_accelerators = .*|machine_accelerators = "accel=tcg"|' "$CONFIG" >"$USED_CONFIG"
		fake "$@"
		dir=$(shell_bundle true)
		status=0
		SECONDS=0
		timeout -k 1 60 "$RUNTIME" --kata-config "$USED_CONFIG" run --bundle "$dir" "$name" \
			</dev/null >"$WORK/output" 2>&1 || status=$?
		echo "$status $SECONDS" >"$WORK/end.new"
		mv "$WORK/end.new" "$WORK/end"
	) 3>&- &
}

setup_file()
{
	begin qmp-silent silent@qmp
	begin qmp-later silent-later@qmp
	begin qmp-events events@qmp
	begin agent-none nobody@channel
	begin agent-silent silent@Check
	begin agent-deaf serial-deaf@Check
	begin agent-answers answers@Check
	begin agent-unknown serial-unknown@Check
	begin sandbox-silent silent@CreateSandbox
	begin sandbox-wrong wrong-stream@CreateSandbox
	begin start-silent silent@StartContainer
	begin start-answers answers@StartContainer
	begin start-deaf serial-deaf@StartContainer
}

# given_up NAME SECONDS TEXT - the run ended with one plain line that holds TEXT, in time, and left nothing.
given_up()
{
	local i status seconds output

	WORK=$BATS_FILE_TMPDIR/$1
	KATA_RUN_DIR=$WORK/run
	for ((i = 0; i < 700; i++)); do
		[[ ! -e $WORK/end ]] || break
		sleep 0.1
	done
	read -r status seconds <"$WORK/end"
	output=$(cat "$WORK/output")
	echo "status $status after $seconds s: $output"
	[ "$status" -eq 1 ]
	((seconds <= $2))
	one_plain_line "$output"
	[[ $output == *"$3"* ]]
	assert_nothing_left
}

@test "a monitor that says nothing is given up after 15 s" {
	given_up qmp-silent 20 "QEMU's monitor does not answer"
}

@test "a monitor that does not answer commands is given up after 15 s" {
	given_up qmp-later 20 "QEMU's monitor does not answer"
}

@test "a monitor that sends events without end is given up after 15 s" {
	given_up qmp-events 20 "QEMU's monitor does not answer"
}

@test "a machine without an agent is given up after 30 s" {
	given_up agent-none 36 "its agent does not answer"
}

@test "an agent that is silent from the beginning is given up after 30 s" {
	given_up agent-silent 36 "its agent does not answer"
}

@test "a guest that does not read its port is given up after 30 s" {
	given_up agent-deaf 36 "its agent does not answer"
}

@test "an agent that answers other calls without end is given up after 30 s" {
	given_up agent-answers 36 "its agent does not answer"
}

@test "a guest that sends to nobody without end is given up after 30 s" {
	given_up agent-unknown 36 "its agent does not answer"
}

@test "a sandbox that the agent does not make is given up after 10 s" {
	given_up sandbox-silent 15 "CreateSandbox: the agent does not answer"
}

@test "an answer with the number of another call is none" {
	given_up sandbox-wrong 15 "CreateSandbox: the agent does not answer"
}

@test "a container that the agent does not start is given up after 10 s" {
	given_up start-silent 15 "StartContainer: the agent does not answer"
}

@test "a start that gets answers to other calls only is given up after 10 s" {
	given_up start-answers 15 "StartContainer: the agent does not answer"
}

@test "a start that a deaf guest never sees is given up after 10 s" {
	given_up start-deaf 15 "StartContainer: the agent does not answer"
}
