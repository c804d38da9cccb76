/* SPDX-License-Identifier: Apache-2.0 */
/* host_check.h - whether this host can run the virtual machines that are configured */
#pragma once

struct config;
struct err;
struct findings;

/* Looks at processor, KVM, QEMU, virtiofsd, kernel and initrd, vsock, vhost, memory. */
void vm_check_host(const struct config *config, struct findings *findings);

/* What the hypervisor says of itself, in one line; owned. */
int vm_hypervisor_version(const struct config *config, char **ret, struct err *err);
