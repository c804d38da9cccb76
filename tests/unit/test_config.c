/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/keys.h"
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

TEST(a_guest_starts_from_an_initrd_or_an_image)
{
	CLEANUP(config_free) struct config *initrd = parse("");
	CLEANUP(config_free) struct config *image = NULL;
	CLEANUP(config_free) struct config *emptied = NULL;

	assert_string_equal(config_image(initrd), "/var/lib/kata/kata-containers-initrd.img");
	/* The default of one gives way to what is said of the other. */
	image = parse("[hypervisor.qemu]\nimage = \"/i\"");
	assert_string_equal(config_image(image), "/i");
	assert_string_equal(image->hypervisor.initrd, "");
	emptied = parse("[hypervisor.qemu]\nimage = \"/i\"\ninitrd = \"\"");
	assert_string_equal(config_image(emptied), "/i");
	refused("[hypervisor.qemu]\nimage = \"/i\"\ninitrd = \"/d\"",
		"conf:2: [hypervisor.qemu] image: having both an image and an initrd is not "
		"supported; set one of the two to \"\"");
	refused("[hypervisor.qemu]\ninitrd = \"\"",
		"conf:2: [hypervisor.qemu] initrd: either initrd or image must name a file, and "
		"both are \"\"");
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

TEST(clones_and_virtio_fs_do_not_go_together)
{
	CLEANUP(config_free) struct config *config = NULL;

	refused("[hypervisor.qemu]\nshared_fs = \"virtio-fs\"\nvirtio_fs_daemon = \"/v\"\n"
		"[factory]\nenable_template = true",
		"conf:5: [factory] enable_template: clones have memory of their own, which "
		"virtiofsd cannot reach; set [hypervisor.qemu] shared_fs = \"virtio-9p\", or "
		"enable_template = false");
	config = parse("[factory]\nenable_template = true");
	assert_true(config->factory.enable_template);
	assert_string_equal(config->factory.template_path, "/run/vc/vm/template");
}

TEST(a_clone_has_the_memory_of_its_template)
{
	static const char *const keys[] = { "image = \"/i\"", "file_mem_backend = \"/d\"",
					    "enable_hugepages = true", "enable_mem_prealloc = true",
					    "enable_virtio_mem = true" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		CLEANUP(free)
		char *text = xasprintf("[factory]\nenable_template = true\n[hypervisor.qemu]\n%s",
				       keys[i]);
		struct config *config = NULL;
		struct err err = { 0 };

		assert_int_equal(config_parse(text, strlen(text), "conf", &config, &err), -EINVAL);
		assert_non_null(strstr(err.text, "conf:4: [hypervisor.qemu] "));
		assert_non_null(strstr(err.text, "[factory] enable_template "));
	}
}

TEST(a_cache_has_its_socket_at_an_absolute_path)
{
	CLEANUP(config_free)
	struct config *config = parse("[factory]\nvm_cache_number = 3\n"
				      "vm_cache_endpoint = \"/run/cache.sock\"\n");

	assert_int_equal(config->factory.vm_cache_number, 3);
	refused("[factory]\nvm_cache_number = 3\nvm_cache_endpoint = \"cache.sock\"\n",
		"conf:3: [factory] vm_cache_endpoint: vm_cache_number needs an absolute path "
		"here, for instance /var/run/kata-containers/cache.sock");
	refused("[factory]\nvm_cache_number = 1001\n",
		"conf:2:1: [factory] vm_cache_number: 1001 is out of range, allowed is 0 to 1000");
}

TEST(a_microvm_takes_nothing_later)
{
	static const char *const keys[] = {
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\nenable_cpu_memory_hotplug = true",
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\nenable_virtio_mem = true",
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\npcie_root_port = 1",
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\ndefault_bridges = 1",
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\nblock_device_driver = \"nvdimm\"",
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\nimage = \"/i\"\n"
		"disable_image_nvdimm = false",
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\n[runtime]\n"
		"enable_cpu_memory_hotplug = true",
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\n[netmon]\nenable_netmon = true",
		"[hypervisor.qemu]\nmachine_type = \"microvm\"\n[factory]\nvm_cache_number = 1",
	};

#ifndef __x86_64__
	return;
#endif
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct config *config = NULL;
		struct err err = { 0 };

		assert_int_equal(config_parse(keys[i], strlen(keys[i]), "conf", &config, &err),
				 -EINVAL);
		assert_non_null(strstr(err.text, "machine_type = \"microvm\" takes nothing more"));
		assert_true(strncmp(err.text, "conf:", 5) == 0 && err.text[5] >= '3');
	}
}

