/* SPDX-License-Identifier: Apache-2.0 */
/* ipvs.h - the kernel's tables of virtual services, by the generic netlink family IPVS */
#pragma once

#include <stddef.h>

#include "katac.pb-c.h"

struct buf;
struct err;

/* Of IPVS_RULES_MAX: services and servers, those that are there counted in. */
#define IPVS_RULES_MAX 20000u

/* Rules that are made together or not at all. */
struct ipvs_change {
	ProtobufCMessage **parts; /* Katac__IpvsChangeRequest; owned */
	size_t n_parts;
	size_t n_rules;
};

/* Checks the rules of @part and keeps a copy. On an error nothing is kept of it. */
int ipvs_change_add(struct ipvs_change *change, const Katac__IpvsChangeRequest *part,
		    struct err *err);

/* The change, which is empty afterwards. */
struct ipvs_change ipvs_change_take(struct ipvs_change *change);
void ipvs_change_done(struct ipvs_change *change);

/*
 * These talk to the kernel and take their time: they run in a helper.
 *
 * ipvs_change_make() makes the change. If the kernel refuses a rule, or there
 * would be more than IPVS_RULES_MAX (-ENOSPC), what was added is removed.
 */
int ipvs_change_make(const struct ipvs_change *change, struct err *err);

/* Append a packed IpvsListResponse and IpvsConnectionsResponse, of a part of the table. */
int ipvs_list(const Katac__IpvsListRequest *request, struct buf *out, struct err *err);
int ipvs_connections(const Katac__IpvsConnectionsRequest *request, struct buf *out,
		     struct err *err);
