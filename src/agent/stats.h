/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - a container's numbers, as the agent's API has them */
#pragma once

struct container;
struct err;
struct ttrpc_request;

/* Answers StatsContainer. On failure @req is not answered. */
int stats_reply(const struct container *container, struct ttrpc_request *req, struct err *err);
