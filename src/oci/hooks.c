/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/hooks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"

static int check_path(const char *path, int root, const char *where, struct err *err)
{
	CLEANUP(close) int fd = -1;
	struct stat st;

	if (str_empty(path) || *path != '/')
		return err_set(err, EINVAL, "path '%s' is not absolute", path ? path : "");
	fd = safe_open(root, path, O_PATH, 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return err_set(err, ENOENT, "%s: no such program in %s", path, where);
	if (fd < 0) {
		errno = -fd;
		return err_errno(err, "%s", path);
	}
	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat %s", path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return err_set(err, EACCES, "%s is not a program in %s", path, where);
	return 0;
}

int hooks_check(const struct oci_hooks *hooks, enum oci_hook_kind kind, int root, const char *where,
		struct err *err)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (check_path(hooks->hooks[i].path, root, where, err) < 0)
			return err_prefix_as(err, ERR_HOOK, "hooks.%s[%zu]", oci_hook_name(kind),
					     i);
	return 0;
}

/* The end of what a hook writes. */
struct tail {
	char text[HOOK_OUTPUT_MAX];
	size_t len;
};

static void tail_add(struct tail *tail, const char *data, size_t len)
{
	size_t drop;

	if (len > sizeof(tail->text)) {
		data += len - sizeof(tail->text);
		len = sizeof(tail->text);
	}
	drop = tail->len + len > sizeof(tail->text) ? tail->len + len - sizeof(tail->text) : 0;
	memmove(tail->text, tail->text + drop, tail->len - drop);
	memcpy(tail->text + tail->len - drop, data, len);
	tail->len += len - drop;
}

/* As one printable line, which an error's text is. Owned. */
static char *tail_line(const struct tail *tail)
{
	char *line = xstrndup(tail->text, tail->len);
	size_t len = strlen(line);

	while (len > 0 && strchr(" \t\r\n", line[len - 1]))
		line[--len] = '\0';
	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	return str_printable(line);
}

struct run {
	pid_t pid;
	int pidfd;  /* owned */
	int output; /* owned; the end that we read */
	struct tail tail;
};

static void run_donep(struct run *run)
{
	closep(&run->pidfd);
	closep(&run->output);
}

/*
 * A file rather than a pipe: a hook that does not read, or reads slowly, then
 * holds up nothing, and nobody gets SIGPIPE.
 */
static int state_file(const char *state, struct err *err)
{
	CLEANUP(close) int fd = memfd_create("state", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_errno(err, "memfd_create");
	r = write_full(fd, state, strlen(state));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(err, r < 0 ? -r : EIO, "cannot write the state");
	return take_fd(&fd);
}

static void default_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The child. What fails here is told the way a hook tells it: on standard error. */
__attribute__((noreturn)) static void exec_hook(const struct oci_hook *hook, int in, int out)
{
	char *just_path[] = { hook->path, NULL };
	char *no_env[] = { NULL };

	default_signals();
	/* Ours may be 0 to 2 themselves, where the caller has closed some. */
	in = fcntl(in, F_DUPFD, STDERR_FILENO + 1);
	out = fcntl(out, F_DUPFD, STDERR_FILENO + 1);
	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0 || syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0) < 0)
		_exit(126);
	if (setsid() >= 0 && chdir("/") == 0)
		execve(hook->path, strv_len(hook->args) > 0 ? hook->args : just_path,
		       hook->env ? hook->env : no_env);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(127);
}

static int start(const struct oci_hook *hook, const char *state, struct run *run, struct err *err)
{
	CLEANUP(close) int in = state_file(state, err);
	CLEANUP(close) int out = -1;
	int ends[2];

	if (in < 0)
		return in;
	/* Reading never blocks: what the hook left running may keep the other end. */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	run->output = ends[0];
	out = ends[1];
	if (fd_set_nonblock(run->output, true) < 0)
		return err_set(err, EIO, "pipe");

	run->pid = fork();
	if (run->pid < 0)
		return err_errno_as(err, ERR_PROCESS_LIMIT, "fork");
	if (run->pid == 0)
		exec_hook(hook, in, out);
	run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	return 0;
}

