/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancing in the guest of a container. */
#include "agentc/ipvs.h"
#include "agentc/agentc.h"
#include "agentc/conntrack.h"
#include "base/clock.h"
#include "base/err.h"
#include "sandbox/internal.h"
#include "sandbox/sandbox.h"

/* What may have to do with twenty thousand rules; whether the agent answers at all shows before. */
#define IPVS_LONG_MS 60000u

static int connect_for_long(const char *id, struct agentc **ret, struct err *err)
{
	int r = container_connect(id, ret, err);

	return r == 0 ? agentc_check(*ret, deadline_in(REQUEST_MS), err) : r;
}

int container_ipvs_change(const char *id, const struct ipvs_rule *rules, size_t n, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = n > 1 ? connect_for_long(id, &agent, err) : container_connect(id, &agent, err);

	if (r == 0)
		r = agentc_ipvs_change(agent, rules, n,
				       deadline_in(n > 1 ? IPVS_LONG_MS : REQUEST_MS), err);
	return r;
}

int container_ipvs_list(const char *id, const struct ipvs_service_key *only, bool counters,
			struct ipvs_table *ret, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = connect_for_long(id, &agent, err);

	if (r == 0)
		r = agentc_ipvs_list(agent, only, counters, deadline_in(IPVS_LONG_MS), ret, err);
	return r;
}

int container_ipvs_timeouts(const char *id, struct ipvs_timeouts *ret, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = container_connect(id, &agent, err);

	return r == 0 ? agentc_ipvs_timeouts(agent, deadline_in(REQUEST_MS), ret, err) : r;
}

int container_ipvs_connections(const char *id, struct ipvs_connections *ret, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = connect_for_long(id, &agent, err);

	return r == 0 ? agentc_ipvs_connections(agent, deadline_in(IPVS_LONG_MS), ret, err) : r;
}

int container_conntrack_delete(const char *id, const struct ipvs_address *destination, int protocol,
			       struct conntrack_flows *ret, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r = connect_for_long(id, &agent, err);

	if (r == 0)
		r = agentc_conntrack_delete(agent, destination, protocol, deadline_in(IPVS_LONG_MS),
					    ret, err);
	return r;
}
