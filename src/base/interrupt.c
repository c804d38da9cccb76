/* SPDX-License-Identifier: Apache-2.0 */
#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t pending; /* the signal, 0: none */
static volatile sig_atomic_t ignoring;

static void note(int signo)
{
	if (!ignoring)
		pending = signo;
}

/* A handler even for ignoring: exec(2) resets it, and would keep SIG_IGN. */
static void set_all(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		(void)sigaction(caught[i], &action, NULL);
}

void interrupt_catch(void)
{
	pending = 0;
	ignoring = 0;
	set_all(note);
}

void interrupt_ignore(void)
{
	ignoring = 1;
	pending = 0;
	set_all(note);
}

void interrupt_release(void)
{
	set_all(SIG_DFL);
}

int interrupt_check(struct err *err)
{
	int signo = pending;

	if (signo == 0)
		return 0;
	pending = 0;
	return err_set_as(err, ERR_INTERRUPTED, ECANCELED,
			  "interrupted by SIG%s; everything is undone", sigabbrev_np(signo));
}
