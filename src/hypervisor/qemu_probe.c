/* SPDX-License-Identifier: Apache-2.0 */
#include "hypervisor/qemu_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/capture.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define OUTPUT_MAX (1u << 20)

int qemu_version(const char *program, char **ret, struct err *err)
{
	const char *const argv[] = { program, "--version", NULL };
	int r = capture_output(argv, QEMU_PROBE_MS, OUTPUT_MAX, ret, err);

	if (r == 0) {
		(*ret)[strcspn(*ret, "\n")] = '\0';
		(void)str_printable(*ret);
	}
	return r;
}

unsigned qemu_version_number(const char *line)
{
	const char *at = strstr(line, "version ");
	unsigned long major;
	char *end = NULL;

	if (!at)
		return 0;
	major = strtoul(at + strlen("version "), &end, 10);
	if (major == 0 || major > 1000 || *end != '.')
		return 0;
	return (unsigned)(major * 100 + strtoul(end + 1, NULL, 10) % 100);
}

int qemu_help(const char *program, const char *option, char **ret, struct err *err)
{
	CLEANUP(free) char *word = xasprintf("-%s", option);
	const char *const argv[] = { program, word, "help", NULL };

	return capture_output(argv, QEMU_PROBE_MS, OUTPUT_MAX, ret, err);
}

bool qemu_help_has(const char *help, const char *name)
{
	CLEANUP(free) char *quoted = xasprintf("name \"%s\"", name);
	size_t len = strlen(name);

	if (strstr(help, quoted))
		return true;
	for (const char *line = help; line; line = strchr(line, '\n')) {
		line += strspn(line, "\n ");
		if (strncmp(line, name, len) == 0 && (line[len] == ' ' || line[len] == '\n'))
			return true;
	}
	return false;
}
