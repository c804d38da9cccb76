/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#define FACTS_MAX (4u << 20)

/* Blanks around it, and one pair of quotes, are not its own. */
static char *stripped(const char *from, size_t len)
{
	while (len > 0 && strchr(" \t", *from)) {
		from++;
		len--;
	}
	while (len > 0 && strchr(" \t", from[len - 1]))
		len--;
	if (len >= 2 && (*from == '"' || *from == '\'') && from[len - 1] == *from) {
		from++;
		len -= 2;
	}
	return str_printable(xstrndup(from, len));
}

char *fact_of(const char *text, const char *name, char separator)
{
	size_t len = strlen(name);

	for (const char *line = text; line && *line;
	     line = strchr(line, '\n'), line += line ? 1 : 0) {
		const char *at = line + len;

		if (strncmp(line, name, len) != 0)
			continue;
		at += strspn(at, " \t");
		if (*at == separator)
			return stripped(at + 1, strcspn(at + 1, "\n"));
	}
	return xstrdup("");
}

char *fact_of_file(const char *path, const char *name, char separator)
{
	CLEANUP(free) char *text = NULL;
	struct err ignored = { 0 };

	if (file_read(path, FACTS_MAX, &text, NULL, &ignored) < 0)
		return xstrdup("");
	return fact_of(text, name, separator);
}

const char *go_architecture(const char *machine)
{
	if (str_eq(machine, "x86_64"))
		return "amd64";
	return str_eq(machine, "aarch64") ? "arm64" : machine;
}
