/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order matters and is runc's: while the mounts are made, the process is
 * still root with all capabilities and sees the agent's file system; then the
 * root is switched; only after GO are the terminal, the limits and the identity
 * set, and nothing that the container wrote is looked at with more rights than
 * the container's own, but for /etc/passwd and the program itself.
 */
#include "agent/container/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/container/control.h"
#include "agent/container/identity.h"
#include "agent/container/launch.h"
#include "agent/container/namespaces.h"
#include "agent/container/own_program.h"
#include "agent/container/rootfs.h"
#include "agent/container/tty.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "oci/spec.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *env_value(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (str_starts(*env, name) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

/* The container's PATH decides, as execvp(3) would with its environment. Owned, or NULL. */
static char *find_program(const char *name, char *const *env, int *ret_error)
{
	const char *path = env_value(env, "PATH");
	CLEANUP(strv_free) char **dirs = strv_split(path ? path : DEFAULT_PATH, ":");

	*ret_error = ENOENT;
	if (strchr(name, '/'))
		return xstrdup(name);
	for (char **dir = dirs; dir && *dir; dir++) {
		CLEANUP(free) char *candidate = xasprintf("%s/%s", *dir, name);
		struct stat st;

		if (stat(candidate, &st) < 0 || S_ISDIR(st.st_mode))
			continue;
		if (access(candidate, X_OK) == 0)
			return take_ptr(candidate);
		*ret_error = EACCES;
	}
	return NULL;
}

/* runc's words: Docker derives its exit codes 126 and 127 from them. */
static int exec_program(const struct oci_process *process, char **env, struct err *err)
{
	const char *name = process->args[0];
	CLEANUP(free) char *program = NULL;
	int reason = 0;

	program = find_program(name, env, &reason);
	if (!program && reason == ENOENT)
		return err_set(err, ENOENT, "exec: \"%s\": executable file not found in $PATH",
			       name);
	if (!program)
		return err_set(err, reason, "exec: \"%s\": permission denied", name);

	if (own_program_is(program))
		return err_set(err, EACCES, "exec: \"%s\": permission denied", name);
	execve(program, process->args, env);
	reason = errno;
	if (reason == ENOENT)
		return err_set(err, reason, "exec: \"%s\": stat %s: no such file or directory",
			       name, program);
	if (reason == EACCES)
		return err_set(err, reason, "exec: \"%s\": permission denied", name);
	if (reason == ENOEXEC)
		return err_set(err, reason, "exec: \"%s\": exec format error", name);
	errno = reason;
	return err_errno(err, "exec: \"%s\"", name);
}

static int move_stdio(const int stdio[3], struct err *err)
{
	for (int i = 0; i < 3; i++)
		if (dup2(stdio[i], i) < 0)
			return err_errno(err, "standard descriptor %d", i);
	return 0;
}

/*
 * A program that runs as somebody else opens /dev/stdout: the pipe has to be
 * its own. What is not a pipe belongs to somebody, and what cannot be given
 * away (a socket's other world, an unmapped user) stays as it is, as under runc.
 */
static void own_stdio(uint32_t uid)
{
	for (int i = 0; i < 3; i++) {
		struct stat st;

		if (fstat(i, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid != uid)
			(void)!fchown(i, uid, (gid_t)-1);
	}
}

/* The directory may be one that the container made a link to somewhere else: look again behind it.
 */
static int enter_cwd(const char *cwd, struct err *err)
{
	char real[4096];

	if (chdir(cwd) < 0 && errno != ENOENT)
		return err_errno(err, "chdir to cwd %s", cwd);
	/* A directory outside the root shows as "(unreachable)/…" (CVE-2024-21626). */
	if (syscall(SYS_getcwd, real, sizeof(real)) < 0 || real[0] != '/')
		return err_set(err, EINVAL, "cwd %s is outside the container", cwd);
	return 0;
}

/* From here on everything is the container's own: last steps, then exec. */
static int run(const struct launch *launch, struct err *err)
{
	const struct oci_process *process = launch->process;
	CLEANUP(strv_free) char **env = strv_copy(process->env);
	int r;

	if (!process->terminal) {
		r = move_stdio(launch->stdio, err);
		if (r < 0)
			return r;
		own_stdio(process->user.uid);
	}
	/* Whatever else is open here was the agent's: none of it reaches the program. */
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return err_errno(err, "close_range");

	if (!env_value(env, "HOME")) {
		CLEANUP(free) char *home = identity_home(process->user.uid);

		strv_addf(&env, "HOME=%s", home);
	}
	r = identity_set_limits(process, err);
	if (r < 0)
		return r;
	r = identity_drop(process, err);
	if (r < 0)
		return r;
	r = enter_cwd(process->cwd, err);
	if (r < 0)
		return r;
	return exec_program(process, env, err);
}

static int open_terminal(const struct launch *launch, int control, bool bind_console,
			 struct err *err)
{
	struct control_message message = { .type = CONTROL_TTY };
	CLEANUP(close) int master = -1;
	int r;

	r = tty_open(launch->process, bind_console, &master, err);
	if (r < 0)
		return r;
	r = control_send(control, &message, master);
	return r < 0 ? err_set(err, -r, "hand the terminal to the agent") : 0;
}

static int wait_for_go(int control, struct err *err)
{
	struct control_message message;
	int fd = -1;
	int r = control_receive(control, &message, &fd);

	if (r <= 0)
		return err_set(err, ECANCELED, "the start was given up");
	return message.type == CONTROL_GO ? 0 : err_set(err, EBADMSG, "not GO");
}

static int make_cwd(const char *cwd, struct err *err)
{
	CLEANUP(close) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close) int dir = -1;

	if (root < 0)
		return err_errno(err, "open /");
	dir = safe_mkdir_p(root, cwd, 0755, err);
	return dir < 0 ? err_prefix(err, "cwd") : 0;
}

