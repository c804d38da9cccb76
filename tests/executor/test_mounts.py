# SPDX-License-Identifier: Apache-2.0
"""linux mounts: every type and option of the runtime-spec."""
import os
import stat
import subprocess

from harness import ExecutorTest


class MountTest(ExecutorTest):
    def info(self, destination, before=""):
        """Options, type, options of the file system and propagation of what is mounted there."""
        text = self.sh(f"{before} cat /proc/self/mountinfo").out
        found = None
        for line in text.splitlines():
            words = line.split()
            if words[4] == destination:
                dash = words.index("-")
                found = (set(words[5].split(",")), words[dash + 1],
                         set(words[dash + 3].split(",")), words[6:dash])
        self.assertIsNotNone(found, text)
        return found

    def flags(self, destination):
        return self.info(destination)[0]


class Bind(MountTest):
    def setUp(self):
        super().setUp()
        self.source = self.host_dir("source", file="text")

    def test_a_directory_shows_its_files(self):
        self.bind(self.source, "/mnt/deep")
        self.assertEqual(self.out("cat /mnt/deep/file; echo new >/mnt/deep/other"), "text")
        self.assertTrue(os.path.exists(self.source + "/other"))

    def test_a_file_over_a_missing_one(self):
        self.bind(self.source + "/file", "/etc/deep/name")
        self.assertEqual(self.out("cat /etc/deep/name"), "text")

    def test_a_file_over_one_that_is_there(self):
        self.write("etc/hosts", "image")
        self.bind(self.source + "/file", "/etc/hosts")
        self.assertEqual(self.out("cat /etc/hosts"), "text")
        self.assertEqual(self.read("etc/hosts"), "image")

    def test_a_directory_over_a_file_is_refused(self):
        self.write("etc/hosts", "image")
        self.bind(self.source, "/etc/hosts")
        self.fails("mount /etc/hosts: make directory /etc/hosts: Not a directory")

    def test_a_missing_source_is_named(self):
        self.bind("/no/such/source", "/mnt")
        self.fails("mount /mnt: mount source /no/such/source: No such file")

    def test_without_a_source_is_refused(self):
        self.spec["mounts"].append({"destination": "/mnt", "type": "bind"})
        self.fails("mount /mnt: a bind mount needs a source")

    def test_a_relative_destination_is_below_the_root(self):
        self.bind(self.source, "mnt/relative")
        self.assertEqual(self.out("cat /mnt/relative/file"), "text")

    def test_dots_in_a_destination_stay_below_the_root(self):
        self.bind(self.source, "/../../mnt/../mnt2")
        self.assertEqual(self.out("cat /mnt2/file"), "text")

    def test_read_only(self):
        self.bind(self.source, "/mnt", "ro")
        result = self.run_args("sh", "-c", "echo x >/mnt/file")
        self.assertIn("Read-only file system", result.err)

    def test_a_later_rw_wins(self):
        self.bind(self.source, "/mnt", "ro", "rw")
        self.sh("echo x >/mnt/file")

    def test_flags(self):
        self.bind(self.source, "/mnt", "nosuid", "nodev", "noexec", "noatime", "nodiratime",
                  "nosymfollow")
        self.assertLessEqual({"nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"},
                             self.flags("/mnt"))

    def test_read_only_keeps_the_flags_of_its_source(self):
        """Of a source that is nosuid and nodev, which a plain remount would take away."""
        self.add_mount("/first", "tmpfs", options=["nosuid", "nodev", "noexec"])
        self.bind("/dev/shm", "/mnt", "ro")
        mine = {"ro"}
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            for line in file:
                if line.split()[4] == "/dev/shm":
                    mine = {"ro"} | set(line.split()[5].split(",")) - {"rw"}
        self.assertLessEqual(mine, self.flags("/mnt"))

    def test_an_unknown_option_is_refused(self):
        self.bind(self.source, "/mnt", "size=4k")
        self.fails("mount /mnt: mount option 'size=4k' is none that a bind mount has")

    def test_options_of_superblocks_mean_nothing(self):
        self.bind(self.source, "/mnt", "sync", "dirsync", "silent")
        self.assertNotIn("sync", self.flags("/mnt"))

    def test_idmap_is_refused_by_name(self):
        for word in ("idmap", "ridmap"):
            with self.subTest(word):
                self.bind(self.source, "/mnt", word)
                self.fails(f"mount /mnt: mount option '{word}' is not supported")
                self.spec["mounts"].pop()

    def test_over_the_root_is_refused(self):
        for destination in ("/", "/..", "", "/./"):
            with self.subTest(destination):
                self.bind(self.source, destination)
                result = self.run_bundle()
                self.assertEqual(result.code, 125)
                self.assertRegex(result.err, "root of the container|destination")
                self.spec["mounts"].pop()

    def test_over_the_root_through_a_link_is_refused(self):
        os.symlink("/", self.path("mnt"))
        self.bind(self.source, "/mnt")
        self.fails("mount /mnt: the destination is the root of the container")


