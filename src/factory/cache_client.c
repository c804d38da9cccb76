/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/cache_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "cache.pb-c.h"
#include "config/config.h"
#include "factory/cache_config.h"
#include "factory/cache_machine.h"
#include "factory/cache_server.h"
#include "vm/share.h"
#include "vm/vm.h"

#define SERVICE    (&cache__cache_service__descriptor)
#define CONNECT_MS 2000u
#define ANSWER_MS  5000u
#define QUIT_MS    20000u
#define LOOK_MS    20
#define DATA_MAX   (64u << 10)

static int connect_server(const struct config *config, struct ttrpc_peer *ret, struct err *err)
{
	const char *endpoint = config->factory.vm_cache_endpoint;
	CLEANUP(free) char *url = xasprintf("unix://%s", endpoint);
	struct err why = { 0 };
	int r = ttrpc_peer_connect(ret, url, "the VM cache server", deadline_in(CONNECT_MS), &why);

	if (r == 0)
		return 0;
	if (r == -ECANCELED) {
		*err = why;
		return r;
	}
	return err_set(err, ENOTCONN, "failed to connect \"%s\": %s", endpoint, why.text);
}

static int call(struct ttrpc_peer *server, const char *method, uint64_t timeout_ms,
		ttrpc_take_fn take, void *data, struct err *err)
{
	Cache__Empty message = CACHE__EMPTY__INIT;
	int r = ttrpc_peer_call(server, SERVICE, method, &message.base, deadline_in(timeout_ms),
				take, data, err);

	return r < 0 && r != -ECANCELED && r != -EAGAIN
		       ? err_prefix(err, "failed to call %s", method)
		       : r;
}

static int take_config(void *data, const ProtobufCMessage *response, struct err *err)
{
	const Cache__GrpcVMConfig *message = (const Cache__GrpcVMConfig *)response;
	struct manifest *manifest = data;

	if (message->data.len > DATA_MAX)
		return err_set(err, EBADMSG, "Config: %zu bytes, at most %u are allowed",
			       message->data.len, DATA_MAX);
	return manifest_parse((const char *)message->data.data, message->data.len, manifest, err);
}

static int check_config(const struct config *config, struct ttrpc_peer *server, struct err *err)
{
	struct manifest manifest = { 0 };
	int r = call(server, "Config", ANSWER_MS, take_config, &manifest, err);

	return r == 0 ? cache_config_check(&manifest, config, err) : r;
}

struct promise {
	char id[CACHE_ID_LEN + 1];
	uint32_t vcpus;
	uint32_t memory_mib;
};

static int take_machine(void *data, const ProtobufCMessage *response, struct err *err)
{
	const Cache__GrpcVM *message = (const Cache__GrpcVM *)response;
	struct promise *promise = data;

	if (!cache_machine_is_name(message->id) || message->cpu == 0 || message->memory == 0)
		return err_set(err, EBADMSG, "GetBaseVM: '%.40s' is no machine", message->id);
	(void)snprintf(promise->id, sizeof(promise->id), "%s", message->id);
	promise->vcpus = message->cpu;
	promise->memory_mib = message->memory;
	return 0;
}

