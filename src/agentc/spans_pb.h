/* SPDX-License-Identifier: Apache-2.0 */
/* spans_pb.h - spans as a guest tells them: bounded, printable and in order */
#pragma once

#include <stdint.h>

#include "katac.pb-c.h"

struct span;

#define SPANS_MAX 256u /* of one answer */

/*
 * The spans of @answer as a list, owned, with times of the host's CLOCK_REALTIME: those of
 * the guest and @offset_ns. What has no proper place in a trace, or is one too many, is
 * counted in *ret_lost with what the guest has lost itself.
 */
struct span *spans_from_pb(const Katac__ReadSpansResponse *answer, int64_t offset_ns,
			   unsigned *ret_lost);
void spans_free(struct span *spans);
