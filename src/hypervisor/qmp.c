/* SPDX-License-Identifier: Apache-2.0 */
#include "hypervisor/qmp.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define QMP_DEPTH 64u

struct qmp {
	int fd;
	struct buf in;
};

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	close(qmp->fd);
	buf_done(&qmp->in);
	free(qmp);
}

/* The next line without its end, owned. */
static int read_line(struct qmp *qmp, uint64_t deadline, char **ret, size_t *ret_len,
		     struct err *err)
{
	for (;;) {
		uint8_t *end = qmp->in.mem && buf_len(&qmp->in) > 0
				       ? memchr(buf_data(&qmp->in), '\n', buf_len(&qmp->in))
				       : NULL;
		ssize_t n;
		int r;

		if (end) {
			size_t len = (size_t)(end - buf_data(&qmp->in));

			*ret = xmemdup(buf_data(&qmp->in), len); /* a NUL in it is for the parser */
			*ret_len = len;
			buf_consume(&qmp->in, len + 1);
			return 0;
		}
		if (buf_len(&qmp->in) > QMP_LINE_MAX)
			return err_set(err, EBADMSG, "QEMU's monitor sent a line of over %u bytes",
				       QMP_LINE_MAX);
		r = wait_fd(qmp->fd, POLLIN, deadline);
		if (r == -ETIMEDOUT)
			return err_set(err, ETIMEDOUT, "QEMU's monitor does not answer");
		n = read(qmp->fd, buf_reserve(&qmp->in, 4096), 4096);
		if (n <= 0)
			return err_set(err, EPIPE, "QEMU's monitor closed: QEMU has ended");
		buf_commit(&qmp->in, (size_t)n);
	}
}

static int read_message(struct qmp *qmp, uint64_t deadline, struct json **ret, struct err *err)
{
	CLEANUP(free) char *line = NULL;
	size_t len = 0;
	int r;

	r = read_line(qmp, deadline, &line, &len, err);
	if (r < 0)
		return r;
	assert(line);
	r = json_parse(line, len, QMP_DEPTH, ret, err);
	return r < 0 ? err_prefix(err, "QEMU's monitor") : 0;
}

static int qmp_error(const char *command, const struct json_at *error, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	struct err ignored = { 0 };

	(void)json_get_string(error, "desc", &text, &ignored);
	return err_set(err, EIO, "QEMU refused %s: %s", command,
		       text ? str_printable(text) : "no reason given");
}

int qmp_command(struct qmp *qmp, const char *command, const char *arguments, uint64_t deadline,
		char **ret_reply, struct err *err)
{
	CLEANUP(free) char *line = NULL;
	int r;

	line = arguments ? xasprintf("{\"execute\":\"%s\",\"arguments\":%s}\n", command, arguments)
			 : xasprintf("{\"execute\":\"%s\"}\n", command);
	r = write_full(qmp->fd, line, strlen(line));
	if (r < 0)
		return err_set(err, EPIPE, "%s: QEMU's monitor is closed", command);
	for (;;) {
		CLEANUP(json_free) struct json *message = NULL;
		struct json_at root;
		struct json_at part;

		r = read_message(qmp, deadline, &message, err);
		if (r < 0)
			return err_prefix(err, "%s", command);
		root = json_root(message);
		if (json_check_object(&root, err) < 0)
			return err_prefix(err, "%s", command);
		if (json_get_object(&root, "error", &part, err) > 0)
			return qmp_error(command, &part, err);
		if (!json_has(&root, "return"))
			continue; /* an event */
		if (ret_reply)
			*ret_reply = json_member_text(&root, "return");
		return 0;
	}
}

static int negotiate(struct qmp *qmp, uint64_t deadline, struct err *err)
{
	CLEANUP(json_free) struct json *greeting = NULL;
	struct json_at root;
	int r;

	r = read_message(qmp, deadline, &greeting, err);
	if (r < 0)
		return r;
	root = json_root(greeting);
	if (json_check_object(&root, err) < 0 || !json_has(&root, "QMP"))
		return err_set(err, EBADMSG, "what answers is not QEMU's monitor");
	return qmp_command(qmp, "qmp_capabilities", NULL, deadline, NULL, err);
}

int qmp_connect(const char *path, uint64_t deadline, struct qmp **ret, struct err *err)
{
	CLEANUP(qmp_free) struct qmp *qmp = NULL;
	int fd = unix_connect(path, err);
	int r;

	if (fd < 0)
		return fd;
	qmp = xcalloc(1, sizeof(*qmp));
	qmp->fd = fd;
	r = negotiate(qmp, deadline, err);
	if (r < 0)
		return r;
	*ret = take_ptr(qmp);
	return 0;
}
