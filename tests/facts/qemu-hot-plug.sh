#!/bin/bash
# QEMU takes a tap by getfd and netdev_add, shows a plugged NIC in query-pci, and says DeviceNotFound for what is not there
# Used in src/hypervisor/qemu_pci.c and qemu_devices.c: what is plugged in is asked of QEMU, never kept; in qmp.c: a NIC has gone with its backend.
source "$(dirname "$0")/lib.sh"
needs command -v qemu-system-x86_64
needs command -v python3
needs test -w /dev/net/tun
python3 - "$work/qmp.sock" <<'PY'
import array, fcntl, json, os, socket, struct, subprocess, sys
qemu = subprocess.Popen(["qemu-system-x86_64", "-M", "pc", "-nodefaults", "-display", "none", "-S",
    "-qmp", f"unix:{sys.argv[1]},server=on,wait=on"], stderr=subprocess.DEVNULL)
client = socket.socket(socket.AF_UNIX)
client.settimeout(20)
while client.connect_ex(sys.argv[1]) != 0:
    assert qemu.poll() is None
lines = client.makefile()

def run(command, passed=(), **arguments):
    text = json.dumps({"execute": command, "arguments": arguments}).encode()
    client.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", passed))] if passed else [])
    while True:
        answer = json.loads(lines.readline())
        if "return" in answer:
            return answer["return"]
        if "error" in answer:
            return answer["error"]["class"]

try:
    lines.readline()
    run("qmp_capabilities")
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, 0x400454ca, struct.pack("16sH22x", b"katafact%d", 0x0002 | 0x1000 | 0x4000))
    assert run("getfd", [tap], fdname="q") == {}
    assert run("netdev_add", type="tap", id="net-x", fds="q") == {}
    assert run("closefd", fdname="q") == "GenericError" # netdev_add has taken it
    assert run("device_add", driver="virtio-net-pci", id="nic-x", netdev="net-x", bus="pci.0", addr="1e", romfile="") == {}
    devices = run("query-pci")[0]["devices"]
    assert [d["slot"] for d in devices if d["qdev_id"] == "nic-x"] == [0x1e]
    assert [d["id"]["device"] for d in devices if d["slot"] == 0] == [0x1237]
    assert run("device_del", id="nic-x") == {}
    client.sendall(b'{"execute": "system_reset"}') # what no guest uses goes with it
    event = {}
    while event.get("event") != "DEVICE_DELETED":
        event = json.loads(lines.readline())
    assert event["data"] == {"path": "/machine/peripheral/nic-x/virtio-backend"}
    assert run("netdev_del", id="net-x") == {}
    assert [d for d in run("query-pci")[0]["devices"] if d["qdev_id"] == "nic-x"] == []
    assert run("device_add", driver="virtio-rng-pci", id="nic-x", bus="pci.0", addr="1e", romfile="") == {}
    assert run("device_del", id="none") == "DeviceNotFound"
    assert run("netdev_del", id="none") == "DeviceNotFound"
finally:
    qemu.kill()
PY