class Recursive(MountTest):
    """rbind of a tree: <dir>/source with a tmpfs at <dir>/source/below, in its own namespace."""

    def setUp(self):
        super().setUp()
        self.source = self.host_dir("source")
        os.mkdir(self.source + "/below")

    def run_bundle(self, stdin=None, options=(), **popen):
        self.write_config()
        script = ("mount --make-rprivate / && mount -t tmpfs tmpfs \"$1/below\" && "
                  "touch \"$1/below/deep\" && exec \"$2\" \"$3\"")
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", self.source,
             os.path.abspath(self.exec_bundle()), self.dir], text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=20, check=False)
        return type("Result", (), {"code": done.returncode, "out": done.stdout, "err": done.stderr})

    @staticmethod
    def exec_bundle():
        import harness
        return harness.EXEC_BUNDLE

    def rbind(self, *options):
        self.add_mount("/mnt", "bind", self.source, ["rbind", *options])

    def test_bind_leaves_the_mounts_below_out(self):
        self.bind(self.source, "/mnt")
        self.assertEqual(self.out("ls /mnt/below"), "")

    def test_rbind_takes_them_along(self):
        self.rbind()
        self.assertEqual(self.out("ls /mnt/below"), "deep")

    def test_ro_is_for_the_top_alone(self):
        self.rbind("ro")
        self.sh("touch /mnt/below/new; ! touch /mnt/new 2>/dev/null")

    def test_rro_is_for_all(self):
        self.rbind("rro")
        self.sh("! touch /mnt/below/new 2>/dev/null && ! touch /mnt/new 2>/dev/null")

    def test_other_recursive_flags(self):
        self.rbind("rnosuid", "rnodev", "rnoexec", "rnoatime", "rnodiratime", "rnosymfollow")
        want = {"nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"}
        self.assertLessEqual(want, self.flags("/mnt"))
        self.assertLessEqual(want, self.flags("/mnt/below"))

    def test_rstrictatime(self):
        self.rbind("rstrictatime")
        self.assertFalse({"relatime", "noatime"} & self.flags("/mnt/below"))

    def test_rrw_takes_back_at_the_top(self):
        self.rbind("rro", "rrw", "rrelatime")
        self.sh("touch /mnt/new /mnt/below/new")


class Propagation(MountTest):
    def tags(self, *options):
        self.bind(self.host_dir("source"), "/mnt", *options)
        return [word.split(":")[0] for word in self.info("/mnt")[3]]

    def test_private(self):
        self.assertEqual(self.tags("rprivate"), [])

    def test_none_named_is_not_shared(self):
        self.assertNotIn("shared", self.tags())

    def test_shared(self):
        self.assertEqual(self.tags("rshared"), ["shared"])

    def test_unbindable(self):
        self.assertEqual(self.tags("unbindable"), ["unbindable"])

    def test_the_last_one_counts(self):
        self.assertEqual(self.tags("shared", "private"), [])


