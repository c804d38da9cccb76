/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - a growing queue of bytes: appended at the end, consumed at the front */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/*
 * { 0 } is an empty buffer. The readable bytes are buf_data() .. + buf_len().
 * A buffer that becomes empty gives large memory back, so that a connection at
 * rest costs next to nothing.
 */
struct buf {
	uint8_t *mem; /* owned */
	size_t start; /* first readable byte */
	size_t end;   /* behind the last one */
	size_t cap;
};

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

static inline uint8_t *buf_data(const struct buf *b)
{
	return b->mem ? b->mem + b->start : NULL; /* NULL + 0 is undefined in C */
}

/* Room for at least @n bytes at the end; what is written there counts after buf_commit(). */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
void buf_append(struct buf *b, const void *data, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *b, size_t n);
/* Keeps the first @len bytes. */
void buf_truncate(struct buf *b, size_t len);

/* The contents as a string that the caller owns; the buffer is empty afterwards. */
char *buf_take_string(struct buf *b);

void buf_done(struct buf *b);
static inline void buf_donep(struct buf *b)
{
	buf_done(b);
}
