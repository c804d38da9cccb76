# SPDX-License-Identifier: Apache-2.0
"""process: what the program gets, and what becomes of it."""
import os
import unittest

from harness import TROUBLE, ExecutorTest


class Program(ExecutorTest):
    def test_exit_code_comes_back(self):
        self.assertEqual(self.run_args("sh", "-c", "exit 7").code, 7)

    def test_killed_by_a_signal_is_128_and_its_number(self):
        self.assertEqual(self.run_args("sh", "-c", "kill -9 $$").code, 0)  # PID 1 cannot
        self.drop_namespace("pid")
        self.assertEqual(self.run_args("sh", "-c", "kill -9 $$").code, 137)

    def test_is_found_in_the_containers_path(self):
        os.mkdir(self.path("tools"))
        self.write("tools/mine", "#!/bin/sh\necho mine\n", 0o755)
        self.spec["process"]["env"] = ["PATH=/bin:/tools"]
        self.assertEqual(self.run_args("mine").out, "mine\n")

    def test_a_missing_one_is_named_in_runcs_words(self):
        self.fails('exec: "nope": executable file not found in $PATH', "nope")

    def test_a_missing_path_is_named_in_runcs_words(self):
        self.fails('exec: "/bin/nope": stat /bin/nope: no such file or directory', "/bin/nope")

    def test_one_without_the_x_bit_is_named_in_runcs_words(self):
        self.write("script", "#!/bin/sh\n", 0o644)
        self.fails('exec: "/script": permission denied', "/script")

    def test_a_missing_one_is_told_at_create_as_under_runc(self):
        for program in ("nope", "/bin/nope", "./nope"):
            with self.subTest(program):
                self.spec["process"]["args"] = [program]
                result = self.run_bundle(options=["--commands", "0"])
                self.assertEqual((result.code, result.out), (TROUBLE, ""), result)
                self.assertIn(f'exec: "{program}": ', result.err)

    def test_one_that_goes_after_create_is_told_at_start(self):
        self.write("mine", "#!/bin/sh\n", 0o755)
        running = self.create("/mine")
        os.unlink(self.path("mine"))
        self.assertEqual(running.say("start"),
                         'error exec: "/mine": stat /mine: no such file or directory')

    def test_one_below_the_working_directory_is_found(self):
        os.mkdir(self.path("work"))
        self.write("work/mine", "#!/bin/sh\necho mine\n", 0o755)
        self.spec["process"]["cwd"] = "/work"
        self.assertEqual(self.run_args("./mine").out, "mine\n")

    def test_a_directory_is_refused(self):
        self.fails("permission denied", "/tmp")

    def test_a_file_of_another_kind_is_refused(self):
        self.write("text", "hello", 0o755)
        self.fails("exec format error", "/text")

    def test_arguments_keep_their_spaces_and_empty_words(self):
        result = self.run_args("sh", "-c", 'printf "[%s]" "$@"', "x", "a b", "", "c")
        self.assertEqual(result.out, "[a b][][c]")

    def test_environment_is_the_specs_and_nothing_else(self):
        self.spec["process"]["env"] = ["PATH=/bin", "A=1", "B=x y"]
        self.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        self.assertEqual(self.sh("env | grep -v ^SHLVL | grep -v ^PWD | sort").out,
                         "A=1\nB=x y\nHOME=/root\nPATH=/bin\n")

    def test_stdin_reaches_it(self):
        self.assertEqual(self.run_args("cat", stdin="abc").out, "abc")

    def test_stderr_is_apart(self):
        result = self.sh("echo out; echo err >&2")
        self.assertEqual((result.out, result.err), ("out\n", "err\n"))

    def test_descriptors_above_2_are_closed(self):
        leak = os.open("/etc", os.O_RDONLY)
        self.addCleanup(os.close, leak)
        os.set_inheritable(leak, True)
        result = self.sh("ls /proc/self/fd", pass_fds=[leak])
        self.assertEqual(result.out.split(), ["0", "1", "2", "3"])  # 3 is ls's own


