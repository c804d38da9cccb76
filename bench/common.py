# SPDX-License-Identifier: Apache-2.0
"""What the bench scripts share: a staged kata-runtime, bundles, clocks and medians."""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEADLINE_S = 60
LOAD_QUIET = 1.0


def say(text):
    """Progress; standard output is for the JSON."""
    print(text, file=sys.stderr, flush=True)


def arguments(description, rounds, add_more=None):
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", default=os.path.join(TOP, "build/stage"),
                        help="an installation made by tools/quickstart or tools/stage")
    parser.add_argument("--rounds", type=int, default=rounds, help="default %(default)s")
    if add_more:
        add_more(parser)
    args = parser.parse_args()
    if args.rounds < 1:
        parser.error("--rounds: at least 1")
    if os.geteuid() != 0:
        parser.error("needs root: mounts and virtual machines")
    if os.getloadavg()[0] > LOAD_QUIET:
        say(f"warning: load {os.getloadavg()[0]:.1f}: times and ratios mean little beside other work")
    return args


def median_ms(ns):
    return round(statistics.median(ns) / 1e6, 1)


def summary_ms(ns):
    return {"median_ms": median_ms(ns), "min_ms": round(min(ns) / 1e6, 1),
            "max_ms": round(max(ns) / 1e6, 1), "rounds": len(ns)}


def verdict(value, limit):
    return {"value": value, "limit": limit, "holds": value <= limit}


def report(result):
    json.dump(result, sys.stdout, indent=2)
    print()


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"processor": names[0] if names else "unknown", "processors": os.cpu_count(),
            "kernel": os.uname().release, "load_1min": round(os.getloadavg()[0], 2)}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def read_kib(path, key):
    """A line "key:  123 kB" of a file of /proc, in KiB."""
    for line in read(path).decode().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise SystemExit(f"{path} has no line {key}")


class Runtime:
    """kata-runtime of a stage, with a run directory of its own that goes away at the end."""

    def __init__(self, stage):
        self.stage = os.path.abspath(stage)
        self.program = os.path.join(self.stage, "usr/bin/kata-runtime")
        self.config = os.path.join(self.stage,
                                   "usr/share/defaults/kata-containers/configuration.toml")
        if not os.access(self.program, os.X_OK):
            raise SystemExit(f"{self.program} is missing: sudo tools/quickstart --build-only")
        self.ids = set()

    def __enter__(self):
        # A signal must reach __exit__: what runs has to be stopped.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.work = tempfile.mkdtemp(prefix="kata-bench.")
        self.run_dir = os.path.join(self.work, "run")
        os.mkdir(self.run_dir)
        self.env = dict(os.environ, KATA_RUN_DIR=self.run_dir)
        return self

    def __exit__(self, *_):
        for container in list(self.ids):
            self.delete(container)
        shutil.rmtree(self.work, ignore_errors=True)

    def argv(self, *words):
        return [self.program, "--kata-config", self.config, *words]

    def call(self, *words, **options):
        done = subprocess.run(self.argv(*words), env=self.env, text=True, timeout=DEADLINE_S,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, **options)
        if done.returncode != 0:
            raise SystemExit(f"kata-runtime {' '.join(words)}: {done.stderr.strip()}")
        return done

    def timed(self, *words):
        """Nanoseconds from exec to exit, and standard error."""
        with tempfile.TemporaryFile() as err, open(os.devnull, "r+b") as null:
            actions = [(os.POSIX_SPAWN_DUP2, null.fileno(), 0),
                       (os.POSIX_SPAWN_DUP2, null.fileno(), 1),
                       (os.POSIX_SPAWN_DUP2, err.fileno(), 2)]
            start = time.monotonic_ns()
            pid = os.posix_spawn(self.program, self.argv(*words), self.env, file_actions=actions)
            status = os.waitpid(pid, 0)[1]
            end = time.monotonic_ns()
            err.seek(0)
            text = err.read().decode()
        if status != 0:
            raise SystemExit(f"kata-runtime {' '.join(words)}: {text.strip()}")
        return end - start, text

    def bundle(self, name, args, edit=None):
        """A busybox bundle that runs @args; @edit may change its config.json."""
        path = os.path.join(self.work, name)
        bin_dir = os.path.join(path, "rootfs/bin")
        os.makedirs(bin_dir)
        shutil.copy("/bin/busybox", bin_dir)
        for applet in ("sh", "true", "cat", "sleep", "grep"):
            os.symlink("busybox", os.path.join(bin_dir, applet))
        with open(os.path.join(TOP, "tests/lib/busybox.json"), encoding="utf-8") as file:
            config = json.load(file)
        config["process"]["args"] = args
        if edit:
            edit(config)
        with open(os.path.join(path, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def start(self, container, bundle):
        """A container in the background. Its shim keeps our standard output, so no pipes."""
        self.ids.add(container)
        self.timed("run", "--detach", "--bundle", bundle, container)

    def delete(self, container):
        self.call("delete", "--force", container)
        self.ids.discard(container)

    def processes(self, container):
        """Pids of what runs on the host for @container, by the name of the program."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = read(f"/proc/{pid}/cmdline").decode().split("\0")
            except OSError:
                continue
            if any(self.run_dir in word and container in word for word in words[1:]):
                found.setdefault(os.path.basename(words[0]), []).append(int(pid))
        return found
