/* SPDX-License-Identifier: Apache-2.0 */
/* spec_json.h - small configurations around the part that a test is about */
#pragma once

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "oci/spec.h"

#define PROCESS "\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"}"
#define ROOT    "\"root\":{\"path\":\"rootfs\"}"

static inline struct oci_spec *parse(const char *text)
{
	struct oci_spec *spec = NULL;
	struct err err = { 0 };

	if (oci_spec_parse(text, strlen(text), &spec, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return spec;
}

static inline void refused_with(const char *text, int code, const char *wanted)
{
	struct oci_spec *spec = NULL;
	struct err err = { 0 };
	int r = oci_spec_parse(text, strlen(text), &spec, &err);

	if (r != -code)
		fail_msg("%d, not %d: %s: %s", r, -code, text, err.text);
	assert_string_equal(err.text, wanted);
	assert_null(spec);
}

static inline void refused(const char *text, const char *wanted)
{
	refused_with(text, EINVAL, wanted);
}

/* @process is what stands in "process", @rest what stands beside it, @in what stands in "linux". */
static inline char *with_process(const char *process)
{
	return xasprintf("{\"ociVersion\":\"1.2.0\",\"process\":{%s}," ROOT "}", process);
}

static inline char *with_beside(const char *rest)
{
	return xasprintf("{\"ociVersion\":\"1.2.0\"," PROCESS "," ROOT ",%s}", rest);
}

static inline char *with_linux(const char *in)
{
	return xasprintf("{\"ociVersion\":\"1.2.0\"," PROCESS "," ROOT ",\"linux\":{%s}}", in);
}

static inline void refused_process(const char *process, const char *wanted)
{
	CLEANUP(free) char *text = with_process(process);

	refused(text, wanted);
}

/* Beside a program to run. */
static inline void refused_in_process(const char *more, int code, const char *wanted)
{
	CLEANUP(free) char *process = xasprintf("\"args\":[\"sh\"],\"cwd\":\"/\",%s", more);
	CLEANUP(free) char *text = with_process(process);

	refused_with(text, code, wanted);
}

static inline void refused_beside(const char *rest, const char *wanted)
{
	CLEANUP(free) char *text = with_beside(rest);

	refused(text, wanted);
}

static inline void unsupported_beside(const char *rest, const char *wanted)
{
	CLEANUP(free) char *text = with_beside(rest);

	refused_with(text, ENOTSUP, wanted);
}

static inline void refused_linux(const char *in, const char *wanted)
{
	CLEANUP(free) char *text = with_linux(in);

	refused(text, wanted);
}

static inline void unsupported_linux(const char *in, const char *wanted)
{
	CLEANUP(free) char *text = with_linux(in);

	refused_with(text, ENOTSUP, wanted);
}

static inline struct oci_spec *parse_beside(const char *rest)
{
	CLEANUP(free) char *text = with_beside(rest);

	return parse(text);
}

static inline struct oci_spec *parse_in_linux(const char *in)
{
	CLEANUP(free) char *text = with_linux(in);

	return parse(text);
}

/* Beside a program to run. */
static inline struct oci_spec *parse_in_process(const char *more)
{
	CLEANUP(free) char *process = xasprintf("\"args\":[\"sh\"],\"cwd\":\"/\",%s", more);
	CLEANUP(free) char *text = with_process(process);

	return parse(text);
}
