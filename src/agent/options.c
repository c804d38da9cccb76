/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/options.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

static int take_level(const char *text, void *field)
{
	return log_level_parse(text, field);
}

static int take_bool(const char *text, void *field)
{
	bool *value = field;

	if (str_eq(text, "true") || str_eq(text, "1"))
		*value = true;
	else if (str_eq(text, "false") || str_eq(text, "0"))
		*value = false;
	else
		return -EINVAL;
	return 0;
}

static int take_duration(const char *text, void *field)
{
	return device_timeout_parse(text, field);
}

static int take_pipe_size(const char *text, void *field)
{
	return str_to_u64(text, 0, INT_MAX, field);
}

static int take_number(const char *text, void *field)
{
	return str_to_u64(text, 0, UINT64_MAX, field);
}

static int take_trace(const char *text, void *field)
{
	enum agent_trace *trace = field;

	if (str_eq(text, "isolated"))
		*trace = AGENT_TRACE_ISOLATED;
	else if (str_eq(text, "collated"))
		*trace = AGENT_TRACE_COLLATED;
	else
		return -EINVAL;
	return 0;
}

/* @take returns a negative number and changes nothing when the text is not of its kind. */
struct agent_option {
	const char *name;
	const char *value; /* as the help shows it, and as a wrong one is answered */
	int (*take)(const char *text, void *field);
	size_t field;
	const char *help;
	const char *bare; /* what it means without a value; NULL: it has to have one */
};

#define FIELD(name) offsetof(struct agent_options, name)

static const struct agent_option options[] = {
	{ "log", "LEVEL", take_level, FIELD(log), "debug, info (default), warn or error", NULL },
	{ "debug_console", "BOOL", take_bool, FIELD(debug_console),
	  "let the host run programs in the guest itself", "true" },
	{ "use_vsock", "BOOL", take_bool, FIELD(vsock),
	  "listen on vsock port 1024, not on a serial port", NULL },
	{ "unified_cgroup_hierarchy", "BOOL", take_bool, FIELD(unified),
	  "cgroups of version 2 (default), or 1", NULL },
	{ "hotplug_timeout", "DURATION", take_duration, FIELD(hotplug_ms),
	  "how long a plugged device is waited for; 10s if not given", NULL },
	{ "vacant_timeout", "DURATION", take_duration, FIELD(vacant_ms),
	  "how long a machine in which nothing runs is kept; 30s if not given", NULL },
	{ "container_pipe_size", "BYTES", take_pipe_size, FIELD(container_pipe_size),
	  "of the containers' standard streams; 0: as the kernel has it", NULL },
	{ "max_inodes", "COUNT", take_number, FIELD(max_inodes),
	  "files of the share that the guest may remember; 0: any number", NULL },
	{ "trace", "TYPE", take_trace, FIELD(trace),
	  "record spans from the start: isolated (also without a value) or collated", "isolated" },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static void read_word(const char *word, struct agent_options *ret)
{
	CLEANUP(free) char *name = xstrdup(word);
	char *value = strchr(name, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (!str_eq(options[i].name, name))
			continue;
		if (!value)
			value = (char *)(uintptr_t)options[i].bare;
		if (!value || options[i].take(value, (char *)ret + options[i].field) < 0)
			log_warn("agent.%s: '%s' is no %s: %s", name, value ? value : "",
				 options[i].value, options[i].help);
		return;
	}
	log_warn("agent.%s: there is no such option", name);
}

void agent_options_read(const char *cmdline, struct agent_options *ret)
{
	static const char prefix[] = "agent.";
	CLEANUP(strv_free) char **words = strv_split(cmdline, " \n");

	for (char **word = words; word && *word; word++)
		if (str_starts(*word, prefix))
			read_word(*word + sizeof(prefix) - 1, ret);
}

void agent_options_print(FILE *out)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		CLEANUP(free)
		char *word = xasprintf("agent.%s=%s", options[i].name, options[i].value);

		(void)fprintf(out, "  %-40s %s\n", word, options[i].help);
	}
}
