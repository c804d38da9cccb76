/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/guest_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/mount_options.h"
#include "oci/spec.h"
#include "sandbox/disks.h"
#include "sandbox/paths.h"
#include "sandbox/share.h"

#define SHM_SIZE (UINT64_C(64) << 20)

/* The name of a container's root below the share; owned. */
static char *root_name(const char *cid)
{
	return xasprintf("%s/rootfs", cid);
}

/* "<cid>-<16 hex digits>-<base name>": reference 00, section 3. */
static char *volume_name(const char *cid, const char *source)
{
	uint64_t random = 0;
	char *name;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		abort();
	name = xasprintf("%s-%016llx-%s", cid, (unsigned long long)random, path_base(source));
	if (strlen(name) > NAME_MAX)
		name[NAME_MAX] = '\0'; /* of the base name: ids leave room for the rest */
	return name;
}

static void replace(char **text, char *with)
{
	free(*text);
	*text = with;
}

static bool is_bind(const struct oci_mount *mount, const struct mount_options *options)
{
	return options->bind || (mount->type && str_eq(mount->type, "bind"));
}

/* The host's own /proc, /sys and /dev are of no use in the guest: it has its own. */
static bool is_system_path(const char *path)
{
	static const char *const roots[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		size_t len = strlen(roots[i]);

		if (str_starts(path, roots[i]) && (path[len] == '/' || !path[len]))
			return !str_starts(path, "/dev/shm");
	}
	return false;
}

/* What is shared is the file, not what is behind it. */
static void warn_of_special(const struct oci_mount *mount, const char *source, mode_t mode)
{
	if (S_ISSOCK(mode))
		log_tell("mounts: %s: %s is a socket: no process of the host can be reached "
			 "through it",
			 mount->destination, source);
	else if (S_ISFIFO(mode))
		log_tell("mounts: %s: %s is a FIFO: no process of the host is at its other end",
			 mount->destination, source);
	else if (S_ISCHR(mode) || S_ISBLK(mode))
		log_tell("mounts: %s: %s is a device of the host, which the guest cannot open",
			 mount->destination, source);
}

const char *guest_spec_network_fs(unsigned long type)
{
	static const struct {
		unsigned long type;
		const char *name;
	} list[] = {
		{ NFS_SUPER_MAGIC, "NFS" },     { 0xff534d42, "CIFS" }, /* fs/smb/client */
		{ 0xfe534d42, "SMB" },          { CEPH_SUPER_MAGIC, "Ceph" },
		{ AFS_SUPER_MAGIC, "AFS" },     { CODA_SUPER_MAGIC, "Coda" },
		{ OCFS2_SUPER_MAGIC, "OCFS2" }, { 0x01161970, "GFS2" }, /* gfs2_ondisk.h */
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].type == type)
			return list[i].name;
	return NULL;
}

/* Those who use one file of it from several machines rely on its locks. */
static void warn_of_network(const struct oci_mount *mount, const char *source)
{
	const char *name;
	struct statfs fs;

	if (statfs(source, &fs) < 0)
		return;
	name = guest_spec_network_fs((unsigned long)fs.f_type & 0xffffffff);
	if (name)
		log_tell("mounts: %s: %s is on %s: locks hold between the containers of this "
			 "sandbox, not between machines",
			 mount->destination, source, name);
}

static int share_volume(struct oci_mount *mount, const struct mount_options *options,
			const char *bundle, const char *sid, const char *cid, struct err *err)
{
	CLEANUP(free) char *source = NULL;
	CLEANUP(free) char *name = NULL;
	struct stat st;
	int r;

	if (str_empty(mount->source))
		return err_set_as(err, ERR_MOUNT_SOURCE, EINVAL,
				  "mounts: %s: a bind mount needs a source", mount->destination);
	source = *mount->source == '/' ? xstrdup(mount->source)
				       : xasprintf("%s/%s", bundle, mount->source);
	if (stat(source, &st) < 0)
		return err_errno_as(err, ERR_MOUNT_SOURCE, "mounts: %s: source %s",
				    mount->destination, source);
	warn_of_special(mount, source, st.st_mode);
	if (S_ISDIR(st.st_mode)) /* engines give single files of their own */
		warn_of_network(mount, source);
	name = volume_name(cid, source);
	r = share_add(sid, name, source, options->recursive, options->read_only, err);
	if (r < 0)
		return err_prefix(err, "mounts: %s", mount->destination);
	replace(&mount->source, xasprintf(GUEST_SHARE "/%s", name));
	return 0;
}

