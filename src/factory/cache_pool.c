/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/cache_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/config.h"
#include "factory/cache_config.h"
#include "factory/cache_machine.h"
#include "vm/vm.h"

#define WORKERS_MAX   8u     /* that start machines at once; no more than there are processors */
#define REMOVE_MS     60000u /* for whoever is just taking it */
#define RETRY_MS      1000u  /* after a machine that did not start; doubled with each */
#define RETRY_MAX_MS  60000u
#define REFILL_MS     1000u /* who has just got a machine needs the processors first */
#define WORDS_MAX     1024u
#define WORKER_FAILED 1
#define WORKER_STALE  2 /* machines of this configuration cannot be had any more */

enum pool_state {
	POOL_STARTING,
	POOL_READY,
	POOL_PROMISED,
	POOL_DEAD, /* promised, and ended of itself */
	POOL_REMOVING,
};

struct pool_machine {
	struct pool_machine *next;
	struct pool *pool;
	enum pool_state state;
	char id[CACHE_ID_LEN + 1];
	char *dir;
	pid_t worker; /* 0: none */
	struct watch worker_watch;
	struct watch qemu_watch;
	struct watch share_watch;
	pid_t qemu;
	int output; /* the end of a pipe: what its programs say while nobody else reads it */
};

struct pool {
	struct pool_params params;
	struct pool_machine *machines;
	struct timer timer;
	uint64_t not_before; /* no machine is started */
	unsigned failures;   /* in a row */
	bool stale;
};

struct pool *pool_new(const struct pool_params *params)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->params = *params;
	return pool;
}

static void unwatch(struct watch *watch)
{
	if (!watch->loop)
		return;
	watch_remove(watch);
	close(watch->fd);
}

static void stop_watching(struct pool_machine *machine)
{
	unwatch(&machine->qemu_watch);
	unwatch(&machine->share_watch);
	if (machine->output >= 0)
		close(take_fd(&machine->output));
}

static void machine_free(struct pool_machine *machine)
{
	struct pool_machine **at = &machine->pool->machines;

	while (*at != machine)
		at = &(*at)->next;
	*at = machine->next;
	stop_watching(machine);
	unwatch(&machine->worker_watch);
	free(machine->dir);
	free(machine);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	/* All at once: their ends overlap. */
	for (struct pool_machine *m = pool->machines; m; m = m->next)
		if (m->worker > 0)
			(void)kill(m->worker, SIGKILL);
	while (pool->machines) {
		if (pool->machines->worker > 0)
			(void)waitpid(pool->machines->worker, NULL, 0);
		machine_free(pool->machines);
	}
	timer_cancel(&pool->timer);
	free(pool);
}

static unsigned count(const struct pool *pool, enum pool_state state)
{
	unsigned n = 0;

	for (const struct pool_machine *m = pool->machines; m; m = m->next)
		n += m->state == state;
	return n;
}

unsigned pool_n_starting(const struct pool *pool)
{
	return count(pool, POOL_STARTING);
}

size_t pool_ready(const struct pool *pool, pid_t **ret)
{
	size_t n = 0;

	*ret = xcalloc(count(pool, POOL_READY) + 1, sizeof(**ret));
	for (const struct pool_machine *m = pool->machines; m; m = m->next)
		if (m->state == POOL_READY)
			(*ret)[n++] = m->qemu;
	return n;
}

const char *pool_machine_id(const struct pool_machine *machine)
{
	return machine->id;
}

/* --- workers --------------------------------------------------------------------- */

static int start(const struct pool_machine *machine, struct err *err)
{
	const struct pool_params *params = &machine->pool->params;
	int r = cache_config_check(params->manifest, params->config, err);

	if (r == 0)
		r = cache_machine_start(params->config, machine->dir, err);
	/* What was replaced while it booted may not be what it booted. */
	return r == 0 ? cache_config_check(params->manifest, params->config, err) : r;
}

static int run_start(const struct pool_machine *machine)
{
	struct err err = { 0 };
	int r;

	fault_begin("cache-start");
	r = start(machine, &err);
	if (r == -ESTALE)
		log_tell("the VM cache starts no machine any more: %s; end it and start it anew",
			 err.text);
	else if (r < 0)
		log_tell("a virtual machine for the cache did not start: %s", err.text);
	if (r == 0)
		return 0;
	return r == -ESTALE ? WORKER_STALE : WORKER_FAILED;
}

