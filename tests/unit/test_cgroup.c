/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/proc.h"
#include "base/str.h"
#include "oci/spec.h"
#include "tests/unit/cgroup_real.h"
#include "tests/unit/tmp.h"

static void assert_path(const char *from, const char *expected)
{
	CLEANUP(free) char *made = cgroup_path(from, "id");

	if (expected)
		assert_string_equal(made, expected);
	else
		assert_null(made);
}

TEST(a_path_is_absolute_and_below_the_root)
{
	assert_path(NULL, "/id");
	assert_path("", "/id");
	assert_path("/a/b", "/a/b");
	assert_path("a//b/", "/a/b");
	assert_path("/a/./b", "/a/b");
	assert_path("system.slice:docker:abc", "/docker/abc");
	assert_path("/a:b/c", "/a:b/c");
	assert_path("/..a/b..", "/..a/b..");
}

TEST(a_path_that_leads_elsewhere_is_none)
{
	assert_path("/", NULL);
	assert_path("/./", NULL);
	assert_path("/a/../b", NULL);
	assert_path("..", NULL);
	assert_path("slice:..:x", NULL);
	assert_path("slice::", NULL);
}

TEST(mounts_are_read_from_mountinfo)
{
	struct cgroup_mount mounts[4];
	size_t n = cgroup_mounts_parse(
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 master:1 - cgroup "
		"cgroup rw,cpu,cpuacct\n"
		"33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
		"34 31 0:31 /docker/abc /with\\040a\\134blank rw - cgroup cgroup rw,blkio\n"
		"35 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n",
		mounts, 4);

	assert_int_equal(n, 3);
	assert_int_equal(mounts[0].controllers, CTL_BIT(CTL_CPU) | CTL_BIT(CTL_CPUACCT));
	assert_int_equal(mounts[0].dev, makedev(0, 29));
	assert_string_equal(mounts[1].point, "/with a\\blank");
	assert_int_equal(mounts[1].controllers, CTL_BIT(CTL_IO));
	assert_true(mounts[2].v2);
	assert_int_equal(mounts[2].controllers, 0);
	for (size_t i = 0; i < n; i++)
		free(mounts[i].point);
}

TEST(mountinfo_that_makes_no_sense_has_no_mounts)
{
	struct cgroup_mount mounts[1];

	assert_int_equal(cgroup_mounts_parse("", mounts, 1), 0);
	assert_int_equal(
		cgroup_mounts_parse("cgroup cgroup rw,cpu\n- - - - - - - - - - -\n", mounts, 1), 0);
	assert_int_equal(cgroup_mounts_parse("1 2 0:x / /p rw - cgroup cgroup rw,cpu\n", mounts, 1),
			 0);
	assert_int_equal(cgroup_mounts_parse("1 2 0:1 / /p rw a b c d\n", mounts, 1), 0);
	assert_int_equal(cgroup_mounts_parse("1 2 0:1 / /p rw a b - cgroup\n", mounts, 1), 0);
}

/* Whether the cgroup or its parent is still in one of the hierarchies. */
static bool left_behind(void)
{
	CLEANUP(free) char *parent = xasprintf("kata-unit-%d", getpid());

	for (size_t i = 0; i < all.n; i++)
		if (faccessat(all.list[i].root, parent, F_OK, 0) == 0)
			return true;
	return false;
}

TEST(a_cgroup_is_made_in_every_hierarchy_and_removed_with_its_parent)
{
	require(geteuid() == 0 && all.n > 0);
	assert_int_equal(cgroup_create(cgroup_name, &cgroup, &err), 0);
	assert_int_equal(cgroup->n_dirs, all.n);
	for (size_t i = 0; i < all.n; i++)
		assert_int_equal(faccessat(all.list[i].root, cgroup_name + 1, F_OK, 0), 0);
	assert_int_equal(cgroup_remove(cgroup, CGROUP_REMOVE_PARENTS, deadline_in(SECONDS), &err),
			 0);
	assert_false(left_behind());
	assert_int_equal(cgroup_remove(cgroup, CGROUP_REMOVE_PARENTS, deadline_in(SECONDS), &err),
			 0);
}

