/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

static struct err err;

static bool there(const char *name)
{
	CLEANUP(free) char *path = tmp_path("%s", name);

	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void make_dir(const char *name)
{
	CLEANUP(free) char *path = tmp_path("%s", name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static int remove_tree(const char *name)
{
	CLEANUP(free) char *path = tmp_path("%s", name);

	return rm_tree(path, &err);
}

/* Mounts of a test stay in a mount namespace of this program. */
static bool own_mounts(void)
{
	static bool done;

	if (!done)
		done = unshare(CLONE_NEWNS) == 0 &&
		       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return done;
}

static void mount_tmpfs(const char *name)
{
	CLEANUP(free) char *path = tmp_path("%s", name);

	assert_int_equal(mount("none", path, "tmpfs", 0, "size=1m"), 0);
}

TEST(parents_are_made_and_may_be_there_already)
{
	CLEANUP(free) char *path = tmp_path("a/b/c");

	assert_int_equal(mkdir_p(path, 0700, &err), 0);
	assert_int_equal(mkdir_p(path, 0700, &err), 0);
	assert_true(there("a/b/c"));
}

TEST(a_trailing_slash_is_no_directory_more)
{
	CLEANUP(free) char *path = tmp_path("a//b/");

	assert_int_equal(mkdir_p(path, 0700, &err), 0);
	assert_true(there("a/b"));
}

TEST(a_file_in_the_way_is_named)
{
	CLEANUP(free) char *below = tmp_path("file/b");
	CLEANUP(free) char *path = tmp_path("file");

	tmp_write("file", "");
	assert_int_equal(mkdir_p(below, 0700, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "mkdir "));
	assert_int_equal(mkdir_p(path, 0700, &err), -ENOTDIR);
}

TEST(an_empty_path_is_an_error)
{
	assert_int_equal(mkdir_p("", 0700, &err), -ENOENT);
}

TEST(a_tree_goes_with_all_that_is_in_it)
{
	CLEANUP(free) char *fifo = tmp_path("t/fifo");

	make_dir("t");
	make_dir("t/empty");
	make_dir("t/d");
	tmp_write("t/f", "x");
	tmp_write("t/d/.hidden", "x");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(remove_tree("t"), 0);
	assert_false(there("t"));
	assert_int_equal(remove_tree("t"), 0); /* gone is gone */
}

TEST(links_are_removed_and_not_followed)
{
	CLEANUP(free) char *target = tmp_path("target");
	CLEANUP(free) char *link = tmp_path("t/link");
	CLEANUP(free) char *top = tmp_path("top");

	make_dir("target");
	tmp_write("target/precious", "x");
	make_dir("t");
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(symlink(target, top), 0);
	assert_int_equal(remove_tree("t"), 0);
	assert_int_equal(remove_tree("top"), 0); /* the link itself */
	assert_false(there("top"));
	assert_true(there("target/precious"));
}

TEST(a_tree_that_is_far_too_deep_is_left)
{
	CLEANUP(free) char *name = xstrdup("t");

	make_dir(name);
	for (int i = 0; i < 80; i++) {
		char *next = xasprintf("%s/d", name);

		make_dir(next);
		free(name);
		name = next;
	}
	tmp_write("t/f", "x");
	assert_int_equal(remove_tree("t"), -ELOOP);
}

TEST(a_tree_on_another_mount_than_the_root_is_removed)
{
	CLEANUP(free) char *path = NULL;

	/* As below /run, which is a tmpfs of its own on every real host. */
	require(own_mounts());
	make_dir("m");
	mount_tmpfs("m");
	make_dir("m/t");
	make_dir("m/t/d");
	tmp_write("m/t/d/f", "x");
	assert_int_equal(remove_tree("m/t"), 0);
	assert_false(there("m/t"));
	path = tmp_path("m");
	assert_int_equal(unmount_tree(path, &err), 0);
}

TEST(a_mount_inside_the_tree_stops_its_removal)
{
	CLEANUP(free) char *path = tmp_path("t/volume");

	require(own_mounts());
	make_dir("t");
	make_dir("t/volume");
	mount_tmpfs("t/volume");
	tmp_write("t/volume/precious", "x");
	assert_int_equal(remove_tree("t"), -EBUSY);
	assert_true(there("t/volume/precious"));
	assert_true(is_mount_point(path));
	assert_int_equal(unmount_tree(path, &err), 0);
	assert_false(is_mount_point(path));
	memset(&err, 0, sizeof(err));
	assert_int_equal(remove_tree("t"), 0);
}

TEST(mounts_on_mounts_and_below_and_with_blanks_are_all_detached)
{
	CLEANUP(free) char *path = tmp_path("t");
	CLEANUP(free) char *beside = tmp_path("t2");

	require(own_mounts());
	make_dir("t");
	make_dir("t2");
	mount_tmpfs("t2"); /* its name begins alike */
	mount_tmpfs("t");
	mount_tmpfs("t");
	make_dir("t/a b\tc");
	mount_tmpfs("t/a b\tc");
	make_dir("t/a b\tc/deep");
	mount_tmpfs("t/a b\tc/deep");
	assert_int_equal(unmount_tree(path, &err), 0);
	assert_false(is_mount_point(path));
	assert_false(there("t/a b\tc"));
	assert_true(is_mount_point(beside));
	assert_int_equal(unmount_tree(beside, &err), 0);
	assert_int_equal(unmount_tree("/no/such/path", &err), 0);
}

TEST(a_clone_of_a_mount_has_its_flags_before_it_is_seen)
{
	CLEANUP(free) char *source = tmp_path("source");
	CLEANUP(free) char *target = tmp_path("target");
	CLEANUP(free) char *file = tmp_path("target/f");
	CLEANUP(close) int tree = -1;
	CLEANUP(close) int at = -1;

	require(own_mounts());
	make_dir("source");
	make_dir("target");
	tmp_write("source/f", "x");
	tree = mount_clone(source, true, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, &err);
	assert_true(tree >= 0);
	assert_false(is_mount_point(target));
	at = open(target, O_PATH | O_CLOEXEC);
	assert_int_equal(mount_attach(tree, at, &err), 0);
	assert_true(is_mount_point(target));
	assert_int_equal(open(file, O_WRONLY | O_CLOEXEC), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(unmount_tree(target, &err), 0);
	assert_int_equal(mount_clone("/no/such/source", true, 0, &err), -ENOENT);
	assert_string_equal(err.text, "mount source /no/such/source: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(parents_are_made_and_may_be_there_already),
		TMP_TEST(a_trailing_slash_is_no_directory_more),
		TMP_TEST(a_file_in_the_way_is_named),
		TMP_TEST(an_empty_path_is_an_error),
		TMP_TEST(a_tree_goes_with_all_that_is_in_it),
		TMP_TEST(links_are_removed_and_not_followed),
		TMP_TEST(a_tree_that_is_far_too_deep_is_left),
		TMP_TEST(a_tree_on_another_mount_than_the_root_is_removed),
		TMP_TEST(a_mount_inside_the_tree_stops_its_removal),
		TMP_TEST(mounts_on_mounts_and_below_and_with_blanks_are_all_detached),
		TMP_TEST(a_clone_of_a_mount_has_its_flags_before_it_is_seen),
	};

	return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
