/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot-test.c - the /init of boot-test: looks at the kernel from inside and tells
 *
 * Every line on the console that begins with "@" is for the script: "@pid1" as the very first thing,
 * "@ok NAME" or "@bad NAME: WHY" per check, "@config" lines with /proc/config.gz in hexadecimal, "@end".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG_LINE 64u /* bytes of config.gz per line */

static const char *const file_systems[] = { "9p",	"virtiofs", "overlay",	 "ext4",	"squashfs",
					    "erofs",	"tmpfs",    "devtmpfs",	 "fuse",	"nfs",
					    "nfs4",	"cgroup",   "cgroup2",	 "hugetlbfs",	"mqueue",
					    "autofs",	"bpf",	    "binfmt_misc" };

static const char *const controllers_v1[] = { "cpuset", "cpu",	   "cpuacct", "blkio",	 "memory",  "devices",
					      "freezer", "net_cls", "net_prio", "hugetlb", "pids" };

static const char *const controllers_v2[] = { "cpuset", "cpu", "io", "memory", "hugetlb", "pids" };

static const char *const namespaces[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };

/* Files that are there only when the feature is. */
static const char *const files[] = {
	"/proc/net/nf_conntrack",	"/proc/net/ip_vs",	 "/proc/net/ip_tables_names",
	"/proc/net/ip6_tables_names",	"/proc/net/vlan/config", "/proc/net/if_inet6",
	"/proc/sysvipc/shm",		"/proc/sys/fs/mqueue",	 "/proc/sys/kernel/seccomp/actions_avail",
	"/proc/self/io",		"/dev/net/tun",		 "/dev/fuse",
	"/dev/loop-control",		"/dev/vsock",		 "/dev/rtc0",
	"/dev/hwrng",			"/dev/ptmx",		 "/dev/vport1p1",
};

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "io_uring_setup", SYS_io_uring_setup }, { "io_setup", SYS_io_setup },
	{ "bpf", SYS_bpf },			  { "userfaultfd", SYS_userfaultfd },
	{ "memfd_create", SYS_memfd_create },	  { "name_to_handle_at", SYS_name_to_handle_at },
	{ "kcmp", SYS_kcmp },			  { "add_key", SYS_add_key },
	{ "mq_open", SYS_mq_open },		  { "shmget", SYS_shmget },
	{ "fanotify_init", SYS_fanotify_init },	  { "inotify_init1", SYS_inotify_init1 },
	{ "membarrier", SYS_membarrier },	  { "rseq", SYS_rseq },
	{ "timer_create", SYS_timer_create },	  { "timerfd_create", SYS_timerfd_create },
	{ "signalfd4", SYS_signalfd4 },		  { "eventfd2", SYS_eventfd2 },
	{ "process_vm_readv", SYS_process_vm_readv }, { "mbind", SYS_mbind },
	{ "pidfd_open", SYS_pidfd_open },	  { "openat2", SYS_openat2 },
	{ "get_robust_list", SYS_get_robust_list }, { "seccomp", SYS_seccomp },
	{ "swapon", SYS_swapon },		  { "madvise", SYS_madvise },
};

static void say(bool ok, const char *name, const char *why)
{
	if (ok)
		printf("@ok %s\n", name);
	else
		printf("@bad %s: %s\n", name, why);
}

static bool check(bool ok, const char *fmt, ...)
{
	const char *why = ok ? "" : strerror(errno);
	char name[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	say(ok, name, why);
	return ok;
}

/* Reads a whole small file; an empty string when there is none. */
static const char *slurp(const char *path)
{
	static char text[65536];
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	text[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return text;
	while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return text;
}

/* Whether @word stands in @text between white space. */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *p = text;

	while ((p = strstr(p, word))) {
		if ((p == text || strchr(" \t\n", p[-1])) && strchr(" \t\n", p[len]))
			return true;
		p += len;
	}
	errno = ENOENT;
	return false;
}

static void check_lists(void)
{
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++)
		check(has_word(slurp("/proc/filesystems"), file_systems[i]), "file system %s", file_systems[i]);
	for (i = 0; i < sizeof(controllers_v1) / sizeof(controllers_v1[0]); i++)
		check(has_word(slurp("/proc/cgroups"), controllers_v1[i]), "cgroup v1 controller %s",
		      controllers_v1[i]);
	for (i = 0; i < sizeof(controllers_v2) / sizeof(controllers_v2[0]); i++)
		check(has_word(slurp("/sys/fs/cgroup/cgroup.controllers"), controllers_v2[i]),
		      "cgroup v2 controller %s", controllers_v2[i]);
	for (i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", namespaces[i]);
		check(access(path, F_OK) == 0, "namespace %s", namespaces[i]);
	}
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check(access(files[i], F_OK) == 0, "%s", files[i]);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		check(syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L, -1L) >= 0 || errno != ENOSYS, "system call %s",
		      calls[i].name);
}

static void check_socket(int family, int type, int protocol, const char *name)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (check(fd >= 0, "socket %s", name))
		close(fd);
}

