/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/mount_options.h"

static struct mount_options options;
static struct err err;

static int setup(void **state __attribute__((unused)))
{
	memset(&options, 0, sizeof(options));
	memset(&err, 0, sizeof(err));
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	mount_options_done(&options);
	return 0;
}

static void parse(const char *line)
{
	CLEANUP(strv_free) char **words = strv_split(line, ",");

	mount_options_done(&options);
	assert_int_equal(mount_options_parse(words, &options, &err), 0);
}

TEST(no_words_are_no_options)
{
	assert_int_equal(mount_options_parse(NULL, &options, &err), 0);
	assert_int_equal(options.attr_set | options.attr_clear | options.propagation, 0);
	assert_false(options.bind || options.recursive || options.read_only);
	assert_null(options.data);
}

TEST(flags_are_sorted_from_what_the_file_system_gets)
{
	parse("nosuid,noexec,nodev,ro,mode=755,size=65536k,newinstance,sync");
	assert_int_equal(options.attr_set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
						   MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY);
	assert_true(options.read_only);
	assert_int_equal(strv_len(options.data), 4);
	assert_string_equal(options.data[0], "mode=755");
	assert_string_equal(options.data[3], "sync");
}

TEST(of_opposite_words_the_last_counts)
{
	parse("ro,rw");
	assert_false(options.read_only);
	assert_int_equal(options.attr_set, 0);
	assert_int_equal(options.attr_clear, MOUNT_ATTR_RDONLY);
	parse("rw,ro");
	assert_true(options.read_only);
	assert_int_equal(options.attr_clear, 0);
	parse("noexec,exec,nodev,dev,nosuid,suid");
	assert_int_equal(options.attr_set, 0);
}

TEST(access_time_is_one_field)
{
	parse("noatime");
	assert_int_equal(options.attr_set, MOUNT_ATTR_NOATIME);
	assert_int_equal(options.attr_clear, MOUNT_ATTR__ATIME);
	parse("noatime,strictatime");
	assert_int_equal(options.attr_set & MOUNT_ATTR__ATIME, MOUNT_ATTR_STRICTATIME);
	parse("strictatime,relatime");
	assert_int_equal(options.attr_set & MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME);
	assert_int_equal(options.attr_clear, MOUNT_ATTR__ATIME);
}

TEST(bind_and_propagation_words)
{
	parse("bind,private");
	assert_true(options.bind);
	assert_false(options.recursive);
	assert_int_equal(options.propagation, MS_PRIVATE);
	parse("rbind,rslave,ro");
	assert_true(options.bind && options.recursive);
	assert_int_equal(options.propagation, MS_SLAVE | MS_REC);
	parse("shared");
	assert_int_equal(options.propagation, MS_SHARED);
	parse("runbindable");
	assert_int_equal(options.propagation, MS_UNBINDABLE | MS_REC);
}

TEST(words_without_a_meaning_go_nowhere)
{
	parse("defaults,loud,silent,iversion,noiversion,norelatime");
	assert_null(options.data);
	assert_int_equal(options.attr_set | options.attr_clear, 0);
}

TEST(atime_takes_back_what_was_said_about_access_times)
{
	parse("noatime,atime");
	assert_int_equal(options.attr_set, MOUNT_ATTR_RELATIME);
	assert_int_equal(options.attr_clear, MOUNT_ATTR__ATIME);
	parse("strictatime,nostrictatime");
	assert_int_equal(options.attr_set, MOUNT_ATTR_RELATIME);
}

TEST(an_r_before_a_word_is_for_the_mounts_below_too)
{
	parse("rro,rnosuid,rnodev,rnoexec,rnodiratime,rnoatime,rnosymfollow");
	assert_int_equal(options.r_attr_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						     MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
						     MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOATIME |
						     MOUNT_ATTR_NOSYMFOLLOW);
	assert_int_equal(options.attr_set | options.attr_clear, 0);
	assert_true(options.read_only);
	assert_null(options.data);
	parse("rrw,rsuid,rdev,rexec,rdiratime,rsymfollow");
	assert_int_equal(options.r_attr_set, 0);
	assert_int_equal(options.r_attr_clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						       MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
						       MOUNT_ATTR_NODIRATIME |
						       MOUNT_ATTR_NOSYMFOLLOW);
	parse("rrelatime,rstrictatime,ratime,rnorelatime,rnostrictatime");
	assert_int_equal(options.r_attr_set & MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME);
	assert_int_equal(options.r_attr_clear, MOUNT_ATTR__ATIME);
	assert_null(options.data);
}

TEST(words_of_superblocks_are_for_the_file_system)
{
	parse("sync,dirsync,lazytime,mand,async,nolazytime,nomand");
	assert_int_equal(strv_len(options.data), 7);
	assert_int_equal(options.attr_set, 0);
}

TEST(a_bind_mount_has_no_file_system_to_tell)
{
	parse("rbind,sync,ro,dirsync");
	assert_int_equal(mount_options_check_bind(&options, &err), 0);
	assert_null(options.data);
	parse("bind,size=3");
	assert_int_equal(mount_options_check_bind(&options, &err), -EINVAL);
	assert_string_equal(err.text, "mount option 'size=3' is none that a bind mount has");
}

TEST(remount_and_tmpcopyup_are_ours)
{
	parse("remount,tmpcopyup");
	assert_true(options.remount && options.copy_up);
	assert_null(options.data);
}

TEST(propagation_words_have_flags)
{
	assert_int_equal(mount_propagation("rslave"), MS_SLAVE | MS_REC);
	assert_int_equal(mount_propagation("unbindable"), MS_UNBINDABLE);
	assert_int_equal(mount_propagation("rsl"), 0);
	assert_int_equal(mount_propagation(""), 0);
}

TEST(id_mapped_mounts_are_refused_by_name)
{
	char *words[] = { (char *)(uintptr_t) "size=1", (char *)(uintptr_t) "idmap", NULL };

	assert_int_equal(mount_options_parse(words, &options, &err), -EINVAL);
	assert_string_equal(err.text, "mount option 'idmap' is not supported");
	assert_null(options.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(no_words_are_no_options),
		SETUP_TEST(flags_are_sorted_from_what_the_file_system_gets),
		SETUP_TEST(of_opposite_words_the_last_counts),
		SETUP_TEST(access_time_is_one_field),
		SETUP_TEST(bind_and_propagation_words),
		SETUP_TEST(words_without_a_meaning_go_nowhere),
		SETUP_TEST(atime_takes_back_what_was_said_about_access_times),
		SETUP_TEST(an_r_before_a_word_is_for_the_mounts_below_too),
		SETUP_TEST(words_of_superblocks_are_for_the_file_system),
		SETUP_TEST(a_bind_mount_has_no_file_system_to_tell),
		SETUP_TEST(remount_and_tmpcopyup_are_ours),
		SETUP_TEST(propagation_words_have_flags),
		SETUP_TEST(id_mapped_mounts_are_refused_by_name),
	};

	return cmocka_run_group_tests_name("mount_options", tests, NULL, NULL);
}
