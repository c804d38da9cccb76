/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/procfs.h"
#include "base/str.h"
#include "tests/unit/child.h"
#include "tests/unit/tmp.h"

/* A mount namespace of the child's own, where nothing leaks to the outside. */
static bool private_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* A user namespace whose owner may mount, but not make a procfs: not its pid namespace. */
static bool private_user(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool bind(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND, NULL) == 0;
}

static bool file_holds(const char *path, const char *text)
{
	CLEANUP(free) char *found = NULL;
	struct err err = { 0 };

	return file_read(path, 4096, &found, NULL, &err) == 0 && str_eq(found, text);
}

/* What the kernel's own file says, through @proc. */
static bool proc_holds(int proc, const char *path, const char *text)
{
	struct err err = { 0 };
	CLEANUP(close) int fd = procfs_open_file(proc, path, O_RDONLY, &err);
	char data[256] = { 0 };

	return fd >= 0 && read(fd, data, sizeof(data) - 1) >= 0 && str_eq(data, text);
}

TEST(it_is_a_procfs_and_close_on_exec)
{
	struct err err = { 0 };
	CLEANUP(close) int proc = procfs_open(&err);
	struct statfs fs;

	assert_true(proc >= 0);
	assert_int_equal(fstatfs(proc, &fs), 0);
	assert_int_equal(fs.f_type, PROC_SUPER_MAGIC);
	assert_int_equal(fcntl(proc, F_GETFD), FD_CLOEXEC);
}

static int write_own_score(const void *arg __attribute__((unused)))
{
	struct err err = { 0 };
	int proc = procfs_open(&err);

	CHILD_CHECK(procfs_write(proc, "self/oom_score_adj", "987", &err) == 0);
	CHILD_CHECK(file_holds("/proc/self/oom_score_adj", "987\n"));
	CHILD_CHECK(procfs_write(proc, "thread-self/oom_score_adj", "988", &err) == 0);
	CHILD_CHECK(file_holds("/proc/self/oom_score_adj", "988\n"));
	return 0;
}

TEST(self_is_the_caller)
{
	assert_int_equal(in_child(write_own_score, NULL), 0);
}

static int attack_oom_score(const void *arg)
{
	struct err err = { 0 };
	int proc;

	CHILD_CHECK(private_mounts());
	CHILD_CHECK(bind(arg, "/proc/self/oom_score_adj"));
	proc = procfs_open(&err);
	CHILD_CHECK(procfs_write(proc, "self/oom_score_adj", "765", &err) == 0);
	CHILD_CHECK(file_holds(arg, "untouched"));
	CHILD_CHECK(proc_holds(proc, "self/oom_score_adj", "765\n"));
	return 0;
}

/* CVE-2019-16884, CVE-2025-52881. */
TEST(a_file_mounted_over_the_oom_score_is_not_written)
{
	CLEANUP(free) char *decoy = tmp_path("decoy");

	require(geteuid() == 0);
	tmp_write("decoy", "untouched");
	assert_int_equal(in_child(attack_oom_score, decoy), 0);
}

static int attack_attr(const void *arg __attribute__((unused)))
{
	struct err err = { 0 };
	struct statfs fs;
	int proc;
	int fd;

	CHILD_CHECK(private_mounts());
	CHILD_CHECK(mount("none", "/proc/self/attr", "tmpfs", 0, NULL) == 0);
	CHILD_CHECK(close(open("/proc/self/attr/current", O_CREAT | O_CLOEXEC, 0600)) == 0);
	proc = procfs_open(&err);
	fd = procfs_open_file(proc, "self/attr/current", O_RDONLY, &err);
	CHILD_CHECK(fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC);
	return 0;
}

TEST(a_file_system_mounted_over_attr_is_not_entered)
{
	require(geteuid() == 0);
	require(access("/proc/self/attr/current", F_OK) == 0); /* CONFIG_SECURITY */
	assert_int_equal(in_child(attack_attr, NULL), 0);
}

static int attack_sys(const void *arg __attribute__((unused)))
{
	struct err err = { 0 };
	struct statfs fs;
	int proc;
	int fd;

	CHILD_CHECK(private_mounts());
	CHILD_CHECK(mount("none", "/proc/sys", "tmpfs", 0, NULL) == 0);
	CHILD_CHECK(mkdir("/proc/sys/kernel", 0700) == 0);
	CHILD_CHECK(close(open("/proc/sys/kernel/ostype", O_CREAT | O_CLOEXEC, 0600)) == 0);
	proc = procfs_open(&err);
	fd = procfs_open_file(proc, "sys/kernel/ostype", O_RDONLY, &err);
	CHILD_CHECK(fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC);
	CHILD_CHECK(proc_holds(proc, "sys/kernel/ostype", "Linux\n"));
	return 0;
}

