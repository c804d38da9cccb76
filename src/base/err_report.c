/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

/* The log cuts a line of over 1,024 bytes: the code is to be in it. */
#define LOGGED_TEXT_MAX 960

char *err_line(const struct err *err)
{
	return xasprintf("%s [%s]", err->text, err_name(err_id_of(err)));
}

/* What stands behind the last ": ", or all. */
static const char *innermost(const char *text)
{
	const char *at = text;

	for (const char *next = strstr(at, ": "); next; next = strstr(at, ": "))
		at = next + strlen(": ");
	return at;
}

void err_log(const struct err *err)
{
	enum err_id id = err_id_of(err);
	const char *end = strstr(err->text, ": ");
	size_t len = end ? (size_t)(end - err->text) : strlen(err->text);
	CLEANUP(free) char *object = xstrndup(err->text, len);

	log_field("code", err_name(id));
	log_field("object", object);
	log_field("cause", innermost(err->text));
	log_field("remedy", err_remedy(id));
	log_error("%.*s [%s]", LOGGED_TEXT_MAX, err->text, err_name(id));
}

void err_report(const struct err *err, const char *program)
{
	enum err_id id = err_id_of(err);
	CLEANUP(free) char *line = err_line(err);

	err_log(err);
	(void)fprintf(stderr, "%s%s%s\n", program ? program : "", program ? ": " : "", line);
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "kata-runtime explain %s: %s\n", err_name(id),
			      err_remedy(id));
}
