/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/err_codes.h"

static const char *const identifiers[ERR_N_IDS] = {
#define ERR_CODE(id, name, source, means, remedy) [id] = #id,
#include "base/err_codes.def"
#undef ERR_CODE
};

TEST(a_name_is_its_identifier)
{
	for (enum err_id id = ERR_NONE + 1; id < ERR_N_IDS; id++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "KATA-%s", identifiers[id] + strlen("ERR_"));
		for (char *p = expected; *p; p++)
			if (*p == '_')
				*p = '-';
		assert_string_equal(err_name(id), expected);
		assert_true(strlen(expected) <= 27); /* a column of 'explain' */
	}
}

TEST(each_name_is_there_once)
{
	for (enum err_id id = ERR_NONE + 1; id < ERR_N_IDS; id++)
		assert_int_equal(err_by_name(err_name(id)), id);
}

static void assert_plain(const char *text, size_t max)
{
	assert_in_range(strlen(text), 10, max);
	assert_int_equal(text[strlen(text) - 1], '.');
	for (const char *p = text; *p; p++)
		assert_in_range((unsigned char)*p, 0x20, 0x7e);
}

TEST(each_code_has_a_sentence_and_one_line_of_what_to_do)
{
	for (enum err_id id = ERR_NONE + 1; id < ERR_N_IDS; id++) {
		assert_plain(err_meaning(id), 200);
		assert_plain(err_remedy(id), 240);
	}
}

TEST(a_name_may_be_short_and_in_lower_case)
{
	assert_int_equal(err_by_name("KATA-NO-SPACE"), ERR_NO_SPACE);
	assert_int_equal(err_by_name("kata-no-space"), ERR_NO_SPACE);
	assert_int_equal(err_by_name("no-space"), ERR_NO_SPACE);
	assert_int_equal(err_by_name("no-spac"), ERR_NONE);
	assert_int_equal(err_by_name("KATA-"), ERR_NONE);
	assert_int_equal(err_by_name(""), ERR_NONE);
}

TEST(each_errno_has_a_code)
{
	assert_int_equal(err_class(0), ERR_NONE);
	for (int code = 1; code < 134; code++)
		assert_true(err_class(code) > ERR_NONE && err_class(code) < ERR_N_IDS);
	assert_int_equal(err_class(EMFILE), ERR_FD_LIMIT);
	assert_int_equal(err_class(99999), ERR_IO);
}

TEST(a_guest_cannot_speak_of_the_host)
{
	assert_true(err_from_guest(ERR_NO_SPACE));
	assert_false(err_from_guest(ERR_USAGE));
	assert_false(err_from_guest(ERR_NONE));
	assert_false(err_from_guest(ERR_N_IDS));
}

TEST(numbers_that_are_none_have_texts_all_the_same)
{
	assert_string_equal(err_name(ERR_NONE), "");
	assert_string_equal(err_name(ERR_N_IDS), "");
	assert_string_equal(err_meaning(ERR_N_IDS), err_meaning(ERR_IO));
	assert_string_equal(err_remedy(ERR_NONE), err_remedy(ERR_IO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_its_identifier),
		cmocka_unit_test(each_name_is_there_once),
		cmocka_unit_test(each_code_has_a_sentence_and_one_line_of_what_to_do),
		cmocka_unit_test(a_name_may_be_short_and_in_lower_case),
		cmocka_unit_test(each_errno_has_a_code),
		cmocka_unit_test(a_guest_cannot_speak_of_the_host),
		cmocka_unit_test(numbers_that_are_none_have_texts_all_the_same),
	};

	return cmocka_run_group_tests_name("err_codes", tests, NULL, NULL);
}
