/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_devices.h - back ends and devices of a running QEMU, one monitor command each */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct pci_place;
struct qmp;

/*
 * Ids are words that QEMU takes: a letter, then letters, digits, '-', '.', '_'.
 * Adding returns 0 or an error of qmp_command(). Removing what is not there is
 * success.
 */

/* A tap's queues as the back end of a NIC; QEMU gets copies of the descriptors. */
struct tap_fds {
	const int *queues;
	const int *vhost; /* as many, or NULL */
	size_t n;
};

int qemu_add_tap(struct qmp *qmp, const char *id, const struct tap_fds *fds, uint64_t deadline,
		 struct err *err);
/* A tap that exists in QEMU's network namespace. */
int qemu_add_tap_by_name(struct qmp *qmp, const char *id, const char *ifname, size_t n_queues,
			 uint64_t deadline, struct err *err);
/* A program that serves the NIC over shared memory; @socket is listening. */
int qemu_add_vhost_user(struct qmp *qmp, const char *id, const char *socket, size_t n_queues,
			uint64_t deadline, struct err *err);
int qemu_remove_netdev(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err);

/* A client of the Unix socket at @socket, which is listening. */
int qemu_add_socket_chardev(struct qmp *qmp, const char *id, const char *socket, uint64_t deadline,
			    struct err *err);
int qemu_remove_chardev(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err);

struct nic {
	const char *id;
	const char *netdev;
	const char *mac;
	size_t n_queues;
	bool no_msix;
};

int qemu_add_nic(struct qmp *qmp, const struct nic *nic, const struct pci_place *place,
		 uint64_t deadline, struct err *err);

/* Waits until the guest has let it go. */
int qemu_remove_device(struct qmp *qmp, const char *id, uint64_t deadline, struct err *err);

/* Whether the virtual machine runs on KVM. */
int qemu_has_kvm(struct qmp *qmp, uint64_t deadline, bool *ret, struct err *err);
