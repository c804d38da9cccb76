# SPDX-License-Identifier: Apache-2.0
"""From the start of a container to the end of all that was in it."""
import glob
import os
import signal
import time

from harness import ExecutorTest


class Lifetime(ExecutorTest):
    def test_a_created_container_runs_nothing(self):
        running = self.create("touch", "/tmp/ran")
        time.sleep(0.05)
        self.assertFalse(os.path.exists(self.path("tmp/ran")))
        self.assertEqual(running.say("start"), "ok")
        self.assertEqual(running.say("wait"), "exit 0")
        self.assertTrue(os.path.exists(self.path("tmp/ran")))

    def test_everything_ends_with_init(self):
        running = self.start("sh", "-c", "setsid sleep 1000 & setsid sleep 1000 & sleep 1000")
        pid = running.say("pid").split()[1]
        children = f"/proc/{pid}/task/{pid}/children"
        deadline = time.monotonic() + 5
        pids = []
        while len(pids) < 2 and time.monotonic() < deadline:
            with open(children, encoding="utf-8") as file:
                pids = file.read().split()
        self.assertEqual(len(pids), 2)
        running.say("signal 9")
        self.assertEqual(running.say("wait"), "exit 137")
        for child in pids:
            self.assertFalse(os.path.exists(f"/proc/{child}"), child)

    def test_init_without_a_handler_ignores_term_as_under_runc(self):
        running = self.start("sleep", "1000")
        running.say(f"signal {signal.SIGTERM}")
        time.sleep(0.05)
        self.assertTrue(os.path.exists(f"/proc/{running.say('pid').split()[1]}"))
        running.say("signal 9")
        self.assertEqual(running.say("wait"), "exit 137")

    def test_signals_reach_init(self):
        running = self.start("sh", "-c", "trap 'exit 9' TERM; touch /tmp/ready;"
                             " while :; do sleep 0.01; done")
        while not os.path.exists(self.path("tmp/ready")):
            time.sleep(0.01)
        running.say(f"signal {signal.SIGTERM}")
        self.assertEqual(running.say("wait"), "exit 9")

    def test_signals_are_not_blocked_or_ignored_in_the_program(self):
        out = self.out("grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2")
        self.assertEqual(set(out.split()), {"0" * 16})

    def test_kill_ends_what_has_left_the_session(self):
        running = self.start("sh", "-c", "setsid sh -c 'setsid sleep 1000' & sleep 1000")
        self.assertEqual(running.say("kill"), "ok")
        self.assertEqual(running.say("wait"), "exit 137")

    def test_one_that_fails_leaves_nothing(self):
        name = os.path.basename(self.dir)
        self.spec["linux"]["cgroupsPath"] = "/" + name
        self.write("mine", "#!/bin/sh\n", 0o755)
        running = self.create("/mine")
        self.assertNotEqual(glob.glob("/sys/fs/cgroup/*/" + name), [])
        os.unlink(self.path("mine"))
        self.assertIn("no such file or directory", running.say("start"))
        running.end()
        self.assertEqual(glob.glob("/sys/fs/cgroup/*/" + name), [])
        self.fails("executable file not found", "nope")
        self.assertEqual(glob.glob("/sys/fs/cgroup/*/" + name), [])
