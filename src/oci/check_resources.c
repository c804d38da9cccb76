/* SPDX-License-Identifier: Apache-2.0 */
/* Source: runtime-spec 1.2, config-linux.md, "Control groups". */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/spec.h"

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

int oci_device_rule_set(struct oci_device_rule *rule, const char *type, const char *access,
			struct err *err)
{
	static const char all[] = "rwm";
	size_t n = 0;

	type = str_empty(type) ? "a" : type;
	access = str_empty(access) ? all : access;
	if (strlen(type) != 1 || !strchr("abc", *type))
		return err_set(err, EINVAL, "type: '%.64s' is not a, b or c", type);
	if (strspn(access, all) != strlen(access))
		return err_set(err, EINVAL, "access: '%.64s' holds more than r, w and m", access);
	rule->type = *type;
	for (const char *c = all; *c; c++)
		if (strchr(access, *c))
			rule->access[n++] = *c;
	rule->access[n] = '\0';
	return 0;
}

static int check_rule_number(int64_t number, struct err *err)
{
	if (number < -1 || number > UINT32_MAX)
		return err_set(err, EINVAL, "%" PRId64 " is not -1 (any) to %" PRIu32, number,
			       UINT32_MAX);
	return 0;
}

static int check_rules(const struct oci_resources *resources, const char *at, struct err *err)
{
	for (size_t i = 0; i < resources->n_device_rules; i++) {
		if (check_rule_number(resources->device_rules[i].major, err) < 0)
			return err_prefix(err, "%sdevices[%zu].major", at, i);
		if (check_rule_number(resources->device_rules[i].minor, err) < 0)
			return err_prefix(err, "%sdevices[%zu].minor", at, i);
	}
	return 0;
}

/* -1 stands for "no limit". */
static int check_limit(int64_t limit, const char *at, const char *name, struct err *err)
{
	if (limit < -1)
		return err_set(err, EINVAL, "%s%s: %" PRId64 " is under -1, which is no limit", at,
			       name, limit);
	return 0;
}

static int check_memory(const struct oci_resources *resources, const char *at, struct err *err)
{
	int r;

	CHECK(check_limit(resources->memory_limit, at, "memory.limit", err));
	CHECK(check_limit(resources->memory_swap, at, "memory.swap", err));
	CHECK(check_limit(resources->memory_reservation, at, "memory.reservation", err));
	CHECK(check_limit(resources->memory_kernel_tcp, at, "memory.kernelTCP", err));
	if (resources->has_memory_swappiness && resources->memory_swappiness > 100)
		return err_set(err, EINVAL, "%smemory.swappiness: %" PRIu64 " is over 100", at,
			       resources->memory_swappiness);
	return 0;
}

static int check_cpu(const struct oci_resources *resources, const char *at, struct err *err)
{
	int r;

	CHECK(check_limit(resources->cpu_quota, at, "cpu.quota", err));
	CHECK(check_limit(resources->cpu_rt_runtime, at, "cpu.realtimeRuntime", err));
	if (resources->has_cpu_idle && resources->cpu_idle != 0 && resources->cpu_idle != 1)
		return err_set(err, EINVAL, "%scpu.idle: %" PRId64 " is not 0 or 1", at,
			       resources->cpu_idle);
	return 0;
}

static int check_weight(uint16_t weight, struct err *err)
{
	if (weight != 0 && (weight < WEIGHT_MIN || weight > WEIGHT_MAX))
		return err_set(err, EINVAL, "%u is not %d to %d, or 0 for none", (unsigned)weight,
			       WEIGHT_MIN, WEIGHT_MAX);
	return 0;
}

static int check_device_number(int64_t major, int64_t minor, struct err *err)
{
	if (major < 0 || major > UINT32_MAX || minor < 0 || minor > UINT32_MAX)
		return err_set(err, EINVAL, "%" PRId64 ":%" PRId64 " is not the number of a device",
			       major, minor);
	return 0;
}

static int check_throttles(const struct oci_throttles *throttles, const char *at, const char *name,
			   struct err *err)
{
	for (size_t i = 0; i < throttles->n; i++) {
		const struct oci_device_throttle *device = &throttles->devices[i];

		if (check_device_number(device->major, device->minor, err) < 0)
			return err_prefix(err, "%sblockIO.%s[%zu]", at, name, i);
	}
	return 0;
}

