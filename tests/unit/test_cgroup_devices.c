/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/str.h"
#include "cgroup/devices.h"
#include "oci/spec.h"
#include "tests/unit/cgroup_real.h"

#define DEFAULT_LINES                                                                          \
	"c *:* m; b *:* m; c 1:3 rwm; c 1:5 rwm; c 1:7 rwm; c 1:8 rwm; c 1:9 rwm; c 5:0 rwm; " \
	"c 5:1 rwm; c 5:2 rwm; c 136:* rwm"

static const struct oci_device_rule deny_all = { false, 'a', "rwm", -1, -1 };
static const struct oci_device_rule allow_all = { true, 'a', "rwm", -1, -1 };

static struct device_rules made_of(const struct oci_device_rule *rules, size_t n,
				   const dev_t *denied, size_t n_denied)
{
	struct device_rules made = { 0 };

	assert_int_equal(device_rules_make(rules, n, denied, n_denied, &made, &err), 0);
	return made;
}

/* What the rules become on version 1. */
static void assert_v1(const struct oci_device_rule *rules, size_t n, enum device_fit fit,
		      bool allow_rest, const char *expected)
{
	CLEANUP(device_rules_done) struct device_rules made = made_of(rules, n, NULL, 0);
	CLEANUP(strv_free) char **lines = NULL;
	CLEANUP(free) char *text = NULL;
	struct device_rule bad = { 0 };

	assert_int_equal(device_rules_to_v1(&made, &lines, &bad), fit);
	assert_int_equal(made.allow_rest, allow_rest);
	text = strv_join(lines, "; ");
	assert_string_equal(text, expected);
}

TEST(without_rules_there_are_the_default_devices)
{
	assert_v1(NULL, 0, DEVICE_FIT_EXACT, false, DEFAULT_LINES);
}

TEST(the_rule_that_denies_everything_goes_back_to_the_default_devices)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { true, 'b', "rwm", 8, 0 }, deny_all };

	assert_v1(rules, 2, DEVICE_FIT_EXACT, false, DEFAULT_LINES);
}

TEST(a_rule_is_added_to_the_default_devices)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ deny_all, { true, 'b', "r", 8, 0 } };

	assert_v1(rules, 2, DEVICE_FIT_EXACT, false, DEFAULT_LINES "; b 8:0 rm");
}

TEST(a_rule_that_allows_everything_leaves_exceptions)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ allow_all, { false, 'b', "w", 8, 0 } };

	assert_v1(rules, 2, DEVICE_FIT_EXACT, true, "b 8:0 w");
}

TEST(the_last_rule_wins_access_by_access)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { true, 'b', "rw", 8, 0 },
						  { false, 'b', "w", 8, 0 },
						  { true, 'b', "r", 8, 1 },
						  { false, 'b', "r", 8, -1 } };

	assert_v1(rules, 2, DEVICE_FIT_EXACT, false, DEFAULT_LINES "; b 8:0 rm");
	assert_v1(rules, 4, DEVICE_FIT_EXACT, false, DEFAULT_LINES);
}

TEST(an_exception_that_is_taken_back_by_a_later_rule_is_none)
{
	const struct oci_device_rule *rules = (const struct oci_device_rule[]){
		{ true, 'b', "rwm", 8, -1 }, { false, 'b', "rwm", 8, 1 }, { true, 'b', "rwm", 8, 1 }
	};

	assert_v1(rules, 3, DEVICE_FIT_EXACT, false, DEFAULT_LINES "; b 8:* rwm; b 8:1 rwm");
}

TEST(a_hole_for_mknod_costs_the_wider_rule_its_mknod)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { false, 'c', "rwm", 10, 229 } };

	assert_v1(rules, 1, DEVICE_FIT_LESS_MKNOD, false, DEFAULT_LINES + strlen("c *:* m; "));
}

