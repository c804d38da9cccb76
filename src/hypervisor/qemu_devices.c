/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: QEMU 7.2, qapi/net.json, qapi/char.json, qapi/qdev.json; reference 06, section 3. */
#include "hypervisor/qemu_devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "hypervisor/qemu_pci.h"
#include "hypervisor/qmp.h"

/* Ends the object of arguments and runs @command. */
static int run(struct qmp *qmp, const char *command, struct json_writer *w, uint64_t deadline,
	       struct err *err)
{
	CLEANUP(free) char *arguments = NULL;

	json_close_object(w);
	arguments = json_finish(w);
	return qmp_command(qmp, command, arguments, deadline, NULL, err);
}

static void open_arguments(struct json_writer *w, const char *id)
{
	json_open_object(w, NULL);
	json_put_string(w, "id", id);
}

static int run_with_id(struct qmp *qmp, const char *command, const char *id, uint64_t deadline,
		       struct err *err)
{
	struct json_writer w = { 0 };

	open_arguments(&w, id);
	return run(qmp, command, &w, deadline, err);
}

/* "ID.KIND0:ID.KIND1:…"; owned. */
static char *fd_names(const char *id, const char *kind, size_t n)
{
	CLEANUP(strv_free) char **names = NULL;

	for (size_t i = 0; i < n; i++)
		strv_addf(&names, "%s.%s%zu", id, kind, i);
	return strv_join(names, ":");
}

static int give_fds(struct qmp *qmp, const char *names, const int *fds, uint64_t deadline,
		    struct err *err)
{
	CLEANUP(strv_free) char **words = strv_split(names, ":");

