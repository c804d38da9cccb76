/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/err_report.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"
#include "config/config.h"
#include "otlp/send.h"
#include "runtime/command.h"
#include "version.h"

static const struct command *const commands[] = {
	&cmd_create,  &cmd_start,    &cmd_run,      &cmd_state,    &cmd_kill,      &cmd_delete,
	&cmd_exec,    &cmd_list,     &cmd_ps,       &cmd_pause,    &cmd_resume,    &cmd_update,
	&cmd_events,  &cmd_spec,     &cmd_features, &cmd_network,  &cmd_kata_ipvs, &cmd_check,
	&cmd_env,     &cmd_overhead, &cmd_metrics,  &cmd_timeline, &cmd_config,    &cmd_factory,
	&cmd_explain, NULL,
};

/* Those that do something to a container, and do not only look. */
static const struct command *const traced[] = {
	&cmd_create, &cmd_start,  &cmd_run,    &cmd_kill,    &cmd_delete,    &cmd_exec,
	&cmd_pause,  &cmd_resume, &cmd_update, &cmd_network, &cmd_kata_ipvs, &cmd_factory,
};

static void print_version(void)
{
	printf("kata-runtime  : %s\n   commit   : %s\n   OCI specs: %s\n", KATA_VERSION,
	       KATA_COMMIT, OCI_VERSION);
}

static void print_help(const struct opt *opts)
{
	printf("Usage: kata-runtime [global options] command [command options] [arguments]\n\n"
	       "Runs OCI containers, each pod in its own virtual machine.\n\nCommands:\n");
	for (const struct command *const *c = commands; *c; c++)
		printf("  %-12s %s\n", (*c)->name, (*c)->summary);
	printf("  %-12s %s\n  %-12s %s\n\nGlobal options:\n", "version", "show the version", "help",
	       "show this help");
	opt_print_help(opts);
}

static int open_log(const struct globals *g, struct err *err)
{
	if (!str_eq(g->log_format, "text") && !str_eq(g->log_format, "json"))
		return err_set(err, EINVAL, "--log-format: '%s' is not one of: text, json",
			       g->log_format);
	if (!str_eq(g->rootless, "auto") && !str_eq(g->rootless, "true") &&
	    !str_eq(g->rootless, "false"))
		return err_set(err, EINVAL, "--rootless: '%s' is not one of: true, false, auto",
			       g->rootless);
	log_init("kata-runtime", g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
	log_open_system();
	if (g->log && log_open_file(g->log, str_eq(g->log_format, "json"), err) < 0)
		return err_tag(err, ERR_LOG_FILE);
	return 0;
}

/* Its trace begins where tracing turns out to be on. "start" goes on with that of "create". */
static void prepare_trace(const struct command *command)
{
	for (size_t i = 0; i < sizeof(traced) / sizeof(traced[0]); i++)
		if (traced[i] == command)
			trace_prepare(command->name, command == &cmd_start);
}

static int run_command(const struct globals *g, int argc, char **argv, struct err *err)
{
	CLEANUP(free) char *name = NULL;

	for (const struct command *const *c = commands; *c; c++) {
		if (!str_eq((*c)->name, argv[0]) && !((*c)->alias && str_eq((*c)->alias, argv[0])))
			continue;
		log_field("command", argv[0]);
		name = xasprintf("%s %s", g->program, argv[0]);
		argv[0] = name;
		fault_begin((*c)->name);
		prepare_trace(*c);
		return (*c)->run(g, argc, argv, err);
	}
	if (str_eq(argv[0], "checkpoint") || str_eq(argv[0], "restore"))
		return err_set(
			err, ENOTSUP,
			"%s: not supported: CRIU sees the processes of its own kernel only, and "
			"these run in a virtual machine",
			argv[0]);
	return err_set_as(err, ERR_USAGE, EINVAL,
			  "Invalid command \"%s\"; '%s help' lists the commands", argv[0],
			  g->program);
}

static int run(int argc, char **argv, struct err *err)
{
	struct globals g = { .program = path_base(argv[0]),
			     .root = "/var/run/kata-containers",
			     .log_format = "text",
			     .rootless = "auto" };
	const char *criu = NULL;
	int used = 0;
	int r;

	const struct opt opts[] = {
		OPT_STRING(0, "kata-config", &g.config_path, "FILE", "the configuration file"),
		OPT_STRING(0, "log", &g.log, "FILE", "a log file besides syslog; truncated first"),
		OPT_STRING(0, "log-format", &g.log_format, "FORMAT", "of that file: text or json"),
		OPT_STRING(0, "root", &g.root, "DIR",
			   "accepted and recorded; state is never stored there"),
		OPT_STRING(0, "rootless", &g.rootless, "BOOL",
			   "whether cgroups that may not be written are no error: "
			   "true, false or auto"),
		OPT_BOOL(0, "kata-show-default-config-paths", &g.show_default_paths,
			 "print where the configuration is looked for"),
		OPT_BOOL(0, "systemd-cgroup", &g.systemd_cgroup,
			 "cgroupsPath has the form slice:prefix:name"),
		OPT_BOOL(0, "debug", &g.debug, "log level debug"),
		OPT_STRING(0, "criu", &criu, "PATH", NULL), /* podman passes it; see checkpoint */
		OPT_BOOL('v', "version", &g.version, "show the version"),
		OPT_END,
	};

	argv[0] = (char *)(uintptr_t)g.program;
	r = opt_parse_leading(opts, argc, argv, &used, err);
	if (r < 0)
		return r;
	if (g.version || (used < argc && str_eq(argv[used], "version"))) {
		print_version();
		return 0;
	}
	if (g.show_default_paths) {
		for (const char *const *path = config_default_paths; *path; path++)
			printf("%s\n", *path);
		return 0;
	}
	if (r == OPT_HELPED || used == argc || str_eq(argv[used], "help")) {
		print_help(opts);
		return 0;
	}
	r = open_log(&g, err);
	return r < 0 ? r : run_command(&g, argc - used, argv + used, err);
}

/*
 * Somebody may have started us without standard descriptors. The next file that
 * we open would be one of them, and the shim, which gets ours, would keep it:
 * the lock of the sandbox, for instance.
 */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int r;

	fill_stdio();
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that has gone is an error of write(2) */
	r = run(argc, argv, &err);
	if (trace_is_on()) {
		trace_finish(r < 0 ? &err : NULL);
		otlp_send_trace("kata-runtime", NULL);
		trace_forget();
	}
	if (r >= 0)
		return r == OPT_HELPED ? 0 : r;
	err_report(&err, NULL);
	return 1;
}
