/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "runtime/host_facts.h"
#include "runtime/report.h"

static char *text_of(bool json)
{
	__attribute__((cleanup(report_donep))) struct report report = { 0 };
	static const char *const words[] = { "x", "y", NULL };

	report_string(&report, "A", "Name", "quote \" and \\");
	report_bool(&report, "A", "On", true);
	report_number(&report, "A.B", "N", -3);
	report_strings(&report, "A.B.C", "Words", (char *const *)words);
	report_string(&report, "A.D", "Empty", NULL);
	report_strings(&report, "E", "None", NULL);
	return report_text(&report, json);
}

TEST(a_report_as_toml_has_a_table_for_each_section)
{
	CLEANUP(free) char *text = text_of(false);

	assert_string_equal(text, "[A]\n  Name = \"quote \\\" and \\\\\"\n  On = true\n\n"
				  "  [A.B]\n    N = -3\n\n"
				  "    [A.B.C]\n      Words = [\"x\",\"y\"]\n\n"
				  "  [A.D]\n    Empty = \"\"\n\n"
				  "[E]\n  None = []\n");
}

TEST(a_report_as_json_nests_sections)
{
	CLEANUP(free) char *text = text_of(true);

	assert_string_equal(text, "{\n  \"A\": {\n    \"Name\": \"quote \\\" and \\\\\",\n"
				  "    \"On\": true,\n    \"B\": {\n      \"N\": -3,\n"
				  "      \"C\": {\n        \"Words\": [\n          \"x\",\n"
				  "          \"y\"\n        ]\n      }\n    },\n    \"D\": {\n"
				  "      \"Empty\": \"\"\n    }\n  },\n  \"E\": {\n"
				  "    \"None\": []\n  }\n}\n");
}

static void assert_fact(const char *text, const char *name, char separator, const char *wanted)
{
	CLEANUP(free) char *fact = fact_of(text, name, separator);

	assert_string_equal(fact, wanted);
}

TEST(facts_are_found_by_their_whole_name)
{
	static const char release[] =
		"PRETTY_NAME=\"Debian GNU/Linux 12\"\nNAME=\"Debian GNU/Linux\"\n"
		"VERSION_ID='12'\nID=debian";
	static const char cpuinfo[] = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 85\n"
				      "model name\t: A  B\n\nprocessor\t: 1\nmodel name\t: C\n";

	assert_fact(release, "NAME", '=', "Debian GNU/Linux");
	assert_fact(release, "VERSION_ID", '=', "12");
	assert_fact(release, "ID", '=', "debian");
	assert_fact(release, "HOME_URL", '=', "");
	assert_fact(cpuinfo, "vendor_id", ':', "GenuineIntel");
	assert_fact(cpuinfo, "model name", ':', "A  B");
	assert_fact(cpuinfo, "model", ':', "85");
	assert_fact("NAME", "NAME", '=', "");
	assert_fact("NAME=", "NAME", '=', "");
	assert_fact("NAME=\"", "NAME", '=', "\"");
	assert_fact("", "NAME", '=', "");
}

TEST(architectures_have_their_names_of_go)
{
	assert_string_equal(go_architecture("x86_64"), "amd64");
	assert_string_equal(go_architecture("aarch64"), "arm64");
	assert_string_equal(go_architecture("riscv64"), "riscv64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_as_toml_has_a_table_for_each_section),
		cmocka_unit_test(a_report_as_json_nests_sections),
		cmocka_unit_test(facts_are_found_by_their_whole_name),
		cmocka_unit_test(architectures_have_their_names_of_go),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
