/* SPDX-License-Identifier: Apache-2.0 */
/* clock_sync.h - keep the guest's clock with the host's (design D12) */
#pragma once

struct loop;
struct mux;

/* At once, and then once a minute, over a stream of its own. Failure is logged, no more. */
void clock_sync_start(struct loop *loop, struct mux *mux);
