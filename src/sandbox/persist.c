/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/persist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"

#define RECORD_MAX   (8u << 20) /* annotations come from config.json of at most 4 MiB */
#define RECORD_DEPTH 8u

static const char *const state_names[] = { "creating", "created", "running", "paused", "stopped" };

const char *state_name(enum state state)
{
	return state_names[state];
}

static int state_parse(const char *name, enum state *ret, struct err *err)
{
	for (size_t i = 0; name && i < sizeof(state_names) / sizeof(state_names[0]); i++) {
		if (str_eq(state_names[i], name)) {
			*ret = (enum state)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "state: '%s' is none", name ? name : "");
}

void sandbox_record_free(struct sandbox_record *record)
{
	if (!record)
		return;
	free(record->id);
	free(record->config_path);
	free(record->hypervisor);
	free(record->kernel);
	free(record->image);
	free(record->network.netns);
	free(record->cgroups.path);
	free(record->root);
	free(record);
}

void container_record_free(struct container_record *record)
{
	if (!record)
		return;
	free(record->id);
	free(record->sandbox);
	free(record->bundle);
	free(record->rootfs);
	free(record->oci_version);
	free(record->created);
	strv_free(record->annotations);
	free(record->cgroup);
	strv_free(record->disks);
	strv_free(record->passed);
	free(record->trace);
	free(record);
}

static int write_json(int dirfd, struct json_writer *w, struct err *err)
{
	CLEANUP(free) char *text = json_finish(w);

	return file_replace_at(dirfd, PERSIST_FILE, text, strlen(text), 0600, err);
}

static int read_json(int dirfd, struct json **ret, struct json_at *ret_root, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r = file_read_at(dirfd, PERSIST_FILE, RECORD_MAX, &text);

	if (r < 0) {
		errno = -r;
		return err_errno(err, "read " PERSIST_FILE);
	}
	r = json_parse(text, strlen(text), RECORD_DEPTH, ret, err);
	if (r < 0)
		return err_prefix(err, PERSIST_FILE);
	*ret_root = json_root(*ret);
	return json_check_object(ret_root, err);
}

static void put_size(struct json_writer *w, const char *key, const struct machine_size *size)
{
	json_open_object(w, key);
	json_put_i64(w, "vcpus", size->vcpus);
	json_put_i64(w, "memoryMiB", size->memory_mib);
	json_close_object(w);
}

static void put_policy(struct json_writer *w, const struct machine_policy *policy)
{
	json_open_object(w, "policy");
	json_put_bool(w, "follows", policy->follows);
	json_put_bool(w, "reuses", policy->reuses);
	json_put_bool(w, "elastic", policy->elastic);
	put_size(w, "first", &policy->first);
	put_size(w, "max", &policy->max);
	json_close_object(w);
}

static int get_size(const struct json_at *at, const char *key, struct machine_size *ret,
		    struct err *err)
{
	struct json_at size;
	int r = json_get_object(at, key, &size, err);

	if (r > 0)
		r = json_get_i64(&size, "vcpus", &ret->vcpus, err);
	return r < 0 ? r : json_get_i64(&size, "memoryMiB", &ret->memory_mib, err);
}

static int get_policy(const struct json_at *at, struct machine_policy *ret, struct err *err)
{
	struct json_at policy;
	int r = json_get_object(at, "policy", &policy, err);

	if (r <= 0)
		return r;
	r = json_get_bool(&policy, "follows", &ret->follows, err);
	if (r == 0)
		r = json_get_bool(&policy, "reuses", &ret->reuses, err);
	if (r == 0)
		r = json_get_bool(&policy, "elastic", &ret->elastic, err);
	if (r == 0)
		r = get_size(&policy, "first", &ret->first, err);
	return r < 0 ? r : get_size(&policy, "max", &ret->max, err);
}

static void put_network(struct json_writer *w, const struct network_settings *network)
{
	json_open_object(w, "network");
	json_put_string(w, "netns", network->netns);
	json_put_bool(w, "scanned", network->scanned);
	json_put_bool(w, "vhost", network->vhost);
	json_put_string(w, "model", wire_model_name(network->model));
	json_put_u64(w, "queues", network->n_queues);
	json_close_object(w);
}

static int get_network(const struct json_at *at, struct network_settings *ret, struct err *err)
{
	CLEANUP(free) char *model = NULL;
	struct json_at network;
	int r = json_get_object(at, "network", &network, err);

	if (r <= 0)
		return r;
	r = json_get_string(&network, "netns", &ret->netns, err);
	if (r == 0)
		r = json_get_bool(&network, "scanned", &ret->scanned, err);
	if (r == 0)
		r = json_get_bool(&network, "vhost", &ret->vhost, err);
	if (r == 0)
		r = json_get_string(&network, "model", &model, err);
	if (r == 0)
		r = json_get_u32(&network, "queues", &ret->n_queues, err);
	if (r == 0 && (!model || wire_model_parse(model, &ret->model) < 0))
		return err_set(err, EINVAL, "network.model: '%s' is none", model ? model : "");
	return r;
}

static const char *const cgroup_modes[] = { "container", "sandbox", "emulator" };

static void put_cgroups(struct json_writer *w, const struct sandbox_cgroups *cgroups)
{
	json_open_object(w, "cgroups");
	json_put_string(w, "of", cgroup_modes[cgroups->mode]);
	json_put_string(w, "path", cgroups->path);
	json_put_i64(w, "cpuMillis", cgroups->cpu_millis);
	json_close_object(w);
}

static int get_cgroups(const struct json_at *at, struct sandbox_cgroups *ret, struct err *err)
{
	CLEANUP(free) char *mode = NULL;
	struct json_at cgroups;
	int r = json_get_object(at, "cgroups", &cgroups, err);

	if (r <= 0)
		return r; /* of an older version, which had one for each container */
	r = json_get_string(&cgroups, "of", &mode, err);
	if (r == 0)
		r = json_get_string(&cgroups, "path", &ret->path, err);
	if (r == 0)
		r = json_get_i64(&cgroups, "cpuMillis", &ret->cpu_millis, err);
	if (r < 0)
		return r;
	for (size_t i = 0; mode && i < sizeof(cgroup_modes) / sizeof(cgroup_modes[0]); i++) {
		ret->mode = (enum cgroup_mode)i;
		if (str_eq(mode, cgroup_modes[i]) && !ret->path == (ret->mode == CGROUP_EACH))
			return 0;
	}
	return err_set(err, EINVAL, "cgroups.of: '%s' is none, or cgroups.path does not fit it",
		       mode ? mode : "");
}

static void put_limits(struct json_writer *w, const struct container_limits *limits)
{
	json_open_object(w, "limits");
	json_put_i64(w, "cpuQuota", limits->cpu_quota);
	json_put_u64(w, "cpuPeriod", limits->cpu_period);
	json_put_i64(w, "memory", limits->memory);
	json_put_u64(w, "lastCpu", limits->last_cpu);
	json_close_object(w);
}

static int get_limits(const struct json_at *at, struct container_limits *ret, struct err *err)
{
	struct json_at limits;
	int r = json_get_object(at, "limits", &limits, err);

	if (r <= 0)
		return r;
	r = json_get_i64(&limits, "cpuQuota", &ret->cpu_quota, err);
	if (r == 0)
		r = json_get_u64(&limits, "cpuPeriod", &ret->cpu_period, err);
	if (r == 0)
		r = json_get_i64(&limits, "memory", &ret->memory, err);
	return r < 0 ? r : json_get_u32(&limits, "lastCpu", &ret->last_cpu, err);
}

int sandbox_record_write(int dirfd, const struct sandbox_record *record, struct err *err)
{
	struct json_writer w = { .indent = 2 };

	json_open_object(&w, NULL);
	json_put_string(&w, "id", record->id);
	json_put_string(&w, "bootId", record->boot_id);
	json_put_string(&w, "configPath", record->config_path);
	json_put_string(&w, "hypervisor", record->hypervisor);
	json_put_string(&w, "kernel", record->kernel);
	json_put_string(&w, "image", record->image);
	put_policy(&w, &record->policy);
	put_size(&w, "size", &record->size);
	json_put_bool(&w, "resizing", record->resizing);
	put_network(&w, &record->network);
	put_cgroups(&w, &record->cgroups);
	json_put_string(&w, "root", record->root);
	if (record->agent_tracing)
		json_put_bool(&w, "agent_tracing", true);
	json_close_object(&w);
	return write_json(dirfd, &w, err);
}

int sandbox_record_read(int dirfd, struct sandbox_record **ret, struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = xcalloc(1, sizeof(*record));
	CLEANUP(json_free) struct json *doc = NULL;
	CLEANUP(free) char *boot_id = NULL;
	struct json_at at;
	int r;

	r = read_json(dirfd, &doc, &at, err);
	if (r == 0)
		r = json_get_string(&at, "id", &record->id, err);
	if (r == 0)
		r = json_get_string(&at, "bootId", &boot_id, err);
	if (r == 0)
		r = json_get_string(&at, "configPath", &record->config_path, err);
	if (r == 0)
		r = json_get_string(&at, "hypervisor", &record->hypervisor, err);
	if (r == 0)
		r = json_get_string(&at, "kernel", &record->kernel, err);
	if (r == 0)
		r = json_get_string(&at, "image", &record->image, err);
	if (r == 0)
		r = get_policy(&at, &record->policy, err);
	if (r == 0)
		r = get_size(&at, "size", &record->size, err);
	if (r == 0)
		r = json_get_bool(&at, "resizing", &record->resizing, err);
	if (r == 0)
		r = get_network(&at, &record->network, err);
	if (r == 0)
		r = get_cgroups(&at, &record->cgroups, err);
	if (r == 0)
		r = json_get_string(&at, "root", &record->root, err);
	if (r == 0)
		r = json_get_bool(&at, "agent_tracing", &record->agent_tracing, err);
	if (r < 0)
		return r;
	if (!record->id || !boot_id)
		return err_set(err, EINVAL, PERSIST_FILE " is not complete");
	snprintf(record->boot_id, sizeof(record->boot_id), "%.36s", boot_id);
	*ret = take_ptr(record);
	return 0;
}

int container_record_write(int dirfd, const struct container_record *record, struct err *err)
{
	struct json_writer w = { .indent = 2 };

	json_open_object(&w, NULL);
	json_put_string(&w, "id", record->id);
	json_put_string(&w, "sandbox", record->sandbox);
	json_put_string(&w, "bundle", record->bundle);
	json_put_string(&w, "rootfs", record->rootfs);
	json_put_string(&w, "ociVersion", record->oci_version);
	json_put_string(&w, "created", record->created);
	json_put_map(&w, "annotations", record->annotations);
	json_put_string(&w, "state", state_name(record->state));
	json_put_bool(&w, "terminal", record->terminal);
	json_put_bool(&w, "laterHooks", record->later_hooks);
	json_put_string(&w, "cgroup", record->cgroup);
	json_put_i64(&w, "shimPid", record->shim.pid);
	json_put_u64(&w, "shimStart", record->shim.start);
	put_limits(&w, &record->limits);
	json_put_strv(&w, "disks", record->disks);
	json_put_strv(&w, "passed", record->passed);
	if (record->trace)
		json_put_string(&w, "trace", record->trace);
	json_close_object(&w);
	return write_json(dirfd, &w, err);
}

int container_record_read(int dirfd, struct container_record **ret, struct err *err)
{
	CLEANUP(container_record_free)
	struct container_record *record = xcalloc(1, sizeof(*record));
	CLEANUP(json_free) struct json *doc = NULL;
	CLEANUP(free) char *state = NULL;
	struct json_at at;
	int64_t pid = 0;
	int r;

	r = read_json(dirfd, &doc, &at, err);
	if (r == 0)
		r = json_get_string(&at, "id", &record->id, err);
	if (r == 0)
		r = json_get_string(&at, "sandbox", &record->sandbox, err);
	if (r == 0)
		r = json_get_string(&at, "bundle", &record->bundle, err);
	if (r == 0)
		r = json_get_string(&at, "rootfs", &record->rootfs, err);
	if (r == 0)
		r = json_get_string(&at, "ociVersion", &record->oci_version, err);
	if (r == 0)
		r = json_get_string(&at, "created", &record->created, err);
	if (r == 0)
		r = json_get_map(&at, "annotations", &record->annotations, err);
	if (r == 0)
		r = json_get_string(&at, "state", &state, err);
	if (r == 0)
		r = state_parse(state, &record->state, err);
	if (r == 0)
		r = json_get_bool(&at, "terminal", &record->terminal, err);
	if (r == 0)
		r = json_get_bool(&at, "laterHooks", &record->later_hooks, err);
	if (r == 0)
		r = json_get_string(&at, "cgroup", &record->cgroup, err);
	if (r == 0)
		r = json_get_i64(&at, "shimPid", &pid, err);
	if (r == 0)
		r = json_get_u64(&at, "shimStart", &record->shim.start, err);
	if (r == 0)
		r = get_limits(&at, &record->limits, err);
	if (r == 0)
		r = json_get_strv(&at, "disks", &record->disks, err);
	if (r == 0)
		r = json_get_strv(&at, "passed", &record->passed, err);
	if (r == 0)
		r = json_get_string(&at, "trace", &record->trace, err);
	if (r < 0)
		return r;
	if (!record->id || !record->sandbox || !record->bundle || !record->oci_version ||
	    !record->created)
		return err_set(err, EINVAL, PERSIST_FILE " is not complete");
	record->shim.pid = (pid_t)pid;
	*ret = take_ptr(record);
	return 0;
}
