/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as QEMU 7.2 gave them to tests/facts/qemu-hot-plug.sh. */
#include "fake_devices.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "fake_fault.h"

#define FIRST_PORT_SLOT   16u
#define FIRST_MEMORY      (UINT64_C(4) << 30)
#define FIRST_BRIDGE_SLOT 5u
#define UNUSED            __attribute__((unused))

struct request {
	struct json_at arguments;
	int fd; /* that came with it, or -1 */
};

static void refuse(struct buf *out, const char *class, const char *text, const char *id)
{
	buf_printf(out, "{\"error\": {\"class\": \"%s\", \"desc\": \"%s%s\"}}\r\n", class, text,
		   id);
}

static void done(struct buf *out)
{
	buf_printf(out, "{\"return\": {}}\r\n");
}

/* The string @key of the arguments; "" without it. Owned. */
static char *argument(const struct request *request, const char *key)
{
	struct err ignored = { 0 };
	char *text = NULL;

	(void)json_get_string(&request->arguments, key, &text, &ignored);
	return text ? text : xstrdup("");
}

static const char *device_on(const struct fake_devices *fake, const char *bus, unsigned slot)
{
	CLEANUP(free) char *end = xasprintf(" %s %x", bus, slot);

	for (char **device = fake->devices; device && *device; device++) {
		size_t id = strcspn(*device, " ");

		if (str_eq(*device + id, end))
			return *device;
	}
	return NULL;
}

static void put_device(struct buf *out, unsigned bus, unsigned slot, unsigned function,
		       const char *device)
{
	buf_printf(out,
		   "{\"bus\": %u, \"slot\": %u, \"function\": %u, \"qdev_id\": \"%.*s\", \"id\": "
		   "{\"device\": 4161, \"vendor\": 6900}, \"regions\": [], \"irq\": 0}",
		   bus, slot, function, (int)strcspn(device, " "), device);
}

static void put_port(struct buf *out, const struct fake_devices *fake, unsigned i)
{
	CLEANUP(free) char *bus = xasprintf("rp%u", i);
	const char *device = device_on(fake, bus, 0);

	buf_printf(out,
		   ", {\"bus\": 0, \"slot\": %u, \"function\": %u, \"qdev_id\": \"rp%u\", \"id\": "
		   "{\"device\": 12, \"vendor\": 6966}, \"pci_bridge\": {\"bus\": {\"number\": 0, "
		   "\"secondary\": %u}, \"devices\": [",
		   FIRST_PORT_SLOT + i / 8, i % 8, i, i + 1);
	if (device)
		put_device(out, i + 1, 0, 0, device);
	buf_printf(out, "]}}");
}

static void put_bridge(struct buf *out, const struct fake_devices *fake, unsigned i)
{
	CLEANUP(free) char *bus = xasprintf("pci-bridge-%u", i);
	const char *comma = "";

	buf_printf(out,
		   ", {\"bus\": 0, \"slot\": %u, \"function\": 0, \"qdev_id\": \"%s\", \"id\": "
		   "{\"device\": 1, \"vendor\": 6966}, \"pci_bridge\": {\"bus\": {\"number\": 0, "
		   "\"secondary\": %u}, \"devices\": [",
		   FIRST_BRIDGE_SLOT + i, bus, 100 + i);
	for (unsigned slot = 0; slot < 32; slot++) {
		const char *device = device_on(fake, bus, slot);

		if (!device)
			continue;
		buf_printf(out, "%s", comma);
		put_device(out, 100 + i, slot, 0, device);
		comma = ", ";
	}
	buf_printf(out, "]}}");
}

static void query_pci(struct fake_devices *fake, const struct request *request UNUSED,
		      struct buf *out)
{
	buf_printf(out, "{\"return\": [{\"bus\": 0, \"devices\": [{\"bus\": 0, \"slot\": 0, "
			"\"function\": 0, \"qdev_id\": \"\", \"id\": {\"device\": ");
	buf_printf(out, "%d, \"vendor\": 32902}}", fake->is_pc ? 4663 : 10688);
	for (unsigned i = 0; i < fake->n_ports; i++)
		put_port(out, fake, i);
	for (unsigned i = 0; i < fake->n_bridges; i++)
		put_bridge(out, fake, i);
	for (unsigned slot = 1; slot < 32; slot++) {
		const char *device = device_on(fake, "pci.0", slot);

		if (!device)
			continue;
		buf_printf(out, ", ");
		put_device(out, 0, slot, 0, device);
	}
	buf_printf(out, "]}]}\r\n");
}

