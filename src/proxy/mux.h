/* SPDX-License-Identifier: Apache-2.0 */
/* mux.h - clients of a Unix socket, each a yamux stream over the one serial port */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct buf;
struct err;
struct loop;
struct mux;

/*
 * Takes over both descriptors. The loop stops with code 0 when the serial port
 * ends (QEMU has gone) or the guest breaks the protocol.
 */
int mux_new(struct loop *loop, int serial, int listener, struct mux **ret, struct err *err);
void mux_free(struct mux *mux);
DEFINE_CLEANUP(struct mux *, mux_free)

/* Calls @fn once, when the guest has said its first word. */
void mux_when_alive(struct mux *mux, void (*fn)(void *data), void *data);

/*
 * A stream of the proxy's own. @out is what it has to say: looked at once per
 * turn of the loop. @fn gets what the guest answers; a negative result of it
 * ends the stream.
 */
typedef int (*mux_local_fn)(void *data, const uint8_t *bytes, size_t len);
int mux_open_local(struct mux *mux, struct buf *out, mux_local_fn fn, void *data, struct err *err);
