/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#ifdef KATA_FAULT_POINTS

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

static struct {
	unsigned step; /* of the command so far */
	unsigned at;   /* 0: nowhere */
	bool list;
	bool kill;
} fault;

void fault_begin(const char *command)
{
	const char *text = getenv("KATA_FAULT");
	CLEANUP(strv_free) char **words = text ? strv_split(text, ":") : NULL;
	uint64_t at = 0;

	memset(&fault, 0, sizeof(fault));
	if (!words || strv_len(words) < 2 || !str_eq(words[0], command))
		return;
	fault.list = str_eq(words[1], "list");
	if (str_to_u64(words[1], 1, 100000, &at) == 0)
		fault.at = (unsigned)at;
	fault.kill = strv_len(words) < 3 || str_eq(words[2], "kill");
}

int fault_point(const char *name, struct err *err)
{
	fault.step++;
	if (fault.list)
		(void)fprintf(stderr, "fault-point %u %s\n", fault.step, name);
	if (fault.step != fault.at)
		return interrupt_check(err);
	if (fault.kill)
		(void)kill(getpid(), SIGKILL);
	return err_set(err, ECANCELED, "fault point %u, %s", fault.step, name);
}

int64_t fault_pretend(const char *variable, int64_t real)
{
	const char *text = getenv(variable);
	int64_t pretended = real;

	if (text)
		(void)str_to_i64(text, 1, INT32_MAX, &pretended);
	return pretended;
}

const char *fault_pretend_name(const char *variable, const char *real)
{
	const char *text = getenv(variable);

	return text ? text : real;
}

#endif
