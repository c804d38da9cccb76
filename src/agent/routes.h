/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes.h - the guest's routes, as the host wants them; see network.h
 *
 * Those of the main table, of either family. What fails in the middle is undone.
 */
#pragma once

#include "agent.pb-c.h"
#include "katac.pb-c.h"

struct err;

/* These are all that there is to be, but for the kernel's own and those of lo. */
int routes_replace(const Grpc__Routes *wanted, Grpc__Routes **ret, struct err *err);

/*
 * The same with metrics; with wanted->increment all others stay, with wanted->devices
 * those of other interfaces.
 */
int routes_update(const Katac__UpdateRoutesRequest *wanted, Katac__Routes **ret, struct err *err);

/* -ESRCH when none fits. *ret is those that were removed. */
int routes_delete(const Katac__DeleteRoutesRequest *request, Katac__Routes **ret, struct err *err);

int routes_list(Grpc__Routes **ret, struct err *err);
