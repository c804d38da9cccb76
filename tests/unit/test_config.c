/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "tests/unit/tmp.h"

static struct config *parse(const char *text)
{
	struct config *config = NULL;
	struct err err = { 0 };

	if (config_parse(text, strlen(text), "conf", &config, &err) != 0)
		fail_msg("%s", err.text);
	return config;
}

static void refused(const char *text, const char *wanted)
{
	struct config *config = NULL;
	struct err err = { 0 };

	if (config_parse(text, strlen(text), "conf", &config, &err) != -EINVAL)
		fail_msg("taken: %s", text);
	assert_string_equal(err.text, wanted);
	assert_null(config);
}

TEST(an_empty_file_gives_the_defaults)
{
	CLEANUP(config_free) struct config *config = parse("");

	assert_int_equal(config->hypervisor.default_vcpus, 1);
	assert_int_equal(config->hypervisor.default_memory, 1024);
	assert_int_equal(config->hypervisor.msize_9p, 8192);
	assert_string_equal(config->hypervisor.shared_fs, "virtio-9p");
	assert_string_equal(config->hypervisor.entropy_source, "/dev/urandom");
	assert_string_equal(config->proxy.path, "/usr/bin/kata-proxy");
	assert_false(config->runtime.enable_debug);
	assert_false(config->runtime.disable_guest_seccomp);
	assert_int_equal(strv_len(config->hypervisor.virtio_fs_extra_args), 0);
	assert_int_equal(strv_len(config->warnings), 0);
}

TEST(every_kind_of_key_is_set)
{
	CLEANUP(config_free)
	struct config *config =
		parse("[hypervisor.qemu]\npath = \"/q\"\ndefault_vcpus = 4\n"
		      "enable_debug = true\nvirtio_fs_extra_args = [\"-o\", \"x\"]\n"
		      "[proxy.kata]\nenable_debug = true\n"
		      "[runtime]\ndisable_guest_seccomp = true\n");

	assert_string_equal(config->hypervisor.path, "/q");
	assert_int_equal(config->hypervisor.default_vcpus, 4);
	assert_true(config->hypervisor.enable_debug);
	assert_int_equal(strv_len(config->hypervisor.virtio_fs_extra_args), 2);
	assert_true(config->proxy.enable_debug);
	assert_true(config->runtime.disable_guest_seccomp);
	assert_false(config->shim.enable_debug);
}

TEST(an_unknown_key_is_a_warning_with_its_line)
{
	CLEANUP(config_free)
	struct config *config =
		parse("[hypervisor.qemu]\n\nno_such_key = 1\n[nowhere]\nx = \"y\"\n");

	assert_int_equal(strv_len(config->warnings), 2);
	assert_string_equal(config->warnings[0],
			    "conf:3: [hypervisor.qemu] no_such_key: unknown key, ignored");
	assert_string_equal(config->warnings[1], "conf:5: [nowhere] x: unknown key, ignored");
}

TEST(a_wrong_type_is_named_with_what_is_right)
{
	refused("[hypervisor.qemu]\n default_vcpus = \"1\"",
		"conf:2:2: [hypervisor.qemu] default_vcpus: must be a whole number, without "
		"quotes");
	refused("[hypervisor.qemu]\npath = 1",
		"conf:2:1: [hypervisor.qemu] path: must be a string in quotes");
	refused("[hypervisor.qemu]\nenable_debug = 1",
		"conf:2:1: [hypervisor.qemu] enable_debug: must be true or false");
	refused("[hypervisor.qemu]\nvirtio_fs_extra_args = \"x\"",
		"conf:2:1: [hypervisor.qemu] virtio_fs_extra_args: must be an array of strings");
}

TEST(a_word_that_is_not_allowed_is_answered_with_the_list)
{
	refused("[hypervisor.qemu]\nshared_fs = \"nfs\"",
		"conf:2:1: [hypervisor.qemu] shared_fs: 'nfs' is not one of: virtio-9p, "
		"virtio-fs");
	refused("[hypervisor.qemu]\nvirtio_fs_cache = \"\"",
		"conf:2:1: [hypervisor.qemu] virtio_fs_cache: '' is not one of: none, auto, "
		"always");
}

