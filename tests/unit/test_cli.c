/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/str.h"

#define ARGV_MAX 16

static bool debug;
static bool detach;
static const char *bundle;
static char **envs;
static const char *id;
static const char *signal_name;
static char **words;
static struct err err;
static char *argv[ARGV_MAX];
static int argc;

static const struct opt kill_opts[] = {
	OPT_BOOL('d', "debug", &debug, "be talkative"),
	OPT_BOOL(0, "detach", &detach, "go away"),
	OPT_STRING('b', "bundle", &bundle, "PATH", "where"),
	OPT_LIST('e', "env", &envs, "K=V", "one more"),
	OPT_ARG("id", &id, "the container"),
	OPT_ARG_OPTIONAL("signal", &signal_name, "name or number"),
	OPT_END,
};

static const struct opt exec_opts[] = {
	OPT_BOOL('d', "debug", &debug, NULL),
	OPT_STRING('b', "bundle", &bundle, "PATH", "where"),
	OPT_ARG("id", &id, "the container"),
	OPT_REST("command", &words, "what to run"),
	OPT_END,
};

static int setup(void **state __attribute__((unused)))
{
	debug = detach = false;
	bundle = id = signal_name = NULL;
	envs = words = NULL;
	memset(&err, 0, sizeof(err));
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	strv_free(envs);
	return 0;
}

/* Splits @line into argv[1..]. */
static void args(const char *line)
{
	static char copy[512];
	char *save = NULL;

	argc = 0;
	argv[argc++] = (char *)(uintptr_t) "prog cmd";
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
}

static void taken(const struct opt *opts, const char *line)
{
	args(line);
	if (opt_parse(opts, argc, argv, &err) != 0)
		fail_msg("%s", err.text);
}

static void refused(const struct opt *opts, const char *line, const char *text)
{
	args(line);
	assert_int_equal(opt_parse(opts, argc, argv, &err), -EINVAL);
	assert_string_equal(err.text, text);
}

TEST(long_options_take_a_value_in_both_forms)
{
	taken(kill_opts, "--debug --bundle /b c1");
	assert_true(debug);
	assert_false(detach);
	assert_string_equal(bundle, "/b");
	assert_string_equal(id, "c1");
	assert_null(signal_name);
	taken(kill_opts, "--bundle=/x=y c2 9");
	assert_string_equal(bundle, "/x=y");
	assert_string_equal(signal_name, "9");
}

TEST(letters_can_stand_together_and_with_their_value)
{
	taken(kill_opts, "-db /b c1");
	assert_true(debug);
	assert_string_equal(bundle, "/b");
	taken(kill_opts, "-b/c c1");
	assert_string_equal(bundle, "/c");
}

TEST(a_list_grows_with_each_use)
{
	taken(kill_opts, "-e A=1 --env=B=2 --env C=3 c1");
	assert_int_equal(strv_len(envs), 3);
	assert_string_equal(envs[0], "A=1");
	assert_string_equal(envs[1], "B=2");
	assert_string_equal(envs[2], "C=3");
}

TEST(options_may_stand_behind_arguments)
{
	taken(kill_opts, "c1 --debug TERM");
	assert_true(debug);
	assert_string_equal(id, "c1");
	assert_string_equal(signal_name, "TERM");
}

TEST(two_dashes_end_the_options)
{
	taken(kill_opts, "-- -d");
	assert_false(debug);
	assert_string_equal(id, "-d");
}

TEST(behind_the_first_argument_of_a_rest_nothing_is_ours)
{
	taken(exec_opts, "-d c1 ls -b --debug --unknown");
	assert_true(debug);
	assert_null(bundle);
	assert_string_equal(id, "c1");
	assert_int_equal(strv_len(words), 4);
	assert_string_equal(words[0], "ls");
	assert_string_equal(words[3], "--unknown");
	taken(exec_opts, "c1");
	assert_int_equal(strv_len(words), 0);
}

