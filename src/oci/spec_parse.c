/* SPDX-License-Identifier: Apache-2.0 */
/* config.json into the model of spec.h: apart, since the agent gets the model over the wire. */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

/* Stops at the first member that is wrong; the error holds its path. */
#define CHECK(expression)         \
	do {                      \
		r = (expression); \
		if (r < 0)        \
			return r; \
	} while (0)

static int missing(const struct json_at *at, const char *key, struct err *err)
{
	return err_set(err, EINVAL, "%s%s%s: missing", at->path, *at->path ? "." : "", key);
}

static int parse_gids(const struct json_at *user, struct oci_user *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r;

	CHECK(json_get_array(user, "additionalGids", &array, &n, err));
	if (n == 0)
		return 0;
	if (n > 65536) /* NGROUPS_MAX */
		return err_set(err, EINVAL, "%s: %zu groups, at most 65536 are possible",
			       array.path, n);
	ret->additional_gids = xcalloc(n, sizeof(uint32_t));
	ret->n_additional_gids = n;
	for (size_t i = 0; i < n; i++)
		CHECK(json_item_u32(&array, i, &ret->additional_gids[i], err));
	return 0;
}

static int parse_user(const struct json_at *at, struct oci_user *ret, struct err *err)
{
	struct json_at user;
	int r;

	CHECK(json_get_object(at, "user", &user, err));
	if (r == 0)
		return 0;
	CHECK(json_get_u32(&user, "uid", &ret->uid, err));
	CHECK(json_get_u32(&user, "gid", &ret->gid, err));
	CHECK(json_get_u32(&user, "umask", &ret->umask, err));
	return parse_gids(&user, ret, err);
}

static int parse_capabilities(const struct json_at *at, struct oci_capabilities *ret,
			      struct err *err)
{
	struct json_at caps;
	int r;

	CHECK(json_get_object(at, "capabilities", &caps, err));
	if (r == 0)
		return 0;
	ret->present = true;
	CHECK(json_get_strv(&caps, "bounding", &ret->bounding, err));
	CHECK(json_get_strv(&caps, "effective", &ret->effective, err));
	CHECK(json_get_strv(&caps, "inheritable", &ret->inheritable, err));
	CHECK(json_get_strv(&caps, "permitted", &ret->permitted, err));
	CHECK(json_get_strv(&caps, "ambient", &ret->ambient, err));
	return 0;
}

static int parse_rlimits(const struct json_at *at, struct oci_process *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r;

	CHECK(json_get_array(at, "rlimits", &array, &n, err));
	ret->rlimits = xcalloc(n, sizeof(*ret->rlimits));
	for (size_t i = 0; i < n; i++) {
		struct oci_rlimit *limit = &ret->rlimits[i];
		struct json_at item;

		CHECK(json_item_object(&array, i, &item, err));
		ret->n_rlimits = i + 1;
		CHECK(json_get_string(&item, "type", &limit->type, err));
		CHECK(json_get_u64(&item, "hard", &limit->hard, err));
		CHECK(json_get_u64(&item, "soft", &limit->soft, err));
		if (!limit->type)
			return missing(&item, "type", err);
	}
	return 0;
}

static int parse_process(const struct json_at *at, struct oci_process *ret, struct err *err)
{
	struct json_at size;
	int r;

	CHECK(json_get_bool(at, "terminal", &ret->terminal, err));
	CHECK(json_get_object(at, "consoleSize", &size, err));
	if (r > 0) {
		CHECK(json_get_u32(&size, "height", &ret->console_height, err));
		CHECK(json_get_u32(&size, "width", &ret->console_width, err));
	}
	CHECK(parse_user(at, &ret->user, err));
	CHECK(json_get_strv(at, "args", &ret->args, err));
	CHECK(json_get_strv(at, "env", &ret->env, err));
	CHECK(json_get_string(at, "cwd", &ret->cwd, err));
	CHECK(parse_capabilities(at, &ret->capabilities, err));
	CHECK(parse_rlimits(at, ret, err));
	CHECK(json_get_bool(at, "noNewPrivileges", &ret->no_new_privileges, err));
	ret->oom_score_adj = INT64_MIN;
	CHECK(json_get_i64(at, "oomScoreAdj", &ret->oom_score_adj, err));
	ret->has_oom_score_adj = ret->oom_score_adj != INT64_MIN;

	if (strv_len(ret->args) == 0)
		return err_set(err, EINVAL, "%s%sargs: empty, the program to run must be named",
			       at->path, *at->path ? "." : "");
	if (!ret->cwd)
		return missing(at, "cwd", err);
	if (*ret->cwd != '/')
		return err_set(err, EINVAL, "%s%scwd: '%s' is not an absolute path", at->path,
			       *at->path ? "." : "", ret->cwd);
	return 0;
}

static int parse_mounts(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r;

	CHECK(json_get_array(at, "mounts", &array, &n, err));
	ret->mounts = xcalloc(n, sizeof(*ret->mounts));
	for (size_t i = 0; i < n; i++) {
		struct oci_mount *mount = &ret->mounts[i];
		struct json_at item;

		CHECK(json_item_object(&array, i, &item, err));
		ret->n_mounts = i + 1;
		CHECK(json_get_string(&item, "destination", &mount->destination, err));
		CHECK(json_get_string(&item, "source", &mount->source, err));
		CHECK(json_get_string(&item, "type", &mount->type, err));
		CHECK(json_get_strv(&item, "options", &mount->options, err));
		if (!mount->destination)
			return missing(&item, "destination", err);
	}
	return 0;
}

