/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/network_record.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"

#define RECORD_FILE  "network.json"
#define RECORD_MAX   (8u << 20) /* with 16,384 routes: RTNL_MAX */
#define RECORD_DEPTH 6u

void network_record_done(struct network_record *record)
{
	for (size_t i = 0; i < record->n; i++)
		wire_done(&record->wires[i]);
	free(record->wires);
	free(record->settings.netns);
	*record = (struct network_record){ 0 };
}

static void put_route(struct json_writer *w, const struct rtnl_route *route)
{
	char text[RTNL_TEXT_LEN];

	json_open_object(w, NULL);
	json_put_string(w, "dest",
			route->dest.family ? rtnl_prefix_text(&route->dest, route->dest_len, text,
							      sizeof(text))
					   : "");
	json_put_string(w, "gateway", rtnl_ip_text(&route->gateway, text, sizeof(text)));
	json_put_string(w, "source", rtnl_ip_text(&route->source, text, sizeof(text)));
	json_put_bool(w, "ipv6", route->family == AF_INET6);
	json_put_u64(w, "metric", route->metric);
	json_put_u64(w, "mtu", route->mtu);
	json_put_u64(w, "flags", route->flags);
	json_put_u64(w, "scope", route->scope);
	json_put_u64(w, "protocol", route->protocol);
	json_close_object(w);
}

static void put_wire(struct json_writer *w, const struct wire *wire)
{
	char text[RTNL_TEXT_LEN];

	json_open_object(w, NULL);
	json_put_string(w, "model", wire_model_name(wire->model));
	json_put_u64(w, "number", wire->number);
	json_put_string(w, "name", wire->name);
	json_put_i64(w, "index", wire->index);
	json_put_string(w, "mac", rtnl_mac_text(wire->mac, text, sizeof(text)));
	json_open_array(w, "addresses");
	for (size_t i = 0; i < wire->n_addresses; i++) {
		const struct rtnl_address *address = &wire->addresses[i];

		json_put_string(
			w, NULL,
			rtnl_prefix_text(&address->ip, address->prefix_len, text, sizeof(text)));
	}
	json_close_array(w);
	json_open_array(w, "routes");
	for (size_t i = 0; i < wire->n_routes; i++)
		put_route(w, &wire->routes[i]);
	json_close_array(w);
	if (wire->model == WIRE_PHYSICAL) {
		json_put_string(w, "pci", wire->pci);
		json_put_string(w, "driver", wire->driver);
		json_put_u64(w, "mtu", wire->mtu);
		json_put_bool(w, "up", wire->was_up);
	}
	json_close_object(w);
}

int network_record_write(int dirfd, const struct network_record *record, struct err *err)
{
	struct json_writer w = { .indent = 2 };
	CLEANUP(free) char *text = NULL;

	json_open_object(&w, NULL);
	json_put_u64(&w, "netnsInode", record->netns_ino);
	json_open_array(&w, "interfaces");
	for (size_t i = 0; i < record->n; i++)
		put_wire(&w, &record->wires[i]);
	json_close_array(&w);
	json_close_object(&w);
	text = json_finish(&w);
	return file_replace_at(dirfd, RECORD_FILE, text, strlen(text), 0600, err);
}

static int take_addresses(char *const *texts, struct wire *ret, struct err *err)
{
	ret->addresses = xcalloc(strv_len(texts) + 1, sizeof(*ret->addresses));
	for (char *const *text = texts; text && *text; text++) {
		struct rtnl_address *address = &ret->addresses[ret->n_addresses++];

		address->index = ret->index;
		if (rtnl_prefix_parse(*text, &address->ip, &address->prefix_len) < 0)
			return err_set(err, EINVAL, "addresses: '%s' is none", *text);
	}
	return 0;
}

/* "" is none. */
static int take_ip(const struct json_at *at, const char *key, struct rtnl_ip *ret, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r = json_get_string(at, key, &text, err);

	if (r < 0 || str_empty(text))
		return r;
	return rtnl_ip_parse(text, ret) == 0
		       ? 0
		       : err_set(err, EINVAL, "%s: %s: '%.40s' is none", at->path, key, text);
}

static int take_dest(const struct json_at *at, struct rtnl_route *ret, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r = json_get_string(at, "dest", &text, err);

	if (r < 0 || str_empty(text))
		return r;
	return rtnl_prefix_parse(text, &ret->dest, &ret->dest_len) == 0
		       ? 0
		       : err_set(err, EINVAL, "%s: dest: '%.40s' is none", at->path, text);
}

/* What net_scan() takes is of the main table, and to other machines. */
static int take_route(const struct json_at *at, int index, struct rtnl_route *ret, struct err *err)
{
	bool ipv6 = false;
	int r;

	*ret = (struct rtnl_route){ .index = index, .table = RT_TABLE_MAIN, .type = RTN_UNICAST };
	r = take_dest(at, ret, err);
	if (r == 0)
		r = take_ip(at, "gateway", &ret->gateway, err);
	if (r == 0)
		r = take_ip(at, "source", &ret->source, err);
	if (r == 0)
		r = json_get_bool(at, "ipv6", &ipv6, err);
	if (r == 0)
		r = json_get_u32(at, "metric", &ret->metric, err);
	if (r == 0)
		r = json_get_u32(at, "mtu", &ret->mtu, err);
	if (r == 0)
		r = json_get_u32(at, "flags", &ret->flags, err);
	if (r == 0)
		r = json_get_u32(at, "scope", &ret->scope, err);
	if (r == 0)
		r = json_get_u32(at, "protocol", &ret->protocol, err);
	ret->family = ipv6 ? AF_INET6 : AF_INET;
	return r;
}