static void drop_mount(struct oci_spec *spec, size_t i)
{
	free(spec->mounts[i].destination);
	free(spec->mounts[i].source);
	free(spec->mounts[i].type);
	strv_free(spec->mounts[i].options);
	spec->n_mounts--;
	memmove(&spec->mounts[i], &spec->mounts[i + 1],
		(spec->n_mounts - i) * sizeof(spec->mounts[0]));
}

/* A device file in the place of a mount of it. */
static void mount_to_device(struct oci_spec *spec, size_t i, const char *source, bool read_only)
{
	struct oci_resources *resources = &spec->resources;
	struct oci_device_rule *rule;
	struct oci_device *device;
	struct stat st;

	if (stat(source, &st) < 0)
		return; /* it was there when it was taken for a disk */
	spec->devices = xrealloc(spec->devices, (spec->n_devices + 1) * sizeof(*device));
	device = &spec->devices[spec->n_devices++];
	*device = (struct oci_device){ .path = xstrdup(spec->mounts[i].destination),
				       .type = xstrdup("b"),
				       .major = major(st.st_rdev),
				       .minor = minor(st.st_rdev),
				       .file_mode = st.st_mode & 07777,
				       .uid = st.st_uid,
				       .gid = st.st_gid };
	resources->device_rules =
		xrealloc(resources->device_rules, (resources->n_device_rules + 1) * sizeof(*rule));
	rule = &resources->device_rules[resources->n_device_rules++];
	*rule = (struct oci_device_rule){
		.allow = true, .type = 'b', .major = device->major, .minor = device->minor
	};
	memcpy(rule->access, read_only ? "rm" : "rwm", read_only ? 3 : 4);
	drop_mount(spec, i);
}

/* Whether mount @i is a disk: then it has been rewritten, or taken out. 1, 0 or -errno. */
static int take_disk(struct oci_spec *spec, size_t i, const struct mount_options *options,
		     const char *bundle, const char *cid, struct disks *disks, bool *ret_gone,
		     struct err *err)
{
	struct oci_mount *mount = &spec->mounts[i];
	CLEANUP(free) char *source = NULL;
	CLEANUP(free) char *guest = NULL;
	int r;

	if (!disks || str_empty(mount->source))
		return 0;
	source = *mount->source == '/' ? xstrdup(mount->source)
				       : xasprintf("%s/%s", bundle, mount->source);
	r = disks_take_volume(disks, source, mount->destination, options->read_only, cid, &guest,
			      err);
	if (r < 0)
		return err_prefix(err, "mounts: %s", mount->destination);
	*ret_gone = r > 0 && !guest;
	if (*ret_gone)
		mount_to_device(spec, i, source, options->read_only);
	else if (guest)
		replace(&mount->source, take_ptr(guest));
	return r;
}

static int prepare_mounts(struct oci_spec *spec, const char *bundle, const char *sid,
			  const char *cid, struct disks *disks, struct err *err)
{
	size_t i = 0;

	while (i < spec->n_mounts) {
		__attribute__((cleanup(mount_options_done))) struct mount_options options = { 0 };
		struct oci_mount *mount = &spec->mounts[i];
		bool gone = false;
		int r = mount_options_parse(mount->options, &options, err);

		if (r < 0)
			return err_prefix(err, "mounts: %s", mount->destination);
		if (!is_bind(mount, &options)) {
			i++;
			continue;
		}
		if (str_eq(mount->destination, "/dev/shm")) {
			/* The pod's shared memory is in the guest. */
			replace(&mount->source, xstrdup(GUEST_SHM));
			i++;
			continue;
		}
		r = take_disk(spec, i, &options, bundle, cid, disks, &gone, err);
		if (r < 0)
			return r;
		if (r > 0) {
			i += !gone;
			continue;
		}
		if (mount->source && is_system_path(mount->source)) {
			log_tell("mounts: %s: %s is the host's own and left out; the guest has its "
				 "own",
				 mount->destination, mount->source);
			drop_mount(spec, i);
			continue;
		}
		r = share_volume(mount, &options, bundle, sid, cid, err);
		if (r < 0)
			return r;
		i++;
	}
	return 0;
}

