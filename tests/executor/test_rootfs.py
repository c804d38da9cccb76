# SPDX-License-Identifier: Apache-2.0
"""The root itself: read-only, propagation, masked and read-only paths, sysctl."""
import os
import subprocess

import harness
from harness import ExecutorTest


class Root(ExecutorTest):
    def test_is_writable(self):
        self.sh("echo x >/file")
        self.assertEqual(self.read("file"), "x\n")

    def test_read_only(self):
        self.spec["root"]["readonly"] = True
        self.sh("! touch /file 2>/dev/null && touch /dev/file")

    def test_read_only_leaves_the_host_writable(self):
        self.spec["root"]["readonly"] = True
        self.start()
        self.write("file", "x")

    def test_a_missing_one_is_named(self):
        self.spec["root"]["path"] = "missing"
        self.fails(f"root {self.dir}/missing: No such file or directory")

    def test_a_file_is_none(self):
        self.spec["root"]["path"] = "config.json"
        self.fails(f"root {self.dir}/config.json: not a directory")

    def test_a_link_to_it_is_followed(self):
        os.symlink("rootfs", self.dir + "/link")
        self.spec["root"]["path"] = "link"
        self.sh("true")

    def test_nothing_of_the_host_is_mounted_in_it(self):
        mounts = [line.split()[4] for line in self.out("cat /proc/self/mountinfo").splitlines()]
        self.assertEqual(sorted(mounts), ["/", "/dev", "/dev/pts", "/proc"])

    def test_above_it_is_nothing(self):
        self.assertEqual(self.out("cd ../../..; pwd; ls -d /../../../bin"), "/\n/../../../bin")

    def test_the_hosts_mounts_are_as_before(self):
        """Even where all of them are shared, and everything in the container would be, too."""
        self.bind(self.host_dir("source"), "/mnt")
        self.write_config()
        script = ('mount --make-rprivate / && mount --make-rshared / && cd "$2" && '
                  'cat /proc/self/mountinfo >before && "$1" . && '
                  'cat /proc/self/mountinfo >after && cmp before after')
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", os.path.abspath(harness.EXEC_BUNDLE),
             self.dir], text=True, capture_output=True, timeout=20, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class Propagation(ExecutorTest):
    def tags(self, word):
        if word:
            self.spec["linux"]["rootfsPropagation"] = word
        line = self.out("grep ' / / \\| / rw' /proc/self/mountinfo | head -1; "
                        "sed -n 1p /proc/self/mountinfo")
        for text in line.splitlines():
            words = text.split()
            if words[4] == "/":
                return [tag.split(":")[0] for tag in words[6:words.index("-")]]
        return None

    def test_each_word(self):
        want = {None: [], "private": [], "rprivate": [], "slave": [], "rslave": [],
                "shared": ["shared"], "rshared": ["shared"], "unbindable": ["unbindable"],
                "runbindable": ["unbindable"]}
        for word, tags in want.items():
            with self.subTest(word):
                self.assertEqual(self.tags(word), tags)

    def test_another_word_is_refused(self):
        self.spec["linux"]["rootfsPropagation"] = "sideways"
        self.fails("linux.rootfsPropagation: 'sideways' is not")

    def with_shared_source(self, *options, propagation=None):
        """Binds a shared mount, mounts below it later, and says what the container sees."""
        source = self.host_dir("source")
        os.mkdir(source + "/late")
        if propagation:
            self.spec["linux"]["rootfsPropagation"] = propagation
        self.add_mount("/mnt", "bind", source, ["rbind", *options])
        self.spec["process"]["args"] = [
            "sh", "-c", "touch /mnt/ready; for i in $(seq 500); do "
            "[ -e /mnt/mounted ] && break; sleep 0.01; done; ls /mnt/late; "
            "grep ' /mnt ' /proc/self/mountinfo | grep -oE 'shared|master'; true"]
        self.write_config()
        script = ('mount --make-rprivate / && mount --bind "$1" "$1" && mount --make-shared "$1"; '
                  '"$2" "$3" & '
                  'for i in $(seq 500); do [ -e "$1/ready" ] && break; sleep 0.01; done; '
                  'mount -t tmpfs tmpfs "$1/late"; touch "$1/late/seen" "$1/mounted"; wait $!')
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", source,
             os.path.abspath(harness.EXEC_BUNDLE), self.dir], text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=20, check=False)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout.split()

    def test_a_slave_sees_what_is_mounted_later(self):
        self.assertEqual(self.with_shared_source("rslave"), ["seen", "master"])

    def test_a_private_one_does_not(self):
        self.assertEqual(self.with_shared_source("rprivate"), [])

    def test_one_without_a_word_is_a_slave(self):
        """What the container mounts there would otherwise be seen by all."""
        self.assertEqual(self.with_shared_source(), ["seen", "master"])

    def test_of_a_private_root_it_is_private(self):
        self.assertEqual(self.with_shared_source(propagation="rprivate"), [])

    def test_a_shared_one_is_shared_among_the_containers_own(self):
        self.assertEqual(self.with_shared_source("rshared"), ["seen", "shared", "master"])

    def test_of_a_shared_root_it_is_shared_with_all(self):
        self.assertEqual(self.with_shared_source("rshared", propagation="rshared"),
                         ["seen", "shared"])


