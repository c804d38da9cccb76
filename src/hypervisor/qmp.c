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

#define PERIPHERAL "/machine/peripheral/"
#define BACKEND    "/virtio-backend"
#define NOTED_MAX  256u /* ids that nobody has waited for: the guest ejects what it likes */

enum migration { MIGRATION_UNKNOWN, MIGRATION_COMPLETED, MIGRATION_FAILED };

struct qmp {
	int fd;
	struct buf in;
	char **deleted; /* devices that have gone, by their ids */
	char **told;    /* of these, those whose own event is still to come */
	char **opened;  /* ports that the guest has opened */
	enum migration migration;
};

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	close(qmp->fd);
	buf_done(&qmp->in);
	strv_free(qmp->deleted);
	strv_free(qmp->told);
	strv_free(qmp->opened);
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
			return err_set_as(err, ERR_QEMU_NONSENSE, EBADMSG,
					  "QEMU's monitor sent a line of over %u bytes",
					  QMP_LINE_MAX);
		r = wait_fd(qmp->fd, POLLIN, deadline);
		if (r == -ETIMEDOUT)
			return err_set_as(err, ERR_QEMU_SILENT, ETIMEDOUT,
					  "QEMU's monitor does not answer");
		n = read(qmp->fd, buf_reserve(&qmp->in, 4096), 4096);
		if (n <= 0)
			return err_set_as(err, ERR_QEMU_DIED, EPIPE,
					  "QEMU's monitor closed: QEMU has ended");
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
	return r < 0 ? err_prefix_as(err, ERR_QEMU_NONSENSE, "QEMU's monitor") : 0;
}

static int qmp_error(const char *command, const struct json_at *error, struct err *err)
{
	CLEANUP(free) char *class = NULL;
	CLEANUP(free) char *text = NULL;
	struct err ignored = { 0 };

	(void)json_get_string(error, "class", &class, &ignored);
	(void)json_get_string(error, "desc", &text, &ignored);
	return err_set_as(
		err, ERR_QEMU_REFUSED, class && str_eq(class, "DeviceNotFound") ? ENODEV : EIO,
		"QEMU refused %s: %s", command, text ? str_printable(text) : "no reason given");
}

static void note_id(char ***list, const struct json_at *data, const char *member)
{
	CLEANUP(free) char *id = NULL;
	struct err ignored = { 0 };

	if (json_get_string(data, member, &id, &ignored) == 0 && id && strv_len(*list) < NOTED_MAX)
		strv_take(list, take_ptr(id));
}

/* The id of the device whose virtio backend @path is; owned. NULL: it is something else. */
static char *owner_of_backend(const char *path)
{
	size_t prefix = strlen(PERIPHERAL);
	size_t suffix = strlen(BACKEND);
	size_t len = path ? strlen(path) : 0;

	if (len <= prefix + suffix || !str_starts(path, PERIPHERAL) ||
	    !str_eq(path + len - suffix, BACKEND))
		return NULL;
	return xstrndup(path + prefix, len - prefix - suffix);
}

/*
 * A virtio device has left its slot, and its id and what is behind it are free, when its
 * backend is gone. That it is gone itself QEMU says 50 ms later, when it frees the memory.
 */
static void note_deleted(struct qmp *qmp, const struct json_at *data)
{
	CLEANUP(free) char *device = NULL;
	CLEANUP(free) char *owner = NULL;
	CLEANUP(free) char *path = NULL;
	struct err ignored = { 0 };

	if (json_get_string(data, "path", &path, &ignored) == 0)
		owner = owner_of_backend(path);
	if (owner && strv_len(qmp->deleted) < NOTED_MAX && strv_len(qmp->told) < NOTED_MAX) {
		strv_add(&qmp->told, owner);
		strv_take(&qmp->deleted, take_ptr(owner));
		return;
	}
	if (json_get_string(data, "device", &device, &ignored) < 0 || !device ||
	    strv_remove(qmp->told, device) || strv_len(qmp->deleted) == NOTED_MAX)
		return;
	strv_take(&qmp->deleted, take_ptr(device));
}

static void note_migration(struct qmp *qmp, const struct json_at *data)
{
	CLEANUP(free) char *status = NULL;
	struct err ignored = { 0 };

	if (json_get_string(data, "status", &status, &ignored) < 0 || !status)
		return;
	if (str_eq(status, "completed"))
		qmp->migration = MIGRATION_COMPLETED;
	else if (str_eq(status, "failed") || str_eq(status, "cancelled"))
		qmp->migration = MIGRATION_FAILED;
}