TEST(a_parent_that_somebody_else_uses_stays)
{
	CLEANUP(free) char *other = xasprintf("/kata-unit-%d/other", getpid());
	CLEANUP(cgroup_free) struct cgroup *second = NULL;

	require(geteuid() == 0 && all.n > 0);
	assert_int_equal(cgroup_create(cgroup_name, &cgroup, &err), 0);
	assert_int_equal(cgroup_create(other, &second, &err), 0);
	assert_int_equal(cgroup_remove(second, CGROUP_REMOVE_PARENTS, deadline_in(SECONDS), &err),
			 0);
	assert_int_equal(faccessat(all.list[0].root, cgroup_name + 1, F_OK, 0), 0);
}

TEST(a_failure_leaves_nothing)
{
	CLEANUP(free) char *plain = tmp_path("plain");

	require(geteuid() == 0 && with_v1(CTL_PIDS));
	/* A directory that is no hierarchy: no cgroup.procs appears in it. */
	assert_int_equal(mkdir(plain, 0700), 0);
	some.list[some.n++] = (struct hierarchy){ .controllers = CTL_BIT(CTL_CPU),
						  .root = open(plain, O_PATH | O_CLOEXEC) };
	assert_int_equal(cgroup_create_in(&some, cgroup_name, &cgroup, &err), -ENOENT);
	assert_null(cgroup);
	assert_non_null(strstr(err.text, "(cpu): No such file or directory"));
	assert_false(left_behind());
	assert_int_equal(rmdir(plain), 0); /* empty */
	close(some.list[1].root);
}

TEST(a_cgroup_with_processes_is_not_taken_over)
{
	CLEANUP(free) char *expected = NULL;
	struct cgroup *second = NULL;
	pid_t pid;

	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	pid = sleeper();
	expected = xasprintf("cgroup %s is in use: 1 processes are in it, the first is %d",
			     cgroup_name, pid);
	assert_int_equal(cgroup_create_in(&some, cgroup_name, &second, &err), -EBUSY);
	assert_string_equal(err.text, expected);
	assert_null(second);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(dies(pid));
}

TEST(a_cgroup_that_is_empty_is_used_again)
{
	struct cgroup *second = NULL;

	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	assert_int_equal(cgroup_create_in(&some, cgroup_name, &second, &err), 0);
	cgroup_free(second);
}

TEST(what_does_not_exist_cannot_be_opened)
{
	require(geteuid() == 0 && all.n > 0);
	assert_int_equal(cgroup_open("/kata-unit-none/x", &cgroup, &err), -ENOENT);
	assert_string_equal(err.text, "cgroup /kata-unit-none/x does not exist");
	assert_int_equal(cgroup_open("relative", &cgroup, &err), -EINVAL);
	assert_int_equal(cgroup_open("/", &cgroup, &err), -EINVAL);
	assert_null(cgroup);
}

TEST(what_a_failure_has_left_can_be_opened_and_removed)
{
	CLEANUP(cgroup_free) struct cgroup *opened = NULL;

	require(geteuid() == 0 && all.n > 1 && with_v1(CTL_PIDS));
	create();
	assert_int_equal(cgroup_open(cgroup_name, &opened, &err), 0);
	assert_int_equal(opened->n_dirs, 1);
	assert_int_equal(cgroup_remove(opened, CGROUP_REMOVE_PARENTS, deadline_in(SECONDS), &err),
			 0);
	assert_false(left_behind());
}

TEST(a_cpuset_of_version_1_is_filled_before_anybody_enters)
{
	CLEANUP(free) char *cpus = NULL;
	CLEANUP(free) char *mems = NULL;

	require(geteuid() == 0 && with_v1(CTL_CPUSET));
	create();
	assert_int_equal(file_read_at(cgroup->dirs[0].dir, "cpuset.cpus", 4096, &cpus), 0);
	assert_int_equal(file_read_at(cgroup->dirs[0].dir, "cpuset.mems", 4096, &mems), 0);
	assert_true(cpus[0] >= '0' && cpus[0] <= '9');
	assert_true(mems[0] >= '0' && mems[0] <= '9');
	assert_int_equal(kill(sleeper(), 0), 0);
}

