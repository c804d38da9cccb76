/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/interrupt.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"
#include "cgroup/cgroup.h"
#include "config/config.h"
#include "oci/spec.h"
#include "sandbox/disks.h"
#include "sandbox/dns.h"
#include "sandbox/guest_spec.h"
#include "sandbox/host_cgroup.h"
#include "sandbox/host_files.h"
#include "sandbox/host_hooks.h"
#include "sandbox/host_only.h"
#include "sandbox/host_vcpus.h"
#include "sandbox/internal.h"
#include "sandbox/lock.h"
#include "sandbox/netmon.h"
#include "sandbox/netns.h"
#include "sandbox/own_blkio.h"
#include "sandbox/own_dns.h"
#include "sandbox/own_storage.h"
#include "sandbox/passthrough.h"
#include "sandbox/paths.h"
#include "sandbox/pod.h"
#include "sandbox/resize.h"
#include "sandbox/sandbox.h"
#include "sandbox/share.h"
#include "sandbox/shims.h"
#include "vfio/memlock.h"
#include "vm/vm.h"

/* A container that is being made: what its steps share. */
struct making {
	const struct create_params *params;
	const char *sid;
	struct oci_spec *spec;
	struct container_record *record;
	bool shares_pid; /* with the pod's own container */
	bool hooked;     /* hooks of the host have been told of it */
	int dirfd;       /* of the container */
	int netns;       /* of the sandbox */
	struct sandbox_cgroups cgroups;
	struct cgroup *cgroup;    /* on the host */
	struct machine_size size; /* that the machine needs to have */
	struct disks disks;
	struct passthrough passed;
	struct own_storages storages;
	struct started_shim shim;
};

static void making_done(struct making *making)
{
	if (making->dirfd >= 0)
		close(making->dirfd);
	if (making->netns >= 0)
		close(making->netns);
	started_shim_done(&making->shim);
	cgroup_free(making->cgroup);
	free(making->cgroups.path);
	disks_done(&making->disks);
	passthrough_done(&making->passed);
	own_storages_done(&making->storages);
}

static char *timestamp(void)
{
	struct timespec ts;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return xasprintf("%s.%09ldZ", text, ts.tv_nsec);
}

static int check_rootfs(const struct create_params *params, const struct oci_spec *spec, char **ret,
			struct err *err)
{
	CLEANUP(free) char *path = NULL;
	struct stat st;

	path = *spec->root_path == '/' ? xstrdup(spec->root_path)
				       : xasprintf("%s/%s", params->bundle, spec->root_path);
	if (stat(path, &st) < 0)
		return err_errno_as(err, ERR_ROOTFS, "%s/config.json: root.path: %s",
				    params->bundle, path);
	if (!S_ISDIR(st.st_mode))
		return err_set_as(err, ERR_ROOTFS, ENOTDIR,
				  "%s/config.json: root.path: %s is not a directory",
				  params->bundle, path);
	*ret = take_ptr(path);
	return 0;
}

static struct container_record *new_record(const struct create_params *params, const char *sid,
					   const struct oci_spec *spec, char *rootfs)
{
	struct container_record *record = xcalloc(1, sizeof(*record));
	char place[TRACEPARENT_LEN];

	record->id = xstrdup(params->id);
	record->sandbox = xstrdup(sid);
	record->bundle = xstrdup(params->bundle);
	record->rootfs = rootfs;
	record->oci_version = xstrdup(spec->version);
	record->created = timestamp();
	record->annotations = strv_copy(spec->annotations);
	record->terminal = spec->process.terminal;
	record->later_hooks = host_hooks_wanted_later(spec);
	record->state = STATE_CREATING;
	if (trace_is_on())
		record->trace = xstrdup(trace_format(&trace_root()->own, place));
	container_trace(record);
	sizing_take(&record->limits, &spec->resources);
	return record;
}

