/* SPDX-License-Identifier: Apache-2.0 */
/* api.h - the handlers of the agent's API, by service and method; server.c has the tables */
#pragma once

#include <protobuf-c/protobuf-c.h>

struct err;
struct ttrpc_request;

/* An answer without content. */
void api_reply_empty(struct ttrpc_request *req);

/* Ends a call that has nothing to answer but success or @err. */
void api_reply_result(struct ttrpc_request *req, int r, const struct err *err);

/* The message of a call that is answered late: a request's own ends with its handler. Owned; NULL
 * when it is larger than a message may be. */
ProtobufCMessage *api_copy_message(const ProtobufCMessage *message);

#define API_HANDLER(name) void api_##name(struct ttrpc_request *req, const ProtobufCMessage *in)

/* Health. */
API_HANDLER(check);
API_HANDLER(version);

/* The sandbox: api_sandbox.c. */
API_HANDLER(create_sandbox);
API_HANDLER(destroy_sandbox);

/* Containers: api_container.c, api_resources.c. */
API_HANDLER(create_container);
API_HANDLER(start_container);
API_HANDLER(remove_container);
API_HANDLER(exec_process);
API_HANDLER(list_processes);
API_HANDLER(update_container);
API_HANDLER(pause_container);
API_HANDLER(resume_container);
API_HANDLER(stats_container);
API_HANDLER(get_oom_event);
API_HANDLER(wait_oom);

/* Processes: api_process.c. */
API_HANDLER(signal_process);
API_HANDLER(wait_process);
API_HANDLER(write_stdin);
API_HANDLER(read_stdout);
API_HANDLER(read_stderr);
API_HANDLER(close_stdin);
API_HANDLER(tty_win_resize);

/* The network: api_network.c. */
API_HANDLER(update_interface);
API_HANDLER(extended_update_interface);
API_HANDLER(list_interfaces);
API_HANDLER(update_routes);
API_HANDLER(extended_update_routes);
API_HANDLER(delete_routes);
API_HANDLER(list_routes);
API_HANDLER(add_arp_neighbors);

/* The guest: api_guest.c. */
API_HANDLER(set_guest_date_time);
API_HANDLER(reseed_random_dev);
API_HANDLER(get_guest_details);
API_HANDLER(get_metrics); /* api_metrics.c */
API_HANDLER(guest_clock);
API_HANDLER(boot_times);

API_HANDLER(network_stats);

/* Name servers of the host: dns.c. */
API_HANDLER(next_dns_query);
API_HANDLER(answer_dns_query);
API_HANDLER(online_cpu_mem); /* api_online.c */

/* tracing.c. */
API_HANDLER(read_spans);
API_HANDLER(start_tracing);
API_HANDLER(stop_tracing);

/* What the agent logs: guest_log.c. */
API_HANDLER(read_log);

/* Load balancing: api_ipvs.c. */
API_HANDLER(ipvs_change);
API_HANDLER(ipvs_list);
API_HANDLER(ipvs_connections);
API_HANDLER(conntrack_delete);
