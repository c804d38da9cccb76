#!/usr/bin/env bats
# Load balancing in the guest, beside Debian's ipvsadm and conntrack in the same guest.

load ../lib/helpers

setup() { common_setup; }
teardown() { common_teardown; }

CAPABILITIES='["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"]'

# add_program DIR PROGRAM - copies a program of the host and its libraries.
add_program()
{
	local root=$1/rootfs program=$2 library

	cp -L "$program" "$root/sbin/"
	for library in $(ldd "$program" | grep -o '/[^ ]*'); do
		mkdir -p "$root${library%/*}"
		cp -L "$library" "$root$library"
	done
}

# tools_bundle - a bundle with the real tools, that may change the guest's network; its path.
tools_bundle()
{
	local dir program

	dir=$(bundle)
	mkdir -p "$dir/rootfs/sbin"
	for program in /sbin/ipvsadm /usr/sbin/conntrack /sbin/ip /usr/sbin/nft; do
		add_program "$dir" "$program"
	done
	gcc -std=gnu11 -D_GNU_SOURCE -O1 -static -o "$dir/rootfs/bin/balance" \
		"$TOP/tests/e2e/balance.c"
	set_args "$dir" sleep 1000
	edit_bundle "$dir" ".process.capabilities |= map_values($CAPABILITIES)
		| .process.env = [\"PATH=/bin:/sbin\"] | del(.linux.readonlyPaths)"
	echo "$dir"
}

start_tools()
{
	local program

	for program in ipvsadm conntrack ip nft gcc; do
		require command -v "$program"
	done
	runtime run --detach --bundle "$(tools_bundle)" "$ID" </dev/null >/dev/null 2>&1
}

# in_guest COMMAND… - in the container with the tools.
in_guest()
{
	runtime exec "$ID" "$@" </dev/null
}

# ipvs WORDS - our command.
ipvs()
{
	runtime kata-ipvs ipvsadm --parameters "$1" "$ID"
}

# silent COMMAND… - it succeeds and prints nothing.
silent()
{
	"$@" >"$WORK/silent" 2>&1
	nothing <"$WORK/silent"
}

# same [OPTION…] - our list is the real tool's, byte for byte; it is left in $WORK/ours.
same()
{
	ipvs "-Ln $*" >"$WORK/ours"
	in_guest ipvsadm -Ln "$@" >"$WORK/theirs"
	diff "$WORK/theirs" "$WORK/ours"
}

# lists LINE… - each is in the last list, blanks at its end aside.
lists()
{
	local line

	for line; do
		sed 's/ *$//' "$WORK/ours" | grep -Fqx -- "$line" && continue
		echo "there is no line '$line' in:"
		cat "$WORK/ours"
		return 1
	done
}

@test "kata-ipvs: after each of our operations the real tool shows the same tables" {
	start_tools
	same
	silent ipvs '--add-service --tcp-service 172.17.0.7:80 --scheduler rr --persistent 3000'
	same
	lists 'TCP  172.17.0.7:80 rr persistent 3000'
	silent ipvs '-A -u 10.0.0.1:53 -s wrr -p 0'
	silent ipvs '-A -t [fd00::1]:80 -s sed -p 2678400'
	same
	lists 'UDP  10.0.0.1:53 wrr' 'TCP  [fd00::1]:80 sed persistent 2678400'
	silent ipvs '--add-server --tcp-service 172.17.0.7:80 --real-server 172.17.0.4:80 --weight 100'
	silent ipvs '-a -t 172.17.0.7:80 -r 172.17.0.3:8080'
	silent ipvs '-a -u 10.0.0.1:53 -r 10.0.0.2:53 -w 0 -m'
	silent ipvs '-a -t [fd00::1]:80 -r [fd00::ffff:2]:65535 -w 65535'
	same
	lists '  -> 172.17.0.3:8080              Masq    1      0          0' \
		'  -> 172.17.0.4:80                Masq    100    0          0' \
		'  -> 10.0.0.2:53                  Masq    0      0          0' \
		'  -> [fd00::ffff:2]:65535         Masq    65535  0          0'
	silent ipvs '-e -t 172.17.0.7:80 -r 172.17.0.3:8080 -w 7'
	silent ipvs '-E -t 172.17.0.7:80 -s lblcr -p 0'
	same
	lists 'TCP  172.17.0.7:80 lblcr' '  -> 172.17.0.3:8080              Masq    7      0          0'
	for option in --stats --rate --thresholds --persistent-conn '--stats --exact' --nosort -c \
		'--stats -t 172.17.0.7:80' '-u 10.0.0.1:53' '-t [fd00::1]:80'; do
		same $option
	done
	silent ipvs '-d -t 172.17.0.7:80 -r 172.17.0.4:80'
	silent ipvs '-D -u 10.0.0.1:53'
	same
	[ "$(wc -l <"$WORK/ours")" -eq 7 ]
	silent ipvs --zero
	silent ipvs '--set 100 200 300'
	same --timeout
	lists 'Timeout (tcp tcpfin udp): 100 200 300'
	# 0 leaves a time-out as it is.
	silent ipvs '--set 0 1296000 0'
	same --timeout
	lists 'Timeout (tcp tcpfin udp): 100 1296000 300'
	silent ipvs --clear
	same
	[ "$(wc -l <"$WORK/ours")" -eq 3 ]
}

@test "kata-ipvs: what the real tool sets is listed, also what we cannot set, in its order" {
	start_tools
	in_guest sh -e -c '
		for scheduler in rr wrr lc wlc lblc lblcr dh sh sed nq; do
			ipvsadm -A -t 10.0.0.$((i += 1)):80 -s $scheduler
		done
		ipvsadm -A -u 192.168.0.1:80 -s rr -p 300 -M 255.255.255.0 -o
		ipvsadm -A -t 192.168.0.1:80 -s sh -b sh-port,sh-fallback
		ipvsadm -A -t 192.168.0.1:81 -s mh -b mh-port || true # not in every kernel
		ipvsadm -A -t 192.168.0.1:82 -s rr -b flag-1,flag-3
		ipvsadm -A -t 128.0.0.1:80 -s rr
		ipvsadm -A -t 1.0.0.1:80 -s rr
		ipvsadm -A -t [fe80::1]:80 -s rr -p 300 -M 64
		ipvsadm -A -t [2001::1]:80 -s rr
		ipvsadm -A -f 7 -s wlc -p 100
		ipvsadm -A -f 8 -6 -s wlc
		for address in 200.0.0.1 9.0.0.1 100.0.0.1; do
			ipvsadm -a -t 10.0.0.1:80 -r $address:80 -g -w 3
			ipvsadm -a -t 10.0.0.2:80 -r $address:8080 -m -w 2147483647
			ipvsadm -a -t 10.0.0.3:80 -r $address:80 -i -x 100 -y 50
		done
		ipvsadm -a -f 7 -r 10.0.0.9 -m
		/sbin/ip link set lo up
		ipvsadm -a -t 10.0.0.4:80 -r 127.0.0.1:8080 -m'
	for option in '' --nosort --stats --rate --thresholds --persistent-conn '-t 10.0.0.3:80'; do
		same $option
	done
	lists 'TCP  10.0.0.3:80 lc'
	in_guest ipvsadm --set 7 8 9
	same --timeout
}

@test "kata-ipvs: both ends of every range are taken, one past them is refused by name" {
	start_sleeper
	for port in 1 65535; do
		silent ipvs "-A -t 10.0.0.1:$port -s rr -p 0"
		silent ipvs "-a -t 10.0.0.1:$port -r 10.0.0.2:$port"
	done
	for scheduler in rr wrr lc wlc lblc lblcr dh sh sed nq; do
		silent ipvs "-E -t 10.0.0.1:1 -s $scheduler -p 1"
	done
	silent ipvs '-E -t 10.0.0.1:1 -s rr -p 2678400'
	silent ipvs '-e -t 10.0.0.1:1 -r 10.0.0.2:1 -w 0'
	silent ipvs '-e -t 10.0.0.1:1 -r 10.0.0.2:1 -w 65535'
	silent ipvs '--set 0 0 0'
	silent ipvs '--set 1296000 1296000 1296000'
	ipvs -L >"$WORK/before"
	for word in '-A -t 10.0.0.1:0 -s rr -p 0' '-A -t 10.0.0.1:65536 -s rr -p 0'; do
		fails ipvs "$word"
		says "--tcp-service: '10.0.0.1:" 'a port from 1 to 65535'
	done
	for word in -1 2678401; do
		fails ipvs "-A -t 10.0.0.3:80 -s rr -p $word"
		says "--persistent: '$word' is not 1 to 2678400 seconds, or 0 for none"
	done
	for word in -1 65536; do
		fails ipvs "-a -t 10.0.0.1:1 -r 10.0.0.3:80 -w $word"
		says "--weight: '$word' is not 0 to 65535"
	done
	fails ipvs '--set 1296001 0 0'
	says "--set: tcp: '1296001' is not 0 to 1296000 seconds"
	fails ipvs '-A -t 10.0.0.3:80 -s rrr -p 0'
	says "--scheduler: 'rrr' is not one of rr, wrr"
	ipvs -L | diff "$WORK/before" -
}

@test "kata-ipvs: bad command lines get one line with the word, and change nothing" {
	start_sleeper
	silent ipvs '-A -t 10.0.0.1:80 -s rr -p 0'
	ipvs -L >"$WORK/before"
	n=0
	while IFS='|' read -r words message; do
		fails ipvs "$words"
		says "$message"
		n=$((n + 1))
	done <<-'END'
		|no operation
		-A -s rr -p 1|--tcp-service or --udp-service
		-A -t 10.0.0.2:80 -p 1|needs --scheduler
		-A -t 10.0.0.2:80 -s rr|needs --persistent
		-A -t 10.0.0.2.5:80 -s rr -p 1|'10.0.0.2.5:80'
		-A -D -t 10.0.0.1:80 -s rr -p 1|one operation at a time
		-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g|only NAT
		-D -t 10.0.0.1:80; -C|'10.0.0.1:80;'
		-D -t $(id):80|'$(id):80'
		-D -t %s%n:80|'%s%n:80'
		-L -- -C|'--'
		-C -t 10.0.0.1:80|not allowed with --clear
		-q|'-q' is not one of the options
	END
	[ "$n" -eq 13 ]
	fails ipvs $'-D\n-t 10.0.0.1:80'
	says 'byte 3 is 0x0a'
	fails ipvs "$(printf '%65536s' -C)"
	says '65536 bytes, allowed are up to 4096'
	fails runtime kata-ipvs ipvsadm "$ID"
	says '--parameters or --restore is needed'
	fails runtime kata-ipvs ipvsadm --parameters -L
	says 'missing container-id'
	fails runtime kata-ipvs bogus
	says "there is no 'bogus'"
	fails runtime kata-ipvs cleanup --parameters '-d 1.2.3.4 -p icmp' "$ID"
	says "'icmp' is not one of tcp, udp"
	# What the kernel refuses.
	fails ipvs '-A -t 10.0.0.1:80 -s rr -p 0'
	says 'add-service TCP 10.0.0.1:80: the service exists already'
	fails ipvs '-a -t 10.0.0.2:80 -r 10.0.0.3:80'
	says 'add-server TCP 10.0.0.2:80 10.0.0.3:80: there is no such service'
	fails ipvs '-d -t 10.0.0.1:80 -r 10.0.0.3:80'
	says 'the service has no such server'
	fails ipvs '-L -t 10.0.0.2:80'
	says 'no such service'
	ipvs -L | diff "$WORK/before" -
}

# rules N [FIRST] - a rule file of N services with three servers each.
rules()
{
	local i k

	for ((i = ${2:-0}; i < ${2:-0} + $1; i++)); do
		echo "-A -t 10.1.$((i / 250)).$((i % 250)):80 -s rr -p 300"
		for k in 1 2 3; do
			echo "-a -t 10.1.$((i / 250)).$((i % 250)):80 -r 172.16.$k.$((i % 250)):8080 -m"
		done
	done
}

restore()
{
	runtime kata-ipvs ipvsadm --restore - "$ID"
}

# refused_file FILE WORD… - is refused by one line with these words.
refused_file()
{
	local file=$1 code=0
	shift

	restore <"$file" >"$WORK/out" 2>"$WORK/err" || code=$?
	[[ $code -eq 1 ]]
	nothing <"$WORK/out"
	message=$(cat "$WORK/err")
	[[ $(wc -l <"$WORK/err") -eq 1 ]]
	says "$@"
}

@test "kata-ipvs: a rule file adds to what is there, comments and all" {
	start_tools
	silent ipvs '-A -t 10.0.0.1:80 -s rr -p 0'
	cat >"$WORK/rules" <<-'END'
		# the shop's
		-A -t 10.10.11.12:100 -s rr -p 3000

		  -a -t 10.10.11.12:100 -r 172.16.0.1:80 -m
		-a -t "10.10.11.12:100" --real-server=172.16.0.1:81 -w 7 --masquerading
		-a -t 10.0.0.1:80 -r 172.16.0.1:82 -m
	END
	silent restore <"$WORK/rules"
	same
	lists 'TCP  10.10.11.12:100 rr persistent 3000' \
		'  -> 172.16.0.1:81                Masq    7      0          0' \
		'  -> 172.16.0.1:82                Masq    1      0          0'
}

@test "kata-ipvs: a rule file is all or nothing" {
	start_tools
	silent ipvs '-A -t 10.0.0.1:80 -s rr -p 0'
	silent ipvs '-a -t 10.0.0.1:80 -r 10.0.0.2:80'
	ipvs -L >"$WORK/before"
	# A bad word anywhere: nothing is sent.
	{ rules 100; echo '-a -t 10.1.0.0:80 -r 172.16.9.9:0 -m'; } >"$WORK/rules"
	refused_file "$WORK/rules" "--restore: line 401: --real-server: '172.16.9.9:0'"
	echo '-a -t 10.0.0.1:80 -r 172.16.9.9:80' >"$WORK/rules"
	refused_file "$WORK/rules" 'line 1: --add-server needs --masquerading or -m'
	echo '-C' >"$WORK/rules"
	refused_file "$WORK/rules" 'line 1: --clear: a rule file can only add'
	# What only the guest can know: far behind the first calls, and in the midst.
	{ rules 600; echo '-A -t 10.0.0.1:80 -s rr -p 0'; rules 10 600; } >"$WORK/rules"
	refused_file "$WORK/rules" 'line 2401: add-service TCP 10.0.0.1:80: the service exists already'
	ipvs -L | diff "$WORK/before" -
	# A server for a service that was there is taken back too, and the one before it stays.
	{
		echo '-a -t 10.0.0.1:80 -r 10.0.0.3:80 -m'
		rules 20
		echo '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m'
	} >"$WORK/rules"
	refused_file "$WORK/rules" 'line 82: add-server' 'has this server already'
	ipvs -L | diff "$WORK/before" -
	same
	# Standard input alone is read, and something has to be in it.
	refused_file /dev/null 'Rule file has no effective rule.'
	fails runtime kata-ipvs ipvsadm --restore "$WORK/rules" "$ID"
	says 'please use --restore - for stdin'
}

@test "kata-ipvs: twenty thousand rules, those that are there counted in, and not one more" {
	start_tools
	silent ipvs '-A -t 10.0.0.1:80 -s rr -p 0'
	rules 5000 >"$WORK/rules"
	refused_file "$WORK/rules" 'rules exceed limit 20000: 1 are there, 20000 are to be added'
	[ "$(ipvs -L | wc -l)" -eq 4 ]
	head -n 19999 "$WORK/rules" >"$WORK/fewer"
	silent restore <"$WORK/fewer"
	[ "$(in_guest wc -l /proc/net/ip_vs)" = '20003 /proc/net/ip_vs' ]
	ipvs '-L --nosort' >"$WORK/ours"
	in_guest ipvsadm -Ln --nosort | diff - "$WORK/ours"
	fails ipvs '-A -t 10.0.0.2:80 -s rr -p 0'
	says 'rules exceed limit 20000'
	# The kernel counts: a service that goes takes its servers along.
	silent ipvs '-D -t 10.1.0.0:80'
	silent ipvs '-A -t 10.0.0.2:80 -s rr -p 0'
	{ cat "$WORK/rules"; echo '-A -t 10.0.0.3:80 -s rr -p 0'; } >"$WORK/more"
	refused_file "$WORK/more" '--restore: line 20001: Rules exceed limit 20000'
	silent ipvs -C
	[ "$(ipvs -L | wc -l)" -eq 3 ]
}

@test "kata-ipvs: a service with more servers than one answer holds is listed as a whole" {
	start_tools
	{
		echo '-A -t 10.0.0.1:80 -s rr -p 0'
		for ((i = 0; i < 5000; i++)); do
			echo "-a -t 10.0.0.1:80 -r 172.16.$((i / 250)).$((i % 250)):8080 -m"
		done
		echo '-A -t 10.0.0.2:80 -s rr -p 0'
	} >"$WORK/rules"
	silent restore <"$WORK/rules"
	same
	[ "$(wc -l <"$WORK/ours")" -eq 5005 ]
	same --stats -t 10.0.0.1:80
	[ "$(wc -l <"$WORK/ours")" -eq 5003 ]
}

@test "kata-ipvs: a restore that is killed leaves all of its rules or none" {
	start_sleeper
	rules 4000 >"$WORK/rules"
	for delay in 0.01 0.05 0.2 0.5; do
		"$RUNTIME" --kata-config "$USED_CONFIG" kata-ipvs ipvsadm --restore - "$ID" \
			<"$WORK/rules" &
		sleep "$delay"
		kill -KILL $!
		wait $! || true
		# A change that has begun is waited for.
		silent ipvs '-A -u 10.0.0.1:80 -s rr -p 0'
		lines=$(ipvs -L | wc -l)
		echo "after $delay s: $lines lines"
		[ "$lines" -eq 4 ] || [ "$lines" -eq 16004 ]
		silent ipvs -C
	done
	# The next one is not disturbed by what the last had sent.
	rules 10 >"$WORK/rules"
	silent restore <"$WORK/rules"
	[ "$(ipvs -L | wc -l)" -eq 43 ]
}

@test "kata-ipvs: of two restores at once each is made as a whole, or told to try again" {
	start_sleeper
	rules 700 >"$WORK/rules0"
	rules 700 1000 >"$WORK/rules1"
	for round in 1 2 3; do
		made=0 pids=()
		for i in 0 1; do
			restore <"$WORK/rules$i" >/dev/null 2>"$WORK/err$i" &
			pids[i]=$!
		done
		for i in 0 1; do
			if wait "${pids[i]}"; then
				made=$((made + 1))
			else
				grep -F 'another restore is under way' "$WORK/err$i"
			fi
		done
		[ "$made" -ge 1 ]
		[ "$(ipvs -L | wc -l)" -eq $((3 + made * 2800)) ]
		silent ipvs -C
	done
}

# start_network - in the guest: three servers and a client, each in a network of its own. The path
# of ip is said because busybox's sh would take its own.
start_network()
{
	local dir=$WORK/bundle

	cat >"$dir/rootfs/network" <<-'END'
		set -e
		mkdir -p /run/netns
		join() { # NAME NUMBER
			/sbin/ip netns add "$1"
			/sbin/ip link add "v$1" type veth peer name eth0 netns "$1"
			/sbin/ip addr add "10.2.$2.1/24" dev "v$1"
			/sbin/ip addr add "fd00:$2::1/64" dev "v$1" nodad
			/sbin/ip link set "v$1" up
			nsenter --net="/run/netns/$1" sh -e -c "
				/sbin/ip link set lo up
				/sbin/ip addr add 10.2.$2.2/24 dev eth0
				/sbin/ip addr add fd00:$2::2/64 dev eth0 nodad
				/sbin/ip link set eth0 up
				/sbin/ip route add default via 10.2.$2.1
				/sbin/ip route add default via fd00:$2::1"
		}
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
		echo 1 >/proc/sys/net/ipv4/vs/conntrack
		join client 9
		for i in 1 2 3; do
			join "s$i" "$i"
			for address in 0.0.0.0 ::; do
				nsenter --net="/run/netns/s$i" balance serve "s$i" $address 8080 \
					>"/run/s$i$address" 2>&1 &
			done
		done
		for i in 1 2 3; do
			for address in 0.0.0.0 ::; do
				n=0
				until grep -q ready "/run/s$i$address"; do
					usleep 50000
					[ $((n += 1)) -lt 600 ] || exit 1
				done
			done
		done
	END
	in_guest sh /network || { in_guest dmesg | tail -n 5; return 1; }
}

# from_client WORD… - the program balance in the client's network.
from_client()
{
	in_guest nsenter --net=/run/netns/client balance "$@"
}

# client_gets "NAME COUNT…" tcp|udp ADDRESS PORT N [FROM] - how its connections are spread.
client_gets()
{
	local expected=$1 got
	shift

	got=$(from_client ask "$@" | tr '\n' ' ')
	[[ $got == "$expected " ]] && return
	echo "not '$expected' but '$got'"
	return 1
}

# counted SERVICE N - whether so many connections are; the kernel adds them up every two seconds.
counted()
{
	ipvs '-L --stats' | awk -v service="$1" '$2 == service {print $3}' | grep -qx "$2"
}

# three_servers SERVICE FORMAT WEIGHT… - adds the servers, whose address has a number in it.
three_servers()
{
	local service=$1 format=$2 i
	shift 2

	for i in 1 2 3; do
		# shellcheck disable=SC2059 # the format is ours
		silent ipvs "-a $service -r $(printf "$format" "$i") -w $1"
		shift
	done
}

@test "kata-ipvs: three hundred connections are balanced by turns, by weight, and by client" {
	start_tools
	start_network
	silent ipvs '-A -t 10.2.9.1:80 -s rr -p 0'
	three_servers '-t 10.2.9.1:80' 10.2.%s.2:8080 1 1 1
	client_gets 's1 100 s2 100 s3 100' tcp 10.2.9.1 80 300
	wait_until counted 10.2.9.1:80 300
	same --stats
	silent ipvs -Z
	silent ipvs '-E -t 10.2.9.1:80 -s wrr -p 0'
	for i in 1 2 3; do
		silent ipvs "-e -t 10.2.9.1:80 -r 10.2.$i.2:8080 -w $i"
	done
	client_gets 's1 50 s2 100 s3 150' tcp 10.2.9.1 80 300
	# Without weight a server gets nothing new.
	silent ipvs '-e -t 10.2.9.1:80 -r 10.2.3.2:8080 -w 0'
	client_gets 's1 100 s2 200' tcp 10.2.9.1 80 300
	silent ipvs '-E -t 10.2.9.1:80 -s rr -p 300'
	run from_client ask tcp 10.2.9.1 80 300
	[ "${#lines[@]}" -eq 1 ]
	[[ ${lines[0]} == s?' 300' ]]
	# The table while connections are open.
	in_guest sh -c 'nsenter --net=/run/netns/client balance hold 10.2.9.1 80 >/run/held 2>&1 &
		n=0
		until grep -q s /run/held; do usleep 50000; [ $((n += 1)) -lt 600 ] || exit 1; done'
	same
	same --persistent-conn
	ipvs '-L -c' >"$WORK/ours"
	grep -Eq '^TCP [0-9:]+  *ESTABLISHED *10\.2\.9\.2:[0-9]+  *10\.2\.9\.1:80  *10\.2\.[12]\.2:8080$' \
		"$WORK/ours"
	in_guest ipvsadm -Lnc >"$WORK/theirs"
	# Time goes on between the two.
	diff <(sed -E 's/ [0-9]+:[0-9]+ / /' "$WORK/theirs" | sort) \
		<(sed -E 's/ [0-9]+:[0-9]+ / /' "$WORK/ours" | sort)
}

@test "kata-ipvs: a client on the host's side of the sandbox's network is balanced" {
	pod=kt-$$-ipvs-pod peer=kt-$$-ipvs-peer
	for name in "$pod" "$peer"; do
		ip netns add "$name"
	done
	ip link add peer0 netns "$peer" type veth peer name eth0 netns "$pod"
	ip -n "$peer" address add 10.9.20.1/24 dev peer0
	ip -n "$peer" link set peer0 up
	ip -n "$pod" address add 10.9.20.2/24 dev eth0
	ip -n "$pod" link set eth0 up
	dir=$(tools_bundle)
	edit_bundle "$dir" "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$pod\""
	runtime run --detach --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1
	start_network
	silent ipvs '-A -t 10.9.20.2:80 -s wrr -p 0'
	three_servers '-t 10.9.20.2:80' 10.2.%s.2:8080 1 2 3
	code=0
	got=$(ip netns exec "$peer" "$dir/rootfs/bin/balance" ask tcp 10.9.20.2 80 300 | tr '\n' ' ') || code=$?
	runtime delete --force "$ID"
	ip netns delete "$pod"
	ip netns delete "$peer"
	echo "$got"
	[ "$code" -eq 0 ]
	[ "$got" = 's1 50 s2 100 s3 150 ' ]
}

@test "kata-ipvs: UDP and IPv6 are balanced too" {
	start_tools
	start_network
	silent ipvs '-A -u 10.2.9.1:53 -s wrr -p 0'
	three_servers '-u 10.2.9.1:53' 10.2.%s.2:8080 3 2 1
	client_gets 's1 150 s2 100 s3 50' udp 10.2.9.1 53 300 20000
	silent ipvs '-A -t [fd00:9::1]:80 -s rr -p 0'
	three_servers '-t [fd00:9::1]:80' '[fd00:%s::2]:8080' 1 1 1
	client_gets 's1 100 s2 100 s3 100' tcp fd00:9::1 80 300
	same
	wait_until counted 10.2.9.1:53 300
	wait_until counted [fd00:9::1]:80 300
	same --stats
	ipvs '-L -c' | grep -q '\[fd00:9::2\]:'
	in_guest ipvsadm -Lnc >"$WORK/theirs"
	ipvs '-L -c' >"$WORK/ours"
	diff <(sed -E 's/ [0-9]+:[0-9]+ / /' "$WORK/theirs" | sort) \
		<(sed -E 's/ [0-9]+:[0-9]+ / /' "$WORK/ours" | sort)
}

# to_server N - datagrams to 10.2.9.1:53 go to that server, by an ordinary rule for NAT.
to_server()
{
	in_guest nft "flush ruleset
		table ip nat {
			chain prerouting {
				type nat hook prerouting priority -100
				udp dport 53 dnat to 10.2.$1.2:8080
			}
		}"
}

cleanup()
{
	runtime kata-ipvs cleanup --parameters "$1" "$ID"
}

# without_time - lines of conntrack without what changes from one look to the next.
without_time()
{
	sed -E 's/^([a-z]+ +[0-9]+) [0-9]+ /\1 T /; s/use=[0-9]+/use=N/'
}

@test "kata-ipvs: after cleanup the next packet chooses anew" {
	start_tools
	start_network
	to_server 1
	client_gets 's1 1' udp 10.2.9.1 53 1 5000
	to_server 2
	# What is tracked goes where it went, for another destination or protocol as well.
	client_gets 's1 1' udp 10.2.9.1 53 1 5000
	run cleanup '--orig-dst 10.2.9.2 --protonum udp'
	[ "$status" -eq 0 ]
	[ "$output" = 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.' ]
	cleanup '--orig-dst 10.2.9.1 --protonum tcp'
	client_gets 's1 1' udp 10.2.9.1 53 1 5000
	cleanup '--orig-dst 10.2.9.1 --protonum udp' | grep -F '1 flow entries have been deleted.'
	client_gets 's2 1' udp 10.2.9.1 53 1 5000
}

@test "kata-ipvs: cleanup deletes and prints what conntrack would" {
	start_tools
	start_network
	to_server 1
	silent ipvs '-A -t 10.2.9.1:80 -s rr -p 0'
	silent ipvs '-A -t [fd00:9::1]:80 -s rr -p 0'
	three_servers '-t 10.2.9.1:80' 10.2.%s.2:8080 1 1 1
	three_servers '-t [fd00:9::1]:80' '[fd00:%s::2]:8080' 1 1 1
	in_guest nft 'table inet seen {
			chain prerouting {
				type filter hook prerouting priority 0
				ct state new counter
			}
		}'
	from_client ask tcp 10.2.9.1 80 7 >/dev/null
	from_client ask tcp fd00:9::1 80 3 >/dev/null
	from_client ask udp 10.2.9.1 53 5 30000 >/dev/null
	in_guest sh -c 'nsenter --net=/run/netns/client balance hold 10.2.9.1 80 >/run/held 2>&1 &
		n=0
		until grep -q s /run/held; do usleep 50000; [ $((n += 1)) -lt 600 ] || exit 1; done'
	in_guest conntrack -L -p tcp -d 10.2.9.1 2>/dev/null | without_time | sort >"$WORK/theirs"
	[ "$(wc -l <"$WORK/theirs")" -eq 8 ]
	grep -q ESTABLISHED "$WORK/theirs"
	cleanup '--protonum=tcp -d 10.2.9.1' >"$WORK/ours"
	[ "$(tail -n 1 "$WORK/ours")" = \
		'conntrack v1.4.7 (conntrack-tools): 8 flow entries have been deleted.' ]
	sed '$d' "$WORK/ours" | without_time | sort | diff "$WORK/theirs" -
	in_guest conntrack -L -p tcp -d 10.2.9.1 2>&1 | grep -F ': 0 flow entries'
	# The others are still there, and those of version 6 go in the same way.
	[ "$(in_guest conntrack -L -p udp -d 10.2.9.1 2>/dev/null | wc -l)" -eq 5 ]
	in_guest conntrack -L -f ipv6 -p tcp -d fd00:9::1 2>/dev/null | without_time | sort \
		>"$WORK/theirs"
	[ "$(wc -l <"$WORK/theirs")" -eq 3 ]
	cleanup '-d fd00:9::1 -p tcp' | sed '$d' | without_time | sort | diff "$WORK/theirs" -
	cleanup '-d 10.2.9.1 -p udp' | grep -F ': 5 flow entries have been deleted.'
}

@test "kata-ipvs: works on a container that is created, or paused; not on a stopped or unknown one" {
	dir=$(bundle)
	set_args "$dir" sleep 1000
	runtime create --bundle "$dir" "$ID" </dev/null >/dev/null 2>&1
	silent ipvs '-A -t 10.0.0.1:80 -s rr -p 0'
	runtime start "$ID"
	runtime pause "$ID"
	ipvs -L | grep -q 10.0.0.1:80
	runtime resume "$ID"
	runtime kill "$ID" KILL
	wait_until is_status "$ID" stopped
	fails ipvs -L
	says "container $ID is not running: it is stopped"
	fails ipvs '-A -t 10.0.0.2:80 -s rr -p 0'
	says 'is not running'
	fails cleanup '-d 10.0.0.1 -p tcp'
	says 'is not running'
	ID=unknown
	fails ipvs -L
	says unknown
}

@test "kata-ipvs: a machine that hangs is given up after ten seconds, and nothing is left of the call" {
	start_sleeper
	rules 10 >"$WORK/rules"
	kill -STOP "$(pid_of_helper qemu)"
	for call in "ipvs -L" "ipvs -C"; do
		SECONDS=0
		fails $call
		says 'the agent does not answer'
		[ "$SECONDS" -ge 9 ]
		[ "$SECONDS" -le 30 ]
	done
	SECONDS=0
	refused_file "$WORK/rules" 'the agent does not answer'
	[ "$SECONDS" -le 30 ]
	kill -CONT "$(pid_of_helper qemu)"
	wait_until ipvs -L
}