TEST(a_hole_for_reading_does_not_fit_version_1)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { true, 'b', "rwm", 8, -1 },
						  { false, 'b', "r", 8, 1 } };
	CLEANUP(device_rules_done) struct device_rules made = made_of(rules, 2, NULL, 0);
	CLEANUP(free) char *text = NULL;
	CLEANUP(strv_free) char **lines = NULL;
	struct device_rule bad = { 0 };

	assert_int_equal(device_rules_to_v1(&made, &lines, &bad), DEVICE_FIT_NONE);
	text = device_rule_text(&bad);
	assert_string_equal(text, "b 8:1 r");
}

TEST(a_type_for_all_is_both_types)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { true, 'a', "r", 7, -1 } };

	assert_v1(rules, 1, DEVICE_FIT_EXACT, false, DEFAULT_LINES "; b 7:* rm; c 7:* rm");
}

TEST(denied_devices_come_last)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ allow_all, { true, 'b', "rwm", 254, 0 } };
	dev_t disk = makedev(254, 0);
	CLEANUP(device_rules_done) struct device_rules made = made_of(rules, 2, &disk, 1);
	CLEANUP(strv_free) char **lines = NULL;
	struct device_rule bad = { 0 };

	assert_int_equal(device_rules_to_v1(&made, &lines, &bad), DEVICE_FIT_EXACT);
	assert_true(made.allow_rest);
	assert_int_equal(strv_len(lines), 1);
	assert_string_equal(lines[0], "b 254:0 rwm");
}

static void assert_bad_rule(struct oci_device_rule rule, const char *expected)
{
	struct device_rules made = { 0 };

	assert_int_equal(device_rules_make(&rule, 1, NULL, 0, &made, &err), -EINVAL);
	assert_string_equal(err.text, expected);
	assert_null(made.rules);
}

TEST(rules_that_cannot_be_are_named)
{
	assert_bad_rule((struct oci_device_rule){ true, 'b', "r", 4096, 0 },
			"linux.resources.devices[0]: device 4096:0 is over 4095:1048575");
	assert_bad_rule((struct oci_device_rule){ true, 'b', "r", 0, -2 },
			"linux.resources.devices[0]: device 0:-2 is over 4095:1048575");
	assert_bad_rule((struct oci_device_rule){ true, 'p', "r", 1, 1 },
			"linux.resources.devices[0].type: 'p' is not a, b or c");
	assert_bad_rule((struct oci_device_rule){ true, 'b', "rx", 1, 1 },
			"linux.resources.devices[0].access: 'rx' is not of r, w and m");
	assert_bad_rule((struct oci_device_rule){ true, 'b', "", 1, 1 },
			"linux.resources.devices[0].access: '' is not of r, w and m");
}

TEST(too_many_rules_are_refused)
{
	struct device_rules made = { 0 };
	struct oci_device_rule *rules = xcalloc(DEVICE_RULES_MAX + 1, sizeof(*rules));

	assert_int_equal(device_rules_make(rules, DEVICE_RULES_MAX + 1, NULL, 0, &made, &err),
			 -E2BIG);
	assert_string_equal(err.text, "linux.resources.devices: 4097 rules are over 4096");
	free(rules);
}

/* Of this test program alone. */
static const char *node_path(void)
{
	static char text[64];

	if (!*text)
		snprintf(text, sizeof(text), "/tmp/kata-unit-node-%d", getpid());
	return text;
}

/* A try on a device, in the cgroup. */
struct attempt {
	mode_t type;
	unsigned major;
	unsigned minor;
	int flags; /* of open; -1: only make it */
};

