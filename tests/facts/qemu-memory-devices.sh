#!/bin/bash
# QEMU promises nothing for a virtio-mem device with reserve=off, counts an nvdimm as plugged memory and places a DIMM right behind it
# Used in src/hypervisor/qemu_memory.c and qemu_size.c: memory is counted by device, and a DIMM is given its address.
source "$(dirname "$0")/lib.sh"
needs command -v qemu-system-x86_64
needs command -v python3
truncate --size=6M "$work/image"
python3 - "$work" <<'PY'
import json, os, socket, subprocess, sys
work, path = sys.argv[1], sys.argv[1] + "/qmp.sock"
size = "256G" # more than most hosts have
qemu = subprocess.Popen(["qemu-system-x86_64", "-M", "q35,nvdimm=on", "-accel", "tcg", "-nodefaults", "-display", "none", "-S",
    "-m", "256M,slots=4,maxmem=300G",
    "-object", f"memory-backend-memfd,id=vmem0,size={size},share=on,reserve=off",
    "-device", "virtio-mem-pci,id=virtiomem0,memdev=vmem0",
    "-object", f"memory-backend-file,id=image0,size=6M,share=on,readonly=on,mem-path={work}/image",
    "-device", "nvdimm,id=nv0,memdev=image0,unarmed=on",
    "-qmp", f"unix:{path},server=on,wait=on"], stderr=subprocess.DEVNULL)
client = socket.socket(socket.AF_UNIX)
client.settimeout(20)
while client.connect_ex(path) != 0:
    assert qemu.poll() is None
lines = client.makefile()

def run(command, **arguments):
    client.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
    while True:
        answer = json.loads(lines.readline())
        if "event" not in answer:
            return answer["return"]

try:
    lines.readline()
    run("qmp_capabilities")
    run("qom-set", path="/machine/peripheral/virtiomem0", property="requested-size", value=256 << 20)
    devices = {d["type"]: d["data"] for d in run("query-memory-devices")}
    assert devices["virtio-mem"]["requested-size"] == 256 << 20 and devices["virtio-mem"]["size"] == 0
    assert run("query-memory-size-summary")["plugged-memory"] == 6 << 20
    run("object-add", **{"qom-type": "memory-backend-ram", "id": "mem0", "size": 128 << 20})
    run("device_add", driver="pc-dimm", id="dimm0", memdev="mem0")
    dimm = {d["type"]: d["data"] for d in run("query-memory-devices")}["dimm"]
    assert dimm["addr"] % (128 << 20) != 0
finally:
    qemu.kill()
PY
