/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/proc.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

static struct err err;

static char *word(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* Runs a shell command and gives what it writes to stdout. */
static char *output_of(const char *command, const int *fds, size_t n_fds)
{
	char *argv[] = { word("/bin/sh"), word("-c"), word(command), NULL };
	struct spawn spawn = SPAWN_INIT;
	struct proc_id id = { 0 };
	char *text = xcalloc(1, 4096);
	size_t len = 0;
	int ends[2];
	ssize_t n;

	memset(&err, 0, sizeof(err));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spawn.argv = argv;
	spawn.fds = fds;
	spawn.n_fds = n_fds;
	spawn.stdio[1] = ends[1];
	assert_int_equal(spawn_start(&spawn, &id, &err), 0);
	close(ends[1]);
	while ((n = read(ends[0], text + len, 4095 - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	(void)waitpid(id.pid, NULL, 0);
	return text;
}

static int start_sleeper(struct proc_id *id, int dirfd)
{
	char *argv[] = { word("/bin/sleep"), word("60"), NULL };
	struct spawn spawn = SPAWN_INIT;

	memset(&err, 0, sizeof(err));
	spawn.argv = argv;
	spawn.record_dir = dirfd;
	spawn.record = "sleeper.record";
	return spawn_start(&spawn, id, &err);
}

TEST(a_process_is_known_by_pid_and_start_time)
{
	struct proc_id id = { 0 };

	assert_int_equal(proc_identify(getpid(), &id), 0);
	assert_int_equal(id.pid, getpid());
	assert_true(id.start > 0);
	assert_true(proc_alive(&id));
	id.start++;
	assert_false(proc_alive(&id)); /* the pid is somebody else's now */
	assert_int_equal(proc_signal(&id, 0), -ESRCH);
}

TEST(pids_that_are_none_are_nobody)
{
	static const pid_t pids[] = { 0, -1, INT32_MIN, INT32_MAX };

	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		struct proc_id id = { .pid = pids[i] };

		assert_int_equal(proc_identify(pids[i], &id), -ESRCH);
		id.pid = pids[i];
		assert_false(proc_alive(&id));
		assert_int_equal(proc_signal(&id, SIGKILL), -ESRCH);
		assert_int_equal(proc_kill(&id, deadline_in(100)), 0);
		assert_int_equal(proc_wait_gone(&id, deadline_in(100)), 0);
	}
}

TEST(a_zombie_is_not_alive)
{
	struct proc_id id = { .pid = fork() };
	siginfo_t info;

	if (id.pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)id.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_identify(id.pid, &id), -ESRCH);
	assert_int_equal(proc_kill(&id, deadline_in(1000)), 0);
	(void)waitpid(id.pid, NULL, 0);
}

TEST(a_program_is_started_recorded_and_killed)
{
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_id recorded = { 0 };
	struct proc_id id = { 0 };

	assert_int_equal(start_sleeper(&id, dir), 0);
	assert_true(proc_alive(&id));
	assert_int_equal(proc_record_read(dir, "sleeper.record", &recorded), 0);
	assert_int_equal(recorded.pid, id.pid);
	assert_int_equal(recorded.start, id.start);
	assert_int_equal(proc_wait_gone(&recorded, deadline_in(20)), -ETIMEDOUT);
	assert_int_equal(proc_signal(&recorded, SIGSTOP), 0);
	assert_int_equal(proc_kill(&recorded, deadline_in(5000)), 0);
	assert_false(proc_alive(&id));
	assert_int_equal(proc_kill(&recorded, deadline_in(5000)), 0);
	assert_int_equal(waitpid(id.pid, NULL, WNOHANG), -1); /* reaped */
}

TEST(half_a_record_is_none)
{
	static const char *const texts[] = { "",       "12",      "12 ",
					     "12 x\n", "x 12\n",  "0 1\n",
					     "-1 1\n", "1 2 3\n", "99999999999 1\n",
					     "1 -2\n" };
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_id id = { 0 };

	assert_int_equal(proc_record_read(dir, "r", &id), -ENOENT);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tmp_write("r", texts[i]);
		assert_int_equal(proc_record_read(dir, "r", &id), -ENOENT);
		assert_int_equal(id.pid, 0);
	}
	tmp_write("r", "12 34\n");
	assert_int_equal(proc_record_read(dir, "r", &id), 0);
	assert_int_equal(id.pid, 12);
	assert_int_equal(id.start, 34);
}

TEST(a_program_that_is_not_there_fails_with_the_step)
{
	char *argv[] = { word("/no/such/program"), NULL };
	struct spawn spawn = SPAWN_INIT;
	struct proc_id id = { 0 };

	spawn.argv = argv;
	assert_int_equal(spawn_start(&spawn, &id, &err), -ENOENT);
	assert_string_equal(err.text, "start /no/such/program: exec: No such file or directory");
	assert_int_equal(id.pid, 0);
	argv[0] = word("/etc/passwd");
	assert_int_equal(spawn_start(&spawn, &id, &err), -EACCES);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

TEST(a_record_that_cannot_be_written_stops_the_program)
{
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(free) char *path = tmp_path("sleeper.record");
	struct proc_id id = { 0 };

	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(start_sleeper(&id, dir), -ELOOP);
	assert_non_null(strstr(err.text, "start /bin/sleep: write the record: "));
}

TEST(only_listed_descriptors_are_passed_on)
{
	/* One that our own caller left open, and one of ours that is not listed. */
	int inherited = open("/dev/null", O_RDONLY);
	CLEANUP(close) int own = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEANUP(close) int listed = fcntl(own, F_DUPFD_CLOEXEC, 50);
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *wanted = xasprintf("0 1 2 %d ", listed);

	text = output_of("for f in /proc/$$/fd/*; do [ -e $f ] && printf '%s ' ${f##*/}; done",
			 &listed, 1);
	close(inherited);
	assert_string_equal(text, wanted);
}

TEST(standard_descriptors_are_dev_null_unless_given)
{
	CLEANUP(free) char *text = output_of("readlink /proc/$$/fd/0 /proc/$$/fd/2", NULL, 0);

	assert_string_equal(text, "/dev/null\n/dev/null\n");
}

TEST(signals_are_as_a_program_expects_them)
{
	CLEANUP(free) char *text = NULL;
	sigset_t all;
	sigset_t saved;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &saved);
	(void)signal(SIGPIPE, SIG_IGN);
	text = output_of("grep -E 'SigBlk|SigIgn' /proc/self/status", NULL, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
	assert_non_null(strstr(text, "SigIgn:\t0000000000000000"));
}

TEST(a_new_session_is_its_own_leader)
{
	char *argv[] = { word("/bin/sleep"), word("60"), NULL };
	struct spawn spawn = SPAWN_INIT;
	struct proc_id id = { 0 };

	spawn.argv = argv;
	spawn.new_session = true;
	assert_int_equal(spawn_start(&spawn, &id, &err), 0);
	assert_int_equal(getsid(id.pid), id.pid);
	assert_int_equal(proc_kill(&id, deadline_in(5000)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_process_is_known_by_pid_and_start_time),
		TMP_TEST(pids_that_are_none_are_nobody),
		TMP_TEST(a_zombie_is_not_alive),
		TMP_TEST(a_program_is_started_recorded_and_killed),
		TMP_TEST(half_a_record_is_none),
		TMP_TEST(a_program_that_is_not_there_fails_with_the_step),
		TMP_TEST(a_record_that_cannot_be_written_stops_the_program),
		TMP_TEST(only_listed_descriptors_are_passed_on),
		TMP_TEST(standard_descriptors_are_dev_null_unless_given),
		TMP_TEST(signals_are_as_a_program_expects_them),
		TMP_TEST(a_new_session_is_its_own_leader),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
