/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/loop.h"
#include "base/mem.h"

struct job {
	struct watch watch; /* of the pipe's reading end, owned */
	job_done_fn done;
	void *data;
};

/* The helper's word is a whole struct err, which a pipe carries in one piece (1,032 < PIPE_BUF). */
static void job_readable(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct job *job = container_of(watch, struct job, watch);
	struct err result = { 0 };
	struct err error = { 0 };
	ssize_t n = read(watch->fd, &result, sizeof(result));

	if (n != sizeof(result))
		(void)err_set_as(&error, ERR_AGENT_STEP, EIO, "the agent's helper died");
	else if (result.code != 0)
		error = result;
	watch_remove(watch);
	close(watch->fd);
	job->done(job->data, &error);
	free(job);
}

__attribute__((noreturn)) static void helper_main(job_fn fn, void *data, int out)
{
	struct err err = { 0 };

	if (fn(data, &err) == 0)
		err = (struct err){ 0 };
	(void)write_full(out, &err, sizeof(err));
	_exit(0);
}

static int start(struct loop *loop, struct job *job, job_fn fn, struct err *err)
{
	CLEANUP(close) int in = -1;
	CLEANUP(close) int out = -1;
	int ends[2];
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	in = ends[0];
	out = ends[1];
	pid = fork();
	if (pid < 0)
		return err_errno_as(err, ERR_PROCESS_LIMIT, "fork");
	if (pid == 0)
		helper_main(fn, job->data, out);
	r = loop_add(loop, &job->watch, in, EPOLLIN, job_readable, err);
	if (r < 0)
		return r;
	(void)take_fd(&in);
	return 0;
}

void job_start(struct loop *loop, job_fn fn, job_done_fn done, void *data)
{
	struct job *job = xcalloc(1, sizeof(*job));
	struct err error = { 0 };

	job->done = done;
	job->data = data;
	if (start(loop, job, fn, &error) == 0)
		return;
	free(job);
	done(data, &error);
}