/* In a user namespace: as soon as it has a root user, be it. */
static int be_mapped_root(struct err *err)
{
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return err_errno(err, "become root of the user namespace");
	if (syscall(SYS_setgroups, 0, NULL) < 0)
		return err_errno(err, "drop the groups in the user namespace");
	return 0;
}

static int wait_for_mapping(int mapped, struct err *err)
{
	char byte;

	if (mapped >= 0 && read(mapped, &byte, 1) != 1)
		return err_set(err, ECANCELED, "the start was given up");
	return 0;
}

static int set_names(const struct oci_spec *spec, struct err *err)
{
	if (!oci_spec_namespace(spec, "uts"))
		return 0;
	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return err_errno(err, "hostname '%s'", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return err_errno(err, "domainname '%s'", spec->domainname);
	return 0;
}

static int prepare_self(const struct oci_spec *spec, int mapped, struct err *err)
{
	int r = wait_for_mapping(mapped, err);

	if (r == 0 && namespaces_has_user(spec))
		r = be_mapped_root(err);
	if (r < 0)
		return r;
	if (oci_spec_namespace(spec, "cgroup") && unshare(CLONE_NEWCGROUP) < 0)
		return err_errno(err, "new cgroup namespace");
	if (setsid() < 0)
		return err_errno(err, "setsid");
	umask(0); /* nodes and directories get the modes that they are given */
	return set_names(spec, err);
}

/* With a user namespace the helper has prepared it, with the rights that are needed. */
static int enter_rootfs(const struct launch *launch, struct err *err)
{
	struct rootfs_handles own = { 0 };
	struct rootfs_handles *handles = launch->rootfs ? launch->rootfs : &own;
	int r = 0;

	if (!launch->rootfs)
		r = rootfs_prepare(launch->spec, &launch->rootfs_options, &own, err);
	if (r == 0)
		r = rootfs_enter(launch->spec, handles, err);
	rootfs_handles_done(handles);
	return r;
}

static int container_main(const struct launch *launch, int mapped, int control, struct err *err)
{
	struct control_message ready = { .type = CONTROL_READY };
	const struct oci_spec *spec = launch->spec;
	int r;

	r = prepare_self(spec, mapped, err);
	if (r < 0)
		return r;
	r = enter_rootfs(launch, err);
	if (r < 0)
		return r;
	if (launch->process->terminal) {
		r = open_terminal(launch, control, true, err);
		if (r < 0)
			return r;
	}
	r = make_cwd(launch->process->cwd, err);
	if (r < 0)
		return r;
	r = rootfs_seal(spec, err);
	if (r < 0)
		return r;

	r = control_send(control, &ready, -1);
	if (r < 0)
		return err_set(err, -r, "tell the agent");
	r = wait_for_go(control, err);
	if (r < 0)
		return r;
	return run(launch, err);
}

static int join_main(const struct launch *launch, int control, bool user, struct err *err)
{
	int r = user ? be_mapped_root(err) : 0;

	if (r < 0)
		return r;
	if (setsid() < 0)
		return err_errno(err, "setsid");
	if (launch->process->terminal) {
		r = open_terminal(launch, control, false, err);
		if (r < 0)
			return r;
	}
	return run(launch, err);
}

void init_container_main(const struct launch *launch, int mapped, int control)
{
	struct err err = { 0 };

	(void)container_main(launch, mapped, control, &err); /* comes back only with an error */
	(void)control_send_error(control, &err);
	_exit(127);
}

void init_join_main(const struct launch *launch, int control, bool user)
{
	struct err err = { 0 };

	(void)join_main(launch, control, user, &err);
	(void)control_send_error(control, &err);
	_exit(127);
}
