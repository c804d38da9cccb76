# SPDX-License-Identifier: Apache-2.0
"""linux.namespaces, mappings, host name."""
import os

from harness import ExecutorTest


def host_ns(kind):
    return os.readlink(f"/proc/self/ns/{kind}")


class Namespaces(ExecutorTest):
    def test_of_the_spec_are_new(self):
        for kind in ("pid", "ipc", "uts", "net", "mnt", "cgroup"):
            with self.subTest(kind):
                self.assertNotEqual(self.out(f"readlink /proc/self/ns/{kind}"), host_ns(kind))

    def test_that_are_not_named_are_shared(self):
        self.drop_namespace("ipc", "uts", "network", "cgroup")
        for kind in ("ipc", "uts", "net", "cgroup", "user"):
            with self.subTest(kind):
                self.assertEqual(self.out(f"readlink /proc/self/ns/{kind}"), host_ns(kind))

    def test_the_program_is_pid_1(self):
        self.assertEqual(self.out("echo $$"), "1")

    def test_one_that_exists_is_joined(self):
        running = self.start()
        pid = running.say("pid").split()[1]
        for ns in self.spec["linux"]["namespaces"]:
            if ns["type"] in ("pid", "ipc", "network"):
                kind = "net" if ns["type"] == "network" else ns["type"]
                ns["path"] = f"/proc/{pid}/ns/{kind}"
        out = self.sh("for n in pid ipc net; do readlink /proc/self/ns/$n; done").out
        self.assertEqual(out.split(), [os.readlink(f"/proc/{pid}/ns/{n}")
                                       for n in ("pid", "ipc", "net")])

    def test_sees_the_processes_of_a_pid_namespace_that_it_joined(self):
        pid = self.start("sleep", "1234").say("pid").split()[1]
        self.spec["linux"]["namespaces"][0]["path"] = f"/proc/{pid}/ns/pid"
        self.assertIn("sleep 1234", self.out("ps"))

    def test_a_path_that_is_none_is_refused(self):
        self.spec["linux"]["namespaces"][1]["path"] = "/etc/passwd"
        self.fails("enter the ipc namespace /etc/passwd")

    def test_a_path_that_is_missing_is_refused(self):
        self.spec["linux"]["namespaces"][1]["path"] = "/nowhere"
        self.fails("linux.namespaces: ipc: open /nowhere: No such file or directory")

    def test_a_mount_namespace_cannot_be_joined(self):
        self.spec["linux"]["namespaces"][3]["path"] = "/proc/self/ns/mnt"
        self.fails("joining the mount namespace /proc/self/ns/mnt is not supported")


class Names(ExecutorTest):
    def test_hostname(self):
        self.spec["hostname"] = "box"
        self.assertEqual(self.out("hostname"), "box")

    def test_domainname(self):
        self.spec["domainname"] = "example.test"
        self.assertEqual(self.out("cat /proc/sys/kernel/domainname"), "example.test")

    def test_a_hostname_that_is_too_long_is_refused(self):
        self.spec["hostname"] = "x" * 65
        self.fails("hostname 'xxxx")


class UserNamespace(ExecutorTest):
    def setUp(self):
        super().setUp()
        self.use_user_namespace()

    def test_root_inside_is_nobody_outside(self):
        self.assertEqual(self.out("id -u; cat /proc/self/uid_map").split(),
                         ["0", "0", "100000", "65536"])
        self.sh("touch /tmp/mine")
        self.assertEqual(os.stat(self.path("tmp/mine")).st_uid, 100000)

    def test_owns_its_other_namespaces(self):
        self.caps("CAP_SYS_ADMIN")
        self.assertEqual(self.out("hostname other; hostname"), "other")

    def test_another_user_of_it(self):
        self.spec["process"]["user"] = {"uid": 5, "gid": 6, "additionalGids": [7]}
        self.assertEqual(self.out("id -u; id -g; id -G"), "5\n6\n6 7")

    def test_has_its_devices(self):
        self.assertEqual(self.out("echo x >/dev/null; head -c 4 /dev/zero | wc -c"), "4")

    def test_sysfs_is_there(self):
        self.drop_namespace("network")
        self.add_mount("/sys", "sysfs", options=["ro", "nosuid", "nodev", "noexec"])
        self.assertIn("kernel", self.out("ls /sys"))

    def test_a_bind_mount_from_where_it_may_not_look(self):
        source = self.host_dir("secret/inner", file="text")
        os.chmod(os.path.dirname(source), 0o700)
        self.bind(source, "/data", "ro")
        os.makedirs(self.path("data"))
        self.assertEqual(self.out("cat /data/file"), "text")

    def test_terminal(self):
        self.spec["process"]["terminal"] = True
        self.assertEqual(self.out("tty; echo hi >/dev/console"), "/dev/pts/0\nhi")

    def test_exec_into_it(self):
        running = self.start()
        answer, out = self.exec_sh(running, "id -u; cat /proc/self/uid_map")
        self.assertEqual((answer, out.split()), ("exit 0", ["0", "0", "100000", "65536"]))

    def test_without_a_mapping_of_root_is_refused(self):
        self.spec["linux"]["uidMappings"][0]["containerID"] = 1
        self.fails("linux.uidMappings: a user namespace needs a mapping of uid 0")

    def test_a_user_that_is_not_mapped_is_refused(self):
        self.spec["process"]["user"]["uid"] = 70000
        self.fails("set uid 70000")


class Mappings(ExecutorTest):
    def test_without_a_user_namespace_are_refused(self):
        self.spec["linux"]["uidMappings"] = [{"containerID": 0, "hostID": 1, "size": 1}]
        self.fails("linux.uidMappings: given without a user namespace")
