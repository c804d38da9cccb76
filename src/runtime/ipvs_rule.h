/* SPDX-License-Identifier: Apache-2.0 */
/* ipvs_rule.h - what an administrator may ask of IPVS, checked word by word */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agentc/ipvs.h"

struct err;

enum ipvs_show {
	IPVS_SHOW_TABLE,
	IPVS_SHOW_STATS,
	IPVS_SHOW_RATES,
	IPVS_SHOW_THRESHOLDS,
	IPVS_SHOW_PERSISTENT,
	IPVS_SHOW_TIMEOUTS,
	IPVS_SHOW_CONNECTIONS,
};

/* A command line of ipvsadm: a change, or something to be shown. */
struct ipvs_command {
	bool list;
	struct ipvs_rule rule; /* a change; of a list the service, if there is one */
	enum ipvs_show show;
	bool exact;    /* large numbers in full */
	bool unsorted; /* in the kernel's order */
};

/*
 * Reads the arguments of one call of ipvsadm. NAT is implied for a server.
 * -EINVAL with the word that is wrong and what is allowed.
 * Source of the ranges: openEuler's user guide, appendix 2, table 2.
 */
int ipvs_command_parse(const char *text, size_t len, struct ipvs_command *ret, struct err *err);

/*
 * Reads a rule file: services and servers to be added, each line as the
 * arguments of ipvsadm. Empty lines and lines that begin with # count for
 * nothing. *ret is owned, *ret_n from 1 to IPVS_RULES_MAX.
 * -EINVAL with line and word; -E2BIG: more rules.
 */
int ipvs_rules_parse(const char *text, size_t len, struct ipvs_rule **ret, size_t *ret_n,
		     struct err *err);

/* The flows that cleanup is to delete: "--orig-dst IP --protonum tcp|udp". */
int ipvs_cleanup_parse(const char *text, size_t len, struct ipvs_address *ret_destination,
		       int *ret_protocol, struct err *err);