/* Returns whether there may be more later. */
static bool read_output(struct run *run)
{
	char data[4096];
	ssize_t n;

	do {
		n = read(run->output, data, sizeof(data));
		if (n > 0)
			tail_add(&run->tail, data, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 && errno == EAGAIN;
}

/* Until the hook itself has ended; its children may go on. */
static int wait_end(struct run *run, uint64_t deadline, struct err *err)
{
	struct pollfd fds[2] = { { .fd = run->pidfd, .events = POLLIN },
				 { .fd = run->output, .events = POLLIN } };

	for (;;) {
		int r = poll(fds, 2, deadline_left(deadline));

		if (r < 0 && errno != EINTR)
			return err_errno(err, "wait for it");
		if (interrupt_check(err) < 0)
			return -ECANCELED;
		if (r == 0)
			return -ETIMEDOUT;
		if (r < 0)
			continue;
		if (fds[1].revents && !read_output(run))
			fds[1].fd = -1;
		if (fds[0].revents)
			return 0;
		/* A hook that never stops writing keeps poll() from timing out. */
		if (deadline_left(deadline) == 0)
			return -ETIMEDOUT;
	}
}

/* The session may not have been made yet; and until it is waited for, the pid is its own. */
static void kill_group(const struct run *run)
{
	(void)kill(-run->pid, SIGKILL);
	(void)kill(run->pid, SIGKILL);
}

static int report(struct run *run, int status, struct err *err)
{
	CLEANUP(free) char *said = NULL;
	const char *colon;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	(void)read_output(run);
	said = tail_line(&run->tail);
	colon = *said ? ": " : "";
	if (WIFSIGNALED(status))
		return err_set(err, ECANCELED, "killed by signal %d%s%s", WTERMSIG(status), colon,
			       said);
	return err_set(err, ECANCELED, "exit status %d%s%s", WEXITSTATUS(status), colon, said);
}

static int run_hook(const struct oci_hook *hook, const char *state, struct err *err)
{
	uint32_t timeout_s = hook->timeout_s > 0 ? hook->timeout_s : HOOK_TIMEOUT_S;
	uint64_t deadline = deadline_in(UINT64_C(1000) * timeout_s);
	__attribute__((cleanup(run_donep))) struct run run = { .pidfd = -1, .output = -1 };
	int status = 0;
	int r;

	r = start(hook, state, &run, err);
	if (r < 0)
		return r;
	r = run.pidfd < 0 ? err_set(err, EMFILE, "cannot wait for it")
			  : wait_end(&run, deadline, err);
	if (r < 0)
		kill_group(&run);
	while (waitpid(run.pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(err, "wait for it");
	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "not done after %u s, killed", timeout_s);
	return r < 0 ? r : report(&run, status, err);
}

int hook_run(const struct oci_hook *hook, enum oci_hook_kind kind, const char *state,
	     struct err *err)
{
	if (run_hook(hook, state, err) < 0)
		return err_prefix_as(err, ERR_HOOK, "hook %s %s", oci_hook_name(kind), hook->path);
	return 0;
}

int hooks_run(const struct oci_hooks *hooks, enum oci_hook_kind kind, const char *state,
	      struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < hooks->n; i++)
		r = hook_run(&hooks->hooks[i], kind, state, err);
	return r;
}

/* Links are none: as upstream reads the directory. */
static bool is_program(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_mode & 0111;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The programs in @path, sorted. */
static int list_programs(const char *path, char ***ret, struct err *err)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int r;

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, "open %s", path);
	for (errno = 0; (entry = readdir(dir)); errno = 0)
		if (is_program(dirfd(dir), entry->d_name))
			strv_add(ret, entry->d_name);
	r = errno ? err_errno(err, "read %s", path) : 0;
	(void)closedir(dir);
	if (*ret)
		qsort(*ret, strv_len(*ret), sizeof(**ret), compare_names);
	return r;
}

int hooks_scan(const char *dir, enum oci_hook_kind kind, struct oci_hooks *ret, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", dir, oci_hook_name(kind));
	CLEANUP(strv_free) char **names = NULL;
	int r;

	r = list_programs(path, &names, err);
	if (r < 0)
		return r;
	ret->hooks = xrealloc(ret->hooks, (ret->n + strv_len(names)) * sizeof(*ret->hooks));
	for (char **name = names; name && *name; name++) {
		struct oci_hook hook = { .path = xasprintf("%s/%s", path, *name) };

		strv_add(&hook.args, *name);
		strv_add(&hook.args, oci_hook_name(kind));
		ret->hooks[ret->n++] = hook;
	}
	return 0;
}
