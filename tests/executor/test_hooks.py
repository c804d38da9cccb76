# SPDX-License-Identifier: Apache-2.0
"""hooks.createContainer and hooks.startContainer; others are the host's."""
import json
import os

from harness import ExecutorTest


class Hooks(ExecutorTest):
    def add_hook(self, kind, path, *args, **members):
        self.spec.setdefault("hooks", {}).setdefault(kind, []).append(
            {"path": path, "args": [path, *args], **members})

    def outside(self, script):
        """A program of the agent's file system."""
        path = os.path.join(self.dir, "hook")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)
        return path

    def test_create_container_runs_outside_the_root_in_the_containers_namespaces(self):
        log = os.path.join(self.dir, "log")
        self.add_hook("createContainer", self.outside(f"hostname >{log}; cat >>{log}"))
        self.sh("true")
        with open(log, encoding="utf-8") as file:
            name, state = file.read().split("\n", 1)
        self.assertEqual(name, "test")
        state = json.loads(state)
        self.assertEqual(state["status"], "creating")
        self.assertEqual(state["bundle"], self.dir)
        self.assertGreater(state["pid"], 0)

    def test_start_container_runs_inside_before_the_program(self):
        self.write("bin/hook", "#!/bin/sh\necho hook $(pwd) >/tmp/log\n", 0o755)
        self.add_hook("startContainer", "/bin/hook", env=["PATH=/bin"])
        self.assertEqual(self.out("cat /tmp/log"), "hook /")

    def test_start_container_does_not_run_when_created_only(self):
        self.write("bin/hook", "#!/bin/sh\ntouch /tmp/ran\n", 0o755)
        self.add_hook("startContainer", "/bin/hook", env=["PATH=/bin"])
        running = self.create()
        self.assertFalse(os.path.exists(self.path("tmp/ran")))
        self.assertEqual(running.say("start"), "ok")
        self.assertTrue(os.path.exists(self.path("tmp/ran")))

    def test_one_that_fails_is_named_with_its_last_words(self):
        self.add_hook("createContainer", self.outside("echo sorry >&2; exit 3"))
        result = self.fails("hook createContainer")
        self.assertIn("exit status 3: sorry", result.err)

    def test_one_that_fails_at_the_start_keeps_the_program_from_running(self):
        self.write("bin/hook", "#!/bin/sh\nexit 1\n", 0o755)
        self.add_hook("startContainer", "/bin/hook", env=["PATH=/bin"])
        result = self.run_args("touch", "/tmp/ran")
        self.assertIn("hook startContainer", result.err)
        self.assertFalse(os.path.exists(self.path("tmp/ran")))

    def test_one_that_does_not_end_is_killed_at_its_timeout(self):
        self.add_hook("createContainer", self.outside("sleep 100"), timeout=1)
        self.fails("hook createContainer")

    def test_a_missing_one_is_refused_by_name(self):
        self.add_hook("createContainer", "/no/such/hook")
        self.fails("hooks.createContainer[0]: /no/such/hook: no such program in the guest")

    def test_a_missing_one_of_the_container_is_refused_by_name(self):
        self.add_hook("startContainer", "/no/such/hook")
        self.fails("hooks.startContainer[0]: /no/such/hook: no such program in the container")

    def test_sees_none_of_our_descriptors(self):
        log = os.path.join(self.dir, "log")
        self.add_hook("createContainer", self.outside(f"ls -l /proc/self/fd >{log}"))
        self.sh("true")
        with open(log, encoding="utf-8") as file:
            self.assertNotIn("socket", file.read())