/* The node is made before, by who may. Returns errno or 0. */
static int try_open(void *data)
{
	const struct attempt *attempt = data;
	int fd = open(node_path(), attempt->flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

static int try_mknod(void *data)
{
	const struct attempt *attempt = data;

	return mknod(node_path(), attempt->type | 0600, makedev(attempt->major, attempt->minor)) < 0
		       ? errno
		       : 0;
}

/* Whether the cgroup allows it; what the driver says then does not matter. */
static bool allowed(mode_t type, unsigned major, unsigned minor, int flags)
{
	struct attempt attempt = { type, major, minor, flags };
	int r;

	(void)unlink(node_path());
	if (flags < 0) {
		r = in_cgroup(try_mknod, &attempt);
	} else {
		assert_int_equal(mknod(node_path(), type | 0600, makedev(major, minor)), 0);
		r = in_cgroup(try_open, &attempt);
	}
	(void)unlink(node_path());
	assert_int_not_equal(r, 255);
	return r != EPERM;
}

static void set(const struct oci_device_rule *rules, size_t n, const dev_t *denied, size_t n_denied)
{
	int r = cgroup_set_devices(cgroup, rules, n, denied, n_denied, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
}

/* What holds in both versions. */
static void assert_default_devices(void)
{
	assert_true(allowed(S_IFCHR, 1, 3, O_RDWR));
	assert_true(allowed(S_IFCHR, 1, 5, O_RDONLY));
	assert_true(allowed(S_IFCHR, 1, 9, O_RDWR));
	assert_true(allowed(S_IFCHR, 10, 57, -1));
	assert_true(allowed(S_IFBLK, 7, 0, -1));
	assert_false(allowed(S_IFCHR, 1, 1, O_RDONLY)); /* mem */
	assert_false(allowed(S_IFBLK, 7, 0, O_RDONLY)); /* loop0 */
	assert_false(allowed(S_IFBLK, 1, 3, O_RDONLY)); /* not the null device */
}

TEST(the_program_knows_the_default_devices)
{
	require(geteuid() == 0 && with_v2());
	create();
	set(NULL, 0, NULL, 0);
	assert_default_devices();
}

TEST(version_1_knows_the_default_devices)
{
	require(geteuid() == 0 && with_v1(CTL_DEVICES));
	create();
	set(NULL, 0, NULL, 0);
	assert_default_devices();
}

TEST(the_program_looks_at_each_access)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { true, 'c', "rw", 1, 1 },
						  { false, 'c', "w", 1, 1 },
						  { true, 'c', "w", 1, -1 },
						  { false, 'c', "m", 1, 1 } };

	require(geteuid() == 0 && with_v2());
	create();
	set(rules, 2, NULL, 0);
	assert_true(allowed(S_IFCHR, 1, 1, O_RDONLY));
	assert_false(allowed(S_IFCHR, 1, 1, O_WRONLY));
	assert_false(allowed(S_IFCHR, 1, 1, O_RDWR));
	set(rules, 3, NULL, 0);
	assert_true(allowed(S_IFCHR, 1, 1, O_RDWR)); /* each by another rule */
	assert_true(allowed(S_IFCHR, 1, 1, -1));
	set(rules, 4, NULL, 0);
	assert_false(allowed(S_IFCHR, 1, 1, -1));
	assert_true(allowed(S_IFCHR, 1, 2, -1));
}

TEST(version_1_looks_at_each_access)
{
	const struct oci_device_rule *rules = (const struct oci_device_rule[]){
		{ true, 'c', "rw", 1, 1 }, { false, 'c', "w", 1, 1 }, { true, 'c', "w", 1, -1 }
	};

	require(geteuid() == 0 && with_v1(CTL_DEVICES));
	create();
	set(rules, 2, NULL, 0);
	assert_true(allowed(S_IFCHR, 1, 1, O_RDONLY));
	assert_false(allowed(S_IFCHR, 1, 1, O_RDWR));
	set(rules, 3, NULL, 0);
	assert_true(allowed(S_IFCHR, 1, 1, O_RDWR));
}

TEST(the_program_makes_holes)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { true, 'c', "rwm", -1, -1 },
						  { false, 'c', "rwm", 1, -1 },
						  { true, 'c', "rwm", 1, 3 } };

	require(geteuid() == 0 && with_v2());
	create();
	set(rules, 3, NULL, 0);
	assert_true(allowed(S_IFCHR, 1, 3, O_RDWR));
	assert_false(allowed(S_IFCHR, 1, 5, O_RDONLY));
	assert_false(allowed(S_IFCHR, 1, 5, -1));
	assert_true(allowed(S_IFCHR, 10, 57, O_RDONLY));
}