static int run_remove(const struct pool_machine *machine)
{
	struct err err = { 0 };
	int r;

	fault_begin("cache-remove");
	r = cache_machine_remove(machine->dir, false, deadline_in(REMOVE_MS), &err);
	if (r < 0)
		log_warn("a virtual machine of the cache stays: %s", err.text);
	return r < 0 ? WORKER_FAILED : 0;
}

__attribute__((noreturn)) static void child_main(struct pool_machine *machine, pid_t parent,
						 int (*run)(const struct pool_machine *machine))
{
	sigset_t none;

	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(WORKER_FAILED);
	(void)setsid(); /* ^C is for our parent */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	machine->pool->params.in_child(machine->pool->params.data);
	_exit(run(machine));
}

static int start_worker(struct pool_machine *machine, enum pool_state state, watch_fn ended,
			int (*run)(const struct pool_machine *machine))
{
	struct err err = { 0 };
	pid_t parent = getpid();
	pid_t pid = fork();
	int fd;

	if (pid == 0)
		child_main(machine, parent, run);
	fd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 || loop_add(machine->pool->params.loop, &machine->worker_watch, fd, EPOLLIN,
			       ended, &err) < 0) {
		log_error("the VM cache cannot start a process: %s",
			  err.code ? err.text : strerrordesc_np(errno));
		if (fd >= 0)
			close(fd);
		if (pid > 0) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
		}
		return -EAGAIN;
	}
	machine->worker = pid;
	machine->state = state;
	return 0;
}

/* The exit code of its worker, which has ended. */
static int end_worker(struct pool_machine *machine)
{
	int status = 0;

	(void)waitpid(machine->worker, &status, 0);
	machine->worker = 0;
	unwatch(&machine->worker_watch);
	return WIFEXITED(status) ? WEXITSTATUS(status) : WORKER_FAILED;
}

static void removed(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct pool_machine *machine = container_of(watch, struct pool_machine, worker_watch);

	/* What was not removed is told; it goes with the cache at the latest. */
	(void)end_worker(machine);
	machine_free(machine);
}

static void remove_machine(struct pool_machine *machine)
{
	stop_watching(machine);
	if (start_worker(machine, POOL_REMOVING, removed, run_remove) < 0)
		machine_free(machine);
}

/* --- machines -------------------------------------------------------------------- */

static void look_again(struct timer *timer)
{
	pool_fill(container_of(timer, struct pool, timer));
}

static void fill_in(struct pool *pool, uint64_t delay_ms)
{
	pool->not_before = deadline_in(delay_ms);
	pool_fill(pool);
}

static void failed(struct pool *pool)
{
	unsigned shift = pool->failures < 6 ? pool->failures : 6;
	uint64_t delay = RETRY_MS << shift;

	pool->failures++;
	fill_in(pool, delay < RETRY_MAX_MS ? delay : RETRY_MAX_MS);
	pool->params.changed(pool->params.data);
}

/* A machine that is ready, or promised, has ended of itself. */
static void died(struct pool_machine *machine, const char *program)
{
	char words[WORDS_MAX];
	ssize_t n = machine->output < 0 ? 0 : read(machine->output, words, sizeof(words) - 1);

	words[n > 0 ? n : 0] = '\0';
	log_warn("a virtual machine of the cache has ended: %s, pid %d: %s", program, machine->qemu,
		 n > 0 ? str_printable(words) : "it said nothing");
	if (machine->state == POOL_PROMISED) { /* whoever has it sees that, too */
		stop_watching(machine);
		machine->state = POOL_DEAD;
		return;
	}
	remove_machine(machine);
	fill_in(machine->pool, RETRY_MS);
}

static void qemu_died(struct watch *watch, uint32_t events __attribute__((unused)))
{
	died(container_of(watch, struct pool_machine, qemu_watch), "QEMU");
}

static void share_died(struct watch *watch, uint32_t events __attribute__((unused)))
{
	died(container_of(watch, struct pool_machine, share_watch), "virtiofsd");
}

