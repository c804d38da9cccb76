/* SPDX-License-Identifier: Apache-2.0 */
/* hugepages.h - whether the host has enough of them */
#pragma once

#include <stdint.h>

struct err;

/* The size of a huge page of the default kind in bytes; 0 when the kernel has none. @root: "". */
uint64_t hugepages_size(const char *root);

/*
 * Whether the host can give @bytes as huge pages now. -ENOMEM with how many are needed and free;
 * -ENOTSUP without huge pages. @root is put before /proc and /sys: "", another for tests.
 * Source: Linux, Documentation/admin-guide/mm/hugetlbpage.rst.
 */
int hugepages_check(const char *root, uint64_t bytes, struct err *err);
