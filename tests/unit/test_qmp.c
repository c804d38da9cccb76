/* SPDX-License-Identifier: Apache-2.0 */
/* A forked child stands for QEMU at the other end of a real socket. */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "hypervisor/qemu_migrate.h"
#include "hypervisor/qemu_size.h"
#include "hypervisor/qmp.h"
#include "tests/unit/tmp.h"

#define GREETING "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n"
#define OK       "{\"return\":{}}\r\n"

/* A peer says each line as an answer to a line of ours; the first at once. */
struct peer {
	pid_t pid;
	char *path;
};

static struct qmp *qmp;
static struct err err;

static void say(int fd, const char *text)
{
	if (write_full(fd, text, strlen(text)) < 0)
		_exit(0);
}

static void hear(int fd)
{
	char c = 0;

	while (c != '\n')
		if (read(fd, &c, 1) <= 0)
			_exit(0);
}

typedef void (*script_fn)(int fd);

static struct peer start_peer(script_fn script)
{
	struct peer peer = { .path = tmp_path("qmp.sock") };
	int listening;

	memset(&err, 0, sizeof(err));
	qmp = NULL;
	listening = unix_listen(peer.path, 0600, &err);
	assert_true(listening >= 0);
	(void)signal(SIGPIPE, SIG_IGN);
	peer.pid = fork();
	if (peer.pid == 0) {
		int fd = accept(listening, NULL, NULL);

		script(fd);
		_exit(0);
	}
	close(listening);
	return peer;
}

static void end_peer(struct peer *peer)
{
	qmp_free(qmp);
	(void)kill(peer->pid, SIGKILL);
	(void)waitpid(peer->pid, NULL, 0);
	free(peer->path);
}

static int dial(const struct peer *peer, uint64_t timeout)
{
	return qmp_connect(peer->path, deadline_in(timeout), &qmp, &err);
}

static void good_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	say(fd, OK);
	hear(fd);
	say(fd, "{\"event\":\"RESET\",\"timestamp\":{}}\r\n");
	say(fd, "{\"event\":\"STOP\"}\r\n{\"return\":{\"status\":\"run");
	say(fd, "ning\"}}\r\n");
	hear(fd);
	say(fd,
	    "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no \\u001b[1m such device\"}}\r\n");
	hear(fd);
	say(fd, "{\"error\":{}}\r\n");
	hear(fd);
	say(fd, OK);
	hear(fd);
}

TEST(commands_events_and_errors)
{
	struct peer peer = start_peer(good_script);
	CLEANUP(free) char *reply = NULL;

	assert_int_equal(dial(&peer, 5000), 0);
	assert_int_equal(qmp_command(qmp, "query-status", NULL, deadline_in(5000), &reply, &err),
			 0);
	assert_non_null(strstr(reply, "\"running\""));
	assert_int_equal(
		qmp_command(qmp, "device_del", "{\"id\":\"x\"}", deadline_in(5000), NULL, &err),
		-EIO);
	assert_string_equal(err.text, "QEMU refused device_del: no ?[1m such device");
	assert_int_equal(qmp_command(qmp, "quit", NULL, deadline_in(5000), NULL, &err), -EIO);
	assert_string_equal(err.text, "QEMU refused quit: no reason given");
	assert_int_equal(qmp_command(qmp, "cont", NULL, deadline_in(5000), NULL, &err), 0);
	end_peer(&peer);
}

static void silent_script(int fd)
{
	hear(fd);
	pause();
}

static void load_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	say(fd, OK);
	hear(fd); /* the capabilities */
	say(fd, OK);
	hear(fd); /* getfd */
	say(fd, OK);
	hear(fd); /* migrate-incoming */
	say(fd, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"setup\"}}\r\n" OK);
	say(fd, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"active\"}}\r\n");
	say(fd, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"completed\"}}\r\n");
	hear(fd); /* cont */
	say(fd, OK);
	say(fd, "{\"event\":\"VSERPORT_CHANGE\",\"data\":{\"open\":true,\"id\":\"other\"}}\r\n");
	say(fd, "{\"event\":\"VSERPORT_CHANGE\",\"data\":{\"open\":false,\"id\":\"port\"}}\r\n");
	say(fd, "{\"event\":\"VSERPORT_CHANGE\",\"data\":{\"open\":true,\"id\":\"port\"}}\r\n");
	hear(fd);
}

