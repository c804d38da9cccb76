/* SPDX-License-Identifier: Apache-2.0 */
/* The object "linux.resources". Source: runtime-spec 1.2, config-linux.md, "Control groups". */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/parse.h"
#include "oci/spec.h"

static int parse_rule(const struct json_at *at, struct oci_device_rule *ret, struct err *err)
{
	CLEANUP(free) char *access = NULL;
	CLEANUP(free) char *type = NULL;
	int r;

	ret->major = -1;
	ret->minor = -1;
	CHECK(json_get_bool(at, "allow", &ret->allow, err));
	CHECK(json_get_string(at, "type", &type, err));
	CHECK(json_get_i64(at, "major", &ret->major, err));
	CHECK(json_get_i64(at, "minor", &ret->minor, err));
	CHECK(json_get_string(at, "access", &access, err));
	r = oci_device_rule_set(ret, type, access, err);
	return r < 0 ? err_prefix(err, "%s", at->path) : 0;
}

static int parse_rules(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	return PARSE_OBJECTS(at, "devices", ret->device_rules, ret->n_device_rules, parse_rule,
			     err);
}

/* No kernel that we support has it: kmem accounting cannot be turned off or limited. */
static int drop_kernel_memory(const struct json_at *at, struct err *err)
{
	int64_t limit = 0;
	int r;

	CHECK(json_get_i64(at, "kernel", &limit, err));
	if (limit > 0)
		log_debug("%s.kernel: kernels have no such limit any more, dropped", at->path);
	return 0;
}

/* Since Linux 5.11 version 1 counts in no other way either, and version 2 never did. */
static int drop_hierarchy(const struct json_at *at, struct err *err)
{
	bool hierarchy = true;
	int r;

	CHECK(json_get_bool(at, "useHierarchy", &hierarchy, err));
	if (!hierarchy)
		log_debug(
			"%s.useHierarchy: memory is always counted with the cgroups below, dropped",
			at->path);
	return 0;
}

static int parse_memory(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	struct json_at memory;
	int r;

	CHECK(json_get_object(at, "memory", &memory, err));
	if (r == 0)
		return 0;
	CHECK(json_get_i64(&memory, "limit", &ret->memory_limit, err));
	CHECK(json_get_i64(&memory, "swap", &ret->memory_swap, err));
	CHECK(json_get_i64(&memory, "reservation", &ret->memory_reservation, err));
	CHECK(json_get_i64(&memory, "kernelTCP", &ret->memory_kernel_tcp, err));
	ret->memory_swappiness = UINT64_MAX;
	CHECK(json_get_u64(&memory, "swappiness", &ret->memory_swappiness, err));
	/* Docker's "unset" is -1, which it writes as an unsigned number. */
	ret->has_memory_swappiness = ret->memory_swappiness != UINT64_MAX;
	if (!ret->has_memory_swappiness)
		ret->memory_swappiness = 0;
	CHECK(json_get_bool(&memory, "disableOOMKiller", &ret->memory_no_oom_killer, err));
	CHECK(json_get_bool(&memory, "checkBeforeUpdate", &ret->memory_check_update, err));
	CHECK(drop_hierarchy(&memory, err));
	return drop_kernel_memory(&memory, err);
}

static int parse_cpu(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	struct json_at cpu;
	int r;

	CHECK(json_get_object(at, "cpu", &cpu, err));
	if (r == 0)
		return 0;
	CHECK(json_get_u64(&cpu, "shares", &ret->cpu_shares, err));
	CHECK(json_get_i64(&cpu, "quota", &ret->cpu_quota, err));
	CHECK(json_get_u64(&cpu, "period", &ret->cpu_period, err));
	CHECK(json_get_u64(&cpu, "burst", &ret->cpu_burst, err));
	ret->has_cpu_burst = parse_is_set(&cpu, "burst");
	CHECK(json_get_i64(&cpu, "realtimeRuntime", &ret->cpu_rt_runtime, err));
	CHECK(json_get_u64(&cpu, "realtimePeriod", &ret->cpu_rt_period, err));
	CHECK(json_get_i64(&cpu, "idle", &ret->cpu_idle, err));
	ret->has_cpu_idle = parse_is_set(&cpu, "idle");
	CHECK(json_get_string(&cpu, "cpus", &ret->cpuset_cpus, err));
	CHECK(json_get_string(&cpu, "mems", &ret->cpuset_mems, err));
	return 0;
}

static int parse_pids(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	struct json_at pids;
	int r;

	CHECK(json_get_object(at, "pids", &pids, err));
	return r == 0 ? 0 : json_get_i64(&pids, "limit", &ret->pids_limit, err);
}

