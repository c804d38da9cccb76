/* SPDX-License-Identifier: Apache-2.0 */
#include "base/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = { "ok", "warn", "fail" };

	return names[level];
}

static void add(struct findings *findings, enum finding_level level, const char *name,
		const char *remedy, const char *fmt, va_list ap)
	__attribute__((format(printf, 5, 0)));

static void add(struct findings *findings, enum finding_level level, const char *name,
		const char *remedy, const char *fmt, va_list ap)
{
	struct finding *finding;

	findings->list = xrealloc(findings->list, (findings->n + 1) * sizeof(*findings->list));
	finding = &findings->list[findings->n++];
	*finding = (struct finding){ .level = level,
				     .name = xstrdup(name),
				     .text = xvasprintf(fmt, ap),
				     .remedy = remedy ? xstrdup(remedy) : NULL };
}

void findings_ok(struct findings *findings, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(findings, FINDING_OK, name, NULL, fmt, ap);
	va_end(ap);
}

void findings_warn(struct findings *findings, const char *name, const char *remedy, const char *fmt,
		   ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(findings, FINDING_WARNING, name, remedy, fmt, ap);
	va_end(ap);
}

void findings_fail(struct findings *findings, const char *name, const char *remedy, const char *fmt,
		   ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(findings, FINDING_FAILURE, name, remedy, fmt, ap);
	va_end(ap);
}

enum finding_level findings_worst(const struct findings *findings)
{
	enum finding_level worst = FINDING_OK;

	for (size_t i = 0; i < findings->n; i++)
		if (findings->list[i].level > worst)
			worst = findings->list[i].level;
	return worst;
}

void findings_done(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->list[i].name);
		free(findings->list[i].text);
		free(findings->list[i].remedy);
	}
	free(findings->list);
	*findings = (struct findings){ 0 };
}
