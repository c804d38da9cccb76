/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BUF_MIN  256u
#define BUF_KEEP 4096u /* an empty buffer keeps at most this much */

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	size_t len = buf_len(b);

	if (b->mem && b->cap - b->end >= n)
		return b->mem + b->end;

	if (b->mem && b->start > 0) {
		memmove(b->mem, b->mem + b->start, len);
		b->start = 0;
		b->end = len;
	}
	if (!b->mem || b->cap - b->end < n) {
		size_t cap = b->cap ? b->cap : BUF_MIN;

		while (cap - len < n)
			cap *= 2;
		b->mem = xrealloc(b->mem, cap);
		b->cap = cap;
	}
	return b->mem + b->end;
}

void buf_commit(struct buf *b, size_t n)
{
	assert(b->cap - b->end >= n);
	b->end += n;
}

void buf_append(struct buf *b, const void *data, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), data, n);
	b->end += n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	CLEANUP(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	buf_append(b, text, strlen(text));
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->start += n;
	if (b->start < b->end)
		return;
	b->start = 0;
	b->end = 0;
	if (b->cap > BUF_KEEP)
		buf_done(b);
}

void buf_truncate(struct buf *b, size_t len)
{
	assert(len <= buf_len(b));
	b->end = b->start + len;
}

char *buf_take_string(struct buf *b)
{
	char *s;

	*buf_reserve(b, 1) = '\0';
	if (b->start > 0)
		memmove(b->mem, b->mem + b->start, buf_len(b) + 1);
	s = (char *)b->mem;
	*b = (struct buf){ 0 };
	return s;
}

void buf_done(struct buf *b)
{
	free(b->mem);
	*b = (struct buf){ 0 };
}