class Tmpfs(MountTest):
    def test_options_reach_it(self):
        self.add_mount("/tmp", "tmpfs", options=["size=128k", "nr_inodes=9", "mode=700", "uid=3",
                                                 "gid=4", "nosuid", "noexec", "nodev"])
        flags, kind, options, _ = self.info("/tmp")
        self.assertEqual(kind, "tmpfs")
        self.assertLessEqual({"size=128k", "nr_inodes=9", "mode=700", "uid=3", "gid=4"}, options)
        self.assertLessEqual({"nosuid", "noexec", "nodev"}, flags)

    def test_a_bad_option_is_named(self):
        self.add_mount("/tmp", "tmpfs", options=["size=banana"])
        self.fails("mount /tmp: tmpfs size=banana: ")

    def test_an_unknown_option_is_named(self):
        self.add_mount("/tmp", "tmpfs", options=["colour=red"])
        self.fails("mount /tmp: tmpfs colour=red: ")

    def test_without_a_mode_it_has_the_directorys(self):
        os.chmod(self.path("run"), 0o2750)
        self.add_mount("/run", "tmpfs")
        self.assertEqual(self.out("stat -c %a /run"), "2750")

    def test_superblock_words(self):
        self.add_mount("/tmp", "tmpfs", options=["sync", "dirsync", "lazytime"])
        self.assertLessEqual({"sync", "dirsync", "lazytime"}, self.info("/tmp")[2])

    def test_superblock_words_can_be_taken_back(self):
        self.add_mount("/tmp", "tmpfs", options=["sync", "mand", "iversion", "async", "nomand",
                                                 "loud", "defaults"])
        self.assertNotIn("sync", self.info("/tmp")[2])

    def test_read_only_with_a_mount_in_it(self):
        """A mount point can be made in it before it becomes read-only."""
        self.add_mount("/tmp", "tmpfs", options=["ro"])
        self.add_mount("/tmp/deep/er", "tmpfs")
        self.sh("! touch /tmp/x 2>/dev/null && touch /tmp/deep/er/x")

    def test_through_a_linked_parent(self):
        os.symlink("run", self.path("var"))
        self.add_mount("/var/lock", "tmpfs")
        self.assertEqual(self.info("/run/lock")[1], "tmpfs")

    def test_type_is_missing(self):
        self.spec["mounts"].append({"destination": "/tmp"})
        self.fails("mount /tmp: type: missing")

    def test_an_unknown_type_is_named(self):
        self.add_mount("/tmp", "nosuchfs")
        self.fails("mount /tmp: file system type 'nosuchfs': ")