	for (size_t i = 0; words && words[i]; i++) {
		int r = qmp_give_fd(qmp, words[i], fds[i], deadline, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Those that no command has taken; QEMU complains of the others. */
static void take_back_fds(struct qmp *qmp, const char *names, uint64_t deadline)
{
	CLEANUP(strv_free) char **words = strv_split(names, ":");

	for (char **word = words; word && *word; word++) {
		CLEANUP(free) char *arguments = xasprintf("{\"fdname\":\"%s\"}", *word);
		struct err ignored = { 0 };

		(void)qmp_command(qmp, "closefd", arguments, deadline, NULL, &ignored);
	}
}

int qemu_add_tap(struct qmp *qmp, const char *id, const struct tap_fds *fds, uint64_t deadline,
		 struct err *err)
{
	CLEANUP(free) char *queues = fd_names(id, "queue", fds->n);
	CLEANUP(free) char *vhost = fds->vhost ? fd_names(id, "vhost", fds->n) : NULL;
	struct json_writer w = { 0 };
	int r;

	open_arguments(&w, id);
	json_put_string(&w, "type", "tap");
	json_put_string(&w, "fds", queues);
	if (vhost) {
		json_put_bool(&w, "vhost", true);
		json_put_string(&w, "vhostfds", vhost);
	}
	r = give_fds(qmp, queues, fds->queues, deadline, err);
	if (r == 0 && vhost)
		r = give_fds(qmp, vhost, fds->vhost, deadline, err);
	if (r == 0)
		r = run(qmp, "netdev_add", &w, deadline, err);
	buf_done(&w.out);
	if (r == 0)
		return 0;
	take_back_fds(qmp, queues, deadline);
	if (vhost)
		take_back_fds(qmp, vhost, deadline);
	return r;
}

int qemu_add_tap_by_name(struct qmp *qmp, const char *id, const char *ifname, size_t n_queues,
			 uint64_t deadline, struct err *err)
{
	struct json_writer w = { 0 };

	open_arguments(&w, id);
	json_put_string(&w, "type", "tap");
	json_put_string(&w, "ifname", ifname);
	json_put_string(&w, "script", "no");
	json_put_string(&w, "downscript", "no");
	if (n_queues > 1)
		json_put_u64(&w, "queues", n_queues);
	return run(qmp, "netdev_add", &w, deadline, err);
}

int qemu_add_socket_chardev(struct qmp *qmp, const char *id, const char *socket, uint64_t deadline,
			    struct err *err)
{
	struct json_writer w = { 0 };

	open_arguments(&w, id);
	json_open_object(&w, "backend");
	json_put_string(&w, "type", "socket");
	json_open_object(&w, "data");
	json_open_object(&w, "addr");
	json_put_string(&w, "type", "unix");
	json_open_object(&w, "data");
	json_put_string(&w, "path", socket);
	json_close_object(&w);
	json_close_object(&w);
	json_put_bool(&w, "server", false);
	json_close_object(&w);
	json_close_object(&w);
	return run(qmp, "chardev-add", &w, deadline, err);
}

static int has_chardev(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at chardevs;
	struct json_at root;
	size_t n = 0;
	int r;

	r = qmp_query(qmp, "query-chardev", NULL, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	r = json_get_array(&root, "return", &chardevs, &n, err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		CLEANUP(free) char *label = NULL;
		struct json_at chardev;

		r = json_item_object(&chardevs, i, &chardev, err);
		if (r == 0)
			r = json_get_string(&chardev, "label", &label, err);
		if (r == 0 && label && str_eq(label, id))
			return 1;
	}
	return r < 0 ? err_prefix(err, "query-chardev") : 0;
}

int qemu_remove_chardev(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	int r = has_chardev(qmp, id, deadline, err);

	return r <= 0 ? r : run_with_id(qmp, "chardev-remove", id, deadline, err);
}

int qemu_add_vhost_user(struct qmp *qmp, const char *id, const char *socket, size_t n_queues,
			uint64_t deadline, struct err *err)
{
	struct json_writer w = { 0 };
	struct err ignored = { 0 };
	int r;

	r = qemu_add_socket_chardev(qmp, id, socket, deadline, err);
	if (r < 0)
		return r;
	open_arguments(&w, id);
	json_put_string(&w, "type", "vhost-user");
	json_put_string(&w, "chardev", id);
	json_put_bool(&w, "vhostforce", true);
	if (n_queues > 1)
		json_put_u64(&w, "queues", n_queues);
	r = run(qmp, "netdev_add", &w, deadline, err);
	if (r < 0)
		(void)qemu_remove_chardev(qmp, id, deadline, &ignored);
	return r;
}

int qemu_remove_netdev(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	int r = run_with_id(qmp, "netdev_del", id, deadline, err);

	return r < 0 && r != -ENODEV ? r : qemu_remove_chardev(qmp, id, deadline, err);
}

/* A pair of queues for each vCPU takes a vector each, and the control queue and the device one. */
int qemu_add_nic(struct qmp *qmp, const struct nic *nic, const struct pci_place *place,
		 uint64_t deadline, struct err *err)
{
	struct json_writer w = { 0 };

	open_arguments(&w, nic->id);
	json_put_string(&w, "driver", "virtio-net-pci");
	json_put_string(&w, "netdev", nic->netdev);
	json_put_string(&w, "mac", nic->mac);
	json_put_string(&w, "bus", place->bus);
	json_put_string(&w, "addr", place->addr);
	json_put_string(&w, "romfile", "");
	if (nic->n_queues > 1)
		json_put_bool(&w, "mq", true);
	if (nic->no_msix)
		json_put_u64(&w, "vectors", 0);
	else if (nic->n_queues > 1)
		json_put_u64(&w, "vectors", 2 * nic->n_queues + 2);
	return run(qmp, "device_add", &w, deadline, err);
}

int qemu_remove_device(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err)
{
	int r = run_with_id(qmp, "device_del", id, deadline, err);

	if (r == -ENODEV)
		return 0;
	return r < 0 ? r : qmp_wait_deleted(qmp, id, deadline, err);
}

int qemu_has_kvm(struct qmp *qmp, uint64_t deadline, bool *ret, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at root;
	struct json_at kvm;
	int r;

	r = qmp_query(qmp, "query-kvm", NULL, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	r = json_get_object(&root, "return", &kvm, err);
	return r <= 0 ? r : json_get_bool(&kvm, "enabled", ret, err);
}
