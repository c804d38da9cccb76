/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pb_read.h"
#include "agent/spec_pb.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/spec.h"

static void capabilities_from_pb(const Grpc__LinuxCapabilities *pb, struct oci_capabilities *ret)
{
	ret->present = true;
	ret->bounding = read_words(pb->n_bounding, pb->bounding);
	ret->effective = read_words(pb->n_effective, pb->effective);
	ret->inheritable = read_words(pb->n_inheritable, pb->inheritable);
	ret->permitted = read_words(pb->n_permitted, pb->permitted);
	ret->ambient = read_words(pb->n_ambient, pb->ambient);
}

static void user_from_pb(const Grpc__User *pb, struct oci_user *ret)
{
	ret->uid = pb->uid;
	ret->gid = pb->gid;
	ret->n_additional_gids = pb->n_additionalgids;
	if (pb->n_additionalgids > 0)
		ret->additional_gids =
			xmemdup(pb->additionalgids, pb->n_additionalgids * sizeof(uint32_t));
	if (pb->umask_set_case == GRPC__USER__UMASK_SET_UMASK)
		ret->umask = pb->umask;
}

static void rlimits_from_pb(const Grpc__Process *pb, struct oci_process *ret)
{
	ret->rlimits = xcalloc(pb->n_rlimits, sizeof(*ret->rlimits));
	ret->n_rlimits = pb->n_rlimits;
	for (size_t i = 0; i < pb->n_rlimits; i++)
		ret->rlimits[i] = (struct oci_rlimit){ xstrdup(pb->rlimits[i]->type),
						       pb->rlimits[i]->hard, pb->rlimits[i]->soft };
}

static void scheduler_from_pb(const Grpc__Scheduler *pb, struct oci_scheduler *ret)
{
	ret->policy = read_text(pb->policy);
	ret->nice = pb->nice;
	ret->priority = pb->priority;
	ret->flags = read_words(pb->n_flags, pb->flags);
	ret->runtime_ns = pb->runtime;
	ret->deadline_ns = pb->deadline;
	ret->period_ns = pb->period;
}

static void priorities_from_pb(const Grpc__Process *pb, struct oci_process *ret)
{
	if (pb->oomscoreadj_set_case == GRPC__PROCESS__OOMSCOREADJ_SET_OOMSCORE_ADJ) {
		ret->has_oom_score_adj = true;
		ret->oom_score_adj = pb->oomscoreadj;
	}
	if (pb->scheduler)
		scheduler_from_pb(pb->scheduler, &ret->scheduler);
	if (pb->iopriority) {
		ret->io_priority.class = read_text(pb->iopriority->class_);
		ret->io_priority.priority = pb->iopriority->priority;
	}
}

int process_from_pb(const Grpc__Process *pb, struct oci_process *ret, struct err *err)
{
	ret->terminal = pb->terminal;
	if (pb->consolesize) {
		ret->console_height = pb->consolesize->height;
		ret->console_width = pb->consolesize->width;
	}
	if (pb->user)
		user_from_pb(pb->user, &ret->user);
	ret->args = read_words(pb->n_args, pb->args);
	ret->env = read_words(pb->n_env, pb->env);
	ret->cwd = xstrdup(str_empty(pb->cwd) ? "/" : pb->cwd);
	if (pb->capabilities)
		capabilities_from_pb(pb->capabilities, &ret->capabilities);
	rlimits_from_pb(pb, ret);
	ret->no_new_privileges = pb->nonewprivileges;
	priorities_from_pb(pb, ret);
	return oci_process_check(ret, "process.", err);
}
