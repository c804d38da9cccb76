/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/container/mount.h"
#include "agent/container/mount_target.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/str.h"
#include "oci/spec.h"
#include "tests/unit/tmp.h"

#define RACES 2000

static struct err err;
static struct oci_spec spec;

static int enter_own_mounts(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) < 0)
		return errno == EPERM ? 0 : -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static pid_t start_swapper(const char *one, const char *other)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (;;)
		(void)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2 /* exchange */);
}

static void stop(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

struct race {
	char *root; /* holds dir/target and link, which leads to outside */
	char *outside;
	char *dir;
	char *link;
};

static bool is_covered(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && fs.f_type == RAMFS_MAGIC;
}

static void prepare_race(struct race *race)
{
	CLEANUP(free) char *outside = tmp_path("outside");
	CLEANUP(free) char *target = tmp_path("root/dir/target");

	race->root = tmp_path("root");
	race->dir = tmp_path("root/dir");
	race->link = tmp_path("root/link");
	race->outside = tmp_path("outside/target");
	assert_int_equal(mkdir(race->root, 0755) | mkdir(race->dir, 0755) | mkdir(target, 0755) |
				 mkdir(outside, 0755) | mkdir(race->outside, 0755) |
				 symlink(outside, race->link),
			 0);
}

static void free_race(struct race *race)
{
	free(race->root);
	free(race->dir);
	free(race->link);
	free(race->outside);
}

static void take_away(int mount_fd)
{
	CLEANUP(free) char *path = xasprintf("/proc/self/fd/%d", mount_fd);

	assert_int_equal(umount2(path, MNT_DETACH), 0);
}

static bool mount_safely(int root)
{
	struct oci_mount wanted = { (char[]){ "/dir/target" }, NULL, (char[]){ "ramfs" }, NULL };
	struct mount_handle handle;
	bool done;
	int r;

	r = mount_prepare(&spec, &wanted, &handle, &err);
	assert_int_equal(r, 0);
	done = mount_enter(root, &spec, &handle, &err) == 0;
	if (done)
		take_away(handle.fd);
	mount_handle_done(&handle);
	return done;
}

/* CVE-2021-30465. */
TEST(a_mount_never_lands_outside_however_often_the_target_is_swapped)
{
	CLEANUP(close) int root = -1;
	struct race race;
	unsigned mounted = 0;
	unsigned escaped = 0;
	pid_t swapper;

	require(geteuid() == 0);
	prepare_race(&race);
	swapper = start_swapper(race.dir, race.link);
	assert_true(swapper > 0);
	root = open(race.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i < RACES; i++) {
		mounted += mount_safely(root);
		escaped += is_covered(race.outside);
	}
	stop(swapper);
	free_race(&race);
	assert_int_equal(escaped, 0);
	assert_true(mounted > 0);
}

static void swap_once(const struct race *race)
{
	assert_int_equal(syscall(SYS_renameat2, AT_FDCWD, race->dir, AT_FDCWD, race->link, 2), 0);
}

/* The moment that the race above looks for: between the look at a path and the mount. */
TEST(a_swap_after_the_target_is_known_changes_nothing)
{
	struct mount_nature nature = { .type = "ramfs", .directory = true };
	struct mount_handle handle = { .path = (char[]){ "/dir/target" }, .fd = -1 };
	CLEANUP(close) int target = -1;
	CLEANUP(close) int root = -1;
	CLEANUP(close) int fd = -1;
	struct race race;

	require(geteuid() == 0);
	prepare_race(&race);
	root = open(race.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mount_new("ramfs", "ramfs", NULL, 0, &fd, &err), 0);
	target = mount_target_open(root, &handle, &nature, &err);
	assert_true(target >= 0);
	swap_once(&race);
	assert_int_equal(mount_attach(fd, target, &err), 0);
	assert_false(is_covered(race.outside));
	take_away(fd);
	free_race(&race);
}

/* And that it is one: by name, the mount lands outside. */
TEST(a_swap_after_a_look_at_the_name_leads_out)
{
	CLEANUP(free) char *target = tmp_path("root/dir/target");
	struct race race;
	struct stat st;

	require(geteuid() == 0);
	prepare_race(&race);
	assert_int_equal(lstat(race.dir, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	swap_once(&race);
	assert_int_equal(mount("ramfs", target, "ramfs", 0, NULL), 0);
	assert_true(is_covered(race.outside));
	assert_int_equal(umount2(race.outside, MNT_DETACH), 0);
	free_race(&race);
}

static void expect_error(const char *destination, const char *type, const char *text)
{
	CLEANUP(free) char *where = xstrdup(destination);
	CLEANUP(free) char *what = xstrdup(type);
	struct oci_mount wanted = { where, NULL, what, NULL };
	CLEANUP(close) int root = open(tmp, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mount_handle handle;
	int r;

	r = mount_prepare(&spec, &wanted, &handle, &err);
	if (r == 0)
		r = mount_enter(root, &spec, &handle, &err);
	mount_handle_done(&handle);
	assert_true(r < 0);
	assert_non_null(strstr(err.text, text));
}

TEST(the_root_and_the_inside_of_proc_are_no_destinations)
{
	require(geteuid() == 0);
	expect_error("/", "ramfs", "mount /: the root of the container cannot be mounted over");
	expect_error("/x/..", "ramfs", "the root of the container cannot be mounted over");
	expect_error("/proc", "ramfs", "a ramfs is no procfs");
	expect_error("proc/sys", "ramfs", "nothing may be mounted inside /proc here");
	expect_error("/a/../proc/1/", "ramfs", "nothing may be mounted inside /proc here");
	expect_error("", "ramfs", "destination: missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_mount_never_lands_outside_however_often_the_target_is_swapped),
		TMP_TEST(a_swap_after_the_target_is_known_changes_nothing),
		TMP_TEST(a_swap_after_a_look_at_the_name_leads_out),
		TMP_TEST(the_root_and_the_inside_of_proc_are_no_destinations),
	};

	return cmocka_run_group_tests_name("mount", tests, enter_own_mounts, NULL);
}