/* The container's directory, record and mapping: from here on it can be found and deleted. */
static int register_container(struct making *making, struct err *err)
{
	CLEANUP(free) char *path = paths_container(making->sid, making->params->id);
	int r;

	r = mapping_add(making->params->id, making->sid, err);
	if (r == 0)
		r = fault_point("mapping", err);
	if (r < 0)
		return r;
	if (mkdir(path, 0700) < 0)
		return err_errno(err, "mkdir %s", path);
	r = fault_point("container directory", err);
	if (r < 0)
		return r;
	making->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (making->dirfd < 0)
		return err_errno(err, "open %s", path);
	r = container_record_write(making->dirfd, making->record, err);
	return r == 0 ? fault_point("container record", err) : r;
}

/*
 * What engines expect on the host before there is a process: the cgroup, and
 * what their hooks do, in the sandbox's network namespace above all.
 */
static int prepare_host(struct making *making, bool first, struct err *err)
{
	int r;

	making->netns = first ? netns_open(making->params->config, making->spec, err)
			      : netns_of(making->sid, err);
	if (making->netns < 0)
		return making->netns;
	r = host_cgroup_make(making->record, &making->cgroups, first,
			     making->params->cgroups_optional, &making->cgroup, err);
	if (r < 0)
		return err_tag(err, ERR_CGROUP);
	if (first)
		r = own_blkio_apply(making->params->config, making->cgroup, err);
	if (r == 0)
		r = fault_point("host cgroup", err);
	if (r < 0)
		return r;
	making->hooked = true;
	r = host_hooks_create(making->spec, making->record, making->netns, err);
	return r == 0 ? fault_point("host hooks", err) : r;
}

/* Early, because it takes a while until it is ready to go. */
static int start_shim(struct making *making, struct err *err)
{
	const struct create_params *params = making->params;
	CLEANUP(close) int files = guest_spec_files(making->spec, making->sid, err);
	const struct shim_params shim = { .config = params->config,
					  .sid = making->sid,
					  .cid = params->id,
					  .exec_id = params->id,
					  .args = making->spec->process.args,
					  .netns = making->netns,
					  .cgroup = making->cgroup,
					  .files_fd = files,
					  .first_output = true,
					  .record_dir = making->dirfd,
					  .record = SHIM_RECORD,
					  .console = params->console,
					  .console_socket = params->console_socket,
					  .terminal = making->spec->process.terminal,
					  .detach = params->detach };
	int r;

	if (files < 0)
		return files;
	r = shim_start(&shim, &making->shim, err);
	making->record->shim = making->shim.id;
	return r;
}

static int save_record(void *data, struct err *err)
{
	const struct making *making = data;
	int r = container_record_write(making->dirfd, making->record, err);

	return r == 0 ? fault_point("disks recorded", err) : r;
}

/* What the host shares, then what the guest mounts itself. @owner_shim: as guest_spec_prepare(). */
static int prepare_for_guest(struct making *making, pid_t owner_shim, struct err *err)
{
	int r = guest_spec_prepare(making->spec, making->params->bundle, making->sid,
				   making->params->id, owner_shim, &making->disks,
				   &making->shares_pid, err);

	if (r == 0)
		own_storages_mount(&making->storages, making->spec);
	return r;
}

/* In the guest; the pid file is last: engines wait for it. */
static int make_in_guest(struct making *making, struct agentc *agent, struct err *err)
{
	const struct create_params *params = making->params;
	CLEANUP(free) struct agentc_disk *devices = NULL;
	size_t n_plugged = making->disks.n + making->passed.n;
	size_t n = n_plugged + making->storages.n;
	int r;

	r = disks_plug(&making->disks, making->record, save_record, making, err);
	if (r == 0)
		r = passthrough_plug(&making->passed, making->sid, err);
	if (r < 0)
		return r;
	devices = disks_for_agent(&making->disks);
	devices = xrealloc(devices, (n + 1) * sizeof(*devices));
	passthrough_for_agent(&making->passed, devices + making->disks.n);
	own_storages_for_agent(&making->storages, devices + n_plugged);
	r = agentc_create_container(agent, params->id, making->spec, making->shares_pid, devices, n,
				    deadline_in(CREATE_CONTAINER_MS), err);
	timeline_mark(params->timeline, "create container");
	if (r == 0)
		r = fault_point("container created in the guest", err);
	if (r == 0)
		r = shim_go(&making->shim, err);
	if (r < 0)
		return r;
	timeline_save(params->timeline, making->dirfd);
	making->record->state = STATE_READY;
	r = container_record_write(making->dirfd, making->record, err);
	if (r == 0)
		r = fault_point("container ready", err);
	if (r == 0)
		r = container_write_pid_file(params->pid_file, making->record->shim.pid, err);
	return r == 0 ? fault_point("pid file", err) : r;
}

