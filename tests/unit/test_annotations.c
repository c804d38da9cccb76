/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/keys.h"

#define PREFIX "io.katacontainers.config."

#define ALL                                                                         \
	"[hypervisor.qemu]\nenable_annotations = [\".*\"]\n"                        \
	"valid_hypervisor_paths = [\"/opt/*\"]\nvalid_asset_paths = [\"/opt/*\"]\n" \
	"valid_virtio_fs_daemon_paths = [\"/opt/*\"]\n"                             \
	"valid_entropy_sources = [\"/opt/*\"]\n"                                    \
	"valid_vhost_user_store_paths = [\"/opt/*\"]\n"                             \
	"valid_file_mem_backends = [\"/opt/*\"]\n"

static struct config *parse(const char *text)
{
	struct config *config = NULL;
	struct err err = { 0 };

	if (config_parse(text, strlen(text), "conf", &config, &err) != 0)
		fail_msg("%s", err.text);
	return config;
}

static int override(struct config *config, const char *name, const char *value, struct err *err)
{
	CLEANUP(free) char *word = xasprintf("%s=%s", name, value);
	char *annotations[] = { word, NULL };

	return config_override(config, annotations, false, err);
}

static void set(struct config *config, const char *name, const char *value)
{
	struct err err = { 0 };

	if (override(config, name, value, &err) != 0)
		fail_msg("%s=%s: %s", name, value, err.text);
}

/* @text is the whole of the error behind the name. */
static void refused(const char *file, const char *name, const char *value, int r, const char *text)
{
	CLEANUP(config_free) struct config *config = parse(file);
	CLEANUP(free) char *wanted = xasprintf("annotation %s: %s", name, text);
	struct err err = { 0 };

	assert_int_equal(override(config, name, value, &err), r);
	assert_string_equal(err.text, wanted);
}

