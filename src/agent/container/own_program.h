/* SPDX-License-Identifier: Apache-2.0 */
/* own_program.h - the agent is no program for a container to run (CVE-2019-5736) */
#pragma once

#include <stdbool.h>

/* Takes note of what /proc/self/exe is, once, while that is the agent's own /proc. */
void own_program_remember(void);

/*
 * Whether @path is that file. An image whose entry point leads to
 * /proc/self/exe would run the agent, from where its file can be opened. (It
 * cannot be written to while the agent runs: ETXTBSY is the second wall.)
 */
bool own_program_is(const char *path);
