/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - asks a name server on the lo of our network namespace for the guest
 *
 * On user-defined networks Docker's name server is 127.0.0.11 in the sandbox's
 * namespace. The agent takes queries for that address in the guest (agent/dns.c);
 * we ask here, over UDP or TCP as the guest did, and give back what comes. Only
 * that one server is asked, whatever the guest says.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct dns;
struct err;
struct loop;

/* As long as the program. -EINVAL: @address is not one of 127.0.0.0/8. */
int dns_new(struct loop *loop, const char *address, struct dns **ret, struct err *err);

/* What its owner sends to the agent, over a stream of its own; @data is the struct dns. */
struct buf *dns_out(struct dns *dns);
int dns_feed(void *data, const uint8_t *bytes, size_t len);

/* The agent can be asked. */
void dns_begin(void *data);
