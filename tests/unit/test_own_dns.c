/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "sandbox/own_dns.h"

static void is(const char *json, const char *wanted)
{
	CLEANUP(free) char *text = NULL;
	struct err err = { 0 };

	if (own_dns_text(json, &text, &err) != 0)
		fail_msg("%s: %s", json, err.text);
	assert_string_equal(text, wanted);
}

static void refused(const char *json, const char *wanted)
{
	CLEANUP(free) char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(own_dns_text(json, &text, &err), -EINVAL);
	assert_string_equal(err.text, wanted);
	assert_null(text);
}

TEST(each_member_is_a_line)
{
	is("{\"Servers\": [\"192.0.2.1\", \"2001:db8::1\"], \"Domain\": \"example.org\","
	   "\"Searches\": [\"a.example.org\", \"b\"], \"Options\": [\"ndots:2\", \"rotate\"]}",
	   "nameserver 192.0.2.1\nnameserver 2001:db8::1\ndomain example.org\n"
	   "search a.example.org b\noptions ndots:2 rotate\n");
	is("{\"servers\":[\"192.0.2.1\"],\"Domain\":\"\",\"Searches\":[],\"Options\":null}",
	   "nameserver 192.0.2.1\n");
	is("{}", "");
}

TEST(what_would_be_another_line_is_refused)
{
	refused("{\"Servers\": [\"example.org\"]}",
		"Servers: 'example.org', allowed is an IPv4 or IPv6 address");
	refused("{\"Servers\": [\"192.0.2.1\\nsearch x\"]}",
		"Servers: '192.0.2.1?search x', allowed is an IPv4 or IPv6 address");
	refused("{\"Servers\": [\"::1\", \"::1\", \"::1\", \"::1\"]}",
		"Servers: 4 of them, allowed are 3");
	refused("{\"Domain\": \"a b\"}", "Domain: 'a b', allowed is a domain's name of letters, "
					 "digits, '-', '_' and '.'");
	refused("{\"Searches\": [\"\"]}", "Searches: '', allowed is a domain's name of letters, "
					  "digits, '-', '_' and '.'");
	refused("{\"Options\": [\"ndots:2 x\"]}",
		"Options: 'ndots:2 x', allowed is a word such as ndots:2, see resolv.conf(5)");
}

TEST(wrong_json_is_refused)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{} {}",
		"{\"Servers\": \"x\"}",
		"{\"Servers\": [1]}",
		"{\"Domain\": []}",
		"{\"servers\": [], \"SERVERS\": []}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CLEANUP(free) char *text = NULL;
		struct err err = { 0 };

		assert_int_equal(own_dns_text(texts[i], &text, &err), -EINVAL);
		assert_string_not_equal(err.text, "");
	}
}

TEST(what_is_wrong_is_told_with_the_annotations_name)
{
	static const char file[] = "[hypervisor.qemu]\nenable_annotations = [\"sandbox_dns\"]";
	char word[] = "io.katacontainers.sandbox_dns={\"Domain\": \"/\"}";
	char *annotations[] = { word, NULL };
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = { 0 };

	assert_int_equal(config_parse(file, strlen(file), "conf", &config, &err), 0);
	assert_int_equal(own_dns_check(config, &err), 0);
	assert_int_equal(config_override(config, annotations, false, &err), 0);
	assert_int_equal(own_dns_check(config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "annotation io.katacontainers.sandbox_dns: Domain: '/'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_is_a_line),
		cmocka_unit_test(what_would_be_another_line_is_refused),
		cmocka_unit_test(wrong_json_is_refused),
		cmocka_unit_test(what_is_wrong_is_told_with_the_annotations_name),
	};

	return cmocka_run_group_tests_name("own_dns", tests, NULL, NULL);
}
