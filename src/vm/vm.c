/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/vm.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/interrupt.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "hypervisor/qemu_migrate.h"
#include "hypervisor/qmp.h"
#include "vm/ended.h"
#include "vm/internal.h"

#define QEMU_START_MS  15000u /* openEuler patch 0001 */
#define QEMU_END_MS    300u
#define LAST_WORDS_MS  2000u
#define RESEED_LEN     256u /* what getentropy() gives at once */
#define CID_TEXT_MAX   16u
#define VSOCK_TRY_MS   500u
#define VSOCK_RETRY_MS 10

static const char *const programs[] = { VM_QEMU_RECORD, VM_PROXY_RECORD, VM_SHARE_RECORD,
					VM_NETMON_RECORD };

#define N_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

struct vm *vm_new(const struct vm_params *params)
{
	struct vm *vm = xcalloc(1, sizeof(*vm));

	vm->stderr_fd = -1;
	vm->state_fd = -1;
	vm->dirfd = -1;
	vm->dir = xstrdup(params->dir);
	vm->proxy_socket = xstrdup(params->proxy_socket);
	vm->kernel = xstrdup(params->config->hypervisor.kernel);
	vm->image = xstrdup(config_image(params->config));
	vm->start_ms = QEMU_START_MS;
	/* It takes all of its memory before it answers: a gigabyte a second, if it is slow. */
	if (params->config->hypervisor.enable_mem_prealloc)
		vm->start_ms += params->memory_mib;
	vm->dial_ms = (uint64_t)params->config->agent.dial_timeout * 1000;
	return vm;
}

int vm_open_dir(struct vm *vm, struct err *err)
{
	vm->dirfd = open(vm->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return vm->dirfd < 0 ? err_errno(err, "open %s", vm->dir) : 0;
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->dirfd >= 0)
		close(vm->dirfd);
	if (vm->stderr_fd >= 0)
		close(vm->stderr_fd);
	if (vm->state_fd >= 0)
		close(vm->state_fd);
	free(vm->proxy_socket);
	free(vm->kernel);
	free(vm->image);
	free(vm->dir);
	free(vm);
}

static char *read_stderr(const struct vm *vm)
{
	char data[4096];
	ssize_t n = read(vm->stderr_fd, data, sizeof(data) - 1); /* the pipe does not block */

	return n > 0 ? xasprintf("== qemu\n%.*s\n", (int)n, data) : NULL;
}

/* Why the guest is silent, in one clause; owned. */
static char *last_words(const struct vm *vm)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *unread = NULL;
	CLEANUP(free) char *all = NULL;

	/* The proxy writes them when QEMU ends, or when it is asked to end itself. */
	(void)proc_signal(&vm->proxy, SIGTERM);
	(void)proc_wait_gone(&vm->proxy, deadline_in(LAST_WORDS_MS));
	(void)file_read_at(vm->dirfd, VM_LAST_WORDS, VM_LAST_WORDS_MAX, &text);
	unread = read_stderr(vm);
	all = xasprintf("%s%s", unread ? unread : "", text ? text : "");
	return ended_words(all);
}

/* Who is to blame, as far as the last words do not tell. */
static enum err_id blame(const struct vm *vm, bool alive, bool had_proxy, const struct err *why)
{
	if (!alive)
		return ERR_QEMU_DIED;
	if (vm->virtiofsd.pid > 0 && !proc_alive(&vm->virtiofsd))
		return ERR_VIRTIOFSD_DIED;
	if (!had_proxy)
		return ERR_PROXY_DIED;
	return why->id != ERR_NONE ? why->id : ERR_AGENT_SILENT;
}

static int silent(const struct vm *vm, const struct err *why, struct err *err)
{
	bool had_proxy = proc_alive(&vm->proxy); /* its last words are its end */
	CLEANUP(free) char *words = last_words(vm);
	enum err_id id = ended_by_words(words);
	/* A machine that is about to end gets the time to. */
	bool alive = proc_wait_gone(&vm->qemu, deadline_in(QEMU_END_MS)) < 0;
	const char *what =
		alive ? "runs but its agent does not answer" : "ended before its agent answered";

	if (id == ERR_NONE)
		id = blame(vm, alive, had_proxy, why);
	if (!words)
		words = xasprintf("it printed nothing (%.200s)", why->text);
	return err_set_as(err, id, EIO,
			  "the virtual machine %s: %.400s; kernel %.150s, image %.150s", what,
			  words, vm->kernel, vm->image);
}

char *vm_agent_url(const char *dir, const char *proxy_socket)
{
	CLEANUP(free) char *path = xasprintf("%s/" VM_VSOCK_CID, dir);
	CLEANUP(free) char *cid = NULL;

	if (file_read_at(AT_FDCWD, path, CID_TEXT_MAX, &cid) < 0)
		return xasprintf("unix://%s", proxy_socket);
	return xasprintf("vsock://%s:%u", cid, DIAL_AGENT_PORT);
}

