/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h - rules for devices, and what each version of cgroups makes of them
 *
 * Pure but for the last part. Rules are brought into one form, without those that
 * later ones have taken over; that form becomes version 1's two lists, or the
 * program that version 2 runs whenever a device is opened or made.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/bpf.h>

#include "base/cleanup.h"

struct err;
struct oci_device_rule;

#define DEVICE_RULES_MAX 4096u /* whoever writes config.json chooses how many */
#define DEVICE_ANY       UINT32_MAX
#define DEVICE_MAJOR_MAX 4095u /* include/linux/kdev_t.h: 12 and 20 bits */
#define DEVICE_MINOR_MAX 1048575u

/* As the kernel's BPF_DEVCG_ACC_*. */
enum { DEVICE_MKNOD = 1, DEVICE_READ = 2, DEVICE_WRITE = 4, DEVICE_RWM = 7 };

struct device_rule {
	bool allow;
	bool is_char;
	uint32_t major; /* DEVICE_ANY */
	uint32_t minor;
	unsigned access;
};

/* Each access is decided by the last rule that matches and has it, else by @allow_rest. */
struct device_rules {
	struct device_rule *rules; /* owned */
	size_t n;
	bool allow_rest;
};

/*
 * The default devices, then @rules, then @denied. The rule "a *:* rwm" forgets those before
 * it: allowing, for everything; denying, for the default devices.
 * -EINVAL: a type, access or number that cannot be. -E2BIG: too many.
 * Source: runtime-spec, config-linux.md, "Default Devices"; runc's list in addition.
 */
int device_rules_make(const struct oci_device_rule *rules, size_t n_rules, const dev_t *denied,
		      size_t n_denied, struct device_rules *ret, struct err *err);
void device_rules_done(struct device_rules *rules);
static inline void device_rules_donep(struct device_rules *rules)
{
	device_rules_done(rules);
}

enum device_fit {
	DEVICE_FIT_EXACT,
	DEVICE_FIT_LESS_MKNOD, /* mknod is refused for more than asked, the rest is exact */
	DEVICE_FIT_NONE,
};

/*
 * Version 1 knows one list of exceptions: from "deny" if nothing is said else, from
 * "allow" with allow_rest. @ret gets its lines, "c 1:3 rwm"; owned. On DEVICE_FIT_NONE
 * @ret_bad is the rule that does not fit.
 */
enum device_fit device_rules_to_v1(const struct device_rules *rules, char ***ret,
				   struct device_rule *ret_bad);

/* "c 1:3 rwm"; owned. */
char *device_rule_text(const struct device_rule *rule);

/* Makes @rules the cgroup's only program, in place of those that it has. */
int device_bpf_attach(int dir, const struct device_rules *rules, struct err *err);

/* Takes the cgroup's programs away. A kernel without them is success. */
int device_bpf_detach(int dir, struct err *err);
