/* SPDX-License-Identifier: Apache-2.0 */
/* guest_storage.h - file systems for one container that are neither shared by the host nor disks */
#pragma once

#include <stdbool.h>

#include "agent.pb-c.h"

struct err;

/* Whether it is one of these: "nfs" or "gpath". */
bool guest_storage_is(const char *driver);

/* -EINVAL when it lacks what it needs. */
int guest_storage_check(const Grpc__Storage *storage, struct err *err);

/*
 * Mounts it at its mount point. For helpers: a server that does not answer is waited for up to
 * 10 s.
 *
 * nfs    @source is HOST:/PATH, an option addr=IPv4 says where that is. Without vers= the
 *        newest version that the server has is taken.
 * gpath  @source is a folder of the guest, made when it is not there; no part of its path is a
 *        link. Option "mounted": it has to be a mount point. "shared": what is mounted below it
 *        later is seen by all who have it.
 * Source: openEuler's agent, patches 0009 and 0010.
 */
int guest_storage_mount(const Grpc__Storage *storage, struct err *err);
