/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json into the model of spec.h: apart, since the agent gets the model
 * over the wire. A member that is not known is ignored, as the specification
 * demands; one that is known and cannot be done is refused by name.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/parse.h"
#include "oci/spec.h"

/* Earlier versions of the specification allow relative ones, and runc takes them as below "/". */
static void make_absolute(char **destination)
{
	char *absolute;

	if (str_empty(*destination) || **destination == '/')
		return;
	absolute = xasprintf("/%s", *destination);
	free(*destination);
	*destination = absolute;
}

static int parse_mount(const struct json_at *at, struct oci_mount *ret, struct err *err)
{
	int r;

	CHECK(json_get_string(at, "destination", &ret->destination, err));
	CHECK(json_get_string(at, "source", &ret->source, err));
	CHECK(json_get_string(at, "type", &ret->type, err));
	CHECK(json_get_strv(at, "options", &ret->options, err));
	CHECK(parse_unsupported(at, "uidMappings", err));
	CHECK(parse_unsupported(at, "gidMappings", err));
	if (str_empty(ret->destination))
		return parse_missing(at, "destination", err);
	make_absolute(&ret->destination);
	return 0;
}

static int parse_mounts(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	return PARSE_OBJECTS(at, "mounts", ret->mounts, ret->n_mounts, parse_mount, err);
}

static int parse_hook(const struct json_at *at, struct oci_hook *ret, struct err *err)
{
	int r;

	CHECK(json_get_string(at, "path", &ret->path, err));
	CHECK(json_get_strv(at, "args", &ret->args, err));
	CHECK(json_get_strv(at, "env", &ret->env, err));
	CHECK(json_get_u32(at, "timeout", &ret->timeout_s, err));
	if (ret->timeout_s == 0 && parse_is_set(at, "timeout"))
		return err_set(err, EINVAL, "%s.timeout: must be 1 second or more", at->path);
	return 0;
}

static int parse_hook_list(const struct json_at *at, const char *key, struct oci_hooks *ret,
			   struct err *err)
{
	return PARSE_OBJECTS(at, key, ret->hooks, ret->n, parse_hook, err);
}

static int parse_hooks(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at hooks;
	int r;

	CHECK(json_get_object(at, "hooks", &hooks, err));
	if (r == 0)
		return 0;
	for (size_t kind = 0; kind < OCI_HOOK_KINDS; kind++)
		CHECK(parse_hook_list(&hooks, oci_hook_name((enum oci_hook_kind)kind),
				      &ret->hooks[kind], err));
	return 0;
}

static int parse_root(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at root;
	int r;

	CHECK(json_get_object(at, "root", &root, err));
	if (r == 0)
		return parse_missing(at, "root", err);
	CHECK(json_get_string(&root, "path", &ret->root_path, err));
	if (str_empty(ret->root_path))
		return parse_missing(&root, "path", err);
	return json_get_bool(&root, "readonly", &ret->root_readonly, err);
}

/* What is for other systems, and for other ways to run a container. */
static int refuse_platforms(const struct json_at *at, struct err *err)
{
	int r;

	CHECK(parse_unsupported(at, "windows", err));
	CHECK(parse_unsupported(at, "solaris", err));
	CHECK(parse_unsupported(at, "zos", err));
	parse_dropped(at, "vm");
	return 0;
}

static int parse_spec(const struct json_at *at, struct oci_spec *ret, struct err *err)
{
	struct json_at part;
	int r;

	CHECK(json_check_object(at, err));
	CHECK(json_get_string(at, "ociVersion", &ret->version, err));
	if (!ret->version)
		return parse_missing(at, "ociVersion", err);
	CHECK(refuse_platforms(at, err));
	CHECK(json_get_object(at, "process", &part, err));
	if (r == 0)
		return parse_missing(at, "process", err);
	CHECK(parse_process(&part, &ret->process, err));
	CHECK(parse_root(at, ret, err));
	CHECK(json_get_string(at, "hostname", &ret->hostname, err));
	CHECK(json_get_string(at, "domainname", &ret->domainname, err));
	CHECK(parse_mounts(at, ret, err));
	CHECK(parse_hooks(at, ret, err));
	CHECK(json_get_map(at, "annotations", &ret->annotations, err));
	CHECK(json_get_object(at, "linux", &part, err));
	if (r > 0)
		CHECK(parse_linux(&part, ret, err));
	return oci_spec_check(ret, err);
}

int oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct err *err)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at root;
	int r;

	CHECK(json_parse(text, len, OCI_CONFIG_DEPTH, &doc, err));
	root = json_root(doc);
	spec = oci_spec_new();
	CHECK(parse_spec(&root, spec, err));
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
		return err_tag(err, r == -ENOENT ? ERR_SPEC_MISSING : ERR_SPEC);
	r = oci_spec_parse(text, len, ret, err);
	return r < 0 ? err_prefix_as(err, ERR_SPEC, "%s", path) : 0;
}

static int parse_process_alone(const char *text, size_t len, struct oci_process *ret,
			       struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at root;
	int r;

	CHECK(json_parse(text, len, OCI_CONFIG_DEPTH, &doc, err));
	root = json_root(doc);
	CHECK(json_check_object(&root, err));
	CHECK(parse_process(&root, ret, err));
	return oci_process_check(ret, "", err);
}

int oci_process_load(const char *path, struct oci_process *ret, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read(path, OCI_CONFIG_MAX, &text, &len, err);
	if (r < 0)
		return r;
	r = parse_process_alone(text, len, ret, err);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}
