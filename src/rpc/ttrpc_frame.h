/* SPDX-License-Identifier: Apache-2.0 */
/* ttrpc_frame.h - the 10-byte ttrpc header, as a function on bytes */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;

#define TTRPC_HEADER_LEN 10u
#define TTRPC_DATA_MAX   (4u << 20)   /* PROTOCOL.md of containerd/ttrpc: 4 MiB */
#define TTRPC_REPLY_MAX  (256u << 10) /* replies come from the guest: none is larger (design E5) */

/* The metadata in which a call tells its place in a trace (W3C Trace Context). */
#define TTRPC_TRACEPARENT "traceparent"

enum ttrpc_type { TTRPC_REQUEST = 1, TTRPC_RESPONSE = 2, TTRPC_DATA = 3 };

struct ttrpc_frame {
	uint32_t stream; /* odd: opened by the client */
	uint8_t type;    /* enum ttrpc_type, or what the peer made of it */
	uint8_t flags;
	uint32_t len;        /* bytes of data, at most TTRPC_DATA_MAX */
	const uint8_t *data; /* borrowed from the input buffer */
};

/*
 * Reads one frame from the first @len bytes of @buf.
 *
 * @max  the most bytes of data that the caller takes, up to TTRPC_DATA_MAX
 *
 * Returns the number of bytes used, 0 when the frame is not complete yet (*ret
 * is then untouched), or -EBADMSG when the announced length is over @max.
 * Source: containerd/ttrpc, PROTOCOL.md, "Message Frame".
 */
ptrdiff_t ttrpc_frame_parse(const uint8_t *buf, size_t len, uint32_t max, struct ttrpc_frame *ret,
			    struct err *err);

/* Writes the header of a frame with @len bytes of data to @buf, TTRPC_HEADER_LEN bytes. */
void ttrpc_frame_header(uint8_t *buf, uint32_t stream, enum ttrpc_type type, uint32_t len);