TEST(a_denied_disk_stays_denied_whatever_the_rules_say)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ allow_all, { true, 'b', "rwm", 7, 0 } };
	dev_t disk = makedev(7, 0);

	require(geteuid() == 0 && with_v2());
	create();
	set(rules, 2, &disk, 1);
	assert_false(allowed(S_IFBLK, 7, 0, O_RDONLY));
	assert_false(allowed(S_IFBLK, 7, 0, -1));
	assert_true(allowed(S_IFBLK, 7, 1, -1));
	assert_true(allowed(S_IFCHR, 1, 1, O_RDONLY));
}

TEST(a_denied_disk_stays_denied_on_version_1)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ allow_all, { true, 'b', "rwm", 7, 0 } };
	dev_t disk = makedev(7, 0);

	require(geteuid() == 0 && with_v1(CTL_DEVICES));
	create();
	set(rules, 2, &disk, 1);
	assert_false(allowed(S_IFBLK, 7, 0, O_RDONLY));
	assert_false(allowed(S_IFBLK, 7, 0, -1));
	assert_true(allowed(S_IFBLK, 7, 1, -1));
	set(NULL, 0, &disk, 1);
	assert_false(allowed(S_IFBLK, 7, 0, -1));
	assert_false(allowed(S_IFBLK, 7, 1, -1)); /* less than asked for, but never more */
	assert_true(allowed(S_IFCHR, 10, 57, -1));
}

TEST(new_rules_replace_the_old)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { true, 'c', "r", 1, 1 } };

	require(geteuid() == 0 && with_v2());
	create();
	for (unsigned i = 0; i < 70; i++) /* a cgroup takes 64 programs */
		set(rules, i % 2, NULL, 0);
	assert_true(allowed(S_IFCHR, 1, 1, O_RDONLY));
	set(NULL, 0, NULL, 0);
	assert_false(allowed(S_IFCHR, 1, 1, O_RDONLY));
}

TEST(new_rules_replace_the_old_on_version_1)
{
	const struct oci_device_rule *rules =
		(const struct oci_device_rule[]){ { true, 'c', "r", 1, 1 } };

	require(geteuid() == 0 && with_v1(CTL_DEVICES));
	create();
	set(rules, 1, NULL, 0);
	assert_true(allowed(S_IFCHR, 1, 1, O_RDONLY));
	/* "a" is refused when there is a cgroup below. */
	assert_int_equal(mkdirat(cgroup->dirs[0].dir, "below", 0755), 0);
	set(NULL, 0, NULL, 0);
	assert_false(allowed(S_IFCHR, 1, 1, O_RDONLY));
	assert_default_devices();
}

TEST(hundreds_of_rules_pass_the_verifier)
{
	struct oci_device_rule *rules = xcalloc(2000, sizeof(*rules));
	static const char *const access[] = { "r", "w", "m", "rw", "rwm" };

	for (unsigned i = 0; i < 2000; i++) {
		rules[i] = (struct oci_device_rule){ i % 3 != 0, i % 2 ? 'c' : 'b', "",
						     100 + i % 50, i % 7 ? (int64_t)i : -1 };
		snprintf(rules[i].access, sizeof(rules[i].access), "%s", access[i % 5]);
	}
	require(geteuid() == 0 && with_v2());
	create();
	set(rules, 2000, NULL, 0);
	assert_true(allowed(S_IFCHR, 1, 3, O_RDWR));
	assert_false(allowed(S_IFCHR, 1, 1, O_RDONLY));
	free(rules);
}

