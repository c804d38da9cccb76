/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/cache_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "config/config.h"
#include "factory/cache_client.h"
#include "factory/cache_machine.h"
#include "factory/cache_server.h"

#define LOCK_MS   10000u /* for a server that is just ending */
#define LOOK_MS   50
#define SWEEP_MS  30000u /* for whoever is just taking a machine */
#define END_MS    40000u
#define NAME      "kata-cache" /* 15 bytes at most */
#define TRIES_MAX 5

/* The directory goes with the last server: what we have locked may be another by then. */
static bool is_there(int fd, const char *path)
{
	struct stat there;
	struct stat ours;

	return stat(path, &there) == 0 && fstat(fd, &ours) == 0 && there.st_dev == ours.st_dev &&
	       there.st_ino == ours.st_ino;
}

/* -EWOULDBLOCK: somebody has it. */
static int try_lock(const char *cache, struct err *err)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		CLEANUP(close) int fd = -1;
		int r = mkdir_p(cache, 0700, err);

		if (r < 0)
			return r;
		fd = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_errno(err, "%s", cache);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? -EWOULDBLOCK
						    : err_errno(err, "lock %s", cache);
		if (is_there(fd, cache))
			return take_fd(&fd);
	}
	return err_set(err, EBUSY, "lock %s: others come and go there", cache);
}

static int running(const struct config *config, struct err *err)
{
	struct cache_status status = { 0 };
	struct err ignored = { 0 };

	if (cache_ask_status(config, &status, &ignored) < 0)
		return 0;
	cache_status_done(&status);
	return err_set(err, EBUSY,
		       "a VM cache server runs already, pid %d, at %s; 'kata-runtime factory "
		       "destroy' ends it",
		       status.server, config->factory.vm_cache_endpoint);
}

int cache_lock(const struct config *config, const char *cache, struct err *err)
{
	uint64_t deadline = deadline_in(LOCK_MS);
	int fd;
	int r;

	while ((fd = try_lock(cache, err)) == -EWOULDBLOCK) {
		r = running(config, err);
		if (r < 0)
			return r;
		if (deadline_left(deadline) == 0)
			return err_set(
				err, EBUSY,
				"a VM cache server runs already, or is just ending, and does "
				"not answer at %s: its machines are in %s",
				config->factory.vm_cache_endpoint, cache);
		(void)poll(NULL, 0, LOOK_MS);
	}
	if (fd < 0)
		return fd;
	(void)cache_machines_sweep(cache, deadline_in(SWEEP_MS));
	r = cache_machines_stamp(cache, err);
	if (r == 0)
		r = fault_point("cache locked", err);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

void cache_sweep(const char *cache)
{
	CLEANUP(close) int fd = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_there(fd, cache))
		return;
	if (cache_machines_sweep(cache, deadline_in(SWEEP_MS)))
		(void)rm_tree(cache, &(struct err){ 0 });
}

/* Of a server that was killed. Not that of another, who answers, nor what is none. */
static void remove_socket(const char *path)
{
	struct err ignored = { 0 };
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = unix_connect(path, &ignored);
	if (fd >= 0)
		close(fd);
	else if (ignored.code == ECONNREFUSED)
		(void)unlink(path);
}

__attribute__((noreturn)) static void guard_main(const struct config *config, const char *cache,
						 int pipe)
{
	sigset_t all;
	char byte;

	/* Only SIGKILL ends it before its work is done. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid();
	(void)prctl(PR_SET_NAME, NAME);
	fault_begin("cache-guard");
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	remove_socket(config->factory.vm_cache_endpoint);
	if (!cache_machines_sweep(cache, deadline_in(SWEEP_MS)))
		_exit(1);
	(void)rm_tree(cache, &(struct err){ 0 });
	_exit(0);
}

int cache_guard_start(const struct config *config, const char *cache, struct cache_guard *ret,
		      struct err *err)
{
	CLEANUP(close) int in = -1;
	CLEANUP(close) int out = -1;
	int ends[2];
	pid_t pid;
	int fd;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	in = ends[0];
	out = ends[1];
	pid = fork();
	if (pid < 0)
		return err_errno(err, "fork");
	if (pid == 0) {
		close(out);
		guard_main(config, cache, in);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return err_errno(err, "watch the guard of the VM cache");
	*ret = (struct cache_guard){ .pid = pid, .pidfd = fd, .pipe = take_fd(&out) };
	return 0;
}

int cache_guard_end(struct cache_guard *guard, struct err *err)
{
	int status = 0;
	int r;

	if (guard->pid == 0)
		return 0;
	close(take_fd(&guard->pipe));
	r = wait_fd(guard->pidfd, POLLIN, deadline_in(END_MS));
	close(take_fd(&guard->pidfd));
	if (r < 0)
		return err_set(err, -r, "the guard of the VM cache, pid %d, does not end",
			       guard->pid);
	(void)waitpid(guard->pid, &status, 0);
	if (status != 0)
		return err_set(err, EBUSY,
			       "virtual machines of the VM cache are left: see the log");
	return 0;
}
