/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile peer: its bytes come in two pieces, and the streams it opens are read, answered, ended.
 */
#include <stdlib.h>

#include "base/err.h"
#include "rpc/yamux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void opened(struct yamux_stream *stream)
{
	if (stream->id % 8 == 7)
		yamux_release(stream);
}

static void readable(struct yamux_stream *stream)
{
	size_t n = buf_len(&stream->in);

	yamux_consume(stream, n);
	if (!stream->local_fin)
		(void)yamux_write(stream, "0123456789", n < 10 ? n : 10);
	if (stream->remote_fin || stream->id % 8 == 5)
		yamux_release(stream);
}

static void writable(struct yamux_stream *stream)
{
	yamux_finish(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct yamux_ops ops = { opened, readable, writable };
	struct yamux_stream *ours = NULL;
	struct err err = { 0 };
	struct yamux y;

	if (size < 2)
		return 0;
	yamux_init(&y, data[0] & 1, &ops, NULL);
	(void)yamux_open(&y, &ours, &err);
	if (yamux_feed(&y, data + 1, (size - 1) / 2, &err) == 0) {
		buf_consume(&y.out, buf_len(&y.out) / 2);
		yamux_flushed(&y);
		(void)yamux_feed(&y, data + 1 + (size - 1) / 2, size - 1 - (size - 1) / 2, &err);
	}
	if (buf_len(&y.out) > YAMUX_CONTROL_MAX + YAMUX_OUT_MAX || y.n_streams > YAMUX_STREAMS_MAX)
		abort();
	yamux_done(&y);
	return 0;
}
