/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

static struct err err;

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static unsigned count_entries(void)
{
	DIR *dir = opendir(tmp);
	struct dirent *entry;
	unsigned n = 0;

	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
	closedir(dir);
	return n;
}

TEST(a_file_is_read_up_to_its_limit)
{
	CLEANUP(free) char *path = tmp_path("f");
	CLEANUP(free) char *text = NULL;
	size_t len = 0;

	tmp_write("f", "12345");
	assert_int_equal(file_read(path, 5, &text, &len, &err), 0);
	assert_int_equal(len, 5);
	assert_string_equal(text, "12345");
}

TEST(a_file_over_its_limit_is_refused_by_name)
{
	CLEANUP(free) char *path = tmp_path("f");
	CLEANUP(free) char *wanted = xasprintf("%s is larger than 4 bytes, the limit", path);
	CLEANUP(free) char *text = NULL;

	tmp_write("f", "12345");
	assert_int_equal(file_read(path, 4, &text, NULL, &err), -EFBIG);
	assert_string_equal(err.text, wanted);
	assert_null(text);
}

TEST(large_and_empty_files_are_read_whole)
{
	CLEANUP(free) char *path = tmp_path("f");
	CLEANUP(free) char *big = xcalloc(1, 100001);
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *empty = NULL;
	size_t len = 1;

	memset(big, 'x', 100000);
	tmp_write("f", big);
	assert_int_equal(file_read(path, 1 << 20, &text, &len, &err), 0);
	assert_int_equal(len, 100000);
	assert_string_equal(text, big);
	tmp_write("f", "");
	assert_int_equal(file_read(path, 10, &empty, &len, &err), 0);
	assert_int_equal(len, 0);
	assert_string_equal(empty, "");
}

TEST(directories_fifos_and_devices_are_no_files)
{
	CLEANUP(free) char *fifo = tmp_path("fifo");
	CLEANUP(free) char *text = NULL;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(file_read(fifo, 10, &text, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "fifo is not a regular file"));
	assert_int_equal(file_read(tmp, 10, &text, NULL, &err), -EISDIR);
	assert_non_null(strstr(err.text, "is a directory, not a file"));
	assert_int_equal(file_read("/dev/null", 10, &text, NULL, &err), -EINVAL);
}

