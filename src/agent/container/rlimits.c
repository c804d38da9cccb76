/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/rlimits.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"
#include "oci/spec.h"

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};

static int resource_of(const char *type, struct err *err)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (str_eq(limits[i].name, type))
			return limits[i].resource;
	return err_set(err, EINVAL, "process.rlimits: unknown limit '%s'", type);
}

static int check_score(const struct oci_process *process, struct err *err)
{
	if (!process->has_oom_score_adj ||
	    (process->oom_score_adj >= -1000 && process->oom_score_adj <= 1000))
		return 0;
	return err_set(err, EINVAL, "process.oomScoreAdj: %lld, not -1000 to 1000",
		       (long long)process->oom_score_adj);
}

int rlimits_check(const struct oci_process *process, struct err *err)
{
	unsigned seen = 0;

	for (size_t i = 0; i < process->n_rlimits; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];
		int resource = resource_of(limit->type, err);

		if (resource < 0)
			return resource;
		if (seen & 1u << resource)
			return err_set(err, EINVAL, "process.rlimits: %s is given twice",
				       limit->type);
		if (limit->soft > limit->hard)
			return err_set(err, EINVAL,
				       "process.rlimits: %s: soft limit %llu is over the hard "
				       "limit %llu",
				       limit->type, (unsigned long long)limit->soft,
				       (unsigned long long)limit->hard);
		seen |= 1u << resource;
	}
	return check_score(process, err);
}

int rlimits_set_score(const struct oci_process *process, struct err *err)
{
	char text[32];

	if (!process->has_oom_score_adj)
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)process->oom_score_adj);
	if (file_write("/proc/self/oom_score_adj", text, err) < 0)
		return err_prefix(err, "process.oomScoreAdj");
	return 0;
}

int rlimits_set(const struct oci_process *process, struct err *err)
{
	int r = rlimits_check(process, err);

	for (size_t i = 0; r == 0 && i < process->n_rlimits; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];
		struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };

		r = resource_of(limit->type, err);
		if (r >= 0 && setrlimit((unsigned)r, &value) < 0)
			return err_errno(err, "process.rlimits: set %s to %llu, %llu", limit->type,
					 (unsigned long long)limit->soft,
					 (unsigned long long)limit->hard);
		r = r < 0 ? r : 0;
	}
	return r;
}
