/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/cache_machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/config.h"
#include "factory/factory.h"
#include "vm/share.h"
#include "vm/vm.h"

#define BOOT_FILE  "boot" /* in which boot of the host the machines were started */
#define DESTROY_MS 5000u
#define LOCK_MS    10

int cache_machine_name(char ret[CACHE_ID_LEN + 1], struct err *err)
{
	uint64_t number = 0;

	if (getentropy(&number, 6) < 0)
		return err_errno(err, "random numbers for a name");
	(void)snprintf(ret, CACHE_ID_LEN + 1, "m%012" PRIx64, number);
	return 0;
}

bool cache_machine_is_name(const char *name)
{
	return strlen(name) == CACHE_ID_LEN && *name == 'm' &&
	       strspn(name + 1, "0123456789abcdef") == CACHE_ID_LEN - 1;
}

static int boot(const struct config *config, const char *dir, struct factory_base *base,
		struct err *err)
{
	CLEANUP(free) char *machine = xasprintf("%s/" CACHE_VM, dir);
	CLEANUP(free) char *share = xasprintf("%s/" CACHE_SHARE "/" SHARE_EXPORT, dir);
	CLEANUP(free) char *socket = xasprintf("%s/proxy.sock", dir);
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	CLEANUP(vm_free) struct vm *vm = NULL;
	unsigned vcpus = (unsigned)config->hypervisor.default_vcpus;
	uint64_t memory_mib = (uint64_t)config->hypervisor.default_memory;
	/* All machines of a cache have one size. */
	bool clone = base->kind == FACTORY_CLONE && base->template.vcpus == vcpus &&
		     base->template.memory_mib == memory_mib;
	int r;

	r = vm_boot(&(struct vm_params){ .config = config,
					 .id = path_base(dir),
					 .dir = machine,
					 .proxy_socket = socket,
					 .share = share,
					 .vcpus = vcpus,
					 .memory_mib = memory_mib,
					 .image = clone ? &base->template.image : NULL,
					 .netns = -1 },
		    &vm, err);
	if (r == 0)
		r = fault_point("cache machine started", err);
	if (r == 0)
		r = vm_wait_agent(vm, &agent, err);
	if (r == 0)
		r = fault_point("cache machine answered", err);
	agentc_free(take_ptr(agent));
	return r == 0 ? vm_park(vm, err) : r;
}

int cache_machine_start(const struct config *config, const char *dir, struct err *err)
{
	CLEANUP(free) char *share = xasprintf("%s/" CACHE_SHARE, dir);
	struct factory_base base = FACTORY_BASE_INIT;
	int r;

	/* Not in the host's, as long as it is nobody's. */
	if (unshare(CLONE_NEWNET) < 0)
		return err_errno(err, "make a network namespace");
	r = mkdir_p(dir, 0700, err);
	if (r == 0)
		r = fault_point("cache machine directory", err);
	if (r == 0)
		r = share_dir_make(share, err);
	if (r == 0)
		r = factory_choose_template(config, (unsigned)config->hypervisor.default_vcpus,
					    (uint64_t)config->hypervisor.default_memory, &base,
					    err);
	if (r == 0)
		r = boot(config, dir, &base, err);
	factory_base_done(&base);
	return r == 0 ? fault_point("cache machine ready", err) : r;
}

/* Whoever holds it takes it, or removes it: both are short. */
static int lock_until(int fd, uint64_t deadline)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (deadline_left(deadline) == 0)
			return -ETIMEDOUT;
		(void)poll(NULL, 0, LOCK_MS);
	}
	return 0;
}

int cache_machine_remove(const char *dir, bool stale, uint64_t deadline, struct err *err)
{
	CLEANUP(free) char *machine = xasprintf("%s/" CACHE_VM, dir);
	CLEANUP(free) char *share = xasprintf("%s/" CACHE_SHARE, dir);
	CLEANUP(close) int lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (lock < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s", dir);
	r = lock_until(lock, deadline);
	if (r < 0)
		return err_set(err, -r, "lock %s", dir);
	r = stale ? 0 : vm_destroy(machine, deadline_in(DESTROY_MS), err);
	if (r == 0)
		r = fault_point("cache machine ended", err);
	if (r == 0)
		r = share_dir_remove(share, err);
	return r == 0 ? rm_tree(dir, err) : r;
}

/* Pids of another boot are somebody else's by now. */
static bool is_stale(const char *cache)
{
	CLEANUP(free) char *path = xasprintf("%s/" BOOT_FILE, cache);
	CLEANUP(free) char *then = NULL;
	struct err ignored = { 0 };
	char now[BOOT_ID_LEN];

	return file_read_at(AT_FDCWD, path, BOOT_ID_LEN, &then) == 0 &&
	       boot_id_read(now, &ignored) == 0 && !str_eq(then, now);
}

int cache_machines_stamp(const char *cache, struct err *err)
{
	CLEANUP(free) char *path = xasprintf("%s/" BOOT_FILE, cache);
	char boot_id[BOOT_ID_LEN];
	int r = boot_id_read(boot_id, err);

	return r == 0 ? file_replace_at(AT_FDCWD, path, boot_id, strlen(boot_id), 0600, err) : r;
}

bool cache_machines_sweep(const char *cache, uint64_t deadline)
{
	DIR *dir = opendir(cache);
	bool stale = is_stale(cache);
	struct dirent *entry;
	bool done = true;

	while (dir && (entry = readdir(dir))) {
		CLEANUP(free) char *path = xasprintf("%s/%s", cache, entry->d_name);
		struct err err = { 0 };

		if (!cache_machine_is_name(entry->d_name) ||
		    cache_machine_remove(path, stale, deadline, &err) == 0)
			continue;
		log_warn("a virtual machine of the cache, which nobody uses, stays: %s", err.text);
		done = false;
	}
	if (dir)
		closedir(dir);
	return done;
}
