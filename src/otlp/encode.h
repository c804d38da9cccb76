/* SPDX-License-Identifier: Apache-2.0 */
/* encode.h - spans as OpenTelemetry's protocol has them */
#pragma once

#include <stddef.h>

struct buf;
struct span;

/* Who the spans are from. */
struct otlp_source {
	const char *service; /* "kata-runtime" */
	const char *sandbox; /* its id, or NULL */
	unsigned dropped;    /* spans that there was no room for */
};

/* An ExportTraceServiceRequest with the first @n spans of a list, behind what @out holds. */
void otlp_encode(const struct otlp_source *source, const struct span *spans, size_t n,
		 struct buf *out);