/* It stays where it is until the lock is given back. */
static int lock_machine(struct cached *cached, struct err *err)
{
	CLEANUP(free) char *vm = xasprintf("%s/" CACHE_VM, cached->dir);
	CLEANUP(free) char *mounts = xasprintf("%s/" CACHE_SHARE "/" SHARE_MOUNTS, cached->dir);
	struct proc_id process = { 0 };

	cached->lock = open(cached->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (cached->lock < 0)
		return err_errno(err, "%s", cached->dir);
	if (flock(cached->lock, LOCK_EX | LOCK_NB) < 0)
		return err_errno(err, "lock %s", cached->dir);
	if (vm_process(vm, &process) < 0 || !proc_alive(&process))
		return err_set(err, ESRCH, "%s: the virtual machine has ended", cached->dir);
	/* What we mount there has to reach its virtiofsd. */
	if (!is_mount_point(mounts))
		return err_set(
			err, EXDEV,
			"%s is not mounted here: the VM cache server has to run in our mount "
			"namespace",
			mounts);
	return 0;
}

static int get(const struct config *config, const char *cache, struct cached *ret, struct err *err)
{
	struct promise promise = { .vcpus = 0 };
	int r = connect_server(config, &ret->server, err);

	if (r == 0)
		r = check_config(config, &ret->server, err);
	if (r == 0)
		r = call(&ret->server, "GetBaseVM", CACHE_WAIT_MS, take_machine, &promise, err);
	if (r < 0)
		return r;
	ret->dir = xasprintf("%s/%s", cache, promise.id);
	ret->vcpus = promise.vcpus;
	ret->memory_mib = promise.memory_mib;
	return lock_machine(ret, err);
}

int cache_get(const struct config *config, const char *cache, struct cached *ret, struct err *err)
{
	int r = get(config, cache, ret, err);

	if (r < 0)
		cached_done(ret);
	return r;
}

static int move(const struct cached *cached, const char *name, const char *to, struct err *err)
{
	if (renameat(cached->lock, name, AT_FDCWD, to) < 0)
		return err_errno(err, "take %s/%s as %s", cached->dir, name, to);
	return 0;
}

int cache_take(struct cached *cached, const char *vm, const char *share, struct err *err)
{
	int r = fault_point("machine promised", err);

	/* Without its share it is nobody's, and its server ends it; with both it is ours. */
	if (r == 0)
		r = move(cached, CACHE_SHARE, share, err);
	if (r == 0)
		r = fault_point("share taken", err);
	if (r == 0)
		r = move(cached, CACHE_VM, vm, err);
	if (r < 0) /* what has been moved: the server finds neither or both */
		(void)renameat(AT_FDCWD, share, cached->lock, CACHE_SHARE);
	return r == 0 ? fault_point("machine taken", err) : r;
}

void cached_done(struct cached *cached)
{
	/* The lock first: the server looks as soon as the connection ends. */
	if (cached->lock >= 0)
		close(cached->lock);
	ttrpc_peer_done(&cached->server);
	free(cached->dir);
	*cached = (struct cached)CACHED_INIT;
}

static int take_status(void *data, const ProtobufCMessage *response,
		       struct err *err __attribute__((unused)))
{
	const Cache__GrpcStatus *message = (const Cache__GrpcStatus *)response;
	struct cache_status *status = data;

	status->server = (pid_t)message->pid;
	status->n = message->n_vmstatus;
	status->machines = xcalloc(status->n + 1, sizeof(*status->machines));
	for (size_t i = 0; i < status->n; i++)
		status->machines[i] = (struct cache_machine_status){
			.pid = (pid_t)message->vmstatus[i]->pid,
			.vcpus = message->vmstatus[i]->cpu,
			.memory_mib = message->vmstatus[i]->memory,
		};
	return 0;
}

int cache_ask_status(const struct config *config, struct cache_status *ret, struct err *err)
{
	struct ttrpc_peer server = { .fd = -1 };
	int r = connect_server(config, &server, err);

	if (r == 0)
		r = call(&server, "Status", ANSWER_MS, take_status, ret, err);
	ttrpc_peer_done(&server);
	return r;
}

void cache_status_done(struct cache_status *status)
{
	free(status->machines);
	status->machines = NULL;
}

int cache_ask_config(const struct config *config, struct err *err)
{
	struct ttrpc_peer server = { .fd = -1 };
	int r = connect_server(config, &server, err);

	if (r == 0)
		r = check_config(config, &server, err);
	ttrpc_peer_done(&server);
	return r;
}

/* Server, workers and guard hold it as long as one of them lives. */
static int wait_unlocked(const char *cache, uint64_t deadline, struct err *err)
{
	CLEANUP(close) int fd = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0) {
		if (deadline_left(deadline) == 0)
			return err_set(err, ETIMEDOUT,
				       "the VM cache server was told to end and is still there");
		(void)poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

int cache_quit(const struct config *config, const char *cache, struct err *err)
{
	struct ttrpc_peer server = { .fd = -1 };
	int r = connect_server(config, &server, err);

	if (r == 0)
		r = call(&server, "Quit", ANSWER_MS, NULL, NULL, err);
	ttrpc_peer_done(&server);
	return r == 0 ? wait_unlocked(cache, deadline_in(QUIT_MS), err) : r;
}
