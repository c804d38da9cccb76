/* SPDX-License-Identifier: Apache-2.0 */
#include "vfio/memlock.h"

#include <stddef.h>
#include <sys/resource.h>

#include "base/err.h"

int vfio_lift_memlock(pid_t pid, struct err *err)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	if (prlimit(pid, RLIMIT_MEMLOCK, &none, NULL) < 0)
		return err_errno(err,
				 "lift the limit of locked memory (ulimit -l), for a device of the "
				 "host can reach all memory of the guest");
	return 0;
}
