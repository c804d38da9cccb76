/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "agentc/tracing.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/spec.h"
#include "otlp/send.h"
#include "sandbox/host_cgroup.h"
#include "sandbox/internal.h"
#include "sandbox/lock.h"
#include "sandbox/paths.h"
#include "sandbox/resize.h"
#include "sandbox/share.h"
#include "vm/ended.h"
#include "vm/vm.h"

#define RESERVE_TRIES   5
#define STOP_TRACING_MS 1000u

const char *sandbox_emulation_reason(const struct config *config)
{
	return vm_accelerator_warning(config);
}

const char *sandbox_vsock_reason(const struct config *config)
{
	return vm_vsock_warning(config);
}

int sandbox_look(const char *sid, struct sandbox_record **ret, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(sid);
	CLEANUP(close) int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return err_errno_as(err, ERR_SANDBOX_UNKNOWN, "sandbox %s", sid);
	return sandbox_record_read(dirfd, ret, err) < 0 ? err_tag(err, ERR_RECORD) : 0;
}

int sandbox_override(const char *cid, struct config *config, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view owner = { 0 };
	CLEANUP(free) char *sid = NULL;
	int r = mapping_find(cid, &sid, err);

	if (r == 0)
		r = container_look(sid, &owner, err);
	return r == 0 ? config_override(config, owner.record->annotations, true, err) : r;
}

/* The end of its machine is an error of whoever wants to talk to its agent. */
static int machine_ended(const char *sid, const char *vm, struct err *err)
{
	CLEANUP(free) char *words = NULL;
	enum err_id id = ended_by(vm, &words);

	return err_set_as(
		err, id, EPIPE,
		"the virtual machine of sandbox %s has ended%s%.400s; delete the container", sid,
		words ? ": " : "", words ? words : "");
}

int sandbox_connect(const char *sid, struct agentc **ret, struct err *err)
{
	CLEANUP(free) char *socket = paths_proxy_socket(sid);
	CLEANUP(free) char *vm = paths_vm(sid);
	CLEANUP(free) char *url = NULL;

	if (!vm_is_alive(vm))
		return machine_ended(sid, vm, err);
	url = vm_agent_url(vm, socket);
	return agentc_connect(url, deadline_in(REQUEST_MS), ret, err);
}

static int write_record(const struct create_params *params, const struct sandbox_start *start,
			struct err *err)
{
	struct sandbox_record record = { .id = (char *)(uintptr_t)params->id,
					 .config_path = params->config->path,
					 .hypervisor = params->config->hypervisor.path,
					 .kernel = params->config->hypervisor.kernel,
					 .image = (char *)(uintptr_t)config_image(params->config),
					 .policy = resize_policy(params->config),
					 .size = { start->vcpus, start->memory_mib },
					 .network = start->network.record.settings,
					 .cgroups = *start->cgroups,
					 .agent_tracing = params->config->agent.enable_tracing,
					 .root = (char *)(uintptr_t)params->root };
	int r = boot_id_read(record.boot_id, err);

	return r == 0 ? sandbox_record_write(start->dirfd, &record, err) : r;
}

/* Makes the directory that reserves the id. */
static int reserve(const char *sid, int *ret_dirfd, struct err *err)
{
	CLEANUP(free) char *parent = paths_sandboxes();
	CLEANUP(free) char *path = paths_sandbox(sid);
	int fd = -ENOENT;
	int r;

	r = mkdir_p(parent, 0700, err);
	if (r < 0)
		return r;
	/* Another command may take it for an abandoned one before we have locked it. */
	for (int i = 0; i < RESERVE_TRIES; i++) {
		fd = lock_sandbox(path, true, err);
		if (fd != -ENOENT)
			break;
	}
	if (fd == -EEXIST)
		return err_set_as(
			err, ERR_ID_IN_USE, EEXIST,
			"container id %s: in use; choose another or delete that container", sid);
	if (fd < 0)
		return fd;
	*ret_dirfd = fd;
	return 0;
}