/* Boots it with what it has from the start. */
static int boot(struct making *making, struct sandbox_start *start, struct err *err)
{
	size_t n_nics = network_n_vfio(&start->network);
	int r = 0;

	start->n_vfio = n_nics + making->passed.n;
	start->vfio = xcalloc(start->n_vfio + 1, sizeof(*start->vfio));
	network_for_vm(&start->network, start->vfio);
	passthrough_for_vm(&making->passed, start->vfio + n_nics);
	if (start->n_vfio > 0)
		r = vfio_lift_memlock(0, err);
	if (r == 0)
		r = sandbox_boot(making->params, making->netns, making->cgroup, start, err);
	if (r < 0)
		return r;
	network_from_vm(&start->network, start->vfio);
	passthrough_from_vm(&making->passed, start->vfio + n_nics);
	return 0;
}

static int settle_vcpus(int sandbox_dir, struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	int r = sandbox_record_read(sandbox_dir, &record, err);

	return r == 0 ? host_vcpus_settle(record, record->size.vcpus, err) : r;
}

static int limit_files(const struct making *making, int sandbox_dir, struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	int r = sandbox_record_read(sandbox_dir, &record, err);

	return r == 0 ? host_files_limit(record, making->record->cgroup, &making->spec->resources,
					 true, err)
		      : r;
}

static int create_with_sandbox(struct making *making, struct sandbox_start *start, struct err *err)
{
	bool settled = making->cgroups.mode != CGROUP_SPLIT;
	uint64_t shm_size = guest_spec_shm_size(making->spec);
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	struct err ignored = { 0 };
	int r;

	network_choose(making->params->config, netns_path(making->spec),
		       &start->network.record.settings);
	r = sandbox_choose_base(making->params, &making->size, making->passed.n > 0, start, err);
	if (r == 0)
		r = sandbox_begin(making->params, start, err);
	if (r == 0)
		r = register_container(making, err);
	if (r == 0)
		r = prepare_host(making, true, err);
	if (r == 0)
		r = own_dns_apply(making->params->config, making->sid, making->spec, err);
	if (r == 0)
		start->dns = dns_of(making->spec);
	if (r == 0 && network_connect(&start->network, start->dirfd, making->netns, err) < 0)
		r = err_tag(err, ERR_NETWORK);
	if (r == 0)
		r = boot(making, start, err);
	/* While the guest boots, the host gets the container's files ready. */
	if (r == 0)
		r = prepare_for_guest(making, 0, err);
	if (r == 0)
		r = start_shim(making, err);
	if (r == 0 && !settled)
		settled = settle_vcpus(start->dirfd, &ignored) == 0;
	if (r == 0)
		r = sandbox_finish(making->params, start, making->spec, shm_size, &agent, err);
	/* A QEMU that has just ended is told of by what waits for its guest. */
	if (r == 0 && !settled)
		r = settle_vcpus(start->dirfd, err);
	if (r == 0)
		r = limit_files(making, start->dirfd, err);
	if (r == 0)
		r = resize_apply(making->sid, start->dirfd, agent, &making->size, false, err);
	if (r == 0)
		r = netmon_start(making->params->config, making->sid, making->netns, making->cgroup,
				 err);
	return r < 0 ? r : make_in_guest(making, agent, err);
}

