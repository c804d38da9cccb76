/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/container/identity.h"
#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"
#include "tests/unit/child.h"

#define SET(...)                  \
	(char *[])                \
	{                         \
		__VA_ARGS__, NULL \
	}

static char chown_cap[] = "CAP_CHOWN";
static char kill_cap[] = "CAP_KILL";
static char bind_cap[] = "CAP_NET_BIND_SERVICE";
static char checkpoint_cap[] = "CAP_CHECKPOINT_RESTORE"; /* number 40: the second word */

static struct oci_process nobody(void)
{
	return (struct oci_process){
		.user = { .uid = 65534, .gid = 65533, .umask = OCI_UMASK_UNSET }
	};
}

static int check(struct oci_capabilities caps, struct err *err)
{
	struct oci_process process = { .capabilities = caps };

	return identity_check(&process, NULL, err);
}

struct mask {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

static struct mask masks(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	(void)syscall(SYS_capget, &header, data);
	return (struct mask){ data[0].effective | (uint64_t)data[1].effective << 32,
			      data[0].permitted | (uint64_t)data[1].permitted << 32,
			      data[0].inheritable | (uint64_t)data[1].inheritable << 32 };
}

TEST(unknown_capabilities_are_named)
{
	static const char *const names[] = { "CAP_FLY", "cap_chown", "CHOWN",      "0",
					     "CAP_",    "",          "CAP_CHOWN ", "CAP_chown" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *set[] = { (char *)(uintptr_t)names[i], NULL };
		struct err err = { 0 };
		char text[128];

		assert_int_equal(check((struct oci_capabilities){ .bounding = set }, &err),
				 -EINVAL);
		snprintf(text, sizeof(text),
			 "process.capabilities.bounding: unknown capability '%s'", names[i]);
		assert_string_equal(err.text, text);
	}
}

TEST(an_effective_capability_must_be_permitted)
{
	struct err err = { 0 };

	assert_int_equal(check((struct oci_capabilities){ .bounding = SET(chown_cap, kill_cap),
							  .permitted = SET(chown_cap),
							  .effective = SET(chown_cap, kill_cap) },
			       &err),
			 -EINVAL);
	assert_string_equal(err.text,
			    "process.capabilities.effective: CAP_KILL is not in permitted");
}

TEST(an_inheritable_capability_must_be_in_the_bounding_set)
{
	struct err err = { 0 };

	assert_int_equal(check((struct oci_capabilities){ .inheritable = SET(kill_cap) }, &err),
			 -EINVAL);
	assert_string_equal(err.text,
			    "process.capabilities.inheritable: CAP_KILL is not in bounding");
}

static int drop_all(const void *arg __attribute__((unused)))
{
	struct oci_process process = nobody();
	struct err err = { 0 };
	struct mask mask;
	gid_t groups[8];

	CHILD_CHECK(identity_drop(&process, &err) == 0);
	mask = masks();
	CHILD_CHECK(mask.effective == 0 && mask.permitted == 0 && mask.inheritable == 0);
	for (int cap = 0; cap <= 40; cap++)
		CHILD_CHECK(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0);
	CHILD_CHECK(getuid() == 65534 && geteuid() == 65534 && getgid() == 65533);
	CHILD_CHECK(getgroups(8, groups) == 0);
	CHILD_CHECK(setuid(0) < 0);
	CHILD_CHECK(umask(0) == 0022);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	return 0;
}

TEST(without_capabilities_nothing_is_left)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(drop_all, NULL), 0);
}

static int drop_some(const void *arg __attribute__((unused)))
{
	struct oci_process process = nobody();
	struct err err = { 0 };
	struct mask mask;

	process.capabilities = (struct oci_capabilities){
		.bounding = SET(chown_cap, bind_cap, kill_cap),
		.permitted = SET(chown_cap, bind_cap),
		.effective = SET(chown_cap),
		.inheritable = SET(bind_cap),
		.ambient = SET(bind_cap),
	};
	CHILD_CHECK(identity_drop(&process, &err) == 0);
	mask = masks();
	CHILD_CHECK(mask.effective == 1u << CAP_CHOWN);
	CHILD_CHECK(mask.permitted == (1u << CAP_CHOWN | 1u << CAP_NET_BIND_SERVICE));
	CHILD_CHECK(mask.inheritable == 1u << CAP_NET_BIND_SERVICE);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_BIND_SERVICE, 0, 0) == 1);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0) == 1);
	CHILD_CHECK(prctl(PR_CAPBSET_READ, CAP_SETUID, 0, 0, 0) == 0);
	return 0;
}

TEST(the_five_sets_are_what_was_asked_for)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(drop_some, NULL), 0);
}

static int drop_ambient(const void *arg __attribute__((unused)))
{
	struct oci_process process = nobody();
	struct err err = { 0 };

	process.capabilities = (struct oci_capabilities){
		.bounding = SET(chown_cap, kill_cap, bind_cap),
		.permitted = SET(chown_cap, bind_cap),
		.inheritable = SET(kill_cap, bind_cap),
		.ambient = SET(chown_cap, kill_cap, bind_cap),
	};
	CHILD_CHECK(identity_drop(&process, &err) == 0);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_BIND_SERVICE, 0, 0) == 1);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 0);
	return 0;
}

TEST(an_ambient_capability_that_cannot_be_is_left_out)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(drop_ambient, NULL), 0);
}

