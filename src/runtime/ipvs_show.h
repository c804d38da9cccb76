/* SPDX-License-Identifier: Apache-2.0 */
/* ipvs_show.h - tables of IPVS and conntrack as their own tools print them */
#pragma once

struct buf;
struct conntrack_flows;
struct ipvs_command;
struct ipvs_connections;
struct ipvs_table;
struct ipvs_timeouts;

/*
 * As "ipvsadm -Ln" of version 1.31 with the options that are in @command. The
 * entries of @table are sorted on the way, unless @command asks for the kernel's order.
 */
void ipvs_show_table(struct ipvs_table *table, const struct ipvs_command *command, struct buf *out);

void ipvs_show_timeouts(const struct ipvs_timeouts *timeouts, struct buf *out);
void ipvs_show_connections(const struct ipvs_connections *connections, struct buf *out);

/* As "conntrack -D" of version 1.4.7. */
void conntrack_show_deleted(const struct conntrack_flows *flows, struct buf *out);
