/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/ttrpc_status.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	enum ttrpc_code code;
	int error;
} pairs[] = {
	{ TTRPC_CANCELLED, ECANCELED },
	{ TTRPC_INVALID_ARGUMENT, EINVAL },
	{ TTRPC_DEADLINE_EXCEEDED, ETIMEDOUT },
	{ TTRPC_NOT_FOUND, ENOENT },
	{ TTRPC_ALREADY_EXISTS, EEXIST },
	{ TTRPC_PERMISSION_DENIED, EACCES },
	{ TTRPC_PERMISSION_DENIED, EPERM },
	{ TTRPC_RESOURCE_EXHAUSTED, ENOSPC },
	{ TTRPC_RESOURCE_EXHAUSTED, ENOMEM },
	{ TTRPC_FAILED_PRECONDITION, ESRCH },
	{ TTRPC_ABORTED, EAGAIN },
	{ TTRPC_OUT_OF_RANGE, ERANGE },
	{ TTRPC_UNIMPLEMENTED, ENOSYS },
	{ TTRPC_UNAVAILABLE, EPIPE },
};

#define N_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

enum ttrpc_code ttrpc_code_of_errno(int code)
{
	for (size_t i = 0; i < N_PAIRS; i++)
		if (pairs[i].error == code)
			return pairs[i].code;
	return TTRPC_INTERNAL;
}

int ttrpc_errno_of_code(int code)
{
	for (size_t i = 0; i < N_PAIRS; i++)
		if ((int)pairs[i].code == code)
			return pairs[i].error;
	return EIO;
}