static int check_io_weights(const struct oci_resources *resources, const char *at, struct err *err)
{
	if (check_weight(resources->io_weight, err) < 0)
		return err_prefix(err, "%sblockIO.weight", at);
	if (check_weight(resources->io_leaf_weight, err) < 0)
		return err_prefix(err, "%sblockIO.leafWeight", at);
	for (size_t i = 0; i < resources->n_io_device_weights; i++) {
		const struct oci_device_weight *device = &resources->io_device_weights[i];

		if (check_device_number(device->major, device->minor, err) < 0)
			return err_prefix(err, "%sblockIO.weightDevice[%zu]", at, i);
		if (check_weight(device->weight, err) < 0)
			return err_prefix(err, "%sblockIO.weightDevice[%zu].weight", at, i);
		if (check_weight(device->leaf_weight, err) < 0)
			return err_prefix(err, "%sblockIO.weightDevice[%zu].leafWeight", at, i);
	}
	return 0;
}

static int check_io(const struct oci_resources *resources, const char *at, struct err *err)
{
	int r;

	CHECK(check_io_weights(resources, at, err));
	CHECK(check_throttles(&resources->io_read_bps, at, "throttleReadBpsDevice", err));
	CHECK(check_throttles(&resources->io_write_bps, at, "throttleWriteBpsDevice", err));
	CHECK(check_throttles(&resources->io_read_iops, at, "throttleReadIOPSDevice", err));
	return check_throttles(&resources->io_write_iops, at, "throttleWriteIOPSDevice", err);
}

/* "64KB", "2MB", "1GB": the kernel's files are named after them. */
static bool is_page_size(const char *size)
{
	size_t digits = strspn(size, "0123456789");
	const char *unit = size + digits;

	return digits > 0 && digits < 10 && *size != '0' &&
	       (str_eq(unit, "KB") || str_eq(unit, "MB") || str_eq(unit, "GB"));
}

static int check_hugepages(const struct oci_resources *resources, const char *at, struct err *err)
{
	for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
		const char *size = resources->hugepage_limits[i].page_size;

		if (str_empty(size))
			return err_set(err, EINVAL, "%shugepageLimits[%zu].pageSize: missing", at,
				       i);
		if (!is_page_size(size))
			return err_set(err, EINVAL,
				       "%shugepageLimits[%zu].pageSize: '%.64s' is not a number "
				       "and KB, MB or GB, as in 2MB",
				       at, i, size);
	}
	return 0;
}

/*
 * A key is the name of a file in the container's cgroup, which is written as
 * it is: nothing outside, and nothing but limits ("cgroup.procs" is none).
 */
static int check_unified(const struct oci_resources *resources, const char *at, struct err *err)
{
	for (char **word = resources->unified; word && *word; word++) {
		size_t len = strcspn(*word, "=");
		const char *dot = memchr(*word, '.', len);

		if (memchr(*word, '/', len) || !dot || dot == *word)
			return err_set(err, EINVAL,
				       "%sunified: '%.*s' is not the name of a file of cgroup v2, "
				       "as in memory.high",
				       at, len > 64 ? 64 : (int)len, *word);
		if (str_starts(*word, "cgroup.") && !str_starts(*word, "cgroup.max."))
			return err_set(err, EINVAL, "%sunified: '%.*s' is not a limit", at,
				       len > 64 ? 64 : (int)len, *word);
	}
	return 0;
}

int oci_resources_check(const struct oci_resources *resources, const char *at, struct err *err)
{
	int r;

	CHECK(check_rules(resources, at, err));
	CHECK(check_memory(resources, at, err));
	CHECK(check_cpu(resources, at, err));
	CHECK(check_limit(resources->pids_limit, at, "pids.limit", err));
	CHECK(check_limit(resources->files_limit, at, "files.limit", err));
	CHECK(check_io(resources, at, err));
	CHECK(check_hugepages(resources, at, err));
	return check_unified(resources, at, err);
}

/* A rule for any device, with all that can be done to it. */
static bool is_for_all(const struct oci_device_rule *rule)
{
	return rule->major < 0 && rule->minor < 0 && strchr(rule->access, 'r') &&
	       strchr(rule->access, 'w') && strchr(rule->access, 'm');
}

bool oci_allows_all_devices(const struct oci_resources *resources)
{
	bool block = false;
	bool character = false;

	for (size_t i = 0; i < resources->n_device_rules; i++) {
		const struct oci_device_rule *rule = &resources->device_rules[i];

		if (rule->allow && !is_for_all(rule))
			continue;
		/* A later rule that takes anything away makes it another kind of container. */
		if (rule->type != 'c')
			block = rule->allow;
		if (rule->type != 'b')
			character = rule->allow;
	}
	return block && character;
}
