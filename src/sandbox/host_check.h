/* SPDX-License-Identifier: Apache-2.0 */
/* host_check.h - whether this host can run sandboxes as they are configured */
#pragma once

struct config;
struct err;
struct findings;

/* All of it: the virtual machine's needs and our own. Takes a second, for it asks QEMU. */
void host_check(const struct config *config, struct findings *findings);

/*
 * What "PROGRAM --version" prints of one of our programs, without its name: "0.1.0,
 * commit abc"; owned.
 */
int program_version(const char *program, char **ret, struct err *err);

/* What the hypervisor says of itself, in one line; owned. */
int hypervisor_version(const struct config *config, char **ret, struct err *err);