TEST(every_number_is_taken_at_its_limits_and_refused_beyond)
{
	for (const struct config_key *key = config_keys; key->section; key++) {
		if (key->same_as || key->refused || key->kind != CONFIG_INTEGER)
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
		CLEANUP(free) char *value = NULL;
		CLEANUP(free) char *back = NULL;
		CLEANUP(free) char *text = NULL;
		CLEANUP(config_free) struct config *config = NULL;

		if (key->same_as)
			continue;
		assert_non_null(key->help);
		assert_true(*key->help);
		value = config_default_text(key);
		text = line_of(key, value);
		config = parse(text);
		assert_int_equal(strv_len(config->warnings), 0);
		back = config_value_text(config, key);
		assert_string_equal(back, value);
		assert_int_equal(config_origin(config, key)->line, 2);
	}
}

TEST(no_row_is_there_twice)
{
	for (const struct config_key *a = config_keys; a->section; a++)
		for (const struct config_key *b = a + 1; b->section; b++) {
			assert_false(str_eq(a->section, b->section) && str_eq(a->name, b->name));
			if (!a->same_as && !b->same_as)
				assert_int_not_equal(a->offset, b->offset);
		}
}

TEST(a_second_name_sets_the_same_key)
{
	CLEANUP(config_free)
	struct config *config = parse("[hypervisor.qemu]\npcie_root_port = 3\n");

	assert_int_equal(config->hypervisor.root_ports, 3);
	refused("[hypervisor.qemu]\ndefault_root_ports = 3\npcie_root_port = 3\n",
		"conf:3:1: [hypervisor.qemu] pcie_root_port: means the same as default_root_ports "
		"on line 2; keep one of them");
	refused("[hypervisor.qemu]\npcie_root_port = 26\n",
		"conf:2:1: [hypervisor.qemu] pcie_root_port: 26 is out of range, allowed is 0 to "
		"25");
}

TEST(every_second_name_has_a_first)
{
	for (const struct config_key *key = config_keys; key->section; key++) {
		const struct config_key *first = config_find_key(key->section, key->name);

		assert_non_null(first);
		assert_null(first->same_as);
		assert_true(key->same_as ? str_eq(first->name, key->same_as) : first == key);
	}
}

TEST(a_section_of_another_program_is_refused)
{
	refused("[hypervisor.qemu]\n[hypervisor.clh]\npath = \"/x\"\n",
		"conf: [hypervisor.clh] is not supported; use [hypervisor.qemu] alone");
	refused("[hypervisor.stratovirt]\n",
		"conf: [hypervisor.stratovirt] is not supported; use [hypervisor.qemu] alone");
	refused("[proxy.noProxy]\n",
		"conf: [proxy.noProxy] is not supported; use [proxy.kata] alone");
	refused("[shim.x]\n", "conf: [shim.x] is not supported; use [shim.kata] alone");
	refused("[agent.x]\n", "conf: [agent.x] is not supported; use [agent.kata] alone");
}

TEST(an_experimental_feature_is_named)
{
	CLEANUP(config_free) struct config *config = parse("[runtime]\nexperimental = []\n");

	assert_int_equal(strv_len(config->runtime.experimental), 0);
	refused("[runtime]\nexperimental = [\"newstore\"]\n",
		"conf:2:1: [runtime] experimental: [\"newstore\"] is refused: there are no "
		"experimental features; allowed is []");
}