class TmpCopyUp(MountTest):
    def setUp(self):
        super().setUp()
        self.top = self.path("data")
        os.makedirs(self.top + "/sub/deep")

    def copy_up(self, *options):
        self.add_mount("/data", "tmpfs", options=["tmpcopyup", *options])

    def test_files_owners_and_modes(self):
        self.write("data/sub/file", "text", 0o640)
        os.chown(self.path("data/sub/file"), 5, 6)
        os.chmod(self.path("data/sub"), 0o1770)
        os.chown(self.path("data"), 7, 8)
        self.caps("CAP_DAC_OVERRIDE")
        self.copy_up()
        self.assertEqual(self.out("cd data; cat sub/file; stat -c '%a %u %g' sub sub/file ."),
                         "text1770 0 0\n640 5 6\n755 7 8")
        self.assertEqual(os.listdir(self.top), ["sub"])

    def test_what_is_written_stays_in_it(self):
        self.write("data/file", "image")
        self.copy_up()
        self.sh("echo changed >/data/file")
        self.assertEqual(self.read("data/file"), "image")

    def test_set_user_id_bits_and_times(self):
        self.write("data/file", "", 0o4755)
        os.utime(self.path("data/file"), (1000, 2000))
        self.copy_up()
        self.assertEqual(self.out("stat -c '%a %Y' /data/file"), "4755 2000")

    def test_links_stay_links(self):
        secret = self.host_dir("host", secret="secret")
        os.symlink(secret + "/secret", self.path("data/absolute"))
        os.symlink("../../../../../../etc/passwd", self.path("data/up"))
        os.symlink(secret, self.path("data/dir"))
        self.copy_up()
        self.assertEqual(self.out("cd /data; readlink absolute; readlink up; ls dir 2>&1 | wc -l; "
                                  "cat absolute 2>/dev/null || echo gone"),
                         f"{secret}/secret\n../../../../../../etc/passwd\n1\ngone")

    def test_nodes_and_fifos(self):
        os.mkfifo(self.path("data/fifo"))
        os.chmod(self.path("data/fifo"), 0o620)
        os.mknod(self.path("data/null"), 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        os.chmod(self.path("data/null"), 0o666)
        self.copy_up()
        self.assertEqual(self.out("stat -c '%F %a' /data/fifo /data/null; "
                                  "echo x >/data/null; wc -c </data/null"),
                         "fifo 620\ncharacter special file 666\n0")

    def test_attributes(self):
        self.write("data/file", "")
        os.setxattr(self.path("data/file"), "trusted.mark", b"yes")
        self.copy_up()
        running = self.start()
        pid = running.say("pid").split()[1]
        self.assertEqual(os.getxattr(f"/proc/{pid}/root/data/file", "trusted.mark"), b"yes")

    def test_a_size_that_is_too_small_is_an_error(self):
        with open(self.path("data/big"), "wb") as file:
            file.write(b"x" * 100000)
        self.copy_up("size=4k")
        self.fails("mount /data: tmpcopyup: big: copy: No space left on device")

    def test_a_deep_tree_is_bounded(self):
        where = os.open(self.top, os.O_RDONLY)
        for _ in range(200):
            os.mkdir("d", dir_fd=where)
            where, old = os.open("d", os.O_RDONLY, dir_fd=where), where
            os.close(old)
        os.close(where)
        self.copy_up()
        self.assertIn("more than 128 directories in each other", self.run_bundle().err)

    def test_a_mode_that_is_given_wins(self):
        os.chmod(self.top, 0o711)
        self.copy_up("mode=750")
        self.assertEqual(self.out("stat -c %a /data"), "750")

    def test_an_owner_that_is_given_wins(self):
        os.chown(self.top, 7, 8)
        os.chmod(self.top, 0o2711)
        self.copy_up("uid=9")
        self.assertEqual(self.out("stat -c '%u %g %a' /data"), "9 8 2711")

    def test_a_missing_directory_is_empty(self):
        self.add_mount("/new/dir", "tmpfs", options=["tmpcopyup"])
        self.assertEqual(self.out("ls /new/dir"), "")

    def test_read_only_afterwards(self):
        self.write("data/file", "text")
        self.copy_up("ro")
        self.sh("! touch /data/file 2>/dev/null && [ -s /data/file ]")

    def test_of_another_type_is_refused(self):
        self.add_mount("/data", "ramfs", options=["tmpcopyup"])
        self.fails("mount /data: mount option 'tmpcopyup': the type is ramfs, not tmpfs")


class Kernel(MountTest):
    """proc, sysfs, devpts, mqueue, overlay and cgroups."""

    def test_proc_is_of_the_containers_pid_namespace(self):
        self.assertEqual(self.out("cat /proc/1/comm; ls /proc | grep -c '^[0-9]'")[:2], "sh")
        self.assertLess(int(self.out("ls /proc | grep -c '^[0-9]'")), 5)

    def test_proc_options(self):
        self.spec["mounts"][0]["options"] = ["nosuid", "noexec", "nodev", "hidepid=2"]
        flags, kind, options, _ = self.info("/proc")
        self.assertEqual(kind, "proc")
        self.assertLessEqual({"nosuid", "noexec", "nodev"}, flags)
        self.assertTrue({"hidepid=2", "hidepid=invisible"} & options)

    def test_sysfs_read_only(self):
        self.add_mount("/sys", "sysfs", options=["ro", "nosuid"])
        flags, kind, _, _ = self.info("/sys")
        self.assertEqual(kind, "sysfs")
        self.assertIn("ro", flags)
        self.assertEqual(self.out("ls /sys/class/net"), "lo")

    def test_devpts_options(self):
        self.assertLessEqual({"gid=5", "mode=620", "ptmxmode=666"}, self.info("/dev/pts")[2])

    def test_mqueue(self):
        self.add_mount("/dev/mqueue", "mqueue", options=["nosuid", "noexec", "nodev"])
        self.assertEqual(self.info("/dev/mqueue")[1], "mqueue")

    def test_ramfs(self):
        self.add_mount("/tmp", "ramfs")
        self.assertEqual(self.info("/tmp")[1], "ramfs")

    def test_overlay(self):
        lower, upper, work = (self.host_dir(name) for name in ("lower", "upper", "work"))
        with open(lower + "/file", "w", encoding="utf-8") as file:
            file.write("below")
        self.add_mount("/mnt", "overlay", "overlay",
                       [f"lowerdir={lower}", f"upperdir={upper}", f"workdir={work}"])
        self.assertEqual(self.out("cat /mnt/file; echo x >/mnt/new"), "below")
        self.assertEqual(os.listdir(upper), ["new"])

    def test_overlay_read_only(self):
        one, two = self.host_dir("one", a="a"), self.host_dir("two", b="b")
        self.add_mount("/mnt", "overlay", "overlay", [f"lowerdir={one}:{two}", "ro"])
        self.assertEqual(self.out("ls /mnt"), "a\nb")

    def test_cgroup2_of_its_own_namespace(self):
        self.add_mount("/sys/fs/cgroup", "cgroup2", "cgroup", ["ro", "nosuid"])
        flags, kind, _, _ = self.info("/sys/fs/cgroup")
        self.assertEqual(kind, "cgroup2")
        self.assertIn("ro", flags)

    def test_cgroup2_without_a_namespace_is_the_containers_own(self):
        self.drop_namespace("cgroup")
        self.add_mount("/sys/fs/cgroup", "cgroup2", "cgroup")
        self.assertEqual(self.info("/sys/fs/cgroup")[1], "cgroup2")

    def v1(self):
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            lines = [line.split(":") for line in file]
        self.names = {words[1].removeprefix("name=") for words in lines if words[1]}
        if not self.names or os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
            self.skipTest("the host has cgroups of version 2 only")
        self.add_mount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro", "nosuid", "noexec", "nodev"])

    def test_cgroup_version_1_with_a_namespace(self):
        self.v1()
        self.assertEqual(set(self.out("ls /sys/fs/cgroup").split()), self.names)
        self.assertEqual(self.info("/sys/fs/cgroup")[1], "tmpfs")
        flags, kind, _, _ = self.info("/sys/fs/cgroup/memory")
        self.assertEqual(kind, "cgroup")
        self.assertIn("ro", flags)
        self.assertNotEqual(self.run_args("mkdir", "/sys/fs/cgroup/x").code, 0)

    def test_cgroup_version_1_without_a_namespace_is_read_only(self):
        self.v1()
        self.drop_namespace("cgroup")
        self.spec["mounts"][-1]["options"].remove("ro")
        flags, kind, _, _ = self.info("/sys/fs/cgroup/memory")
        self.assertEqual(kind, "cgroup")
        self.assertIn("ro", flags)


class Proc(MountTest):
    """What may be mounted at and below /proc: runc's rules."""

    def test_below_it_is_refused(self):
        for name in ("/proc/self", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
                     "/proc/1", "/proc/self/attr/exec", "/sys/../proc/acpi", "proc/version"):
            with self.subTest(name):
                self.bind("/dev/null", name)
                self.fails("nothing may be mounted inside /proc here")
                self.spec["mounts"].pop()

    def test_what_lxcfs_emulates_is_allowed(self):
        source = self.host_dir("lxcfs", meminfo="mine\n", uptime="1 1\n")
        self.bind(source + "/meminfo", "/proc/meminfo", "ro")
        self.bind(source + "/uptime", "/proc/uptime")
        self.assertEqual(self.out("cat /proc/meminfo /proc/uptime"), "mine\n1 1")

    def test_over_it_only_a_procfs(self):
        self.bind(self.host_dir("fake"), "/proc")
        self.fails("mount /proc: a bind mount is no procfs")
        self.spec["mounts"].pop()
        self.spec["mounts"][0]["type"] = "tmpfs"
        self.fails("mount /proc: a tmpfs is no procfs")

    def test_a_part_of_a_procfs_is_none(self):
        self.spec["mounts"][0] = {"destination": "/proc", "type": "bind", "source": "/proc/sys",
                                  "options": ["bind"]}
        self.fails("mount /proc: a bind mount is no procfs")

    def test_a_whole_procfs_may_be_bound(self):
        self.spec["mounts"][0] = {"destination": "/proc", "type": "bind", "source": "/proc",
                                  "options": ["rbind", "ro"]}
        self.assertIn("ro", self.flags("/proc"))

    def test_below_it_by_another_name_is_refused(self):
        os.symlink("/proc/sys", self.path("innocent"))
        self.bind(self.host_dir("fake"), "/innocent/kernel")
        self.fails("the destination leads into a procfs")


class Remount(MountTest):
    def remount(self, destination, *options):
        self.spec["mounts"].append({"destination": destination, "type": "tmpfs", "source": "tmpfs",
                                    "options": ["remount", *options]})

    def test_changes_flags_and_keeps_others(self):
        self.add_mount("/tmp", "tmpfs", options=["nosuid"])
        self.remount("/tmp", "ro", "nodev")
        self.assertLessEqual({"ro", "nosuid", "nodev"}, self.flags("/tmp"))

    def test_changes_the_file_system(self):
        self.add_mount("/tmp", "tmpfs", options=["size=64k"])
        self.remount("/tmp", "size=128k")
        self.assertIn("size=128k", self.info("/tmp")[2])

    def test_of_what_is_no_mount_is_refused(self):
        self.remount("/tmp", "ro")
        self.fails("mount /tmp: mount option 'remount': nothing is mounted there")

    def test_of_what_is_missing_is_refused(self):
        self.remount("/missing", "ro")
        self.fails("mount /missing: open the mount to be changed: No such file")


class InAUserNamespace(MountTest):
    def setUp(self):
        super().setUp()
        self.use_user_namespace()

    def test_all_types(self):
        self.add_mount("/sys", "sysfs", options=["ro"])
        self.add_mount("/dev/mqueue", "mqueue")
        self.add_mount("/dev/shm", "tmpfs", options=["mode=1777", "size=64k"])
        self.add_mount("/sys/fs/cgroup", "cgroup2", "cgroup", ["ro"])
        out = self.out("cat /proc/mounts; touch /dev/shm/x && echo written")
        for kind in ("sysfs", "mqueue", "cgroup2", "devpts", "proc"):
            self.assertIn(f" {kind} ", out)
        self.assertIn("written", out)

    def test_sysfs_of_a_network_of_others(self):
        self.drop_namespace("network")
        self.add_mount("/sys", "sysfs", options=["ro"])
        self.assertIn("kernel", self.out("ls /sys"))

    def test_mqueue_of_an_ipc_namespace_of_others(self):
        self.drop_namespace("ipc")
        self.add_mount("/dev/mqueue", "mqueue")
        self.assertEqual(self.info("/dev/mqueue")[1], "mqueue")

    def test_a_source_that_only_the_agent_reaches(self):
        source = self.host_dir("private/inner", file="text")
        os.chmod(os.path.dirname(source), 0o700)
        self.bind(source, "/mnt", "ro")
        self.assertEqual(self.out("cat /mnt/file"), "text")

    def test_a_root_that_only_the_agent_reaches(self):
        os.chmod(self.dir, 0o700)
        self.assertEqual(self.out("id -u"), "0")
