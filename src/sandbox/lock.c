/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/io.h"
#include "base/str.h"

#define HOLDER_FILE "lock-holder"

static void alarmed(int signo __attribute__((unused)))
{
	/* Only to end flock(2) with EINTR. */
}

/* flock(2) knows no time-out; an alarm gives it one, again and again in case it comes too early. */
static int flock_timed(int fd, unsigned seconds, struct err *err)
{
	const struct itimerval timeout = { .it_value = { .tv_sec = seconds },
					   .it_interval = { .tv_sec = 1 } };
	const struct itimerval off = { 0 };
	struct sigaction action = { .sa_handler = alarmed };
	struct sigaction saved;
	int r;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_errno(err, "flock");
	if (seconds == 0)
		return -EBUSY;
	sigaction(SIGALRM, &action, &saved);
	setitimer(ITIMER_REAL, &timeout, NULL);
	r = flock(fd, LOCK_EX) < 0 ? -errno : 0;
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &saved, NULL);
	if (r == -EINTR)
		return interrupt_check(err) < 0 ? -ECANCELED : -ETIMEDOUT;
	errno = -r;
	return r < 0 ? err_errno(err, "flock") : 0;
}

static void write_holder(int dirfd)
{
	CLEANUP(close) int fd = -1;

	fd = openat(dirfd, HOLDER_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd >= 0) /* only for a message: without it, the message is shorter */
		(void)dprintf(fd, "%s, pid %d", program_invocation_short_name, getpid());
}

static int timed_out(int dirfd, const char *path, unsigned seconds, struct err *err)
{
	CLEANUP(free) char *holder = NULL;

	(void)file_read_at(dirfd, HOLDER_FILE, 256, &holder);
	return err_set_as(err, ERR_LOCK_HELD, ETIMEDOUT,
			  "sandbox %s is locked for over %u s by %s; look at that process",
			  path_base(path), seconds, holder ? holder : "an unknown process");
}

int lock_sandbox_within(const char *path, unsigned seconds, struct err *err)
{
	CLEANUP(close) int fd = -1;
	struct stat st;
	int r;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "open %s", path);
	r = flock_timed(fd, seconds, err);
	if (r == -ETIMEDOUT)
		return timed_out(fd, path, seconds, err);
	if (r == -EBUSY)
		return r; /* asked for: no error to tell */
	if (r < 0)
		return err_prefix(err, "lock %s", path);
	/* Its last holder may have removed it. */
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return err_set(err, ENOENT, "sandbox %s has gone", path_base(path));
	write_holder(fd);
	return take_fd(&fd);
}

int lock_sandbox(const char *path, bool create, struct err *err)
{
	if (create && mkdir(path, 0700) < 0)
		return errno == EEXIST ? -EEXIST : err_errno(err, "mkdir %s", path);
	return lock_sandbox_within(path, LOCK_TIMEOUT_S, err);
}
