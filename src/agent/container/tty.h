/* SPDX-License-Identifier: Apache-2.0 */
/* tty.h - the terminal of a container's process */
#pragma once

#include <stdbool.h>

struct err;
struct oci_process;

/*
 * The place for the container's console below @root as an O_PATH descriptor: an
 * empty file that is made where nothing is. A symbolic link there is refused
 * (CVE-2025-52565), as is a directory.
 */
int tty_console_open(int root, struct err *err);

/*
 * Opens a terminal of the container's own devpts, makes it the controlling one
 * and descriptors 0 to 2, and with @bind_console the container's /dev/console.
 * The calling process must lead its session. *ret_master is owned.
 */
int tty_open(const struct oci_process *process, bool bind_console, int *ret_master,
	     struct err *err);
