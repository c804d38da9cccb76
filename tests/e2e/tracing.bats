# Spans, seen by a collector that decodes what it gets.

load ../lib/helpers

setup()
{
	common_setup
	mkdir "$WORK/collector"
	COLLECTOR=
}

teardown()
{
	[[ -z $COLLECTOR ]] || kill "$COLLECTOR" 2>/dev/null || true
	common_teardown
}

# collector [MODE] - starts one; what goes to it is in $WORK/collector.
collector()
{
	python3 "$TOP/tests/lib/otlp_receiver.py" "$WORK/collector" "$@" >/dev/null 2>&1 3>&- &
	COLLECTOR=$!
	wait_until test -e "$WORK/collector/port"
	export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$(<"$WORK/collector/port")
}

# trace_of SECTION [KEY=VALUE…] - turns tracing on for a part of the configuration.
trace_of()
{
	mkdir -p "$WORK/config.d"
	printf '[%s]\nenable_tracing = true\n' "$1" >"$WORK/config.d/$1.toml"
	shift
	(($# == 0)) || printf '%s\n' "$@" >>"$WORK/config.d/agent.kata.toml"
}

# spans FILTER - what a jq filter makes of the array of all spans.
spans() { jq -rs "$1" "$WORK/collector/spans"; }

# have_span NAME… - all of them have come.
have_span()
{
	local name

	for name; do
		grep -q "\"name\": \"$name\"" "$WORK/collector/spans" || return 1
	done
}

@test "tracing: without it nothing is sent and no exporter runs" {
	local dir

	collector
	dir=$(bundle)
	set_args "$dir" true
	runtime run --bundle "$dir" "$ID" </dev/null
	not pgrep -f "$STAGE/usr/libexec/kata-containers/kata-trace-export"
	[[ ! -e $WORK/collector/requests ]]
}

@test "tracing: a run is one trace, with its phases and the agent's calls in them" {
	local dir root

	trace_of runtime
	collector
	dir=$(bundle)
	set_args "$dir" true
	runtime run --timing --bundle "$dir" "$ID" </dev/null 2>"$WORK/timing"
	PATIENCE=10 wait_until have_span run delete
	[[ $(spans '[.[].trace] | unique | length') == 1 ]]
	[[ $(spans '[.[].service] | unique | .[]') == kata-runtime ]]
	# One span has no parent; every other one's is there, and holds it in time.
	[[ $(spans 'map(select(.parent == "")) | map(.name) | join(" ")') == run ]]
	[[ $(spans '(map({(.span): .}) | add) as $all
		| map(select(.parent != "")) | map($all[.parent] as $p
			| $p != null and $p.start <= .start and .end <= $p.end) | all') == true ]]
	root=$(spans '.[] | select(.parent == "") | .span')
	# The phases are those of --timing, in their order.
	[[ $(spans ".[] | select(.parent == \"$root\" and .name != \"finish\") | .name") == \
		$(sed -n 's/ *[0-9.]* ms$//p' "$WORK/timing" | grep -vE '^(total$|  )') ]]
	[[ $(spans '(.[] | select(.name == "boot to agent") | .span) as $phase
		| map(select(.parent == $phase and .service == "kata-runtime") | .name) | sort | join(" ")') == \
		"QEMU agent grpc.Health/Check kernel" ]]
	[[ $(spans '(.[] | select(.name == "start container") | .span) as $phase
		| .[] | select(.parent == $phase) | .name') == grpc.AgentService/StartContainer ]]
	[[ $(spans '.[] | select(.parent == "") | .attributes["container.id"]') == "$ID" ]]
	grep -q '"path": "/v1/traces".*"content-type": "application/x-protobuf"' "$WORK/collector/requests"
}

@test "tracing: create and start are one trace, which other commands are linked to" {
	local dir trace

	trace_of runtime
	collector
	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime create --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1
	# The configuration of later commands does not matter.
	rm "$WORK/config.d/runtime.toml"
	runtime start "$ID"
	TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 runtime kill "$ID" KILL
	run runtime start "$ID"
	[[ $status -ne 0 ]]
	runtime delete --force "$ID"
	PATIENCE=10 wait_until have_span create start kill delete
	trace=$(spans '.[] | select(.name == "create") | .trace')
	[[ $(spans '(.[] | select(.name == "create") | .span) as $create
		| map(select(.name == "start")) | map(.trace == "'"$trace"'" and .parent == $create) | all') == true ]]
	[[ $(spans '.[] | select(.name == "kill") | .trace + " " + .parent + " " + .links[0].trace') == \
		"0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 $trace" ]]
	[[ $(spans '.[] | select(.name == "delete") | .links[0].trace') == "$trace" ]]
	# The second start failed, and says why.
	[[ $(spans '.[] | select(.name == "start" and .status == 2) | .message') == *"can be started"* ]]
}

# ended - no exporter of ours runs.
ended() { ! pgrep -f "$STAGE/usr/libexec/kata-containers/kata-trace-export"; }

@test "tracing: no collector, or one that refuses, is silent or never ends, changes nothing" {
	local dir mode output

	trace_of runtime
	trace_of shim.kata
	trace_of agent.kata
	dir=$(bundle)
	set_args "$dir" sh -c 'echo out; exit 3'
	for mode in dead 500 silent trickle; do
		rm -f "$WORK/collector/port"
		if [[ $mode == dead ]]; then
			export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1
		else
			collector "$mode"
		fi
		# The pipe is at its end when the command is: nothing that is left holds it.
		output=$(runtime run --bundle "$dir" "$ID" </dev/null 2>&1; echo "$?")
		[[ $output == $'out\n3' ]]
		# What is still there has let go of everything, and ends by its own deadline.
		PATIENCE=8 wait_until ended
		[[ $mode == dead ]] || kill "$COLLECTOR"
	done
}

# holds - each span of the agent lies below one of kata-runtime and inside it, but for 20 ms of its clock.
holds()
{
	[[ $(spans '(map({(.span): .}) | add) as $all
		| map(select(.service == "kata-agent" and ($all[.parent].service == "kata-runtime")))
		| map($all[.parent] as $p | $p.name == .name and $p.start - 20000000 <= .start
			and .end <= $p.end + 20000000) | all and length > 2') == true ]]
}

@test "tracing: collated, the agent's spans lie below the calls of the commands" {
	local dir

	trace_of runtime
	trace_of agent.kata 'trace_type = "collated"'
	collector
	dir=$(bundle)
	set_args "$dir" true
	runtime run --bundle "$dir" "$ID" </dev/null
	PATIENCE=10 wait_until have_span run delete set.up grpc.AgentService/StartContainer
	# The exporter of the machine's has gone with it.
	PATIENCE=10 wait_until ended
	[[ $(spans '[.[].trace] | unique | length') == 1 ]]
	holds
	[[ $(spans '(.[] | select(.service == "kata-agent" and .name == "grpc.AgentService/CreateContainer") | .span) as $call
		| map(select(.parent == $call) | .name) | join(" ")') == "clone set up" ]]
	[[ $(spans '.[] | select(.service == "kata-agent") | .resource["kata.sandbox.id"]' | sort -u) == "$ID" ]]
	# What comes before it was switched on, dynamically, is not there; the end is.
	[[ $(spans 'map(select(.service == "kata-agent") | .name) | index("grpc.AgentService/CreateSandbox")') == null ]]
	[[ $(spans 'map(select(.service == "kata-agent") | .name) | index("grpc.AgentService/DestroySandbox")') != null ]]
}

@test "tracing: isolated, the agent's spans are a trace of its own, with links to the commands" {
	local dir

	trace_of runtime
	trace_of agent.kata
	collector
	dir=$(bundle)
	set_args "$dir" true
	runtime run --bundle "$dir" "$ID" </dev/null
	PATIENCE=10 wait_until have_span run kata-agent
	PATIENCE=10 wait_until ended
	[[ $(spans '[.[].trace] | unique | length') == 2 ]]
	[[ $(spans '(map(select(.name == "kata-agent")) | .[0]) as $root | map(select(.service == "kata-agent"))
		| map(.trace == $root.trace) | all') == true ]]
	[[ $(spans '(map(select(.name == "run")) | .[0].trace) as $command | map(select(.name == "grpc.AgentService/StartContainer" and .kind == 2))
		| map(.links[0].trace == $command) | all') == true ]]
}

@test "tracing: static, the agent records from its start, also where no command is traced" {
	local dir

	trace_of agent.kata 'trace_mode = "static"'
	collector
	dir=$(bundle)
	set_args "$dir" true
	runtime run --bundle "$dir" "$ID" </dev/null
	PATIENCE=10 wait_until have_span kata-agent
	PATIENCE=10 wait_until ended
	[[ $(spans '[.[].service] | unique | .[]') == kata-agent ]]
	[[ $(spans 'map(select(.parent != "") | .name) | .[0:2] | join(", ")') == "kernel, start of the agent" ]]
	[[ $(spans '(.[] | select(.name == "kernel")) as $kernel | .[] | select(.name == "start of the agent")
		| .start == $kernel.end') == true ]]
	[[ $(spans 'map(.name) | index("grpc.AgentService/CreateSandbox")') != null ]]
}

@test "tracing: kata-shim's life, waiting and signals, below the command that started it" {
	local dir

	trace_of runtime
	trace_of shim.kata
	trace_of agent.kata 'trace_type = "collated"'
	collector
	dir=$(bundle)
	set_args "$dir" sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'
	export TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
	runtime create --bundle "$dir" "$ID" </dev/null >"$WORK/out" 2>&1
	unset TRACEPARENT
	runtime start "$ID"
	wait_until grep -q ready "$WORK/out"
	kill -TERM "$(runtime state "$ID" | jq .pid)"
	wait_until is_status "$ID" stopped
	runtime delete "$ID"
	PATIENCE=10 wait_until have_span create delete kata-shim
	PATIENCE=10 wait_until ended
	[[ $(spans '(.[] | select(.name == "create" and .service == "kata-runtime") | .span) as $create
		| .[] | select(.name == "kata-shim")
		| .parent == $create and .attributes["process.exit.code"] == "7"') == true ]]
	[[ $(spans '(.[] | select(.name == "kata-shim") | .span) as $shim
		| map(select(.parent == $shim) | .name) | join(", ")') == "create, connect, wait, rest of the output" ]]
	# The signal that came to the shim, and what the agent did with it.
	[[ $(spans '(.[] | select(.name == "signal") | .span) as $signal | .[] | select(.parent == $signal) | .name') == \
		grpc.AgentService/SignalProcess ]]
	[[ $(spans '.[] | select(.name == "signal") | .attributes.signal') == SIGTERM ]]
}
