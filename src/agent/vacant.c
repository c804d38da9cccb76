/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vacant.h"

#include <stdbool.h>
#include <stddef.h>

#include "agent/agent.h"
#include "agent/process.h"
#include "agent/sandbox.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"

static struct {
	struct agent *agent;
	uint64_t timeout_ms;
	bool vacant; /* at the last look */
	struct timer timer;
} watched;

static bool has_ended(const struct container *container)
{
	for (const struct process *p = container->processes; p; p = p->next)
		if (!process_is_done(p))
			return false;
	return true;
}

/* Not so before the first container, and while the host removes the last one. */
static bool is_vacant(const struct agent *agent)
{
	for (const struct container *c = agent->containers; c; c = c->next) {
		if (c->removing || !has_ended(c))
			return false;
	}
	if (agent->console && !has_ended(agent->console))
		return false;
	return agent->containers && !agent->destroyer;
}

static void look(struct timer *timer)
{
	bool before = watched.vacant;

	watched.vacant = is_vacant(watched.agent);
	if (!before || !watched.vacant) {
		timer_set(watched.agent->loop, timer, deadline_in(watched.timeout_ms), look);
		return;
	}
	log_info("nothing runs in this machine any more: off");
	loop_stop(watched.agent->loop, 0);
}

void vacant_watch(struct agent *agent, uint64_t timeout_ms)
{
	watched.agent = agent;
	watched.timeout_ms = timeout_ms;
	timer_set(agent->loop, &watched.timer, deadline_in(timeout_ms), look);
}