TEST(tracing_takes_its_modes_and_no_others)
{
	CLEANUP(config_free)
	struct config *config = parse("[runtime]\nenable_tracing = true\n");

	assert_int_equal(strv_len(config->warnings), 0);
	refused("[agent.kata]\nenable_tracing = true\ntrace_mode = \"x\"\n",
		"conf:3:1: [agent.kata] trace_mode: 'x' is not one of: dynamic, static");
}

TEST(a_window_for_the_page_cache_is_refused_with_virtio_fs_only)
{
	CLEANUP(config_free)
	struct config *config = parse("[hypervisor.qemu]\nvirtio_fs_cache_size = 1024\n");

	assert_int_equal(config->hypervisor.virtio_fs_cache_size, 1024);
	refused("[hypervisor.qemu]\nvirtio_fs_cache_size = 1\nshared_fs = \"virtio-fs\"\n"
		"virtio_fs_daemon = \"/v\"\n",
		"conf:2: [hypervisor.qemu] virtio_fs_cache_size: must be 0 with shared_fs = "
		"\"virtio-fs\": QEMU has no DAX window (cache-size) for it");
}

TEST(a_value_is_written_as_it_is_read)
{
	CLEANUP(config_free)
	struct config *config =
		parse("[hypervisor.qemu]\nkernel_params = \"a \\\"b\\\" \\\\ \\u0001\"\n"
		      "virtio_fs_extra_args = [\"-o\", \"a,b\"]\n");
	CLEANUP(free)
	char *params =
		config_value_text(config, config_find_key("hypervisor.qemu", "kernel_params"));
	CLEANUP(free)
	char *args = config_value_text(config,
				       config_find_key("hypervisor.qemu", "virtio_fs_extra_args"));

	assert_string_equal(params, "\"a \\\"b\\\" \\\\ \\u0001\"");
	assert_string_equal(args, "[\"-o\", \"a,b\"]");
}

/* The files of config.d/ are in the folder of the file that is loaded. */
static struct config *load(struct err *err)
{
	CLEANUP(free) char *path = tmp_path("c.toml");
	struct config *config = NULL;

	(void)config_load(path, &config, err);
	return config;
}

static void make_drop_ins(void)
{
	CLEANUP(free) char *folder = tmp_path("config.d");

	assert_int_equal(mkdir(folder, 0755), 0);
	tmp_write("c.toml", "[hypervisor.qemu]\ndefault_vcpus = 2\ndefault_memory = 512\n");
}

TEST(drop_ins_go_over_the_file_in_the_order_of_their_names)
{
	CLEANUP(config_free) struct config *config = NULL;
	const struct config_key *vcpus = config_find_key("hypervisor.qemu", "default_vcpus");
	const struct config_key *memory = config_find_key("hypervisor.qemu", "default_memory");
	struct err err = { 0 };

	make_drop_ins();
	tmp_write("config.d/20-b.toml", "[hypervisor.qemu]\ndefault_vcpus = 4\n");
	tmp_write("config.d/10-a.toml", "[hypervisor.qemu]\n\ndefault_vcpus = 3\n"
					"pcie_root_port = 5\n");
	tmp_write("config.d/.30-c.toml", "nonsense");
	tmp_write("config.d/30-c.toml~", "nonsense");
	tmp_write("config.d/30-c.toml.dpkg-old", "nonsense");
	config = load(&err);
	if (!config) {
		fail_msg("%s", err.text);
		return;
	}
	assert_int_equal(config->hypervisor.default_vcpus, 4);
	assert_int_equal(config->hypervisor.default_memory, 512);
	assert_int_equal(config->hypervisor.root_ports, 5);
	assert_int_equal(strv_len(config->drop_ins), 2);
	assert_non_null(strstr(config_origin(config, vcpus)->file, "/config.d/20-b.toml"));
	assert_int_equal(config_origin(config, vcpus)->line, 2);
	assert_non_null(strstr(config_origin(config, memory)->file, "/c.toml"));
	assert_int_equal(config_origin(config, memory)->line, 3);
}

