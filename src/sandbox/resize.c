/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/resize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "sandbox/host_vcpus.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"
#include "sandbox/sizing.h"
#include "vm/plug.h"
#include "vm/vm.h"

#define ONLINE_MS      20000u /* the guest itself gives up after agent.hotplug_timeout */
#define MEMORY_AT_ONCE ((uint64_t)32 << 30) /* openEuler patch 0016 */
#define BLOCK_MAX      ((uint64_t)64 << 30)
#define MIB            ((uint64_t)1 << 20)

struct machine_policy resize_policy(const struct config *config)
{
	unsigned max_vcpus = 0;
	uint64_t max_mib = 0;

	vm_max_size(config, &max_vcpus, &max_mib);
	return (struct machine_policy){
		.follows = config->hypervisor.enable_cpu_memory_hotplug ||
			   config->runtime.enable_cpu_memory_hotplug,
		.reuses = config->hypervisor.enable_reuse_cpu_memory,
		.elastic = config->hypervisor.enable_virtio_mem,
		.first = { config->hypervisor.default_vcpus, config->hypervisor.default_memory },
		.max = { max_vcpus, (int64_t)max_mib },
	};
}

/* Only what comes later can go again. */
int64_t resize_first_mib(const struct config *config, const struct machine_size *size)
{
	return config->hypervisor.enable_virtio_mem ? config->hypervisor.default_memory
						    : size->memory_mib;
}

/* The limits of the containers that have not ended, but for @cid; owned, with room for one more. */
static struct container_limits *others(const char *sid, const char *cid, size_t *ret_n)
{
	CLEANUP(strv_free) char **members = sandbox_members(sid);
	struct container_limits *limits = xcalloc(strv_len(members) + 1, sizeof(*limits));

	*ret_n = 0;
	for (char **member = members; member && *member; member++) {
		__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
		struct err ignored = { 0 };

		if (cid && str_eq(*member, cid))
			continue;
		if (container_look(*member, &view, &ignored) == 0 && view.state != STATE_STOPPED)
			limits[(*ret_n)++] = view.record->limits;
	}
	return limits;
}

int resize_target(const struct sandbox_record *record, const char *cid,
		  const struct container_limits *limits, struct machine_size *ret, struct err *err)
{
	CLEANUP(free) struct container_limits *all = NULL;
	size_t n_others = 0;
	size_t n;
	int r;

	*ret = record->size;
	if (!record->policy.follows)
		return 0;
	all = others(record->id, cid, &n_others);
	n = n_others;
	if (cid)
		all[n++] = *limits;
	r = sizing_demand(&record->policy, all, n, ret, err);
	if (r < 0)
		return r;
	/* What the others' cpusets name is not turned off. */
	for (size_t i = 0; i < n_others; i++)
		if (all[i].last_cpu >= ret->vcpus && all[i].last_cpu < record->size.vcpus)
			ret->vcpus = (int64_t)all[i].last_cpu + 1;
	if (!record->policy.elastic && ret->memory_mib < record->size.memory_mib)
		ret->memory_mib = record->size.memory_mib;
	return 0;
}

static int check_block(uint64_t block, struct err *err)
{
	if (block >= MIB && block <= BLOCK_MAX && (block & (block - 1)) == 0)
		return 0;
	return err_set(err, EPROTO,
		       "the guest takes memory in blocks of %llu bytes, which cannot be",
		       (unsigned long long)block);
}

/* What both the guest and the host can do with: the larger one of two powers of two. */
static int ask_block(struct plug *plug, struct agentc *agent, uint64_t *ret, struct err *err)
{
	uint64_t unit = plug_memory_unit(plug);
	int r;

	r = agentc_memory_block(agent, deadline_in(REQUEST_MS), ret, err);
	if (r == 0)
		r = check_block(*ret, err);
	if (r == 0 && unit > *ret)
		*ret = unit;
	return r;
}

/*
 * Memory that the guest is asked to have. More of it is waited for; less is what
 * it gives back by and by, as far as it is not in use.
 */
static int request_memory(struct plug *plug, struct agentc *agent, struct plug_size *size,
			  uint64_t bytes, struct err *err)
{
	uint64_t had = size->plugged_bytes;
	struct err ignored = { 0 };
	uint64_t block = 0;
	uint64_t want;
	int r;

	r = ask_block(plug, agent, &block, err);
	if (r < 0)
		return r;
	want = bytes > size->base_bytes ? (bytes - size->base_bytes + block - 1) / block * block
					: 0;
	r = plug_request_memory(plug, want, err);
	if (r == 0 && want > had)
		r = agentc_online(agent, 0, 0, want, deadline_in(ONLINE_MS), err);
	if (r == 0 && want > had)
		r = plug_wait_memory(plug, want, deadline_in(ONLINE_MS), err);
	if (r < 0)
		(void)plug_request_memory(plug, had, &ignored);
	else
		size->plugged_bytes = want;
	return r;
}

