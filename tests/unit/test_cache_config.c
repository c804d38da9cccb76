/* SPDX-License-Identifier: Apache-2.0 */
/* Machines of a cache are used for nothing else than they were started for. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "factory/cache_config.h"
#include "factory/cache_machine.h"
#include "tests/unit/tmp.h"

static struct err err;

static struct config *parse(const char *more)
{
	CLEANUP(free)
	char *text = xasprintf("[hypervisor.qemu]\npath = \"%s/qemu\"\nkernel = \"%s/kernel\"\n"
			       "machine_type = \"q35\"\nmachine_accelerators = \"accel=tcg\"\n"
			       "shared_fs = \"virtio-fs\"\nvirtio_fs_daemon = \"/virtiofsd\"\n%s",
			       tmp, tmp, more);
	struct config *parsed = NULL;

	if (config_parse(text, strlen(text), "conf", &parsed, &err) < 0)
		fail_msg("%s", err.text);
	return parsed;
}

static char *initrd(const char *more)
{
	return xasprintf("initrd = \"%s/initrd\"\n%s", tmp, more);
}

/* What a server of the configuration tells, as a client has it. */
static void tell(const char *more, struct manifest *ret)
{
	CLEANUP(free) char *words = initrd(more);
	CLEANUP(config_free) struct config *config = parse(words);
	CLEANUP(free) char *text = NULL;
	struct manifest manifest = { 0 };

	memset(&err, 0, sizeof(err));
	assert_int_equal(cache_config_begin(config, &manifest, &err), 0);
	text = manifest_text(&manifest);
	if (manifest_parse(text, strlen(text), ret, &err) < 0)
		fail_msg("%s", err.text);
	/* All of it or nothing. */
	for (size_t len = 0; len < strlen(text); len++)
		assert_int_equal(manifest_parse(text, len, &manifest, &err), -EBADMSG);
}

static int check(const struct manifest *manifest, const char *more)
{
	CLEANUP(free) char *words = initrd(more);
	CLEANUP(config_free) struct config *config = parse(words);

	memset(&err, 0, sizeof(err));
	return cache_config_check(manifest, config, &err);
}

static void write_files(void)
{
	tmp_write("qemu", "program");
	tmp_write("kernel", "vmlinux");
	tmp_write("initrd", "archive");
}

TEST(sizes_and_what_is_not_of_the_machine_may_differ)
{
	struct manifest manifest = { 0 };

	write_files();
	tell("", &manifest);
	assert_int_equal(manifest.vcpus, 1);
	assert_int_equal(check(&manifest, "default_vcpus = 2\ndefault_memory = 2048\n"), 0);
	assert_int_equal(check(&manifest, "[proxy.kata]\nenable_debug = true\n"), 0);
}

TEST(what_makes_another_machine_or_another_share_is_stale)
{
	static const char *const others[] = {
		"kernel_params = \"quiet\"\n",
		"virtio_fs_cache = \"always\"\n",
		"virtio_fs_extra_args = [\"--thread-pool-size=1\"]\n",
		"use_vsock = true\n",
		"enable_debug = true\n",
	};
	struct manifest manifest = { 0 };

	write_files();
	tell("", &manifest);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (check(&manifest, others[i]) != -ESTALE)
			fail_msg("%s: %s", others[i], err.text);
}

TEST(each_file_that_was_changed_is_named)
{
	static const char *const names[] = { "qemu", "kernel", "initrd" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct manifest manifest = { 0 };

		write_files();
		tell("", &manifest);
		tmp_write(names[i], "of another size");
		assert_int_equal(check(&manifest, ""), -ESTALE);
		assert_non_null(strstr(err.text, names[i]));
		assert_non_null(strstr(err.text, "its size is 15, and was"));
	}
}

TEST(names_of_machines_lead_nowhere_else)
{
	char name[CACHE_ID_LEN + 1];
	char other[CACHE_ID_LEN + 1];

	assert_int_equal(cache_machine_name(name, &err), 0);
	assert_int_equal(cache_machine_name(other, &err), 0);
	assert_true(cache_machine_is_name(name));
	assert_string_not_equal(name, other);
	assert_false(cache_machine_is_name(""));
	assert_false(cache_machine_is_name("boot"));
	assert_false(cache_machine_is_name("m../../../../"));
	assert_false(cache_machine_is_name("m0123456789abc"));
	assert_false(cache_machine_is_name("M0123456789ab"));
	assert_true(cache_machine_is_name("m0123456789ab"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(sizes_and_what_is_not_of_the_machine_may_differ),
		TMP_TEST(what_makes_another_machine_or_another_share_is_stale),
		TMP_TEST(each_file_that_was_changed_is_named),
		TMP_TEST(names_of_machines_lead_nowhere_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
