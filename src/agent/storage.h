/* SPDX-License-Identifier: Apache-2.0 */
/* storage.h - what the host wants mounted in the guest */
#pragma once

#include <stddef.h>

#include "agent.pb-c.h"

struct err;

/* Whether there is a driver of that name; else -ENOSYS with the names that there are. */
int storage_check(const Grpc__Storage *storage, struct err *err);

/* Mounts one. May block: for a helper (agent/job). */
int storage_mount(const Grpc__Storage *storage, struct err *err);
