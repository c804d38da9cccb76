/* SPDX-License-Identifier: Apache-2.0 */
#include "base/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/proc.h"

/* Until the program closes it. */
static int read_all(int fd, const char *name, uint64_t timeout_ms, size_t max, struct buf *out,
		    struct err *err)
{
	uint64_t deadline = deadline_in(timeout_ms);

	for (;;) {
		ssize_t n;
		int r = wait_fd(fd, POLLIN, deadline);

		if (r < 0)
			return err_set(err, -r,
				       "%s: prints nothing more and does not end within "
				       "%" PRIu64 " s",
				       name, timeout_ms / 1000);
		n = read(fd, buf_reserve(out, 4096), 4096);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_errno(err, "%s: read what it prints", name);
		if (n > 0)
			buf_commit(out, (size_t)n);
		if (buf_len(out) > max)
			return err_set(err, EFBIG, "%s: prints more than %zu bytes", name, max);
	}
}

int capture_output(const char *const *argv, uint64_t timeout_ms, size_t max, char **ret,
		   struct err *err)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	CLEANUP(close) int from = -1;
	struct spawn spawn = SPAWN_INIT;
	struct proc_id id = { 0 };
	int status = 0;
	int fds[2];
	int r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	from = fds[0];
	spawn.argv = (char *const *)(uintptr_t)argv;
	spawn.stdio[1] = fds[1];
	r = spawn_start(&spawn, &id, err);
	close(fds[1]);
	if (r < 0)
		return r;
	r = read_all(from, argv[0], timeout_ms, max, &out, err);
	/* It has closed its output, so it has ended or has nothing to do that matters. */
	if (r < 0 || proc_wait_gone(&id, deadline_in(timeout_ms)) < 0)
		(void)proc_signal(&id, SIGKILL);
	while (waitpid(id.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, EPROTO, "%s: ended with status %d instead of 0", argv[0],
			       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	*ret = buf_take_string(&out);
	return 0;
}