/* By default it lies among the machines' directories. */
static int check_template_place(const struct create_params *params, struct err *err)
{
	const char *template = params->config->factory.template_path;
	CLEANUP(free) char *dir = paths_vm(params->id);

	if (!str_eq(dir, template) ||
	    !(params->config->factory.enable_template || is_mount_point(template)))
		return 0;
	return err_set_as(err, ERR_ID, EINVAL,
			  "container id %s: %s is [factory] template_path; choose another id",
			  params->id, dir);
}

/* What it has at the start; the rest is plugged in. */
static void note_size(struct sandbox_start *start)
{
	unsigned vcpus = (unsigned)start->wanted.vcpus;
	uint64_t mib = (uint64_t)start->wanted.memory_mib;

	if (start->base.kind != FACTORY_COLD)
		factory_base_size(&start->base, &vcpus, &mib);
	start->vcpus = vcpus;
	start->memory_mib = (int64_t)mib;
}

static int make_parent(const char *path, struct err *err)
{
	CLEANUP(free) char *parent = xstrndup(path, (size_t)(path_base(path) - path));

	return mkdir_p(parent, 0700, err);
}

/* Makes the machine of the cache that was chosen the sandbox's. One that cannot be had boots. */
static int take_cached(const struct create_params *params, struct sandbox_start *start,
		       struct err *err)
{
	CLEANUP(free) char *vm = paths_vm(params->id);
	CLEANUP(free) char *share = paths_share(params->id);
	struct err why = { 0 };
	int r;

	r = make_parent(vm, err);
	if (r == 0)
		r = make_parent(share, err);
	if (r < 0)
		return r;
	r = cache_take(&start->base.cached, vm, share, &why);
	cached_done(&start->base.cached);
	if (r == 0)
		return 0;
	if (r == -ECANCELED) {
		*err = why;
		return r;
	}
	log_tell("the virtual machine boots, because it cannot be had from the cache: %s",
		 why.text);
	factory_base_done(&start->base);
	note_size(start);
	return 0;
}

int sandbox_choose_base(const struct create_params *params, const struct machine_size *size,
			bool own_devices, struct sandbox_start *ret, struct err *err)
{
	CLEANUP(free) char *cache = paths_cache();
	int r = check_template_place(params, err);

	if (r < 0)
		return r;
	/* Memory is there from the start, vCPUs would cost time: they are plugged in. */
	ret->wanted.vcpus = params->config->hypervisor.default_vcpus;
	ret->wanted.memory_mib = resize_first_mib(params->config, size);
	if (!own_devices)
		r = factory_choose(params->config, cache, (unsigned)ret->wanted.vcpus,
				   (uint64_t)ret->wanted.memory_mib, &ret->base, err);
	note_size(ret);
	return r;
}

int sandbox_begin(const struct create_params *params, struct sandbox_start *ret, struct err *err)
{
	int r;

	r = reserve(params->id, &ret->dirfd, err);
	if (r < 0)
		return r;
	r = fault_point("sandbox directory", err);
	if (r == 0 && ret->base.kind == FACTORY_CACHED)
		r = take_cached(params, ret, err);
	if (r == 0)
		r = write_record(params, ret, err);
	if (r == 0)
		r = fault_point("sandbox record", err);
	if (r == 0 && ret->base.kind != FACTORY_CACHED)
		r = share_open(params->id, err);
	return r;
}

/* For the agent's spans; without it they are only dropped. */
static int open_exporter(const struct config *config)
{
	struct err error = { 0 };
	int fd;

	if (!config->agent.enable_tracing)
		return -1;
	fd = otlp_exporter_start(&error);
	if (fd < 0)
		log_warn("%s: spans of kata-agent are dropped", error.text);
	return fd;
}

int sandbox_boot(const struct create_params *params, int netns, const struct cgroup *cgroup,
		 struct sandbox_start *start, struct err *err)
{
	CLEANUP(free) char *vm_dir = paths_vm(params->id);
	CLEANUP(free) char *socket = paths_proxy_socket(params->id);
	CLEANUP(free) char *share = paths_share_export(params->id);
	CLEANUP(close) int trace = open_exporter(params->config);
	const struct vm_params vm = { .config = params->config,
				      .id = params->id,
				      .dir = vm_dir,
				      .proxy_socket = socket,
				      .share = share,
				      .vcpus = (unsigned)start->vcpus,
				      .memory_mib = (uint64_t)start->memory_mib,
				      .image = start->base.kind == FACTORY_CLONE
						       ? &start->base.template.image
						       : NULL,
				      .netns = netns,
				      .cgroup = cgroup,
				      .dns = start->dns,
				      .nics = start->network.nics,
				      .n_nics = start->network.n,
				      .vfio = start->vfio,
				      .n_vfio = start->n_vfio,
				      .trace_fd = trace < 0 ? 0 : trace };
	int r;

