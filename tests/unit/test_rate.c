/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "base/rate.h"

static unsigned taken(struct rate *rate, uint64_t now, unsigned tries)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += rate_take(rate, now);
	return n;
}

TEST(a_burst_passes_and_then_so_many_a_second)
{
	struct rate rate;

	rate_init(&rate, 10, 5);
	assert_int_equal(taken(&rate, 1000, 100), 10);
	assert_int_equal(taken(&rate, 1000, 100), 0);
	assert_int_equal(taken(&rate, 1200, 100), 1);
	assert_int_equal(taken(&rate, 1300, 100), 0);
	assert_int_equal(taken(&rate, 1400, 100), 1);
	assert_int_equal(taken(&rate, 2400, 100), 5);
}

TEST(a_pause_gives_no_more_than_a_burst)
{
	struct rate rate;

	rate_init(&rate, 10, 5);
	assert_int_equal(taken(&rate, 1, 100), 10);
	assert_int_equal(taken(&rate, UINT64_MAX / 2, 100), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_passes_and_then_so_many_a_second),
		cmocka_unit_test(a_pause_gives_no_more_than_a_burst),
	};

	return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
