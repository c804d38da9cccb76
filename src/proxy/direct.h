/* SPDX-License-Identifier: Apache-2.0 */
/* direct.h - a connection of the proxy's own to an agent that is reached by vsock */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct buf;
struct direct;
struct loop;

struct direct_user {
	struct buf *out;               /* what it has to say: looked at once per turn; borrowed */
	void (*connected)(void *data); /* once */
	/* What the agent says. A negative result ends the connection. */
	int (*feed)(void *data, const uint8_t *bytes, size_t len);
	void *data;
};

/*
 * Tries to connect to @url (base/dial) until the agent listens, which has no
 * event on the host. A connection that ends is not made again: the machine is
 * about to end.
 */
struct direct *direct_new(struct loop *loop, const char *url, const struct direct_user *user);
/* Sends what its user has to say: once per turn of the loop. NULL does nothing. */
void direct_flush(struct direct *direct);
void direct_free(struct direct *direct);
DEFINE_CLEANUP(struct direct *, direct_free)
