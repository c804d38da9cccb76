/* SPDX-License-Identifier: Apache-2.0 */
/* kata-netmon: plugs in what appears in a sandbox's network namespace. Source: reference 06, 4. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/err_report.h"
#include "base/log.h"
#include "base/str.h"
#include "netmon/monitor.h"
#include "version.h"

struct options {
	const char *runtime;
	const char *sandbox;
	const char *log;
	const char *vm_fd;
	bool debug;
	bool version;
};

static int check(const struct options *o, struct monitor_params *ret, struct err *err)
{
	uint64_t fd = 0;

	if (str_empty(o->sandbox))
		return err_set(err, EINVAL,
			       "Error: sandbox id is empty, one must be provided; see -h");
	if (str_empty(o->runtime))
		return err_set(err, EINVAL,
			       "Error: runtime path is empty, one must be provided; see -h");
	ret->vm = -1;
	if (o->vm_fd && str_to_u64(o->vm_fd, 3, INT32_MAX, &fd) < 0)
		return err_set(err, EINVAL, "-vm-fd: '%s' is not a descriptor from 3 on", o->vm_fd);
	if (o->vm_fd)
		ret->vm = (int)fd;
	ret->runtime = o->runtime;
	ret->sandbox = o->sandbox;
	return 0;
}

static int log_level(const struct options *o, enum log_level *ret, struct err *err)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	*ret = o->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN;
	if (!o->log)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!str_eq(o->log, names[i]))
			continue;
		*ret = o->debug ? LOG_LEVEL_DEBUG : (enum log_level)i;
		return 0;
	}
	return err_set(err, EINVAL, "-log: '%.20s' is not one of: error, warn, info, debug",
		       o->log);
}

static int run(const struct options *o, struct err *err)
{
	struct monitor_params params = { 0 };
	enum log_level level;
	int r = log_level(o, &level, err);

	if (r == 0)
		r = check(o, &params, err);
	if (r < 0)
		return r;
	log_init("kata-netmon", level);
	log_open_system();
	log_field("sandbox", o->sandbox);
	r = monitor_run(&params, err);
	if (r < 0)
		log_error("%s", err->text);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct err err = { 0 };
	int r;

	const struct opt opts[] = {
		OPT_STRING('r', "runtime", &o.runtime, "PATH", "the kata-runtime program"),
		OPT_STRING('s', "sandbox", &o.sandbox, "ID", "the sandbox"),
		OPT_STRING(0, "log", &o.log, "LEVEL", "error, warn (default), info or debug"),
		OPT_STRING(0, "vm-fd", &o.vm_fd, "FD",
			   "a pidfd of the virtual machine: ends with it"),
		OPT_BOOL('d', "debug", &o.debug, "log level debug"),
		OPT_BOOL('v', "version", &o.version, "show the version"),
		OPT_END,
	};

	r = opt_parse_go(opts, argc, argv, &err);
	if (r == OPT_HELPED)
		return 0;
	if (r == 0 && o.version) {
		(void)printf("kata-netmon version " KATA_VERSION ", commit " KATA_COMMIT "\n");
		return 0;
	}
	if (r == 0)
		r = run(&o, &err);
	if (r < 0)
		err_report(&err, NULL);
	return r < 0 ? 1 : 0;
}