static void note_event(struct qmp *qmp, const struct json_at *message)
{
	CLEANUP(free) char *event = NULL;
	struct err ignored = { 0 };
	struct json_at data;
	bool open = false;

	if (json_get_string(message, "event", &event, &ignored) < 0 || !event ||
	    json_get_object(message, "data", &data, &ignored) <= 0)
		return;
	if (str_eq(event, "DEVICE_DELETED"))
		note_deleted(qmp, &data);
	else if (str_eq(event, "MIGRATION"))
		note_migration(qmp, &data);
	else if (str_eq(event, "VSERPORT_CHANGE") &&
		 json_get_bool(&data, "open", &open, &ignored) == 0 && open)
		note_id(&qmp->opened, &data, "id");
}

/* The next message that is an object; an event is noted on the way. */
static int next_message(struct qmp *qmp, uint64_t deadline, struct json **ret, struct err *err)
{
	CLEANUP(json_free) struct json *message = NULL;
	struct json_at root;
	int r;

	r = read_message(qmp, deadline, &message, err);
	if (r < 0)
		return r;
	root = json_root(message);
	r = json_check_object(&root, err);
	if (r < 0)
		return r;
	note_event(qmp, &root);
	*ret = take_ptr(message);
	return 0;
}

static int wait_answer(struct qmp *qmp, const char *command, uint64_t deadline, struct json **ret,
		       struct err *err)
{
	for (;;) {
		CLEANUP(json_free) struct json *message = NULL;
		struct json_at error;
		struct json_at root;
		int r;

		r = next_message(qmp, deadline, &message, err);
		if (r < 0)
			return err_prefix(err, "%s", command);
		root = json_root(message);
		if (json_get_object(&root, "error", &error, err) > 0)
			return qmp_error(command, &error, err);
		if (!json_has(&root, "return"))
			continue; /* an event */
		*ret = take_ptr(message);
		return 0;
	}
}

/* @fd goes along with the line; -1 for none. */
static int ask(struct qmp *qmp, const char *command, const char *arguments, int fd,
	       uint64_t deadline, struct json **ret, struct err *err)
{
	CLEANUP(free) char *line = NULL;
	int r;

	line = arguments ? xasprintf("{\"execute\":\"%s\",\"arguments\":%s}\n", command, arguments)
			 : xasprintf("{\"execute\":\"%s\"}\n", command);
	r = fd < 0 ? write_full(qmp->fd, line, strlen(line))
		   : send_with_fd(qmp->fd, line, strlen(line), fd);
	if (r < 0)
		return err_set_as(err, ERR_QEMU_DIED, EPIPE, "%s: QEMU's monitor is closed",
				  command);
	return wait_answer(qmp, command, deadline, ret, err);
}

int qmp_query(struct qmp *qmp, const char *command, const char *arguments, uint64_t deadline,
	      struct json **ret, struct err *err)
{
	return ask(qmp, command, arguments, -1, deadline, ret, err);
}

int qmp_command(struct qmp *qmp, const char *command, const char *arguments, uint64_t deadline,
		char **ret_reply, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at root;
	int r;

	r = ask(qmp, command, arguments, -1, deadline, &answer, err);
	if (r < 0 || !ret_reply)
		return r;
	root = json_root(answer);
	*ret_reply = json_member_text(&root, "return");
	return 0;
}

int qmp_give_fd(struct qmp *qmp, const char *name, int fd, uint64_t deadline, struct err *err)
{
	CLEANUP(free) char *arguments = xasprintf("{\"fdname\":\"%s\"}", name);
	CLEANUP(json_free) struct json *answer = NULL;

	return ask(qmp, "getfd", arguments, fd, deadline, &answer, err);
}

/* Takes in one more message: whatever it tells is noted. */
static int wait_more(struct qmp *qmp, uint64_t deadline, struct err *err)
{
	CLEANUP(json_free) struct json *message = NULL;

	return next_message(qmp, deadline, &message, err);
}

int qmp_wait_deleted(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	while (!strv_remove(qmp->deleted, id)) {
		int r = wait_more(qmp, deadline, err);

		if (r == -ETIMEDOUT)
			return err_set_as(err, ERR_HOTPLUG, ETIMEDOUT,
					  "the guest does not let device %s go", id);
		if (r < 0)
			return r;
	}
	return 0;
}

int qmp_wait_opened(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	while (!strv_remove(qmp->opened, id)) {
		int r = wait_more(qmp, deadline, err);

		if (r == -ETIMEDOUT)
			return err_set_as(err, ERR_HOTPLUG, ETIMEDOUT,
					  "the guest does not open port %s", id);
		if (r < 0)
			return r;
	}
	return 0;
}

int qmp_wait_migrated(struct qmp *qmp, uint64_t deadline, struct err *err)
{
	while (qmp->migration == MIGRATION_UNKNOWN) {
		int r = wait_more(qmp, deadline, err);

		if (r < 0)
			return r;
	}
	if (qmp->migration == MIGRATION_COMPLETED)
		return 0;
	return err_set_as(err, ERR_QEMU_REFUSED, EIO, "QEMU's migration failed");
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
		return err_set_as(err, ERR_QEMU_NONSENSE, EBADMSG,
				  "what answers is not QEMU's monitor");
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
