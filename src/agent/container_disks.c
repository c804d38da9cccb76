/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container_disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/api.h"
#include "agent/disk.h"
#include "agent/guest_storage.h"
#include "agent/job.h"
#include "agent/passthrough.h"
#include "agent/pci.h"
#include "agent/sandbox.h"
#include "agent/storage.h"
#include "agent/tracing.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"
#include "rpc/pb.h"
#include "rpc/ttrpc_server.h"

#define DISKS_MAX 256u

struct preparing {
	struct agent *agent;
	struct ttrpc_request *req;
	Grpc__CreateContainerRequest *message; /* owned */
	struct oci_spec *spec;                 /* owned */
	char **mounts;                         /* mount points; owned */
	struct err error;                      /* while what was mounted is unmounted */
};

static void preparing_free(struct preparing *p)
{
	pb_free(&p->message->base);
	oci_spec_free(p->spec);
	strv_free(p->mounts);
	free(p);
}

static bool is_passed(const Grpc__Device *device)
{
	return str_eq(device->type, PASSTHROUGH_TYPE);
}

static int check_device(const Grpc__Device *device, struct err *err)
{
	if (!is_passed(device))
		return disk_check_driver(device->type, err);
	if (device->n_options > DISKS_MAX)
		return err_set(err, E2BIG, "devices: %zu options", device->n_options);
	for (size_t i = 0; i < device->n_options; i++)
		if (!passthrough_path(device->options[i]))
			return err_set(err, EINVAL,
				       "devices: '%.64s' is not ADDRESS=PCI-PATH of a device",
				       device->options[i]);
	return 0;
}

int container_disks_check(const Grpc__CreateContainerRequest *message, struct err *err)
{
	int r = 0;

	if (message->n_devices > DISKS_MAX || message->n_storages > DISKS_MAX)
		return err_set(err, E2BIG, "a container has at most %u disks", DISKS_MAX);
	for (size_t i = 0; r == 0 && i < message->n_devices; i++)
		r = check_device(message->devices[i], err);
	for (size_t i = 0; r == 0 && i < message->n_storages; i++) {
		if (guest_storage_is(message->storages[i]->driver)) {
			r = guest_storage_check(message->storages[i], err);
			continue;
		}
		r = disk_check_driver(message->storages[i]->driver, err);
		if (r == 0 && message->storages[i]->mount_point[0] != '/')
			r = err_set(err, EINVAL, "storage: mount point '%.128s' is not absolute",
				    message->storages[i]->mount_point);
	}
	return r;
}

static int mount_one(const Grpc__Storage *storage, uint64_t timeout_ms, struct err *err)
{
	CLEANUP(free) char *name = NULL;
	CLEANUP(free) char *node = NULL;
	Grpc__Storage on_disk = *storage;
	int r;

	if (guest_storage_is(storage->driver))
		return guest_storage_mount(storage, err);
	r = disk_wait(storage->driver, storage->source, timeout_ms, &name, err);
	if (r < 0)
		return r;
	node = xasprintf("/dev/%s", name);
	on_disk.source = node;
	return storage_mount(&on_disk, err);
}

int container_disks_unmount(char *const *mounts, struct err *err)
{
	int result = 0;

	for (size_t i = strv_len(mounts); i > 0; i--) {
		CLEANUP(close)
		int fd = open(mounts[i - 1], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		/* Another mount namespace may live a moment longer, but the disk is going. */
		if (fd >= 0)
			(void)syncfs(fd);
		closep(&fd);
		fd = -1;
		if (umount2(mounts[i - 1], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			result = err_errno(err, "unmount %s", mounts[i - 1]);
		(void)rmdir(mounts[i - 1]);
	}
	return result;
}

static int wait_passed(const Grpc__Device *device, uint64_t timeout_ms, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < device->n_options; i++)
		r = passthrough_wait(passthrough_path(device->options[i]), timeout_ms, err);
	return r;
}

/* In a helper. What it has mounted when one of them fails is unmounted again. */
static int prepare(void *data, struct err *err)
{
	const struct preparing *p = data;
	const Grpc__CreateContainerRequest *message = p->message;
	CLEANUP(strv_free) char **mounted = NULL;
	struct err ignored = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < message->n_devices; i++) {
		CLEANUP(free) char *name = NULL;

		if (is_passed(message->devices[i]))
			r = wait_passed(message->devices[i], p->agent->hotplug_ms, err);
		else
			r = disk_wait(message->devices[i]->type, message->devices[i]->id,
				      p->agent->hotplug_ms, &name, err);
	}
	for (size_t i = 0; r == 0 && i < message->n_storages; i++) {
		r = mount_one(message->storages[i], p->agent->hotplug_ms, err);
		if (r == 0)
			strv_add(&mounted, message->storages[i]->mount_point);
	}
	if (r < 0)
		(void)container_disks_unmount(mounted, &ignored);
	return r;
}

/* The host's numbers, and those that the same disk has here. */
struct renumber {
	int64_t host_major;
	int64_t host_minor;
	dev_t guest;
	char *name; /* owned */
};

static struct oci_device *device_at(const struct oci_spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->n_devices; i++)
		if (str_eq(spec->devices[i].path, path) && str_eq(spec->devices[i].type, "b"))
			return &spec->devices[i];
	return NULL;
}

static int number_device(const struct oci_spec *spec, const Grpc__Device *from,
			 struct renumber *ret, struct err *err)
{
	struct oci_device *device = device_at(spec, from->container_path);
	int r;

