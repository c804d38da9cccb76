/* SPDX-License-Identifier: Apache-2.0 */
/* channel.h - the way from the host: a virtio-serial port, yamux, and a ttrpc server per stream */
#pragma once

#include <stdint.h>

struct agent;
struct channel;
struct err;

#define CHANNEL_PORT_NAME "agent.channel.0"

/*
 * Opens the port @device ("/dev/vport0p1") and serves it from now on. When the
 * host end closes, every connection ends and the next session may begin.
 */
int channel_open(struct agent *agent, const char *device, struct channel **ret, struct err *err);

/* Sends what late answers have left; @data is the channel. Once per turn of the loop. */
void channel_flush(void *data);

/* The device of the port with that name, once it is there; owned, or NULL at the deadline. */
char *channel_wait_port(const char *name, uint64_t deadline);
