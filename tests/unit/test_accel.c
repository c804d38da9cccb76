/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "hypervisor/accel.h"

TEST(only_vmx_or_svm_as_a_whole_word_is_virtualization)
{
	assert_true(accel_cpu_has_virtualization("processor\t: 0\nflags\t\t: fpu vmx sse\n"));
	assert_true(accel_cpu_has_virtualization("processor : 0\nflags : svm\nbugs :\n"));
	assert_false(accel_cpu_has_virtualization("processor\t: 0\nflags\t\t: fpu sse\n"));
	assert_false(accel_cpu_has_virtualization("processor : 0\nflags : vmx_x xsvm svm2\n"));
	assert_false(accel_cpu_has_virtualization("model name : svm\nflags : fpu\nbugs : vmx\n"));
	assert_false(accel_cpu_has_virtualization("processor : 0\nvmx flags : vnmi svm vmx\n"));
	assert_false(accel_cpu_has_virtualization(""));
}

TEST(a_host_that_is_a_guest_says_so)
{
	assert_true(accel_cpu_is_virtual("processor\t: 0\nflags\t\t: fpu hypervisor sse\n"));
	assert_false(accel_cpu_is_virtual("processor\t: 0\nflags\t\t: fpu vmx\n"));
	assert_false(accel_cpu_is_virtual("model name : hypervisor\n"));
}

#ifdef __x86_64__
TEST(the_time_stamp_counter_is_measured)
{
	uint64_t khz = accel_tsc_khz();

	assert_in_range(khz, 500000, 10000000);
}
#endif

TEST(the_configuration_forces_either)
{
	const char *reason = "x";

	assert_string_equal(accel_choose("accel=tcg", &reason), "tcg");
	assert_null(reason);
	assert_string_equal(accel_choose("nvdimm=on,accel=kvm", &reason), "kvm");
	assert_null(reason);
}

TEST(without_force_emulation_comes_with_a_reason)
{
	const char *reason = NULL;
	const char *choice = accel_choose("", &reason);

	assert_true((strcmp(choice, "tcg") == 0) == (reason != NULL));
}

TEST(the_word_that_forces_is_not_for_qemu)
{
	CLEANUP(free) char *rest = accel_strip("nvdimm=on, accel=tcg,dump-guest-core=off");
	CLEANUP(free) char *none = accel_strip("accel=kvm");
	CLEANUP(free) char *empty = accel_strip("");

	assert_string_equal(rest, "nvdimm=on,dump-guest-core=off");
	assert_string_equal(none, "");
	assert_string_equal(empty, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_vmx_or_svm_as_a_whole_word_is_virtualization),
		cmocka_unit_test(a_host_that_is_a_guest_says_so),
#ifdef __x86_64__
		cmocka_unit_test(the_time_stamp_counter_is_measured),
#endif
		cmocka_unit_test(the_configuration_forces_either),
		cmocka_unit_test(without_force_emulation_comes_with_a_reason),
		cmocka_unit_test(the_word_that_forces_is_not_for_qemu),
	};

	return cmocka_run_group_tests_name("accel", tests, NULL, NULL);
}