class Directory(ExecutorTest):
    def test_cwd_is_entered(self):
        os.makedirs(self.path("a/b"))
        self.spec["process"]["cwd"] = "/a/b"
        self.assertEqual(self.out("pwd"), "/a/b")

    def test_cwd_is_made_when_missing(self):
        self.spec["process"]["cwd"] = "/new/dir"
        self.assertEqual(self.out("pwd; stat -c %a /new/dir"), "/new/dir\n755")

    def test_cwd_that_is_a_file_is_refused(self):
        self.write("file", "")
        self.spec["process"]["cwd"] = "/file"
        self.fails("/file", "true")

    def test_cwd_that_only_root_may_enter_is_entered_as_under_runc(self):
        os.mkdir(self.path("closed"), 0o700)
        self.spec["process"]["cwd"] = "/closed"
        self.spec["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.caps()
        self.assertEqual(self.out("pwd; ls /closed 2>&1 | grep -o denied"), "/closed\ndenied")

    def test_cwd_of_an_exec_is_not_made(self):
        answer = self.start().say("exec " + self.process_file("true", cwd="/nope"))
        self.assertEqual(answer, "error chdir to cwd /nope: No such file or directory")


class User(ExecutorTest):
    def test_ids_and_groups(self):
        self.spec["process"]["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 2000]}
        self.assertEqual(self.out("id -u; id -g; id -G"), "1000\n1001\n1001 5 2000")

    def test_has_no_groups_of_ours(self):
        self.assertEqual(self.out("grep ^Groups /proc/self/status"), "Groups:")

    def test_home_is_from_the_containers_passwd(self):
        self.write("etc/passwd", "a:x:1:1::/a:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n")
        self.spec["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.out("echo $HOME"), "/home/me")

    def test_home_of_the_spec_wins(self):
        self.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        self.spec["process"]["env"].append("HOME=/elsewhere")
        self.assertEqual(self.out("echo $HOME"), "/elsewhere")

    def test_umask_is_22_unless_given(self):
        self.assertEqual(self.out("umask"), "0022")

    def test_umask_of_the_spec(self):
        self.spec["process"]["user"]["umask"] = 0o077
        self.assertEqual(self.out("umask; touch /tmp/f; stat -c %a /tmp/f"), "0077\n600")

    def test_may_open_its_own_stdout_by_name(self):
        self.spec["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.out("echo there >/dev/stdout"), "there")


class Terminal(ExecutorTest):
    def setUp(self):
        super().setUp()
        self.spec["process"]["terminal"] = True

    def test_is_one(self):
        self.assertEqual(self.out("tty"), "/dev/pts/0")

    def test_has_the_specs_size(self):
        self.spec["process"]["consoleSize"] = {"height": 33, "width": 101}
        self.assertEqual(self.out("stty size"), "33 101")

    def test_dev_console_is_it(self):
        self.assertEqual(self.out("echo hello >/dev/console"), "hello")

    def test_size_without_a_terminal_means_nothing(self):
        self.spec["process"]["terminal"] = False
        self.spec["process"]["consoleSize"] = {"height": 33, "width": 101}
        self.assertEqual(self.run_args("tty").code, 1)

    def test_belongs_to_the_user(self):
        self.spec["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.out("stat -c %u /dev/pts/0"), "1000")

    def test_is_the_controlling_one(self):
        self.assertEqual(self.out("echo x >/dev/tty"), "x")


class Limits(ExecutorTest):
    """What process sets beside the program: limits, score, scheduling."""

    def setUp(self):
        super().setUp()
        self.process = self.spec["process"]

    def test_rlimits(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88},
                                   {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
        self.assertEqual(self.out("ulimit -Sn; ulimit -Hn; ulimit -c"), "77\n88\n0")

    def test_rlimits_of_an_exec_are_its_own(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}]
        limit = [{"type": "RLIMIT_NOFILE", "soft": 55, "hard": 66}]
        answer, out = self.exec_sh(self.start(), "ulimit -Sn; ulimit -Hn", rlimits=limit)
        self.assertEqual((answer, out), ("exit 0", "55\n66\n"))

    def test_an_unknown_rlimit_is_named(self):
        self.process["rlimits"] = [{"type": "RLIMIT_SMILES", "soft": 1, "hard": 1}]
        self.fails("process.rlimits: unknown limit 'RLIMIT_SMILES'")

    def test_a_soft_rlimit_over_the_hard_one_is_refused(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 9, "hard": 8}]
        self.fails("process.rlimits: RLIMIT_NOFILE: soft limit 9 is over the hard limit 8")

    def test_oom_score(self):
        self.process["oomScoreAdj"] = 321
        self.assertEqual(self.out("cat /proc/self/oom_score_adj"), "321")

    def test_oom_score_of_an_exec(self):
        answer, out = self.exec_sh(self.start(), "cat /proc/self/oom_score_adj", oomScoreAdj=99)
        self.assertEqual((answer, out), ("exit 0", "99\n"))

    def test_scheduler(self):
        self.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7}
        # proc(5), /proc/PID/stat: 19 is nice, 41 the policy
        self.assertEqual(self.out("cut -d' ' -f19,41 /proc/self/stat"), "7 3")

    def test_a_policy_that_linux_lacks_is_refused_by_name(self):
        self.process["scheduler"] = {"policy": "SCHED_ISO"}
        self.fails("process.scheduler.policy: SCHED_ISO is not supported")

    def test_io_priority(self):
        self.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
        self.assertEqual(self.out("busybox ionice -p $$"), "best-effort: prio 6")

    def test_personality(self):
        self.spec["linux"]["personality"] = {"domain": "LINUX32"}
        self.assertEqual(self.out("cat /proc/self/personality"), "00000008")


class Privileges(ExecutorTest):
    def status(self, *names):
        lines = dict(line.split(":\t") for line in self.sh("cat /proc/self/status").out.splitlines()
                     if ":\t" in line)
        return [lines[name] for name in names]

    def test_each_capability_set_is_what_was_asked_for(self):
        self.spec["process"]["capabilities"] = {
            "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETGID"],  # bits 0, 5 and 6
            "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN", "CAP_KILL"],
            "inheritable": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]}
        self.spec["process"]["user"] = {"uid": 5, "gid": 5}  # for whom exec(2) adds none
        got = self.status("CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb")
        self.assertEqual([int(text, 16) for text in got], [0x61, 1, 1, 1, 1])

    def test_without_capabilities_there_are_none(self):
        del self.spec["process"]["capabilities"]
        got = self.status("CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb")
        self.assertEqual([int(text, 16) for text in got], [0] * 5)

    def test_an_unknown_capability_is_named(self):
        self.caps("CAP_SMILE")
        self.fails("process.capabilities.bounding: unknown capability 'CAP_SMILE'")

    def test_no_new_privileges(self):
        self.assertEqual(self.status("NoNewPrivs"), ["0"])
        self.spec["process"]["noNewPrivileges"] = True
        self.assertEqual(self.status("NoNewPrivs"), ["1"])


