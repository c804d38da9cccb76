/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/scheduling.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h> /* <sched.h> defines some of it again */
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"

#define NICE_MIN     (-20)
#define NICE_MAX     19
#define PRIORITY_MAX 99 /* sched(7) */
#define IO_LEVEL_MAX 7  /* ioprio_set(2) */
#define SCHED_ISO    4  /* reserved in the kernel, which refuses it */

struct word {
	const char *name;
	unsigned value;
};

static const struct word policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", SCHED_ISO },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ NULL, 0 },
};

static const struct word sched_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

static const struct word io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

static const struct word domains[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
	{ NULL, 0 },
};

static int look_up(const struct word *words, const char *field, const char *name, unsigned *ret,
		   struct err *err)
{
	for (; words->name; words++)
		if (str_eq(words->name, name)) {
			*ret = words->value;
			return 0;
		}
	return err_set(err, EINVAL, "%s: unknown value '%s'", field, name);
}

static int check_deadline(const struct oci_scheduler *s, unsigned policy, struct err *err)
{
	bool given = s->runtime_ns > 0 || s->deadline_ns > 0 || s->period_ns > 0;

	if (policy != SCHED_DEADLINE)
		return given ? err_set(err, EINVAL,
				       "process.scheduler: %s takes no runtime, deadline or period",
				       s->policy)
			     : 0;
	if (s->runtime_ns > 0 && s->runtime_ns <= s->deadline_ns &&
	    (s->period_ns == 0 || s->deadline_ns <= s->period_ns))
		return 0;
	return err_set(err, EINVAL,
		       "process.scheduler: runtime %llu, deadline %llu, period %llu: not "
		       "0 < runtime <= deadline <= period",
		       (unsigned long long)s->runtime_ns, (unsigned long long)s->deadline_ns,
		       (unsigned long long)s->period_ns);
}

static int check_priorities(const struct oci_scheduler *s, unsigned policy, struct err *err)
{
	bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;

	if (s->nice < NICE_MIN || s->nice > NICE_MAX)
		return err_set(err, EINVAL, "process.scheduler.nice: %d, not %d to %d", s->nice,
			       NICE_MIN, NICE_MAX);
	if (!realtime && s->priority != 0)
		return err_set(err, EINVAL, "process.scheduler.priority: %s takes none", s->policy);
	if (realtime && (s->priority < 1 || s->priority > PRIORITY_MAX))
		return err_set(err, EINVAL, "process.scheduler.priority: %d, not 1 to %d for %s",
			       s->priority, PRIORITY_MAX, s->policy);
	return 0;
}

static int read_scheduler(const struct oci_scheduler *s, struct sched_attr *ret, struct err *err)
{
	unsigned policy = 0;
	unsigned flag = 0;
	int r;

	r = look_up(policies, "process.scheduler.policy", s->policy, &policy, err);
	if (r == 0)
		r = check_priorities(s, policy, err);
	if (r == 0)
		r = check_deadline(s, policy, err);
	if (r < 0)
		return r;
	*ret = (struct sched_attr){ .size = sizeof(*ret),
				    .sched_policy = policy,
				    .sched_nice = s->nice,
				    .sched_priority = (unsigned)s->priority,
				    .sched_runtime = s->runtime_ns,
				    .sched_deadline = s->deadline_ns,
				    .sched_period = s->period_ns };
	for (char **name = s->flags; name && *name; name++) {
		r = look_up(sched_flags, "process.scheduler.flags", *name, &flag, err);
		if (r < 0)
			return r;
		ret->sched_flags |= flag;
	}
	return 0;
}

static int read_io_priority(const struct oci_io_priority *io, unsigned *ret, struct err *err)
{
	unsigned class = 0;
	int r = look_up(io_classes, "process.ioPriority.class", io->class, &class, err);

	if (r < 0)
		return r;
	if (io->priority < 0 || io->priority > IO_LEVEL_MAX)
		return err_set(err, EINVAL, "process.ioPriority.priority: %d, not 0 to %d",
			       io->priority, IO_LEVEL_MAX);
	*ret = IOPRIO_PRIO_VALUE(class, (unsigned)io->priority);
	return 0;
}

int scheduling_check(const struct oci_process *process, struct err *err)
{
	struct sched_attr attr = { 0 };
	unsigned io = 0;
	int r = 0;

	if (process->scheduler.policy)
		r = read_scheduler(&process->scheduler, &attr, err);
	if (r == 0 && process->io_priority.class)
		r = read_io_priority(&process->io_priority, &io, err);
	return r;
}

static int set_scheduler(const struct oci_scheduler *s, struct err *err)
{
	struct sched_attr attr = { 0 };
	int r = read_scheduler(s, &attr, err);

	if (r < 0)
		return r;
	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return err_errno(err, "process.scheduler: set %s", s->policy);
	return 0;
}

static int set_io_priority(const struct oci_io_priority *io, struct err *err)
{
	unsigned value = 0;
	int r = read_io_priority(io, &value, err);

	if (r < 0)
		return r;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) < 0)
		return err_errno(err, "process.ioPriority: set %s, %d", io->class, io->priority);
	return 0;
}

int scheduling_set(const struct oci_process *process, struct err *err)
{
	int r = 0;

	if (process->scheduler.policy)
		r = set_scheduler(&process->scheduler, err);
	if (r == 0 && process->io_priority.class)
		r = set_io_priority(&process->io_priority, err);
	return r;
}

int scheduling_set_personality(const char *domain, struct err *err)
{
	unsigned value = 0;
	int r;

	if (!domain)
		return 0;
	r = look_up(domains, "linux.personality.domain", domain, &value, err);
	if (r < 0)
		return r;
	return personality(value) < 0 ? err_errno(err, "linux.personality.domain %s", domain) : 0;
}