	if (!device)
		return err_set(err, EINVAL, "devices: %.128s is not in linux.devices",
			       from->container_path);
	ret->host_major = device->major;
	ret->host_minor = device->minor;
	r = disk_find(from->type, from->id, &ret->name, err);
	if (r <= 0)
		return r < 0 ? r
			     : err_set_as(err, ERR_HOTPLUG, ENODEV, "disk %.32s has gone",
					  from->id);
	return disk_number(ret->name, &ret->guest, err);
}

/* All at once: a number of the guest may be another disk's number on the host. */
static void renumber(struct oci_spec *spec, const struct renumber *list, size_t n)
{
	struct oci_resources *resources = &spec->resources;

	for (size_t i = 0; i < spec->n_devices; i++) {
		struct oci_device *device = &spec->devices[i];
		size_t k = 0;

		while (k < n &&
		       (!str_eq(device->type, "b") || device->major != list[k].host_major ||
			device->minor != list[k].host_minor))
			k++;
		if (k < n) {
			device->major = major(list[k].guest);
			device->minor = minor(list[k].guest);
		}
	}
	for (size_t i = 0; i < resources->n_device_rules; i++) {
		struct oci_device_rule *rule = &resources->device_rules[i];
		size_t k = 0;

		while (k < n && (rule->type != 'b' || rule->major != list[k].host_major ||
				 rule->minor != list[k].host_minor))
			k++;
		if (k < n) {
			rule->major = major(list[k].guest);
			rule->minor = minor(list[k].guest);
		}
	}
}

/*
 * The root is mounted nodev: outside of /dev a node of its own would be of no use.
 * The guest's is mounted there instead.
 */
static void device_to_mount(struct oci_spec *spec, const char *path, const char *name)
{
	struct oci_device *device = device_at(spec, path);
	struct oci_mount *mount;

	if (!device || str_starts(path, "/dev/"))
		return;
	spec->mounts = xrealloc(spec->mounts, (spec->n_mounts + 1) * sizeof(*mount));
	mount = &spec->mounts[spec->n_mounts++];
	*mount = (struct oci_mount){ .destination = xstrdup(path),
				     .source = xasprintf("/dev/%s", name),
				     .type = xstrdup("bind"),
				     .options = strv_split("bind", " ") };
	free(device->path);
	free(device->type);
	*device = spec->devices[--spec->n_devices];
}

/* After renumber(): these numbers are the guest's already. */
static int add_passed(const struct preparing *p, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->message->n_devices; i++) {
		const Grpc__Device *device = p->message->devices[i];

		for (size_t k = 0; r == 0 && is_passed(device) && k < device->n_options; k++)
			r = passthrough_add_files(PCI_SYSFS, passthrough_path(device->options[k]),
						  p->spec, err);
	}
	return r;
}

static int number_devices(const struct preparing *p, struct err *err)
{
	const Grpc__CreateContainerRequest *message = p->message;
	CLEANUP(free) struct renumber *list = xcalloc(message->n_devices + 1, sizeof(*list));
	CLEANUP(free)
	const char **paths = xcalloc(message->n_devices + 1, sizeof(*paths));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < message->n_devices; i++) {
		if (is_passed(message->devices[i]))
			continue;
		paths[n] = message->devices[i]->container_path;
		r = number_device(p->spec, message->devices[i], &list[n++], err);
	}
	if (r == 0)
		renumber(p->spec, list, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		device_to_mount(p->spec, paths[i], list[i].name);
	if (r == 0)
		r = add_passed(p, err);
	for (size_t i = 0; i < n; i++)
		free(list[i].name);
	return r;
}

static int unmount_all(void *data, struct err *err)
{
	return container_disks_unmount(((const struct preparing *)data)->mounts, err);
}

static void given_up(void *data, const struct err *error __attribute__((unused)))
{
	struct preparing *p = data;

	ttrpc_reply_error(p->req, &p->error); /* the first one is the one to tell */
	preparing_free(p);
}

static void prepared(void *data, const struct err *error)
{
	struct preparing *p = data;
	struct container *other = NULL;
	struct err ignored = { 0 };
	int r;

	p->error = *error;
	if (error->code) {
		given_up(p, error);
		return;
	}
	for (size_t i = 0; i < p->message->n_storages; i++)
		strv_add(&p->mounts, p->message->storages[i]->mount_point);
	tracing_step(p->req, "devices");
	r = number_devices(p, &p->error);
	/* Asked again: another request may have been faster. */
	if (r == 0 && container_find(p->agent, p->message->container_id, &other, &ignored) == 0)
		r = err_set(&p->error, EEXIST, "container %s already exists, impossible to create",
			    p->message->container_id);
	if (r == 0)
		r = container_create(p->agent, p->message->container_id, take_ptr(p->spec),
				     p->mounts, p->message->sandbox_pidns, p->req, &p->error);
	if (r == 0)
		preparing_free(p);
	else
		job_start(p->agent->loop, unmount_all, given_up, p);
}

void container_disks_prepare(struct agent *agent, const Grpc__CreateContainerRequest *message,
			     struct oci_spec *spec, struct ttrpc_request *req)
{
	struct preparing *p = xcalloc(1, sizeof(*p));
	struct err err = { 0 };

	p->agent = agent;
	p->req = req;
	p->spec = spec;
	p->message = (Grpc__CreateContainerRequest *)api_copy_message(&message->base);
	if (!p->message) {
		oci_spec_free(spec);
		free(p);
		(void)err_set(&err, ENOMEM, "the request is too large");
		ttrpc_reply_error(req, &err);
		return;
	}
	job_start(agent->loop, prepare, prepared, p);
}
