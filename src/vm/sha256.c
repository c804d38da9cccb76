/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/sha256.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define BLOCK 65536u

_Static_assert(SHA256_TEXT == BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE) + 1, "a digest fits");

static void finish(struct sha256_ctx *context, char ret[SHA256_TEXT])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(context, sizeof(digest), digest);
	base16_encode_update(ret, sizeof(digest), digest);
	ret[SHA256_TEXT - 1] = '\0';
}

void sha256_of_strings(char *const *strings, size_t n, char ret[SHA256_TEXT])
{
	struct sha256_ctx context;

	sha256_init(&context);
	for (size_t i = 0; i < n; i++)
		sha256_update(&context, strlen(strings[i]) + 1, (const uint8_t *)strings[i]);
	finish(&context, ret);
}

int sha256_of_fd(int fd, char ret[SHA256_TEXT])
{
	CLEANUP(free) uint8_t *block = xmalloc(BLOCK);
	struct sha256_ctx context;
	off_t at = 0;
	ssize_t n;

	sha256_init(&context);
	do {
		n = pread(fd, block, BLOCK, at);
		if (n > 0) {
			sha256_update(&context, (size_t)n, block);
			at += n;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return -errno;
	finish(&context, ret);
	return 0;
}
