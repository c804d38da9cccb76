/* SPDX-License-Identifier: Apache-2.0 */
/* init.h - the child's side of a start: from clone(2) to exec(2) */
#pragma once

#include <stdbool.h>

struct launch;

/*
 * Both run in the cloned child, report over @control and never return.
 *
 * @mapped  a pipe that says by one byte that the user mappings are written; -1: nothing to wait for
 * @user    whether the container has a user namespace
 */
__attribute__((noreturn)) void init_container_main(const struct launch *launch, int mapped,
						   int control);
__attribute__((noreturn)) void init_join_main(const struct launch *launch, int control, bool user);
