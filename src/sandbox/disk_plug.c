/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk's number in its machine is in the record of each container that uses it,
 * before it is plugged in and until it is out: "NUMBER MAJOR:MINOR ro|rw ADDRESS",
 * the address "-" before it is known.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "sandbox/disks.h"
#include "sandbox/internal.h"
#include "sandbox/paths.h"
#include "vm/plug.h"
#include "vm/vm.h"

#define STUCK_MAX 8u /* numbers of disks that the guest did not let go */

static_assert(DISK_ADDRESS == PLUG_PATH_LEN, "one address, two names");

struct known {
	uint64_t number;
	dev_t dev;
	bool read_only;
	char address[DISK_ADDRESS];
};

static bool parse(const char *text, struct known *ret)
{
	CLEANUP(strv_free) char **words = strv_split(text, " ");

	if (strv_len(words) != 4 || str_to_u64(words[0], 0, UINT32_MAX, &ret->number) < 0 ||
	    str_to_dev(words[1], &ret->dev) < 0)
		return false;
	ret->read_only = str_eq(words[2], "ro");
	snprintf(ret->address, sizeof(ret->address), "%s", words[3]);
	return true;
}

/* What the records of the sandbox's containers say, but for that of @cid; owned. */
static char **of_others(const char *sid, const char *cid)
{
	CLEANUP(strv_free) char **members = sandbox_members(sid);
	char **all = NULL;

	for (char **member = members; member && *member; member++) {
		__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
		struct err ignored = { 0 };

		if (str_eq(*member, cid) || container_look(*member, &view, &ignored) < 0)
			continue;
		for (char **disk = view.record->disks; disk && *disk; disk++)
			strv_add(&all, *disk);
	}
	return all;
}

static bool is_taken(char *const *lists[2], uint64_t number)
{
	for (size_t i = 0; i < 2; i++) {
		for (char *const *disk = lists[i]; disk && *disk; disk++) {
			struct known known;

			if (parse(*disk, &known) && known.number == number)
				return true;
		}
	}
	return false;
}

/* Another container of the pod may have it already. */
static bool reuse(struct disk *disk, char *const *others)
{
	for (; others && *others; others++) {
		struct known known;

		if (!parse(*others, &known) || known.dev != disk->dev ||
		    known.read_only != disk->read_only || str_eq(known.address, "-"))
			continue;
		disk->number = (unsigned)known.number;
		snprintf(disk->address, sizeof(disk->address), "%s", known.address);
		return true;
	}
	return false;
}

static char *describe(const struct disk *disk)
{
	return xasprintf("%u %u:%u %s %s", disk->number, major(disk->dev), minor(disk->dev),
			 disk->read_only ? "ro" : "rw", *disk->address ? disk->address : "-");
}

static void set_last(struct container_record *record, const struct disk *disk)
{
	size_t n = strv_len(record->disks);

	free(record->disks[n - 1]);
	record->disks[n - 1] = describe(disk);
}

static int plug_one(struct plug *plug, const struct config *config, struct disk *disk,
		    struct err *err)
{
	const struct plug_disk params = {
		.number = disk->number,
		.path = disk->path,
		.driver = disk->driver,
		.bytes = disk->bytes,
		.read_only = disk->read_only,
		.cache_set = config->hypervisor.block_device_cache_set,
		.cache_direct = config->hypervisor.block_device_cache_direct,
		.cache_no_flush = config->hypervisor.block_device_cache_noflush,
	};

	return plug_disk_add(plug, &params, disk->address, err);
}

/* The lowest number that nobody has, and that no guest holds on to. */
static int choose_number(struct plug *plug, char *const *own, char *const *others,
			 struct disk *disk, struct err *err)
{
	char *const *lists[2] = { own, others };
	unsigned stuck = 0;

	for (disk->number = 0; stuck < STUCK_MAX; disk->number++) {
		if (is_taken(lists, disk->number))
			continue;
		if (plug_disk_remove(plug, disk->number, err) == 0)
			return 0;
		stuck++;
	}
	return -err->code;
}

int disks_plug(struct disks *disks, struct container_record *record,
	       int (*save)(void *data, struct err *err), void *data, struct err *err)
{
	CLEANUP(strv_free) char **others = of_others(record->sandbox, record->id);
	CLEANUP(free) char *vm = paths_vm(record->sandbox);
	CLEANUP(plug_close) struct plug *plug = NULL;
	int r;

	if (disks->n == 0)
		return 0;
	r = plug_open(vm, &plug, err);
	for (size_t i = 0; r == 0 && i < disks->n; i++) {
		struct disk *disk = &disks->items[i];
		bool shared = reuse(disk, others) || reuse(disk, record->disks);

		if (!shared)
			r = choose_number(plug, record->disks, others, disk, err);
		if (r < 0)
			break;
		strv_take(&record->disks, describe(disk));
		r = save(data, err);
		if (r < 0 || shared)
			continue;
		r = plug_one(plug, disks->config, disk, err);
		if (r < 0)
			break;
		set_last(record, disk);
		r = save(data, err);
	}
	return r;
}

int disks_unplug(const char *sid, const char *cid, struct err *err)
{
	__attribute__((cleanup(container_view_done))) struct container_view view = { 0 };
	CLEANUP(strv_free) char **others = of_others(sid, cid);
	char *const *lists[2] = { others, NULL };
	CLEANUP(free) char *vm = paths_vm(sid);
	CLEANUP(plug_close) struct plug *plug = NULL;
	struct err ignored = { 0 };
	int r;

	if (container_look(cid, &view, &ignored) < 0 || !view.record->disks || !vm_is_alive(vm))
		return 0;
	r = plug_open(vm, &plug, err);
	for (char **disk = view.record->disks; r == 0 && *disk; disk++) {
		struct known known;

		if (!parse(*disk, &known) || is_taken(lists, known.number))
			continue;
		r = plug_disk_remove(plug, (unsigned)known.number, err);
	}
	return r;
}
