/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/ttrpc_frame.h"

#include <errno.h>

#include "base/err.h"
#include "rpc/wire.h"

ptrdiff_t ttrpc_frame_parse(const uint8_t *buf, size_t len, uint32_t max, struct ttrpc_frame *ret,
			    struct err *err)
{
	uint32_t n;

	if (len < TTRPC_HEADER_LEN)
		return 0;
	n = read_be32(buf);
	if (n > max)
		return err_set(err, EBADMSG, "ttrpc frame of %u bytes, the limit is %u", n, max);
	if (len - TTRPC_HEADER_LEN < n)
		return 0;

	*ret = (struct ttrpc_frame){
		.stream = read_be32(buf + 4),
		.type = buf[8],
		.flags = buf[9],
		.len = n,
		.data = buf + TTRPC_HEADER_LEN,
	};
	return (ptrdiff_t)TTRPC_HEADER_LEN + n;
}

void ttrpc_frame_header(uint8_t *buf, uint32_t stream, enum ttrpc_type type, uint32_t len)
{
	write_be32(buf, len);
	write_be32(buf + 4, stream);
	buf[8] = (uint8_t)type;
	buf[9] = 0;
}
