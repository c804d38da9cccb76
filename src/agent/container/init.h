/* SPDX-License-Identifier: Apache-2.0 */
/* init.h - the child's side of a start: from clone(2) to exec(2) */
#pragma once

struct launch;
struct rootfs_handles;

/*
 * Both run in the cloned child, report over @control and never return.
 *
 * @rootfs  what the helper has prepared; NULL: without one, the child does it
 * @mapped  a pipe that says by one byte that the helper is done with us; -1: without one
 */
__attribute__((noreturn)) void init_container_main(const struct launch *launch,
						   struct rootfs_handles *rootfs, int mapped,
						   int control);
__attribute__((noreturn)) void init_join_main(const struct launch *launch, int control);
