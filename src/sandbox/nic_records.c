/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/nic_records.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"

#define NICS_FILE  "kata-network.json"
#define NICS_MAX   (1u << 20) /* bytes; a NIC takes some 200, and 256 can be plugged in */
#define NICS_DEPTH 4u

void nic_records_done(struct nic_records *records)
{
	for (size_t i = 0; i < records->n; i++)
		nic_request_done(&records->items[i].nic);
	free(records->items);
	*records = (struct nic_records){ 0 };
}

struct nic_record *nic_records_find(const struct nic_records *records, const char *name)
{
	for (size_t i = 0; i < records->n; i++)
		if (str_eq(records->items[i].nic.guest.name, name))
			return &records->items[i];
	return NULL;
}

bool nic_records_use(const struct nic_records *records, const char *device)
{
	for (size_t i = 0; i < records->n; i++)
		if (records->items[i].nic.device && str_eq(records->items[i].nic.device, device))
			return true;
	return false;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct nic_record *new_record(struct nic_records *records)
{
	struct nic_record *record;

	records->items = xrealloc(records->items, (records->n + 1) * sizeof(*records->items));
	record = &records->items[records->n++];
	*record = (struct nic_record){ 0 };
	return record;
}

struct nic_record *nic_records_add(struct nic_records *records, const struct nic_request *nic)
{
	struct nic_record *record = new_record(records);
	struct agentc_interface *to = &record->nic.guest;

	record->under_way = true;
	record->nic.device = copy(nic->device);
	record->nic.vhost_user = copy(nic->vhost_user);
	to->name = copy(nic->guest.name);
	to->mac = copy(nic->guest.mac);
	to->addresses = strv_copy(nic->guest.addresses);
	to->mtu = nic->guest.mtu;
	to->flags = nic->guest.flags;
	to->queues = nic->guest.queues;
	return record;
}

void nic_records_remove(struct nic_records *records, const char *name)
{
	struct nic_record *record = nic_records_find(records, name);

	if (!record)
		return;
	nic_request_done(&record->nic);
	records->n--;
	memmove(record, record + 1,
		(size_t)(records->items + records->n - record) * sizeof(*record));
}

static int read_record(const struct json_at *at, struct nic_record *ret, struct err *err)
{
	struct agentc_interface *guest = &ret->nic.guest;
	int r;

	r = json_get_string(at, "name", &guest->name, err);
	if (r == 0)
		r = json_get_string(at, "device", &ret->nic.device, err);
	if (r == 0)
		r = json_get_string(at, "hwAddr", &guest->mac, err);
	if (r == 0)
		r = json_get_string(at, "vhostUserSocket", &ret->nic.vhost_user, err);
	if (r == 0)
		r = json_get_strv(at, "addresses", &guest->addresses, err);
	if (r == 0)
		r = json_get_u32(at, "mtu", &guest->mtu, err);
	if (r == 0)
		r = json_get_u32(at, "rawFlags", &guest->flags, err);
	if (r == 0)
		r = json_get_u32(at, "queues", &guest->queues, err);
	if (r == 0)
		r = json_get_bool(at, "underWay", &ret->under_way, err);
	if (r < 0)
		return r;
	return guest->name && guest->mac ? 0 : err_set(err, EINVAL, "%s is not complete", at->path);
}

static int read_all(const struct json_at *at, struct nic_records *ret, struct err *err)
{
	struct json_at array;
	size_t n = 0;
	int r = json_get_array(at, "interfaces", &array, &n, err);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct json_at item;

		r = json_item_object(&array, i, &item, err);
		if (r == 0)
			r = read_record(&item, new_record(ret), err);
	}
	return r < 0 ? r : 0;
}

int nic_records_read(int dirfd, struct nic_records *ret, struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	CLEANUP(free) char *text = NULL;
	struct json_at root;
	int r = file_read_at(dirfd, NICS_FILE, NICS_MAX, &text);

	*ret = (struct nic_records){ 0 };
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(err, -r, "read " NICS_FILE);
	r = json_parse(text, strlen(text), NICS_DEPTH, &doc, err);
	if (r == 0) {
		root = json_root(doc);
		r = json_check_object(&root, err);
	}
	if (r == 0)
		r = read_all(&root, ret, err);
	if (r < 0)
		nic_records_done(ret);
	return r < 0 ? err_prefix(err, NICS_FILE) : 0;
}

int nic_records_write(int dirfd, const struct nic_records *records, struct err *err)
{
	struct json_writer w = { .indent = 2 };
	CLEANUP(free) char *text = NULL;

	json_open_object(&w, NULL);
	json_open_array(&w, "interfaces");
	for (size_t i = 0; i < records->n; i++) {
		const struct nic_record *record = &records->items[i];

		json_open_object(&w, NULL);
		json_put_string(&w, "name", record->nic.guest.name);
		json_put_string(&w, "device", record->nic.device);
		json_put_string(&w, "hwAddr", record->nic.guest.mac);
		json_put_string(&w, "vhostUserSocket", record->nic.vhost_user);
		json_put_strv(&w, "addresses", record->nic.guest.addresses);
		json_put_u64(&w, "mtu", record->nic.guest.mtu);
		json_put_u64(&w, "rawFlags", record->nic.guest.flags);
		json_put_u64(&w, "queues", record->nic.guest.queues);
		json_put_bool(&w, "underWay", record->under_way);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_close_object(&w);
	text = json_finish(&w);
	return file_replace_at(dirfd, NICS_FILE, text, strlen(text), 0600, err);
}

static bool uses_device(const char *sid, const char *device)
{
	CLEANUP(free) char *path = paths_sandbox(sid);
	CLEANUP(close) int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct nic_records records = { 0 };
	struct err ignored = { 0 };
	bool found = false;

	if (dirfd < 0 || nic_records_read(dirfd, &records, &ignored) < 0)
		return false;
	found = nic_records_use(&records, device);
	nic_records_done(&records);
	return found && !sandbox_is_stale(sid);
}

char *nic_device_user(const char *device, const char *sid)
{
	CLEANUP(free) char *path = paths_sandboxes();
	DIR *dir = opendir(path);
	struct dirent *entry;
	char *user = NULL;

	while (dir && !user && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !str_eq(entry->d_name, sid) &&
		    uses_device(entry->d_name, device))
			user = xstrdup(entry->d_name);
	if (dir)
		closedir(dir);
	return user;
}
