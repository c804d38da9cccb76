/* SPDX-License-Identifier: Apache-2.0 */
/* vhost_store.h - block devices that programs of the host serve over sockets (vhost-user) */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "vm/plug.h"

struct config;
struct err;

/* Numbers that stand for such disks; nothing of the kernel's answers to them. */
#define VHOST_STORE_BLK  241u
#define VHOST_STORE_SCSI 242u

/* Whether @dev is one, as far as enable_vhost_user_store lets there be any. */
bool vhost_store_has(const struct config *config, dev_t dev);

/*
 * The socket of the program that serves @dev: the one of the name that a device file
 * with this number has in the store; owned. Returns 1 (found), 0 (@dev is none),
 * -ENODEV (no file of the store has the number), -ENOENT or -ENOTSOCK (no socket).
 * Source: reference 07, section 6.
 */
int vhost_store_find(const struct config *config, dev_t dev, enum plug_driver *ret_driver,
		     char **ret_socket, struct err *err);
