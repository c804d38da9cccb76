/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "oci/hooks.h"
#include "oci/state.h"
#include "sandbox/persist.h"

/*
 * Nobody of ours is in the namespace yet, and hooks run outside of it ("in the
 * runtime namespace", runtime-spec): a process that does nothing stands for the
 * container. It ends with us.
 */
static int start_stand_in(int netns, pid_t *ret, struct err *err)
{
	CLEANUP(close) int in = -1;
	CLEANUP(close) int out = -1;
	pid_t parent = getpid();
	int code = 0;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	in = ends[0];
	out = ends[1];
	pid = fork();
	if (pid < 0)
		return err_errno(err, "fork");
	if (pid == 0) {
		code = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
				       setns(netns, CLONE_NEWNET) < 0
			       ? errno
			       : 0;
		(void)write_full(out, &code, sizeof(code));
		for (;;)
			pause();
	}
	*ret = pid;
	close(take_fd(&out));
	if (read(in, &code, sizeof(code)) != sizeof(code))
		code = EPIPE;
	errno = code;
	return code ? err_errno(err, "enter the network namespace") : 0;
}

static void end_stand_in(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static char *state_text(const struct container_record *record, const char *status, pid_t pid)
{
	const struct oci_state state = { .version = record->oci_version,
					 .id = record->id,
					 .status = status,
					 .pid = pid,
					 .bundle = record->bundle,
					 .annotations = record->annotations };

	return oci_state_json(&state, false);
}

int host_hooks_create(const struct oci_spec *spec, const struct container_record *record, int netns,
		      struct err *err)
{
	const struct oci_hooks *prestart = &spec->hooks[OCI_HOOK_PRESTART];
	const struct oci_hooks *create = &spec->hooks[OCI_HOOK_CREATE_RUNTIME];
	CLEANUP(free) char *state = NULL;
	pid_t pid = 0;
	int r;

	if (prestart->n == 0 && create->n == 0)
		return 0;
	r = start_stand_in(netns, &pid, err);
	if (r == 0) {
		state = state_text(record, "creating", pid);
		r = hooks_run(prestart, OCI_HOOK_PRESTART, state, err);
	}
	if (r == 0)
		r = hooks_run(create, OCI_HOOK_CREATE_RUNTIME, state, err);
	end_stand_in(pid);
	return r;
}

bool host_hooks_wanted_later(const struct oci_spec *spec)
{
	return spec->hooks[OCI_HOOK_POSTSTART].n > 0 || spec->hooks[OCI_HOOK_POSTSTOP].n > 0;
}

static void run_and_log(const struct oci_spec *spec, const struct container_record *record,
			enum oci_hook_kind kind)
{
	const struct oci_hooks *hooks = &spec->hooks[kind];
	bool stopped = kind == OCI_HOOK_POSTSTOP;
	CLEANUP(free)
	char *state =
		state_text(record, stopped ? "stopped" : "running", stopped ? 0 : record->shim.pid);

	for (size_t i = 0; i < hooks->n; i++) {
		struct err err = { 0 };

		if (hook_run(&hooks->hooks[i], kind, state, &err) < 0)
			log_warn("container %s: %s", record->id, err.text);
	}
}

void host_hooks_after(const struct container_record *record, enum oci_hook_kind kind)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	struct err err = { 0 };

	if (!record->later_hooks)
		return;
	if (oci_spec_load(record->bundle, &spec, &err) < 0)
		log_warn("container %s: its %s hooks are not run: %s", record->id,
			 oci_hook_name(kind), err.text);
	else
		run_and_log(spec, record, kind);
}

void host_hooks_stopped(const struct oci_spec *spec, const struct container_record *record)
{
	run_and_log(spec, record, OCI_HOOK_POSTSTOP);
}
