#!/bin/bash
# QEMU takes an inherited listening socket by -chardev socket,fd=N,server=on, and answers who connected before it started
# Used in src/vm/boot.c and src/hypervisor/qemu_args.c: nothing is polled for.
source "$(dirname "$0")/lib.sh"
needs command -v qemu-system-x86_64
needs command -v python3
python3 - "$work/qmp.sock" <<'PY'
import json, socket, subprocess, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
client = socket.socket(socket.AF_UNIX)
client.settimeout(20)
client.connect(sys.argv[1])
qemu = subprocess.Popen(["qemu-system-x86_64", "-M", "none", "-nodefaults", "-display", "none",
    "-chardev", f"socket,id=q,fd={listener.fileno()},server=on,wait=off",
    "-mon", "chardev=q,mode=control"], pass_fds=[listener.fileno()])
try:
    assert "QMP" in json.loads(client.makefile().readline())
finally:
    qemu.kill()
PY
