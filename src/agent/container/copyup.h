/* SPDX-License-Identifier: Apache-2.0 */
/* copyup.h - what an image has at a place, copied into the tmpfs that will hide it */
#pragma once

struct err;

#define COPYUP_ENTRIES_MAX (256u << 10)  /* files and directories */
#define COPYUP_BYTES_MAX   (1024u << 20) /* of all files together; the tmpfs may allow less */
#define COPYUP_DEPTH_MAX   128u          /* directories in each other, each with its descriptors */

/*
 * Copies the directory @from (O_PATH will do) into the directory @to: owners,
 * modes, times, extended attributes that the target can hold, links as links,
 * FIFOs, sockets and device nodes as such. No link is followed and no other
 * mount is entered, so whoever changes the source meanwhile gets nothing else
 * copied. Holes are filled; hard links become files of their own.
 * Returns 0, or -EFBIG beyond a limit, or an errno of what failed, with its name.
 */
int copyup(int from, int to, struct err *err);