TEST(an_error_in_a_drop_in_names_that_file)
{
	struct err err = { 0 };

	make_drop_ins();
	tmp_write("config.d/a.toml", "[hypervisor.qemu]\ndefault_vcpus = 0\n");
	assert_null(load(&err));
	assert_non_null(strstr(err.text, "/config.d/a.toml:2:1: [hypervisor.qemu] default_vcpus: 0 "
					 "is out of range"));
}

TEST(what_files_say_together_is_checked_behind_the_last)
{
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = { 0 };

	make_drop_ins();
	tmp_write("config.d/a.toml", "[hypervisor.qemu]\nshared_fs = \"virtio-fs\"\n");
	tmp_write("config.d/b.toml", "[hypervisor.qemu]\nvirtio_fs_daemon = \"/v\"\n");
	config = load(&err);
	assert_non_null(config);
	assert_string_equal(config->hypervisor.virtio_fs_daemon, "/v");
}

TEST(more_drop_ins_than_the_limit_are_refused)
{
	struct err err = { 0 };

	make_drop_ins();
	for (unsigned i = 0; i <= CONFIG_DROP_INS_MAX; i++) {
		CLEANUP(free) char *name = xasprintf("config.d/%u.toml", i);

		tmp_write(name, "");
	}
	assert_null(load(&err));
	assert_non_null(strstr(err.text, "/config.d has 65 files, allowed are 64"));
}

TEST(a_drop_in_that_cannot_be_read_is_an_error)
{
	CLEANUP(free) char *folder = tmp_path("config.d/x.toml");
	struct err err = { 0 };

	make_drop_ins();
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_null(load(&err));
	assert_non_null(strstr(err.text, "/config.d/x.toml"));
}

/* Without an error, and without a key that would be read in vain. */
static void assert_loads_whole(const char *name)
{
	CLEANUP(free) char *path = xasprintf(TEST_DIR "/configs/%s", name);
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = { 0 };

	if (config_load(path, &config, &err) < 0)
		fail_msg("%s", err.text);
	for (char **warning = config->warnings; warning && *warning; warning++)
		print_error("%s\n", *warning);
	assert_int_equal(strv_len(config->warnings), 0);
}

TEST(files_for_kata_1_11_and_openeuler_load_unchanged)
{
	assert_loads_whole("kata-1.11.toml");
	assert_loads_whole("openeuler-20.03.toml");
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
	assert_int_equal(config_load("/", &config, &err), -EISDIR);
	assert_string_equal(err.text, "configuration: / is a directory, not a file");
	assert_int_equal(config_load("/dev/null", &config, &err), -EINVAL);
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
		TMP_TEST(a_guest_starts_from_an_initrd_or_an_image),
		TMP_TEST(clones_and_virtio_fs_do_not_go_together),
		TMP_TEST(a_clone_has_the_memory_of_its_template),
		TMP_TEST(a_cache_has_its_socket_at_an_absolute_path),
		TMP_TEST(a_microvm_takes_nothing_later),
		TMP_TEST(every_number_is_taken_at_its_limits_and_refused_beyond),
		TMP_TEST(every_default_is_within_its_own_row),
		TMP_TEST(no_row_is_there_twice),
		TMP_TEST(a_second_name_sets_the_same_key),
		TMP_TEST(every_second_name_has_a_first),
		TMP_TEST(a_section_of_another_program_is_refused),
		TMP_TEST(an_experimental_feature_is_named),
		TMP_TEST(tracing_takes_its_modes_and_no_others),
		TMP_TEST(a_window_for_the_page_cache_is_refused_with_virtio_fs_only),
		TMP_TEST(a_value_is_written_as_it_is_read),
		TMP_TEST(drop_ins_go_over_the_file_in_the_order_of_their_names),
		TMP_TEST(an_error_in_a_drop_in_names_that_file),
		TMP_TEST(what_files_say_together_is_checked_behind_the_last),
		TMP_TEST(more_drop_ins_than_the_limit_are_refused),
		TMP_TEST(a_drop_in_that_cannot_be_read_is_an_error),
		TMP_TEST(files_for_kata_1_11_and_openeuler_load_unchanged),
		TMP_TEST(a_file_is_loaded_by_name_up_to_a_mebibyte),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
