/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send.h - spans on their way out of a program
 *
 * Theory of operation. Nobody here talks to a collector: a program of its own does,
 * kata-trace-export, which gets whole requests, one per packet, over a Unix socket
 * and ends by itself at most 5 s after the other end was closed. The socket holds
 * some hundred kilobytes; what does not fit is dropped. So no collector, whatever it
 * does, can hold up or fail a command.
 */
#pragma once

#include <stddef.h>

struct err;
struct otlp_source;
struct span;

/*
 * Starts an exporter for whoever holds the descriptor that is returned (close-on-exec),
 * in the network of the caller. Returns it, or -errno.
 */
int otlp_exporter_start(struct err *err);

/* Sends a list of spans without waiting. Returns how many there was no room for. */
unsigned otlp_send(int fd, const struct otlp_source *source, const struct span *spans);

/* Sends what this process has recorded, by an exporter of its own. Failures are dropped. */
void otlp_send_trace(const char *service, const char *sandbox);
