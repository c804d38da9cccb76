/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cached_files.h - how many files of the host the guest's cache holds open
 *
 * virtiofsd keeps a descriptor for every inode that the guest remembers, and has
 * as many as its limit of open files allows: without this a container that walks
 * over a large tree gets EMFILE. The kernel lets go of them only for want of
 * memory, and knows no limit of their number.
 */
#pragma once

#include <stdint.h>

struct loop;

/* From now on the cache is emptied when it holds more than @max inodes. Once per agent. */
void cached_files_watch(struct loop *loop, uint64_t max);
