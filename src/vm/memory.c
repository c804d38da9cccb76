/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine's memory is made of, and whether the host can give it. */
#include <errno.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "hypervisor/hugepages.h"
#include "vm/internal.h"

#define MIB ((uint64_t)1 << 20)

/* What is in memory from the start, and is not to be swapped out, is kept there. */
enum memory_lock vm_memory_lock(const struct config *config)
{
	if (config->hypervisor.enable_swap)
		return MEMORY_LOCK_OFF;
	return config->hypervisor.enable_mem_prealloc && !config->hypervisor.enable_hugepages
		       ? MEMORY_LOCK_ON
		       : MEMORY_LOCK_DEFAULT;
}

/* CAP_IPC_LOCK, with which RLIMIT_MEMLOCK does not count. */
static bool may_lock_all(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK));
}

static int check_lock(uint64_t mib, struct err *err)
{
	struct rlimit limit = { 0 };

	if (may_lock_all() || getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur / MIB > mib)
		return 0;
	return err_set_as(
		err, ERR_MEMORY_LOCK, EPERM,
		"[hypervisor.qemu] enable_mem_prealloc: without enable_swap the %llu MiB "
		"are locked in memory, but the limit (ulimit -l) is %llu kB and there is no "
		"CAP_IPC_LOCK; raise the limit, or set enable_swap = true",
		(unsigned long long)mib, (unsigned long long)limit.rlim_cur >> 10);
}

/* A file system that is full kills QEMU (SIGBUS) when the guest writes to its memory. */
static int check_directory(const char *path, uint64_t mib, struct err *err)
{
	static const char key[] = "[hypervisor.qemu] file_mem_backend";
	struct statvfs fs = { 0 };
	struct stat st = { 0 };
	uint64_t free_mib;

	if (stat(path, &st) < 0)
		return err_errno_as(err, ERR_MEMORY_DIRECTORY, "%s: %s", key, path);
	if (!S_ISDIR(st.st_mode))
		return err_set_as(err, ERR_MEMORY_DIRECTORY, ENOTDIR, "%s: %s is not a directory",
				  key, path);
	if (access(path, W_OK | X_OK) < 0)
		return err_errno_as(err, ERR_MEMORY_DIRECTORY, "%s: %s", key, path);
	if (statvfs(path, &fs) < 0)
		return err_errno_as(err, ERR_MEMORY_DIRECTORY, "%s: %s", key, path);
	free_mib = (uint64_t)fs.f_bavail * fs.f_frsize / MIB;
	if (fs.f_blocks == 0 || free_mib >= mib) /* hugetlbfs without a size= says 0 */
		return 0;
	return err_set_as(err, ERR_MEMORY_DIRECTORY, ENOSPC,
			  "%s: %s has %llu MiB free, the virtual machine needs %llu MiB", key, path,
			  (unsigned long long)free_mib, (unsigned long long)mib);
}

int vm_memory_check(const struct config *config, uint64_t mib, struct err *err)
{
	const char *path = config->hypervisor.file_mem_backend;
	int r = 0;

	if (!str_empty(path) && config->hypervisor.enable_hugepages)
		return err_set_as(err, ERR_CONFIG, EINVAL,
				  "[hypervisor.qemu] file_mem_backend: with enable_hugepages the "
				  "memory is not in %s; set one of the two",
				  path);
	if (config->hypervisor.enable_hugepages)
		r = hugepages_check("", mib * MIB, err);
	if (r == 0 && !str_empty(path))
		r = check_directory(path, mib, err);
	if (r == 0 && vm_memory_lock(config) == MEMORY_LOCK_ON)
		r = check_lock(mib, err);
	return r;
}
