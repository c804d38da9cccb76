/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/safepath.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

static struct err err;

/* "root" is the container's; "outside" must never be touched. */
static int open_root(void)
{
	CLEANUP(free) char *root = tmp_path("root");
	CLEANUP(free) char *outside = tmp_path("outside");

	memset(&err, 0, sizeof(err));
	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(mkdir(outside, 0700), 0);
	tmp_write("outside/secret", "secret");
	return open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void link_in_root(const char *target, const char *name)
{
	CLEANUP(free) char *path = tmp_path("root/%s", name);

	assert_int_equal(symlink(target, path), 0);
}

static bool there(const char *name)
{
	CLEANUP(free) char *path = tmp_path("%s", name);

	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

TEST(links_lead_to_places_inside_the_root)
{
	CLEANUP(close) int root = open_root();
	CLEANUP(free) char *outside = tmp_path("outside/secret");
	CLEANUP(close) int fd = -1;

	link_in_root("/etc", "abs");
	link_in_root("../../../../../../etc", "up");
	link_in_root(outside, "secret");
	assert_int_equal(safe_open(root, "abs/passwd", O_RDONLY, 0), -ENOENT);
	assert_int_equal(safe_open(root, "up/passwd", O_RDONLY, 0), -ENOENT);
	assert_int_equal(safe_open(root, "secret", O_RDONLY, 0), -ENOENT);
	assert_int_equal(safe_open(root, "/../../outside/secret", O_RDONLY, 0), -ENOENT);
	tmp_write("root/inside", "in");
	link_in_root("/inside", "good");
	fd = safe_open(root, "../good", O_RDONLY, 0);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(the_last_link_can_be_refused)
{
	CLEANUP(close) int root = open_root();

	tmp_write("root/inside", "in");
	link_in_root("/inside", "good");
	assert_int_equal(safe_open_nofollow(root, "good", O_RDONLY), -ELOOP);
}

TEST(magic_links_of_proc_are_not_followed)
{
	CLEANUP(close) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(safe_open(root, "/proc/self/exe", O_RDONLY, 0), -ELOOP);
	assert_int_equal(safe_open(root, "/proc/self/cwd/x", O_RDONLY, 0), -ELOOP);
}

TEST(directories_are_made_through_links_but_inside)
{
	CLEANUP(close) int root = open_root();
	CLEANUP(close) int fd = -1;

	link_in_root("/real", "link");
	fd = safe_mkdir_p(root, "real", 0755, &err);
	assert_true(fd >= 0);
	close(take_fd(&fd));
	fd = safe_mkdir_p(root, "/link/./a//b/", 0755, &err);
	assert_string_equal(err.text, "");
	assert_true(fd >= 0);
	assert_true(there("root/real/a/b"));
	close(take_fd(&fd));
	fd = safe_mkdir_p(root, "", 0755, &err);
	assert_true(fd >= 0);
}

TEST(dots_do_not_lead_out)
{
	CLEANUP(close) int root = open_root();
	CLEANUP(close) int fd = safe_mkdir_p(root, "../../x/../../y", 0755, &err);

	assert_true(fd >= 0);
	assert_true(there("root/y"));
	assert_false(there("y"));
	assert_false(there("x"));
}

TEST(a_dangling_link_leads_inside_and_makes_nothing_outside)
{
	CLEANUP(close) int root = open_root();
	CLEANUP(free) char *target = tmp_path("outside/new");
	CLEANUP(free) char *inside = xasprintf("root/%s", target);
	CLEANUP(close) int one = -1;
	CLEANUP(close) int two = -1;
	CLEANUP(close) int three = -1;

	link_in_root(target, "absolute");
	link_in_root("../../../../outside/up", "relative");
	link_in_root("/made", "local");
	one = safe_mkdir_p(root, "absolute/below", 0755, &err);
	assert_true(one >= 0);
	assert_true(there(inside));
	assert_false(there("outside/new"));
	two = safe_mkdir_p(root, "relative", 0755, &err);
	assert_true(two >= 0);
	assert_true(there("root/outside/up"));
	assert_false(there("outside/up"));
	three = safe_touch(root, "local", &err);
	assert_true(three >= 0);
	assert_true(there("root/made"));
}

TEST(a_link_that_goes_in_a_circle_is_an_error)
{
	CLEANUP(close) int root = open_root();

	link_in_root("b", "a");
	link_in_root("a", "b");
	assert_int_equal(safe_open(root, "a", O_RDONLY, 0), -ELOOP);
	assert_int_equal(safe_mkdir_p(root, "a/x", 0755, &err), -ELOOP);
}

TEST(a_file_is_made_with_its_parents_and_kept_if_there)
{
	CLEANUP(close) int root = open_root();
	CLEANUP(close) int one = safe_touch(root, "/a/b/file", &err);
	CLEANUP(close) int two = safe_touch(root, "plain", &err);
	struct stat st;

	assert_true(one >= 0 && two >= 0);
	assert_int_equal(fstat(one, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	tmp_write("root/plain", "kept");
	close(take_fd(&two));
	two = safe_touch(root, "plain", &err);
	assert_int_equal(fstat(two, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(safe_mkdir_p(root, "plain/x", 0755, &err), -ENOTDIR);
}

TEST(too_many_components_are_refused)
{
	CLEANUP(close) int root = open_root();
	CLEANUP(strv_free) char **parts = NULL;
	CLEANUP(free) char *path = NULL;

	for (int i = 0; i < 300; i++)
		strv_add(&parts, "a");
	path = strv_join(parts, "/");
	assert_int_equal(safe_mkdir_p(root, path, 0755, &err), -ENAMETOOLONG);
}

TEST(a_path_is_cleaned_without_looking)
{
	static const char *const cases[][2] = {
		{ "", "/" },
		{ "/", "/" },
		{ "a", "/a" },
		{ "//a///b/", "/a/b" },
		{ "./a/.", "/a" },
		{ "/a/../b", "/b" },
		{ "/../../x", "/x" },
		{ "a/b/../..", "/" },
		{ "/..a/b..", "/..a/b.." },
		{ "/...", "/..." },
		{ "a/b/../c/", "/a/c" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(free) char *path = safe_clean(cases[i][0]);

		assert_string_equal(path, cases[i][1]);
	}
}

TEST(a_plain_path_has_no_link_at_all)
{
	CLEANUP(close) int root = open_root();
	CLEANUP(close) int made = safe_mkdir_p(root, "dir/below", 0755, &err);
	CLEANUP(close) int fd = safe_open_plain(root, "/dir/below", O_PATH);

	assert_true(made >= 0 && fd >= 0);
	link_in_root("dir", "link");
	assert_int_equal(safe_open_plain(root, "/link", O_PATH | O_DIRECTORY), -ELOOP);
	assert_int_equal(safe_open_plain(root, "/link/below", O_PATH), -ELOOP);
}

TEST(another_mount_is_not_entered_where_that_is_asked)
{
	CLEANUP(close) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close) int fd = safe_open_same_mount(root, "etc", O_PATH);

	assert_true(fd >= 0);
	assert_int_equal(safe_open_same_mount(root, "proc/version", O_RDONLY), -EXDEV);
	assert_int_equal(safe_open_same_mount(root, "../etc", O_PATH), -EXDEV);
}

TEST(a_fifo_that_is_there_is_not_waited_for)
{
	CLEANUP(close) int root = open_root();
	CLEANUP(free) char *path = tmp_path("root/fifo");
	CLEANUP(close) int fd = -1;
	struct stat st;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = safe_touch(root, "fifo", &err);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

/* Swaps root/dir between a directory and a link that leads out, until it is killed. */
static pid_t start_swapper(const char *dir, const char *link)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (;;)
		(void)syscall(SYS_renameat2, AT_FDCWD, dir, AT_FDCWD, link, 2 /* exchange */);
}

#define ROUNDS 2000u

/* "dir" of the root and "link", which leads out, change places until race_end(). */
static pid_t race_begin(void)
{
	CLEANUP(free) char *outside = tmp_path("outside");
	CLEANUP(free) char *dir = tmp_path("root/dir");
	CLEANUP(free) char *link = tmp_path("root/link");
	pid_t pid;

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(symlink(outside, link), 0);
	pid = start_swapper(dir, link);
	assert_true(pid > 0);
	return pid;
}

/* Nothing named @prefix and a number is outside. */
static void race_end(pid_t pid, const char *prefix)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		CLEANUP(free) char *name = xasprintf("outside/%s%u", prefix, i);

		assert_false(there(name));
	}
}

/* CVE-2024-45310: an empty file or directory outside, made through a link that was swapped in. */
TEST(nothing_is_touched_through_a_link_that_changes_meanwhile)
{
	CLEANUP(close) int root = open_root();
	pid_t pid = race_begin();
	unsigned made = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		CLEANUP(free) char *name = xasprintf("dir/file%u", i);
		int fd = safe_touch(root, name, &err);

		if (fd >= 0) {
			made++;
			close(fd);
		}
	}
	race_end(pid, "file");
	assert_true(made > 0);
}

TEST(a_link_that_changes_meanwhile_leads_nowhere_else)
{
	CLEANUP(close) int root = open_root();
	pid_t pid = race_begin();
	unsigned made = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		CLEANUP(free) char *name = xasprintf("dir/new%u/deep", i);
		int fd = safe_mkdir_p(root, name, 0755, &err);

		if (fd >= 0) {
			made++;
			close(fd);
		}
		fd = safe_open(root, "dir/secret", O_RDONLY, 0);
		assert_true(fd < 0);
	}
	race_end(pid, "new");
	assert_true(made > 0);
}

/* In memory where there is such a place: thousands of files take a disk seconds. */
static int race_setup(void **state)
{
	const char *tmpdir = getenv("TMPDIR");
	int r;

	if (tmpdir || access("/dev/shm", W_OK) < 0)
		return tmp_setup(state);
	(void)setenv("TMPDIR", "/dev/shm", 1);
	r = tmp_setup(state);
	(void)unsetenv("TMPDIR");
	return r;
}

#define RACE_TEST(name) cmocka_unit_test_setup_teardown(name, race_setup, tmp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(links_lead_to_places_inside_the_root),
		TMP_TEST(the_last_link_can_be_refused),
		TMP_TEST(magic_links_of_proc_are_not_followed),
		TMP_TEST(directories_are_made_through_links_but_inside),
		TMP_TEST(dots_do_not_lead_out),
		TMP_TEST(a_dangling_link_leads_inside_and_makes_nothing_outside),
		TMP_TEST(a_link_that_goes_in_a_circle_is_an_error),
		TMP_TEST(a_file_is_made_with_its_parents_and_kept_if_there),
		TMP_TEST(too_many_components_are_refused),
		TMP_TEST(a_path_is_cleaned_without_looking),
		TMP_TEST(a_plain_path_has_no_link_at_all),
		TMP_TEST(another_mount_is_not_entered_where_that_is_asked),
		TMP_TEST(a_fifo_that_is_there_is_not_waited_for),
		RACE_TEST(nothing_is_touched_through_a_link_that_changes_meanwhile),
		RACE_TEST(a_link_that_changes_meanwhile_leads_nowhere_else),
	};

	return cmocka_run_group_tests_name("safepath", tests, NULL, NULL);
}
