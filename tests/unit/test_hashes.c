/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "tests/unit/tmp.h"
#include "vm/hashes.h"

/* Source: FIPS 180-4's examples, and "sha512sum /dev/null". */
#define OF_ABC                                                             \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define OF_NOTHING                                                         \
	"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" \
	"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"

static char path[] = "/tmp/hash.XXXXXX";

static int make_file(void **state __attribute__((unused)))
{
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int remove_file(void **state __attribute__((unused)))
{
	return unlink(path);
}

static void fill(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

TEST(a_file_has_the_hash_that_it_has)
{
	char hash[SHA512_TEXT];
	struct err err = { 0 };

	fill("abc");
	assert_int_equal(hashes_of_file(path, hash, &err), 0);
	assert_string_equal(hash, OF_ABC);
	fill("");
	assert_int_equal(hashes_of_file(path, hash, &err), 0);
	assert_string_equal(hash, OF_NOTHING);
	assert_int_equal(hashes_of_file("/", hash, &err), -EISDIR);
	assert_string_equal(err.text, "read /: Is a directory");
}

/* A configuration with the file as its initrd, which is to have @hash. */
static int check(const char *hash, struct err *err)
{
	CLEANUP(free)
	char *text = xasprintf("[hypervisor.qemu]\ninitrd = \"%s\"\n"
			       "enable_annotations = [\".*\"]",
			       path);
	CLEANUP(free)
	char *word = xasprintf("io.katacontainers.config.hypervisor.initrd_hash=%s", hash);
	char *annotations[] = { word, NULL };
	CLEANUP(config_free) struct config *config = NULL;

	assert_int_equal(config_parse(text, strlen(text), "conf", &config, err), 0);
	assert_int_equal(config_override(config, annotations, false, err), 0);
	return hashes_check(config, err);
}

TEST(another_file_is_refused_with_both_hashes)
{
	CLEANUP(free)
	char *wanted = xasprintf(
		"[hypervisor.qemu] initrd: %s has the SHA-512 " OF_ABC ", not " OF_NOTHING, path);
	struct err err = { 0 };

	fill("abc");
	assert_int_equal(check(OF_ABC, &err), 0);
	assert_int_equal(check(OF_NOTHING, &err), -EBADMSG);
	assert_string_equal(err.text, wanted);
}

TEST(a_file_that_there_is_not_has_no_hash)
{
	static const char text[] = "[hypervisor.qemu]\nenable_annotations = [\".*\"]";
	char word[] = "io.katacontainers.config.hypervisor.firmware_hash=" OF_ABC;
	char *annotations[] = { word, NULL };
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = { 0 };

	assert_int_equal(config_parse(text, strlen(text), "conf", &config, &err), 0);
	assert_int_equal(config_override(config, annotations, false, &err), 0);
	assert_int_equal(hashes_check(config, &err), -EINVAL);
	assert_string_equal(err.text,
			    "[hypervisor.qemu] firmware: there is no file whose hash could "
			    "be checked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_the_hash_that_it_has),
		cmocka_unit_test(another_file_is_refused_with_both_hashes),
		cmocka_unit_test(a_file_that_there_is_not_has_no_hash),
	};

	return cmocka_run_group_tests_name("hashes", tests, make_file, remove_file);
}
