/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>

#include "rpc/ttrpc_status.h"

TEST(an_errno_survives_the_way_over_the_wire)
{
	static const int codes[] = { ECANCELED, EINVAL, ETIMEDOUT, ENOENT, EEXIST, EACCES,
				     ENOSPC,    ESRCH,  EAGAIN,    ERANGE, ENOSYS, EPIPE };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_int_equal(ttrpc_errno_of_code((int)ttrpc_code_of_errno(codes[i])), codes[i]);
}

TEST(what_has_no_counterpart_is_internal)
{
	assert_int_equal(ttrpc_code_of_errno(EXDEV), TTRPC_INTERNAL);
	assert_int_equal(ttrpc_code_of_errno(0), TTRPC_INTERNAL);
	assert_int_equal(ttrpc_errno_of_code(TTRPC_INTERNAL), EIO);
	assert_int_equal(ttrpc_errno_of_code(TTRPC_UNKNOWN), EIO);
	assert_int_equal(ttrpc_errno_of_code(-1), EIO);
	assert_int_equal(ttrpc_errno_of_code(INT32_MAX), EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_errno_survives_the_way_over_the_wire),
		cmocka_unit_test(what_has_no_counterpart_is_internal),
	};

	return cmocka_run_group_tests_name("ttrpc_status", tests, NULL, NULL);
}
