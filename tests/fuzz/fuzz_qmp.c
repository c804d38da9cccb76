/* SPDX-License-Identifier: Apache-2.0 */
/* The input is all that QEMU says: greeting, answers, events; then it closes. */
#include <signal.h>
#include <sys/socket.h>

/* The connection is made inside; a socketpair takes its place. */
#include "hypervisor/qmp.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(qmp_free) struct qmp *qmp = xcalloc(1, sizeof(*qmp));
	uint64_t deadline = deadline_in(1000);
	CLEANUP(free) char *reply = NULL;
	CLEANUP(close) int peer = -1;
	struct err err = { 0 };
	int ends[2];

	(void)signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	qmp->fd = ends[0];
	peer = ends[1];
	(void)send(peer, data, size, MSG_DONTWAIT); /* what fits is enough */
	(void)shutdown(peer, SHUT_WR);
	if (negotiate(qmp, deadline, &err) == 0)
		(void)qmp_command(qmp, "query-status", NULL, deadline, &reply, &err);
	return 0;
}
