/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_records.h - which NICs kata-network has put into a sandbox
 *
 * A file of its own beside persist.json. A NIC is written down before the first
 * step of putting it in or taking it out, as one that is under way: what a command
 * that was killed has left is known, and the next one takes it away.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/network_input.h"

struct err;

struct nic_record {
	struct nic_request nic; /* device is never NULL, but with vhost_user */
	bool under_way;         /* being put in or taken out */
};

struct nic_records {
	struct nic_record *items;
	size_t n;
};

/* @dirfd is the sandbox's directory. Without a file there are none. */
int nic_records_read(int dirfd, struct nic_records *ret, struct err *err);
int nic_records_write(int dirfd, const struct nic_records *records, struct err *err);
void nic_records_done(struct nic_records *records);

/* Borrowed; NULL when there is none of that name. */
struct nic_record *nic_records_find(const struct nic_records *records, const char *name);

/* Whether one of them is on the tap @device. */
bool nic_records_use(const struct nic_records *records, const char *device);

/* A copy of @nic, under way. Its record is borrowed until the next change. */
struct nic_record *nic_records_add(struct nic_records *records, const struct nic_request *nic);
void nic_records_remove(struct nic_records *records, const char *name);

/*
 * Whether another sandbox than @sid has a NIC on the tap @device: its id, owned.
 * Whoever asks has written its own record before: of two that ask at once, no more
 * than one is told that it is alone.
 */
char *nic_device_user(const char *device, const char *sid);