static void get_fd(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	CLEANUP(free) char *name = argument(request, "fdname");

	if (request->fd < 0) {
		refuse(out, "GenericError", "No file descriptor supplied via SCM_RIGHTS", "");
		return;
	}
	strv_add(&fake->fds, name);
	done(out);
}

static bool take_fds(struct fake_devices *fake, const char *names)
{
	CLEANUP(strv_free) char **words = strv_split(names, ":");

	for (char **word = words; word && *word; word++)
		if (!strv_remove(fake->fds, *word))
			return false;
	return true;
}

static void add_netdev(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	CLEANUP(free) char *id = argument(request, "id");
	CLEANUP(free) char *fds = argument(request, "fds");
	CLEANUP(free) char *vhost = argument(request, "vhostfds");
	CLEANUP(free) char *chardev = argument(request, "chardev");

	if (strv_contains(fake->netdevs, id)) {
		refuse(out, "GenericError", "Duplicate ID for netdev: ", id);
		return;
	}
	if (!take_fds(fake, fds) || !take_fds(fake, vhost)) {
		refuse(out, "GenericError", "File descriptor named '' has not been found", "");
		return;
	}
	if (*chardev && !strv_contains(fake->chardevs, chardev)) {
		refuse(out, "GenericError", "no such chardev: ", chardev);
		return;
	}
	strv_add(&fake->netdevs, id);
	done(out);
}

static char **find_device(const struct fake_devices *fake, const char *id)
{
	size_t len = strlen(id);

	for (char **device = fake->devices; device && *device; device++)
		if (str_starts(*device, id) && (*device)[len] == ' ')
			return device;
	return NULL;
}

static void add_device(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	CLEANUP(free) char *id = argument(request, "id");
	CLEANUP(free) char *bus = argument(request, "bus");
	CLEANUP(free) char *addr = argument(request, "addr");
	CLEANUP(free) char *netdev = argument(request, "netdev");

	if (find_device(fake, id)) {
		refuse(out, "GenericError", "Duplicate device ID ", id);
		return;
	}
	if (*netdev && !strv_contains(fake->netdevs, netdev)) {
		refuse(out, "GenericError", "can't find value ", netdev);
		return;
	}
	strv_addf(&fake->devices, "%s %s %s", id, bus, addr);
	done(out);
}

static void delete_device(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	CLEANUP(free) char *id = argument(request, "id");
	CLEANUP(free)
	char *event = xasprintf("{\"timestamp\": {\"seconds\": 1, \"microseconds\": "
				"2}, \"event\": \"DEVICE_DELETED\", \"data\": "
				"{\"device\": \"%s\", \"path\": "
				"\"/machine/peripheral/%s\"}}\r\n",
				id, id);
	bool early = fake_fault(fake->faults, "early", "device_del");
	char **device = find_device(fake, id);

	if (!device) {
		refuse(out, "DeviceNotFound", "No such device: ", id);
		return;
	}
	if (fake_fault(fake->faults, "stuck", "device_del")) {
		done(out);
		return;
	}
	(void)strv_remove(fake->devices, *device);
	if (early)
		buf_append(out, event, strlen(event));
	done(out);
	if (!early)
		buf_append(out, event, strlen(event));
}

static void query_chardev(struct fake_devices *fake, const struct request *request UNUSED,
			  struct buf *out)
{
	buf_printf(out, "{\"return\": [{\"label\": \"qmp\", \"frontend-open\": true}");
	for (char **id = fake->chardevs; id && *id; id++)
		buf_printf(out, ", {\"label\": \"%s\", \"frontend-open\": true}", *id);
	buf_printf(out, "]}\r\n");
}

static char *text_of(const struct request *request, const char *key)
{
	return json_member_text(&request->arguments, key);
}

