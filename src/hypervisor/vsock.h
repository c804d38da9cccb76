/* SPDX-License-Identifier: Apache-2.0 */
/* vsock.h - the host's end of a virtual machine's vsock device */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Whether the host has what it takes; false sets *ret_reason, a static text. */
bool vsock_usable(const char **ret_reason);

/*
 * Reserves a context id that no other machine of this host has. Returns the
 * descriptor of the vhost device, which the hypervisor inherits and which holds
 * the id until it is closed; -EADDRINUSE when none was free, or errno of open(2)
 * and VHOST_VSOCK_SET_GUEST_CID.
 */
int vsock_reserve(uint32_t *ret_cid, struct err *err);
