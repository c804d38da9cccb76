/* SPDX-License-Identifier: Apache-2.0 */
/* network_output.h - what kata-network prints: one line of JSON. Source: reference 03 */
#pragma once

struct agentc_interface;
struct agentc_interfaces;
struct agentc_routes;
struct nic_records;
struct nic_request;

/* @nic NULL: an interface whose tap is not known. */
void print_interface(const struct agentc_interface *interface, const struct nic_request *nic);
void print_interfaces(const struct agentc_interfaces *interfaces);
void print_routes(const struct agentc_routes *routes);
/* Those that were added or removed, in the form in which they are given. */
void print_changed_routes(const struct agentc_routes *routes);

/* "enable_compat_old_cni": fewer members, and IPv4 alone. */
void print_compat_interfaces(const struct nic_records *records);
void print_compat_routes(const struct agentc_routes *routes);
