# SPDX-License-Identifier: Apache-2.0
"""What hostile images and containers try, each after the CVE that it stands for.

Each attack is one that works on an executor which resolves the container's
paths by name, trusts its /dev and /proc, or leaves something open.
"""
import os
import re
import shutil
import signal
import stat
import subprocess
import sys

import harness
from harness import TROUBLE, ExecutorTest

SWAPPER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
one, two = (arg.encode() for arg in sys.argv[1:])
print("swapping", flush=True)
while True:
    libc.renameat2(-100, one, -100, two, 2)  # RENAME_EXCHANGE
"""


class Attack(ExecutorTest):
    def setUp(self):
        super().setUp()
        self.outside = self.host_dir("outside")

    def link_out(self, name, target=None):
        """Replaces something in the image by a link out of the root."""
        path = self.path(name)
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target or self.outside, path)

    def swap(self, directory, link):
        """Exchanges the two until the end of the test."""
        swapper = subprocess.Popen([sys.executable, "-c", SWAPPER, directory, link],
                                   stdout=subprocess.PIPE)
        self.addCleanup(swapper.stdout.close)
        self.addCleanup(swapper.wait)
        self.addCleanup(swapper.send_signal, signal.SIGKILL)
        swapper.stdout.readline()

    def tearDown(self):
        self.assertEqual(os.listdir(self.outside), [], "something was made outside the root")


class LinksOutOfTheRoot(Attack):
    """CVE-2019-19921, CVE-2021-30465 and their kind: mount targets that lead out."""

    def test_cve_2019_19921_proc_is_a_link(self):
        self.link_out("proc")
        self.fails("mount /proc: a proc must be mounted on an ordinary directory")

    def test_cve_2023_28642_proc_is_a_link_inside_the_root(self):
        os.mkdir(self.path("elsewhere"))
        self.link_out("proc", "/elsewhere")
        self.fails("mount /proc: a proc must be mounted on an ordinary directory")

    def test_cve_2023_27561_sys_is_a_link(self):
        self.link_out("sys")
        self.add_mount("/sys", "sysfs", options=["ro"])
        self.fails("mount /sys: a sysfs must be mounted on an ordinary directory")

    def test_dev_is_a_link(self):
        self.link_out("dev")
        self.sh("[ -c /dev/null ] && echo lost >/dev/null")

    def test_dev_is_a_relative_link(self):
        self.link_out("dev", "../../../../../../../.." + self.outside)
        self.sh("[ -c /dev/null ]")

    def test_dev_pts_is_a_link(self):
        self.spec["mounts"] = [self.spec["mounts"][0], self.spec["mounts"][2]]
        self.link_out("dev/pts")
        self.assertIn(f" {self.outside} ", self.out("cat /proc/self/mountinfo"))

    def test_dev_shm_is_a_link(self):
        self.spec["mounts"] = self.spec["mounts"][:1]
        self.link_out("dev/shm")
        self.add_mount("/dev/shm", "tmpfs")
        self.sh("touch /dev/shm/x")

    def test_resolv_conf_is_a_link_to_nothing(self):
        source = self.host_dir("source", resolv="nameserver 1.1.1.1\n")
        self.link_out("etc/resolv.conf", self.outside + "/new")
        self.bind(source + "/resolv", "/etc/resolv.conf", "ro")
        self.assertEqual(self.out("cat /etc/resolv.conf"), "nameserver 1.1.1.1")

    def test_resolv_conf_is_a_link_to_a_file_of_the_host(self):
        source = self.host_dir("source", resolv="nameserver 1.1.1.1\n")
        victim = self.host_dir("victim", file="precious")
        self.link_out("etc/resolv.conf", victim + "/file")
        self.bind(source + "/resolv", "/etc/resolv.conf")
        self.sh("echo broken >/etc/resolv.conf")
        with open(victim + "/file", encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_a_target_below_a_link(self):
        self.link_out("mnt")
        self.bind(self.host_dir("source", file="x"), "/mnt/deep/target")
        self.sh(f"[ -e {self.outside}/deep/target/file ]")

    def test_cwd_is_a_link(self):
        self.link_out("data")
        self.spec["process"]["cwd"] = "/data/new"
        self.assertEqual(self.out("pwd -P"), self.outside + "/new")

    def test_a_device_below_a_link(self):
        self.link_out("opt")
        self.spec["linux"]["devices"] = [{"path": "/opt/x", "type": "c", "major": 1, "minor": 3}]
        self.sh(f"[ -c {self.outside}/x ]")

    def test_a_read_only_path_is_a_link(self):
        self.link_out("etc")
        self.spec["linux"]["readonlyPaths"] = ["/etc"]
        self.sh("true")
        os.close(os.open(self.outside, os.O_TMPFILE | os.O_WRONLY))  # the host can still write

    def test_tmpcopyup_of_a_link(self):
        secret = self.host_dir("secret", file="secret")
        self.link_out("data", secret)
        self.add_mount("/data", "tmpfs", options=["tmpcopyup"])
        self.assertNotIn("secret", self.out(f"cat /data/* {secret}/* 2>/dev/null || true"))

    def test_a_volume_with_a_link_in_it(self):
        """The volume of one container is prepared by another one."""
        volume = self.host_dir("volume")
        os.symlink(self.outside, volume + "/link")
        self.bind(volume, "/vol")
        self.bind(self.host_dir("source", file="x"), "/vol/link/target")
        self.sh(f"[ -e {self.outside}/target/file ]")


class Races(Attack):
    """A second container that has the same volume swaps a directory and a link meanwhile."""

    STARTS = 6  # unit/test_mount.c does it 2000 times, and shows what happens by name

    def setUp(self):
        super().setUp()
        self.volume = self.host_dir("volume")
        os.mkdir(self.volume + "/dir")
        os.symlink(self.outside, self.volume + "/link")

    def start_many(self, check="true"):
        self.swap(self.volume + "/dir", self.volume + "/link")
        ran = 0
        for _ in range(self.STARTS):
            result = self.run_args("sh", "-c", check)
            self.assertIn(result.code, (0, TROUBLE), result)
            ran += result.code == 0
            self.assertEqual(os.listdir(self.outside), [])
        return ran

    def test_cve_2021_30465_mount_target(self):
        self.bind(self.volume, "/vol")
        self.add_mount("/vol/dir", "tmpfs")
        self.start_many("cat /proc/self/mountinfo")

    def test_cve_2024_45310_directory_made_outside(self):
        self.bind(self.volume, "/vol")
        self.add_mount("/vol/dir/new/deep", "tmpfs")
        self.start_many()

    def test_cve_2024_45310_file_made_outside(self):
        self.bind(self.volume, "/vol")
        self.bind(self.host_dir("source", file="x") + "/file", "/vol/dir/file")
        self.start_many()

    def test_cwd_made_outside(self):
        self.bind(self.volume, "/vol")
        self.spec["process"]["cwd"] = "/vol/dir/cwd"
        self.start_many()

    def test_device_made_outside(self):
        self.bind(self.volume, "/vol")
        self.spec["linux"]["devices"] = [
            {"path": "/vol/dir/x", "type": "b", "major": 7, "minor": 0}]
        self.start_many()

    def test_tmpcopyup_copies_nothing_of_the_host(self):
        os.unlink(self.volume + "/link")
        os.symlink(self.host_dir("secret", file="secret"), self.volume + "/link")
        self.bind(self.volume, "/vol")
        self.add_mount("/vol", "tmpfs", options=["tmpcopyup"])
        self.start_many("! grep -r secret /vol")


class WorkingDirectory(Attack):
    """CVE-2024-21626: a working directory that is a descriptor of the executor's."""

    def test_cve_2024_21626_descriptors_as_cwd(self):
        for fd in range(3, 12):
            with self.subTest(fd=fd):
                self.spec["process"]["cwd"] = f"/proc/self/fd/{fd}"
                result = self.run_args("sh", "-c", "pwd")
                self.assertEqual(result.code, TROUBLE, result)
                self.assertIn("cwd", result.err)

    def test_cve_2024_21626_a_link_to_a_descriptor(self):
        os.symlink("/proc/self/fd/7/../../..", self.path("work"))
        self.spec["process"]["cwd"] = "/work"
        self.fails("cwd", "sh", "-c", "pwd")

    def test_cve_2024_21626_cwd_of_exec(self):
        running = self.start()
        for fd in range(3, 12):
            answer = running.say("exec " + self.process_file("true", cwd=f"/proc/self/fd/{fd}"))
            self.assertTrue(answer.startswith("error") or answer == f"exit {TROUBLE}", answer)

    def test_the_root_is_where_dots_end(self):
        self.spec["process"]["cwd"] = "/../../.."
        self.assertEqual(self.out("pwd -P; ls -d ../../../bin"), "/\n../../../bin")


