# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp; the filter itself is tested in tests/unit/test_seccomp.c."""
from harness import ExecutorTest


class Seccomp(ExecutorTest):
    def setUp(self):
        super().setUp()
        self.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
        self.spec["linux"]["seccomp"] = self.seccomp

    def refused(self):
        return "Operation not supported" in self.run_args("mkdir", "/tmp/x").err

    def test_a_call_is_refused_with_its_errno(self):
        self.assertTrue(self.refused())

    def test_with_no_new_privileges_too(self):
        self.spec["process"]["noNewPrivileges"] = True
        self.assertTrue(self.refused())

    def test_as_another_user_too(self):
        self.spec["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.caps()
        self.assertTrue(self.refused())

    def test_in_a_user_namespace_too(self):
        self.use_user_namespace()
        self.assertTrue(self.refused())

    def test_in_an_exec_too(self):
        answer, out = self.exec_sh(self.start(), "mkdir /tmp/x")
        self.assertEqual(answer, "exit 1")
        self.assertIn("Operation not supported", out)

    def test_is_on_the_program_and_not_before(self):
        # The executor itself makes directories: cwd.
        self.spec["process"]["cwd"] = "/new"
        self.assertEqual(self.out("pwd; grep ^Seccomp: /proc/self/status | cut -f2"), "/new\n2")

    def test_a_killing_action_kills(self):
        self.seccomp["syscalls"][0] = {"names": ["mkdir", "mkdirat"],
                                       "action": "SCMP_ACT_KILL_PROCESS"}
        self.drop_namespace("pid")
        self.assertEqual(self.run_args("mkdir", "/tmp/x").code, 159)  # 128 + SIGSYS

    def test_notify_is_refused_by_name(self):
        self.seccomp["syscalls"][0]["action"] = "SCMP_ACT_NOTIFY"
        self.fails("SCMP_ACT_NOTIFY")

    def test_an_unknown_action_is_refused_by_name(self):
        self.seccomp["syscalls"][0]["action"] = "SCMP_ACT_SMILE"
        self.fails("SCMP_ACT_SMILE")

    def test_an_unknown_call_is_skipped(self):
        self.seccomp["syscalls"].append({"names": ["call_of_tomorrow"],
                                         "action": "SCMP_ACT_ERRNO"})
        self.assertTrue(self.refused())
