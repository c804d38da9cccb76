/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/spec.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

struct exec_options {
	const char *console;
	const char *console_socket;
	const char *cwd;
	char **env;
	const char *user;
	const char *process;
	const char *pid_file;
	const char *process_label;
	const char *apparmor;
	const char *preserve_fds;
	const char *cgroup;
	char **caps;
	char **gids;
	const char *id;
	char **args;
	bool tty;
	bool detach;
	bool guest;
	bool no_new_privs;
	bool no_subreaper;
	bool ignore_paused;
};

/* "UID" or "UID:GID". */
static int set_user(const char *text, struct oci_user *user, struct err *err)
{
	CLEANUP(strv_free) char **parts = strv_split(text, ":");
	uint64_t uid = 0;
	uint64_t gid = 0;
	size_t n = strv_len(parts);

	if (n < 1 || n > 2 || str_to_u64(parts[0], 0, UINT32_MAX, &uid) < 0 ||
	    (n == 2 && str_to_u64(parts[1], 0, UINT32_MAX, &gid) < 0))
		return err_set(err, EINVAL, "--user: '%s' is not UID or UID:GID, in numbers", text);
	user->uid = (uint32_t)uid;
	user->gid = (uint32_t)gid;
	return 0;
}

static int add_gids(char *const *numbers, struct oci_user *user, struct err *err)
{
	for (; numbers && *numbers; numbers++) {
		uint64_t gid = 0;

		if (str_to_u64(*numbers, 0, UINT32_MAX, &gid) < 0)
			return err_set(err, EINVAL,
				       "--additional-gids: '%s' is not the number of a group",
				       *numbers);
		user->additional_gids =
			xrealloc(user->additional_gids,
				 (user->n_additional_gids + 1) * sizeof(*user->additional_gids));
		user->additional_gids[user->n_additional_gids++] = (uint32_t)gid;
	}
	return 0;
}

static void add_caps(struct oci_capabilities *caps, char *const *names)
{
	for (; names && *names; names++) {
		caps->present = true;
		strv_add(&caps->bounding, *names);
		strv_add(&caps->effective, *names);
		strv_add(&caps->permitted, *names);
	}
}

/* The container's own process, changed as the options say. */
static int process_from_options(const struct exec_options *o, const char *id,
				struct oci_process *ret, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	int r;

	if (!o->args || !*o->args)
		return err_set(err, EINVAL,
			       "exec: missing command; see 'kata-runtime exec --help'");
	r = container_look(id, &view, err);
	if (r == 0)
		r = oci_spec_load(view.record->bundle, &spec, err);
	if (r < 0)
		return r;
	oci_process_copy(ret, &spec->process);
	strv_free(ret->args);
	ret->args = strv_copy(o->args);
	ret->terminal = o->tty;
	for (char **word = o->env; word && *word; word++)
		strv_add(&ret->env, *word);
	if (o->cwd) {
		free(ret->cwd);
		ret->cwd = xstrdup(o->cwd);
	}
	if (o->no_new_privs)
		ret->no_new_privileges = true;
	add_caps(&ret->capabilities, o->caps);
	r = add_gids(o->gids, &ret->user, err);
	if (r < 0)
		return r;
	return o->user ? set_user(o->user, &ret->user, err) : 0;
}

/* A shell of the guest's root, or what is asked for; nothing of the container's config.json counts.
 */
static int process_of_guest(const struct exec_options *o, struct oci_process *ret, struct err *err)
{
	static const char path[] =
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const char *term = getenv("TERM");

	if (o->process || o->user || o->caps || o->gids || o->no_new_privs)
		return err_set(err, EINVAL,
			       "--guest: with it there is no --process, --user, --cap, "
			       "--additional-gids or --no-new-privs: it is the guest's root");
	if (o->args && *o->args)
		ret->args = strv_copy(o->args);
	else
		strv_add(&ret->args, "/bin/sh");
	strv_add(&ret->env, path);
	strv_add(&ret->env, "HOME=/");
	if (o->tty && term)
		strv_addf(&ret->env, "TERM=%s", term);
	for (char **word = o->env; word && *word; word++)
		strv_add(&ret->env, *word);
	free(ret->cwd);
	ret->cwd = xstrdup(o->cwd ? o->cwd : "/");
	ret->terminal = o->tty;
	return 0;
}

