/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/pod.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "oci/spec.h"
#include "sandbox/sandbox.h"

/* Source: containerd's CRI plugin, dockershim, CRI-O; reference 00, section 7. */
static const struct {
	const char *type_key;
	const char *pod;
	const char *member;
	const char *sandbox_key;
} engines[] = {
	{ "io.kubernetes.cri.container-type", "sandbox", "container",
	  "io.kubernetes.cri.sandbox-id" },
	{ "io.kubernetes.docker.type", "podsandbox", "container", "io.kubernetes.sandbox.id" },
	{ "io.kubernetes.cri-o.ContainerType", "sandbox", "container",
	  "io.kubernetes.cri-o.SandboxID" },
};

bool pod_is_pod(const struct oci_spec *spec)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		const char *type = oci_spec_annotation(spec, engines[i].type_key);

		if (type && str_eq(type, engines[i].pod))
			return true;
	}
	return false;
}

static int sandbox_by_annotations(const struct oci_spec *spec, char **ret, struct err *err)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		const char *type = oci_spec_annotation(spec, engines[i].type_key);
		const char *sandbox = oci_spec_annotation(spec, engines[i].sandbox_key);

		if (!type || !str_eq(type, engines[i].member))
			continue;
		if (str_empty(sandbox))
			return err_set_as(
				err, ERR_SANDBOX_UNKNOWN, EINVAL,
				"annotations: %s is '%s' but %s, the sandbox's id, is missing",
				engines[i].type_key, type, engines[i].sandbox_key);
		*ret = xstrdup(sandbox);
		return id_check(sandbox, err);
	}
	return 0;
}

/* The process of "/proc/<pid>/ns/…"; 0 for any other path. */
static pid_t pid_of_path(const char *path)
{
	CLEANUP(strv_free) char **parts = path ? strv_split(path, "/") : NULL;
	uint64_t pid = 0;

	if (!parts || strv_len(parts) != 4 || !str_eq(parts[0], "proc") ||
	    !str_eq(parts[2], "ns") || str_to_u64(parts[1], 1, INT32_MAX, &pid) < 0)
		return 0;
	return (pid_t)pid;
}

/* The sandbox of the container whose shim is @pid; owned, NULL when there is none. */
static char *sandbox_of_shim(pid_t pid)
{
	CLEANUP(strv_free) char **ids = NULL;
	struct err ignored = { 0 };

	(void)id_list(&ids, &ignored);
	for (char **id = ids; id && *id; id++) {
		__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };

		if (container_look(*id, &view, &ignored) == 0 && view.record->shim.pid == pid &&
		    proc_alive(&view.record->shim))
			return xstrdup(view.record->sandbox);
	}
	return NULL;
}

/* What of another process a machine can give: the host's own is refused where it is used. */
static int join_one(const struct oci_namespace *ns, char **ret, bool *ret_joins, struct err *err)
{
	CLEANUP(free) char *sandbox = NULL;
	pid_t pid = pid_of_path(ns->path);

	*ret_joins = false;
	if (pid == 0)
		return 0;
	sandbox = sandbox_of_shim(pid);
	if (!sandbox && str_eq(ns->type, "network"))
		return 0; /* somebody else's, which we may use */
	if (!sandbox)
		return err_set_as(
			err, ERR_NAMESPACE, ENOTSUP,
			"linux.namespaces: %s: process %d is no container of kata-runtime that "
			"runs; a virtual machine can share the %s namespace of no other",
			ns->path, pid, ns->type);
	if (*ret && !str_eq(*ret, sandbox))
		return err_set_as(
			err, ERR_NAMESPACE, ENOTSUP,
			"linux.namespaces: %s is in sandbox %s and other namespaces are in %s; "
			"a container can be in one virtual machine only",
			ns->path, sandbox, *ret);
	*ret_joins = true;
	if (!*ret)
		*ret = take_ptr(sandbox);
	return 0;
}

static int sandbox_by_namespaces(const struct oci_spec *spec, char **ret, struct err *err)
{
	bool shares_network = false;
	int r = 0;

	for (size_t i = 0; i < spec->n_namespaces && r == 0; i++) {
		const struct oci_namespace *ns = &spec->namespaces[i];
		bool joins = false;

		if (!str_eq(ns->type, "network") && !str_eq(ns->type, "ipc") &&
		    !str_eq(ns->type, "uts") && !str_eq(ns->type, "pid"))
			continue;
		r = join_one(ns, ret, &joins, err);
		shares_network |= joins && str_eq(ns->type, "network");
	}
	if (r == 0 && *ret && !shares_network)
		r = err_set_as(
			err, ERR_NAMESPACE, ENOTSUP,
			"linux.namespaces: a container that shares a namespace of sandbox %s "
			"runs in "
			"its virtual machine and shares its network too; "
			"add --network container:NAME",
			*ret);
	return r;
}

int pod_sandbox_of(const struct oci_spec *spec, const char *id, char **ret, struct err *err)
{
	CLEANUP(free) char *sandbox = NULL;
	int r = sandbox_by_annotations(spec, &sandbox, err);

	if (r == 0 && !sandbox)
		r = sandbox_by_namespaces(spec, &sandbox, err);
	if (r == 0)
		*ret = sandbox ? take_ptr(sandbox) : xstrdup(id);
	return r;
}
