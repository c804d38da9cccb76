/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/namespaces.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

static const struct kind {
	const char *type;
	int flag;
	bool can_join;
} kinds[] = {
	{ "user", CLONE_NEWUSER, false },    { "pid", CLONE_NEWPID, true },
	{ "ipc", CLONE_NEWIPC, true },       { "uts", CLONE_NEWUTS, true },
	{ "network", CLONE_NEWNET, true },   { "mount", CLONE_NEWNS, false },
	{ "cgroup", CLONE_NEWCGROUP, true },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct kind *kind_of(const char *type)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_eq(kinds[i].type, type))
			return &kinds[i];
	return NULL;
}

/* Of a type that namespaces_check() has let pass. */
static int flag_of(const char *type)
{
	const struct kind *kind = kind_of(type);

	assert(kind);
	return kind->flag;
}

static bool maps_root(const struct oci_id_mapping *mappings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mappings[i].container_id == 0 && mappings[i].size > 0)
			return true;
	return false;
}

static int check_user(const struct oci_spec *spec, struct err *err)
{
	bool mapped = spec->n_uid_mappings > 0 || spec->n_gid_mappings > 0;

	if (!namespaces_has_user(spec))
		return mapped ? err_set(err, EINVAL,
					"linux.uidMappings: there is no user namespace to map")
			      : 0;
	if (!maps_root(spec->uid_mappings, spec->n_uid_mappings))
		return err_set(err, EINVAL,
			       "linux.uidMappings: a user namespace needs a mapping of uid 0");
	if (!maps_root(spec->gid_mappings, spec->n_gid_mappings))
		return err_set(err, EINVAL,
			       "linux.gidMappings: a user namespace needs a mapping of gid 0");
	return 0;
}

int namespaces_check(const struct oci_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n_namespaces; i++) {
		const struct oci_namespace *ns = &spec->namespaces[i];
		const struct kind *kind = kind_of(ns->type);

		if (!kind)
			return err_set_as(err, ERR_NAMESPACE, ENOTSUP,
					  "linux.namespaces: a namespace of type '%s' is not "
					  "supported",
					  ns->type);
		if (ns->path && !kind->can_join)
			return err_set_as(err, ERR_NAMESPACE, ENOTSUP,
					  "linux.namespaces: joining the %s namespace %s is not "
					  "supported",
					  ns->type, ns->path);
	}
	return check_user(spec, err);
}

bool namespaces_has_user(const struct oci_spec *spec)
{
	return oci_spec_namespace(spec, "user");
}

bool namespaces_need_helper(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_namespaces; i++)
		if (spec->namespaces[i].path || str_eq(spec->namespaces[i].type, "user"))
			return true;
	return false;
}

uint64_t namespaces_new(const struct oci_spec *spec)
{
	uint64_t flags = CLONE_NEWNS;

	for (size_t i = 0; i < spec->n_namespaces; i++)
		if (!spec->namespaces[i].path)
			flags |= (uint64_t)flag_of(spec->namespaces[i].type);
	return flags & ~(uint64_t)CLONE_NEWCGROUP;
}

int namespaces_of(const struct oci_spec *spec)
{
	int flags = CLONE_NEWNS;

	for (size_t i = 0; i < spec->n_namespaces; i++)
		flags |= flag_of(spec->namespaces[i].type);
	return flags;
}

int namespaces_enter(const struct oci_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n_namespaces; i++) {
		const struct oci_namespace *ns = &spec->namespaces[i];
		CLEANUP(close) int fd = -1;

		if (!ns->path)
			continue;
		fd = open(ns->path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_errno_as(err, ERR_NAMESPACE, "linux.namespaces: %s: open %s",
					    ns->type, ns->path);
		if (setns(fd, flag_of(ns->type)) < 0)
			return err_errno_as(err, ERR_NAMESPACE,
					    "linux.namespaces: enter the %s namespace %s", ns->type,
					    ns->path);
	}
	return 0;
}

/* In one write(2), which the kernel demands. */
static int write_map(pid_t pid, const char *file, const struct oci_id_mapping *mappings, size_t n,
		     struct err *err)
{
	__attribute__((cleanup(buf_donep))) struct buf lines = { 0 };
	CLEANUP(free) char *text = NULL;
	char path[64];

	for (size_t i = 0; i < n; i++)
		buf_printf(&lines, "%u %u %u\n", mappings[i].container_id, mappings[i].host_id,
			   mappings[i].size);
	text = buf_take_string(&lines);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return file_write(path, text, err);
}

int namespaces_map(const struct oci_spec *spec, pid_t pid, struct err *err)
{
	int r = write_map(pid, "uid_map", spec->uid_mappings, spec->n_uid_mappings, err);

	if (r < 0)
		return err_prefix(err, "linux.uidMappings");
	r = write_map(pid, "gid_map", spec->gid_mappings, spec->n_gid_mappings, err);
	return r < 0 ? err_prefix(err, "linux.gidMappings") : 0;
}