static void *field(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

/* A value that is good for @key and not its default. */
static char *good_value(const struct config_key *key)
{
	switch (key->kind) {
	case CONFIG_BOOL:
		return xstrdup("True");
	case CONFIG_INTEGER:
		return xasprintf("%" PRId64, key->processors ? 1 : key->min + (key->min == 0));
	case CONFIG_STRING:
		return xstrdup(key->allowed ? key->allowed[1] : "/opt/x");
	case CONFIG_STRINGS:
		break;
	}
	return xstrdup(key->separators ? "a b=1;c" : "a b");
}

static void assert_is(struct config *config, const struct config_key *key, const char *value)
{
	int64_t number = 0;

	switch (key->kind) {
	case CONFIG_BOOL:
		assert_true(*(bool *)field(config, key));
		break;
	case CONFIG_INTEGER:
		assert_int_equal(str_to_i64(value, INT64_MIN, INT64_MAX, &number), 0);
		assert_true(*(int64_t *)field(config, key) == number);
		break;
	case CONFIG_STRING:
		assert_string_equal(*(char **)field(config, key), value);
		break;
	case CONFIG_STRINGS:
		assert_int_equal(strv_len(*(char ***)field(config, key)), 2);
		break;
	}
}

static void check_row(const struct config_key *key)
{
	CLEANUP(config_free) struct config *config = parse(ALL);
	CLEANUP(free) char *name = xasprintf(PREFIX "%s", key->annotation);
	CLEANUP(free) char *value = good_value(key);
	struct err err = { 0 };
	int r = override(config, name, value, &err);

	/* Two keys that go with others: those errors are the files' too. */
	if (str_eq(key->name, "shared_fs") || key->refused) {
		assert_int_equal(r, -EINVAL);
		return;
	}
	if (r != 0)
		fail_msg("%s=%s: %s", name, value, err.text);
	assert_is(config, key, value);
	assert_string_equal(config_origin(config, key)->file, name);
	assert_int_equal(config_origin(config, key)->line, 0);
}

TEST(each_key_that_has_an_annotation_is_set_by_it)
{
	unsigned n = 0;

	for (const struct config_key *key = config_keys; key->section; key++) {
		if (!key->annotation)
			continue;
		check_row(key);
		n++;
	}
	assert_true(n > 25);
}

TEST(none_is_allowed_by_default)
{
	for (const struct config_key *key = config_keys; key->section; key++) {
		CLEANUP(free) char *name = NULL;
		CLEANUP(free) char *value = NULL;
		CLEANUP(free) char *text = NULL;

		if (!key->annotation)
			continue;
		name = xasprintf(PREFIX "%s", key->annotation);
		value = good_value(key);
		text = xasprintf("not allowed; [hypervisor.qemu] enable_annotations would have to "
				 "list \"%s\"",
				 strrchr(name, '.') + 1);
		refused("", name, value, -EPERM, text);
	}
}

TEST(a_pattern_matches_a_whole_name)
{
	static const char file[] = "[hypervisor.qemu]\nenable_annotations = "
				   "[\"memory\", \"default_.*\", "
				   "\"io\\\\.katacontainers\\\\.config\\\\.runtime\\\\..*\"]";
	CLEANUP(config_free) struct config *config = parse(file);

	set(config, PREFIX "hypervisor.default_memory", "512");
	set(config, PREFIX "runtime.disable_guest_seccomp", "1");
	refused(file, PREFIX "hypervisor.memory_slots", "5", -EPERM,
		"not allowed; [hypervisor.qemu] enable_annotations would have to list "
		"\"memory_slots\"");
}

TEST(a_sandbox_that_is_there_was_allowed_it)
{
	CLEANUP(config_free) struct config *config = parse("");
	char word[] = PREFIX "hypervisor.default_memory=512";
	char *annotations[] = { word, NULL };
	struct err err = { 0 };

	assert_int_equal(config_override(config, annotations, true, &err), 0);
	assert_int_equal(config->hypervisor.default_memory, 512);
}

TEST(truth_is_what_go_takes_for_it)
{
	static const char *const words[] = { "1", "t", "T", "TRUE",  "true",  "True",
					     "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < 12; i++) {
		CLEANUP(config_free) struct config *config = parse(ALL);

		config->hypervisor.enable_iothreads = i >= 6;
		set(config, PREFIX "hypervisor.enable_iothreads", words[i]);
		assert_int_equal(config->hypervisor.enable_iothreads, i < 6);
	}
	refused(ALL, PREFIX "hypervisor.enable_iothreads", "yes", -EINVAL,
		"'yes' is neither true nor false");
	refused(ALL, PREFIX "hypervisor.enable_iothreads", "", -EINVAL,
		"'' is neither true nor false");
}

TEST(wrong_values_are_told)
{
	refused(ALL, PREFIX "hypervisor.default_memory", "299", -EINVAL,
		"299 is out of range, allowed is 300 to 524288");
	refused(ALL, PREFIX "hypervisor.default_memory", "524289", -EINVAL,
		"524289 is out of range, allowed is 300 to 524288");
	refused(ALL, PREFIX "hypervisor.default_memory", "99999999999999999999", -EINVAL,
		"99999999999999999999 is out of range, allowed is 300 to 524288");
	refused(ALL, PREFIX "hypervisor.default_memory", "1G", -EINVAL,
		"'1G' is not a whole number");
	refused(ALL, PREFIX "hypervisor.default_memory", "", -EINVAL, "'' is not a whole number");
	refused(ALL, PREFIX "hypervisor.msize_9p", "0", -EINVAL,
		"0 is out of range, allowed is 4096 to 1048576");
	refused(ALL, PREFIX "hypervisor.machine_type", "pdp11", -EINVAL,
#ifdef __x86_64__
		"'pdp11' is not one of: pc, q35, microvm");
#else
		"'pdp11' is not one of: virt");
#endif
	refused(ALL, PREFIX "runtime.internetworking_model", "", -EINVAL,
		"'' is not one of: default, tcfilter, macvtap, bridged, none");
	refused(ALL, PREFIX "hypervisor.kernel_params", "a\nb", -EINVAL,
		"a value has no control characters");
	refused(ALL, PREFIX "runtime.experimental", "x", -EINVAL,
		"[\"x\"] is refused: there are no experimental features; allowed is []");
}

