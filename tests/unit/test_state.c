/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "oci/state.h"

TEST(a_state_on_one_line)
{
	char *annotations[] = { (char[]){ "a=b=c" }, NULL };
	const struct oci_state it = { .version = "1.2.0",
				      .id = "one",
				      .status = "created",
				      .pid = 12,
				      .bundle = "/b \"x\"",
				      .annotations = annotations };
	CLEANUP(free) char *text = oci_state_json(&it, false);

	assert_string_equal(text, "{\"ociVersion\":\"1.2.0\",\"id\":\"one\",\"status\":\"created\","
				  "\"pid\":12,\"bundle\":\"/b \\\"x\\\"\","
				  "\"annotations\":{\"a\":\"b=c\"}}");
}

TEST(a_state_for_people)
{
	const struct oci_state it = { .version = "1.0.2", .id = "x", .status = "stopped" };
	CLEANUP(free) char *text = oci_state_json(&it, true);

	assert_non_null(strstr(text, "\n  \"id\": \"x\",\n"));
	assert_non_null(strstr(text, "\n  \"pid\": 0,\n"));
	assert_non_null(strstr(text, "\n  \"bundle\": null,\n"));
	assert_non_null(strstr(text, "\"annotations\": {}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_on_one_line),
		cmocka_unit_test(a_state_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