static void query_vcpus(struct fake_devices *fake, const struct request *request UNUSED,
			struct buf *out)
{
	buf_printf(out, "{\"return\": [");
	for (unsigned i = fake->n_vcpus; i > 0; i--) {
		CLEANUP(free) char *id = xasprintf("cpu-%u", i - 1);
		bool taken = i == 1 || find_device(fake, id);

		buf_printf(out,
			   "%s{\"props\": {\"core-id\": 0, \"thread-id\": 0, \"socket-id\": %u}, "
			   "\"vcpus-count\": 1%s, \"type\": \"max-x86_64-cpu\"}",
			   i < fake->n_vcpus ? ", " : "", i - 1,
			   taken ? ", \"qom-path\": \"/machine/x\"" : "");
	}
	buf_printf(out, "]}\r\n");
}

static void put_memory(struct buf *out, const char *comma, const char *type, uint64_t bytes,
		       uint64_t addr)
{
	buf_printf(out,
		   "%s{\"type\": \"%s\", \"data\": {\"size\": %" PRIu64 ", \"addr\": %" PRIu64 "}}",
		   comma, type, bytes, addr);
}

static void query_dimms(struct fake_devices *fake, const struct request *request UNUSED,
			struct buf *out)
{
	uint64_t addr = FIRST_MEMORY;
	const char *comma = "";
	unsigned n = 0;

	buf_printf(out, "{\"return\": [");
	if (fake->elastic) {
		buf_printf(out,
			   "{\"type\": \"virtio-mem\", \"data\": {\"size\": %" PRIu64
			   ", \"max-size\": 17179869184, \"memaddr\": %" PRIu64 "}}",
			   fake->plugged, addr);
		comma = ", ";
	}
	if (fake->nvdimm > 0) {
		put_memory(out, comma, "nvdimm", fake->nvdimm, addr);
		addr += fake->nvdimm;
		comma = ", ";
	}
	for (char **device = fake->devices; device && *device; device++) {
		if (!str_starts(*device, "dimm"))
			continue;
		put_memory(out, comma, "dimm", fake->dimms[n], addr);
		addr += fake->dimms[n++];
		comma = ", ";
	}
	buf_printf(out, "]}\r\n");
}

static void query_memory(struct fake_devices *fake, const struct request *request UNUSED,
			 struct buf *out)
{
	buf_printf(out,
		   "{\"return\": {\"base-memory\": 1073741824, \"plugged-memory\": %" PRIu64
		   "}}\r\n",
		   fake->plugged);
}

static void get_property(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	CLEANUP(free) char *name = argument(request, "property");

	if (str_eq(name, "type") && fake->memory)
		buf_printf(out, "{\"return\": \"%s\"}\r\n", fake->memory);
	else if (str_eq(name, "share") || str_eq(name, "prealloc"))
		buf_printf(out, "{\"return\": %s}\r\n",
			   fake->memory && str_eq(name, "share") ? "true" : "false");
	else
		refuse(out, "GenericError", "no property ", name);
}

static void set_property(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	CLEANUP(free) char *name = argument(request, "property");
	CLEANUP(free) char *value = text_of(request, "value");

	if (!fake->elastic || !str_eq(name, "requested-size")) {
		refuse(out, "GenericError", "no property ", name);
		return;
	}
	if (!fake_fault(fake->faults, "stuck", "qom-set"))
		fake->plugged = strtoull(value, NULL, 10);
	done(out);
}

static void add_object(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	CLEANUP(free) char *size = text_of(request, "size");

	fake->plugged += strtoull(size, NULL, 10);
	if (fake->n_dimms < sizeof(fake->dimms) / sizeof(fake->dimms[0]))
		fake->dimms[fake->n_dimms++] = strtoull(size, NULL, 10);
	strv_take(&fake->objects, argument(request, "id"));
	done(out);
}

static void add_node(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	CLEANUP(free) char *name = argument(request, "node-name");

	if (strv_contains(fake->nodes, name)) {
		refuse(out, "GenericError", "Duplicate nodes with node-name=", name);
		return;
	}
	strv_add(&fake->nodes, name);
	done(out);
}

static void query_nodes(struct fake_devices *fake, const struct request *request UNUSED,
			struct buf *out)
{
	buf_printf(out, "{\"return\": [");
	for (char **name = fake->nodes; name && *name; name++)
		buf_printf(out, "%s{\"node-name\": \"%s\"}", name == fake->nodes ? "" : ", ",
			   *name);
	buf_printf(out, "]}\r\n");
}

