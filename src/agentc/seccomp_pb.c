/* SPDX-License-Identifier: Apache-2.0 */
#include "agentc/pb_new.h"
#include "oci/spec.h"

static Grpc__LinuxSyscall *syscall_to_pb(const struct oci_syscall *from)
{
	Grpc__LinuxSyscall *pb = PB_NEW(Grpc__LinuxSyscall, GRPC__LINUX_SYSCALL__INIT);

	pb->names = pb_words(from->names, &pb->n_names);
	pb->action = pb_text(from->action);
	if (from->has_errno_ret) {
		pb->errnoret_set_case = GRPC__LINUX_SYSCALL__ERRNORET_SET_ERRNORET;
		pb->errnoret = from->errno_ret;
	}
	pb->args = xcalloc(from->n_args, sizeof(*pb->args));
	pb->n_args = from->n_args;
	for (size_t i = 0; i < from->n_args; i++) {
		pb->args[i] = PB_NEW(Grpc__LinuxSeccompArg, GRPC__LINUX_SECCOMP_ARG__INIT);
		pb->args[i]->index = from->args[i].index;
		pb->args[i]->value = from->args[i].value;
		pb->args[i]->valuetwo = from->args[i].value_two;
		pb->args[i]->op = pb_text(from->args[i].op);
	}
	return pb;
}

Grpc__LinuxSeccomp *seccomp_to_pb(const struct oci_seccomp *from)
{
	Grpc__LinuxSeccomp *pb = PB_NEW(Grpc__LinuxSeccomp, GRPC__LINUX_SECCOMP__INIT);

	pb->defaultaction = pb_text(from->default_action);
	if (from->has_default_errno_ret) {
		pb->defaulterrnoret_set_case =
			GRPC__LINUX_SECCOMP__DEFAULTERRNORET_SET_DEFAULT_ERRNO_RET;
		pb->defaulterrnoret = from->default_errno_ret;
	}
	pb->architectures = pb_words(from->architectures, &pb->n_architectures);
	pb->flags = pb_words(from->flags, &pb->n_flags);
	pb->syscalls = xcalloc(from->n_syscalls, sizeof(*pb->syscalls));
	pb->n_syscalls = from->n_syscalls;
	for (size_t i = 0; i < from->n_syscalls; i++)
		pb->syscalls[i] = syscall_to_pb(&from->syscalls[i]);
	return pb;
}