/* The sandbox's own container: undone as a whole. */
static int create_first(struct making *making, struct err *err)
{
	struct sandbox_start start = { .dirfd = -1,
				       .cgroups = &making->cgroups,
				       .base = FACTORY_BASE_INIT };
	struct err ignored = { 0 };
	int r;

	r = create_with_sandbox(making, &start, err);
	if (r < 0)
		interrupt_ignore();
	if (r < 0 && start.dirfd >= 0)
		(void)sandbox_remove(making->sid,
				     &ignored); /* the first error is the one to tell */
	if (start.dirfd >= 0)
		close(start.dirfd);
	vm_free(start.vm);
	factory_base_done(&start.base);
	network_done(&start.network);
	free(start.vfio);
	free(start.dns);
	return r;
}

/* Asked again under the lock: other containers may have come or gone. */
static int make_room(struct making *making, struct agentc *agent, int sandbox_dir, struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	int r;

	r = sandbox_record_read(sandbox_dir, &record, err);
	if (r == 0)
		r = resize_target(record, making->params->id, &making->record->limits,
				  &making->size, err);
	return r == 0 ? resize_apply(making->sid, sandbox_dir, agent, &making->size, false, err)
		      : r;
}

static int create_in_existing(struct making *making, int sandbox_dir, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view owner = { 0 };
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	int r;

	r = container_look(making->sid, &owner, err);
	if (r == 0)
		r = passthrough_check_free(&making->passed, making->sid, making->params->id, err);
	if (r == 0)
		r = register_container(making, err);
	if (r == 0)
		r = prepare_host(making, false, err);
	if (r == 0)
		r = sandbox_connect(making->sid, &agent, err);
	if (r == 0)
		r = make_room(making, agent, sandbox_dir, err);
	if (r == 0)
		r = own_dns_apply(making->params->config, making->sid, making->spec, err);
	if (r == 0)
		r = prepare_for_guest(making, owner.record->shim.pid, err);
	if (r == 0)
		r = start_shim(making, err);
	return r < 0 ? r : make_in_guest(making, agent, err);
}

static int in_use(const char *id, struct err *err)
{
	return err_set_as(err, ERR_ID_IN_USE, EEXIST,
			  "container id %s: in use; choose another or delete that container", id);
}

/* A further container of a pod. */
static int create_member(struct making *making, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(making->sid);
	CLEANUP(close) int lock = lock_sandbox(path, false, err);
	CLEANUP(free) char *taken = NULL;
	struct err ignored = { 0 };
	int r;

	if (lock == -ENOENT)
		return err_set_as(err, ERR_SANDBOX_UNKNOWN, ENOENT,
				  "sandbox %s, named by the container's annotations, does "
				  "not exist; create it first",
				  making->sid);
	if (lock < 0)
		return lock;
	/* Asked again, now under the lock: two commands may want the same id at once. */
	if (mapping_find(making->params->id, &taken, &ignored) == 0)
		return in_use(making->params->id, err);
	r = create_in_existing(making, lock, err);
	if (r < 0)
		interrupt_ignore();
	if (r < 0)
		(void)container_remove(making->sid, making->params->id, &ignored);
	return r;
}

static int check_unused(const char *id, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(id);
	CLEANUP(free) char *sid = NULL;
	struct err ignored = { 0 };
	int r;

	sandboxes_sweep();
	r = sandbox_reclaim_id(id, err);
	if (r < 0)
		return r;
	if (mapping_find(id, &sid, &ignored) < 0 && access(path, F_OK) < 0)
		return 0;
	return in_use(id, err);
}

