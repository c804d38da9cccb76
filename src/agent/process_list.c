/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/process_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "agent/sandbox.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"

#define ARGS_MAX      256u /* bytes of a command line that are shown */
#define PROCESSES_MAX 512u /* with their arguments well below TTRPC_REPLY_MAX */
#define STATUS_MAX    8192u

/* Fields of /proc/PID/stat behind the name, counted from 0: proc(5). */
enum { STAT_PPID = 1, STAT_TTY = 4, STAT_UTIME = 11, STAT_STIME = 12, STAT_START = 19 };

static char *proc_file(pid_t pid, const char *name, size_t max)
{
	char path[64];
	char *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	(void)file_read_at(AT_FDCWD, path, max, &text); /* it may have ended meanwhile */
	return text;
}

static uint64_t number(const char *text)
{
	uint64_t n = 0;

	(void)str_to_u64(text, 0, UINT64_MAX, &n);
	return n;
}

/* The last number of a line of /proc/PID/status, and how many the line has. */
static uint64_t status_last(const char *status, const char *key, size_t *ret_n)
{
	const char *line = strstr(status, key);
	CLEANUP(strv_free) char **words = NULL;
	CLEANUP(free) char *copy = NULL;

	*ret_n = 0;
	if (!line)
		return 0;
	line += strlen(key);
	copy = xstrndup(line, strcspn(line, "\n"));
	words = strv_split(copy, "\t ");
	*ret_n = strv_len(words);
	return *ret_n > 0 ? number(words[*ret_n - 1]) : 0;
}

/* "NSpid:" has a pid for each pid namespace, the innermost last: a parent with fewer is outside. */
static int64_t parent_pid(pid_t parent, size_t depth)
{
	CLEANUP(free) char *status = proc_file(parent, "status", STATUS_MAX);
	size_t n = 0;
	uint64_t pid = status ? status_last(status, "\nNSpid:", &n) : 0;

	return n < depth ? 0 : (int64_t)pid;
}

/* What the program calls itself; its words are separated by NULs. */
static char *command_line(pid_t pid, const char *name)
{
	char path[64];
	char text[ARGS_MAX + 1];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, ARGS_MAX) : -1;
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return str_printable(xasprintf("[%s]", name));
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return str_printable(xstrdup(text));
}

static char *tty_name(uint64_t device)
{
	if (device == 0)
		return xstrdup("?");
	if (major(device) >= 136 && major(device) <= 143) /* Unix98 terminals: devices.txt */
		return xasprintf("pts/%u", (major(device) - 136) * 256 + minor(device));
	return xasprintf("%u:%u", major(device), minor(device));
}

static int64_t boot_time(void)
{
	struct timespec real;
	struct timespec boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return real.tv_sec - boot.tv_sec;
}

static Katac__ProcessInfo *read_process(pid_t pid)
{
	CLEANUP(free) char *stat = proc_file(pid, "stat", STATUS_MAX);
	CLEANUP(free) char *status = proc_file(pid, "status", STATUS_MAX);
	char *open_bracket = stat ? strchr(stat, '(') : NULL;
	char *close_bracket = stat ? strrchr(stat, ')') : NULL;
	CLEANUP(strv_free) char **fields = NULL;
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	Katac__ProcessInfo *info;
	size_t depth = 0;

	if (!open_bracket || !close_bracket || !status)
		return NULL;
	*close_bracket = '\0';
	fields = strv_split(close_bracket + 1, " \n");
	if (strv_len(fields) <= STAT_START)
		return NULL;
	info = xmemdup(&(Katac__ProcessInfo)KATAC__PROCESS_INFO__INIT, sizeof(*info));
	info->uid = (uint32_t)status_last(status, "\nUid:", &depth);
	info->pid = (int64_t)status_last(status, "\nNSpid:", &depth);
	info->ppid = parent_pid((pid_t)number(fields[STAT_PPID]), depth);
	info->start_sec = boot_time() + (int64_t)(number(fields[STAT_START]) / hz);
	info->cpu_ms = (number(fields[STAT_UTIME]) + number(fields[STAT_STIME])) * 1000 / hz;
	info->tty = tty_name(number(fields[STAT_TTY]));
	info->args = command_line(pid, open_bracket + 1);
	return info;
}

int process_list_read(const struct container *container, Katac__ListProcessesResponse *ret,
		      struct err *err)
{
	CLEANUP(free) pid_t *pids = NULL;
	size_t n = 0;
	int r;

	r = cgroup_pids(container->cgroup, &pids, &n, err);
	if (r < 0)
		return r;
	ret->processes = xcalloc(PROCESSES_MAX, sizeof(Katac__ProcessInfo *));
	for (size_t i = 0; i < n; i++) {
		Katac__ProcessInfo *info;

		if (ret->n_processes == PROCESSES_MAX) {
			ret->truncated = true;
			break;
		}
		info = read_process(pids[i]);
		if (info)
			ret->processes[ret->n_processes++] = info;
	}
	return 0;
}

void process_list_done(Katac__ListProcessesResponse *response)
{
	for (size_t i = 0; i < response->n_processes; i++) {
		free(response->processes[i]->tty);
		free(response->processes[i]->args);
		free(response->processes[i]);
	}
	free(response->processes);
}
