/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_devices.h - what a fake QEMU has plugged in, and the monitor's commands for it
 *
 * Faults: "refuse=TEXT@COMMAND" answers that command with an error of QEMU;
 * "stuck@device_del" is a guest that lets nothing go; "stuck@qom-set" one that takes no memory;
 * "early@device_del" tells that the device is gone before it answers, as QEMU does without a guest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct fake_devices {
	unsigned n_ports; /* PCIe root ports of a q35; 0 and @is_pc false: none */
	unsigned n_bridges;
	bool is_pc;          /* a root bus that takes devices */
	char *const *faults; /* borrowed */
	char **fds;          /* names of descriptors that were passed */
	char **netdevs;      /* ids */
	char **chardevs;
	char **devices;     /* "ID BUS ADDR" */
	char **objects;     /* ids */
	char **nodes;       /* of block devices */
	unsigned n_vcpus;   /* vCPUs that can be, of which the first is there from the start */
	const char *memory; /* the kind of the machine's own memory, "memory-backend-ram" */
	bool elastic;       /* there is a virtio-mem device, whose guest does as it is asked */
	uint64_t nvdimm;    /* bytes of an nvdimm that is there, in front of all DIMMs */
	uint64_t dimms[16]; /* bytes of each back end that came */
	unsigned n_dimms;
	uint64_t plugged; /* bytes, without the machine's own 1 GiB */
};

/* Answers @line in @out if it is one of its commands; @fd came with it, or -1, and is closed. */
bool fake_devices_answer(struct fake_devices *fake, const char *line, int fd, struct buf *out);

/* What there is, one word each, sorted by kind: "netdev net-x"; owned. */
char *fake_devices_list(const struct fake_devices *fake);
void fake_devices_done(struct fake_devices *fake);
