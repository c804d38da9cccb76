/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/metrics_text.h"

static const char *const guest[] = { "kata_guest_", NULL };

static void assert_taken(const char *text, const char *label, const char *wanted, size_t left_out)
{
	__attribute__((cleanup(metrics_text_done))) struct metrics_text metrics = { 0 };
	CLEANUP(free) char *all = NULL;
	size_t n = metrics_text_take(&metrics, text, guest, label, "s \"1\"");

	all = metrics_text_all(&metrics);
	assert_string_equal(all, wanted);
	assert_int_equal(n, left_out);
}

TEST(samples_of_one_name_stand_together_under_one_heading)
{
	__attribute__((cleanup(metrics_text_done))) struct metrics_text metrics = { 0 };
	CLEANUP(free) char *all = NULL;

	assert_int_equal(metrics_text_take(&metrics,
					   "# HELP kata_guest_a first\n# TYPE kata_guest_a gauge\n"
					   "kata_guest_a 1\nkata_guest_b{item=\"x\"} 2\n",
					   guest, "sandbox_id", "one"),
			 0);
	assert_int_equal(metrics_text_take(&metrics,
					   "# HELP kata_guest_a other\nkata_guest_a 3.5e1\n", guest,
					   "sandbox_id", "two"),
			 0);
	all = metrics_text_all(&metrics);
	assert_string_equal(all, "# HELP kata_guest_a first\n# TYPE kata_guest_a gauge\n"
				 "kata_guest_a{sandbox_id=\"one\"} 1\n"
				 "kata_guest_a{sandbox_id=\"two\"} 3.5e1\n"
				 "# TYPE kata_guest_b gauge\n"
				 "kata_guest_b{sandbox_id=\"one\",item=\"x\"} 2\n");
}

TEST(a_label_is_escaped)
{
	assert_taken("kata_guest_a 1\n", "id",
		     "# TYPE kata_guest_a gauge\nkata_guest_a{id=\"s \\\"1\\\"\"} 1\n", 0);
}

TEST(what_is_not_of_the_guest_or_not_well_formed_is_left_out)
{
	static const char *const bad[] = {
		"kata_shim_fds 1",
		"up 1",
		"kata_guest_a",
		"kata_guest_a ",
		"kata_guest_a x",
		"kata_guest_a 1 2 3",
		"kata_guest_a{ 1",
		"kata_guest_a{} 1",
		"kata_guest_a{item=\"x\" 1",
		"kata_guest_a{item=\"x} 1",
		"kata_guest_a{item=x} 1",
		"kata_guest_a{item=\"x\\\"} 1",
		"kata_guest_a{item=\"x\"}{b=\"y\"} 1",
		"kata_guest_a{item=\"\x01\"} 1",
		"kata_guest_a{id=\"another\"} 1",
		"kata_guest_A 1",
		/* Each of these would make Prometheus refuse the answer as a whole. */
		"kata_guest_a 0x10",
		"kata_guest_a nan(x)",
		"kata_guest_a infinity",
		"kata_guest_a{item=\"\\q\"} 1",
		"kata_guest_a{item=\"\xff\"} 1",
		"kata_guest_a{item=\"x\",item=\"y\"} 1",
		"# HELP kata_shim_fds x",
		"# other",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_taken(bad[i], "id", "", 1);
	assert_taken("kata_guest_a{id=\"x\"} 1", NULL,
		     "# TYPE kata_guest_a gauge\nkata_guest_a{id=\"x\"} 1\n", 0);
}

TEST(names_are_bounded)
{
	CLEANUP(free) char *name = xmalloc(200);
	CLEANUP(free) char *line = NULL;
	__attribute__((cleanup(metrics_text_done))) struct metrics_text metrics = { 0 };

	memset(name, 'x', 199);
	name[199] = '\0';
	line = xasprintf("kata_guest_%s 1", name);
	assert_taken(line, NULL, "", 1);
	for (unsigned i = 0; i < 300; i++) {
		CLEANUP(free) char *sample = xasprintf("kata_guest_%u 1", i);

		assert_int_equal(metrics_text_take(&metrics, sample, guest, NULL, NULL),
				 i < 256 ? 0 : 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_one_name_stand_together_under_one_heading),
		cmocka_unit_test(a_label_is_escaped),
		cmocka_unit_test(what_is_not_of_the_guest_or_not_well_formed_is_left_out),
		cmocka_unit_test(names_are_bounded),
	};

	return cmocka_run_group_tests_name("metrics_text", tests, NULL, NULL);
}
