/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/tracing.h"

#include "agentc/internal.h"
#include "katac.pb-c.h"

#define EXTENSION (&katac__agent_extension__descriptor)

int agentc_start_tracing(struct agentc *agent, bool collated, uint64_t deadline, struct err *err)
{
	Katac__StartTracingRequest message = KATAC__START_TRACING_REQUEST__INIT;

	message.collated = collated;
	return agentc_call(agent, EXTENSION, "StartTracing", &message.base, deadline, NULL, NULL,
			   err);
}

int agentc_stop_tracing(struct agentc *agent, uint64_t deadline, struct err *err)
{
	Katac__StopTracingRequest message = KATAC__STOP_TRACING_REQUEST__INIT;

	return agentc_call(agent, EXTENSION, "StopTracing", &message.base, deadline, NULL, NULL,
			   err);
}