TEST(virtio_fs_needs_its_daemon)
{
	CLEANUP(config_free) struct config *config = NULL;

	refused("[hypervisor.qemu]\nshared_fs = \"virtio-fs\"",
		"conf: [hypervisor.qemu] virtio_fs_daemon: empty; shared_fs = \"virtio-fs\" needs "
		"the path of virtiofsd, for instance /usr/lib/qemu/virtiofsd");
	config = parse("[hypervisor.qemu]\nshared_fs = \"virtio-fs\"\nvirtio_fs_daemon = \"/v\"");
	assert_string_equal(config->hypervisor.virtio_fs_daemon, "/v");
}

/* "[section]\nname = value" for a row of the table. */
static char *line_of(const struct config_key *key, const char *value)
{
	return xasprintf("[%s]\n%s = %s\n", key->section, key->name, value);
}

static void assert_number(const struct config_key *key, int64_t value, bool good)
{
	CLEANUP(free) char *number = xasprintf("%" PRId64, value);
	CLEANUP(free) char *text = line_of(key, number);
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = { 0 };
	int r = config_parse(text, strlen(text), "conf", &config, &err);

	if (good && r != 0)
		fail_msg("%s = %s: %s", key->name, number, err.text);
	if (!good && r != -EINVAL)
		fail_msg("%s = %s is taken", key->name, number);
	if (good)
		assert_true(*(int64_t *)(void *)((char *)config + key->offset) == value);
	else
		assert_non_null(strstr(err.text, "is out of range, allowed is"));
}

TEST(every_number_is_taken_at_its_limits_and_refused_beyond)
{
	for (const struct config_key *key = config_keys; key->section; key++) {
		if (key->kind != CONFIG_INTEGER)
			continue;
		assert_number(key, key->min, true);
		assert_number(key, key->max, true);
		assert_number(key, key->min - 1, false);
		assert_number(key, key->max + 1, false);
		assert_number(key, INT64_MIN, false);
		assert_number(key, INT64_MAX, false);
	}
}

TEST(every_default_is_within_its_own_row)
{
	for (const struct config_key *key = config_keys; key->section; key++) {
		const char *quote = key->kind == CONFIG_STRING ? "\"" : "";
		CLEANUP(free) char *value = xasprintf("%s%s%s", quote, key->default_value, quote);
		CLEANUP(free) char *text = line_of(key, value);
		CLEANUP(config_free) struct config *config = NULL;

		assert_non_null(key->help);
		assert_true(*key->help);
		if (key->kind == CONFIG_STRINGS)
			continue;
		config = parse(text);
		assert_int_equal(strv_len(config->warnings), 0);
	}
}

TEST(no_row_is_there_twice)
{
	for (const struct config_key *a = config_keys; a->section; a++)
		for (const struct config_key *b = a + 1; b->section; b++) {
			assert_false(str_eq(a->section, b->section) && str_eq(a->name, b->name));
			assert_int_not_equal(a->offset, b->offset);
		}
}

TEST(a_file_is_loaded_by_name_up_to_a_mebibyte)
{
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) char *path = tmp_path("c.toml");
	CLEANUP(free) char *big = xmalloc(CONFIG_FILE_MAX + 2);
	struct err err = { 0 };

	tmp_write("c.toml", "[hypervisor.qemu]\ndefault_vcpus = 3\n");
	assert_int_equal(config_load(path, &config, &err), 0);
	assert_int_equal(config->hypervisor.default_vcpus, 3);
	assert_string_equal(config->path, path);

	memset(big, '#', CONFIG_FILE_MAX + 1);
	big[CONFIG_FILE_MAX + 1] = '\0';
	tmp_write("c.toml", big);
	config_free(take_ptr(config));
	assert_int_equal(config_load(path, &config, &err), -EFBIG);
	assert_non_null(strstr(err.text, "is larger than 1048576 bytes, the limit"));
	assert_int_equal(config_load("/no/such.toml", &config, &err), -ENOENT);
	assert_string_equal(err.text,
			    "configuration: open /no/such.toml: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(an_empty_file_gives_the_defaults),
		TMP_TEST(every_kind_of_key_is_set),
		TMP_TEST(an_unknown_key_is_a_warning_with_its_line),
		TMP_TEST(a_wrong_type_is_named_with_what_is_right),
		TMP_TEST(a_word_that_is_not_allowed_is_answered_with_the_list),
		TMP_TEST(virtio_fs_needs_its_daemon),
		TMP_TEST(every_number_is_taken_at_its_limits_and_refused_beyond),
		TMP_TEST(every_default_is_within_its_own_row),
		TMP_TEST(no_row_is_there_twice),
		TMP_TEST(a_file_is_loaded_by_name_up_to_a_mebibyte),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