TEST(a_missing_value_is_named)
{
	refused(kill_opts, "c1 --bundle",
		"prog cmd: option '--bundle' needs a value; see 'prog cmd --help'");
	refused(kill_opts, "c1 -b", "prog cmd: option '-b' needs a value; see 'prog cmd --help'");
}

TEST(an_unknown_option_is_named)
{
	refused(kill_opts, "--nope c1", "prog cmd: unknown option '--nope'; see 'prog cmd --help'");
	refused(kill_opts, "--nope=1 c1",
		"prog cmd: unknown option '--nope=1'; see 'prog cmd --help'");
	refused(kill_opts, "-z c1", "prog cmd: unknown option '-z'; see 'prog cmd --help'");
	refused(kill_opts, "--debug -zd c1",
		"prog cmd: unknown option '-z'; see 'prog cmd --help'");
}

TEST(a_flag_takes_no_value)
{
	refused(kill_opts, "--debug=yes c1",
		"prog cmd: option '--debug' takes no value; see 'prog cmd --help'");
}

TEST(missing_and_extra_arguments_are_named)
{
	refused(kill_opts, "--debug", "prog cmd: missing id; see 'prog cmd --help'");
	refused(kill_opts, "a b c",
		"prog cmd: 'c' is one argument too many; see 'prog cmd --help'");
}

TEST(help_is_not_an_error)
{
	int saved = dup(STDOUT_FILENO);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int r;

	(void)fflush(stdout);
	dup2(null, STDOUT_FILENO);
	args("--help");
	r = opt_parse(kill_opts, argc, argv, &err);
	(void)fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(null);
	assert_int_equal(r, OPT_HELPED);
}

TEST(as_in_go_one_dash_is_enough_and_a_flag_may_be_false)
{
	args("-debug -bundle /b -detach=false c1");
	detach = true;
	assert_int_equal(opt_parse_go(kill_opts, argc, argv, &err), 0);
	assert_true(debug);
	assert_false(detach);
	assert_string_equal(bundle, "/b");
	args("--debug=true -bundle=/c c1");
	assert_int_equal(opt_parse_go(kill_opts, argc, argv, &err), 0);
	assert_true(debug);
	assert_string_equal(bundle, "/c");
	args("-nope c1");
	assert_int_equal(opt_parse_go(kill_opts, argc, argv, &err), -EINVAL);
	assert_string_equal(err.text, "prog cmd: unknown option '-nope'; see 'prog cmd --help'");
}

TEST(leading_options_stop_at_the_first_argument)
{
	static const struct opt globals[] = {
		OPT_BOOL('d', "debug", &debug, "be talkative"),
		OPT_STRING(0, "root", &bundle, "DIR", "where"),
		OPT_END,
	};
	int used = 0;

	args("--debug --root /r kill --all c1");
	assert_int_equal(opt_parse_leading(globals, argc, argv, &used, &err), 0);
	assert_int_equal(used, 4);
	assert_string_equal(argv[used], "kill");
	assert_string_equal(bundle, "/r");
	args("");
	assert_int_equal(opt_parse_leading(globals, argc, argv, &used, &err), 0);
	assert_int_equal(used, 1);
	args("-h");
	assert_int_equal(opt_parse_leading(globals, argc, argv, &used, &err), OPT_HELPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(long_options_take_a_value_in_both_forms),
		SETUP_TEST(letters_can_stand_together_and_with_their_value),
		SETUP_TEST(a_list_grows_with_each_use),
		SETUP_TEST(options_may_stand_behind_arguments),
		SETUP_TEST(two_dashes_end_the_options),
		SETUP_TEST(behind_the_first_argument_of_a_rest_nothing_is_ours),
		SETUP_TEST(a_missing_value_is_named),
		SETUP_TEST(an_unknown_option_is_named),
		SETUP_TEST(a_flag_takes_no_value),
		SETUP_TEST(missing_and_extra_arguments_are_named),
		SETUP_TEST(help_is_not_an_error),
		SETUP_TEST(as_in_go_one_dash_is_enough_and_a_flag_may_be_false),
		SETUP_TEST(leading_options_stop_at_the_first_argument),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