TEST(controllers_of_version_2_are_delegated_on_the_way)
{
	static const char *const files[] = { "cgroup.subtree_control", "a/cgroup.subtree_control",
					     "a/c/cgroup.subtree_control", "a/c/cgroup.procs" };
	CLEANUP(free) char *a = tmp_path("a");
	CLEANUP(free) char *c = tmp_path("a/c");
	CLEANUP(free) char *text = NULL;
	int root = open(tmp, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(mkdir(a, 0700), 0);
	assert_int_equal(mkdir(c, 0700), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tmp_write(files[i], "");
	tmp_write("cgroup.controllers", "cpuset cpu io memory pids rdma misc\n");
	tmp_write("a/cgroup.controllers", "memory\n");
	tmp_write("a/c/cgroup.controllers", "memory\n");
	some.list[some.n++] = (struct hierarchy){ .v2 = true, .root = root };
	assert_int_equal(cgroup_create_in(&some, "/a/c", &cgroup, &err), 0);
	assert_int_equal(file_read_at(root, "cgroup.subtree_control", 99, &text), 0);
	assert_string_equal(text, "+cpu +cpuset +io +memory +pids");
	free(take_ptr(text));
	assert_int_equal(file_read_at(root, "a/cgroup.subtree_control", 99, &text), 0);
	assert_string_equal(text, "+memory");
	free(take_ptr(text));
	assert_int_equal(file_read_at(root, "a/c/cgroup.subtree_control", 99, &text), 0);
	assert_string_equal(text, "");
	assert_int_equal(cgroup->dirs[0].controllers, CTL_BIT(CTL_MEMORY));
	close(root);
	cgroup_free(take_ptr(cgroup)); /* plain directories are not removed by rmdir */
}

TEST(a_part_of_a_hierarchy_that_is_mounted_is_all_of_it)
{
	int status = 0;
	pid_t pid;

	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	pid = fork();
	if (pid == 0) {
		CLEANUP(free) char *part = xasprintf("/sys/fs/cgroup/pids%s", cgroup_name);
		CLEANUP(cgroup_free) struct cgroup *inner = NULL;
		int r;

		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount(part, "/sys/fs/cgroup/pids", NULL, MS_BIND, NULL) < 0)
			_exit(77);
		r = cgroup_create("/inner", &inner, &err);
		if (r == 0 && faccessat(cgroup->dirs[0].dir, "inner/pids.max", F_OK, 0) < 0)
			r = -1;
		if (r == 0)
			r = cgroup_remove(inner, CGROUP_REMOVE_PARENTS, deadline_in(SECONDS), &err);
		_exit(r == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	require(WEXITSTATUS(status) != 77);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int nothing(void *data __attribute__((unused)))
{
	return 7;
}

TEST(a_process_enters_all_hierarchies)
{
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = 0;
	pid_t pid;

	require(geteuid() == 0 && all.n > 0);
	assert_int_equal(cgroup_create(cgroup_name, &cgroup, &err), 0);
	assert_int_equal(in_cgroup(nothing, NULL), 7);
	pid = sleeper();
	for (size_t i = 0; i < cgroup->n_dirs; i++) {
		uint64_t found = 0;

		assert_int_equal(cgroup_read_u64(cgroup->dirs[i].dir, "cgroup.procs", &found), 0);
		assert_int_equal(found, pid);
	}
	assert_int_equal(cgroup_pids(cgroup, &pids, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
}

TEST(a_process_is_added_and_one_that_is_not_there_is_named)
{
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = 0;
	pid_t pid;

	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	assert_int_equal(cgroup_add(cgroup, pid, &err), 0);
	assert_int_equal(cgroup_pids(cgroup, &pids, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	assert_int_equal(cgroup_add(cgroup, 4194304, &err), -ESRCH);
	assert_non_null(strstr(err.text, "process 4194304: enter cgroup /kata-unit-"));
}

/* A program that begins in the cgroup and ends when its standard input does. */
static struct proc_id spawn_there(int *ret_input)
{
	char *argv[] = { (char *)(uintptr_t) "/bin/cat", NULL };
	struct spawn spawn = SPAWN_INIT;
	struct proc_id id = { 0 };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spawn.argv = argv;
	spawn.stdio[0] = ends[0];
	cgroup_spawn_in(cgroup, &spawn);
	assert_int_equal(spawn_start(&spawn, &id, &err), 0);
	close(ends[0]);
	*ret_input = ends[1];
	return id;
}

static void assert_spawned_everywhere(void)
{
	CLEANUP(close) int input = -1;
	const struct proc_id id = spawn_there(&input);

	for (size_t i = 0; i < cgroup->n_dirs; i++) {
		uint64_t found = 0;

		assert_int_equal(cgroup_read_u64(cgroup->dirs[i].dir, "cgroup.procs", &found), 0);
		assert_int_equal(found, id.pid);
	}
	assert_int_equal(proc_kill(&id, deadline_in(SECONDS)), 0);
}

TEST(a_program_is_started_in_version_2)
{
	require(geteuid() == 0 && with_v2());
	create();
	assert_int_equal(cgroup_clone_fd(cgroup), cgroup->dirs[0].dir);
	assert_spawned_everywhere();
}

TEST(a_program_is_started_in_version_1)
{
	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	assert_int_equal(cgroup_clone_fd(cgroup), -1);
	assert_spawned_everywhere();
}

TEST(a_program_is_started_in_both_versions)
{
	require(geteuid() == 0 && with_v1(CTL_PIDS) && with_v2());
	create();
	assert_int_equal(cgroup->n_dirs, 2);
	assert_int_equal(cgroup_clone_fd(cgroup), cgroup_dir_v2(cgroup)->dir);
	assert_spawned_everywhere();
}

TEST(limits_hold_on_version_1)
{
	CLEANUP(free) char *cpus = NULL;
	char cpu0[] = "0";
	const struct oci_resources want = { .memory_limit = 64 << 20,
					    .memory_swap = 128 << 20,
					    .cpu_shares = 512,
					    .cpu_quota = 50000,
					    .cpu_period = 100000,
					    .cpuset_cpus = cpu0,
					    .pids_limit = 33,
					    .io_weight = 300 };
	uint64_t value = 0;

	require(geteuid() == 0 && with_v1(CTL_MEMORY) && with_v1(CTL_CPU) && with_v1(CTL_PIDS) &&
		with_v1(CTL_CPUSET) && with_v1(CTL_IO));
	create();
	assert_int_equal(cgroup_apply(cgroup, &want, &err), 0);
	assert_int_equal(cgroup_read_u64(cgroup->dirs[0].dir, "memory.limit_in_bytes", &value), 0);
	assert_int_equal(value, 64 << 20);
	assert_int_equal(cgroup_read_u64(cgroup->dirs[1].dir, "cpu.cfs_quota_us", &value), 0);
	assert_int_equal(value, 50000);
	assert_int_equal(cgroup_read_u64(cgroup->dirs[2].dir, "pids.max", &value), 0);
	assert_int_equal(value, 33);
	/* Down, up, and away again. */
	assert_int_equal(cgroup_apply(cgroup,
				      &((struct oci_resources){ .memory_limit = 32 << 20,
								.memory_swap = 48 << 20 }),
				      &err),
			 0);
	assert_int_equal(cgroup_apply(cgroup,
				      &((struct oci_resources){ .memory_limit = 256 << 20,
								.memory_swap = 512 << 20 }),
				      &err),
			 0);
	assert_int_equal(
		cgroup_apply(cgroup, &((struct oci_resources){ .memory_limit = -1 }), &err), 0);
}

TEST(what_the_kernel_refuses_is_named)
{
	char far[] = "9999";

	require(geteuid() == 0 && with_v1(CTL_CPUSET));
	create();
	assert_int_equal(
		cgroup_apply(cgroup, &((struct oci_resources){ .cpuset_cpus = far }), &err),
		-ERANGE);
	assert_string_equal(err.text, "linux.resources.cpu.cpus: write '9999' to cpuset.cpus: "
				      "Numerical result out of range");
}

static void freeze_and_thaw(void)
{
	struct err ignored = { 0 };

	assert_int_equal(kill(sleeper(), 0), 0);
	assert_int_equal(cgroup_freeze(cgroup, true, deadline_in(5 * SECONDS), &err), 0);
	assert_int_equal(cgroup_freeze(cgroup, true, deadline_in(5 * SECONDS), &err), 0);
	assert_int_equal(cgroup_freeze(cgroup, false, deadline_in(5 * SECONDS), &err), 0);
	assert_int_equal(cgroup_freeze(cgroup, false, deadline_in(5 * SECONDS), &ignored), 0);
}

TEST(version_2_freezes_and_thaws)
{
	uint64_t frozen = 0;

	require(geteuid() == 0 && with_v2());
	create();
	freeze_and_thaw();
	assert_int_equal(cgroup_freeze(cgroup, true, deadline_in(5 * SECONDS), &err), 0);
	assert_int_equal(cgroup_read_key(cgroup->dirs[0].dir, "cgroup.events", "frozen", &frozen),
			 0);
	assert_int_equal(frozen, 1);
}

TEST(version_1_freezes_and_thaws)
{
	CLEANUP(free) char *text = NULL;

	require(geteuid() == 0 && with_v1(CTL_FREEZER));
	create();
	freeze_and_thaw();
	assert_int_equal(cgroup_freeze(cgroup, true, deadline_in(5 * SECONDS), &err), 0);
	assert_int_equal(file_read_at(cgroup->dirs[0].dir, "freezer.state", 99, &text), 0);
	assert_string_equal(text, "FROZEN\n");
}

/* What lies above keeps it frozen, whatever is written to it. */
static void assert_thaw_times_out(const char *file, const char *on, const char *off)
{
	CLEANUP(close) int parent = openat(cgroup->dirs[0].dir, "..", O_RDONLY | O_CLOEXEC);
	uint64_t start;

	assert_int_equal(kill(sleeper(), 0), 0);
	assert_int_equal(cgroup_write_at(parent, file, on), 0);
	assert_int_equal(cgroup_freeze(cgroup, true, deadline_in(5 * SECONDS), &err), 0);
	start = now_ms();
	assert_int_equal(cgroup_freeze(cgroup, false, deadline_in(150), &err), -ETIMEDOUT);
	assert_in_range(now_ms() - start, 140, 2000);
	assert_int_equal(cgroup_write_at(parent, file, off), 0);
}

TEST(thawing_has_a_deadline_on_version_2)
{
	require(geteuid() == 0 && with_v2());
	create();
	assert_thaw_times_out("cgroup.freeze", "1", "0");
}

TEST(thawing_has_a_deadline_on_version_1)
{
	require(geteuid() == 0 && with_v1(CTL_FREEZER));
	create();
	assert_thaw_times_out("freezer.state", "FROZEN", "THAWED");
}

TEST(without_a_freezer_there_is_no_pause)
{
	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	assert_int_equal(cgroup_freeze(cgroup, true, deadline_in(SECONDS), &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "there is no freezer"));
}

TEST(version_2_kills_also_what_is_frozen)
{
	pid_t first;
	pid_t second;

	require(geteuid() == 0 && with_v2());
	create();
	first = sleeper();
	second = sleeper();
	assert_int_equal(cgroup_freeze(cgroup, true, deadline_in(5 * SECONDS), &err), 0);
	assert_int_equal(cgroup_kill(cgroup, &err), 0);
	assert_true(dies(first));
	assert_true(dies(second));
}

TEST(version_1_kills_also_what_is_frozen)
{
	pid_t pid;

	require(geteuid() == 0 && with_v1(CTL_FREEZER));
	create();
	pid = sleeper();
	assert_int_equal(cgroup_freeze(cgroup, true, deadline_in(5 * SECONDS), &err), 0);
	assert_int_equal(cgroup_kill(cgroup, &err), 0);
	assert_true(dies(pid));
}

/* The container has frozen a cgroup of its own, as deep as it liked. */
static pid_t freeze_below(const struct cgroup_dir *freezer)
{
	CLEANUP(close) int below = -1;
	CLEANUP(free) char *text = NULL;
	pid_t pid = sleeper();

	assert_int_equal(mkdirat(freezer->dir, "own", 0755), 0);
	assert_int_equal(mkdirat(freezer->dir, "own/own", 0755), 0);
	below = openat(freezer->dir, "own/own", O_RDONLY | O_CLOEXEC);
	text = xasprintf("%d", pid);
	assert_int_equal(cgroup_write_at(below, "cgroup.procs", text), 0);
	assert_int_equal(cgroup_write_at(below, "freezer.state", "FROZEN"), 0);
	return pid;
}

TEST(version_1_kills_what_the_container_has_frozen_itself)
{
	pid_t pid;

	require(geteuid() == 0 && with_v1(CTL_FREEZER));
	create();
	pid = freeze_below(&cgroup->dirs[0]);
	assert_int_equal(cgroup_kill(cgroup, &err), 0);
	assert_true(dies(pid));
}

TEST(version_2_kills_what_version_1_has_frozen)
{
	pid_t pid;

	require(geteuid() == 0 && with_v2() && with_v1(CTL_FREEZER));
	create();
	pid = freeze_below(&cgroup->dirs[1]);
	assert_int_equal(cgroup_kill(cgroup, &err), 0);
	assert_true(dies(pid));
}

TEST(killing_without_a_freezer_goes_on_until_nothing_is_left)
{
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = 1;
	pid_t pid;

	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	pid = fork();
	if (pid == 0) {
		signal(SIGCHLD, SIG_IGN);
		if (cgroup_enter(cgroup, &err) < 0)
			_exit(1);
		/* Two at a time: each ends as soon as it has a child that goes on. */
		for (;;) {
			pid_t next = fork();

			if (next > 0)
				_exit(0);
		}
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (unsigned i = 0; i < 50 && n > 0; i++) {
		assert_int_equal(cgroup_kill(cgroup, &err), 0);
		free(take_ptr(pids));
		assert_int_equal(cgroup_pids(cgroup, &pids, &n, &err), 0);
	}
	assert_int_equal(n, 0);
}

/* What a container may make below its cgroup. Odd names, a chain, many. */
static void make_tree(int dir)
{
	CLEANUP(close) int at = openat(dir, ".", O_RDONLY | O_CLOEXEC);

	assert_int_equal(mkdirat(dir, "...", 0755), 0);
	assert_int_equal(mkdirat(dir, "-rf *", 0755), 0);
	assert_int_equal(mkdirat(dir, "\x01\xff", 0755), 0);
	for (unsigned i = 0; i < 40; i++) {
		CLEANUP(free) char *name = xasprintf("...%u", i);

		assert_int_equal(mkdirat(dir, name, 0755), 0);
	}
	for (unsigned i = 0; i < 300; i++) {
		int next;

		assert_int_equal(mkdirat(at, "down", 0000), 0);
		next = openat(at, "down", O_RDONLY | O_CLOEXEC);
		assert_true(next >= 0);
		close(at);
		at = next;
	}
}

TEST(cgroups_that_the_container_made_are_removed)
{
	require(geteuid() == 0 && with_v1(CTL_PIDS) && with_v2());
	create();
	make_tree(cgroup->dirs[0].dir);
	make_tree(cgroup->dirs[1].dir);
	assert_int_equal(
		cgroup_remove(cgroup, CGROUP_REMOVE_PARENTS, deadline_in(20 * SECONDS), &err), 0);
	assert_false(left_behind());
}

TEST(processes_are_found_however_deep)
{
	CLEANUP(close) int at = -1;
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = 0;
	pid_t pid;

	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	pid = sleeper();
	text = xasprintf("%d", pid);
	at = openat(cgroup->dirs[0].dir, ".", O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0; i < 100; i++) {
		int next;

		assert_int_equal(mkdirat(at, "down", 0755), 0);
		next = openat(at, "down", O_RDONLY | O_CLOEXEC);
		close(at);
		at = next;
	}
	assert_int_equal(cgroup_write_at(at, "cgroup.procs", text), 0);
	assert_int_equal(cgroup_pids(cgroup, &pids, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	assert_int_equal(cgroup_kill(cgroup, &err), 0);
	assert_true(dies(pid));
}

static int count(int dir __attribute__((unused)), void *data)
{
	(*(unsigned *)data)++;
	return 0;
}

/* A file system of its own, in memory and mounted nowhere: a disk takes ten seconds for the test.
 */
static int open_memory(void)
{
	CLEANUP(close) int context = fsopen("tmpfs", FSOPEN_CLOEXEC);

	assert_true(context >= 0);
	assert_int_equal(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	return fsmount(context, FSMOUNT_CLOEXEC, 0);
}

TEST(a_walk_is_bounded)
{
	CLEANUP(close) int dir = -1;
	unsigned seen = 0;
	char name[16];

	require(geteuid() == 0);
	dir = open_memory();
	assert_true(dir >= 0);
	for (unsigned i = 0; i < CGROUP_TREE_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(mkdirat(dir, name, 0700), 0);
	}
	assert_int_equal(cgroup_walk(dir, count, &seen, false), 0);
	assert_int_equal(seen, CGROUP_TREE_MAX + 1);
	assert_int_equal(mkdirat(dir, "one-more", 0700), 0);
	assert_int_equal(cgroup_walk(dir, count, &seen, false), -E2BIG);
	assert_int_equal(unlinkat(dir, "one-more", AT_REMOVEDIR), 0);
	assert_int_equal(cgroup_walk(dir, NULL, NULL, true), 0);
}

TEST(a_walk_does_not_follow_links)
{
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned seen = 0;

	assert_int_equal(symlinkat("/", dir, "root"), 0);
	assert_int_equal(cgroup_walk(dir, count, &seen, false), 0);
	assert_int_equal(seen, 1);
}

/* A process that ends by itself after a while is waited for. */
static void assert_waits(void)
{
	uint64_t start = now_ms();
	pid_t pid = fork();

	if (pid == 0) {
		if (cgroup_enter(cgroup, &err) < 0)
			_exit(1);
		usleep(150000);
		_exit(0);
	}
	/* Until it is in. */
	for (unsigned i = 0; i < 1000; i++) {
		CLEANUP(free) pid_t *pids = NULL;
		size_t n = 0;

		assert_int_equal(cgroup_pids(cgroup, &pids, &n, &err), 0);
		if (n == 1)
			break;
		usleep(1000);
	}
	assert_int_equal(
		cgroup_remove(cgroup, CGROUP_REMOVE_PARENTS, deadline_in(10 * SECONDS), &err), 0);
	assert_in_range(now_ms() - start, 100, 5000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(left_behind());
}

TEST(removing_waits_for_the_last_process_on_version_2)
{
	require(geteuid() == 0 && with_v2());
	create();
	assert_waits();
}

TEST(removing_waits_for_the_last_process_on_version_1)
{
	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	assert_waits();
}

TEST(removing_has_a_deadline)
{
	uint64_t start = now_ms();

	require(geteuid() == 0 && with_v2() && with_v1(CTL_PIDS));
	create();
	assert_int_equal(kill(sleeper(), 0), 0);
	assert_int_equal(cgroup_remove(cgroup, CGROUP_REMOVE_PARENTS, deadline_in(200), &err),
			 -EBUSY);
	assert_in_range(now_ms() - start, 190, 5000);
	assert_non_null(strstr(err.text, "remove cgroup /kata-unit-"));
}

/* More than its limit, until it is killed. */
static int eat_memory(void *data __attribute__((unused)))
{
	for (unsigned i = 0; i < 512; i++) {
		volatile char *p = malloc(1 << 20);

		for (size_t j = 0; p && j < 1 << 20; j += 4096)
			p[j] = 1;
	}
	return 0;
}

TEST(a_process_killed_for_want_of_memory_is_heard_of_on_version_1)
{
	CLEANUP(close) int fd = -1;
	uint64_t killed = 1;
	int status = 0;
	pid_t pid;

	require(geteuid() == 0 && with_v1(CTL_MEMORY));
	create();
	assert_int_equal(cgroup_apply(cgroup,
				      &((struct oci_resources){ .memory_limit = 32 << 20,
								.memory_swap = 32 << 20 }),
				      &err),
			 0);
	assert_int_equal(cgroup_oom_open(cgroup, &fd, &err), 0);
	assert_int_equal(cgroup_oom_count(cgroup, &killed, &err), 0);
	assert_int_equal(killed, 0);
	assert_int_equal(wait_fd(fd, POLLIN, deadline_in(20)), -ETIMEDOUT);
	pid = fork();
	if (pid == 0)
		_exit(cgroup_enter(cgroup, &err) < 0 ? 1 : eat_memory(NULL));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(wait_fd(fd, POLLIN, deadline_in(5 * SECONDS)), 0);
	assert_int_equal(cgroup_oom_count(cgroup, &killed, &err), 0);
	assert_int_equal(killed, 1);
}

TEST(a_process_killed_for_want_of_memory_is_heard_of_on_version_2)
{
	CLEANUP(free) char *c = tmp_path("c");
	CLEANUP(close) int fd = -1;
	CLEANUP(close) int root = open(tmp, O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t killed = 0;

	assert_int_equal(mkdir(c, 0700), 0);
	tmp_write("c/cgroup.procs", "");
	tmp_write("c/cgroup.controllers", "memory\n");
	tmp_write("c/memory.events", "low 0\noom 0\noom_kill 0\n");
	some.list[some.n++] = (struct hierarchy){ .v2 = true, .root = root };
	assert_int_equal(cgroup_open_in(&some, "/c", &cgroup, &err), 0);
	assert_int_equal(cgroup_oom_open(cgroup, &fd, &err), 0);
	assert_int_equal(wait_fd(fd, POLLIN, deadline_in(20)), -ETIMEDOUT);
	tmp_write("c/memory.events", "low 0\noom 3\noom_kill 2\n");
	assert_int_equal(wait_fd(fd, POLLIN, deadline_in(SECONDS)), 0);
	assert_int_equal(cgroup_oom_count(cgroup, &killed, &err), 0);
	assert_int_equal(killed, 2);
	cgroup_free(take_ptr(cgroup)); /* plain directories are not removed by rmdir */
}

TEST(without_a_memory_controller_nothing_is_heard)
{
	uint64_t killed = 0;
	int fd = -1;

	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	assert_int_equal(cgroup_oom_open(cgroup, &fd, &err), -ENOTSUP);
	assert_int_equal(cgroup_oom_count(cgroup, &killed, &err), -ENOTSUP);
	assert_int_equal(fd, -1);
}

static int both_setup(void **state)
{
	return tmp_setup(state) < 0 ? -1 : real_setup(state);
}

static int both_teardown(void **state)
{
	int r = real_teardown(state);

	return tmp_teardown(state) < 0 ? -1 : r;
}

#define CGROUP_TEST(name) cmocka_unit_test_setup_teardown(name, both_setup, both_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CGROUP_TEST(a_path_is_absolute_and_below_the_root),
		CGROUP_TEST(a_path_that_leads_elsewhere_is_none),
		CGROUP_TEST(mounts_are_read_from_mountinfo),
		CGROUP_TEST(mountinfo_that_makes_no_sense_has_no_mounts),
		CGROUP_TEST(a_cgroup_is_made_in_every_hierarchy_and_removed_with_its_parent),
		CGROUP_TEST(a_parent_that_somebody_else_uses_stays),
		CGROUP_TEST(a_failure_leaves_nothing),
		CGROUP_TEST(a_cgroup_with_processes_is_not_taken_over),
		CGROUP_TEST(a_cgroup_that_is_empty_is_used_again),
		CGROUP_TEST(what_does_not_exist_cannot_be_opened),
		CGROUP_TEST(what_a_failure_has_left_can_be_opened_and_removed),
		CGROUP_TEST(a_cpuset_of_version_1_is_filled_before_anybody_enters),
		CGROUP_TEST(controllers_of_version_2_are_delegated_on_the_way),
		CGROUP_TEST(a_part_of_a_hierarchy_that_is_mounted_is_all_of_it),
		CGROUP_TEST(a_process_enters_all_hierarchies),
		CGROUP_TEST(a_process_is_added_and_one_that_is_not_there_is_named),
		CGROUP_TEST(a_program_is_started_in_version_2),
		CGROUP_TEST(a_program_is_started_in_version_1),
		CGROUP_TEST(a_program_is_started_in_both_versions),
		CGROUP_TEST(limits_hold_on_version_1),
		CGROUP_TEST(what_the_kernel_refuses_is_named),
		CGROUP_TEST(version_2_freezes_and_thaws),
		CGROUP_TEST(version_1_freezes_and_thaws),
		CGROUP_TEST(thawing_has_a_deadline_on_version_2),
		CGROUP_TEST(thawing_has_a_deadline_on_version_1),
		CGROUP_TEST(without_a_freezer_there_is_no_pause),
		CGROUP_TEST(version_2_kills_also_what_is_frozen),
		CGROUP_TEST(version_1_kills_also_what_is_frozen),
		CGROUP_TEST(version_1_kills_what_the_container_has_frozen_itself),
		CGROUP_TEST(version_2_kills_what_version_1_has_frozen),
		CGROUP_TEST(killing_without_a_freezer_goes_on_until_nothing_is_left),
		CGROUP_TEST(cgroups_that_the_container_made_are_removed),
		CGROUP_TEST(processes_are_found_however_deep),
		CGROUP_TEST(a_walk_is_bounded),
		CGROUP_TEST(a_walk_does_not_follow_links),
		CGROUP_TEST(removing_waits_for_the_last_process_on_version_2),
		CGROUP_TEST(removing_waits_for_the_last_process_on_version_1),
		CGROUP_TEST(removing_has_a_deadline),
		CGROUP_TEST(a_process_killed_for_want_of_memory_is_heard_of_on_version_1),
		CGROUP_TEST(a_process_killed_for_want_of_memory_is_heard_of_on_version_2),
		CGROUP_TEST(without_a_memory_controller_nothing_is_heard),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
