/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spans.h - the agent's spans, on their way out of the machine
 *
 * The agent is asked over a stream of its own and answers when it has some. They go on to
 * an exporter that kata-runtime has started for us (otlp/send.h); what that has no room for
 * is dropped and counted. The proxy has no spans of its own.
 *
 * The guest's times are those of its CLOCK_BOOTTIME. Each answer tells its now, which is
 * over by the time that the answer took: the smallest difference to our clock is the truest.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct spans;

/* @fd, which it takes over, and the sandbox's id. As long as the program. */
struct spans *spans_new(int fd, const char *sandbox);

/* What its owner sends to the agent, over a stream of its own; @data is the struct spans. */
struct buf *spans_out(struct spans *spans);
int spans_feed(void *data, const uint8_t *bytes, size_t len);

/* The agent can be asked. */
void spans_begin(void *data);

/* The guest's clock against ours, after an answer that says @guest_ns and came at @host_ns. */
int64_t spans_offset(int64_t known_ns, uint64_t guest_ns, uint64_t host_ns);
#define SPANS_OFFSET_UNKNOWN INT64_MAX
