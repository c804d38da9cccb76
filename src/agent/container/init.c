/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order matters and is runc's: while the mounts are made, the process is
 * still root with all capabilities and sees the agent's file system; then the
 * root is switched and the terminal opened; only after GO are the limits and the
 * identity set. What the container wrote is looked at with more rights than its
 * own for the program, the working directory and /etc/passwd only, and from
 * inside its root.
 */
#include "agent/container/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
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
#include "agent/container/passwd.h"
#include "agent/container/rlimits.h"
#include "agent/container/rootfs.h"
#include "agent/container/scheduling.h"
#include "agent/container/seccomp.h"
#include "agent/container/tty.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "oci/hooks.h"
#include "oci/spec.h"
#include "oci/state.h"

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
static int refuse_program(const char *name, const char *program, int reason, struct err *err)
{
	if (reason == ENOENT && !program)
		return err_set_as(err, ERR_PROGRAM_MISSING, reason,
				  "exec: \"%s\": executable file not found in $PATH", name);
	if (reason == ENOENT)
		return err_set_as(err, ERR_PROGRAM_MISSING, reason,
				  "exec: \"%s\": stat %s: no such file or directory", name,
				  program);
	if (reason == EACCES)
		return err_set_as(err, ERR_PROGRAM_BAD, reason, "exec: \"%s\": permission denied",
				  name);
	if (reason == ENOEXEC)
		return err_set_as(err, ERR_PROGRAM_BAD, reason, "exec: \"%s\": exec format error",
				  name);
	errno = reason;
	return err_errno_as(err, ERR_PROGRAM_BAD, "exec: \"%s\"", name);
}

/*
 * As far as it can be told while the container is created, before its user is
 * known to the kernel: engines look for such errors there, as under runc.
 */
static int check_program(const struct oci_process *process, struct err *err)
{
	const char *name = process->args[0];
	CLEANUP(free) char *program = NULL;
	CLEANUP(free) char *path = NULL;
	int reason = 0;
	struct stat st;

	program = find_program(name, process->env, &reason);
	if (!program)
		return refuse_program(name, NULL, reason, err);
	path = *program == '/' ? xstrdup(program) : xasprintf("%s/%s", process->cwd, program);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? refuse_program(name, program, ENOENT, err) : 0;
	if (S_ISDIR(st.st_mode) || !(st.st_mode & 0111))
		return refuse_program(name, program, EACCES, err);
	return 0;
}

