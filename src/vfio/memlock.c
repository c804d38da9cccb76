/* SPDX-License-Identifier: Apache-2.0 */
#include "vfio/memlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"

#define STATUS_MAX 16384u

/* Whom the kernel lets lock what it likes, whatever the limit. */
static bool may_lock_all(pid_t pid)
{
	CLEANUP(free)
	char *path = pid ? xasprintf("/proc/%d/status", pid) : xstrdup("/proc/self/status");
	CLEANUP(free) char *text = NULL;
	const char *effective;

	if (file_read_at(AT_FDCWD, path, STATUS_MAX, &text) < 0)
		return false;
	effective = strstr(text, "\nCapEff:");
	return effective && strtoull(effective + strlen("\nCapEff:"), NULL, 16) >> CAP_IPC_LOCK & 1;
}

int vfio_lift_memlock(pid_t pid, struct err *err)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	if (prlimit(pid, RLIMIT_MEMLOCK, &none, NULL) == 0 || may_lock_all(pid))
		return 0;
	return err_set(
		err, EPERM,
		"the limit of locked memory (ulimit -l) cannot be lifted, for a device of "
		"the host can reach all memory of the guest: CAP_SYS_RESOURCE or CAP_IPC_LOCK "
		"is needed");
}