static int grow_memory(struct plug *plug, struct agentc *agent, struct plug_size *size,
		       uint64_t bytes, struct err *err)
{
	uint64_t have = size->base_bytes + size->plugged_bytes;
	uint64_t block = 0;
	uint64_t need;
	int r;

	if (size->elastic)
		return request_memory(plug, agent, size, bytes, err);
	if (bytes <= have)
		return 0;
	r = ask_block(plug, agent, &block, err);
	if (r < 0)
		return r;
	need = (bytes - have + block - 1) / block * block;
	while (need > 0) {
		uint64_t part = need < MEMORY_AT_ONCE ? need : MEMORY_AT_ONCE;

		r = plug_memory(plug, part, err);
		if (r < 0)
			return r;
		size->plugged_bytes += part;
		need -= part;
		r = agentc_online(agent, 0, 0, size->plugged_bytes, deadline_in(ONLINE_MS), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_vcpus(struct plug *plug, struct agentc *agent, const struct plug_size *size,
		     unsigned vcpus, struct err *err)
{
	unsigned new = vcpus > size->vcpus ? vcpus - size->vcpus : 0;
	int r;

	r = new > 0 ? plug_vcpus(plug, new, err) : 0;
	if (r < 0)
		return r;
	return agentc_online(agent, new, vcpus, size->plugged_bytes, deadline_in(ONLINE_MS), err);
}

static int resize(const char *sid, struct agentc *agent, const struct machine_size *now,
		  const struct machine_size *target, bool unsure, struct err *err)
{
	CLEANUP(plug_close) struct plug *plug = NULL;
	CLEANUP(free) char *dir = paths_vm(sid);
	struct plug_size size = { 0 };
	int r;

	r = plug_open(dir, &plug, err);
	if (r == 0)
		r = plug_ask_size(plug, &size, err);
	if (r == 0)
		r = grow_memory(plug, agent, &size, (uint64_t)target->memory_mib * MIB, err);
	if (r == 0 && (unsure || target->vcpus != now->vcpus))
		r = set_vcpus(plug, agent, &size, (unsigned)target->vcpus, err);
	return r;
}

int resize_apply(const char *sid, int dirfd, struct agentc *agent,
		 const struct machine_size *target, bool shrink, struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	struct machine_size size = *target;
	bool unsure;
	int r;

	r = sandbox_record_read(dirfd, &record, err);
	if (r < 0)
		return r;
	if (!shrink && size.vcpus < record->size.vcpus)
		size.vcpus = record->size.vcpus;
	if ((!shrink || !record->policy.elastic) && size.memory_mib < record->size.memory_mib)
		size.memory_mib = record->size.memory_mib;
	unsure = record->resizing;
	if (!unsure && size.vcpus == record->size.vcpus &&
	    size.memory_mib == record->size.memory_mib)
		return 0;
	record->resizing = true;
	r = sandbox_record_write(dirfd, record, err);
	if (r == 0)
		r = fault_point("resizing", err);
	if (r == 0)
		r = resize(sid, agent, &record->size, &size, unsure, err);
	if (r == 0)
		r = host_vcpus_settle(record, size.vcpus, err);
	if (r < 0)
		return err_prefix(err,
				  "the virtual machine does not become one of %lld vCPUs and %lld "
				  "MiB, as the containers' limits need",
				  (long long)size.vcpus, (long long)size.memory_mib);
	record->resizing = false;
	record->size = size;
	r = sandbox_record_write(dirfd, record, err);
	return r == 0 ? fault_point("resized", err) : r;
}

void resize_fit(const char *sid, struct agentc *agent)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	CLEANUP(free) char *path = paths_sandbox(sid);
	CLEANUP(close) int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct machine_size target;
	struct err err = { 0 };
	int r;

	if (dirfd < 0 || sandbox_record_read(dirfd, &record, &err) < 0)
		return;
	r = resize_target(record, NULL, NULL, &target, &err);
	if (r == 0)
		r = resize_apply(sid, dirfd, agent, &target, true, &err);
	if (r < 0)
		log_warn("%s", err.text);
}