static int drop_lacking(const void *arg __attribute__((unused)))
{
	struct oci_process process = nobody();
	char **missing = NULL;
	struct err err = { 0 };
	struct mask mask;

	process.capabilities = (struct oci_capabilities){
		.bounding = SET(chown_cap, kill_cap, checkpoint_cap),
		.permitted = SET(chown_cap, kill_cap, checkpoint_cap),
		.effective = SET(chown_cap, kill_cap, checkpoint_cap),
		.inheritable = SET(kill_cap, checkpoint_cap),
		.ambient = SET(kill_cap, checkpoint_cap),
	};
	CHILD_CHECK(prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_CAPBSET_DROP, CAP_CHECKPOINT_RESTORE, 0, 0, 0) == 0);
	CHILD_CHECK(identity_check(&process, &missing, &err) == 0);
	CHILD_CHECK(strv_len(missing) == 2 && str_eq(missing[0], "CAP_KILL"));
	CHILD_CHECK(str_eq(missing[1], "CAP_CHECKPOINT_RESTORE"));
	CHILD_CHECK(identity_drop(&process, &err) == 0);
	mask = masks();
	CHILD_CHECK(mask.effective == 1u << CAP_CHOWN && mask.permitted == 1u << CAP_CHOWN);
	CHILD_CHECK(mask.inheritable == 0);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 0);
	strv_free(missing);
	return 0;
}

TEST(capabilities_that_we_lack_are_left_out_and_named)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(drop_lacking, NULL), 0);
}

static int drop_with_groups(const void *arg __attribute__((unused)))
{
	uint32_t gids[] = { 7, 70000, 65533 };
	struct oci_process process = nobody();
	struct err err = { 0 };
	gid_t groups[8];

	process.user.additional_gids = gids;
	process.user.n_additional_gids = 3;
	process.user.umask = 0077;
	process.no_new_privileges = true;
	CHILD_CHECK(identity_drop(&process, &err) == 0);
	CHILD_CHECK(getgroups(8, groups) == 3);
	CHILD_CHECK(groups[0] + groups[1] + groups[2] == 7 + 70000 + 65533);
	CHILD_CHECK(umask(0) == 0077);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

TEST(groups_umask_and_no_new_privs)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(drop_with_groups, NULL), 0);
}

static int drop_to_minus_one(const void *arg)
{
	struct oci_process process = nobody();
	struct err err = { 0 };

	if (*(const char *)arg == 'u')
		process.user.uid = UINT32_MAX;
	else
		process.user.gid = UINT32_MAX;
	CHILD_CHECK(identity_drop(&process, &err) < 0);
	CHILD_CHECK(strstr(err.text, "4294967295"));
	return 0;
}

/* setresuid(-1, -1, -1) succeeds, and leaves root. */
TEST(a_uid_that_means_leave_it_does_not_leave_root)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(drop_to_minus_one, "uid"), 0);
	assert_int_equal(in_child(drop_to_minus_one, "gid"), 0);
}

static int stay_root(const void *arg __attribute__((unused)))
{
	struct oci_process process = { .user = { .umask = OCI_UMASK_UNSET } };
	struct err err = { 0 };
	struct mask mask;

	process.capabilities = (struct oci_capabilities){ .bounding = SET(chown_cap),
							  .permitted = SET(chown_cap),
							  .effective = SET(chown_cap) };
	CHILD_CHECK(identity_drop(&process, &err) == 0);
	mask = masks();
	CHILD_CHECK(getuid() == 0 && mask.permitted == 1u << CAP_CHOWN);
	CHILD_CHECK(setgroups(0, NULL) < 0 && errno == EPERM);
	CHILD_CHECK(chroot("/") < 0 && errno == EPERM);
	return 0;
}

TEST(root_too_has_only_what_was_asked_for)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(stay_root, NULL), 0);
}

static int drop_wrong(const void *arg __attribute__((unused)))
{
	struct oci_process process = nobody();
	struct err err = { 0 };

	process.capabilities.effective = SET(chown_cap);
	CHILD_CHECK(identity_drop(&process, &err) == -EINVAL);
	CHILD_CHECK(getuid() == 0);
	CHILD_CHECK(prctl(PR_CAPBSET_READ, CAP_SETUID, 0, 0, 0) == 1);
	return 0;
}

TEST(nothing_is_dropped_when_the_sets_are_wrong)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(drop_wrong, NULL), 0);
}

static int drop_without_proc(const void *arg __attribute__((unused)))
{
	struct oci_process process = nobody();
	struct err err = { 0 };

	CHILD_CHECK(chroot("/proc/self/fdinfo") == 0 && chdir("/") == 0);
	CHILD_CHECK(access("/proc", F_OK) < 0);
	CHILD_CHECK(identity_drop(&process, &err) == 0);
	CHILD_CHECK(masks().permitted == 0);
	return 0;
}

TEST(no_file_is_needed)
{
	require(geteuid() == 0);
	assert_int_equal(in_child(drop_without_proc, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_capabilities_are_named),
		cmocka_unit_test(an_effective_capability_must_be_permitted),
		cmocka_unit_test(an_ambient_capability_that_cannot_be_is_left_out),
		cmocka_unit_test(an_inheritable_capability_must_be_in_the_bounding_set),
		cmocka_unit_test(without_capabilities_nothing_is_left),
		cmocka_unit_test(the_five_sets_are_what_was_asked_for),
		cmocka_unit_test(capabilities_that_we_lack_are_left_out_and_named),
		cmocka_unit_test(groups_umask_and_no_new_privs),
		cmocka_unit_test(a_uid_that_means_leave_it_does_not_leave_root),
		cmocka_unit_test(root_too_has_only_what_was_asked_for),
		cmocka_unit_test(nothing_is_dropped_when_the_sets_are_wrong),
		cmocka_unit_test(no_file_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
