# SPDX-License-Identifier: Apache-2.0
"""/dev: default devices, linux.devices, links, and what a privileged container gets."""
import os
import stat

from harness import ExecutorTest

DEFAULTS = {"null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9",
            "tty": "5:0"}


class DeviceTest(ExecutorTest):
    def device(self, path, kind="c", major=1, minor=3, **more):
        self.spec["linux"].setdefault("devices", []).append(
            {"path": path, "type": kind, "major": major, "minor": minor, **more})

    def stat(self, *names, fmt="%F %t:%T %a %u:%g"):
        return self.out(f"stat -c '{fmt}' {' '.join(names)}").splitlines()


class Defaults(DeviceTest):
    def test_all_are_there(self):
        names = " ".join("/dev/" + name for name in DEFAULTS)
        want = ["character special file {:x}:{:x} 666 0:0".format(*map(int, n.split(":")))
                for n in DEFAULTS.values()]
        self.assertEqual(self.stat(names), want)

    def test_nothing_else_is(self):
        core = {"core"} if os.path.exists("/proc/kcore") else set()
        self.assertEqual(set(self.out("ls /dev").split()),
                         set(DEFAULTS) | core | {"fd", "stdin", "stdout", "stderr", "ptmx", "pts"})

    def test_links(self):
        self.assertEqual(
            self.out("for i in fd stdin stdout stderr ptmx; do readlink /dev/$i; done").split(),
            ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx"])

    def test_core_is_a_link_where_the_kernel_has_one(self):
        got = self.run_args("readlink", "/dev/core").out.strip()
        self.assertEqual(got, "/proc/kcore" if os.path.exists("/proc/kcore") else "")

    def test_they_work(self):
        self.assertEqual(self.out("echo lost >/dev/null; head -c 4 /dev/zero | wc -c; "
                                  "head -c 4 /dev/urandom | wc -c; echo x 2>&1 >/dev/full | wc -l"),
                         "4\n4\n1")

    def test_without_a_mount_at_dev_they_are_in_the_image(self):
        self.spec["mounts"] = self.spec["mounts"][:1]
        self.sh("echo lost >/dev/null && [ -c /dev/tty ] && [ -L /dev/ptmx ]")

    def test_those_that_the_image_has_are_kept(self):
        self.spec["mounts"] = self.spec["mounts"][:1]
        os.mknod(self.path("dev/null"), 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        os.chmod(self.path("dev/null"), 0o622)
        self.assertEqual(self.stat("/dev/null"), ["character special file 1:3 622 0:0"])

    def test_another_file_in_the_image_is_refused(self):
        self.spec["mounts"] = self.spec["mounts"][:1]
        self.write("dev/zero", "")
        self.fails("device /dev/zero: something else is in its place")

    def test_the_images_own_ptmx_is_replaced(self):
        self.spec["mounts"] = self.spec["mounts"][:1]
        os.mknod(self.path("dev/ptmx"), 0o666 | stat.S_IFCHR, os.makedev(5, 2))
        self.assertEqual(self.out("readlink /dev/ptmx"), "pts/ptmx")

    def test_a_dev_that_is_bound_is_left_alone(self):
        source = self.host_dir("dev", mine="")
        self.spec["mounts"][1] = {"destination": "/dev", "type": "bind", "source": source,
                                  "options": ["rbind"]}
        del self.spec["mounts"][2]
        self.assertEqual(self.out("ls /dev"), "mine")

    def test_a_read_only_dev_has_them_all(self):
        self.spec["mounts"][1]["options"].append("ro")
        self.spec["process"]["terminal"] = True
        self.sh("! touch /dev/x 2>/dev/null && [ -c /dev/null ] && [ -d /dev/pts ] && "
                "[ -c /dev/console ] && echo x >/dev/null")


class Listed(DeviceTest):
    def test_mode_and_owner(self):
        self.device("/dev/kmsg", "c", 1, 11, fileMode=0o640, uid=3, gid=4)
        self.assertEqual(self.stat("/dev/kmsg"), ["character special file 1:b 640 3:4"])

    def test_without_a_mode_it_is_666(self):
        self.device("/dev/x")
        self.assertEqual(self.stat("/dev/x", fmt="%a"), ["666"])

    def test_unbuffered_is_a_character_device(self):
        self.device("/dev/x", "u")
        self.assertEqual(self.stat("/dev/x"), ["character special file 1:3 666 0:0"])

    def test_block(self):
        disks = os.listdir("/sys/dev/block")
        if not disks:
            self.skipTest("there is no disk here")
        major, minor = (int(n) for n in disks[0].split(":"))
        self.device("/dev/disk/x", "b", major, minor, fileMode=0o600)
        self.assertEqual(self.stat("/dev/disk/x"),
                         [f"block special file {major:x}:{minor:x} 600 0:0"])

    def test_what_the_guest_has_no_driver_for_is_refused(self):
        for letter, word in (("c", "character"), ("b", "block")):
            self.spec["linux"]["devices"] = []
            self.device("/dev/thing", letter, 4001, 70000)
            self.fails(f"device /dev/thing ({word} 4001:70000): the guest has no such device")

    def test_fifo(self):
        self.device("/dev/fifo", "p", fileMode=0o622, uid=5)
        self.assertEqual(self.stat("/dev/fifo", fmt="%F %a %u"), ["fifo 622 5"])

    def test_a_default_one_with_another_mode_wins(self):
        self.device("/dev/null", fileMode=0o600, uid=7, gid=8)
        self.assertEqual(self.stat("/dev/null"), ["character special file 1:3 600 7:8"])

    def test_twice_the_same_is_once(self):
        self.device("/dev/x", fileMode=0o600)
        self.device("/dev//./x", fileMode=0o644)
        self.assertEqual(self.stat("/dev/x", fmt="%a"), ["644"])

    def test_twice_differently_is_refused(self):
        self.device("/dev/x")
        self.device("/dev/x", minor=5)
        self.fails("device /dev/x: it is in linux.devices twice, differently")

    def test_outside_dev(self):
        self.device("/opt/deep/null")
        self.assertEqual(self.stat("/opt/deep/null", fmt="%F"), ["character special file"])

    def test_a_path_with_dots_stays_inside(self):
        self.device("/dev/../../../opt/null")
        self.assertEqual(self.stat("/opt/null", fmt="%F"), ["character special file"])

    def test_in_a_directory_that_is_a_link(self):
        outside = self.host_dir("outside")
        os.symlink(outside, self.path("opt"))
        self.device("/opt/null")
        self.sh(f"[ -c {outside}/null ]")
        self.assertEqual(os.listdir(outside), [])

    def test_below_a_mount_in_dev(self):
        self.add_mount("/dev/shm", "tmpfs")
        self.device("/dev/shm/null")
        self.assertEqual(self.stat("/dev/shm/null", fmt="%F"), ["character special file"])

    def test_an_unknown_type_is_refused(self):
        self.device("/dev/x", "q")
        self.fails("linux.devices[0].type: 'q' is not one of c, b, u, p")

    def test_a_number_out_of_range_is_refused(self):
        self.device("/dev/x", "c", 4096, 0)
        self.fails("linux.devices[0].major: 4096 is not 0 to 4095")

    def test_the_root_is_no_device(self):
        self.device("/dev/..")
        self.fails("the path names no file")


class Privileged(DeviceTest):
    def setUp(self):
        super().setUp()
        self.spec["linux"]["resources"]["devices"] = [{"allow": True, "access": "rwm"}]
        self.disks = [name for name in os.listdir("/dev")
                      if stat.S_ISBLK(os.lstat("/dev/" + name).st_mode)]

    def test_gets_what_the_guest_has(self):
        have = set(self.out("ls /dev").split())
        for name in ("kmsg", "mem", "vda", "fuse"):
            if os.path.exists("/dev/" + name):
                self.assertIn(name, have)

    def test_what_the_guest_has_no_driver_for_is_left_out(self):
        self.spec["linux"]["devices"] = [
            {"path": "/dev/thing", "type": "c", "major": 4001, "minor": 70000},
            {"path": "/dev/other-zero", "type": "c", "major": 1, "minor": 5}]
        have = set(self.out("ls /dev").split())
        self.assertNotIn("thing", have)
        self.assertIn("other-zero", have)

    def test_but_not_a_disk_of_the_guest_itself(self):
        if not self.disks:
            self.skipTest("there is no disk here")
        rdev = os.stat("/dev/" + self.disks[0]).st_rdev
        self.spec["process"]["args"] = ["ls", "/dev"]
        result = self.run_bundle(options=["--deny", f"{os.major(rdev)}:{os.minor(rdev)}"])
        self.assertEqual(result.code, 0, result)
        self.assertNotIn(self.disks[0], result.out.split())
        if len(self.disks) > 1:
            self.assertIn(self.disks[1], result.out.split())

    def test_an_ordinary_one_gets_nothing_more(self):
        self.spec["linux"]["resources"]["devices"] = [
            {"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "access": "m"}]
        self.assertFalse(set(self.disks) & set(self.out("ls /dev").split()))


class InAUserNamespace(DeviceTest):
    def setUp(self):
        super().setUp()
        self.use_user_namespace()

    def test_devices_are_owned_by_its_root(self):
        self.assertEqual(self.stat("/dev", "/dev/null", "/dev/ptmx", fmt="%u:%g"), ["0:0"] * 3)
        self.sh("echo lost >/dev/null; touch /dev/new")

    def test_listed_owners_are_mapped(self):
        self.device("/dev/net/x", uid=3, gid=4, fileMode=0o640)
        self.assertEqual(self.stat("/dev/net", "/dev/net/x", fmt="%a %u:%g"),
                         ["755 0:0", "640 3:4"])

    def test_an_owner_that_is_not_mapped_is_refused(self):
        self.device("/dev/x", uid=70000)
        self.fails("device /dev/x: linux.uidMappings has no place for uid 70000")

    def test_outside_dev_the_guests_own_is_bound(self):
        """mknod(2) is not allowed there: where the path is that of a device of the guest."""
        self.spec["mounts"] = self.spec["mounts"][:1]
        self.assertEqual(self.stat("/dev/null", fmt="%F %t:%T"), ["character special file 1:3"])
        self.sh("echo lost >/dev/null")  # and once more over the files that were made

    def test_a_file_of_the_image_is_not_covered(self):
        self.spec["mounts"] = self.spec["mounts"][:1]
        self.write("dev/zero", "text")
        self.fails("device /dev/zero: something else is in its place")

    def test_where_the_guest_has_none_it_is_refused(self):
        self.device("/opt/null")
        self.fails("device /opt/null: it cannot be made here, and to bind the guest's: No such")

    def test_a_fifo_can_be_made(self):
        self.device("/opt/fifo", "p", uid=5)
        self.assertEqual(self.stat("/opt/fifo", fmt="%F %u"), ["fifo 5"])


