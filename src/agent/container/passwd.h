/* SPDX-License-Identifier: Apache-2.0 */
/* passwd.h - the container's own /etc/passwd, which may hold anything */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The home directory of @uid in the container whose root is the directory
 * @root: an absolute path of the first line for @uid. It is "/" when there is
 * none, or when /etc/passwd is no regular file, is larger than 1 MiB, or cannot
 * be opened. Nothing outside @root is read, and nothing here blocks. Owned.
 */
char *passwd_home(int root, uint32_t uid);

/*
 * The same for a file's contents: the home of the first line for @uid, of at
 * least six fields. Lines with a NUL byte, comments and NIS lines ("+", "-")
 * are nobody's, and so is a number not as printf("%u") writes it. Owned.
 */
char *passwd_home_in(const char *text, size_t len, uint32_t uid);
