/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: QEMU 7.2, qapi/block-core.json; reference 07, section 5. */
#include "hypervisor/qemu_disks.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "hypervisor/machine.h"
#include "hypervisor/qemu_devices.h"
#include "hypervisor/qemu_pci.h"
#include "hypervisor/qmp.h"

static int run(struct qmp *qmp, const char *command, struct json_writer *w, uint64_t deadline,
	       struct err *err)
{
	CLEANUP(free) char *arguments = NULL;

	json_close_object(w);
	arguments = json_finish(w);
	return qmp_command(qmp, command, arguments, deadline, NULL, err);
}

int qemu_add_disk_node(struct qmp *qmp, const struct qemu_disk *disk, uint64_t deadline,
		       struct err *err)
{
	struct json_writer w = { 0 };

	json_open_object(&w, NULL);
	json_put_string(&w, "driver", "host_device");
	json_put_string(&w, "node-name", disk->id);
	json_put_string(&w, "filename", disk->path);
	json_put_bool(&w, "read-only", disk->read_only);
	if (disk->cache_set) {
		json_open_object(&w, "cache");
		json_put_bool(&w, "direct", disk->cache_direct);
		json_put_bool(&w, "no-flush", disk->cache_no_flush);
		json_close_object(&w);
	}
	return run(qmp, "blockdev-add", &w, deadline, err);
}

static int has_node(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at nodes;
	struct json_at root;
	size_t n = 0;
	int r;

	r = qmp_query(qmp, "query-named-block-nodes", "{\"flat\":true}", deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	r = json_get_array(&root, "return", &nodes, &n, err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		CLEANUP(free) char *name = NULL;
		struct json_at node;

		r = json_item_object(&nodes, i, &node, err);
		if (r == 0)
			r = json_get_string(&node, "node-name", &name, err);
		if (r == 0 && name && str_eq(name, id))
			return 1;
	}
	return r < 0 ? err_prefix(err, "query-named-block-nodes") : 0;
}

int qemu_remove_disk_node(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	CLEANUP(free) char *arguments = xasprintf("{\"node-name\":\"%s\"}", id);
	int r = has_node(qmp, id, deadline, err);

	return r <= 0 ? r : qmp_command(qmp, "blockdev-del", arguments, deadline, NULL, err);
}

static void open_device(struct json_writer *w, const char *driver, const char *id)
{
	CLEANUP(free) char *device = xasprintf("%s-dev", id);

	json_open_object(w, NULL);
	json_put_string(w, "driver", driver);
	json_put_string(w, "id", device);
	json_put_string(w, "drive", id);
	json_put_bool(w, "share-rw", true); /* containers of a pod may share it */
}

int qemu_add_virtio_blk(struct qmp *qmp, const char *id, const struct pci_place *place,
			uint64_t deadline, struct err *err)
{
	struct json_writer w = { 0 };

	open_device(&w, "virtio-blk-pci", id);
	json_put_string(&w, "bus", place->bus);
	json_put_string(&w, "addr", place->addr);
	json_put_string(&w, "romfile", "");
	return run(qmp, "device_add", &w, deadline, err);
}

int qemu_add_scsi_disk(struct qmp *qmp, const char *id, unsigned number, uint64_t deadline,
		       struct err *err)
{
	struct json_writer w = { 0 };

	open_device(&w, "scsi-hd", id);
	json_put_string(&w, "bus", SCSI_ID ".0");
	json_put_u64(&w, "scsi-id", number / 256);
	json_put_u64(&w, "lun", number % 256);
	return run(qmp, "device_add", &w, deadline, err);
}

int qemu_add_vhost_user_disk(struct qmp *qmp, const char *id, bool scsi, bool no_msix,
			     const struct pci_place *place, uint64_t deadline, struct err *err)
{
	CLEANUP(free) char *device = xasprintf("%s-dev", id);
	struct json_writer w = { 0 };

	json_open_object(&w, NULL);
	json_put_string(&w, "driver", scsi ? "vhost-user-scsi-pci" : "vhost-user-blk-pci");
	json_put_string(&w, "id", device);
	json_put_string(&w, "chardev", id);
	json_put_string(&w, "bus", place->bus);
	json_put_string(&w, "addr", place->addr);
	json_put_string(&w, "romfile", "");
	if (no_msix)
		json_put_u64(&w, "vectors", 0);
	return run(qmp, "device_add", &w, deadline, err);
}

int qemu_add_nvdimm(struct qmp *qmp, const struct qemu_disk *disk, uint64_t bytes,
		    uint64_t deadline, struct err *err)
{
	CLEANUP(free) char *device = xasprintf("%s-dev", disk->id);
	CLEANUP(free) char *removal = xasprintf("{\"id\":\"%s\"}", disk->id);
	struct json_writer w = { 0 };
	struct err ignored = { 0 };
	int r;

	json_open_object(&w, NULL);
	json_put_string(&w, "qom-type", "memory-backend-file");
	json_put_string(&w, "id", disk->id);
	json_put_string(&w, "mem-path", disk->path);
	json_put_u64(&w, "size", bytes);
	json_put_bool(&w, "share", true);
	json_put_bool(&w, "readonly", disk->read_only);
	r = run(qmp, "object-add", &w, deadline, err);
	if (r < 0)
		return r;
	w = (struct json_writer){ 0 };
	json_open_object(&w, NULL);
	json_put_string(&w, "driver", "nvdimm");
	json_put_string(&w, "id", device);
	json_put_string(&w, "memdev", disk->id);
	json_put_bool(&w, "unarmed", disk->read_only);
	r = run(qmp, "device_add", &w, deadline, err);
	if (r < 0)
		(void)qmp_command(qmp, "object-del", removal, deadline, NULL, &ignored);
	return r;
}

int qemu_remove_disk(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	CLEANUP(free) char *device = xasprintf("%s-dev", id);

	return qemu_remove_device(qmp, device, deadline, err);
}
