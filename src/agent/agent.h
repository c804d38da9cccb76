/* SPDX-License-Identifier: Apache-2.0 */
/* agent.h - everything that the agent of one virtual machine holds */
#pragma once

#include <stdbool.h>

#include "base/loop.h"

struct container;

struct agent {
	struct loop *loop;
	struct channel *channel;
	bool debug; /* agent.log=debug */
	bool sandbox_started;
	struct container *containers;    /* owned */
	struct ttrpc_request *destroyer; /* DestroySandbox that waits */
	struct watch signals;
};

extern const struct ttrpc_service *const agent_services[];
