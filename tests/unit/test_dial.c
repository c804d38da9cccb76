/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"

TEST(an_address_is_a_path_or_a_context_id_with_a_port)
{
	static const char *const good[] = { "unix:///run/vc/sbs/box/proxy.sock", "vsock://3:1024",
					    "vsock://4294967294:1" };
	static const char *const bad[] = {
		"",
		"/run/proxy.sock",
		"unix://run/proxy.sock",
		"vsock://3",
		"vsock://2:1024",
		"vsock://3:0",
		"vsock://3:",
		"vsock://:1024",
		"vsock://3:1024x",
		"vsock://-3:1024",
		"vsock://4294967295:1",
		"tcp://3:1024",
		"vsock://3:4294967295",
		"vsock:///a:1024",
	};
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(dial_check(good[i], &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (dial_check(bad[i], &err) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	assert_int_equal(dial_check("vsock://2:1024", &err), -EINVAL);
	assert_non_null(strstr(err.text, "'vsock://2:1024' is not an address of an agent"));
}

TEST(a_unix_socket_is_connected_and_blocks)
{
	char dir[] = "/tmp/dial.XXXXXX";
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *url = NULL;
	CLEANUP(close) int listener = -1;
	CLEANUP(close) int fd = -1;
	struct err err = { 0 };

	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/s", dir);
	url = xasprintf("unix://%s", path);
	assert_int_equal(dial(url, deadline_in(1000), &err), -ENOENT);
	listener = unix_listen(path, 0600, &err);
	assert_true(listener >= 0);
	fd = dial(url, deadline_in(1000), &err);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)unlink(path);
	(void)rmdir(dir);
}

TEST(a_machine_that_is_not_there_is_an_error_before_the_deadline)
{
	struct err err = { 0 };
	int r = dial("vsock://2147483640:1024", deadline_in(2000), &err);

	assert_true(r < 0);
	assert_non_null(strstr(err.text, "connect to vsock://2147483640:1024: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_a_path_or_a_context_id_with_a_port),
		cmocka_unit_test(a_unix_socket_is_connected_and_blocks),
		cmocka_unit_test(a_machine_that_is_not_there_is_an_error_before_the_deadline),
	};

	return cmocka_run_group_tests_name("dial", tests, NULL, NULL);
}
