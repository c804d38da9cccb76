/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/cache_server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "factory/cache_calls.h"
#include "factory/cache_client.h"
#include "factory/cache_config.h"
#include "factory/cache_guard.h"
#include "factory/cache_pool.h"

struct server {
	const struct config *config;
	const char *cache;
	struct loop *loop;
	struct pool *pool;
	struct manifest manifest;
	struct calls *calls;
	struct cache_guard guard;
	struct watch signals;
	struct watch guard_watch;
	int lock;
	int signal_fd;
	int listener;
	struct stat socket; /* the file of the listener */
};

static void server_done(struct server *server)
{
	const int fds[] = { server->lock, server->signal_fd, server->listener };

	loop_free(server->loop);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* --- its socket ------------------------------------------------------------------ */

/* Not what another has put there meanwhile. */
static bool is_ours(const struct server *server)
{
	struct stat st;

	return lstat(server->config->factory.vm_cache_endpoint, &st) == 0 &&
	       st.st_dev == server->socket.st_dev && st.st_ino == server->socket.st_ino;
}

/* Nobody answers at what is there: it may be replaced, if it is a socket. */
static int check_endpoint(const char *path, struct err *err)
{
	struct err ignored = { 0 };
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : err_errno(err, "[factory] vm_cache_endpoint: %s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, EEXIST,
			       "[factory] vm_cache_endpoint: %s is there and is no socket; name "
			       "another place, or remove it",
			       path);
	fd = unix_connect(path, &ignored);
	if (fd < 0)
		return 0;
	close(fd);
	return err_set(
		err, EBUSY,
		"[factory] vm_cache_endpoint: %s already exist, and somebody answers there.  "
		"Please stop running VMCache server and remove %s",
		path, path);
}

/* Under another name first: whoever connects to this one finds a server. */
static int listen_at_endpoint(struct server *server, struct err *err)
{
	const char *path = server->config->factory.vm_cache_endpoint;
	CLEANUP(free) char *parent = xstrndup(path, (size_t)(path_base(path) - path));
	CLEANUP(free) char *made = xasprintf("%s.%d", path, getpid());
	int r;

	r = mkdir_p(parent, 0700, err);
	if (r == 0)
		r = check_endpoint(path, err);
	if (r < 0)
		return r;
	server->listener = unix_listen(made, 0600, err);
	if (server->listener < 0)
		return server->listener;
	r = fd_set_nonblock(server->listener, true);
	if (r == 0 && (lstat(made, &server->socket) < 0 || rename(made, path) < 0))
		r = -errno;
	if (r == 0)
		return fault_point("cache endpoint", err);
	(void)unlink(made);
	return err_set(err, -r, "[factory] vm_cache_endpoint: %s", path);
}

/* --- the server ------------------------------------------------------------------ */

static void got_signal(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct server *server = container_of(watch, struct server, signals);
	struct signalfd_siginfo info;

	if (read(watch->fd, &info, sizeof(info)) == sizeof(info))
		loop_stop(server->loop, 0);
}

/* Without it a kill of us would leave machines behind. */
static void guard_died(struct watch *watch, uint32_t events __attribute__((unused)))
{
	struct server *server = container_of(watch, struct server, guard_watch);

	log_error("the guard of the VM cache, pid %d, has ended, and so does the cache",
		  server->guard.pid);
	watch_remove(watch);
	loop_stop(server->loop, -ECHILD);
}

static void pool_changed(void *data)
{
	struct server *server = data;

	calls_look(server->calls);
}

static void close_in_child(void *data)
{
	struct server *server = data;

	calls_close(server->calls);
	close(server->listener);
	close(server->signal_fd);
}

static int catch_signals(struct server *server, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signal_fd < 0)
		return err_errno(err, "signalfd");
	return loop_add(server->loop, &server->signals, server->signal_fd, EPOLLIN, got_signal,
			err);
}

static int serve(struct server *server, struct err *err)
{
	const struct pool_params params = { .config = server->config,
					    .manifest = &server->manifest,
					    .cache = server->cache,
					    .loop = server->loop,
					    .changed = pool_changed,
					    .in_child = close_in_child,
					    .data = server };
	int r;

	r = listen_at_endpoint(server, err);
	if (r < 0)
		return r;
	server->pool = pool_new(&params);
	r = calls_new(server->loop, server->pool, server->config, &server->manifest,
		      server->listener, &server->calls, err);
	if (r == 0) {
		pool_fill(server->pool);
		r = loop_run(server->loop, err);
	}
	calls_free(take_ptr(server->calls));
	pool_free(server->pool);
	if (is_ours(server))
		(void)unlink(server->config->factory.vm_cache_endpoint);
	return r;
}

static int begin(struct server *server, struct err *err)
{
	int r = cache_config_begin(server->config, &server->manifest, err);

	if (r == 0)
		r = loop_new(&server->loop, err);
	if (r == 0)
		r = catch_signals(server, err);
	if (r == 0)
		r = cache_guard_start(server->config, server->cache, &server->guard, err);
	if (r < 0)
		return r;
	r = fault_point("cache guard", err);
	return r == 0 ? loop_add(server->loop, &server->guard_watch, server->guard.pidfd, EPOLLIN,
				 guard_died, err)
		      : r;
}

int cache_serve(const struct config *config, const char *cache, struct err *err)
{
	__attribute__((cleanup(server_done))) struct server server = { .config = config,
								       .cache = cache,
								       .guard = CACHE_GUARD_INIT,
								       .lock = -1,
								       .signal_fd = -1,
								       .listener = -1 };
	struct err at_end = { 0 };
	int ended;
	int r;

	server.lock = cache_lock(config, cache, err);
	if (server.lock < 0)
		return server.lock;
	r = begin(&server, err);
	if (r == 0)
		r = serve(&server, err);
	ended = cache_guard_end(&server.guard, &at_end);
	if (r == 0 && ended < 0)
		*err = at_end;
	return r < 0 ? r : ended;
}