TEST(on_both_version_1_is_used_if_it_can_say_it)
{
	const struct oci_device_rule *hole =
		(const struct oci_device_rule[]){ { true, 'c', "rwm", 1, -1 },
						  { false, 'c', "r", 1, 1 } };
	const struct cgroup_dir *v1;
	CLEANUP(free) char *list = NULL;

	require(geteuid() == 0 && with_v1(CTL_DEVICES) && with_v2());
	create();
	v1 = cgroup_dir_of(cgroup, CTL_DEVICES);
	set(hole, 2, NULL, 0);
	assert_int_equal(file_read_at(v1->dir, "devices.list", 4096, &list), 0);
	assert_string_equal(list, "a *:* rwm\n"); /* the program says it */
	assert_false(allowed(S_IFCHR, 1, 1, O_RDONLY));
	assert_true(allowed(S_IFCHR, 1, 2, -1));
	assert_true(allowed(S_IFCHR, 1, 1, O_WRONLY));
	set(hole, 1, NULL, 0);
	free(take_ptr(list));
	assert_int_equal(file_read_at(v1->dir, "devices.list", 4096, &list), 0);
	assert_non_null(strstr(list, "c 1:* rwm\n"));
	assert_true(allowed(S_IFCHR, 1, 1, O_RDONLY)); /* the program has gone */
}

TEST(a_hole_is_refused_by_name_where_only_version_1_is)
{
	const struct oci_device_rule *hole =
		(const struct oci_device_rule[]){ { true, 'c', "rwm", 1, -1 },
						  { false, 'c', "r", 1, 1 } };

	require(geteuid() == 0 && with_v1(CTL_DEVICES));
	create();
	assert_int_equal(cgroup_set_devices(cgroup, hole, 2, NULL, 0, &err), -ENOTSUP);
	assert_string_equal(err.text, "linux.resources.devices: 'c 1:1 r' is an exception of an "
				      "exception, which version 1 of cgroups cannot have");
}

TEST(without_a_controller_and_version_2_there_are_no_rules)
{
	require(geteuid() == 0 && with_v1(CTL_PIDS));
	create();
	assert_int_equal(cgroup_set_devices(cgroup, NULL, 0, NULL, 0, &err), -ENOTSUP);
	assert_string_equal(err.text, "linux.resources.devices: neither version 1's devices "
				      "controller nor version 2 is mounted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REAL_TEST(without_rules_there_are_the_default_devices),
		REAL_TEST(the_rule_that_denies_everything_goes_back_to_the_default_devices),
		REAL_TEST(a_rule_is_added_to_the_default_devices),
		REAL_TEST(a_rule_that_allows_everything_leaves_exceptions),
		REAL_TEST(the_last_rule_wins_access_by_access),
		REAL_TEST(an_exception_that_is_taken_back_by_a_later_rule_is_none),
		REAL_TEST(a_hole_for_mknod_costs_the_wider_rule_its_mknod),
		REAL_TEST(a_hole_for_reading_does_not_fit_version_1),
		REAL_TEST(a_type_for_all_is_both_types),
		REAL_TEST(denied_devices_come_last),
		REAL_TEST(rules_that_cannot_be_are_named),
		REAL_TEST(too_many_rules_are_refused),
		REAL_TEST(the_program_knows_the_default_devices),
		REAL_TEST(version_1_knows_the_default_devices),
		REAL_TEST(the_program_looks_at_each_access),
		REAL_TEST(version_1_looks_at_each_access),
		REAL_TEST(the_program_makes_holes),
		REAL_TEST(a_denied_disk_stays_denied_whatever_the_rules_say),
		REAL_TEST(a_denied_disk_stays_denied_on_version_1),
		REAL_TEST(new_rules_replace_the_old),
		REAL_TEST(new_rules_replace_the_old_on_version_1),
		REAL_TEST(hundreds_of_rules_pass_the_verifier),
		REAL_TEST(on_both_version_1_is_used_if_it_can_say_it),
		REAL_TEST(a_hole_is_refused_by_name_where_only_version_1_is),
		REAL_TEST(without_a_controller_and_version_2_there_are_no_rules),
	};

	return cmocka_run_group_tests_name("cgroup_devices", tests, NULL, NULL);
}
