# nic.bash - kata-network's commands, and what they must not change

# Links and qdiscs of the namespace that we are in. Other tests' veth pairs come and go.
host_state() { ip -o link | sed 's/^[0-9]*: //' | grep -v veth | sort; }

kn() { runtime kata-network "$@"; }

# nic [MEMBER=VALUE…] - JSON of an interface: NAME=TEXT, or NAME:=JSON.
nic()
{
	local filter='.' word
	for word; do
		case $word in
		*:=*) filter+=" | .${word%%:=*} = ${word#*:=}" ;;
		*) filter+=" | .${word%%=*} = \"${word#*=}\"" ;;
		esac
	done
	jq -nc '{device: "tap1", name: "eth1", mtu: 1300, hwAddr: "02:42:20:6f:a2:80",
		IPAddresses: [{address: "172.17.1.10", mask: "24"}]} | '"$filter"
}

add() { nic "$@" | kn add-iface "$ID" -; }
del() { echo "{\"name\":\"$1\"}" | kn del-iface "$ID" -; }

in_netns() { nsenter --net -t "$(pid_of_helper qemu)" "$@"; }
monitor() { "$TOP/tests/lib/qmp.py" "$KATA_RUN_DIR/vc/vm/${1:-$ID}/qmp.sock" "${@:2}"; }

# What a bad input must not change.
everything()
{
	kn list-ifaces "$ID"
	kn list-routes "$ID"
	# The kernel's own address comes when it likes, as the carrier does.
	runtime exec "$ID" ip -o addr | grep -v fe80
	runtime exec "$ID" ip route
	host_state
	tc qdisc
	in_netns ip -o link
	in_netns tc qdisc
	monitor "$ID" info network
}

# refused INPUT COMMAND WORD… - INPUT on standard input: null, exit code 1, one line with each WORD.
refused()
{
	local input=$1 command=$2 code=0
	shift 2

	kn "$command" "$ID" - <<<"$input" >"$WORK/out" 2>"$WORK/err" || code=$?
	message=$(cat "$WORK/err")
	echo "$command <<<${input:0:200}: $code: $message"
	((code == 1))
	[ "$(cat "$WORK/out")" = null ]
	[ "$(wc -l <"$WORK/err")" -eq 1 ]
	says "$@"
}
