/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/network_record.h"

#include <errno.h>
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
#define RECORD_MAX   (1u << 20)
#define RECORD_DEPTH 5u

void network_record_done(struct network_record *record)
{
	for (size_t i = 0; i < record->n; i++)
		wire_done(&record->wires[i]);
	free(record->wires);
	free(record->settings.netns);
	*record = (struct network_record){ 0 };
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
	return take_addresses(addresses, ret, err);
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