	timeline_mark(params->timeline, "prepare");
	r = start->base.kind == FACTORY_CACHED ? vm_adopt(&vm, &start->vm, err)
					       : vm_boot(&vm, &start->vm, err);
	timeline_mark(params->timeline, "start QEMU");
	return r;
}

static int create_in_guest(const struct create_params *params, const struct oci_spec *spec,
			   uint64_t shm_size, struct agentc *agent, struct err *err)
{
	CLEANUP(strv_free) char **share_options = NULL;
	CLEANUP(strv_free) char **shm_options = strv_split("noexec nosuid nodev mode=1777", " ");
	bool virtio_fs = str_eq(params->config->hypervisor.shared_fs, "virtio-fs");
	const struct agentc_storage storages[] = {
		{ virtio_fs ? "virtio-fs" : "9p", "kataShared", virtio_fs ? "virtiofs" : "9p", NULL,
		  GUEST_SHARE },
		{ "ephemeral", "shm", "tmpfs", NULL, GUEST_SHM },
	};
	struct agentc_storage list[2] = { storages[0], storages[1] };

	strv_addf(&shm_options, "size=%" PRIu64, shm_size);
	strv_add(&share_options, "nodev");
	if (!virtio_fs) {
		strv_add(&share_options, "trans=virtio");
		strv_add(&share_options, "version=9p2000.L");
		strv_add(&share_options, "cache=mmap");
		strv_addf(&share_options, "msize=%lld",
			  (long long)params->config->hypervisor.msize_9p);
	}
	list[0].options = share_options;
	list[1].options = shm_options;
	return agentc_create_sandbox(
		agent,
		&(struct agentc_sandbox){
			.id = params->id,
			.hostname = spec->hostname,
			.guest_hooks = params->config->hypervisor.guest_hook_path,
			.kernel_modules = params->config->agent.kernel_modules,
			.storages = list,
			.n_storages = 2,
		},
		deadline_in(REQUEST_MS), err);
}

/* A guest that cannot is no worse a guest. */
static void start_tracing(const struct config *config, struct agentc *agent)
{
	struct err error = { 0 };

	if (!config->agent.enable_tracing || str_eq(config->agent.trace_mode, "static"))
		return;
	if (agentc_start_tracing(agent, str_eq(config->agent.trace_type, "collated"),
				 deadline_in(REQUEST_MS), &error) < 0)
		log_warn("the agent does not record spans: %s", error.text);
}

int sandbox_finish(const struct create_params *params, struct sandbox_start *start,
		   const struct oci_spec *spec, uint64_t shm_size, struct agentc **ret_agent,
		   struct err *err)
{
	int r;

	r = vm_wait_agent(start->vm, ret_agent, err);
	timeline_mark(params->timeline, "boot to agent");
	if (r == 0)
		r = fault_point("agent answered", err);
	if (r == 0 && start->base.kind == FACTORY_COLD) /* others have booted long ago */
		agentc_ask_boot(*ret_agent);
	if (r == 0 && start->base.kind != FACTORY_COLD)
		r = network_plug(&start->network, params->id, err);
	if (r == 0)
		r = network_tell(&start->network, *ret_agent, err);
	timeline_mark(params->timeline, "network");
	if (r == 0)
		r = create_in_guest(params, spec, shm_size, *ret_agent, err);
	if (r == 0)
		start_tracing(params->config, *ret_agent);
	timeline_mark(params->timeline, "create sandbox");
	if (r == 0)
		timeline_add_boot(params->timeline, "boot to agent", agentc_boot(*ret_agent));
	return r == 0 ? fault_point("sandbox created", err) : r;
}

