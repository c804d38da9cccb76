#!/bin/bash
# Under -sandbox spawn=deny QEMU saves its state to a passed descriptor without the shared memory, and loads it over a private copy by /proc/self/fd, with another 9p path; the file stays as it is
# Used in src/hypervisor/qemu_migrate.c, qemu_args.c and src/factory.
source "$(dirname "$0")/lib.sh"
needs command -v qemu-system-x86_64
needs command -v python3
mkdir "$work/a" "$work/b"
for machine in pc q35; do
	rm -f "$work"/qmp.sock "$work"/memory "$work"/state
	python3 - "$work" "$machine" <<'PY'
import array, hashlib, json, os, socket, subprocess, sys
work, machine = sys.argv[1:]
bus = "pci.0" if machine == "pc" else "pcie.0"

def start(share, memory, path, fds, *more):
    sock = f"{work}/{path}.sock"
    qemu = subprocess.Popen(["qemu-system-x86_64", "-M", f"{machine},memory-backend=ram0,accel=tcg",
        "-m", "64M,slots=2,maxmem=256M", "-nodefaults", "-no-user-config", "-display", "none", "-smp", "1,maxcpus=2",
        "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        "-object", f"memory-backend-file,id=ram0,size=64M,mem-path={memory},share={share}",
        "-fsdev", f"local,id=share0,path={work}/{path},security_model=none,multidevs=remap",
        "-device", f"virtio-9p-pci,fsdev=share0,mount_tag=t,bus={bus},romfile=",
        "-device", f"virtio-serial-pci,id=serial0,bus={bus},romfile=",
        "-device", "virtserialport,bus=serial0.0,name=p",
        "-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", f"virtio-rng-pci,rng=rng0,bus={bus},romfile=",
        "-qmp", f"unix:{sock},server=on,wait=on", *more], pass_fds=fds)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    while client.connect_ex(sock) != 0:
        assert qemu.poll() is None
    lines = client.makefile()
    lines.readline()

    def run(command, passed=(), **arguments):
        text = json.dumps({"execute": command, "arguments": arguments}).encode()
        client.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", passed))] if passed else [])
        while True:
            answer = json.loads(lines.readline())
            if "event" not in answer:
                assert "return" in answer, answer
                return answer["return"]

    def until_migrated():
        while True:
            answer = json.loads(lines.readline())
            if answer.get("event") == "MIGRATION":
                assert answer["data"]["status"] != "failed"
                if answer["data"]["status"] == "completed":
                    return
    run("qmp_capabilities")
    run("migrate-set-capabilities", capabilities=[{"capability": c, "state": True} for c in ("x-ignore-shared", "events")])
    return qemu, run, until_migrated

def words(run): # what the firmware has put into memory
    return run("human-monitor-command", **{"command-line": "xp /256xw 0x400"})

def digest():
    with open(f"{work}/memory", "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()

qemu, run, until_migrated = start("on", f"{work}/memory", "a", ())
while not any(c in words(run).split("0000000000000410:")[1][:40] for c in "123456789abcdef" if c != "x"):
    pass # SeaBIOS fills the equipment word
run("stop")
state = os.open(f"{work}/state", os.O_RDWR | os.O_CREAT, 0o600)
run("getfd", [state], fdname="state")
run("migrate", uri="fd:state")
until_migrated()
before = words(run)
run("quit")
qemu.wait()
assert os.stat(f"{work}/state").st_size < 4 << 20
memory = digest()
state = os.open(f"{work}/state", os.O_RDONLY)
fd = os.open(f"{work}/memory", os.O_RDWR)
qemu, run, until_migrated = start("off", f"/proc/self/fd/{fd}", "b", (fd,), "-incoming", "defer")
run("getfd", [state], fdname="state")
run("migrate-incoming", uri="fd:state")
until_migrated()
assert words(run) == before
run("cont")
assert run("query-status")["running"]
run("system_reset")
run("quit")
qemu.wait()
assert digest() == memory
PY
done