static int take_routes(const struct json_at *at, struct wire *ret, struct err *err)
{
	struct json_at list;
	size_t n = 0;
	int r = json_get_array(at, "routes", &list, &n, err);

	if (r <= 0)
		return r;
	r = 0;
	ret->routes = xcalloc(n + 1, sizeof(*ret->routes));
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct json_at item;

		r = json_item_object(&list, i, &item, err);
		if (r == 0)
			r = take_route(&item, ret->index, &ret->routes[ret->n_routes++], err);
	}
	return r;
}

static int take_hardware(const struct json_at *at, struct wire *ret, struct err *err)
{
	CLEANUP(free) char *pci = NULL;
	CLEANUP(free) char *driver = NULL;
	int r;

	r = json_get_string(at, "pci", &pci, err);
	if (r == 0)
		r = json_get_string(at, "driver", &driver, err);
	if (r == 0)
		r = json_get_u32(at, "mtu", &ret->mtu, err);
	if (r == 0)
		r = json_get_bool(at, "up", &ret->was_up, err);
	if (r < 0)
		return r;
	if (!pci || !driver || strlen(pci) >= sizeof(ret->pci) ||
	    strlen(driver) >= sizeof(ret->driver))
		return err_set(err, EINVAL, "a physical interface is not as we write it");
	(void)snprintf(ret->pci, sizeof(ret->pci), "%s", pci);
	(void)snprintf(ret->driver, sizeof(ret->driver), "%s", driver);
	return 0;
}

static int take_wire(const struct json_at *at, struct wire *ret, struct err *err)
{
	CLEANUP(strv_free) char **addresses = NULL;
	CLEANUP(free) char *model = NULL;
	CLEANUP(free) char *name = NULL;
	CLEANUP(free) char *mac = NULL;
	uint32_t number = 0;
	uint32_t index = 0;
	int r;

	r = json_get_string(at, "model", &model, err);
	if (r == 0)
		r = json_get_string(at, "name", &name, err);
	if (r == 0)
		r = json_get_string(at, "mac", &mac, err);
	if (r == 0)
		r = json_get_u32(at, "number", &number, err);
	if (r == 0)
		r = json_get_u32(at, "index", &index, err);
	if (r == 0)
		r = json_get_strv(at, "addresses", &addresses, err);
	if (r < 0)
		return r;
	if (!model || wire_model_parse(model, &ret->model) < 0 || !name || number > UINT16_MAX ||
	    strlen(name) >= sizeof(ret->name) || !mac || rtnl_mac_parse(mac, ret->mac) < 0)
		return err_set(err, EINVAL, "an interface is not as we write it");
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->number = (uint16_t)number;
	ret->index = (int)index;
	r = take_addresses(addresses, ret, err);
	if (r == 0)
		r = take_routes(at, ret, err);
	return r == 0 && ret->model == WIRE_PHYSICAL ? take_hardware(at, ret, err) : r;
}

static int take_record(const struct json_at *at, struct network_record *ret, struct err *err)
{
	struct json_at list;
	size_t n = 0;
	int r;

	r = json_get_u64(at, "netnsInode", &ret->netns_ino, err);
	if (r == 0)
		r = json_get_array(at, "interfaces", &list, &n, err);
	if (r < 0)
		return r;
	ret->wires = xcalloc(n + 1, sizeof(*ret->wires));
	for (size_t i = 0; i < n; i++) {
		struct json_at item;

		r = json_item_object(&list, i, &item, err);
		if (r == 0)
			r = take_wire(&item, &ret->wires[ret->n++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_wires(int dirfd, struct network_record *ret, struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	CLEANUP(free) char *text = NULL;
	struct json_at at;
	int r = file_read_at(dirfd, RECORD_FILE, RECORD_MAX, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		errno = -r;
		return err_errno(err, "read " RECORD_FILE);
	}
	r = json_parse(text, strlen(text), RECORD_DEPTH, &doc, err);
	if (r == 0) {
		at = json_root(doc);
		r = json_check_object(&at, err);
	}
	if (r == 0)
		r = take_record(&at, ret, err);
	return r < 0 ? err_prefix(err, RECORD_FILE) : 0;
}

int network_record_read(int dirfd, struct network_record *ret, struct err *err)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *sandbox = NULL;
	struct network_record record = { 0 };
	int r = sandbox_record_read(dirfd, &sandbox, err);

	if (r == 0)
		r = read_wires(dirfd, &record, err);
	if (r < 0) {
		network_record_done(&record);
		return r;
	}
	record.settings = sandbox->network;
	sandbox->network.netns = NULL; /* ours now */
	*ret = record;
	return 0;
}
