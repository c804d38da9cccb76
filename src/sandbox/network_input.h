/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_input.h - what kata-network is given: interfaces and routes as JSON
 *
 * One value of at most NETWORK_INPUT_MAX bytes. Keys are known whatever their
 * case; others are ignored. What is wrong is -EINVAL, in one line with the field, its
 * value and what is allowed. Nothing but the text is looked at.
 * Source: reference 03, sections 2 to 7.
 */
#pragma once

#include <stddef.h>

#include "agentc/network.h"

struct err;

#define NETWORK_INPUT_MAX 1048576u /* openEuler patch 0078 */

/* add-iface. */
struct nic_request {
	char *device;     /* the tap on the host; NULL: a name is found for it */
	char *vhost_user; /* path of a socket, instead of a tap; or NULL */
	struct agentc_interface guest;
};

/* @device_needed: "enable_compat_old_cni" of the configuration file. */
int nic_request_parse(const char *text, size_t len, bool device_needed, struct nic_request *ret,
		      struct err *err);
void nic_request_done(struct nic_request *request);

/* del-iface: nothing but the name counts. Owned. */
int nic_name_parse(const char *text, size_t len, char **ret, struct err *err);

/* update-iface: a name and addresses, and nothing else. */
int nic_update_parse(const char *text, size_t len, struct agentc_interface *ret, struct err *err);

/* add-route: one object. del-route: likewise, with everything but "dest" optional. */
int route_parse(const char *text, size_t len, struct agentc_routes *ret, struct err *err);
int route_match_parse(const char *text, size_t len, struct agentc_routes *ret, struct err *err);

/* update-routes: an array, in the form of list-routes too. */
int routes_parse(const char *text, size_t len, struct agentc_routes *ret, struct err *err);
