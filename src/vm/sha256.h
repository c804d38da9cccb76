/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.h - digests as text */
#pragma once

#include <stddef.h>

#define SHA256_TEXT 65u /* hexadecimal digits, and the end */

/* Of @n strings, each with its NUL. */
void sha256_of_strings(char *const *strings, size_t n, char ret[SHA256_TEXT]);

/* Of all that can be read at @fd from its beginning; its offset stays. Returns 0 or -errno. */
int sha256_of_fd(int fd, char ret[SHA256_TEXT]);
