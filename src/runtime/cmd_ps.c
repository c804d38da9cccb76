/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agentc/agentc.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/str.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

/* The host's pids of the shims: what engines look up with the host's own ps (design E14). */
static int print_json(const char *id, struct err *err)
{
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = 0;
	int r = container_shims(id, &pids, &n, err);

	if (r < 0)
		return r;
	printf("[");
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", pids[i]);
	printf("]\n");
	return 0;
}

#define DAY_S (24L * 3600L)

/* As ps -ef: the time of today's starts, the date of older ones. */
static void format_start(int64_t start, char *ret, size_t size)
{
	time_t then = start;
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&then, &tm);
	strftime(ret, size, now - then < DAY_S ? "%H:%M" : "%b%d", &tm);
}

static void print_process(const struct agentc_process *p)
{
	uint64_t seconds = p->cpu_ms / 1000;
	char start[32];
	char user[16];

	format_start(p->start_sec, start, sizeof(start));
	snprintf(user, sizeof(user), "%u", p->uid);
	printf("%-8s %7lld %7lld %-5s %-8s %02llu:%02llu:%02llu %s\n", user, (long long)p->pid,
	       (long long)p->ppid, start, p->tty, (unsigned long long)(seconds / 3600),
	       (unsigned long long)(seconds / 60 % 60), (unsigned long long)(seconds % 60),
	       p->args);
}

static int print_table(const char *id, struct err *err)
{
	__attribute__((cleanup(agentc_processes_done))) struct agentc_processes list = { 0 };
	int r = container_processes(id, &list, err);

	if (r < 0)
		return r;
	printf("%-8s %7s %7s %-5s %-8s %8s %s\n", "UID", "PID", "PPID", "STIME", "TTY", "TIME",
	       "CMD");
	for (size_t i = 0; i < list.n; i++)
		print_process(&list.items[i]);
	if (list.truncated)
		(void)fprintf(stderr, "there are more processes than the %zu shown\n", list.n);
	return 0;
}

/* There is no ps in the guest: the agent tells what "ps -ef" would. */
static int check_ps_options(char *const *words, struct err *err)
{
	if (strv_len(words) == 0 || (strv_len(words) == 1 && str_eq(words[0], "-ef")))
		return 0;
	return err_set(err, EINVAL,
		       "ps: '%s' is not supported, only -ef is: the guest has no ps "
		       "program; exec the container's own",
		       words[0]);
}

static int run_ps(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		  struct err *err)
{
	CLEANUP(free) char *id = NULL;
	const char *format = "table";
	const char *name = NULL;
	char **words = NULL;
	int r;

	const struct opt opts[] = {
		OPT_STRING('f', "format", &format, "FORMAT",
			   "table: the guest's processes; json: the host's pids of their shims"),
		OPT_ARG("container-id", &name, "the container"),
		OPT_REST("ps-options", &words, "-ef, which is the default"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	if (!str_eq(format, "table") && !str_eq(format, "json"))
		return err_set(err, EINVAL, "--format: '%s' is not one of: table, json", format);
	r = id_resolve(name, &id, err);
	if (r < 0)
		return r;
	if (str_eq(format, "json"))
		return print_json(id, err);
	r = check_ps_options(words, err);
	return r < 0 ? r : print_table(id, err);
}

const struct command cmd_ps = { "ps", NULL, "list the processes of a container", run_ps };
