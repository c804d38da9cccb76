/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/pb_new.h"
#include "agentc/spec_pb.h"
#include "oci/spec.h"

static Grpc__User *user_to_pb(const struct oci_user *from)
{
	Grpc__User *pb = PB_NEW(Grpc__User, GRPC__USER__INIT);

	pb->uid = from->uid;
	pb->gid = from->gid;
	pb->n_additionalgids = from->n_additional_gids;
	if (from->n_additional_gids > 0)
		pb->additionalgids =
			xmemdup(from->additional_gids, from->n_additional_gids * sizeof(uint32_t));
	if (from->umask != OCI_UMASK_UNSET) {
		pb->umask_set_case = GRPC__USER__UMASK_SET_UMASK;
		pb->umask = from->umask;
	}
	return pb;
}

static Grpc__LinuxCapabilities *capabilities_to_pb(const struct oci_capabilities *from)
{
	Grpc__LinuxCapabilities *pb =
		PB_NEW(Grpc__LinuxCapabilities, GRPC__LINUX_CAPABILITIES__INIT);

	pb->bounding = pb_words(from->bounding, &pb->n_bounding);
	pb->effective = pb_words(from->effective, &pb->n_effective);
	pb->inheritable = pb_words(from->inheritable, &pb->n_inheritable);
	pb->permitted = pb_words(from->permitted, &pb->n_permitted);
	pb->ambient = pb_words(from->ambient, &pb->n_ambient);
	return pb;
}

static void rlimits_to_pb(const struct oci_process *from, Grpc__Process *pb)
{
	pb->rlimits = xcalloc(from->n_rlimits, sizeof(*pb->rlimits));
	pb->n_rlimits = from->n_rlimits;
	for (size_t i = 0; i < from->n_rlimits; i++) {
		pb->rlimits[i] = PB_NEW(Grpc__POSIXRlimit, GRPC__POSIXRLIMIT__INIT);
		pb->rlimits[i]->type = xstrdup(from->rlimits[i].type);
		pb->rlimits[i]->hard = from->rlimits[i].hard;
		pb->rlimits[i]->soft = from->rlimits[i].soft;
	}
}

static Grpc__Scheduler *scheduler_to_pb(const struct oci_scheduler *from)
{
	Grpc__Scheduler *pb = PB_NEW(Grpc__Scheduler, GRPC__SCHEDULER__INIT);

	pb->policy = pb_text(from->policy);
	pb->nice = from->nice;
	pb->priority = from->priority;
	pb->flags = pb_words(from->flags, &pb->n_flags);
	pb->runtime = from->runtime_ns;
	pb->deadline = from->deadline_ns;
	pb->period = from->period_ns;
	return pb;
}

static void priorities_to_pb(const struct oci_process *from, Grpc__Process *pb)
{
	if (from->has_oom_score_adj) {
		pb->oomscoreadj_set_case = GRPC__PROCESS__OOMSCOREADJ_SET_OOMSCORE_ADJ;
		pb->oomscoreadj = from->oom_score_adj;
	}
	if (from->scheduler.policy)
		pb->scheduler = scheduler_to_pb(&from->scheduler);
	if (from->io_priority.class) {
		pb->iopriority = PB_NEW(Grpc__IOPriority, GRPC__IOPRIORITY__INIT);
		pb->iopriority->class_ = pb_text(from->io_priority.class);
		pb->iopriority->priority = from->io_priority.priority;
	}
}

Grpc__Process *process_to_pb(const struct oci_process *from)
{
	Grpc__Process *pb = PB_NEW(Grpc__Process, GRPC__PROCESS__INIT);

	pb->terminal = from->terminal;
	pb->consolesize = PB_NEW(Grpc__Box, GRPC__BOX__INIT);
	pb->consolesize->height = from->console_height;
	pb->consolesize->width = from->console_width;
	pb->user = user_to_pb(&from->user);
	pb->args = pb_words(from->args, &pb->n_args);
	pb->env = pb_words(from->env, &pb->n_env);
	pb->cwd = pb_text(from->cwd);
	if (from->capabilities.present)
		pb->capabilities = capabilities_to_pb(&from->capabilities);
	rlimits_to_pb(from, pb);
	pb->nonewprivileges = from->no_new_privileges;
	priorities_to_pb(from, pb);
	return pb;
}
