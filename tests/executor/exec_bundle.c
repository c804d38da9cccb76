/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_bundle - the agent's executor on the host, without a machine around it
 *
 *   exec_bundle [--commands FD] [--deny MAJOR:MINOR] BUNDLE|CONFIG.JSON
 *
 * Runs the container of a bundle in the foreground and ends with its exit code;
 * what goes wrong before is one line on stderr and exit code 125. With
 * --commands it creates the container only and then does what the lines that it
 * reads from FD say, answering each with one line:
 *
 *   start            "ok"
 *   exec FILE        runs a process.json; "exit N"
 *   signal N         to init
 *   wait             "exit N"
 *   pid              "pid N"
 *   update FILE      sets the limits of a linux.resources object; "ok"
 *   pause, resume    "ok"
 *   kill             every process of the container; "ok"
 *   stats            "stats CPU_NS MEMORY_BYTES PIDS OOM_KILLS"
 *
 * or "error …". At the end of FD the container is killed and removed. --deny
 * names what the agent would: a disk of the guest itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/container/control.h"
#include "agent/container/launch.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/stats.h"
#include "oci/spec.h"

#define EXIT_TROUBLE 125
#define LINE_MAX_LEN 4096u
#define CLEAN_UP_MS  5000u

struct container {
	struct oci_spec *spec;
	char *bundle;
	struct cgroup *cgroup;
	struct launched init;
	bool ended;
	int status;
	dev_t denied; /* 0: none */
};

/* A signal or a descriptor; -1 if it is no number. */
static int number(const char *text)
{
	uint64_t n = 0;

	return str_to_u64(text, 0, INT32_MAX, &n) < 0 ? -1 : (int)n;
}

/* Copies between the terminal and our own stdio, until the terminal's users have gone. */
static void relay_terminal(int master)
{
	struct pollfd fds[2] = { { .fd = master, .events = POLLIN },
				 { .fd = STDIN_FILENO, .events = POLLIN } };
	char data[4096];

	for (;;) {
		ssize_t n;

		if (poll(fds, 2, -1) < 0)
			return;
		if (fds[1].revents) {
			n = read(STDIN_FILENO, data, sizeof(data));
			if (n <= 0 || write_full(master, data, (size_t)n) < 0)
				fds[1].fd = -1;
		}
		if (fds[0].revents) {
			n = read(master, data, sizeof(data));
			if (n <= 0 || write_full(STDOUT_FILENO, data, (size_t)n) < 0)
				return;
		}
	}
}

static void start_relay(int master, pid_t *ret_relay)
{
	*ret_relay = fork();
	if (*ret_relay != 0)
		return;
	relay_terminal(master);
	_exit(0);
}

/* Listens to the child until it is @until, or has become its program, which closes the socket. */
static int listen_to(struct launched *launched, int until, pid_t *ret_relay, struct err *err)
{
	for (;;) {
		struct control_message message;
		CLEANUP(close) int fd = -1;
		int r = control_receive(launched->control, &message, &fd);

		if (r < 0)
			return err_set(err, -r, "the child's socket");
		if (r == 0)
			return 0;
		if (message.type == CONTROL_ERROR)
			return err_set(err, message.code > 0 ? message.code : EIO, "%s",
				       message.text);
		if (message.type == CONTROL_TTY)
			start_relay(fd, ret_relay);
		if (message.type == CONTROL_PID) {
			launched->pid = message.pid;
			launched->pidfd = take_fd(&fd);
		}
		if ((int)message.type == until)
			return 0;
	}
}

/*
 * Takes in every child that ends until @pid has: a pid namespace ends only when
 * all of its processes have been collected, and some of them may be ours.
 */
static int wait_for(struct container *container, pid_t pid)
{
	for (;;) {
		int status = 0;
		pid_t ended = waitpid(-1, &status, 0);
		int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

		if (ended < 0 && errno != EINTR)
			return EXIT_TROUBLE;
		if (ended > 0 && ended == container->init.pid) {
			container->ended = true;
			container->status = code;
		}
		if (ended > 0 && ended == pid)
			return code;
	}
}

static int wait_init(struct container *container)
{
	return container->ended ? container->status : wait_for(container, container->init.pid);
}