static int parse_namespaces(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r;

	CHECK(json_get_array(at, "namespaces", &array, &n, err));
	ret->namespaces = xcalloc(n, sizeof(*ret->namespaces));
	for (size_t i = 0; i < n; i++) {
		struct oci_namespace *ns = &ret->namespaces[i];
		struct json_at item;

		CHECK(json_item_object(&array, i, &item, err));
		ret->n_namespaces = i + 1;
		CHECK(json_get_string(&item, "type", &ns->type, err));
		CHECK(json_get_string(&item, "path", &ns->path, err));
		if (!ns->type)
			return missing(&item, "type", err);
	}
	return 0;
}

static int parse_devices(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r;

	CHECK(json_get_array(at, "devices", &array, &n, err));
	ret->devices = xcalloc(n, sizeof(*ret->devices));
	for (size_t i = 0; i < n; i++) {
		struct oci_device *device = &ret->devices[i];
		struct json_at item;

		CHECK(json_item_object(&array, i, &item, err));
		ret->n_devices = i + 1;
		device->file_mode = 0666;
		CHECK(json_get_string(&item, "path", &device->path, err));
		CHECK(json_get_string(&item, "type", &device->type, err));
		CHECK(json_get_i64(&item, "major", &device->major, err));
		CHECK(json_get_i64(&item, "minor", &device->minor, err));
		CHECK(json_get_u32(&item, "fileMode", &device->file_mode, err));
		CHECK(json_get_u32(&item, "uid", &device->uid, err));
		CHECK(json_get_u32(&item, "gid", &device->gid, err));
		if (!device->path)
			return missing(&item, "path", err);
		if (!device->type)
			return missing(&item, "type", err);
	}
	return 0;
}

static int parse_resources(const struct json_at *at, struct oci_resources *ret, struct err *err)
{
	struct json_at resources;
	struct json_at part;
	int r;

	CHECK(json_get_object(at, "resources", &resources, err));
	if (r == 0)
		return 0;
	CHECK(json_get_object(&resources, "memory", &part, err));
	if (r > 0)
		CHECK(json_get_i64(&part, "limit", &ret->memory_limit, err));
	CHECK(json_get_object(&resources, "cpu", &part, err));
	if (r > 0) {
		CHECK(json_get_u64(&part, "shares", &ret->cpu_shares, err));
		CHECK(json_get_i64(&part, "quota", &ret->cpu_quota, err));
		CHECK(json_get_u64(&part, "period", &ret->cpu_period, err));
		CHECK(json_get_string(&part, "cpus", &ret->cpuset_cpus, err));
		CHECK(json_get_string(&part, "mems", &ret->cpuset_mems, err));
	}
	CHECK(json_get_object(&resources, "pids", &part, err));
	if (r > 0)
		CHECK(json_get_i64(&part, "limit", &ret->pids_limit, err));
	return 0;
}

static int parse_linux(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at linux_at;
	int r;

	CHECK(json_get_object(at, "linux", &linux_at, err));
	if (r == 0)
		return 0;
	CHECK(parse_namespaces(&linux_at, ret, err));
	CHECK(parse_devices(&linux_at, ret, err));
	CHECK(parse_resources(&linux_at, &ret->resources, err));
	CHECK(json_get_string(&linux_at, "cgroupsPath", &ret->cgroups_path, err));
	CHECK(json_get_map(&linux_at, "sysctl", &ret->sysctl, err));
	CHECK(json_get_strv(&linux_at, "maskedPaths", &ret->masked_paths, err));
	CHECK(json_get_strv(&linux_at, "readonlyPaths", &ret->readonly_paths, err));
	CHECK(json_get_string(&linux_at, "rootfsPropagation", &ret->rootfs_propagation, err));
	return 0;
}

static int parse_spec(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at part;
	int r;

	CHECK(json_check_object(at, err));
	CHECK(json_get_string(at, "ociVersion", &ret->version, err));
	if (!ret->version)
		return missing(at, "ociVersion", err);
	CHECK(json_get_object(at, "process", &part, err));
	if (r == 0)
		return missing(at, "process", err);
	CHECK(parse_process(&part, &ret->process, err));
	CHECK(json_get_object(at, "root", &part, err));
	if (r == 0)
		return missing(at, "root", err);
	CHECK(json_get_string(&part, "path", &ret->root_path, err));
	if (str_empty(ret->root_path))
		return missing(&part, "path", err);
	CHECK(json_get_bool(&part, "readonly", &ret->root_readonly, err));
	CHECK(json_get_string(at, "hostname", &ret->hostname, err));
	CHECK(parse_mounts(at, ret, err));
	CHECK(json_get_map(at, "annotations", &ret->annotations, err));
	return parse_linux(at, ret, err);
}

int oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct err *err)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at root;
	int r;

	r = json_parse(text, len, OCI_CONFIG_DEPTH, &doc, err);
	if (r < 0)
		return r;
	root = json_root(doc);
	spec = oci_spec_new();
	r = parse_spec(&root, spec, err);
	if (r < 0)
		return r;
	*ret = take_ptr(spec);
	return 0;
}

int oci_spec_load(const char *bundle, struct oci_spec **ret, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("%s/config.json", bundle);
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read(path, OCI_CONFIG_MAX, &text, &len, err);
	if (r < 0)
		return r;
	r = oci_spec_parse(text, len, ret, err);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}

int oci_process_load(const char *path, struct oci_process *ret, struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	CLEANUP(free) char *text = NULL;
	struct json_at root;
	size_t len = 0;
	int r;

	r = file_read(path, OCI_CONFIG_MAX, &text, &len, err);
	if (r < 0)
		return r;
	r = json_parse(text, len, OCI_CONFIG_DEPTH, &doc, err);
	if (r < 0)
		return err_prefix(err, "%s", path);
	root = json_root(doc);
	r = json_check_object(&root, err);
	if (r == 0)
		r = parse_process(&root, ret, err);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}
