#!/bin/bash
# QEMU takes our words for a device of the host, at its start and later, and says which one is not there
# Used in src/hypervisor/qemu_args.c and qemu_vfio.c, where no machine of ours has a device to give.
source "$(dirname "$0")/lib.sh"
needs command -v qemu-system-x86_64
needs command -v python3
python3 - "$work/qmp.sock" <<'PY'
import json, socket, subprocess, sys
common = ["qemu-system-x86_64", "-M", "q35", "-nodefaults", "-display", "none", "-S",
    "-device", "pcie-root-port,id=rp0,io-reserve=0,bus=pcie.0,chassis=1,slot=1,addr=10.0"]
for where, place in (("host=ffff:01:00.0", "bus=rp0,addr=0"), ("host=ffff:01:00.0", "bus=pcie.0,addr=1e"),
                     ("sysfsdev=/sys/bus/mdev/devices/none", "bus=rp0,addr=0")):
    end = subprocess.run(common + ["-device", f"vfio-pci,id=vfio-x,{where},{place},romfile="],
        stderr=subprocess.PIPE, text=True, timeout=60)
    assert end.returncode == 1 and "no such host device" in end.stderr, end.stderr
qemu = subprocess.Popen(common + ["-qmp", f"unix:{sys.argv[1]},server=on,wait=on"], stderr=subprocess.DEVNULL)
client = socket.socket(socket.AF_UNIX)
client.settimeout(60)
while client.connect_ex(sys.argv[1]) != 0:
    assert qemu.poll() is None
lines = client.makefile()

def run(command, **arguments):
    client.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
    while True:
        answer = json.loads(lines.readline())
        if "return" in answer or "error" in answer:
            return answer

try:
    lines.readline()
    run("qmp_capabilities")
    answer = run("device_add", id="vfio-x", driver="vfio-pci", host="ffff:01:00.0", bus="rp0", addr="0", romfile="")
    assert answer["error"]["class"] == "GenericError" and "no such host device" in answer["error"]["desc"], answer
finally:
    qemu.kill()
PY