/*
 * kata-proxy listens from the first moment. An agent with a vsock does not, and
 * nothing on the host tells when it does.
 */
static int connect_agent(const struct vm *vm, uint64_t deadline, struct agentc **ret,
			 struct err *err)
{
	CLEANUP(free) char *url = vm_agent_url(vm->dir, vm->proxy_socket);
	bool vsock = str_starts(url, "vsock:");
	int r;

	for (;;) {
		r = agentc_connect(url, vsock ? deadline_in(VSOCK_TRY_MS) : deadline, ret, err);
		if (r == 0 || !vsock || deadline_left(deadline) == 0 || !proc_alive(&vm->qemu))
			return r;
		r = interrupt_check(err);
		if (r < 0)
			return r;
		(void)poll(NULL, 0, VSOCK_RETRY_MS);
	}
}

/* So far it has the time of when it was saved or got ready, and a clone its template's random
 * numbers. */
static int wake(struct agentc *agent, uint64_t deadline, struct err *err)
{
	uint8_t seed[RESEED_LEN];
	int r;

	r = getentropy(seed, sizeof(seed)) < 0 ? err_errno(err, "random numbers for the guest") : 0;
	if (r == 0)
		r = agentc_reseed(agent, seed, sizeof(seed), deadline, err);
	return r == 0 ? agentc_set_clock(agent, deadline, err) : r;
}

int vm_wait_agent(struct vm *vm, struct agentc **ret, struct err *err)
{
	CLEANUP(free) char *socket = xasprintf("%s/qmp.sock", vm->dir);
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	CLEANUP(qmp_free) struct qmp *qmp = NULL;
	struct err why = { 0 };
	uint64_t deadline;
	int r;

	r = qmp_connect(socket, deadline_in(vm->start_ms), &qmp, &why);
	deadline = deadline_in(vm->dial_ms);
	if (r == 0 && vm->state_fd >= 0)
		r = qemu_load(qmp, vm->state_fd, deadline, &why);
	if (r == 0)
		r = connect_agent(vm, deadline, &agent, &why);
	if (r == 0)
		r = vm->state_fd < 0 && !vm->ready ? agentc_check(agent, deadline, &why)
						   : wake(agent, deadline, &why);
	if (r == -ECANCELED) {
		*err = why;
		return r;
	}
	if (r < 0)
		return silent(vm, &why, err);
	*ret = take_ptr(agent);
	return 0;
}

static int read_process(const char *dir, const char *record, struct proc_id *ret)
{
	CLEANUP(close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -ENOENT : proc_record_read(fd, record, ret);
}

int vm_process(const char *dir, struct proc_id *ret)
{
	return read_process(dir, VM_QEMU_RECORD, ret);
}

int vm_proxy_process(const char *dir, struct proc_id *ret)
{
	return read_process(dir, VM_PROXY_RECORD, ret);
}

int vm_share_process(const char *dir, struct proc_id *ret)
{
	return read_process(dir, VM_SHARE_RECORD, ret);
}

static bool is_running(int dirfd, const char *record)
{
	struct proc_id id = { 0 };

	return proc_record_read(dirfd, record, &id) == 0 && proc_alive(&id);
}

bool vm_is_alive(const char *dir)
{
	CLEANUP(close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/*
	 * Without its proxy a machine cannot be reached any more (design E8), and without
	 * virtiofsd, if it has one, the guest hangs.
	 */
	return fd >= 0 && is_running(fd, VM_QEMU_RECORD) && is_running(fd, VM_PROXY_RECORD) &&
	       (faccessat(fd, VM_SHARE_RECORD, F_OK, 0) < 0 || is_running(fd, VM_SHARE_RECORD));
}

/* All at once: their ends overlap. */
static void kill_programs(int dirfd, struct proc_id ids[N_PROGRAMS])
{
	for (size_t i = 0; i < N_PROGRAMS; i++)
		if (proc_record_read(dirfd, programs[i], &ids[i]) == 0)
			(void)proc_signal(&ids[i], SIGKILL);
}

void vm_kill(const char *dir)
{
	CLEANUP(close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_id ids[N_PROGRAMS] = { 0 };

	if (fd >= 0)
		kill_programs(fd, ids);
}

int vm_destroy(const char *dir, uint64_t deadline, struct err *err)
{
	CLEANUP(close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_id ids[N_PROGRAMS] = { 0 };

	if (fd < 0)
		return 0;
	kill_programs(fd, ids);
	for (size_t i = 0; i < N_PROGRAMS; i++)
		if (proc_kill(&ids[i], deadline) < 0)
			return err_set_as(err, ERR_DOES_NOT_END, ETIMEDOUT,
					  "process %d (%s) does not end", ids[i].pid, programs[i]);
	return rm_tree(dir, err);
}
