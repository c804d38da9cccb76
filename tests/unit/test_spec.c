/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "tests/unit/spec_full.h"
#include "tests/unit/spec_json.h"

TEST(a_copy_of_a_process_holds_nothing_of_the_original)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	CLEANUP(oci_spec_free) struct oci_spec *other = parse(spec_full);
	struct oci_process copy;

	oci_process_copy(&copy, &spec->process);
	oci_process_done(&spec->process);
	assert_process(&copy, &other->process);
	assert_true(copy.scheduler.policy != other->process.scheduler.policy);
	oci_process_done(&copy);
	assert_null(copy.scheduler.flags);
}

TEST(an_empty_process_is_copied_too)
{
	struct oci_process empty;
	struct oci_process copy;

	oci_process_init(&empty);
	oci_process_copy(&copy, &empty);
	assert_process(&copy, &empty);
	assert_true(copy.user.umask == OCI_UMASK_UNSET);
	oci_process_done(&copy);
	oci_process_done(&empty);
}

TEST(resources_are_empty_when_done)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	struct oci_resources none = { 0 };

	oci_resources_done(&spec->resources);
	assert_resources(&spec->resources, &none);
	oci_seccomp_free(NULL);
	oci_spec_free(NULL);
}

TEST(hooks_have_the_names_of_the_specification)
{
	static const char *const names[OCI_HOOK_KINDS] = {
		"prestart",       "createRuntime", "createContainer",
		"startContainer", "poststart",     "poststop",
	};

	for (size_t kind = 0; kind < OCI_HOOK_KINDS; kind++)
		assert_string_equal(oci_hook_name((enum oci_hook_kind)kind), names[kind]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_of_a_process_holds_nothing_of_the_original),
		cmocka_unit_test(an_empty_process_is_copied_too),
		cmocka_unit_test(resources_are_empty_when_done),
		cmocka_unit_test(hooks_have_the_names_of_the_specification),
	};

	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
