# traffic.bash - data between a container and a peer in another network namespace

# transfer ADDRESS PORT COMMAND… - 64 MiB from the peer, in whose namespace COMMAND runs words, to the
# container $ID arrive the same. Under emulation, on a machine that is busy, that may take a minute.
transfer()
{
	local address=$1 port=$2 pid
	shift 2

	head -c 67108864 /dev/urandom >"$WORK/data"
	timeout 200 "$RUNTIME" --kata-config "$USED_CONFIG" exec "$ID" \
		sh -c "nc -l -p $port | sha256sum" >"$WORK/sum" </dev/null 3>&- &
	pid=$!
	PATIENCE=30 wait_until runtime exec "$ID" \
		sh -c "cat /proc/net/tcp /proc/net/tcp6 | grep -q :$(printf %04X "$port")"
	# Not nc: it ends when the other side has nothing to say.
	"$@" timeout 180 python3 -c 'import socket, sys
with socket.create_connection((sys.argv[1], sys.argv[2])) as s, open(sys.argv[3], "rb") as f:
    s.sendfile(f)
    s.shutdown(socket.SHUT_WR)
    s.recv(1)' "$address" "$port" "$WORK/data"
	wait "$pid"
	[[ $(cat "$WORK/sum") == "$(sha256sum <"$WORK/data")" ]]
}