static int exec_program(const struct oci_process *process, char **env, struct err *err)
{
	const char *name = process->args[0];
	CLEANUP(free) char *program = NULL;
	int reason = 0;

	program = find_program(name, env, &reason);
	if (!program)
		return refuse_program(name, NULL, reason, err);
	if (own_program_is(program))
		return refuse_program(name, program, EACCES, err);
	execve(program, process->args, env);
	return refuse_program(name, program, errno, err);
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

/*
 * As under runc, with the rights that we still have or, if these are not enough
 * (a root that is shared read-only by root-squashing NFS), with the user's own.
 */
static bool try_cwd(const char *cwd)
{
	return chdir(cwd) == 0;
}

/* The directory may be a link of the container's to somewhere else: look again behind it. */
static int check_cwd(const char *cwd, struct err *err)
{
	char real[4096];

	/* A directory outside the root shows as "(unreachable)/…" (CVE-2024-21626). */
	if (syscall(SYS_getcwd, real, sizeof(real)) < 0 || real[0] != '/')
		return err_set_as(err, ERR_CWD, EINVAL, "cwd %s is outside the container", cwd);
	return 0;
}

/* Whatever else is open here is the agent's: none of it reaches the program, or its cwd. */
static int close_descriptors(int control, struct err *err)
{
	unsigned keep = (unsigned)control;

	if ((keep > 3 && syscall(SYS_close_range, 3u, keep - 1, 0) < 0) ||
	    syscall(SYS_close_range, keep + 1, ~0u, 0) < 0)
		return err_errno(err, "close_range");
	return 0;
}

static char *home_of(uint32_t uid)
{
	CLEANUP(close) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? xstrdup("/") : passwd_home(root, uid);
}

/*
 * Gives up everything that the program is not to have. Without no_new_privs the
 * filter needs rights that are gone after identity_drop(); with it, it is loaded
 * as late as possible, so that it has to allow little but exec.
 */
static int give_up(const struct oci_process *process, const struct seccomp_program *filter,
		   struct err *err)
{
	bool late = process->no_new_privileges;
	bool entered;
	int r;

	r = scheduling_set(process, err);
	if (r == 0)
		r = rlimits_set(process, err);
	if (r < 0)
		return r;
	entered = try_cwd(process->cwd);
	if (filter->n > 0 && !late)
		r = seccomp_load_program(filter, err);
	if (r == 0)
		r = identity_drop(process, err);
	if (r < 0)
		return r;
	if (!entered && !try_cwd(process->cwd))
		return err_errno_as(err, ERR_CWD, "chdir to cwd %s", process->cwd);
	r = check_cwd(process->cwd, err);
	if (r == 0 && filter->n > 0 && late)
		r = seccomp_load_program(filter, err);
	return r;
}

/* From here on everything is the container's own: last steps, then exec. */
static int run(const struct launch *launch, const struct seccomp_program *filter, int control,
	       struct err *err)
{
	const struct oci_process *process = launch->process;
	CLEANUP(strv_free) char **env = strv_copy(process->env);
	int r = 0;

	if (!process->terminal)
		r = move_stdio(launch->stdio, err);
	if (r == 0)
		r = close_descriptors(control, err);
	if (r < 0)
		return r;
	if (!process->terminal)
		own_stdio(process->user.uid);
	if (!env_value(env, "HOME")) {
		CLEANUP(free) char *home = home_of(process->user.uid);

		strv_addf(&env, "HOME=%s", home);
	}
	r = scheduling_set_personality(launch->spec->personality, err);
	if (r == 0)
		r = give_up(process, filter, err);
	return r < 0 ? r : exec_program(process, env, err);
}

/* Hooks in the container, by its first process: runtime-spec, "createContainer", "startContainer".
 */
static int run_hooks(const struct launch *launch, enum oci_hook_kind kind, const char *status,
		     pid_t pid, struct err *err)
{
	const struct oci_state state = { .version = launch->spec->version,
					 .id = launch->id,
					 .status = status,
					 .pid = pid,
					 .bundle = launch->bundle,
					 .annotations = launch->spec->annotations };
	CLEANUP(free) char *json = NULL;

	if (launch->spec->hooks[kind].n == 0)
		return 0;
	json = oci_state_json(&state, false);
	return hooks_run(&launch->spec->hooks[kind], kind, json, err);
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
	return dir < 0 ? err_prefix_as(err, ERR_CWD, "cwd") : 0;
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

static int prepare_self(const struct launch *launch, int mapped, struct err *err)
{
	const struct oci_spec *spec = launch->spec;
	int r = wait_for_mapping(mapped, err);

	/* On version 1; the helper of a user namespace has opened what this writes to. */
	if (r == 0 && launch->cgroup)
		r = cgroup_enter_rest(launch->cgroup, err);
	if (r == 0 && mapped < 0)
		r = rlimits_set_score(launch->process, err);
	if (r == 0 && namespaces_has_user(spec))
		r = be_mapped_root(err);
	if (r < 0)
		return r;
	if (oci_spec_namespace(spec, "cgroup") && !oci_spec_namespace(spec, "cgroup")->path &&
	    unshare(CLONE_NEWCGROUP) < 0)
		return err_errno(err, "new cgroup namespace");
	if (setsid() < 0)
		return err_errno(err, "setsid");
	umask(0); /* nodes and directories get the modes that they are given */
	return set_names(spec, err);
}

/* Our pid as the agent sees it, while its /proc is still there. */
static pid_t own_pid(void)
{
	char text[16];
	ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);
	uint64_t pid = 0;

	text[n < 0 ? 0 : n] = '\0';
	(void)str_to_u64(text, 1, INT32_MAX, &pid);
	return (pid_t)pid;
}

/* The file system, from the agent's to the container's. */
static int change_root(const struct launch *launch, struct rootfs_handles *prepared, pid_t pid,
		       struct err *err)
{
	const struct oci_hooks *later = &launch->spec->hooks[OCI_HOOK_START_CONTAINER];
	struct rootfs_handles own = { 0 };
	struct rootfs_handles *handles = prepared ? prepared : &own;
	int r = 0;

	if (!prepared)
		r = rootfs_prepare(launch->spec, &launch->rootfs_options, &own, err);
	if (r == 0)
		r = rootfs_enter(launch->spec, handles, err);
	if (r == 0)
		r = hooks_check(later, OCI_HOOK_START_CONTAINER, handles->root, "the container",
				err);
	if (r == 0)
		r = run_hooks(launch, OCI_HOOK_CREATE_CONTAINER, "creating", pid, err);
	if (r == 0)
		r = rootfs_switch(launch->spec, handles, err);
	rootfs_handles_done(handles);
	return r;
}

static int compile_filter(const struct launch *launch, struct seccomp_program *ret, struct err *err)
{
	return launch->spec->seccomp ? seccomp_compile(launch->spec->seccomp, ret, err) : 0;
}

static int create_container(const struct launch *launch, struct rootfs_handles *rootfs, int mapped,
			    int control, pid_t *ret_pid, struct err *err)
{
	int r = prepare_self(launch, mapped, err);

	if (r < 0)
		return r;
	*ret_pid = own_pid();
	r = change_root(launch, rootfs, *ret_pid, err);
	if (r == 0 && launch->process->terminal)
		r = open_terminal(launch, control, true, err);
	if (r == 0)
		r = make_cwd(launch->process->cwd, err);
	return r == 0 ? rootfs_seal(launch->spec, err) : r;
}

static int container_main(const struct launch *launch, struct rootfs_handles *rootfs, int mapped,
			  int control, struct err *err)
{
	struct control_message ready = { .type = CONTROL_READY };
	struct seccomp_program filter = { 0 };
	pid_t pid = 0;
	int r;

	r = create_container(launch, rootfs, mapped, control, &pid, err);
	if (r == 0)
		r = check_program(launch->process, err);
	if (r == 0)
		r = compile_filter(launch, &filter, err);
	if (r < 0)
		return r;
	r = control_send(control, &ready, -1);
	if (r < 0)
		return err_set(err, -r, "tell the agent");
	r = wait_for_go(control, err);
	if (r == 0)
		r = run_hooks(launch, OCI_HOOK_START_CONTAINER, "created", pid, err);
	return r < 0 ? r : run(launch, &filter, control, err);
}

static int join_main(const struct launch *launch, int control, struct err *err)
{
	bool user = namespaces_has_user(launch->spec);
	struct seccomp_program filter = { 0 };
	int r = 0;

	/* In a user namespace nobody could clone us into it. */
	if (launch->cgroup)
		r = user ? cgroup_enter(launch->cgroup, err)
			 : cgroup_enter_rest(launch->cgroup, err);
	if (r == 0 && user)
		r = be_mapped_root(err);
	if (r < 0)
		return r;
	if (setsid() < 0)
		return err_errno(err, "setsid");
	if (launch->process->terminal)
		r = open_terminal(launch, control, false, err);
	if (r == 0)
		r = compile_filter(launch, &filter, err);
	return r < 0 ? r : run(launch, &filter, control, err);
}

void init_container_main(const struct launch *launch, struct rootfs_handles *rootfs, int mapped,
			 int control)
{
	struct err err = { 0 };

	(void)container_main(launch, rootfs, mapped, control, &err); /* back only with an error */
	(void)control_send_error(control, &err);
	_exit(127);
}

void init_join_main(const struct launch *launch, int control)
{
	struct err err = { 0 };

	(void)join_main(launch, control, &err);
	(void)control_send_error(control, &err);
	_exit(127);
}