TEST(a_value_has_an_end)
{
	CLEANUP(free) char *value = xcalloc(1, 4098);

	memset(value, 'x', 4097);
	refused(ALL, PREFIX "hypervisor.kernel_params", value, -EINVAL,
		"a value has at most 4096 bytes");
}

TEST(vcpus_are_no_more_than_processors)
{
	CLEANUP(config_free) struct config *config = parse(ALL);
	struct err err = { 0 };

	assert_int_equal(override(config, PREFIX "hypervisor.default_max_vcpus", "100000", &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "100000 is more than the "));
	assert_non_null(strstr(err.text, " processors of this host"));
}

TEST(kernel_parameters_come_behind_those_of_the_file)
{
	CLEANUP(config_free)
	struct config *config = parse("[hypervisor.qemu]\nenable_annotations = [\".*\"]\n"
				      "kernel_params = \"a=1 b\"");
	CLEANUP(config_free) struct config *none = parse(ALL);

	set(config, PREFIX "hypervisor.kernel_params", "a=2 c");
	assert_string_equal(config->hypervisor.kernel_params, "a=1 b a=2 c");
	set(none, PREFIX "hypervisor.kernel_params", "c");
	assert_string_equal(none->hypervisor.kernel_params, "c");
}

TEST(a_path_needs_a_pattern_of_its_own)
{
	refused("[hypervisor.qemu]\nenable_annotations = [\"path\"]", PREFIX "hypervisor.path",
		"/opt/qemu", -EPERM,
		"/opt/qemu is not allowed; a pattern of [hypervisor.qemu] valid_hypervisor_paths "
		"would have to match it");
	refused(ALL, PREFIX "hypervisor.kernel", "/opt/deep/kernel", -EPERM,
		"/opt/deep/kernel is not allowed; a pattern of [hypervisor.qemu] valid_asset_paths "
		"would have to match it");
	refused(ALL, PREFIX "hypervisor.kernel", "/opt/..", -EINVAL,
		"'/opt/..' is not an absolute path without '.' and '..'");
	refused(ALL, PREFIX "hypervisor.kernel", "opt/kernel", -EINVAL,
		"'opt/kernel' is not an absolute path without '.' and '..'");
	refused(ALL, PREFIX "hypervisor.kernel", "/opt/.kernel", -EPERM,
		"/opt/.kernel is not allowed; a pattern of [hypervisor.qemu] valid_asset_paths "
		"would have to match it");
}

TEST(keys_that_go_together_are_checked_again)
{
	char share[] = PREFIX "hypervisor.shared_fs=virtio-fs";
	char daemon[] = PREFIX "hypervisor.virtio_fs_daemon=/opt/v";
	char *both[] = { share, daemon, NULL };
	CLEANUP(config_free) struct config *config = parse(ALL);
	struct err err = { 0 };

	assert_int_equal(config_override(config, both, false, &err), 0);
	refused(ALL "shared_fs = \"virtio-fs\"\nvirtio_fs_daemon = \"/v\"",
		PREFIX "hypervisor.virtio_fs_cache_size", "5", -EINVAL,
		"must be 0 with shared_fs = \"virtio-fs\": QEMU has no DAX window (cache-size) for "
		"it");
}

/* Of the four files that a machine is made of. */
TEST(a_hash_has_128_digits_and_is_kept_in_lower_case)
{
	CLEANUP(free) char *hash = xcalloc(1, 130);
	unsigned n = 0;

	memset(hash, 'A', 128);
	for (const struct config_key *key = config_keys; key->section; key++) {
		CLEANUP(config_free) struct config *config = parse(ALL);
		CLEANUP(free) char *name = NULL;

		if (!key->hash)
			continue;
		n++;
		name = xasprintf(PREFIX "%s", key->hash);
		set(config, "io.katacontainers.asset_hash_type", "sha512");
		set(config, name, hash);
		assert_int_equal(strspn(config_hash(config, key), "a"), 128);
		assert_null(config_hash(config, &config_keys[n == 1 ? 1 : 0]));
	}
	assert_int_equal(n, 5);
	hash[127] = 'g';
	refused(ALL, PREFIX "hypervisor.kernel_hash", "12", -EINVAL,
		"'12' is not 128 hexadecimal digits");
	refused("", PREFIX "hypervisor.kernel_hash", hash, -EPERM,
		"not allowed; [hypervisor.qemu] enable_annotations would have to list "
		"\"kernel_hash\"");
	refused(ALL, "io.katacontainers.asset_hash_type", "md5", -EINVAL,
		"'md5' is not one of: sha512");
}