uint64_t guest_spec_shm_size(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct oci_mount *mount = &spec->mounts[i];
		struct statfs fs;

		if (str_eq(mount->destination, "/dev/shm") && !str_empty(mount->source) &&
		    *mount->source == '/' && statfs(mount->source, &fs) == 0 &&
		    fs.f_type == TMPFS_MAGIC && fs.f_blocks > 0)
			return (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
	}
	return SHM_SIZE;
}

/* Whether an earlier mount covers the point of number @i, which is then made there, in the guest.
 */
static bool is_covered(const struct oci_spec *spec, size_t i)
{
	const char *point = spec->mounts[i].destination;

	for (size_t k = 0; k < i; k++) {
		const char *earlier = spec->mounts[k].destination;
		size_t len = strlen(earlier);

		if (str_starts(point, earlier) && (point[len] == '/' || !point[len]))
			return true;
	}
	return false;
}

static bool is_file(const struct oci_mount *mount, const char *bundle)
{
	CLEANUP(free) char *path = NULL;
	struct stat st;

	if (str_empty(mount->source) || !mount->type || !str_eq(mount->type, "bind"))
		return false;
	path = *mount->source == '/' ? xstrdup(mount->source)
				     : xasprintf("%s/%s", bundle, mount->source);
	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/*
 * The guest cannot make what is missing in a root that the host shares read
 * only, and runc makes it even so: images lack /proc, or what a volume hangs
 * over. What cannot be made here, the guest's own attempt will tell.
 */
static void make_mount_points(const struct oci_spec *spec, const char *bundle, const char *rootfs)
{
	CLEANUP(close) int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; root >= 0 && i < spec->n_mounts; i++) {
		const char *point = spec->mounts[i].destination;
		struct err ignored = { 0 };
		int fd;

		if (is_covered(spec, i))
			continue;
		fd = is_file(&spec->mounts[i], bundle) ? safe_touch(root, point, &ignored)
						       : safe_mkdir_p(root, point, 0755, &ignored);
		if (fd >= 0)
			close(fd);
	}
}

/* Does @path name the pid namespace of the pod's own container, as far as the host can see it? */
static bool is_pods_pid(const char *path, pid_t owner_shim)
{
	CLEANUP(free) char *pods = xasprintf("/proc/%d/ns/pid", owner_shim);

	return owner_shim > 0 && str_eq(path, pods);
}

static int check_joined(const struct oci_spec *spec, pid_t owner_shim, struct err *err)
{
	for (size_t i = 0; i < spec->n_namespaces; i++) {
		const struct oci_namespace *ns = &spec->namespaces[i];

		if (!ns->path || !(str_eq(ns->type, "user") || str_eq(ns->type, "pid")))
			continue;
		if (str_eq(ns->type, "pid") && is_pods_pid(ns->path, owner_shim))
			continue;
		return err_set_as(
			err, ERR_NAMESPACE, ENOTSUP,
			"linux.namespaces: joining the %s namespace %s is not supported%s",
			ns->type, ns->path,
			owner_shim > 0 && str_eq(ns->type, "pid")
				? ", only that of the pod's own container is"
				: "");
	}
	return 0;
}