class Leaks(Attack):
    """CVE-2024-21626 too: nothing of the executor's may be open in the container."""

    def test_descriptors_of_init(self):
        self.assertEqual(self.out("ls /proc/1/fd; true").split(), ["0", "1", "2"])

    def test_descriptors_of_exec(self):
        running = self.start()
        _, out = self.exec_sh(running, "ls -l /proc/$$/fd")
        self.assertNotIn(self.dir, out.replace("/tmp/out", ""))
        self.assertNotIn("socket", out)

    def test_descriptors_with_a_terminal(self):
        self.spec["process"]["terminal"] = True
        self.assertEqual(set(self.out("ls /proc/1/fd; true").split()) - {"10"}, {"0", "1", "2"})

    def test_the_old_root_is_not_in_reach(self):
        self.caps("CAP_SYS_CHROOT", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE")
        self.assertEqual(self.out("umount -l / 2>/dev/null; mkdir -p /x; "
                                  "chroot /x /bin/true 2>/dev/null; "
                                  f"ls -d /../..{self.dir} 2>/dev/null || echo none"), "none")

    def test_cve_2016_9962_a_joining_process_shows_nothing(self):
        """init looks at each process that joins, before it has become its program."""
        running = self.start("sh", "-c", "while :; do for p in /proc/[0-9]*; do "
                             "readlink $p/exe $p/fd/* $p/cwd 2>/dev/null; done >>/tmp/seen; done")
        for _ in range(5):
            self.exec_sh(running, "true")
        running.say("signal 9")
        running.say("wait")
        self.assertNotIn("exec_bundle", self.read("tmp/seen"))
        self.assertNotIn("config.json", self.read("tmp/seen"))


class Program(Attack):
    """CVE-2019-5736: the executor's own program, reached through /proc/self/exe."""

    def test_cve_2019_5736_writing_through_exe_of_all(self):
        self.caps("CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE")
        running = self.start("sh", "-c", "while :; do for p in /proc/[0-9]*/exe; do "
                             "case $(readlink $p) in *busybox) ;; '') ;; "
                             "*) ( echo evil >$p ) 2>/dev/null && echo hit >/tmp/hit;; esac; "
                             "done; done")
        for _ in range(5):
            self.exec_sh(running, "true")
        self.assertFalse(os.path.exists(self.path("tmp/hit")))

    def test_cve_2019_5736_entry_point_is_proc_self_exe(self):
        """The image brings the libraries that the executor would need to run in it."""
        ldd = subprocess.run(["ldd", harness.EXEC_BUNDLE], capture_output=True, text=True,
                             check=False).stdout
        for library in re.findall(r"/\S+", ldd):
            os.makedirs(os.path.dirname(self.path(library)), exist_ok=True)
            shutil.copy(library, self.path(library))
        os.symlink("/proc/self/exe", self.path("evil"))
        for program in ("/proc/self/exe", "/evil"):
            with self.subTest(program):
                result = self.run_args(program)
                self.assertEqual(result.code, TROUBLE, result)
                self.assertNotIn("usage: exec_bundle", result.err)

    def test_cve_2019_5736_exec_of_proc_self_exe(self):
        os.symlink("/proc/self/exe", self.path("evil"))
        running = self.start()
        for program in ("/proc/self/exe", "/evil"):
            with self.subTest(program):
                answer = running.say("exec " + self.process_file(program))
                self.assertEqual(answer, f'error exec: "{program}": permission denied')


class Capabilities(Attack):
    """CVE-2022-29162: inheritable capabilities make a file's capabilities effective."""

    def test_cve_2022_29162_none_are_inheritable(self):
        self.caps("CAP_NET_RAW", "CAP_CHOWN")
        self.assertEqual(self.out("grep CapInh /proc/self/status").split()[1], "0" * 16)

    def test_cve_2022_29162_nor_of_exec(self):
        self.caps("CAP_NET_RAW", "CAP_CHOWN")
        _, out = self.exec_sh(self.start(), "grep CapInh /proc/self/status")
        self.assertEqual(out.split()[1], "0" * 16)

    def test_cve_2022_29162_nor_ambient_for_another_user(self):
        self.caps("CAP_NET_RAW")
        self.spec["process"]["user"] = {"uid": 5, "gid": 5}
        words = self.out("grep -E 'CapInh|CapAmb|CapEff' /proc/self/status").split()
        self.assertEqual(words[1::2], ["0" * 16] * 3)


class Passwd(Attack):
    """exec --user with a passwd that is not one: nothing blocks, nothing of the host is read."""

    def home(self):
        self.spec["process"]["env"] = ["PATH=/bin"]
        self.spec["process"]["user"] = {"uid": 5, "gid": 5}
        return self.out("echo $HOME")

    def test_a_fifo(self):
        os.mkfifo(self.path("etc/passwd"))
        self.assertEqual(self.home(), "/")

    def test_a_fifo_for_an_exec(self):
        os.mkfifo(self.path("etc/passwd"))
        answer, out = self.exec_sh(self.start(), "echo $HOME", env=["PATH=/bin"])
        self.assertEqual((answer, out), ("exit 0", "/\n"))

    def test_one_that_changes_between_the_start_and_an_exec(self):
        self.write("etc/passwd", "x:x:0:0::/first:/bin/sh\n")
        running = self.start()
        os.unlink(self.path("etc/passwd"))
        os.mkfifo(self.path("etc/passwd"))  # who opens it as a file waits for ever
        answer, out = self.exec_sh(running, "echo $HOME", env=["PATH=/bin"])
        self.assertEqual((answer, out), ("exit 0", "/\n"))

    def test_a_directory(self):
        os.mkdir(self.path("etc/passwd"))
        self.assertEqual(self.home(), "/")

    def test_a_link_to_a_device(self):
        os.symlink("/dev/zero", self.path("etc/passwd"))
        self.assertEqual(self.home(), "/")

    def test_a_link_to_the_hosts(self):
        victim = self.host_dir("victim", passwd="x:x:5:5::/of-the-host:/bin/sh\n")
        os.symlink(victim + "/passwd", self.path("etc/passwd"))
        self.assertEqual(self.home(), "/")

    def test_lines_of_all_kinds(self):
        self.write("etc/passwd", ":::\n\n:5\nx:x:5\nx:x:-5:5::/minus:\nx:x:5x:5::/letters:\n"
                   "x:x:4294967301:5::/overflow:\n" + "y" * 70000 + "\nx:x:5:5::/right:/bin/sh\n")
        self.assertEqual(self.home(), "/right")

    def test_binary_rubbish(self):
        with open(self.path("etc/passwd"), "wb") as file:
            file.write(bytes(range(256)) * 16)
        self.assertEqual(self.home(), "/")

    def test_a_home_with_an_equals_sign_and_dots(self):
        self.write("etc/passwd", "x:x:5:5::/a=b/../..:/bin/sh\n")
        self.assertEqual(self.home(), "/a=b/../..")


class Masks(Attack):
    """CVE-2025-31133: what hides paths is replaced by something that shows them."""

    def setUp(self):
        super().setUp()
        self.spec["mounts"] = self.spec["mounts"][:1]  # the image's own /dev
        self.spec["linux"]["maskedPaths"] = ["/proc/kcore", "/proc/version"]

    def test_cve_2025_31133_null_is_a_link(self):
        os.symlink("/proc/sys/kernel/core_pattern", self.path("dev/null"))
        self.fails("device /dev/null: something else is in its place")

    def test_cve_2025_31133_null_is_a_file(self):
        self.write("dev/null", "")
        self.fails("device /dev/null: something else is in its place")

    def test_cve_2025_31133_null_is_another_device(self):
        os.mknod(self.path("dev/null"), 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        self.fails("device /dev/null: something else is in its place")

    def test_cve_2025_31133_null_of_a_bound_dev_is_a_link(self):
        source = self.host_dir("dev")
        os.symlink("/proc/sys/kernel/core_pattern", source + "/null")
        self.bind(source, "/dev")
        self.fails("/dev/null of the container is not the null device")

    def test_cve_2025_31133_null_of_a_bound_dev_is_a_file(self):
        self.bind(self.host_dir("dev", null=""), "/dev")
        self.fails("/dev/null of the container is not the null device")

    def test_cve_2021_masked_path_is_a_link_elsewhere(self):
        """The mask goes where the link leads, inside the root, and nowhere else."""
        self.link_out("decoy", self.outside)
        self.spec["linux"]["maskedPaths"] = ["/decoy"]
        self.sh("true")
        os.close(os.open(self.outside, os.O_TMPFILE | os.O_WRONLY))


class Console(Attack):
    """CVE-2025-52565: /dev/console and /dev/pts of the image, before anything is masked."""

    def setUp(self):
        super().setUp()
        self.spec["process"]["terminal"] = True

    def image_dev(self, pts=True):
        """The image's own /dev, with a devpts or without."""
        self.spec["mounts"] = [self.spec["mounts"][0], *self.spec["mounts"][2:][:pts]]

    def test_cve_2025_52565_console_is_a_link_into_proc(self):
        self.image_dev()
        os.symlink("/proc/sysrq-trigger", self.path("dev/console"))
        self.fails("/dev/console of the container is neither a file nor a character device")

    def test_cve_2025_52565_console_is_a_link_out(self):
        self.image_dev()
        os.symlink(self.outside + "/new", self.path("dev/console"))
        self.fails("/dev/console of the container is neither a file nor a character device")

    def test_cve_2025_52565_console_is_a_fifo(self):
        self.image_dev()
        os.mkfifo(self.path("dev/console"))
        self.fails("/dev/console of the container is neither a file nor a character device")

    def test_cve_2025_52565_console_is_a_mount(self):
        source = self.host_dir("source", file="mine")
        self.bind(source + "/file", "/dev/console")
        self.assertEqual(self.out("echo hi >/dev/console"), "hi")
        with open(source + "/file", encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")

    def test_cve_2025_52565_pts_is_a_directory_of_the_image(self):
        self.image_dev(pts=False)
        os.mkdir(self.path("dev/pts"))
        self.write("dev/pts/ptmx", "")
        self.fails("/dev/pts of the container is not a devpts")

    def test_cve_2025_52565_pts_holds_a_fifo(self):
        self.image_dev(pts=False)
        os.mkdir(self.path("dev/pts"))
        os.mkfifo(self.path("dev/pts/ptmx"))
        self.fails("/dev/pts of the container is not a devpts")

    def test_cve_2025_52565_ptmx_is_covered(self):
        self.bind(self.host_dir("source", file="mine") + "/file", "/dev/pts/ptmx")
        self.fails("open /dev/pts/ptmx: Invalid cross-device link")

    def test_pts_is_missing(self):
        self.image_dev(pts=False)
        self.fails("open /dev/pts: No such file or directory")


class Redirected(Attack):
    """CVE-2025-52881: writes to procfs that go somewhere else."""

    def test_cve_2025_52881_sysctl_of_an_image_without_proc(self):
        """The image's /proc/sys/net/... leads to what shall be overwritten."""
        del self.spec["mounts"][0]
        os.makedirs(self.path("proc/sys/net/ipv4"))
        self.write("victim", "precious")
        os.symlink("/victim", self.path("proc/sys/net/ipv4/ip_forward"))
        self.spec["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
        self.sh("true")
        self.assertEqual(self.read("victim"), "precious")

    def test_cve_2025_52881_sysctl_covered_by_a_mount(self):
        source = self.host_dir("source", ns_last_pid="mine")
        self.bind(source + "/ns_last_pid", "/proc/sys/kernel/ns_last_pid")
        self.spec["linux"]["sysctl"] = {"kernel.msgmax": "4096"}
        self.assertEqual(self.out("cat /proc/sys/kernel/msgmax /proc/sys/kernel/ns_last_pid"),
                         "4096\nmine")

    def test_cve_2025_52881_attributes_covered_by_a_mount(self):
        for path in ("/proc/self/attr/exec", "/proc/thread-self/attr/current", "/proc/self/attr"):
            with self.subTest(path):
                self.bind(self.host_dir("fake"), path)
                self.fails("nothing may be mounted inside /proc here")
                self.spec["mounts"].pop()

    def test_cve_2025_52881_oom_score_of_an_image_without_proc(self):
        """The image's /proc/self/oom_score_adj leads to what shall be overwritten."""
        del self.spec["mounts"][0]
        os.makedirs(self.path("proc/self"))
        self.write("victim", "precious")
        os.symlink("/victim", self.path("proc/self/oom_score_adj"))
        self.spec["process"]["oomScoreAdj"] = 321
        running = self.start()
        answer = running.say("exec " + self.process_file("true", oomScoreAdj=322))
        self.assertEqual(answer, "exit 0")
        self.assertEqual(self.read("victim"), "precious")
        with open(f"/proc/{running.say('pid').split()[1]}/oom_score_adj", encoding="utf-8") as file:
            self.assertEqual(file.read(), "321\n")

    def test_cve_2025_52881_labels_of_an_image_without_proc(self):
        """Labels are for the host: nobody writes them, wherever the image's attr leads."""
        del self.spec["mounts"][0]
        for name in ("proc/self/attr/apparmor", "proc/thread-self/attr"):
            os.makedirs(self.path(name))
            os.symlink("/victim", self.path(name + "/exec"))
        self.write("victim", "precious")
        self.spec["process"]["apparmorProfile"] = "unconfined"
        self.spec["process"]["selinuxLabel"] = "a:b:c"
        self.sh("true")
        self.assertEqual(self.read("victim"), "precious")

    def test_cve_2022_0811_a_sysctl_with_another_one_in_its_value(self):
        self.spec["linux"]["sysctl"] = {"kernel.shm_rmid_forced": "1+kernel.core_pattern=|/evil"}
        self.fails("linux.sysctl: 'kernel.shm_rmid_forced': procfs: write '1+kernel.core_pattern=")
        with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as file:
            self.assertNotIn("evil", file.read())

    def test_cve_2019_16884_volume_over_proc(self):
        self.bind(self.host_dir("fake", version="fake"), "/proc")
        self.fails("mount /proc: a bind mount is no procfs")


class GuestDisk(Attack):
    """CVE-2020-2023: the disk that the guest itself runs from."""

    DISK = (7, 200)

    def run_denied(self, *args):
        self.spec["process"]["args"] = list(args) or ["true"]
        return self.run_bundle(options=["--deny", "{}:{}".format(*self.DISK)])

    def test_cve_2020_2023_asked_for_by_name(self):
        self.spec["linux"]["devices"] = [
            {"path": "/dev/vda", "type": "b", "major": self.DISK[0], "minor": self.DISK[1]}]
        result = self.run_denied()
        self.assertEqual(result.code, TROUBLE)
        self.assertIn("device /dev/vda: 7:200 is a disk of the guest itself", result.err)

    def test_cve_2020_2023_asked_for_by_another_name(self):
        self.spec["linux"]["devices"] = [
            {"path": "/opt/innocent", "type": "b", "major": self.DISK[0], "minor": self.DISK[1]}]
        self.assertIn("is a disk of the guest itself", self.run_denied().err)

    def test_cve_2020_2023_others_are_allowed(self):
        others = [disk for disk in os.listdir("/sys/dev/block")
                  if disk != f"{self.DISK[0]}:{self.DISK[1]}"]
        if not others:
            self.skipTest("there is no disk here")
        major, minor = (int(n) for n in others[0].split(":"))
        self.spec["linux"]["devices"] = [
            {"path": "/dev/vdb", "type": "b", "major": major, "minor": minor}]
        self.assertEqual(self.run_denied("test", "-b", "/dev/vdb").code, 0)

    def test_cve_2020_2023_made_by_the_container(self):
        """With CAP_MKNOD and every device allowed, as in a privileged container."""
        self.caps("CAP_MKNOD")
        self.spec["linux"]["resources"]["devices"] = [{"allow": True, "access": "rwm"}]
        result = self.run_denied("sh", "-c", "mknod /tmp/other b 7 201 && echo other;"
                                 "mknod /tmp/disk b 7 200 && echo disk")
        self.assertEqual(result.out, "other\n")
        self.assertIn("/tmp/disk: Operation not permitted", result.err)

    def test_cve_2020_2023_made_by_the_image(self):
        os.mknod(self.path("disk"), 0o666 | stat.S_IFBLK, os.makedev(*self.DISK))
        self.caps("CAP_MKNOD", "CAP_SYS_RAWIO", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE")
        self.spec["linux"]["resources"]["devices"] = [{"allow": True, "access": "rwm"}]
        result = self.run_denied("sh", "-c", "head -c 1 /disk; echo x >/disk")
        self.assertEqual(result.err.count("Operation not permitted"), 2, result)


class Flood(Attack):
    """An image that is made to cost the guest its memory or its time."""

    FILES = 256 << 10  # COPYUP_ENTRIES_MAX

    def test_tmpcopyup_of_too_many_files(self):
        """One link with as many names as there may be, on a tmpfs: made and copied in a second."""
        os.mkdir(self.path("data"))
        self.add_mount("/data", "tmpfs", options=["tmpcopyup", "nr_inodes=0"])
        self.write_config()
        script = ("import os, subprocess, sys\n"
                  "subprocess.run(['mount', '--make-rprivate', '/'], check=True)\n"
                  "subprocess.run(['mount', '-t', 'tmpfs', '-o', 'nr_inodes=0', 'tmpfs',"
                  " sys.argv[1]], check=True)\n"
                  "os.chdir(sys.argv[1])\n"
                  "os.symlink('x', 'link')\n"
                  f"for i in range({self.FILES}):\n"
                  "    os.link('link', str(i), follow_symlinks=False)\n"
                  "os.execv(sys.argv[2], sys.argv[2:])\n")
        done = subprocess.run(
            ["unshare", "-m", sys.executable, "-c", script, self.path("data"),
             os.path.abspath(harness.EXEC_BUNDLE), self.dir], text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=60, check=False)
        self.assertEqual(done.returncode, TROUBLE, done)
        self.assertIn(f"there are more than {self.FILES} files to be copied", done.stderr)