static int make_cgroup(struct container *container, struct err *err)
{
	const struct oci_resources *resources = &container->spec->resources;
	CLEANUP(free) char *id = xasprintf("exec-bundle-%d", getpid());
	CLEANUP(free) char *path = cgroup_path(container->spec->cgroups_path, id);
	int r;

	if (!path)
		return err_set(err, EINVAL, "linux.cgroupsPath: '%s' is not a path of a cgroup",
			       container->spec->cgroups_path);
	r = cgroup_create(path, &container->cgroup, err);
	if (r == 0)
		r = cgroup_apply(container->cgroup, resources, err);
	if (r == 0)
		r = cgroup_set_devices(container->cgroup, resources->device_rules,
				       resources->n_device_rules, &container->denied,
				       container->denied ? 1 : 0, err);
	return r;
}

static struct launch launch_of(const struct container *container, const struct oci_process *process)
{
	struct launch launch = { .id = "exec-bundle",
				 .bundle = container->bundle,
				 .spec = container->spec,
				 .process = process,
				 .cgroup = container->cgroup,
				 .join_pidfd = -1,
				 .stdio = { 0, 1, 2 } };

	launch.rootfs_options.denied = &container->denied;
	launch.rootfs_options.n_denied = container->denied ? 1 : 0;
	return launch;
}

static int create(struct container *container, pid_t *ret_relay, struct err *err)
{
	struct launch launch;
	int r;

	r = make_cgroup(container, err);
	if (r < 0)
		return r;
	launch = launch_of(container, &container->spec->process);
	r = launch_start(&launch, &container->init, err);
	return r < 0 ? r : listen_to(&container->init, CONTROL_READY, ret_relay, err);
}

static int start(struct container *container, pid_t *ret_relay, struct err *err)
{
	struct control_message go = { .type = CONTROL_GO };
	int r;

	r = control_send(container->init.control, &go, -1);
	return r < 0 ? err_set(err, -r, "tell the child to go")
		     : listen_to(&container->init, 0, ret_relay, err);
}

static int join(struct container *container, const char *file, int *ret_status, struct err *err)
{
	struct launched launched = { .pidfd = -1, .control = -1 };
	struct oci_process process;
	struct launch launch;
	pid_t relay = 0;
	int r;

	oci_process_init(&process);
	launch = launch_of(container, &process);
	launch.join_pidfd = container->init.pidfd;
	r = oci_process_load(file, &process, err);
	if (r == 0)
		r = launch_start(&launch, &launched, err);
	if (r == 0)
		r = listen_to(&launched, 0, &relay, err);
	oci_process_done(&process);
	if (r < 0)
		return r;
	*ret_status = wait_for(container, launched.pid);
	if (relay > 0)
		(void)wait_for(container, relay);
	return 0;
}

static int update(struct container *container, const char *file, struct err *err)
{
	__attribute__((cleanup(oci_resources_done))) struct oci_resources resources = { 0 };
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read(file, 1u << 20, &text, &len, err);
	if (r == 0)
		r = oci_resources_parse(text, len, &resources, err);
	return r == 0 ? cgroup_apply(container->cgroup, &resources, err) : r;
}

static int tell_stats(struct container *container, char *answer, size_t size, struct err *err)
{
	__attribute__((cleanup(cgroup_stats_donep))) struct cgroup_stats stats = { 0 };
	uint64_t kills = 0;
	int r;

	r = cgroup_stats_read(container->cgroup, &stats, err);
	if (r == 0)
		r = cgroup_oom_count(container->cgroup, &kills, err);
	if (r < 0)
		return r;
	(void)snprintf(answer, size, "stats %llu %llu %llu %llu\n",
		       (unsigned long long)stats.cpu.total_ns,
		       (unsigned long long)stats.memory.memory.usage,
		       (unsigned long long)stats.pids, (unsigned long long)kills);
	return 0;
}

/* What the executor leaves behind is ours: processes, and the cgroup. */
static void clean_up(struct container *container)
{
	struct err err = { 0 };

	if (container->cgroup && cgroup_kill(container->cgroup, &err) < 0)
		(void)fprintf(stderr, "exec_bundle: %s\n", err.text);
	if (container->init.pid > 0)
		(void)wait_init(container);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (container->cgroup && cgroup_remove(container->cgroup, CGROUP_REMOVE_PARENTS,
					       deadline_in(CLEAN_UP_MS), &err) < 0)
		(void)fprintf(stderr, "exec_bundle: %s\n", err.text);
	cgroup_free(container->cgroup);
	oci_spec_free(container->spec);
	free(container->bundle);
}

