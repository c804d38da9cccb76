/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/hashes.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/keys.h"

#define BLOCK 65536u

_Static_assert(SHA512_TEXT == BASE16_ENCODE_LENGTH(SHA512_DIGEST_SIZE) + 1, "a digest fits");

int hashes_of_file(const char *path, char ret[SHA512_TEXT], struct err *err)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(free) uint8_t *block = NULL;
	uint8_t digest[SHA512_DIGEST_SIZE];
	struct sha512_ctx context;
	ssize_t n;

	if (fd < 0)
		return err_errno(err, "open %s", path);
	block = xcalloc(1, BLOCK);
	sha512_init(&context);
	do {
		n = read(fd, block, BLOCK);
		if (n > 0)
			sha512_update(&context, (size_t)n, block);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return err_errno(err, "read %s", path);
	sha512_digest(&context, sizeof(digest), digest);
	base16_encode_update(ret, sizeof(digest), digest);
	ret[SHA512_TEXT - 1] = '\0';
	return 0;
}

static int check(const char *path, const char *wanted, struct err *err)
{
	char is[SHA512_TEXT];
	int r;

	if (str_empty(path))
		return err_set_as(err, ERR_HASH, EINVAL,
				  "there is no file whose hash could be checked");
	r = hashes_of_file(path, is, err);
	if (r < 0)
		return r;
	return str_eq(is, wanted)
		       ? 0
		       : err_set_as(err, ERR_HASH, EBADMSG, "%.300s has the SHA-512 %s, not %s",
				    path, is, wanted);
}

int hashes_check(const struct config *config, struct err *err)
{
	for (const struct config_key *key = config_keys; key->section; key++) {
		const char *wanted = config_hash(config, key);
		const char *const *path = (const void *)((const char *)config + key->offset);
		int r = wanted ? check(*path, wanted, err) : 0;

		if (r < 0)
			return err_prefix(err, "[%s] %s", key->section, key->name);
	}
	return 0;
}