class Exec(ExecutorTest):
    def test_runs_in_the_same_namespaces(self):
        running = self.start()
        answer, out = self.exec_sh(running, "hostname; ls /proc | grep -c '^[0-9]*$'; echo $$")
        self.assertEqual(answer, "exit 0")
        self.assertEqual(out.split()[0], "test")

    def test_exit_code_comes_back(self):
        self.assertEqual(self.exec_sh(self.start(), "exit 3")[0], "exit 3")

    def test_into_a_created_container(self):
        self.assertEqual(self.exec_sh(self.create(), "true")[0], "exit 0")

    def test_with_another_user(self):
        os.chmod(self.path("tmp"), 0o777)
        answer, out = self.exec_sh(self.start(), "id -u", user={"uid": 7, "gid": 7})
        self.assertEqual((answer, out), ("exit 0", "7\n"))

    def test_with_a_missing_program(self):
        answer = self.start().say("exec " + self.process_file("nope"))
        self.assertEqual(answer, 'error exec: "nope": executable file not found in $PATH')

    def test_zombies_of_the_container_do_not_hold_its_end(self):
        running = self.start("sh", "-c", "(sleep 0.01 &) ; sleep 0.1")
        self.assertEqual(running.say("wait"), "exit 0")


if __name__ == "__main__":
    unittest.main()
