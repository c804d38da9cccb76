/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about QEMU 7.2 that this rests on are tried in tests/facts/qemu-template.sh. */
#include "hypervisor/qemu_migrate.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "hypervisor/qmp.h"

#define FD_NAME "state"

static int prepare(struct qmp *qmp, int fd, uint64_t deadline, struct err *err)
{
	static const char capabilities[] =
		"{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true},"
		"{\"capability\":\"events\",\"state\":true}]}";
	int r = qmp_command(qmp, "migrate-set-capabilities", capabilities, deadline, NULL, err);

	return r == 0 ? qmp_give_fd(qmp, FD_NAME, fd, deadline, err) : r;
}

/* What QEMU says of a failure, if it says it anywhere but on its standard error. */
static void add_reason(struct qmp *qmp, uint64_t deadline, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	CLEANUP(free) char *reason = NULL;
	struct err ignored = { 0 };
	struct json_at info;
	struct json_at root;

	if (qmp_query(qmp, "query-migrate", NULL, deadline, &answer, &ignored) < 0)
		return;
	root = json_root(answer);
	if (json_get_object(&root, "return", &info, &ignored) > 0 &&
	    json_get_string(&info, "error-desc", &reason, &ignored) == 0 && reason)
		(void)err_set(err, err->code, "QEMU's migration failed: %s", str_printable(reason));
}

int qemu_save(struct qmp *qmp, int fd, uint64_t deadline, struct err *err)
{
	int r = qmp_command(qmp, "stop", NULL, deadline, NULL, err);

	if (r == 0)
		r = prepare(qmp, fd, deadline, err);
	if (r == 0)
		r = qmp_command(qmp, "migrate", "{\"uri\":\"fd:" FD_NAME "\"}", deadline, NULL,
				err);
	if (r == 0)
		r = qmp_wait_migrated(qmp, deadline, err);
	if (r == -EIO)
		add_reason(qmp, deadline, err);
	return r;
}

int qemu_load(struct qmp *qmp, int fd, uint64_t deadline, struct err *err)
{
	int r = prepare(qmp, fd, deadline, err);

	if (r == 0)
		r = qmp_command(qmp, "migrate-incoming", "{\"uri\":\"fd:" FD_NAME "\"}", deadline,
				NULL, err);
	if (r == 0)
		r = qmp_wait_migrated(qmp, deadline, err);
	return r == 0 ? qmp_command(qmp, "cont", NULL, deadline, NULL, err) : r;
}