#define OWN "io.katacontainers."

static void vcpus(const char *value, int64_t wanted)
{
	CLEANUP(config_free) struct config *config = parse(ALL);

	set(config, OWN "sandbox_cpu", value);
	assert_int_equal(config->hypervisor.default_vcpus, wanted);
}

TEST(sandbox_cpu_is_rounded_up)
{
	vcpus("0.25", 1);
	vcpus("1", 1);
	vcpus("1.000", 1);
	vcpus("1.001", 2);
	refused(ALL, OWN "sandbox_cpu", "0.24", -EINVAL,
		"'0.24' is not a number of processors from 0.25 on");
	refused(ALL, OWN "sandbox_cpu", "1e3", -EINVAL,
		"'1e3' is not a number of processors from 0.25 on");
	refused(ALL, OWN "sandbox_cpu", "0x1", -EINVAL,
		"'0x1' is not a number of processors from 0.25 on");
	refused(ALL, OWN "sandbox_cpu", "1.", -EINVAL,
		"'1.' is not a number of processors from 0.25 on");
	refused(ALL, OWN "sandbox_cpu", "-1", -EINVAL,
		"'-1' is not a number of processors from 0.25 on");
	refused(ALL, OWN "sandbox_cpu", "", -EINVAL,
		"'' is not a number of processors from 0.25 on");
	refused(ALL, OWN "sandbox_cpu", "241", -EINVAL, "241 is out of range, allowed is 1 to 240");
	refused("", OWN "sandbox_cpu", "1", -EPERM,
		"not allowed; [hypervisor.qemu] enable_annotations would have to list "
		"\"sandbox_cpu\"");
}

static void memory(const char *value, int64_t wanted)
{
	CLEANUP(config_free) struct config *config = parse(ALL);

	set(config, OWN "sandbox_mem", value);
	assert_int_equal(config->hypervisor.default_memory, wanted);
}

TEST(sandbox_mem_is_in_dockers_units)
{
	memory("4G", 4096);
	memory("300m", 300);
	memory("512 MiB", 512);
	memory("0.5t", 524288);
	memory("1.5gb", 1536);
	memory("524288k", 512);
	memory("524289k", 513);
	memory("1073741824", 1024);
	memory("314572800b", 300);
	refused(ALL, OWN "sandbox_mem", "299m", -EINVAL,
		"'299m' is 299 MiB, allowed are 300 to 524288 MiB");
	refused(ALL, OWN "sandbox_mem", "524289m", -EINVAL,
		"'524289m' is 524289 MiB, allowed are 300 to 524288 MiB");
	refused(ALL, OWN "sandbox_mem", "99999999999999999999p", -EINVAL,
		"'99999999999999999999p' is 1000000000000 MiB, allowed are 300 to 524288 MiB");
	refused(ALL, OWN "sandbox_mem", "4X", -EINVAL, "'4X' is not a size such as 512m or 4G");
	refused(ALL, OWN "sandbox_mem", "4Gx", -EINVAL, "'4Gx' is not a size such as 512m or 4G");
	refused(ALL, OWN "sandbox_mem", "", -EINVAL, "'' is not a size such as 512m or 4G");
}

TEST(older_documents_have_another_prefix_and_one_of_two_is_enough)
{
	char older[] = "com.github.containers.virtcontainers.sandbox_mem=2G";
	char newer[] = OWN "sandbox_mem=2G";
	char *annotations[] = { older, newer, NULL };
	CLEANUP(config_free) struct config *config = parse(ALL);
	CLEANUP(config_free) struct config *both = parse(ALL);
	struct err err = { 0 };

	set(config, "com.github.containers.virtcontainers.sandbox_mem", "2G");
	assert_int_equal(config->hypervisor.default_memory, 2048);
	assert_int_equal(config_override(both, annotations, false, &err), -EINVAL);
	assert_string_equal(err.text, "annotation io.katacontainers.sandbox_mem: means the same as "
				      "com.github.containers.virtcontainers.sandbox_mem; keep one "
				      "of them");
}

