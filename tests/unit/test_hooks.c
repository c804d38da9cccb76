/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"
#include "oci/hooks.h"
#include "tests/unit/tmp.h"

static struct err err;

static char *word(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* An executable script of the test's directory; owned path. */
static char *script(const char *name, const char *body)
{
	CLEANUP(free) char *text = xasprintf("#!/bin/sh\n%s\n", body);
	char *path = tmp_path("%s", name);

	tmp_write(name, text);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static int run_script(const char *body, const char *state)
{
	CLEANUP(free) char *path = script("hook", body);
	struct oci_hook hook = { .path = path, .timeout_s = 10 };

	memset(&err, 0, sizeof(err));
	return hook_run(&hook, OCI_HOOK_CREATE_CONTAINER, state, &err);
}

/* What a script wrote to the file "out" of the test's directory. */
static char *output(void)
{
	CLEANUP(free) char *path = tmp_path("out");
	char *text = NULL;

	assert_int_equal(file_read(path, 1 << 20, &text, NULL, &err), 0);
	return text;
}

TEST(a_hook_gets_the_state_on_stdin)
{
	CLEANUP(free) char *body = xasprintf("cat >%s/out", tmp);
	CLEANUP(free) char *text = NULL;

	assert_int_equal(run_script(body, "{\"id\":\"one\"}\n"), 0);
	text = output();
	assert_string_equal(text, "{\"id\":\"one\"}\n");
}

TEST(a_hook_that_does_not_read_a_long_state_holds_up_nothing)
{
	size_t len = 1 << 20;
	CLEANUP(free) char *text = xmalloc(len + 1);

	memset(text, 'x', len);
	text[len] = '\0';
	assert_int_equal(run_script("exit 0", text), 0);
}

TEST(arguments_are_given_with_the_first_one)
{
	CLEANUP(free) char *body = xasprintf("tr '\\0' '|' </proc/$$/cmdline >%s/out", tmp);
	CLEANUP(free) char *path = script("hook", body);
	char *args[] = { word("my-name"), word("a b"), word(""), word("c"), NULL };
	struct oci_hook hook = { .path = path, .args = args };
	CLEANUP(free) char *expected = xasprintf("/bin/sh|%s|a b||c|", path);
	CLEANUP(free) char *text = NULL;

	memset(&err, 0, sizeof(err));
	/* A script's own args[0] is replaced by the kernel: see the next test for it. */
	assert_int_equal(hook_run(&hook, OCI_HOOK_PRESTART, "", &err), 0);
	text = output();
	assert_string_equal(text, expected);
}

TEST(the_first_argument_is_the_hooks_own)
{
	char *args[] = { word("sh"), word("-c"), word("test \"$0\" = zero"), word("zero"), NULL };
	char *named[] = { word("my-name"), word("-c"), word("echo $0 >&2; exit 1"), NULL };
	struct oci_hook hook = { .path = word("/bin/sh"), .args = args };

	memset(&err, 0, sizeof(err));
	assert_int_equal(hook_run(&hook, OCI_HOOK_PRESTART, "", &err), 0);
	hook.args = named;
	assert_int_equal(hook_run(&hook, OCI_HOOK_PRESTART, "", &err), -ECANCELED);
	assert_string_equal(err.text, "hook prestart /bin/sh: exit status 1: my-name");
}

TEST(without_arguments_there_is_the_path)
{
	CLEANUP(free) char *body = xasprintf("echo \"$0 $#\" >%s/out", tmp);
	CLEANUP(free) char *expected = xasprintf("%s/hook 0\n", tmp);
	CLEANUP(free) char *text = NULL;

	assert_int_equal(run_script(body, ""), 0);
	text = output();
	assert_string_equal(text, expected);
}

TEST(the_environment_is_exactly_the_hooks)
{
	CLEANUP(free) char *body = xasprintf("tr '\\0' '\\n' </proc/$$/environ >%s/out", tmp);
	CLEANUP(free) char *path = script("hook", body);
	char *env[] = { word("PATH=/bin:/usr/bin"), word("X=1 2"), NULL };
	struct oci_hook hook = { .path = path, .env = env };
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *none = NULL;

	memset(&err, 0, sizeof(err));
	assert_int_equal(setenv("KATA_SECRET", "1", 1), 0);
	assert_int_equal(hook_run(&hook, OCI_HOOK_PRESTART, "", &err), 0);
	text = output();
	assert_string_equal(text, "PATH=/bin:/usr/bin\nX=1 2\n");
	hook.env = NULL;
	assert_int_equal(hook_run(&hook, OCI_HOOK_PRESTART, "", &err), 0);
	none = output();
	assert_string_equal(none, "");
}

TEST(nothing_but_stdio_is_inherited)
{
	int low = fcntl(STDERR_FILENO, F_DUPFD, 8);    /* NOLINT: not close-on-exec on purpose */
	int high = fcntl(STDERR_FILENO, F_DUPFD, 100); /* NOLINT */
	CLEANUP(free)
	char *body = xasprintf("for fd in %d %d; do test ! -e /proc/$$/fd/$fd || exit 1; done; "
			       "test -e /proc/$$/fd/0 -a -e /proc/$$/fd/1 -a -e /proc/$$/fd/2",
			       low, high);

	/* The shell itself opens 3 and 10. */
	assert_true(low >= 8 && low != 10 && high >= 100);
	assert_int_equal(run_script(body, ""), 0);
	close(low);
	close(high);
}

TEST(its_directory_is_the_root_and_its_session_its_own)
{
	CLEANUP(free)
	char *body = xasprintf("pwd >%s/out; read -r _ _ _ _ pgrp sid _ </proc/$$/stat; "
			       "test $pgrp = $$ && test $sid = $$",
			       tmp);
	CLEANUP(free) char *text = NULL;

	assert_int_equal(run_script(body, ""), 0);
	text = output();
	assert_string_equal(text, "/\n");
}

TEST(signals_are_as_a_program_expects_them)
{
	sigset_t set;
	sigset_t before;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
	(void)signal(SIGUSR1, SIG_IGN);
	r = run_script("kill -TERM $$; exit 1", "");
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	assert_int_equal(r, -ECANCELED);
	assert_non_null(strstr(err.text, "/hook: killed by signal 15"));
	assert_int_equal(run_script("kill -USR1 $$; exit 1", ""), -ECANCELED);
	(void)signal(SIGUSR1, SIG_DFL);
	assert_non_null(strstr(err.text, "/hook: killed by signal 10"));
}

TEST(a_failure_has_the_status_and_what_was_said)
{
	CLEANUP(free)
	char *expected =
		xasprintf("hook createContainer %s/hook: exit status 3: it is all wrong", tmp);

	assert_int_equal(run_script("echo it is; echo all wrong >&2; exit 3", ""), -ECANCELED);
	assert_string_equal(err.text, expected);
}

TEST(a_silent_failure_has_the_status)
{
	CLEANUP(free)
	char *expected = xasprintf("hook createContainer %s/hook: exit status 9", tmp);

	assert_int_equal(run_script("exit 9", ""), -ECANCELED);
	assert_string_equal(err.text, expected);
}

TEST(of_much_output_the_end_is_kept)
{
	const char *body = "i=0; while [ $i -lt 20000 ]; do echo line-$i; i=$((i+1)); done >&2; "
			   "echo the end; exit 1";
	const char *tail;

	assert_int_equal(run_script(body, ""), -ECANCELED);
	tail = strstr(err.text, "exit status 1: ");
	assert_non_null(tail);
	assert_null(strstr(tail, "line-1 "));
	assert_true(strlen(tail) > HOOK_OUTPUT_MAX / 2);
	assert_string_equal(tail + strlen(tail) - strlen("line-19999 the end"),
			    "line-19999 the end");
}

TEST(output_that_would_disturb_a_terminal_is_made_printable)
{
	assert_int_equal(run_script("printf 'a\\033[31mb\\nc' >&2; exit 1", ""), -ECANCELED);
	assert_non_null(strstr(err.text, ": a?[31mb c"));
}

TEST(a_hook_that_takes_too_long_is_killed_with_its_children)
{
	CLEANUP(free)
	char *body = xasprintf("sleep 300 & echo $! >%s/out; echo waiting >&2; wait", tmp);
	CLEANUP(free) char *path = script("hook", body);
	struct oci_hook hook = { .path = path, .timeout_s = 1 };
	CLEANUP(free)
	char *expected = xasprintf("hook poststart %s: not done after 1 s, killed", path);
	CLEANUP(free) char *text = NULL;
	uint64_t begin = now_ms();
	uint64_t end;
	uint64_t child = 0;

	memset(&err, 0, sizeof(err));
	assert_int_equal(hook_run(&hook, OCI_HOOK_POSTSTART, "", &err), -ETIMEDOUT);
	assert_string_equal(err.text, expected);
	assert_true(now_ms() - begin < 10000);
	text = output();
	text[strcspn(text, "\n")] = '\0';
	assert_int_equal(str_to_u64(text, 2, INT32_MAX, &child), 0);
	/* Whoever adopts it may take a moment to wait for it. */
	end = deadline_in(5000);
	for (;;) {
		CLEANUP(free) char *stat = xasprintf("/proc/%d/stat", (int)child);
		CLEANUP(free) char *line = NULL;

		if (file_read_at(AT_FDCWD, stat, 4096, &line) < 0 || strstr(line, ") Z "))
			break;
		assert_true(deadline_left(end) > 0);
		usleep(1000);
	}
}

TEST(a_hook_that_never_stops_talking_is_killed)
{
	CLEANUP(free) char *path = script("hook", "exec yes");
	struct oci_hook hook = { .path = path, .timeout_s = 1 };

	memset(&err, 0, sizeof(err));
	assert_int_equal(hook_run(&hook, OCI_HOOK_POSTSTART, "", &err), -ETIMEDOUT);
}

TEST(what_a_hook_leaves_running_is_not_waited_for)
{
	uint64_t begin = now_ms();

	assert_int_equal(run_script("sleep 5 & exit 0", ""), 0);
	assert_true(now_ms() - begin < 4000);
}

TEST(a_program_that_does_not_start_says_why)
{
	struct oci_hook hook = { .path = word("/no/such/hook") };

	memset(&err, 0, sizeof(err));
	assert_int_equal(hook_run(&hook, OCI_HOOK_POSTSTOP, "", &err), -ECANCELED);
	assert_string_equal(err.text, "hook poststop /no/such/hook: exit status 127: "
				      "No such file or directory");
}

TEST(hooks_run_in_order_up_to_the_first_that_fails)
{
	CLEANUP(free) char *one = xasprintf("echo one >>%s/out", tmp);
	CLEANUP(free) char *two = xasprintf("echo two >>%s/out; exit 1", tmp);
	CLEANUP(free) char *three = xasprintf("echo three >>%s/out", tmp);
	CLEANUP(free) char *first = script("1", one);
	CLEANUP(free) char *second = script("2", two);
	CLEANUP(free) char *third = script("3", three);
	struct oci_hook list[] = { { .path = first }, { .path = second }, { .path = third } };
	struct oci_hooks hooks = { .hooks = list, .n = 3 };
	CLEANUP(free) char *text = NULL;

	memset(&err, 0, sizeof(err));
	assert_int_equal(hooks_run(&hooks, OCI_HOOK_PRESTART, "", &err), -ECANCELED);
	text = output();
	assert_string_equal(text, "one\ntwo\n");
}

static int check_one(const char *path)
{
	CLEANUP(close) int root = open(tmp, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct oci_hook list[] = { { .path = word("/good") }, { .path = word(path) } };
	struct oci_hooks hooks = { .hooks = list, .n = 2 };

	free(script("good", "exit 0"));
	memset(&err, 0, sizeof(err));
	return hooks_check(&hooks, OCI_HOOK_START_CONTAINER, root, "the guest", &err);
}

TEST(a_hook_that_is_not_there_is_named)
{
	assert_int_equal(check_one("/good"), 0);
	assert_int_equal(check_one("/usr/bin/x"), -ENOENT);
	assert_string_equal(err.text,
			    "hooks.startContainer[1]: /usr/bin/x: no such program in the guest");
	assert_int_equal(check_one("/good/x"), -ENOENT);
}

TEST(a_hook_of_the_host_is_not_one_of_the_guest)
{
	CLEANUP(free) char *link = tmp_path("link");

	assert_int_equal(symlink("../../../../../../bin/sh", link), 0);
	assert_int_equal(check_one("/link"), -ENOENT);
	assert_int_equal(check_one("/../../../../bin/sh"), -ENOENT);
}

TEST(a_hook_that_is_no_program_is_named)
{
	CLEANUP(free) char *dir = tmp_path("dir");

	tmp_write("text", "text");
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(check_one("/text"), -EACCES);
	assert_string_equal(err.text,
			    "hooks.startContainer[1]: /text is not a program in the guest");
	assert_int_equal(check_one("/dir"), -EACCES);
}

TEST(a_relative_path_is_refused)
{
	assert_int_equal(check_one("good"), -EINVAL);
	assert_string_equal(err.text, "hooks.startContainer[1]: path 'good' is not absolute");
	assert_int_equal(check_one(""), -EINVAL);
	assert_int_equal(check_one(NULL), -EINVAL);
}

static void free_hooks(struct oci_hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++) {
		free(hooks->hooks[i].path);
		strv_free(hooks->hooks[i].args);
	}
	free(hooks->hooks);
}

TEST(a_directory_of_hooks_is_read_in_order)
{
	__attribute__((cleanup(free_hooks))) struct oci_hooks hooks = { 0 };
	CLEANUP(free) char *dir = tmp_path("poststart");
	CLEANUP(free) char *sub = tmp_path("poststart/15-dir");
	CLEANUP(free) char *link = tmp_path("poststart/05-link");
	CLEANUP(free) char *fifo = tmp_path("poststart/06-fifo");
	CLEANUP(free) char *expected = tmp_path("poststart/10-first");

	assert_int_equal(mkdir(dir, 0755), 0);
	free(script("poststart/20-second", ""));
	free(script("poststart/10-first", ""));
	free(script("poststart/Z", ""));
	tmp_write("poststart/00-text", "not executable");
	assert_int_equal(mkdir(sub, 0755), 0);
	assert_int_equal(symlink("10-first", link), 0);
	assert_int_equal(mkfifo(fifo, 0755), 0);
	memset(&err, 0, sizeof(err));
	assert_int_equal(hooks_scan(tmp, OCI_HOOK_POSTSTART, &hooks, &err), 0);
	assert_int_equal(hooks.n, 3);
	assert_string_equal(hooks.hooks[0].path, expected);
	assert_string_equal(hooks.hooks[0].args[0], "10-first");
	assert_string_equal(hooks.hooks[0].args[1], "poststart");
	assert_null(hooks.hooks[0].args[2]);
	assert_string_equal(hooks.hooks[1].args[0], "20-second");
	assert_string_equal(hooks.hooks[2].args[0], "Z");
	/* Behind those that are there. */
	assert_int_equal(hooks_scan(tmp, OCI_HOOK_POSTSTART, &hooks, &err), 0);
	assert_int_equal(hooks.n, 6);
	assert_string_equal(hooks.hooks[3].args[0], "10-first");
}

TEST(a_directory_that_is_not_there_has_no_hooks)
{
	struct oci_hooks hooks = { 0 };

	memset(&err, 0, sizeof(err));
	assert_int_equal(hooks_scan(tmp, OCI_HOOK_PRESTART, &hooks, &err), 0);
	assert_int_equal(hooks.n, 0);
	free(hooks.hooks);
	hooks.hooks = NULL;
	tmp_write("prestart", "a file");
	assert_int_equal(hooks_scan(tmp, OCI_HOOK_PRESTART, &hooks, &err), -ENOTDIR);
	free(hooks.hooks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_hook_gets_the_state_on_stdin),
		TMP_TEST(a_hook_that_does_not_read_a_long_state_holds_up_nothing),
		TMP_TEST(arguments_are_given_with_the_first_one),
		TMP_TEST(the_first_argument_is_the_hooks_own),
		TMP_TEST(without_arguments_there_is_the_path),
		TMP_TEST(the_environment_is_exactly_the_hooks),
		TMP_TEST(nothing_but_stdio_is_inherited),
		TMP_TEST(its_directory_is_the_root_and_its_session_its_own),
		TMP_TEST(signals_are_as_a_program_expects_them),
		TMP_TEST(a_failure_has_the_status_and_what_was_said),
		TMP_TEST(a_silent_failure_has_the_status),
		TMP_TEST(of_much_output_the_end_is_kept),
		TMP_TEST(output_that_would_disturb_a_terminal_is_made_printable),
		TMP_TEST(a_hook_that_takes_too_long_is_killed_with_its_children),
		TMP_TEST(a_hook_that_never_stops_talking_is_killed),
		TMP_TEST(what_a_hook_leaves_running_is_not_waited_for),
		TMP_TEST(a_program_that_does_not_start_says_why),
		TMP_TEST(hooks_run_in_order_up_to_the_first_that_fails),
		TMP_TEST(a_hook_that_is_not_there_is_named),
		TMP_TEST(a_hook_of_the_host_is_not_one_of_the_guest),
		TMP_TEST(a_hook_that_is_no_program_is_named),
		TMP_TEST(a_relative_path_is_refused),
		TMP_TEST(a_directory_of_hooks_is_read_in_order),
		TMP_TEST(a_directory_that_is_not_there_has_no_hooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
