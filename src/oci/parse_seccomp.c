/* SPDX-License-Identifier: Apache-2.0 */
/* The object "linux.seccomp". Source: runtime-spec 1.2, config-linux.md, "Seccomp". */
#include "base/json.h"
#include "base/mem.h"
#include "oci/parse.h"
#include "oci/spec.h"

static int parse_arg(const struct json_at *at, struct oci_seccomp_arg *ret, struct err *err)
{
	int r;

	CHECK(json_get_u32(at, "index", &ret->index, err));
	CHECK(json_get_u64(at, "value", &ret->value, err));
	CHECK(json_get_u64(at, "valueTwo", &ret->value_two, err));
	CHECK(json_get_string(at, "op", &ret->op, err));
	return 0;
}

static int parse_syscall(const struct json_at *at, struct oci_syscall *ret, struct err *err)
{
	int r;

	CHECK(json_get_strv(at, "names", &ret->names, err));
	CHECK(json_get_string(at, "action", &ret->action, err));
	CHECK(json_get_u32(at, "errnoRet", &ret->errno_ret, err));
	ret->has_errno_ret = parse_is_set(at, "errnoRet");
	return PARSE_OBJECTS(at, "args", ret->args, ret->n_args, parse_arg, err);
}

static int parse_syscalls(const struct json_at *at, struct oci_seccomp *ret, struct err *err)
{
	return PARSE_OBJECTS(at, "syscalls", ret->syscalls, ret->n_syscalls, parse_syscall, err);
}

int parse_seccomp(const struct json_at *at, struct oci_seccomp **ret, struct err *err)
{
	struct oci_seccomp *seccomp = NULL;
	struct json_at object;
	int r;

	CHECK(json_get_object(at, "seccomp", &object, err));
	if (r == 0)
		return 0;
	seccomp = xcalloc(1, sizeof(*seccomp));
	*ret = seccomp; /* the caller frees it, whatever happens */
	CHECK(json_get_string(&object, "defaultAction", &seccomp->default_action, err));
	CHECK(json_get_u32(&object, "defaultErrnoRet", &seccomp->default_errno_ret, err));
	seccomp->has_default_errno_ret = parse_is_set(&object, "defaultErrnoRet");
	CHECK(json_get_strv(&object, "architectures", &seccomp->architectures, err));
	CHECK(json_get_strv(&object, "flags", &seccomp->flags, err));
	CHECK(parse_unsupported(&object, "listenerPath", err));
	CHECK(parse_unsupported(&object, "listenerMetadata", err));
	return parse_syscalls(&object, seccomp, err);
}
