#!/bin/bash
# A lock of flock(2) stays while a forked child has the descriptor, and ends with the exec that closes it
# Used in src/sandbox/lock.c and src/base/proc.c: a start that is killed between fork and exec still holds the lock.
source "$(dirname "$0")/lib.sh"
needs command -v python3
python3 - "$work/lock" <<'PY'
import fcntl, os, sys, time
def held():
    with open(sys.argv[1]) as other:
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
mine = os.open(sys.argv[1], os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC)
fcntl.flock(mine, fcntl.LOCK_EX)
go, told = os.pipe()
child = os.fork()
if child == 0:
    os.read(go, 1)
    os.execvp("sleep", ["sleep", "5"])
os.close(mine)
assert held(), "the child before exec holds it"
os.write(told, b"x")
for _ in range(100):
    if not held():
        break
    time.sleep(0.02)
assert not held(), "exec has closed it"
os.kill(child, 9)
PY