static void check_sockets(void)
{
	check_socket(AF_UNIX, SOCK_STREAM, 0, "unix");
	check_socket(AF_INET, SOCK_STREAM, 0, "inet");
	check_socket(AF_INET6, SOCK_STREAM, 0, "inet6");
	check_socket(AF_PACKET, SOCK_RAW, 0, "packet");
	check_socket(AF_VSOCK, SOCK_STREAM, 0, "vsock");
	check_socket(AF_NETLINK, SOCK_RAW, 0, "netlink route");
	check_socket(AF_NETLINK, SOCK_RAW, 4, "netlink sock_diag");
	check_socket(AF_NETLINK, SOCK_RAW, 12, "netlink netfilter");
	check(access("/sys/class/net/lo", F_OK) == 0 && access("/sys/class/net/dummy0", F_OK) < 0,
	      "no network link but lo");
}

/* A filter that refuses getppid(2) with EPERM, tried in a child. */
static void check_seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };
	int status = -1;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
			_exit(1);
		_exit(syscall(SYS_getppid) == -1 && errno == EPERM && syscall(SYS_getuid) == 0 ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	errno = ENOTSUP;
	check(status == 0, "seccomp filter refuses a call and allows another");
	check(strcmp(slurp("/proc/sys/net/core/bpf_jit_enable"), "1\n") == 0, "BPF programs are compiled");
}

/* A device program on cgroup v2 that refuses everything. */
static void check_device_program(void)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = (unsigned long)code,
				.insn_cnt = 2,
				.license = (unsigned long)"Apache-2.0" };
	union bpf_attr attach = { .attach_type = BPF_CGROUP_DEVICE };
	int program, group, status = -1;
	pid_t pid;

	mkdir("/sys/fs/cgroup/t", 0755);
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	group = open("/sys/fs/cgroup/t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attach.target_fd = (unsigned)group;
	attach.attach_bpf_fd = (unsigned)program;
	if (!check(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) == 0, "BPF device program attaches"))
		return;
	pid = fork();
	if (pid == 0) {
		int fd = open("/sys/fs/cgroup/t/cgroup.procs", O_WRONLY);

		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(1);
		_exit(open("/dev/null", O_RDONLY) < 0 && errno == EPERM ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	errno = ENOTSUP;
	check(status == 0, "BPF device program refuses /dev/null");
}

static bool new_file(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void check_share(const char *type, const char *tag, const char *options)
{
	mkdir("/p", 0755);
	check(mount(tag, "/p", type, 0, options) == 0 && access("/p/hello", F_OK) == 0,
	      "%s share mounts, its file is there", type);
	umount("/p");
}

static void check_mounts(void)
{
	mkdir("/t", 0755);
	check(mount("t", "/t", "tmpfs", 0, "") == 0, "tmpfs mounts");
	mkdir("/t/l", 0755);
	mkdir("/t/u", 0755);
	mkdir("/t/w", 0755);
	mkdir("/t/m", 0755);
	check(mount("o", "/t/m", "overlay", 0, "lowerdir=/t/l,upperdir=/t/u,workdir=/t/w") == 0 &&
		      new_file("/t/m/file") && access("/t/u/file", F_OK) == 0,
	      "overlay mounts, a file goes to the upper layer");
	check_share("9p", "share9p", "trans=virtio,version=9p2000.L,msize=512000,cache=mmap");
	if (getenv("virtiofs"))
		check_share("virtiofs", "sharefs", "");
}

/* In a child: PID 1 in a user namespace could no longer power off. */
static void check_unshare(void)
{
	const int all = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP |
			CLONE_NEWUSER | CLONE_NEWPID;
	int status = -1;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(unshare(all) == 0 && syscall(SYS_unshare, 0x80 /* CLONE_NEWTIME */) == 0 ? 0 : 1);
	waitpid(pid, &status, 0);
	errno = ENOTSUP;
	check(status == 0, "new namespaces of all kinds");
}

static void print_config(void)
{
	unsigned char bytes[CONFIG_LINE];
	ssize_t n, i;
	int fd;

	fd = open("/proc/config.gz", O_RDONLY | O_CLOEXEC);
	if (!check(fd >= 0, "/proc/config.gz"))
		return;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		printf("@config ");
		for (i = 0; i < n; i++)
			printf("%02x", bytes[i]);
		printf("\n");
	}
	close(fd);
}

/* The kernel hands on its command line: bare words as arguments, name=value as environment. */
int main(int argc, char **argv)
{
	static const char first[] = "@pid1\n";

	if (getpid() != 1)
		return 1;
	if (write(STDOUT_FILENO, first, sizeof(first) - 1) < 0)
		return 1;
	if (argc > 1 && strcmp(argv[1], "only-boot") == 0)
		reboot(RB_POWER_OFF);

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	check(mount("proc", "/proc", "proc", 0, "") == 0, "proc mounts");
	check(mount("sysfs", "/sys", "sysfs", 0, "") == 0, "sysfs mounts");
	check(mount("dev", "/dev", "devtmpfs", 0, "") == 0, "devtmpfs mounts");
	check(mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, "") == 0, "cgroup2 mounts");
	printf("@version %s", slurp("/proc/version"));
	printf("@uptime %s", slurp("/proc/uptime"));
	printf("@memory %s", slurp("/proc/meminfo"));

	check_lists();
	check_sockets();
	check_seccomp();
	check_device_program();
	check_mounts();
	check_unshare();
	print_config();
	printf("@end\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
