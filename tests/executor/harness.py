# SPDX-License-Identifier: Apache-2.0
"""Containers for tests, run by exec_bundle: the agent's executor on the host.

    class Hostname(ExecutorTest):
        def test_is_the_specs(self):
            self.spec["hostname"] = "box"
            self.assertEqual(self.sh("hostname").out, "box\\n")

self.spec is a runtime-spec configuration that a test changes before it runs the
container, self.rootfs the container's root, with busybox in /bin. Each test has
both to itself. What a test leaves mounted or running fails it.
"""
import copy
import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

EXEC_BUNDLE = os.environ.get("EXEC_BUNDLE", "build/asan/tests/executor/exec_bundle")
BUSYBOX = os.environ.get("BUSYBOX", "/bin/busybox")
DEADLINE = 20  # seconds, for what takes milliseconds
TROUBLE = 125  # exec_bundle's exit code when there was no program to run

APPLETS = (
    "ash awk cat chmod chown chroot cp cut date dd df dirname du echo env false find getopt grep "
    "head hostname id kill ln ls mkdir mkfifo mknod mktemp mount mv nproc od pgrep ping ps pwd "
    "readlink rm rmdir sed seq setsid sh sleep sort stat stty sync tail tee test touch tr true "
    "tty umount uname uniq unshare wc which whoami xargs yes").split()

ALL_NAMESPACES = ["pid", "ipc", "uts", "mount", "network", "cgroup"]

BASE_SPEC = {
    "ociVersion": "1.2.0",
    "process": {
        "user": {"uid": 0, "gid": 0},
        "args": ["true"],
        "env": ["PATH=/bin"],
        "cwd": "/",
        "capabilities": {name: ["CAP_KILL", "CAP_CHOWN"]
                         for name in ("bounding", "effective", "permitted")},
    },
    "root": {"path": "rootfs"},
    "hostname": "test",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    ],
    "linux": {"namespaces": [{"type": name} for name in ALL_NAMESPACES],
              "resources": {}},
}


