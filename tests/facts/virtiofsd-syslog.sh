#!/bin/bash
# virtiofsd of QEMU 7.2 with --syslog, where nobody listens on /dev/log, dies by SIGSYS at its first message
# Used in src/vm/boot.c, start_virtiofsd(): it is started without --syslog.
source "$(dirname "$0")/lib.sh"
needs test -x /usr/lib/qemu/virtiofsd
needs unshare -m true
mkdir "$work/share"
# A bad message on the socket makes it say something, from inside its filter.
cat >"$work/talk" <<'PY'
import socket, struct, sys, time
for _ in range(100):
    s = socket.socket(socket.AF_UNIX)
    try:
        s.connect(sys.argv[1])
        break
    except OSError:
        time.sleep(0.05)
s.send(struct.pack("<III", 9999, 1, 0))  # no vhost-user request of that number
time.sleep(0.5)
PY
die_with()
{
	local code=0
	rm -f "$work/sock"
	python3 "$work/talk" "$work/sock" &
	# /dev without a log socket, in a mount namespace of its own.
	unshare -m sh -c 'mount -t tmpfs none /dev/shm && mkdir /dev/shm/d && cp -a /dev/null /dev/urandom /dev/shm/d/ &&
		mount --bind /dev/shm/d /dev && exec timeout 10 /usr/lib/qemu/virtiofsd "$@"' \
		sh "--socket-path=$work/sock" -o "source=$work/share,sandbox=chroot" -f "$@" >"$work/log" 2>&1 || code=$?
	wait
	echo "$* : exit code $code: $(tail -n 1 "$work/log")"
	return "$code"
}
code=0 other=0
die_with --syslog || code=$?
die_with || other=$?
[[ $code -eq 159 && $other -ne 159 ]] # 128 + SIGSYS