/* Which namespaces the container gets in the guest (reference 05, section 8, and design). */
static int prepare_namespaces(struct oci_spec *spec, pid_t owner_shim, bool *ret_shares_pid,
			      struct err *err)
{
	size_t kept = 0;
	/* First all that may be refused: half-way through, some would be there twice. */
	int r = check_joined(spec, owner_shim, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < spec->n_namespaces; i++) {
		struct oci_namespace *ns = &spec->namespaces[i];
		bool pods = str_eq(ns->type, "uts") || str_eq(ns->type, "ipc");
		bool shared_pid = str_eq(ns->type, "pid") && ns->path;

		*ret_shares_pid |= shared_pid;
		/* The pod's uts and ipc are the guest's; the network is always. */
		if (str_eq(ns->type, "network") || shared_pid ||
		    (pods && (owner_shim == 0 || ns->path))) {
			free(ns->type);
			free(ns->path);
			continue;
		}
		spec->namespaces[kept++] = *ns;
	}
	spec->n_namespaces = kept;
	return 0;
}

void guest_spec_drop_seccomp(struct oci_spec *spec)
{
	if (!spec->seccomp)
		return;
	log_debug("linux.seccomp: dropped, as [runtime] disable_guest_seccomp = true says");
	oci_seccomp_free(spec->seccomp);
	spec->seccomp = NULL;
}

static int prepare_root(struct oci_spec *spec, const char *rootfs, const char *sid, const char *cid,
			struct disks *disks, struct err *err)
{
	CLEANUP(free) char *name = root_name(cid);
	CLEANUP(free) char *guest = NULL;
	int r;

	r = disks ? disks_take_root(disks, rootfs, spec->root_readonly, cid, &guest, err) : 0;
	if (r != 0) {
		if (r > 0)
			replace(&spec->root_path, take_ptr(guest));
		return r < 0 ? r : 0;
	}
	r = share_add(sid, name, rootfs, true, spec->root_readonly, err);
	if (r < 0)
		return err_prefix(err, "root.path");
	replace(&spec->root_path, xasprintf(GUEST_SHARE "/%s", name));
	return 0;
}

int guest_spec_prepare(struct oci_spec *spec, const char *bundle, const char *sid, const char *cid,
		       pid_t owner_shim, struct disks *disks, bool *ret_shares_pid, struct err *err)
{
	CLEANUP(free) char *rootfs = NULL;
	int r;

	r = prepare_namespaces(spec, owner_shim, ret_shares_pid, err);
	if (r < 0)
		return r;
	rootfs = *spec->root_path == '/' ? xstrdup(spec->root_path)
					 : xasprintf("%s/%s", bundle, spec->root_path);
	if (spec->root_readonly)
		make_mount_points(spec, bundle, rootfs);
	r = prepare_root(spec, rootfs, sid, cid, disks, err);
	return r < 0 ? r : prepare_mounts(spec, bundle, sid, cid, disks, err);
}

/* A path below the share as the guest sees it, as the host does; owned. NULL for others. */
static char *on_host(const char *path, const char *mounts)
{
	if (!path || !str_starts(path, GUEST_SHARE "/"))
		return NULL;
	return xasprintf("%s%s", mounts, path + strlen(GUEST_SHARE));
}

static void add_word(struct buf *list, const char *word)
{
	buf_append(list, word, strlen(word) + 1);
}

int guest_spec_files(const struct oci_spec *spec, const char *sid, struct err *err)
{
	CLEANUP(free) char *mounts = paths_share_mounts(sid);
	CLEANUP(free) char *root = on_host(spec->root_path, mounts);
	__attribute__((cleanup(buf_donep))) struct buf list = { 0 };
	CLEANUP(close) int fd = -1;
	int r;

	add_word(&list, root ? root : "");
	for (size_t i = 0; i < spec->n_mounts; i++) {
		CLEANUP(free) char *source = on_host(spec->mounts[i].source, mounts);

		if (!source)
			continue;
		add_word(&list, source);
		add_word(&list, spec->mounts[i].destination);
	}
	fd = memfd_create("files", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "memfd_create");
	r = write_full(fd, buf_data(&list), buf_len(&list));
	return r < 0 ? err_set(err, -r, "list the container's files") : take_fd(&fd);
}