/* What runc's exec has and we have not. */
static int check_options(const struct exec_options *o, struct err *err)
{
	if (o->cgroup)
		return err_set(
			err, ENOTSUP,
			"--cgroup: %s: processes are always in the cgroup of their container",
			o->cgroup);
	if (o->ignore_paused)
		return err_set(err, ENOTSUP,
			       "--ignore-paused: a process of a paused container does not begin; "
			       "use kata-runtime resume first");
	return check_preserved_fds(o->preserve_fds, err);
}

static int exec_and_wait(const struct globals *globals, const struct exec_options *o,
			 struct oci_process *process, struct err *err)
{
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) char *id = NULL;
	struct proc_id shim = { 0 };
	int r;

	r = id_resolve(o->id, &id, err);
	if (r == 0)
		r = load_config(globals, false, &config, err);
	if (r == 0 && o->guest)
		r = process_of_guest(o, process, err);
	else if (r == 0)
		r = o->process ? oci_process_load(o->process, process, err)
			       : process_from_options(o, id, process, err);
	if (r < 0)
		return r;
	r = container_exec(&(struct exec_params){ .config = config,
						  .id = id,
						  .guest = o->guest,
						  .process = process,
						  .console = o->console,
						  .console_socket = o->console_socket,
						  .pid_file = o->pid_file,
						  .detach = o->detach },
			   &shim, err);
	return r < 0 || o->detach ? r : wait_shim(&shim, err);
}

static int run_exec(const struct globals *globals, int argc, char **argv, struct err *err)
{
	struct oci_process process;
	struct exec_options o = { 0 };
	int r;

	const struct opt opts[] = {
		OPT_STRING(0, "console", &o.console, "PATH",
			   "an existing terminal for the process"),
		OPT_STRING(0, "console-socket", &o.console_socket, "SOCKET",
			   "who is sent the master of a new terminal"),
		OPT_STRING(0, "cwd", &o.cwd, "DIR", "working directory in the container"),
		OPT_LIST('e', "env", &o.env, "NAME=VALUE", "environment variable, repeatable"),
		OPT_BOOL('t', "tty", &o.tty, "give the process a terminal"),
		OPT_STRING('u', "user", &o.user, "UID[:GID]", "user and group, in numbers"),
		OPT_STRING('p', "process", &o.process, "FILE", "process.json instead of a command"),
		OPT_BOOL(0, "guest", &o.guest,
			 "run it in the guest itself, without a command a shell: "
			 "needs [agent.kata] debug_console_enabled"),
		OPT_BOOL('d', "detach", &o.detach, "do not wait for the process"),
		OPT_STRING(0, "pid-file", &o.pid_file, "FILE", "where the shim's pid is written"),
		OPT_STRING(0, "process-label", &o.process_label, "LABEL",
			   "accepted, the guest has no SELinux"),
		OPT_STRING(0, "apparmor", &o.apparmor, "PROFILE",
			   "accepted, the guest has no AppArmor"),
		OPT_BOOL(0, "no-new-privs", &o.no_new_privs, "set no_new_privs"),
		OPT_LIST('c', "cap", &o.caps, "CAP", "one more capability, repeatable"),
		OPT_LIST('g', "additional-gids", &o.gids, "GID", "one more group, repeatable"),
		OPT_STRING(0, "preserve-fds", &o.preserve_fds, "N",
			   "only 0: descriptors of the host stay on the host"),
		OPT_STRING(0, "cgroup", &o.cgroup, "PATH", NULL),
		OPT_BOOL(0, "ignore-paused", &o.ignore_paused, NULL),
		OPT_BOOL(0, "no-subreaper", &o.no_subreaper, NULL),
		OPT_ARG("container-id", &o.id, "the container"),
		OPT_REST("command", &o.args, "the program and its arguments"),
		OPT_END,
	};

	oci_process_init(&process);
	r = opt_parse(opts, argc, argv, err);
	if (r == 0)
		r = check_options(&o, err);
	if (r == 0)
		r = exec_and_wait(globals, &o, &process, err);
	oci_process_done(&process);
	strv_free(o.env);
	strv_free(o.caps);
	strv_free(o.gids);
	return r;
}

const struct command cmd_exec = { "exec", NULL, "run another process in a container", run_exec };
