/* SPDX-License-Identifier: Apache-2.0 */
/* Spans that a guest tells, as kata-proxy reads them. */
#include <stddef.h>
#include <stdint.h>

#include "agentc/spans_pb.h"
#include "rpc/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	ProtobufCMessage *answer = pb_unpack(&katac__read_spans_response__descriptor, data, len);
	unsigned lost = 0;

	if (answer)
		spans_free(spans_from_pb((const Katac__ReadSpansResponse *)answer, 1, &lost));
	pb_free(answer);
	return 0;
}