/* A sandbox that there is keeps what it was made with. */
static int choose_cgroups(const struct create_params *params, const char *sid,
			  const struct oci_spec *spec, struct sandbox_cgroups *ret, char **ret_own,
			  struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	struct err ignored = { 0 };
	int r = 0;

	if (str_eq(sid, params->id)) {
		r = host_cgroup_choose(params->config, spec, sid, ret, err);
	} else if (sandbox_look(sid, &record, &ignored) == 0) {
		*ret = record->cgroups;
		ret->path = take_ptr(record->cgroups.path);
	}
	return r == 0 ? host_cgroup_of(ret, spec, params->id, ret_own, err) : r;
}

/* What a sandbox's own annotations say counts for all of its containers; those of others do not. */
static int override_config(const struct create_params *params, const char *sid,
			   const struct oci_spec *spec, struct err *err)
{
	int r;

	if (str_eq(sid, params->id))
		return config_override(params->config, spec->annotations, false, err);
	r = sandbox_override(sid, params->config, err);
	if (r != -ENOENT)
		return r;
	*err = (struct err){ 0 }; /* that there is none is told where its lock is taken */
	return 0;
}

/* The size of the machine that there is, or that is to be made, with this container in it. */
static int choose_size(const struct create_params *params, const char *sid,
		       const struct oci_spec *spec, struct machine_size *ret, struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	struct machine_policy policy = resize_policy(params->config);
	struct container_limits limits = { 0 };
	struct err ignored = { 0 };

	sizing_take(&limits, &spec->resources);
	if (!str_eq(sid, params->id) && sandbox_look(sid, &record, &ignored) == 0)
		return resize_target(record, params->id, &limits, ret, err);
	*ret = policy.first;
	return policy.follows ? sizing_demand(&policy, &limits, 1, ret, err) : 0;
}

int container_create(const struct create_params *params, struct proc_id *ret_shim, struct err *err)
{
	CLEANUP(container_record_free) struct container_record *record = NULL;
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	CLEANUP(free) char *rootfs = NULL;
	__attribute__((cleanup(
		making_done))) struct making making = { .params = params,
							.dirfd = -1,
							.netns = -1,
							.shim = STARTED_SHIM_INIT,
							.disks = { .config = params->config } };
	const struct sysfs sysfs = sysfs_of_host();
	CLEANUP(free) char *cgroup = NULL;
	CLEANUP(free) char *sid = NULL;
	int r;

	r = id_check(params->id, err);
	if (r == 0)
		r = oci_spec_load(params->bundle, &spec, err);
	if (r == 0)
		r = check_rootfs(params, spec, &rootfs, err);
	if (r == 0)
		r = check_unused(params->id, err);
	if (r == 0)
		r = pod_sandbox_of(spec, params->id, &sid, err);
	if (r == 0)
		r = override_config(params, sid, spec, err);
	if (r == 0)
		r = own_dns_check(params->config, err);
	if (r == 0)
		r = own_blkio_check(params->config, err);
	if (r == 0)
		r = own_storages_take(params->config, spec, params->id, &making.storages, err);
	if (r == 0)
		r = choose_cgroups(params, sid, spec, &making.cgroups, &cgroup, err);
	if (r == 0)
		r = choose_size(params, sid, spec, &making.size, err);
	if (r == 0)
		r = host_only_check(spec, &making.size, err);
	if (r == 0)
		r = disks_take_devices(&making.disks, spec, err);
	if (r == 0)
		r = passthrough_take(&sysfs, spec, &making.passed, err);
	if (r < 0)
		return r;
	assert(spec && sid);
	if (params->config->runtime.disable_guest_seccomp)
		guest_spec_drop_seccomp(spec);
	record = new_record(params, sid, spec, take_ptr(rootfs));
	record->cgroup = take_ptr(cgroup);
	passthrough_note(&making.passed, record);
	making.sid = record->sandbox;
	making.spec = spec;
	making.record = record;
	r = str_eq(record->sandbox, params->id) ? create_first(&making, err)
						: create_member(&making, err);
	if (r == 0)
		*ret_shim = record->shim;
	else if (making.hooked)
		host_hooks_stopped(spec, record);
	return r;
}