/* openEuler's docker --files-limit. */
static int parse_files(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	struct json_at files;
	int r;

	CHECK(json_get_object(at, "files", &files, err));
	return r == 0 ? 0 : json_get_i64(&files, "limit", &ret->files_limit, err);
}

/* The number of a device of blockIO: without it, nothing could be limited. */
static int parse_device_number(const struct json_at *at, int64_t *major, int64_t *minor,
			       struct err *err)
{
	int r;

	CHECK(parse_needed(at, "major", err));
	CHECK(parse_needed(at, "minor", err));
	CHECK(json_get_i64(at, "major", major, err));
	return json_get_i64(at, "minor", minor, err);
}

static int parse_weight(const struct json_at *at, struct oci_device_weight *ret, struct err *err)
{
	int r;

	CHECK(parse_device_number(at, &ret->major, &ret->minor, err));
	CHECK(parse_u16(at, "weight", &ret->weight, err));
	CHECK(parse_u16(at, "leafWeight", &ret->leaf_weight, err));
	return 0;
}

static int parse_weights(const struct json_at *io, struct oci_resources *ret, struct err *err)
{
	int r;

	CHECK(parse_u16(io, "weight", &ret->io_weight, err));
	CHECK(parse_u16(io, "leafWeight", &ret->io_leaf_weight, err));
	return PARSE_OBJECTS(io, "weightDevice", ret->io_device_weights, ret->n_io_device_weights,
			     parse_weight, err);
}

static int parse_throttle(const struct json_at *at, struct oci_device_throttle *ret,
			  struct err *err)
{
	int r;

	CHECK(parse_device_number(at, &ret->major, &ret->minor, err));
	CHECK(parse_needed(at, "rate", err));
	CHECK(json_get_u64(at, "rate", &ret->rate, err));
	return 0;
}

static int parse_throttles(const struct json_at *io, const char *key, struct oci_throttles *ret,
			   struct err *err)
{
	return PARSE_OBJECTS(io, key, ret->devices, ret->n, parse_throttle, err);
}

static int parse_io(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	struct json_at io;
	int r;

	CHECK(json_get_object(at, "blockIO", &io, err));
	if (r == 0)
		return 0;
	CHECK(parse_weights(&io, ret, err));
	CHECK(parse_throttles(&io, "throttleReadBpsDevice", &ret->io_read_bps, err));
	CHECK(parse_throttles(&io, "throttleWriteBpsDevice", &ret->io_write_bps, err));
	CHECK(parse_throttles(&io, "throttleReadIOPSDevice", &ret->io_read_iops, err));
	return parse_throttles(&io, "throttleWriteIOPSDevice", &ret->io_write_iops, err);
}

static int parse_hugepage(const struct json_at *at, struct oci_hugepage_limit *ret, struct err *err)
{
	int r;

	CHECK(json_get_string(at, "pageSize", &ret->page_size, err));
	CHECK(parse_needed(at, "limit", err));
	CHECK(json_get_u64(at, "limit", &ret->limit, err));
	return 0;
}

static int parse_hugepages(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	return PARSE_OBJECTS(at, "hugepageLimits", ret->hugepage_limits, ret->n_hugepage_limits,
			     parse_hugepage, err);
}

static int refuse_network(const struct json_at *at, struct err *err)
{
	struct json_at network;
	int r;

	CHECK(json_get_object(at, "network", &network, err));
	if (r == 0)
		return 0;
	CHECK(parse_unsupported(&network, "classID", err));
	return parse_unsupported(&network, "priorities", err);
}

int parse_resources(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	int r;

	CHECK(parse_rules(at, ret, err));
	CHECK(parse_memory(at, ret, err));
	CHECK(parse_cpu(at, ret, err));
	CHECK(parse_pids(at, ret, err));
	CHECK(parse_files(at, ret, err));
	CHECK(parse_io(at, ret, err));
	CHECK(parse_hugepages(at, ret, err));
	CHECK(json_get_map(at, "unified", &ret->unified, err));
	CHECK(refuse_network(at, err));
	return parse_unsupported(at, "rdma", err);
}

int oci_resources_parse(const char *text, size_t len, struct oci_resources *ret, struct err *err)
{
	__attribute__((cleanup(oci_resources_done))) struct oci_resources resources = { 0 };
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at root;
	int r;

	CHECK(json_parse(text, len, OCI_CONFIG_DEPTH, &doc, err));
	root = json_root(doc);
	CHECK(json_check_object(&root, err));
	CHECK(parse_resources(&root, &resources, err));
	CHECK(oci_resources_check(&resources, "", err));
	*ret = resources;
	resources = (struct oci_resources){ 0 };
	return 0;
}