TEST(the_size_of_pipes_is_a_number_and_no_path_is_none)
{
	CLEANUP(config_free) struct config *config = parse(ALL);

	set(config, PREFIX "agent.container_pipe_size", "131072");
	assert_int_equal(config->agent.container_pipe_size, 131072);
	set(config, PREFIX "hypervisor.firmware", "");
	assert_string_equal(config->hypervisor.firmware, "");
	refused(ALL, PREFIX "agent.container_pipe_size", "2147483648", -EINVAL,
		"'2147483648' is not a number of bytes from 0 to 2147483647");
	refused(ALL, PREFIX "agent.container_pipe_size", "-1", -EINVAL,
		"'-1' is not a number of bytes from 0 to 2147483647");
}

TEST(what_is_no_annotation_of_ours_is_passed_by)
{
	CLEANUP(config_free) struct config *config = parse("");

	set(config, "io.kubernetes.cri.container-type", "sandbox");
	set(config, "io.katacontainers.config_path", "/x");
	refused(ALL, PREFIX "hypervisor.default_memroy", "512", -EINVAL,
		"there is no such annotation; configuration.toml(5) says which there are");
	refused(ALL, PREFIX, "512", -EINVAL,
		"there is no such annotation; configuration.toml(5) says which there are");
}

static void bad_file(const char *text, const char *wanted)
{
	struct config *config = NULL;
	struct err err = { 0 };

	assert_int_equal(config_parse(text, strlen(text), "conf", &config, &err), -EINVAL);
	assert_string_equal(err.text, wanted);
}

TEST(wrong_patterns_are_told_when_the_file_is_read)
{
	bad_file("[hypervisor.qemu]\nenable_annotations = [\"(x\"]",
		 "conf:2: [hypervisor.qemu] enable_annotations: '(x' is not a regular expression "
		 "(extended, POSIX)");
	bad_file("[hypervisor.qemu]\nenable_annotations = [\"x{9}\"]",
		 "conf:2: [hypervisor.qemu] enable_annotations: 'x{9}': a pattern has no '{'");
	bad_file("[hypervisor.qemu]\nvalid_asset_paths = [\"opt/*\"]",
		 "conf:2: [hypervisor.qemu] valid_asset_paths: a pattern for paths begins with "
		 "'/'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_that_has_an_annotation_is_set_by_it),
		cmocka_unit_test(none_is_allowed_by_default),
		cmocka_unit_test(a_pattern_matches_a_whole_name),
		cmocka_unit_test(a_sandbox_that_is_there_was_allowed_it),
		cmocka_unit_test(truth_is_what_go_takes_for_it),
		cmocka_unit_test(wrong_values_are_told),
		cmocka_unit_test(a_value_has_an_end),
		cmocka_unit_test(vcpus_are_no_more_than_processors),
		cmocka_unit_test(kernel_parameters_come_behind_those_of_the_file),
		cmocka_unit_test(a_path_needs_a_pattern_of_its_own),
		cmocka_unit_test(keys_that_go_together_are_checked_again),
		cmocka_unit_test(a_hash_has_128_digits_and_is_kept_in_lower_case),
		cmocka_unit_test(sandbox_cpu_is_rounded_up),
		cmocka_unit_test(sandbox_mem_is_in_dockers_units),
		cmocka_unit_test(older_documents_have_another_prefix_and_one_of_two_is_enough),
		cmocka_unit_test(the_size_of_pipes_is_a_number_and_no_path_is_none),
		cmocka_unit_test(what_is_no_annotation_of_ours_is_passed_by),
		cmocka_unit_test(wrong_patterns_are_told_when_the_file_is_read),
	};

	return cmocka_run_group_tests_name("annotations", tests, NULL, NULL);
}
