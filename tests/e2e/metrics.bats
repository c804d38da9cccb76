#!/usr/bin/env bats
# The numbers of sandboxes: kata-runtime metrics, and kata-monitor for Prometheus.

load ../lib/helpers

setup() { common_setup; }
teardown()
{
	[[ -z ${MONITOR-} ]] || kill "$MONITOR" 2>/dev/null || true
	common_teardown
}

# start_monitor - on a port of its own; $MONITOR is its pid.
start_monitor()
{
	PORT=$((20000 + RANDOM % 10000))
	"$STAGE/usr/bin/kata-monitor" --listen-address "127.0.0.1:$PORT" 3>&- >"$WORK/monitor.log" 2>&1 &
	MONITOR=$!
	wait_until get /
}

get() { python3 -c 'import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())' "http://127.0.0.1:$PORT$1"; }

# value FILE SAMPLE - the number of a sample, by its name and labels.
value() { awk -v sample="$2" '$1 == sample { print $2 }' "$1"; }

@test "metrics: memory, processors and tasks of the guest, the agent, QEMU and the shim" {
	start_sleeper
	runtime metrics "$ID" >"$WORK/m"
	(($(value "$WORK/m" 'kata_guest_meminfo{item="mem_total"}') > 800000000))
	(($(value "$WORK/m" 'kata_agent_threads') >= 1))
	awk '$1 == "kata_guest_cpu_time{cpu=\"total\",item=\"idle\"}" && $2 >= 0 { found = 1 } END { exit !found }' "$WORK/m"
	(($(value "$WORK/m" 'kata_hypervisor_proc_status{item="vm_rss"}') > 30000000))
	(($(value "$WORK/m" "kata_shim_fds{container_id=\"$ID\"}") > 3))
	grep -q '^kata_guest_netdev_stat{interface="lo",item="recv_bytes"} ' "$WORK/m"
	# Each name has one heading, and its samples stand together.
	[ -z "$(grep '^# TYPE' "$WORK/m" | sort | uniq -d)" ]
	[ -z "$(grep -v '^#' "$WORK/m" | sed 's/[{ ].*//' | uniq | sort | uniq -d)" ]
	run runtime metrics nobody
	[ "$status" -eq 1 ]
}

@test "kata-monitor: all sandboxes in one answer, each with its id; a guest that hangs costs only its own" {
	start_sleeper one
	start_sleeper two
	start_monitor
	get /metrics >"$WORK/m"
	for id in one two; do
		(($(value "$WORK/m" "kata_guest_meminfo{sandbox_id=\"$id\",item=\"mem_total\"}") > 800000000))
	done
	[ "$(value "$WORK/m" kata_monitor_running_shim_count)" = 2 ]
	[ "$(value "$WORK/m" kata_monitor_scrape_failed_count)" = 0 ]
	[ -z "$(grep '^# TYPE' "$WORK/m" | sort | uniq -d)" ]
	[ "$(get /sandboxes | sort | xargs)" = 'one two' ]
	! get /nothing
	kill -STOP "$(pid_of_helper qemu one)"
	get /metrics >"$WORK/m"
	kill -CONT "$(pid_of_helper qemu one)"
	[ -z "$(value "$WORK/m" 'kata_guest_meminfo{sandbox_id="one",item="mem_total"}')" ]
	[ -n "$(value "$WORK/m" 'kata_guest_meminfo{sandbox_id="two",item="mem_total"}')" ]
	[ -n "$(value "$WORK/m" 'kata_hypervisor_fds{sandbox_id="one"}')" ]
	[ "$(value "$WORK/m" kata_monitor_scrape_failed_count)" = 1 ]
	kill "$MONITOR"
	wait "$MONITOR"
	run "$STAGE/usr/bin/kata-monitor" --listen-address nowhere
	[ "$status" -eq 1 ]
	[ "$output" = "kata-monitor: --listen-address: 'nowhere' is no address and port, as 127.0.0.1:8090 or [::1]:8090 [KATA-USAGE]" ]
}
