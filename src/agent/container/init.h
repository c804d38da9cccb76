/* SPDX-License-Identifier: Apache-2.0 */
/* init.h - the child's side of a start: from clone(2) to exec(2) */
#pragma once

struct launch;

/* Both run in the cloned child, report over @control and never return. */
__attribute__((noreturn)) void init_container_main(const struct launch *launch, int control);
__attribute__((noreturn)) void init_join_main(const struct launch *launch, int control);
