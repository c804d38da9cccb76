/* SPDX-License-Identifier: Apache-2.0 */
/* vsock.h - the way from the host by vsock: a ttrpc server per connection (design D3) */
#pragma once

struct agent;
struct err;
struct vsock;

/*
 * Listens on the agent's port from now on, for the host alone: what runs in the
 * guest could connect as well.
 */
int vsock_open(struct agent *agent, struct vsock **ret, struct err *err);

/* Sends what late answers have left; @data is the struct vsock. Once per turn of the loop. */
void vsock_flush(void *data);