TEST(a_file_that_is_missing_is_named)
{
	CLEANUP(free) char *text = NULL;

	assert_int_equal(file_read("/no/such/file", 10, &text, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "open /no/such/file: No such file or directory");
	assert_int_equal(file_read_at(AT_FDCWD, "/no/such/file", 10, &text), -ENOENT);
}

TEST(files_of_proc_are_read_although_their_size_is_0)
{
	CLEANUP(free) char *text = NULL;

	assert_int_equal(file_read_at(AT_FDCWD, "/proc/self/status", 1 << 20, &text), 0);
	assert_non_null(strstr(text, "Pid:"));
}

TEST(a_link_is_not_followed_below_a_directory)
{
	CLEANUP(free) char *link = tmp_path("link");
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(free) char *text = NULL;

	tmp_write("f", "x");
	assert_int_equal(symlink("f", link), 0);
	assert_int_equal(file_read_at(dir, "link", 10, &text), -ELOOP);
	assert_int_equal(file_read_at(dir, "f", 10, &text), 0);
}

TEST(a_file_is_written_only_where_there_is_one)
{
	CLEANUP(free) char *path = tmp_path("f");
	CLEANUP(free) char *text = NULL;

	assert_int_equal(file_write(path, "x", &err), -ENOENT);
	tmp_write("f", "");
	assert_int_equal(file_write(path, "hello", &err), 0);
	assert_int_equal(file_read(path, 10, &text, NULL, &err), 0);
	assert_string_equal(text, "hello");
}

TEST(a_file_is_replaced_whole_with_its_mode_and_leaves_nothing_beside)
{
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(free) char *text = NULL;
	struct stat st;

	assert_int_equal(file_replace_at(dir, "f", "one", 3, 0640, &err), 0);
	assert_int_equal(file_replace_at(dir, "f", "two", 3, 0600, &err), 0);
	assert_int_equal(file_read_at(dir, "f", 10, &text), 0);
	assert_string_equal(text, "two");
	assert_int_equal(fstatat(dir, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(count_entries(), 1);
}

TEST(a_file_is_replaced_in_its_own_folder)
{
	CLEANUP(free) char *sub = tmp_path("sub");
	CLEANUP(free) char *path = tmp_path("sub/f");
	CLEANUP(free) char *text = NULL;

	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, path, "abc", 3, 0600, &err), 0);
	assert_int_equal(file_read(path, 10, &text, NULL, &err), 0);
	assert_string_equal(text, "abc");
	assert_int_equal(count_entries(), 1);
}

TEST(a_replacement_that_fails_leaves_nothing_and_says_why)
{
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(free) char *sub = tmp_path("sub");

	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(file_replace_at(dir, "sub", "x", 1, 0600, &err), -EISDIR);
	assert_string_equal(err.text, "write sub: Is a directory");
	assert_int_equal(file_replace_at(dir, "none/f", "x", 1, 0600, &err), -ENOENT);
	assert_int_equal(count_entries(), 1);
}

TEST(a_unix_socket_path_may_be_longer_than_sun_path)
{
	CLEANUP(free) char *path = NULL;
	CLEANUP(close) int listening = -1;
	CLEANUP(close) int there = -1;
	CLEANUP(close) int here = -1;
	CLEANUP(free) char *dir = xstrdup(tmp);
	char byte = 0;
	struct stat st;

	while (strlen(dir) < 300) {
		char *next = xasprintf("%s/%s", dir, "a-rather-long-name-of-a-directory");

		assert_int_equal(mkdir(next, 0700), 0);
		free(dir);
		dir = next;
	}
	path = xasprintf("%s/proxy.sock", dir);
	listening = unix_listen(path, 0600, &err);
	assert_true(listening >= 0);
	assert_int_equal(fcntl(listening, F_GETFD), FD_CLOEXEC);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	here = unix_connect(path, &err);
	assert_true(here >= 0);
	there = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(write_full(here, "x", 1), 0);
	assert_int_equal(read(there, &byte, 1), 1);
	assert_int_equal(unix_listen(path, 0600, &err), -EADDRINUSE);
}

TEST(connecting_to_nothing_is_named)
{
	CLEANUP(free) char *path = tmp_path("none.sock");
	CLEANUP(free) char *name = NULL;
	char long_name[200];

	assert_int_equal(unix_connect(path, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(unix_connect("/no/such/dir/s", &err), -ENOENT);
	tmp_write("plain", "");
	name = tmp_path("plain");
	assert_int_equal(unix_connect(name, &err), -ECONNREFUSED);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(unix_listen(long_name, 0600, &err), -ENAMETOOLONG);
}

TEST(a_descriptor_travels_with_its_message)
{
	CLEANUP(close) int got = -1;
	CLEANUP(close) int file = -1;
	CLEANUP(free) char *path = tmp_path("f");
	int pair[2];
	char data[8];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(send_with_fd(pair[0], "abc", 3, file), 0);
	assert_int_equal(recv_with_fd(pair[1], data, sizeof(data), &got), 3);
	assert_true(got >= 0);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write_full(got, "via", 3), 0);

	assert_int_equal(send_with_fd(pair[0], "d", 1, -1), 0);
	close(got);
	assert_int_equal(recv_with_fd(pair[1], data, sizeof(data), &got), 1);
	assert_int_equal(got, -1);
	close(pair[0]);
	assert_int_equal(recv_with_fd(pair[1], data, sizeof(data), &got), 0);
	close(pair[1]);
}

TEST(descriptors_that_nobody_asked_for_do_not_stay_open)
{
	union {
		char bytes[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t) "x", .iov_len = 1 };
	unsigned before = count_fds();

	for (unsigned n = 1; n <= 4; n++) {
		struct msghdr msg = { .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control.bytes,
				      .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
		int pair[2];
		int got = -1;
		char byte;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		for (unsigned i = 0; i < n; i++)
			memcpy(CMSG_DATA(&control.align) + i * sizeof(int), &pair[0], sizeof(int));
		assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
		assert_int_equal(recv_with_fd(pair[1], &byte, 1, &got), 1);
		assert_int_equal(got >= 0, n == 1);
		if (got >= 0)
			close(got);
		close(pair[0]);
		close(pair[1]);
	}
	assert_int_equal(count_fds(), before);
}

TEST(nonblocking_is_switched_on_and_off)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_set_nonblock(ends[0], true), 0);
	assert_true(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_set_nonblock(ends[0], false), 0);
	assert_false(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(fd_set_nonblock(-1, true), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_file_is_read_up_to_its_limit),
		TMP_TEST(a_file_over_its_limit_is_refused_by_name),
		TMP_TEST(large_and_empty_files_are_read_whole),
		TMP_TEST(directories_fifos_and_devices_are_no_files),
		TMP_TEST(a_file_that_is_missing_is_named),
		TMP_TEST(files_of_proc_are_read_although_their_size_is_0),
		TMP_TEST(a_link_is_not_followed_below_a_directory),
		TMP_TEST(a_file_is_written_only_where_there_is_one),
		TMP_TEST(a_file_is_replaced_whole_with_its_mode_and_leaves_nothing_beside),
		TMP_TEST(a_file_is_replaced_in_its_own_folder),
		TMP_TEST(a_replacement_that_fails_leaves_nothing_and_says_why),
		TMP_TEST(a_unix_socket_path_may_be_longer_than_sun_path),
		TMP_TEST(connecting_to_nothing_is_named),
		TMP_TEST(a_descriptor_travels_with_its_message),
		TMP_TEST(descriptors_that_nobody_asked_for_do_not_stay_open),
		TMP_TEST(nonblocking_is_switched_on_and_off),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
