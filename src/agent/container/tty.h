/* SPDX-License-Identifier: Apache-2.0 */
/* tty.h - the terminal of a container's process */
#pragma once

#include <stdbool.h>

struct err;
struct oci_process;

/*
 * Opens a terminal of the container's own devpts, makes it the controlling one
 * and descriptors 0 to 2, and with @bind_console the container's /dev/console.
 * The calling process must lead its session. *ret_master is owned.
 */
int tty_open(const struct oci_process *process, bool bind_console, int *ret_master,
	     struct err *err);