class Result:
    """How a container ended: its exit code, and what it and exec_bundle said."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}, out {self.out!r}, err {self.err!r}"


class Running:
    """A created container that obeys: see exec_bundle.c for the commands."""

    def __init__(self, argv):
        ours, theirs = socket.socketpair()
        ours.settimeout(DEADLINE)
        self.socket = ours
        self.process = subprocess.Popen(
            [EXEC_BUNDLE, "--commands", str(theirs.fileno()), *argv], pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        theirs.close()
        self.answer = self.read_line()

    def read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            data = self.socket.recv(4096)
            if not data:
                break
            line += data
        return line.decode().rstrip("\n")

    def say(self, line):
        self.socket.sendall(line.encode() + b"\n")
        return self.read_line()

    def end(self):
        """Kills and removes the container; what it has said comes back."""
        self.socket.close()
        out, err = self.process.communicate(timeout=DEADLINE)
        return Result(self.process.returncode, out, err)


class ExecutorTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="executor-")
        self.addCleanup(self.remove_dir)
        os.chmod(self.dir, 0o755)
        self.rootfs = os.path.join(self.dir, "rootfs")
        for name in ("bin", "dev", "etc", "proc", "sys", "tmp", "run"):
            os.makedirs(os.path.join(self.rootfs, name))
        os.chmod(self.path("tmp"), 0o1777)
        shutil.copy(BUSYBOX, self.path("bin/busybox"))
        for name in APPLETS:  # hard links: ext4 is slow in finding inodes where some were freed
            os.link(self.path("bin/busybox"), self.path("bin/" + name))
        self.spec = copy.deepcopy(BASE_SPEC)

    def remove_dir(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            left = [line for line in mounts if self.dir in line]
        shutil.rmtree(self.dir, ignore_errors=bool(left))
        self.assertEqual(left, [], "the test left mounts behind")

    # Building a bundle.

    def path(self, name):
        """A path on the host of something in the container's root."""
        return os.path.join(self.rootfs, name.lstrip("/"))

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def add_mount(self, destination, kind, source=None, options=()):
        self.spec["mounts"].append({"destination": destination, "type": kind,
                                    "source": source or kind, "options": list(options)})

    def bind(self, source, destination, *options):
        self.add_mount(destination, "bind", source, ["bind", *options])

    def host_dir(self, name, **files):
        """A directory outside the root, for bind mounts and attacks."""
        path = os.path.join(self.dir, name)
        os.makedirs(path, exist_ok=True)
        for file, text in files.items():
            with open(os.path.join(path, file), "w", encoding="utf-8") as out:
                out.write(text)
        return path

    def drop_namespace(self, *kinds):
        self.spec["linux"]["namespaces"] = [
            ns for ns in self.spec["linux"]["namespaces"] if ns["type"] not in kinds]

    def use_user_namespace(self, base=100000, size=65536):
        """Maps the container's root to @base, and gives it the files of its root."""
        self.spec["linux"]["namespaces"].append({"type": "user"})
        mapping = [{"containerID": 0, "hostID": base, "size": size}]
        self.spec["linux"]["uidMappings"] = mapping
        self.spec["linux"]["gidMappings"] = mapping
        for where, dirs, files in os.walk(self.rootfs):
            for name in [".", *dirs, *files]:
                os.chown(os.path.join(where, name), base, base, follow_symlinks=False)

    def caps(self, *names, sets=("bounding", "effective", "permitted")):
        self.spec["process"]["capabilities"] = {name: list(names) for name in sets}

    # Running it.

    def write_config(self):
        with open(os.path.join(self.dir, "config.json"), "w", encoding="utf-8") as file:
            json.dump(self.spec, file)

    def run_bundle(self, stdin=None, options=(), **popen):
        self.write_config()
        done = subprocess.run([EXEC_BUNDLE, *options, self.dir], input=stdin or "", text=True,
                              capture_output=True, timeout=DEADLINE, check=False, **popen)
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertNotIn("runtime error", done.stderr)
        return Result(done.returncode, done.stdout, done.stderr)

    def run_args(self, *args, **options):
        self.spec["process"]["args"] = list(args)
        return self.run_bundle(**options)

    def sh(self, script, **options):
        """Runs a shell script in the container and expects it to end with 0."""
        result = self.run_args("sh", "-c", script, **options)
        self.assertEqual(result.code, 0, result)
        return result

    def out(self, script):
        return self.sh(script).out.strip()

    def fails(self, text, *args):
        """The container cannot be created or started, and the one line says why."""
        result = self.run_args(*args) if args else self.run_bundle()
        self.assertEqual(result.code, TROUBLE, result)
        self.assertIn(text, result.err)
        self.assertEqual(result.err.count("\n"), 1, result)
        return result

    def create(self, *args, options=()):
        """Creates a container that does as it is told; it is ended with the test."""
        self.spec["process"]["args"] = list(args or ("sleep", "1000"))
        self.write_config()
        running = Running([*options, self.dir])
        self.addCleanup(running.end)
        self.assertEqual(running.answer, "created", running.answer)
        return running

    def start(self, *args, **options):
        running = self.create(*args, **options)
        self.assertEqual(running.say("start"), "ok")
        return running

    def process_file(self, *args, **members):
        """A process.json: the container's own process with other arguments."""
        process = {**copy.deepcopy(self.spec["process"]), "args": list(args), **members}
        handle, path = tempfile.mkstemp(suffix=".json", dir=self.dir)
        with os.fdopen(handle, "w") as file:
            json.dump(process, file)
        return path

    def exec_sh(self, running, script, **members):
        """Runs a script beside init; its output goes to /tmp/out of the container's root."""
        script = f"exec >/tmp/out 2>&1; {script}"
        answer = running.say("exec " + self.process_file("sh", "-c", script, **members))
        out = self.read("tmp/out") if os.path.exists(self.path("tmp/out")) else ""
        return answer, out
