/* SPDX-License-Identifier: Apache-2.0 */
/* conntrack.h - the kernel's table of tracked flows, by nfnetlink */
#pragma once

#include "katac.pb-c.h"

struct buf;
struct err;

/*
 * Deletes the first flows that @request names and appends a packed
 * ConntrackDeleteResponse which tells them. It runs in a helper.
 */
int conntrack_delete(const Katac__ConntrackDeleteRequest *request, struct buf *out,
		     struct err *err);
