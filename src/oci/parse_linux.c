/* SPDX-License-Identifier: Apache-2.0 */
/* The object "linux". Source: runtime-spec 1.2, config-linux.md. */
#include "base/json.h"
#include "base/mem.h"
#include "oci/parse.h"
#include "oci/spec.h"

static int parse_namespace(const struct json_at *at, struct oci_namespace *ret, struct err *err)
{
	int r;

	CHECK(json_get_string(at, "type", &ret->type, err));
	CHECK(parse_text(at, "path", &ret->path, err));
	return ret->type ? 0 : parse_missing(at, "type", err);
}

static int parse_namespaces(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	return PARSE_OBJECTS(at, "namespaces", ret->namespaces, ret->n_namespaces, parse_namespace,
			     err);
}

static int parse_mapping(const struct json_at *at, struct oci_id_mapping *ret, struct err *err)
{
	int r;

	CHECK(json_get_u32(at, "containerID", &ret->container_id, err));
	CHECK(json_get_u32(at, "hostID", &ret->host_id, err));
	CHECK(json_get_u32(at, "size", &ret->size, err));
	return 0;
}

static int parse_mappings(const struct json_at *at, const char *key, struct oci_id_mapping **ret,
			  size_t *ret_n, struct err *err)
{
	return PARSE_OBJECTS(at, key, *ret, *ret_n, parse_mapping, err);
}

static int parse_device(const struct json_at *at, struct oci_device *ret, struct err *err)
{
	int r;

	ret->file_mode = 0666;
	CHECK(json_get_string(at, "path", &ret->path, err));
	CHECK(json_get_string(at, "type", &ret->type, err));
	CHECK(json_get_i64(at, "major", &ret->major, err));
	CHECK(json_get_i64(at, "minor", &ret->minor, err));
	CHECK(json_get_u32(at, "fileMode", &ret->file_mode, err));
	CHECK(json_get_u32(at, "uid", &ret->uid, err));
	CHECK(json_get_u32(at, "gid", &ret->gid, err));
	return 0;
}

static int parse_devices(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	return PARSE_OBJECTS(at, "devices", ret->devices, ret->n_devices, parse_device, err);
}

static int parse_personality(const struct json_at *at, char **ret, struct err *err)
{
	struct json_at personality;
	int r;

	CHECK(json_get_object(at, "personality", &personality, err));
	if (r == 0)
		return 0;
	CHECK(json_get_string(&personality, "domain", ret, err));
	if (!*ret)
		return parse_missing(&personality, "domain", err);
	return parse_unsupported(&personality, "flags",
				 err); /* the specification has none so far */
}

static int parse_isolation(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	int r;

	CHECK(parse_namespaces(at, ret, err));
	CHECK(parse_mappings(at, "uidMappings", &ret->uid_mappings, &ret->n_uid_mappings, err));
	CHECK(parse_mappings(at, "gidMappings", &ret->gid_mappings, &ret->n_gid_mappings, err));
	CHECK(json_get_map(at, "sysctl", &ret->sysctl, err));
	CHECK(json_get_strv(at, "maskedPaths", &ret->masked_paths, err));
	CHECK(json_get_strv(at, "readonlyPaths", &ret->readonly_paths, err));
	CHECK(parse_text(at, "rootfsPropagation", &ret->rootfs_propagation, err));
	CHECK(parse_seccomp(at, &ret->seccomp, err));
	return parse_personality(at, &ret->personality, err);
}

int parse_linux(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at resources;
	int r;

	CHECK(parse_isolation(at, ret, err));
	CHECK(parse_devices(at, ret, err));
	CHECK(json_get_string(at, "cgroupsPath", &ret->cgroups_path, err));
	CHECK(json_get_object(at, "resources", &resources, err));
	if (r > 0)
		CHECK(parse_resources(&resources, &ret->resources, err));
	CHECK(parse_unsupported(at, "timeOffsets", err));
	CHECK(parse_unsupported(at, "netDevices", err));
	parse_dropped(at, "intelRdt");
	parse_dropped(at, "mountLabel");
	return 0;
}
