/* SPDX-License-Identifier: Apache-2.0 */
/* tracing.h - whether the agent records spans; kata-proxy carries them out */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct agentc;
struct err;

/* @collated: below the spans of its callers, where they have some. -EALREADY: it does already. */
int agentc_start_tracing(struct agentc *agent, bool collated, uint64_t deadline, struct err *err);

/* Returns when the spans have left the guest, or soon after nobody has taken them. */
int agentc_stop_tracing(struct agentc *agent, uint64_t deadline, struct err *err);
