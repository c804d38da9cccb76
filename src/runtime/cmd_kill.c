/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <strings.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/str.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

/* Reference 02, "kill". */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "ABRT", SIGABRT },   { "ALRM", SIGALRM }, { "BUS", SIGBUS },   { "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },    { "CONT", SIGCONT }, { "FPE", SIGFPE },   { "HUP", SIGHUP },
	{ "ILL", SIGILL },     { "INT", SIGINT },   { "IO", SIGIO },     { "IOT", SIGIOT },
	{ "KILL", SIGKILL },   { "PIPE", SIGPIPE }, { "POLL", SIGPOLL }, { "PROF", SIGPROF },
	{ "PWR", SIGPWR },     { "QUIT", SIGQUIT }, { "SEGV", SIGSEGV }, { "STKFLT", SIGSTKFLT },
	{ "STOP", SIGSTOP },   { "SYS", SIGSYS },   { "TERM", SIGTERM }, { "TRAP", SIGTRAP },
	{ "TSTP", SIGTSTP },   { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "UNUSED", SIGSYS },
	{ "URG", SIGURG },     { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "VTALRM", SIGVTALRM },
	{ "WINCH", SIGWINCH }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
};

static int signal_parse(const char *text, int *ret, struct err *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t number = 0;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (strcasecmp(signals[i].name, name) == 0) {
			*ret = signals[i].number;
			return 0;
		}
	}
	/* Real-time signals have numbers only: systemd in a container is stopped by 37. */
	if (str_to_u64(text, 1, 64, &number) < 0)
		return err_set(
			err, EINVAL,
			"signal '%s' is not supported; a name as TERM or SIGTERM, or 1 to 64, "
			"is allowed",
			text);
	*ret = (int)number;
	return 0;
}

/* Source: runtime-spec, runtime.md, "Kill". */
static int run_kill(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		    struct err *err)
{
	CLEANUP(free) char *id = NULL;
	const char *signal_name = "TERM";
	const char *name = NULL;
	bool all = false;
	int signo = 0;
	int r;

	const struct opt opts[] = {
		OPT_BOOL('a', "all", &all, "signal every process of the container"),
		OPT_ARG("container-id", &name, "the container"),
		OPT_ARG_OPTIONAL("signal", &signal_name, "name or number (default: TERM)"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	r = signal_parse(signal_name, &signo, err);
	if (r == 0)
		r = id_resolve(name, &id, err);
	return r < 0 ? r : container_kill(id, signo, all, err);
}

const struct command cmd_kill = { "kill", NULL, "send a signal to a container", run_kill };
