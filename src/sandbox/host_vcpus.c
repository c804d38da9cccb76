/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_vcpus.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/proc.h"
#include "cgroup/split.h"
#include "oci/spec.h"
#include "sandbox/paths.h"
#include "sandbox/persist.h"
#include "vm/plug.h"
#include "vm/vm.h"

#define PERIOD_US 1000000 /* openEuler's; so the quota is µs of processor time in a second */
#define SHARES    1024    /* of one processor, as every cgroup begins with */

int64_t host_vcpus_millis(const struct sandbox_record *record, int64_t vcpus)
{
	int64_t millis = record->cgroups.cpu_millis;

	/* What was plugged in later is there as a whole. */
	return millis > 0 && vcpus <= record->policy.first.vcpus ? millis : vcpus * 1000;
}

static int limit(const struct sandbox_record *record, int64_t vcpus, struct err *err)
{
	int64_t millis = host_vcpus_millis(record, vcpus);
	const struct oci_resources resources = {
		.cpu_period = PERIOD_US,
		.cpu_quota = millis * PERIOD_US / 1000,
		.cpu_shares = (uint64_t)millis * SHARES / 1000,
	};
	int r = cgroup_split_limit(record->cgroups.path, &resources, err);

	if (r == 0 || r == -ENOENT)
		return r;
	/* A cgroup above may allow less than that, or this kernel may not limit processors. */
	log_warn("sandbox %s: its vCPUs are not limited to %lld.%03lld processors: %s", record->id,
		 (long long)millis / 1000, (long long)millis % 1000, err->text);
	*err = (struct err){ 0 };
	return 0;
}

static int move_threads(const struct sandbox_record *record, struct err *err)
{
	CLEANUP(free) char *dir = paths_vm(record->id);
	CLEANUP(plug_close) struct plug *plug = NULL;
	CLEANUP(free) pid_t *vcpus = NULL;
	struct proc_id qemu = { 0 };
	size_t n = 0;
	int r;

	r = plug_open(dir, &plug, err);
	if (r == 0)
		r = plug_vcpu_threads(plug, &vcpus, &n, err);
	if (r == 0 && vm_process(dir, &qemu) < 0)
		r = err_set_as(err, ERR_MACHINE_ENDED, ESRCH,
			       "the virtual machine of %s has no process", record->id);
	if (r == 0)
		r = cgroup_split_threads(record->cgroups.path, qemu.pid, vcpus, n, err);
	return r;
}

int host_vcpus_settle(const struct sandbox_record *record, int64_t vcpus, struct err *err)
{
	int r;

	if (record->cgroups.mode != CGROUP_SPLIT)
		return 0;
	r = limit(record, vcpus, err);
	if (r == -ENOENT) { /* said when it was not made */
		*err = (struct err){ 0 };
		return 0;
	}
	r = r == 0 ? move_threads(record, err) : r;
	if (r < 0)
		return err_prefix(err, "[runtime] sandbox_cgroup_with_emulator");
	return fault_point("vCPUs settled", err);
}