TEST(a_state_is_loaded_and_an_opened_port_waited_for)
{
	struct peer peer = start_peer(load_script);

	assert_int_equal(dial(&peer, 5000), 0);
	if (qemu_load(qmp, STDIN_FILENO, deadline_in(5000), &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(qmp_wait_opened(qmp, "port", deadline_in(5000), &err), 0);
	/* Each opening counts once. */
	assert_int_equal(qmp_wait_opened(qmp, "port", deadline_in(50), &err), -ETIMEDOUT);
	assert_string_equal(err.text, "the guest does not open port port");
	end_peer(&peer);
}

static void unplug_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	say(fd, OK);
	say(fd, "{\"event\":\"DEVICE_DELETED\",\"data\":{\"path\":\"/machine/unattached/"
		"virtio-backend\"}}\r\n");
	say(fd, "{\"event\":\"DEVICE_DELETED\",\"data\":{\"path\":\"/machine/peripheral//"
		"virtio-backend\"}}\r\n");
	say(fd, "{\"event\":\"DEVICE_DELETED\",\"data\":{\"path\":"
		"\"/machine/peripheral/nic-a/virtio-backend\"}}\r\n");
	say(fd, "{\"event\":\"DEVICE_DELETED\",\"data\":{\"device\":\"nic-a\",\"path\":"
		"\"/machine/peripheral/nic-a\"}}\r\n");
	say(fd, "{\"event\":\"DEVICE_DELETED\",\"data\":{\"device\":\"dimm-b\",\"path\":"
		"\"/machine/peripheral/dimm-b\"}}\r\n");
	hear(fd);
}

TEST(a_virtio_device_has_gone_with_its_backend_and_is_told_of_once)
{
	struct peer peer = start_peer(unplug_script);

	assert_int_equal(dial(&peer, 5000), 0);
	assert_int_equal(qmp_wait_deleted(qmp, "nic-a", deadline_in(5000), &err), 0);
	assert_int_equal(qmp_wait_deleted(qmp, "dimm-b", deadline_in(5000), &err), 0);
	assert_int_equal(qmp_wait_deleted(qmp, "nic-a", deadline_in(50), &err), -ETIMEDOUT);
	end_peer(&peer);
}

static void save_fails_script(int fd)
{
	say(fd, GREETING);
	for (int i = 0; i < 4; i++) { /* negotiation, stop, capabilities, getfd */
		hear(fd);
		say(fd, OK);
	}
	hear(fd);
	say(fd, OK);
	say(fd, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"failed\"}}\r\n");
	hear(fd);
	say(fd, "{\"return\":{\"status\":\"failed\",\"error-desc\":\"no room\"}}\r\n");
}

TEST(a_state_that_cannot_be_saved_is_told_with_qemus_reason)
{
	struct peer peer = start_peer(save_fails_script);

	assert_int_equal(dial(&peer, 5000), 0);
	assert_int_equal(qemu_save(qmp, STDIN_FILENO, deadline_in(5000), &err), -EIO);
	assert_string_equal(err.text, "QEMU's migration failed: no room");
	end_peer(&peer);
}

TEST(silence_ends_with_the_deadline)
{
	struct peer peer = start_peer(silent_script);

	assert_int_equal(dial(&peer, 50), -ETIMEDOUT);
	assert_string_equal(err.text, "QEMU's monitor does not answer");
	assert_null(qmp);
	end_peer(&peer);
}

static void half_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	say(fd, OK);
	hear(fd);
	say(fd, "{\"return\":");
	pause();
}

TEST(half_an_answer_ends_with_the_deadline)
{
	struct peer peer = start_peer(half_script);

	assert_int_equal(dial(&peer, 5000), 0);
	assert_int_equal(qmp_command(qmp, "stop", NULL, deadline_in(50), NULL, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "stop: QEMU's monitor does not answer");
	end_peer(&peer);
}

static void flood_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	say(fd, OK);
	hear(fd);
	for (;;)
		say(fd, "{\"event\":\"RTC_CHANGE\"}\r\n");
}

TEST(events_without_end_do_not_outlive_the_deadline)
{
	struct peer peer = start_peer(flood_script);
	uint64_t start;

	assert_int_equal(dial(&peer, 5000), 0);
	start = now_ms();
	assert_int_equal(qmp_command(qmp, "stop", NULL, deadline_in(100), NULL, &err), -ETIMEDOUT);
	assert_true(now_ms() - start < 4000);
	end_peer(&peer);
}

static void closing_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	say(fd, OK);
	hear(fd);
	close(fd);
}

TEST(a_monitor_that_closes_means_that_qemu_has_ended)
{
	struct peer peer = start_peer(closing_script);

	assert_int_equal(dial(&peer, 5000), 0);
	assert_int_equal(qmp_command(qmp, "stop", NULL, deadline_in(5000), NULL, &err), -EPIPE);
	assert_string_equal(err.text, "stop: QEMU's monitor closed: QEMU has ended");
	assert_int_equal(qmp_command(qmp, "stop", NULL, deadline_in(5000), NULL, &err), -EPIPE);
	end_peer(&peer);
}

