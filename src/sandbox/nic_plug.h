/* SPDX-License-Identifier: Apache-2.0 */
/* nic_plug.h - puts a NIC of kata-network into a sandbox, and takes it out; under its lock */
#pragma once

#include "sandbox/nic_records.h"

struct agentc;
struct config;

struct nic_sandbox {
	const char *sid;
	int dirfd; /* of the sandbox */
	struct agentc *agent;
};

/* Takes away what commands that were killed have left half-way. */
int nic_recover(const struct nic_sandbox *sandbox, struct nic_records *records, struct err *err);

/* nic->device is set when it was NULL. */
int nic_add(const struct nic_sandbox *sandbox, const struct config *config,
	    struct nic_records *records, struct nic_request *nic, struct agentc_interface *ret,
	    struct err *err);

int nic_remove(const struct nic_sandbox *sandbox, struct nic_records *records, const char *name,
	       struct err *err);
