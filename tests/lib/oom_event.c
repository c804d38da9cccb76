/* SPDX-License-Identifier: Apache-2.0 */
/* oom_event SOCKET - waits for the sandbox's next out-of-memory event and prints the container. */
#include <stdio.h>
#include <stdlib.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"

#define WAIT_MS 30000u

int main(int argc, char **argv)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	CLEANUP(free) char *id = NULL;
	struct err err = { 0 };
	int r;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: oom_event URL\n");
		return 2;
	}
	r = agentc_connect(argv[1], deadline_in(WAIT_MS), &agent, &err);
	if (r == 0)
		r = agentc_wait_oom(agent, deadline_in(WAIT_MS), &id, &err);
	if (r < 0) {
		(void)fprintf(stderr, "oom_event: %s\n", err.text);
		return 1;
	}
	puts(id);
	return 0;
}
