/* SPDX-License-Identifier: Apache-2.0 */
/* The object "linux.seccomp". Source: runtime-spec 1.2, config-linux.md, "Seccomp". */
#include "base/json.h"
#include "base/mem.h"
#include "oci/parse.h"
#include "oci/spec.h"

static int parse_args(const struct json_at *at, struct oci_syscall *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r;

	CHECK(json_get_array(at, "args", &array, &n, err));
	ret->args = xcalloc(n, sizeof(*ret->args));
	for (size_t i = 0; i < n; i++) {
		struct oci_seccomp_arg *arg = &ret->args[i];
		struct json_at item;

		CHECK(json_item_object(&array, i, &item, err));
		ret->n_args = i + 1;
		CHECK(json_get_u32(&item, "index", &arg->index, err));
		CHECK(json_get_u64(&item, "value", &arg->value, err));
		CHECK(json_get_u64(&item, "valueTwo", &arg->value_two, err));
		CHECK(json_get_string(&item, "op", &arg->op, err));
	}
	return 0;
}

static int parse_syscall(const struct json_at *at, struct oci_syscall *ret, struct err *err)
{
	int r;

	CHECK(json_get_strv(at, "names", &ret->names, err));
	CHECK(json_get_string(at, "action", &ret->action, err));
	CHECK(json_get_u32(at, "errnoRet", &ret->errno_ret, err));
	ret->has_errno_ret = parse_is_set(at, "errnoRet");
	return parse_args(at, ret, err);
}

static int parse_syscalls(const struct json_at *at, struct oci_seccomp *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r;

	CHECK(json_get_array(at, "syscalls", &array, &n, err));
	ret->syscalls = xcalloc(n, sizeof(*ret->syscalls));
	for (size_t i = 0; i < n; i++) {
		struct json_at item;

		CHECK(json_item_object(&array, i, &item, err));
		ret->n_syscalls = i + 1;
		CHECK(parse_syscall(&item, &ret->syscalls[i], err));
	}
	return 0;
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
