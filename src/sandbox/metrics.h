/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - the numbers of one sandbox: guest, agent, hypervisor and shims */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * In Prometheus' text format, by the names of Kata 2.x. What the guest says is taken if it is
 * well-formed and of the guest. *ret is owned. -ESRCH: its machine does not run. When only the
 * guest does not answer within @timeout_ms, its part is missing and *ret_silent is set.
 */
int sandbox_metrics(const char *sid, uint64_t timeout_ms, char **ret, bool *ret_silent,
		    struct err *err);

/* All sandboxes of this host whose machine runs; owned. */
char **sandboxes_running(void);

/* The sandbox of a container; owned. */
int container_sandbox(const char *id, char **ret, struct err *err);
