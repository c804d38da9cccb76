/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "oci/spec.h"
#include "sandbox/host_cgroup.h"
#include "sandbox/paths.h"
#include "sandbox/persist.h"
#include "vm/vm.h"

#define SANDBOXES 400u /* that a host is to have room for: openEuler's 200, two of each */

int64_t host_files_choose(int64_t wanted, uint64_t file_max)
{
	uint64_t share = file_max / SANDBOXES;

	if (wanted < 0)
		return 0;
	if (wanted > 0)
		return wanted < FILES_LEAST ? FILES_LEAST : wanted;
	if (share > INT64_MAX)
		share = INT64_MAX;
	return share < FILES_LEAST ? 0 : (int64_t)share;
}

/* Of the whole host; 0 when it cannot be told. */
static uint64_t host_file_max(void)
{
	CLEANUP(free) char *text = NULL;
	uint64_t max = 0;

	if (file_read_at(AT_FDCWD, "/proc/sys/fs/file-max", 64, &text) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return str_to_u64(text, 0, UINT64_MAX, &max) < 0 ? 0 : max;
}

static int limit_qemu(const struct sandbox_record *record, int64_t files, struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(record->id);
	struct rlimit limit = { 0 };
	struct proc_id qemu = { 0 };

	if (vm_process(dir, &qemu) < 0 || !proc_alive(&qemu))
		return err_set_as(err, ERR_MACHINE_ENDED, ESRCH,
				  "the virtual machine of %s has ended", record->id);
	/* What we may have ourselves is what the host lets a process have. */
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_errno(err, "read the limit of open files");
	if (files > 0 && (rlim_t)files < limit.rlim_max)
		limit.rlim_max = (rlim_t)files;
	limit.rlim_cur = limit.rlim_max;
	if (prlimit(qemu.pid, RLIMIT_NOFILE, &limit, NULL) < 0)
		return err_errno(err, "limit the open files of process %d to %lld", qemu.pid,
				 (long long)limit.rlim_max);
	return 0;
}

int host_files_limit(const struct sandbox_record *record, const char *path,
		     const struct oci_resources *resources, bool is_new, struct err *err)
{
	struct oci_resources files = { .files_limit = resources->files_limit };
	CLEANUP(cgroup_free) struct cgroup *cgroup = NULL;
	int r;

	if (files.files_limit == 0 && (!is_new || record->cgroups.mode != CGROUP_SPLIT))
		return 0;
	files.files_limit = host_files_choose(resources->files_limit, host_file_max());
	if (files.files_limit == 0 && is_new) {
		if (resources->files_limit == 0)
			log_warn("sandbox %s: its open files are not limited: a share of "
				 "/proc/sys/fs/file-max would be less than %d",
				 record->id, FILES_LEAST);
		return 0;
	}
	if (files.files_limit == 0)
		files.files_limit = -1;
	r = host_cgroup_open(path, &cgroup, err);
	if (r == 0)
		r = cgroup ? cgroup_apply(cgroup, &files, err) : -ENOTSUP;
	if (r != -ENOTSUP)
		return r;
	*err = (struct err){ 0 };
	r = limit_qemu(record, files.files_limit, err);
	return r < 0 ? err_prefix(err, "linux.resources.files.limit") : 0;
}
