/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agentc/network.h"
#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/nic_records.h"

/* An empty list is null. */
static void print(struct json_writer *w, bool is_empty)
{
	CLEANUP(free) char *text = json_finish(w);

	puts(is_empty ? "null" : text);
}

/* Empty members are left out. */
static void put_text(struct json_writer *w, const char *key, const char *value)
{
	if (!str_empty(value))
		json_put_string(w, key, value);
}

static void put_number(struct json_writer *w, const char *key, uint64_t value)
{
	if (value)
		json_put_u64(w, key, value);
}

static void put_addresses(struct json_writer *w, char *const *addresses)
{
	if (strv_len(addresses) == 0)
		return;
	json_open_array(w, "IPAddresses");
	for (; *addresses; addresses++) {
		size_t len = strcspn(*addresses, "/");
		CLEANUP(free) char *address = xstrndup(*addresses, len);

		json_open_object(w, NULL);
		json_put_u64(w, "Family", strchr(address, ':') ? AF_INET6 : AF_INET);
		json_put_string(w, "Address", address);
		json_put_string(w, "Mask", (*addresses)[len] ? *addresses + len + 1 : "");
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_interface(struct json_writer *w, const struct agentc_interface *interface,
			  const struct nic_request *nic)
{
	json_open_object(w, NULL);
	put_text(w, "device", nic ? nic->device : NULL);
	put_text(w, "name", interface->name);
	put_addresses(w, interface->addresses);
	put_number(w, "mtu", interface->mtu);
	put_text(w, "hwAddr", interface->mac);
	put_text(w, "pciAddr", interface->pci_path);
	json_close_object(w);
}

void print_interface(const struct agentc_interface *interface, const struct nic_request *nic)
{
	struct json_writer w = { 0 };

	put_interface(&w, interface, nic);
	print(&w, false);
}

void print_interfaces(const struct agentc_interfaces *interfaces)
{
	struct json_writer w = { 0 };

	json_open_array(&w, NULL);
	for (size_t i = 0; i < interfaces->n; i++)
		put_interface(&w, &interfaces->items[i], NULL);
	json_close_array(&w);
	print(&w, interfaces->n == 0);
}

void print_compat_interfaces(const struct nic_records *records)
{
	struct json_writer w = { 0 };
	size_t n = 0;

	json_open_array(&w, NULL);
	for (size_t i = 0; i < records->n; i++) {
		const struct agentc_interface *guest = &records->items[i].nic.guest;

		if (records->items[i].under_way)
			continue;
		json_open_object(&w, NULL);
		put_text(&w, "name", guest->name);
		put_text(&w, "mac", guest->mac);
		if (strv_len(guest->addresses) > 0)
			json_put_strv(&w, "ip", guest->addresses);
		put_number(&w, "mtu", guest->mtu);
		json_close_object(&w);
		n++;
	}
	json_close_array(&w);
	print(&w, n == 0);
}

void print_routes(const struct agentc_routes *routes)
{
	struct json_writer w = { 0 };

	json_open_array(&w, NULL);
	for (size_t i = 0; i < routes->n; i++) {
		const struct agentc_route *route = &routes->items[i];

		json_open_object(&w, NULL);
		put_text(&w, "dest", route->dest);
		put_text(&w, "gateway", route->gateway);
		put_text(&w, "device", route->device);
		put_text(&w, "source", route->source);
		put_number(&w, "scope", route->scope);
		json_close_object(&w);
	}
	json_close_array(&w);
	print(&w, routes->n == 0);
}

void print_changed_routes(const struct agentc_routes *routes)
{
	struct json_writer w = { 0 };

	json_open_array(&w, NULL);
	for (size_t i = 0; i < routes->n; i++) {
		const struct agentc_route *route = &routes->items[i];

		json_open_object(&w, NULL);
		json_put_string(&w, "dest", str_empty(route->dest) ? "default" : route->dest);
		put_text(&w, "gateway", route->gateway);
		put_text(&w, "device", route->device);
		put_text(&w, "source", route->source);
		json_close_object(&w);
	}
	json_close_array(&w);
	print(&w, routes->n == 0);
}

void print_compat_routes(const struct agentc_routes *routes)
{
	struct json_writer w = { 0 };
	size_t n = 0;

	json_open_array(&w, NULL);
	for (size_t i = 0; i < routes->n; i++) {
		const struct agentc_route *route = &routes->items[i];

		if (route->ipv6)
			continue;
		json_open_object(&w, NULL);
		json_put_string(&w, "dest", str_empty(route->dest) ? "default" : route->dest);
		put_text(&w, "gateway", route->gateway);
		put_text(&w, "device", route->device);
		json_close_object(&w);
		n++;
	}
	json_close_array(&w);
	print(&w, n == 0);
}