static void query_kvm(struct fake_devices *fake UNUSED, const struct request *request UNUSED,
		      struct buf *out)
{
	buf_printf(out, "{\"return\": {\"enabled\": false, \"present\": true}}\r\n");
}

static void add_chardev(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	strv_take(&fake->chardevs, argument(request, "id"));
	done(out);
}

static void remove_from(char **list, char *id, const char *class, struct buf *out)
{
	if (strv_remove(list, id))
		done(out);
	else
		refuse(out, class, "not found: ", id);
	free(id);
}

static void remove_object(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	remove_from(fake->objects, argument(request, "id"), "GenericError", out);
}

static void remove_node(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	remove_from(fake->nodes, argument(request, "node-name"), "GenericError", out);
}

static void remove_chardev(struct fake_devices *fake, const struct request *request,
			   struct buf *out)
{
	remove_from(fake->chardevs, argument(request, "id"), "GenericError", out);
}

static void remove_netdev(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	remove_from(fake->netdevs, argument(request, "id"), "DeviceNotFound", out);
}

static void close_fd(struct fake_devices *fake, const struct request *request, struct buf *out)
{
	remove_from(fake->fds, argument(request, "fdname"), "GenericError", out);
}

static const struct {
	const char *command;
	void (*answer)(struct fake_devices *fake, const struct request *request, struct buf *out);
} commands[] = {
	{ "blockdev-add", add_node },
	{ "blockdev-del", remove_node },
	{ "query-named-block-nodes", query_nodes },
	{ "chardev-add", add_chardev },
	{ "chardev-remove", remove_chardev },
	{ "closefd", close_fd },
	{ "device_add", add_device },
	{ "device_del", delete_device },
	{ "getfd", get_fd },
	{ "netdev_add", add_netdev },
	{ "netdev_del", remove_netdev },
	{ "query-chardev", query_chardev },
	{ "query-kvm", query_kvm },
	{ "object-add", add_object },
	{ "object-del", remove_object },
	{ "qom-get", get_property },
	{ "qom-set", set_property },
	{ "query-hotpluggable-cpus", query_vcpus },
	{ "query-memory-devices", query_dimms },
	{ "query-memory-size-summary", query_memory },
	{ "query-pci", query_pci },
};

bool fake_devices_answer(struct fake_devices *fake, const char *line, int fd, struct buf *out)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct request request = { .fd = fd };
	CLEANUP(free) char *command = NULL;
	CLEANUP(close) int passed = fd;
	struct err err = { 0 };
	struct json_at root;
	const char *text;

	if (json_parse(line, strcspn(line, "\n"), 16, &doc, &err) < 0)
		return false;
	root = json_root(doc);
	request.arguments = root; /* a member that is not there is as good as none */
	if (json_get_string(&root, "execute", &command, &err) < 0 || !command ||
	    json_get_object(&root, "arguments", &request.arguments, &err) < 0)
		return false;
	text = fake_fault(fake->faults, "refuse", command);
	if (text) {
		CLEANUP(free) char *reason = xstrndup(text, strcspn(text, "@"));

		refuse(out, "GenericError", reason, "");
		return true;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!str_eq(commands[i].command, command))
			continue;
		commands[i].answer(fake, &request, out);
		return true;
	}
	return false;
}

char *fake_devices_list(const struct fake_devices *fake)
{
	CLEANUP(strv_free) char **all = NULL;

	for (char **word = fake->fds; word && *word; word++)
		strv_addf(&all, "fd %s", *word);
	for (char **word = fake->netdevs; word && *word; word++)
		strv_addf(&all, "netdev %s", *word);
	for (char **word = fake->chardevs; word && *word; word++)
		strv_addf(&all, "chardev %s", *word);
	for (char **word = fake->objects; word && *word; word++)
		strv_addf(&all, "object %s", *word);
	for (char **word = fake->nodes; word && *word; word++)
		strv_addf(&all, "node %s", *word);
	for (char **word = fake->devices; word && *word; word++)
		strv_addf(&all, "device %s", *word);
	return strv_join(all, "\n");
}

void fake_devices_done(struct fake_devices *fake)
{
	strv_free(fake->fds);
	strv_free(fake->netdevs);
	strv_free(fake->chardevs);
	strv_free(fake->devices);
	strv_free(fake->objects);
	strv_free(fake->nodes);
}
