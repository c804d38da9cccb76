/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/metrics.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "agentc/agentc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/metrics_text.h"
#include "base/str.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"
#include "sandbox/sandbox.h"
#include "vm/vm.h"

#define PROC      "/proc"
#define SHIMS_MAX 512u

static void add_hypervisor(pid_t pid, struct buf *out)
{
	const struct metrics_process qemu = { .pid = pid };
	CLEANUP(free) char *dir = xasprintf(PROC "/%d", pid);

	metrics_processes(out, "kata_hypervisor", NULL, &qemu, 1, PROC);
	metrics_interfaces(out, "kata_hypervisor_netdev", dir); /* of its network namespace */
}

static void add_shims(const char *sid, struct buf *out)
{
	CLEANUP(strv_free) char **members = sandbox_members(sid);
	CLEANUP(free) struct metrics_process *list = xcalloc(SHIMS_MAX, sizeof(*list));
	size_t n = 0;

	for (char **member = members; member && *member && n < SHIMS_MAX; member++) {
		__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
		struct err ignored = { 0 };

		if (container_look(*member, &view, &ignored) < 0 || !proc_alive(&view.record->shim))
			continue;
		list[n++] =
			(struct metrics_process){ .pid = view.record->shim.pid, .label = *member };
	}
	metrics_processes(out, "kata_shim", "container_id", list, n, PROC);
}

static int add_guest(const char *sid, uint64_t timeout_ms, struct metrics_text *metrics,
		     struct err *err)
{
	static const char *const prefixes[] = { "kata_guest_", "kata_agent_", NULL };
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	CLEANUP(free) char *text = NULL;
	size_t left_out;
	int r;

	r = sandbox_connect(sid, &agent, err);
	if (r == 0)
		r = agentc_metrics(agent, deadline_in(timeout_ms), &text, err);
	if (r < 0)
		return r;
	left_out = metrics_text_take(metrics, text, prefixes, NULL, NULL);
	if (left_out > 0)
		log_warn("sandbox %s: %zu lines of its metrics are left out: they are not as the "
			 "agent makes them",
			 sid, left_out);
	return 0;
}

int sandbox_metrics(const char *sid, uint64_t timeout_ms, char **ret, bool *ret_silent,
		    struct err *err)
{
	static const char *const ours[] = { "kata_hypervisor_", "kata_shim_", NULL };
	__attribute__((cleanup(metrics_text_done))) struct metrics_text metrics = { 0 };
	__attribute__((cleanup(buf_donep))) struct buf own = { 0 };
	CLEANUP(free) char *vm = paths_vm(sid);
	CLEANUP(free) char *text = NULL;
	struct err guest = { 0 };
	struct proc_id qemu = { 0 };

	if (vm_process(vm, &qemu) < 0 || !proc_alive(&qemu))
		return err_set(err, ESRCH, "sandbox %s: its virtual machine does not run", sid);
	add_hypervisor(qemu.pid, &own);
	add_shims(sid, &own);
	text = buf_take_string(&own);
	(void)metrics_text_take(&metrics, text, ours, NULL, NULL);
	*ret_silent = add_guest(sid, timeout_ms, &metrics, &guest) < 0;
	if (*ret_silent)
		log_warn("sandbox %s: no metrics of its guest: %s", sid, guest.text);
	*ret = metrics_text_all(&metrics);
	return 0;
}

char **sandboxes_running(void)
{
	CLEANUP(free) char *path = paths_sandboxes();
	DIR *dir = opendir(path);
	struct dirent *entry;
	char **running = NULL;

	while (dir && (entry = readdir(dir))) {
		CLEANUP(free) char *vm = NULL;

		if (entry->d_name[0] == '.' || sandbox_is_stale(entry->d_name))
			continue;
		vm = paths_vm(entry->d_name);
		if (vm_is_alive(vm))
			strv_add(&running, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return running;
}

int container_sandbox(const char *id, char **ret, struct err *err)
{
	return mapping_find(id, ret, err);
}
