/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what a configuration may say, beyond its types: the parser and the agent both ask */
#pragma once

#include <stdbool.h>

struct err;
struct oci_device_rule;
struct oci_process;
struct oci_resources;
struct oci_spec;

/* Stops at the first member that is wrong; the error holds its path. */
#define CHECK(expression)         \
	do {                      \
		r = (expression); \
		if (r < 0)        \
			return r; \
	} while (0)

#define OCI_ID_MAPPINGS_MAX 340u   /* UID_GID_MAP_MAX_EXTENTS in the kernel's user_namespace.h */
#define OCI_GROUPS_MAX      65536u /* NGROUPS_MAX in the kernel's limits.h */

/*
 * Each returns 0, -EINVAL for what is missing or out of range, or -ENOTSUP for
 * what is right and cannot be done; the message begins with the JSON path.
 *
 * @at  what stands before the names: "process.", or "" when it stands alone
 */
int oci_spec_check(const struct oci_spec *spec, struct err *err);
int oci_process_check(const struct oci_process *process, const char *at, struct err *err);
int oci_resources_check(const struct oci_resources *resources, const char *at, struct err *err);

/*
 * Sets type and access out of their words. Those that are NULL or "" mean any:
 * 'a' and "rwm". The message is without a path. Returns 0 or -EINVAL.
 */
int oci_device_rule_set(struct oci_device_rule *rule, const char *type, const char *access,
			struct err *err);

/* Whether the device rules allow everything, which is how engines say "privileged". */
bool oci_allows_all_devices(const struct oci_resources *resources);