class Masked(ExecutorTest):
    def mask(self, *paths):
        self.spec["linux"]["maskedPaths"] = list(paths)

    def test_a_file_is_the_null_device(self):
        self.mask("/proc/version", "/proc/kallsyms")
        self.assertEqual(self.out("cat /proc/version /proc/kallsyms | wc -c; "
                                  "[ -c /proc/version ] && echo null"), "0\nnull")

    def test_a_directory_is_empty_and_cannot_be_written(self):
        self.mask("/etc", "/proc/sys", "/proc/driver")
        self.sh("[ -z \"$(ls /etc /proc/sys | grep -v :)\" ] && ! touch /etc/x 2>/dev/null")

    def test_a_missing_one_is_nothing(self):
        self.mask("/no/such", "/bin/busybox/below")
        self.sh("true")

    def test_through_a_link_hides_what_it_leads_to(self):
        os.mkdir(self.path("secret"))
        self.write("secret/file", "secret")
        os.symlink("/secret", self.path("link"))
        self.mask("/link")
        self.assertEqual(self.out("cat /secret/file 2>/dev/null || echo hidden"), "hidden")

    def test_a_magic_link_is_refused(self):
        self.mask("/proc/self/exe")
        self.fails("masked path /proc/self/exe: open: Too many levels of symbolic links")

    def test_a_mask_cannot_be_read_under_by_remounting_it(self):
        self.mask("/etc")
        self.caps("CAP_SYS_ADMIN")
        self.sh("mount -o remount,rw /etc 2>/dev/null; ! touch /etc/x 2>/dev/null")

    def test_in_a_user_namespace(self):
        self.use_user_namespace()
        self.mask("/proc/version", "/etc")
        self.assertEqual(self.out("cat /proc/version; ls /etc"), "")


class ReadOnly(ExecutorTest):
    def test_paths(self):
        self.spec["linux"]["readonlyPaths"] = ["/etc", "/proc/sys", "/missing"]
        self.caps("CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE")
        self.sh("! touch /etc/x 2>/dev/null && touch /run/x && "
                "! echo other 2>/dev/null >/proc/sys/kernel/domainname")

    def test_flags_of_the_mount_are_kept(self):
        self.add_mount("/data", "tmpfs", options=["nosuid", "nodev", "noexec"])
        self.add_mount("/data/sub", "tmpfs", options=["nosuid"])
        self.spec["linux"]["readonlyPaths"] = ["/data"]
        lines = self.out("cat /proc/self/mountinfo").splitlines()
        flags = [line.split()[5] for line in lines if line.split()[4].startswith("/data")]
        self.assertIn("ro,nosuid,nodev,noexec,relatime", flags)
        self.sh("! touch /data/sub/x 2>/dev/null")

    def test_in_a_user_namespace(self):
        self.use_user_namespace()
        self.spec["linux"]["readonlyPaths"] = ["/proc/sys", "/etc"]
        self.sh("! touch /etc/x 2>/dev/null")