static int watch_process(struct pool_machine *machine, const struct proc_id *process,
			 struct watch *watch, watch_fn fn)
{
	CLEANUP(close) int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	struct err ignored = { 0 };

	/* Asked last: until here the pid may have become somebody else's. */
	if (fd < 0 || !proc_alive(process) ||
	    loop_add(machine->pool->params.loop, watch, fd, EPOLLIN, fn, &ignored) < 0)
		return -ESRCH;
	(void)take_fd(&fd);
	return 0;
}

static int watch_machine(struct pool_machine *machine)
{
	CLEANUP(free) char *vm = xasprintf("%s/" CACHE_VM, machine->dir);
	CLEANUP(free) char *output = NULL;
	struct proc_id process = { 0 };
	int r = vm_process(vm, &process);

	machine->qemu = process.pid;
	if (r == 0)
		r = watch_process(machine, &process, &machine->qemu_watch, qemu_died);
	output = xasprintf("/proc/%d/fd/2", process.pid);
	machine->output = open(output, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (r == 0 && vm_share_process(vm, &process) == 0)
		r = watch_process(machine, &process, &machine->share_watch, share_died);
	return r;
}

static void started(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct pool_machine *machine = container_of(watch, struct pool_machine, worker_watch);
	struct pool *pool = machine->pool;
	int code = end_worker(machine);

	machine->state = POOL_READY;
	if (code == 0 && watch_machine(machine) == 0) {
		pool->failures = 0;
		pool_fill(pool);
		pool->params.changed(pool->params.data);
		return;
	}
	pool->stale |= code == WORKER_STALE;
	remove_machine(machine);
	failed(pool);
}

static int start_one(struct pool *pool)
{
	struct pool_machine *machine = xcalloc(1, sizeof(*machine));
	struct err err = { 0 };

	machine->pool = pool;
	machine->output = -1;
	machine->next = pool->machines;
	pool->machines = machine;
	if (cache_machine_name(machine->id, &err) < 0)
		log_error("%s", err.text);
	machine->dir = xasprintf("%s/%s", pool->params.cache, machine->id);
	if (!err.code && start_worker(machine, POOL_STARTING, started, run_start) == 0)
		return 0;
	machine_free(machine);
	return -EAGAIN;
}

static unsigned workers_max(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors < 1                   ? 1
	       : processors < (long)WORKERS_MAX ? (unsigned)processors
						: WORKERS_MAX;
}

void pool_fill(struct pool *pool)
{
	unsigned wanted = (unsigned)pool->params.config->factory.vm_cache_number;
	unsigned starting = count(pool, POOL_STARTING);
	unsigned have = starting + count(pool, POOL_READY);

	timer_cancel(&pool->timer);
	if (have >= wanted || pool->stale)
		return;
	if (now_ms() < pool->not_before) {
		timer_set(pool->params.loop, &pool->timer, pool->not_before, look_again);
		return;
	}
	for (; have < wanted && starting < workers_max(); have++, starting++) {
		if (start_one(pool) < 0) {
			pool->not_before = deadline_in(RETRY_MS);
			timer_set(pool->params.loop, &pool->timer, pool->not_before, look_again);
			return;
		}
	}
}

struct pool_machine *pool_promise(struct pool *pool)
{
	struct pool_machine *oldest = NULL;

	for (struct pool_machine *m = pool->machines; m; m = m->next)
		if (m->state == POOL_READY)
			oldest = m;
	if (oldest)
		oldest->state = POOL_PROMISED;
	return oldest;
}

static bool has(const struct pool_machine *machine, const char *name)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", machine->dir, name);

	return access(path, F_OK) == 0;
}

void pool_settle(struct pool_machine *machine)
{
	struct pool *pool = machine->pool;
	bool given_back = has(machine, CACHE_VM);

	if (given_back && has(machine, CACHE_SHARE) && machine->state == POOL_PROMISED) {
		machine->state = POOL_READY;
		pool->params.changed(pool->params.data);
		return;
	}
	/* Also what is left when it was taken: its directory. */
	remove_machine(machine);
	if (given_back || count(pool, POOL_READY) == 0)
		pool_fill(pool);
	else
		fill_in(pool, REFILL_MS);
}
