/* SPDX-License-Identifier: Apache-2.0 */
/* oom.h - tells the host which container ran out of memory */
#pragma once

#include <protobuf-c/protobuf-c.h>

struct agent;
struct container;
struct ttrpc_request;

#define OOM_EVENTS_MAX 64u /* that wait to be told; later ones are dropped */

/* From now on a process of the container that the kernel kills for memory is an event. */
void oom_watch(struct container *container);
void oom_unwatch(struct container *container);

/* When a process has died: version 1 counts it only then. */
void oom_look(struct container *container);

/* Answers @req with the number of kills, as soon as it is over @seen. */
void oom_wait(struct container *container, uint64_t seen, struct ttrpc_request *req);

/* Answers @req with the oldest event, now or when there is one. One call at a time waits. */
void oom_read(struct agent *agent, struct ttrpc_request *req);