static void endless_script(int fd)
{
	for (;;)
		say(fd, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

TEST(an_endless_line_is_cut_off)
{
	struct peer peer = start_peer(endless_script);

	assert_int_equal(dial(&peer, 20000), -EBADMSG);
	assert_string_equal(err.text, "QEMU's monitor sent a line of over 1048576 bytes");
	end_peer(&peer);
}

static void rubbish_script(int fd)
{
	say(fd, "SSH-2.0-OpenSSH\r\n");
	pause();
}

static void other_json_script(int fd)
{
	say(fd, "{\"hello\":1}\r\n");
	pause();
}

static void array_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	say(fd, "[1,2]\r\n");
	pause();
}

static void deep_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	for (int i = 0; i < 10000; i++)
		say(fd, "[");
	say(fd, "\r\n");
	pause();
}

static void nul_script(int fd)
{
	say(fd, GREETING);
	hear(fd);
	(void)write_full(fd, "{\"return\":{}}\0{\r\n", 17);
	pause();
}

TEST(what_is_not_qmp_is_refused)
{
	static const script_fn scripts[] = { rubbish_script, other_json_script, array_script,
					     deep_script };

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct peer peer = start_peer(scripts[i]);
		int r = dial(&peer, 5000);

		if (r != -EINVAL && r != -EBADMSG)
			fail_msg("script %zu: %d %s", i, r, err.text);
		assert_null(qmp);
		end_peer(&peer);
		assert_int_equal(unlink(peer.path = tmp_path("qmp.sock")), 0);
		free(peer.path);
	}
}

TEST(a_nul_in_a_line_is_refused)
{
	struct peer peer = start_peer(nul_script);

	assert_int_equal(dial(&peer, 5000), -EINVAL);
	end_peer(&peer);
}

TEST(nobody_at_the_socket_is_an_error_that_names_it)
{
	CLEANUP(free) char *path = tmp_path("none.sock");

	assert_int_equal(qmp_connect(path, deadline_in(1000), &qmp, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
}

static int read_threads(const char *text, pid_t **ret, size_t *ret_n)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at root;

	assert_int_equal(json_parse(text, strlen(text), 8, &doc, &err), 0);
	root = json_root(doc);
	return qemu_read_vcpu_threads(&root, ret, ret_n, &err);
}

TEST(vcpus_run_on_threads_with_numbers)
{
	CLEANUP(free) pid_t *threads = NULL;
	pid_t *none = NULL;
	size_t n = 0;

	assert_int_equal(read_threads("{\"return\":[{\"cpu-index\":0,\"thread-id\":42,\"target\":"
				      "\"x86_64\"},{\"thread-id\":43}]}",
				      &threads, &n),
			 0);
	assert_int_equal(n, 2);
	assert_int_equal(threads[0], 42);
	assert_int_equal(threads[1], 43);
	assert_int_equal(read_threads("{\"return\":[]}", &none, &n), -EBADMSG);
	assert_string_equal(err.text, "query-cpus-fast: there are no vCPUs");
	assert_int_equal(read_threads("{\"return\":[{\"thread-id\":0}]}", &none, &n), -EBADMSG);
	assert_true(read_threads("{\"return\":[{\"thread-id\":-1}]}", &none, &n) < 0);
	assert_true(read_threads("{\"return\":{}}", &none, &n) < 0);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(commands_events_and_errors),
		TMP_TEST(a_state_is_loaded_and_an_opened_port_waited_for),
		TMP_TEST(a_virtio_device_has_gone_with_its_backend_and_is_told_of_once),
		TMP_TEST(a_state_that_cannot_be_saved_is_told_with_qemus_reason),
		TMP_TEST(silence_ends_with_the_deadline),
		TMP_TEST(half_an_answer_ends_with_the_deadline),
		TMP_TEST(events_without_end_do_not_outlive_the_deadline),
		TMP_TEST(a_monitor_that_closes_means_that_qemu_has_ended),
		TMP_TEST(an_endless_line_is_cut_off),
		TMP_TEST(what_is_not_qmp_is_refused),
		TMP_TEST(a_nul_in_a_line_is_refused),
		TMP_TEST(nobody_at_the_socket_is_an_error_that_names_it),
		TMP_TEST(vcpus_run_on_threads_with_numbers),
	};

	return cmocka_run_group_tests_name("qmp", tests, NULL, NULL);
}