class Sysctl(ExecutorTest):
    def set(self, **pairs):
        self.spec["linux"]["sysctl"] = {key.replace("__", "."): value
                                        for key, value in pairs.items()}

    def test_of_the_network(self):
        self.set(net__ipv4__ip_forward="1")
        self.assertEqual(self.out("cat /proc/sys/net/ipv4/ip_forward"), "1")

    def test_of_the_network_with_slashes(self):
        self.spec["linux"]["sysctl"] = {"net/ipv4/conf/lo/forwarding": "1"}
        self.assertEqual(self.out("cat /proc/sys/net/ipv4/conf/lo/forwarding"), "1")

    def test_of_ipc(self):
        self.set(kernel__msgmax="4096", kernel__sem="250 32000 100 129",
                 fs__mqueue__msg_max="7", kernel__shm_rmid_forced="1")
        self.assertEqual(self.out("cd /proc/sys; cat kernel/msgmax fs/mqueue/msg_max"), "4096\n7")

    def test_several_without_a_proc_mount(self):
        del self.spec["mounts"][0]
        self.set(kernel__msgmax="4096")
        self.sh("true")

    def test_read_only_proc_is_no_hindrance(self):
        self.set(net__ipv4__ip_forward="1")
        self.spec["linux"]["readonlyPaths"] = ["/proc/sys"]
        self.assertEqual(self.out("cat /proc/sys/net/ipv4/ip_forward"), "1")

    def test_what_is_the_guests_is_refused_by_name(self):
        for key in ("kernel.core_pattern", "vm.overcommit_memory", "fs.file-max", "kernel.msg",
                    "kernel.shm_other", "kernel.modprobe", "user.max_user_namespaces"):
            with self.subTest(key):
                self.spec["linux"]["sysctl"] = {key: "1"}
                self.fails(f"linux.sysctl: '{key}' is not the container's own")

    def test_the_domain_name_of_docker(self):
        self.set(kernel__domainname="example.test")
        self.assertEqual(self.out("cat /proc/sys/kernel/domainname"), "example.test")

    def test_the_domain_name_without_its_namespace_is_refused(self):
        self.drop_namespace("uts")
        self.spec.pop("hostname", None)
        self.set(kernel__domainname="x")
        self.fails("linux.sysctl: 'kernel.domainname' needs a uts namespace")

    def test_names_of_the_container_are_not_sysctls(self):
        self.set(kernel__hostname="x")
        self.fails("linux.sysctl: 'kernel.hostname' is set by the configuration's hostname")
        self.spec["domainname"] = "one"
        self.set(kernel__domainname="other")
        self.fails("linux.sysctl: 'kernel.domainname' is set by the configuration's domainname")

    def test_ipc_without_its_namespace_is_refused(self):
        self.drop_namespace("ipc")
        self.set(kernel__msgmax="4096")
        self.fails("linux.sysctl: 'kernel.msgmax' needs an ipc namespace")

    def test_network_without_its_namespace_is_refused(self):
        self.drop_namespace("network")
        self.set(net__ipv4__ip_forward="1")
        self.fails("linux.sysctl: 'net.ipv4.ip_forward' needs a network namespace")

    def test_dots_lead_nowhere(self):
        for key in ("net/../kernel/core_pattern", "net//ipv4", "net..", "../net/x"):
            with self.subTest(key):
                self.spec["linux"]["sysctl"] = {key: "1"}
                self.fails(f"linux.sysctl: '{key}' is not a key")

    def test_an_unknown_one_is_named(self):
        self.set(net__no__such="1")
        self.fails("linux.sysctl: 'net.no.such': procfs: open sys/net/no/such: No such file")

    def test_a_bad_value_is_named(self):
        self.set(net__ipv4__ip_forward="banana")
        self.fails("linux.sysctl: 'net.ipv4.ip_forward': procfs: write 'banana' to "
                   "sys/net/ipv4/ip_forward: Invalid argument")
