/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "sandbox/dns.h"

TEST(a_name_server_on_lo_is_found)
{
	CLEANUP(free)
	char *docker = dns_in_resolv_conf("# by Docker\nsearch example.org\n"
					  "nameserver 127.0.0.11\noptions ndots:0\n");
	CLEANUP(free)
	char *second = dns_in_resolv_conf("nameserver 192.0.2.1\r\n"
					  "nameserver\t127.0.0.53 \r\n");

	assert_string_equal(docker, "127.0.0.11");
	assert_string_equal(second, "127.0.0.53");
}

TEST(others_can_be_reached_by_the_guest_itself)
{
	static const char *const texts[] = { "",
					     "nameserver 192.0.2.1\n",
					     "nameserver ::1\n",
					     "nameserver 127.0.0.1.\n",
					     "#nameserver 127.0.0.1\n",
					     "nameserver\n",
					     "nameserver 127.0.0.256\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_null(dns_in_resolv_conf(texts[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_server_on_lo_is_found),
		cmocka_unit_test(others_can_be_reached_by_the_guest_itself),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