/* The answer is "ok" unless the command has another, in @answer. */
static int run_command(struct container *container, const char *command, const char *rest,
		       char *answer, size_t size, struct err *err)
{
	int status = -1;
	pid_t relay = 0;
	int r = 0;

	if (str_eq(command, "start"))
		return start(container, &relay, err);
	if (str_eq(command, "signal"))
		return kill(container->init.pid, number(rest)) < 0 ? err_errno(err, "kill") : 0;
	if (str_eq(command, "kill"))
		return cgroup_kill(container->cgroup, err);
	if (str_eq(command, "pause") || str_eq(command, "resume"))
		return cgroup_freeze(container->cgroup, *command == 'p', deadline_in(CLEAN_UP_MS),
				     err);
	if (str_eq(command, "update"))
		return update(container, rest, err);
	if (str_eq(command, "stats"))
		return tell_stats(container, answer, size, err);
	if (str_eq(command, "pid"))
		return snprintf(answer, size, "pid %d\n", container->init.pid) < 0;
	if (str_eq(command, "exec"))
		r = join(container, rest, &status, err);
	else if (str_eq(command, "wait"))
		status = wait_init(container);
	else
		r = err_set(err, EINVAL, "unknown command '%s'", command);
	if (r == 0)
		(void)snprintf(answer, size, "exit %d\n", status);
	return r;
}

static void run_line(struct container *container, char *line, char *answer, size_t size)
{
	char *rest = line + strcspn(line, " ");
	struct err err = { 0 };

	if (*rest)
		*rest++ = '\0';
	(void)snprintf(answer, size, "ok\n");
	if (run_command(container, line, rest, answer, size, &err) < 0)
		(void)snprintf(answer, size, "error %s\n", err.text);
}

/* One line at a time: the other side waits for each answer. */
static int obey(struct container *container, int fd)
{
	char line[LINE_MAX_LEN];
	char answer[LINE_MAX_LEN];
	ssize_t n;

	if (write_full(fd, "created\n", 8) < 0)
		return EXIT_TROUBLE;
	while ((n = read(fd, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		run_line(container, line, answer, sizeof(answer));
		if (write_full(fd, answer, strlen(answer)) < 0)
			return EXIT_TROUBLE;
	}
	return 0;
}

static int run(struct container *container, int commands, struct err *err)
{
	pid_t relay = 0;
	int status;
	int r;

	r = create(container, &relay, err);
	if (r < 0)
		return EXIT_TROUBLE;
	if (commands >= 0)
		return obey(container, commands);
	r = start(container, &relay, err);
	if (r < 0)
		return EXIT_TROUBLE;
	status = wait_init(container);
	if (relay > 0)
		(void)wait_for(container, relay); /* the last output */
	return status;
}

/* The folder of @path is the bundle. Owned; NULL if it cannot be found. */
static char *bundle_of(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		(void)err_errno(err, "%s", path);
		return NULL;
	}
	return S_ISDIR(st.st_mode) ? realpath(path, NULL)
				   : xstrndup(path, (size_t)(path_base(path) - path));
}

/* The specification, with the full path of its root. Owned; NULL on an error. */
static struct oci_spec *load(const char *bundle, struct err *err)
{
	struct oci_spec *spec = NULL;

	if (oci_spec_load(bundle, &spec, err) < 0)
		return NULL;
	if (*spec->root_path != '/') {
		CLEANUP(free) char *relative = spec->root_path;

		spec->root_path = xasprintf("%s/%s", bundle, relative);
	}
	return spec;
}

int main(int argc, char **argv)
{
	struct container container = { 0 };
	struct err err = { 0 };
	int commands = -1;
	int status = EXIT_TROUBLE;
	int i = 1;

	if (i + 1 < argc && str_eq(argv[i], "--commands")) {
		commands = number(argv[i + 1]);
		(void)fcntl(commands, F_SETFD, FD_CLOEXEC);
		i += 2;
	}
	if (i + 1 < argc && str_eq(argv[i], "--deny")) {
		(void)str_to_dev(argv[i + 1], &container.denied);
		i += 2;
	}
	if (i + 1 != argc) {
		(void)fprintf(stderr, "usage: exec_bundle [--commands FD] [--deny MAJOR:MINOR] "
				      "BUNDLE|CONFIG.JSON\n");
		return EXIT_TROUBLE;
	}
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	container.bundle = bundle_of(argv[i], &err);
	if (container.bundle)
		container.spec = load(container.bundle, &err);
	if (container.spec)
		status = run(&container, commands, &err);
	if (err.code)
		(void)fprintf(stderr, "exec_bundle: %s\n", err.text);
	clean_up(&container);
	return status;
}
