# SPDX-License-Identifier: Apache-2.0
"""linux.resources, update, pause and numbers, on this machine's cgroups.

What each version writes is tested in tests/unit/test_cgroup*.c; here the limits
are felt. What the machine lacks is required, not skipped in silence.
"""
import json
import os
import time
import unittest

from harness import ExecutorTest

MIB = 1 << 20


def controllers():
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        return {name for line in file for name in line.split(":")[1].split(",")}


def need(controller):
    return unittest.skipUnless(controller in controllers(),
                               f"needs cgroup version 1 with {controller}")


class Resources(ExecutorTest):
    def setUp(self):
        super().setUp()
        self.resources = self.spec["linux"]["resources"]

    def update(self, running, **resources):
        path = os.path.join(self.dir, "resources.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(resources, file)
        return running.say("update " + path)

    def cgroup_file(self, running, controller, name):
        pid = running.say("pid").split()[1]
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            path = [line.split(":", 2)[2].strip() for line in file
                    if controller in line.split(":")[1].split(",")][0]
        return f"/sys/fs/cgroup/{controller}{path}/{name}"

    def value(self, running, controller, name):
        with open(self.cgroup_file(running, controller, name), encoding="utf-8") as file:
            return file.read().strip()

    @need("pids")
    def test_no_more_processes_than_the_limit(self):
        self.resources["pids"] = {"limit": 3}
        result = self.run_args("sh", "-c", "for i in 1 2 3 4 5; do sleep 0.2 & done; echo made")
        self.assertIn("can't fork", result.err)

    @need("memory")
    def test_a_process_over_the_memory_limit_is_killed_and_counted(self):
        self.resources["memory"] = {"limit": 8 * MIB, "swap": 8 * MIB}
        running = self.start("sh", "-c", "sleep 0.1; head -c 40m /dev/zero | tail -c 40m | wc -c;"
                             " sleep 100")
        self.wait_until(lambda: running.say("stats").split()[4] != "0")

    def wait_until(self, what):
        deadline = time.monotonic() + 10
        while not what():
            self.assertLess(time.monotonic(), deadline, "it does not happen")
            time.sleep(0.02)

    @need("memory")
    def test_update_changes_what_it_names_and_nothing_else(self):
        self.resources["memory"] = {"limit": 64 * MIB}
        self.resources["pids"] = {"limit": 77}
        running = self.start()
        self.assertEqual(self.update(running, memory={"limit": 128 * MIB}), "ok")
        self.assertEqual(self.value(running, "memory", "memory.limit_in_bytes"), str(128 * MIB))
        self.assertEqual(self.value(running, "pids", "pids.max"), "77")

    @need("memory")
    def test_update_below_what_is_used_is_refused_by_name(self):
        running = self.start()
        answer = self.update(running, memory={"limit": 4096, "checkBeforeUpdate": True})
        self.assertIn("linux.resources.memory.limit", answer)

    def test_update_with_nonsense_changes_nothing_and_names_it(self):
        running = self.start()
        answer = self.update(running, pids={"limit": "many"})
        self.assertIn("pids.limit", answer)

    @need("cpu")
    def test_cpu_shares_and_quota(self):
        self.resources["cpu"] = {"shares": 512, "quota": 20000, "period": 50000}
        running = self.start()
        self.assertEqual(self.value(running, "cpu", "cpu.shares"), "512")
        self.assertEqual(self.value(running, "cpu", "cpu.cfs_quota_us"), "20000")
        self.assertEqual(self.value(running, "cpu", "cpu.cfs_period_us"), "50000")

    @need("cpuset")
    def test_cpuset(self):
        self.resources["cpu"] = {"cpus": "0", "mems": "0"}
        self.assertEqual(self.out("grep Cpus_allowed_list /proc/self/status | cut -f2"), "0")

    @need("cpuset")
    def test_a_cpuset_of_cpus_that_are_not_there_is_refused_by_name(self):
        self.resources["cpu"] = {"cpus": "4000"}
        self.fails("cpu.cpus")

    @need("freezer")
    def test_pause_stops_and_resume_goes_on(self):
        running = self.start("sh", "-c", "while :; do echo x >>/tmp/beats; sleep 0.01; done")
        self.wait_until(lambda: os.path.exists(self.path("tmp/beats")))
        self.assertEqual(running.say("pause"), "ok")
        size = os.path.getsize(self.path("tmp/beats"))
        time.sleep(0.1)
        self.assertEqual(os.path.getsize(self.path("tmp/beats")), size)
        self.assertEqual(running.say("resume"), "ok")
        self.wait_until(lambda: os.path.getsize(self.path("tmp/beats")) > size)

    @need("freezer")
    def test_a_paused_container_can_be_killed(self):
        running = self.start()
        self.assertEqual(running.say("pause"), "ok")
        self.assertEqual(running.say("kill"), "ok")
        self.assertEqual(running.say("wait"), "exit 137")

    def test_numbers_grow(self):
        running = self.start("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done;"
                             " touch /tmp/done; sleep 100")
        self.wait_until(lambda: os.path.exists(self.path("tmp/done")))
        _, cpu, memory, pids, kills = running.say("stats").split()
        self.assertGreater(int(cpu), 1000)
        self.assertGreater(int(memory), 0)
        self.assertGreaterEqual(int(pids), 1)
        self.assertEqual(kills, "0")

    def test_exec_joins_the_cgroup(self):
        running = self.start()
        pid = running.say("pid").split()[1]
        self.drop_namespace("cgroup")
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            paths = {line.split(":", 2)[2].strip() for line in file
                     if "exec-bundle" in line or "executor" in line}
        self.assertTrue(paths)
        # Seen through the container's cgroup namespace, its own cgroup is the root.
        answer, out = self.exec_sh(running, "cut -d: -f3 /proc/self/cgroup | sort -u")
        self.assertEqual(answer, "exit 0")
        self.assertIn("/\n", out)

    def test_nothing_is_left_of_the_cgroup(self):
        running = self.start()
        path = self.cgroup_file(running, "pids", "")
        self.assertTrue(os.path.isdir(path))
        running.end()
        self.assertFalse(os.path.exists(path))

    def test_a_cgroups_path_is_used(self):
        self.spec["linux"]["cgroupsPath"] = f"/executor-test-{os.getpid()}/inner"
        running = self.start()
        self.assertIn(f"/executor-test-{os.getpid()}/inner/",
                      self.cgroup_file(running, "pids", "pids.max"))

    def test_a_cgroups_path_with_dots_is_refused(self):
        self.spec["linux"]["cgroupsPath"] = "/../../escape"
        self.fails("linux.cgroupsPath: '/../../escape' is not a path of a cgroup")

    def test_unified_keys_are_refused_on_version_1(self):
        self.resources["unified"] = {"memory.high": "1048576"}
        self.fails("unified")


class DeviceRules(ExecutorTest):
    """The device cgroup: what the container may open and make."""

    def setUp(self):
        super().setUp()
        self.caps("CAP_MKNOD")
        self.rules = self.spec["linux"]["resources"].setdefault("devices", [])
        self.rules.append({"allow": False, "access": "rwm"})

    def opens(self, kind, major, minor):
        script = f"mknod /dev/x {kind} {major} {minor} && head -c 0 /dev/x && echo opened"
        return "opened" in self.run_args("sh", "-c", script).out

    def test_default_devices_are_allowed(self):
        self.assertEqual(self.out("for d in null zero full random urandom; do"
                                  " head -c 0 /dev/$d || echo $d; done; echo x >/dev/null"), "")

    def test_another_device_is_not(self):
        self.assertFalse(self.opens("c", 10, 237))  # /dev/loop-control

    def test_one_that_a_rule_allows_is(self):
        self.rules.append({"allow": True, "type": "c", "major": 10, "minor": 237, "access": "rwm"})
        self.assertTrue(self.opens("c", 10, 237))

    def test_the_last_rule_decides(self):
        self.rules.append({"allow": True, "type": "c", "major": 10, "minor": 237, "access": "rwm"})
        self.rules.append({"allow": False, "type": "c", "major": 10, "minor": 237, "access": "rwm"})
        self.assertFalse(self.opens("c", 10, 237))

    def test_allow_all_allows(self):
        self.rules.append({"allow": True, "access": "rwm"})
        self.assertTrue(self.opens("c", 10, 237))