/* Removal. */

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name);

	return len > strlen(suffix) && str_eq(name + len - strlen(suffix), suffix);
}

int shims_end(const char *sid, const char *cid, struct err *err)
{
	CLEANUP(free) char *path = paths_container(sid, cid);
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct proc_id id = { 0 };

		if (!has_suffix(entry->d_name, ".record") ||
		    proc_record_read(dirfd(dir), entry->d_name, &id) < 0)
			continue;
		if (proc_kill(&id, deadline_in(PROCESS_END_MS)) < 0)
			return err_set_as(err, ERR_DOES_NOT_END, ETIMEDOUT,
					  "kata-shim, pid %d, does not end", id.pid);
	}
	return 0;
}

char **sandbox_members(const char *sid)
{
	CLEANUP(free) char *path = paths_sandbox(sid);
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct dirent *entry;
	char **members = NULL;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
			strv_add(&members, entry->d_name);
	return members;
}

/* Does something for each container in the sandbox; ends with the first that fails. */
static int each_member(const char *sid,
		       int (*act)(const char *sid, const char *cid, struct err *err),
		       struct err *err)
{
	CLEANUP(strv_free) char **members = sandbox_members(sid);
	int r = 0;

	for (char **member = members; r == 0 && member && *member; member++)
		r = act(sid, *member, err);
	return r;
}

static int forget_member(const char *sid __attribute__((unused)), const char *cid, struct err *err)
{
	return mapping_remove(cid, err);
}

static int remove_cgroup(const char *sid, const char *cid, struct err *err __attribute__((unused)))
{
	container_forget_cgroup(sid, cid);
	return 0;
}

/* The one that it has for all. */
static void forget_cgroup(const char *sid)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	struct err ignored = { 0 };

	if (sandbox_look(sid, &record, &ignored) == 0 && record &&
	    record->cgroups.mode != CGROUP_EACH)
		host_cgroup_remove(record->cgroups.path, sid);
}

/* Records of another boot name processes that are somebody else's by now: they are not read. */
static int end_processes(const char *sid, const char *vm, struct err *err)
{
	int r;

	if (sandbox_is_stale(sid))
		return rm_tree(vm, err);
	/* The shims first: one that is just starting would complain that nobody answers. */
	r = each_member(sid, shims_end, err);
	if (r == 0)
		r = fault_point("shims ended", err);
	return r == 0 ? vm_destroy(vm, deadline_in(PROCESS_END_MS), err) : r;
}

static void undo_network(const char *path)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		network_undo(fd);
}

int sandbox_remove(const char *sid, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(sid);
	CLEANUP(free) char *vm = paths_vm(sid);
	int r;

	r = end_processes(sid, vm, err);
	if (r == 0)
		r = fault_point("machine destroyed", err);
	if (r == 0 && !sandbox_is_stale(sid))
		undo_network(path);
	if (r == 0)
		r = fault_point("network undone", err);
	if (r == 0)
		r = each_member(sid, remove_cgroup, err);
	if (r == 0)
		forget_cgroup(sid);
	if (r == 0)
		r = each_member(sid, forget_member, err);
	if (r == 0)
		r = fault_point("members forgotten", err);
	if (r == 0)
		r = share_close(sid, err);
	if (r == 0)
		r = fault_point("share closed", err);
	if (r == 0)
		r = mapping_remove(sid, err);
	if (r == 0)
		r = fault_point("mapping removed", err);
	return r == 0 ? rm_tree(path, err) : r;
}

int sandbox_stop(const char *sid, bool force, struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	struct err ignored = { 0 };
	int r;

	/* The guest takes part as far as it can; what it has not written by then is lost. */
	if (!sandbox_is_stale(sid) && sandbox_connect(sid, &agent, &ignored) == 0)
		(void)agentc_destroy_sandbox(
			agent, deadline_in(force ? DESTROY_FORCED_MS : DESTROY_MS), &ignored);
	if (agent && sandbox_look(sid, &record, &ignored) == 0 && record && record->agent_tracing)
		(void)agentc_stop_tracing(agent, deadline_in(STOP_TRACING_MS), &ignored);
	r = fault_point("guest stopped", err);
	return r < 0 ? r : sandbox_remove(sid, err);
}