TEST(a_file_system_mounted_over_sys_is_not_entered)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(attack_sys, NULL), 0);
}

static int fall_back(const void *arg __attribute__((unused)))
{
	struct err err = { 0 };
	int proc;

	if (!private_user())
		return 2;
	proc = procfs_open(&err);
	CHILD_CHECK(procfs_write(proc, "self/oom_score_adj", "876", &err) == 0);
	CHILD_CHECK(file_holds("/proc/self/oom_score_adj", "876\n"));
	return 0;
}

TEST(without_the_right_to_mount_one_that_of_the_system_serves)
{
	int r = in_child(fall_back, NULL);

	require(r != 2);
	assert_int_equal(r, 0);
}

static int fall_back_attacked(const void *arg)
{
	struct err err = { 0 };
	int proc;

	if (!private_user())
		return 2;
	CHILD_CHECK(bind(arg, "/proc/self/oom_score_adj"));
	CHILD_CHECK(mount("none", "/proc/sys", "tmpfs", 0, NULL) == 0);
	proc = procfs_open(&err);
	CHILD_CHECK(procfs_write(proc, "self/oom_score_adj", "1", &err) == -EXDEV);
	CHILD_CHECK(
		str_eq(err.text, "procfs: self/oom_score_adj: something else is mounted there"));
	CHILD_CHECK(procfs_write(proc, "sys/kernel/hostname", "x", &err) == -EXDEV);
	CHILD_CHECK(file_holds(arg, "untouched"));
	return 0;
}

TEST(in_that_of_the_system_what_is_mounted_over_is_refused)
{
	CLEANUP(free) char *decoy = tmp_path("decoy");
	int r;

	tmp_write("decoy", "untouched");
	r = in_child(fall_back_attacked, decoy);
	require(r != 2);
	assert_int_equal(r, 0);
}

static int fake_proc(const void *arg)
{
	struct err err = { 0 };

	if (!private_user())
		return 2;
	CHILD_CHECK(bind(arg, "/proc"));
	CHILD_CHECK(procfs_open(&err) == -EXDEV);
	CHILD_CHECK(str_eq(err.text, "/proc is not the root of a procfs"));
	return 0;
}

TEST(another_file_system_at_proc_is_refused)
{
	int r = in_child(fake_proc, tmp);

	require(r != 2);
	assert_int_equal(r, 0);
}

TEST(a_part_of_procfs_at_proc_is_refused)
{
	int r = in_child(fake_proc, "/proc/self");

	require(r != 2);
	assert_int_equal(r, 0);
}

TEST(links_are_not_followed)
{
	struct err err = { 0 };
	CLEANUP(close) int proc = procfs_open(&err);

	assert_int_equal(procfs_open_file(proc, "self/cwd/x", O_RDONLY, &err), -ELOOP);
	assert_int_equal(procfs_open_file(proc, "self/exe", O_RDONLY, &err), -ELOOP);
	assert_int_equal(procfs_open_file(proc, "mounts", O_RDONLY, &err), -ELOOP);
	assert_int_equal(procfs_open_file(proc, "../etc/passwd", O_RDONLY, &err), -EXDEV);
}

TEST(a_file_that_is_not_there_is_named)
{
	struct err err = { 0 };
	CLEANUP(close) int proc = procfs_open(&err);

	assert_int_equal(procfs_write(proc, "sys/net/no/such", "1", &err), -ENOENT);
	assert_string_equal(err.text, "procfs: open sys/net/no/such: No such file or directory");
}

TEST(a_value_that_the_kernel_refuses_is_named)
{
	struct err err = { 0 };
	CLEANUP(close) int proc = procfs_open(&err);

	assert_int_equal(procfs_write(proc, "self/oom_score_adj", "4000", &err), -EINVAL);
	assert_string_equal(err.text,
			    "procfs: write '4000' to self/oom_score_adj: Invalid argument");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(it_is_a_procfs_and_close_on_exec),
		TMP_TEST(self_is_the_caller),
		TMP_TEST(a_file_mounted_over_the_oom_score_is_not_written),
		TMP_TEST(a_file_system_mounted_over_attr_is_not_entered),
		TMP_TEST(a_file_system_mounted_over_sys_is_not_entered),
		TMP_TEST(without_the_right_to_mount_one_that_of_the_system_serves),
		TMP_TEST(in_that_of_the_system_what_is_mounted_over_is_refused),
		TMP_TEST(another_file_system_at_proc_is_refused),
		TMP_TEST(a_part_of_procfs_at_proc_is_refused),
		TMP_TEST(links_are_not_followed),
		TMP_TEST(a_file_that_is_not_there_is_named),
		TMP_TEST(a_value_that_the_kernel_refuses_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
