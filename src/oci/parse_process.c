/* SPDX-License-Identifier: Apache-2.0 */
/* The object "process". Source: runtime-spec 1.2, config.md, "Process". */
#include <errno.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "oci/check.h"
#include "oci/parse.h"
#include "oci/spec.h"

static int parse_gids(const struct json_at *user, struct oci_user *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r;

	CHECK(json_get_array(user, "additionalGids", &array, &n, err));
	if (n == 0)
		return 0;
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

static int parse_rlimit(const struct json_at *at, struct oci_rlimit *ret, struct err *err)
{
	int r;

	CHECK(json_get_string(at, "type", &ret->type, err));
	CHECK(json_get_u64(at, "hard", &ret->hard, err));
	CHECK(json_get_u64(at, "soft", &ret->soft, err));
	return ret->type ? 0 : parse_missing(at, "type", err);
}

static int parse_rlimits(const struct json_at *at, struct oci_process *ret, struct err *err)
{
	return PARSE_OBJECTS(at, "rlimits", ret->rlimits, ret->n_rlimits, parse_rlimit, err);
}

static int parse_scheduler(const struct json_at *at, struct oci_scheduler *ret, struct err *err)
{
	struct json_at scheduler;
	int r;

	CHECK(json_get_object(at, "scheduler", &scheduler, err));
	if (r == 0)
		return 0;
	CHECK(parse_text(&scheduler, "policy", &ret->policy, err));
	CHECK(parse_i32(&scheduler, "nice", &ret->nice, err));
	CHECK(parse_i32(&scheduler, "priority", &ret->priority, err));
	CHECK(json_get_strv(&scheduler, "flags", &ret->flags, err));
	CHECK(json_get_u64(&scheduler, "runtime", &ret->runtime_ns, err));
	CHECK(json_get_u64(&scheduler, "deadline", &ret->deadline_ns, err));
	CHECK(json_get_u64(&scheduler, "period", &ret->period_ns, err));
	return ret->policy ? 0 : parse_missing(&scheduler, "policy", err);
}

static int parse_io_priority(const struct json_at *at, struct oci_io_priority *ret, struct err *err)
{
	struct json_at io;
	int r;

	CHECK(json_get_object(at, "ioPriority", &io, err));
	if (r == 0)
		return 0;
	CHECK(parse_text(&io, "class", &ret->class, err));
	CHECK(parse_i32(&io, "priority", &ret->priority, err));
	return ret->class ? 0 : parse_missing(&io, "class", err);
}

static int parse_console(const struct json_at *at, struct oci_process *ret, struct err *err)
{
	struct json_at size;
	int r;

	CHECK(json_get_bool(at, "terminal", &ret->terminal, err));
	CHECK(json_get_object(at, "consoleSize", &size, err));
	if (r == 0)
		return 0;
	CHECK(json_get_u32(&size, "height", &ret->console_height, err));
	CHECK(json_get_u32(&size, "width", &ret->console_width, err));
	return 0;
}

int parse_process(const struct json_at *at, struct oci_process *ret, struct err *err)
{
	int r;

	CHECK(parse_console(at, ret, err));
	CHECK(parse_user(at, &ret->user, err));
	CHECK(json_get_strv(at, "args", &ret->args, err));
	CHECK(json_get_strv(at, "env", &ret->env, err));
	CHECK(json_get_string(at, "cwd", &ret->cwd, err));
	CHECK(parse_capabilities(at, &ret->capabilities, err));
	CHECK(parse_rlimits(at, ret, err));
	CHECK(json_get_bool(at, "noNewPrivileges", &ret->no_new_privileges, err));
	CHECK(json_get_i64(at, "oomScoreAdj", &ret->oom_score_adj, err));
	ret->has_oom_score_adj = parse_is_set(at, "oomScoreAdj");
	CHECK(parse_scheduler(at, &ret->scheduler, err));
	CHECK(parse_io_priority(at, &ret->io_priority, err));
	CHECK(parse_unsupported(at, "execCPUAffinity", err));
	parse_dropped(at, "apparmorProfile");
	parse_dropped(at, "selinuxLabel");
	return 0;
}
