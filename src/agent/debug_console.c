/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/debug_console.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/container/identity.h"
#include "agent/sandbox.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

int debug_console_enable(struct agent *agent, struct err *err)
{
	struct container *console;
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (pidfd < 0)
		return err_errno(err, "pidfd_open");
	console = xcalloc(1, sizeof(*console));
	console->agent = agent;
	console->id = xstrdup(DEBUG_CONSOLE_ID);
	console->spec = oci_spec_new();
	console->oom_fd = -1;
	console->guest_pidfd = pidfd;
	console->is_guest = true;
	agent->console = console;
	return 0;
}

int debug_console_find(struct agent *agent, const char *id, struct container **ret, struct err *err)
{
	if (!str_eq(id, DEBUG_CONSOLE_ID))
		return container_find(agent, id, ret, err);
	if (!agent->console)
		return err_set(err, EPERM,
			       "the debug console of this guest is off: set [agent.kata] "
			       "debug_console_enabled = true, and start the sandbox anew");
	*ret = agent->console;
	return 0;
}

int debug_console_prepare(struct oci_process *process, struct err *err)
{
	const char *program = process->args ? process->args[0] : NULL;

	if (!program || *program != '/' || access(program, X_OK) == 0)
		return identity_all(&process->capabilities, err);
	return err_set(err, ENOENT,
		       "%s: this guest has no such program: an initrd with a shell is made by "
		       "guest/initrd/build --debug",
		       program);
}
