/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "agent/pb_read.h"
#include "base/err.h"
#include "base/mem.h"
#include "oci/check.h"
#include "oci/spec.h"

static int args_from_pb(const Grpc__LinuxSyscall *pb, struct oci_syscall *ret, struct err *err)
{
	ret->args = xcalloc(pb->n_args, sizeof(*ret->args));
	ret->n_args = pb->n_args;
	for (size_t i = 0; i < pb->n_args; i++) {
		const Grpc__LinuxSeccompArg *from = pb->args[i];

		if (from->index > UINT32_MAX)
			return err_set(err, EINVAL,
				       "linux.seccomp: index %" PRIu64 " of an argument is over "
				       "%" PRIu32,
				       from->index, UINT32_MAX);
		ret->args[i] = (struct oci_seccomp_arg){ .index = (uint32_t)from->index,
							 .value = from->value,
							 .value_two = from->valuetwo,
							 .op = read_text(from->op) };
	}
	return 0;
}

int seccomp_from_pb(const Grpc__LinuxSeccomp *pb, struct oci_seccomp **ret, struct err *err)
{
	struct oci_seccomp *seccomp = xcalloc(1, sizeof(*seccomp));
	int r;

	*ret = seccomp;
	seccomp->default_action = read_text(pb->defaultaction);
	if (pb->defaulterrnoret_set_case ==
	    GRPC__LINUX_SECCOMP__DEFAULTERRNORET_SET_DEFAULT_ERRNO_RET) {
		seccomp->has_default_errno_ret = true;
		seccomp->default_errno_ret = pb->defaulterrnoret;
	}
	seccomp->architectures = read_words(pb->n_architectures, pb->architectures);
	seccomp->flags = read_words(pb->n_flags, pb->flags);
	seccomp->syscalls = xcalloc(pb->n_syscalls, sizeof(*seccomp->syscalls));
	seccomp->n_syscalls = pb->n_syscalls;
	for (size_t i = 0; i < pb->n_syscalls; i++) {
		const Grpc__LinuxSyscall *from = pb->syscalls[i];
		struct oci_syscall *to = &seccomp->syscalls[i];

		to->names = read_words(from->n_names, from->names);
		to->action = read_text(from->action);
		to->has_errno_ret =
			from->errnoret_set_case == GRPC__LINUX_SYSCALL__ERRNORET_SET_ERRNORET;
		to->errno_ret = to->has_errno_ret ? from->errnoret : 0;
		CHECK(args_from_pb(from, to, err));
	}
	return 0;
}
