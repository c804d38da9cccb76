/* SPDX-License-Identifier: Apache-2.0 */
/* A template is used for nothing that it was not made for: files of a test stand for what it is of.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "config/config.h"
#include "factory/manifest.h"
#include "tests/unit/tmp.h"

static struct config *config;
static struct manifest manifest;
static struct err err;
static int dir;

static struct config *parse(const char *more)
{
	CLEANUP(free)
	char *text = xasprintf("[hypervisor.qemu]\npath = \"%s/qemu\"\nkernel = \"%s/kernel\"\n"
			       "initrd = \"%s/initrd\"\nmachine_type = \"q35\"\n"
			       "machine_accelerators = \"accel=tcg\"\n%s",
			       tmp, tmp, tmp, more);
	struct config *parsed = NULL;

	if (config_parse(text, strlen(text), "conf", &parsed, &err) < 0)
		fail_msg("%s", err.text);
	return parsed;
}

/* A template whose manifest has just been written and is read again. */
static void start(void)
{
	memset(&err, 0, sizeof(err));
	tmp_write("qemu", "program");
	tmp_write("kernel", "vmlinux");
	tmp_write("initrd", "archive");
	tmp_write(MEMORY_FILE, "pages");
	tmp_write(STATE_FILE, "registers");
	config = parse("");
	dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	manifest = (struct manifest){ 0 };
	assert_int_equal(manifest_begin(config, &manifest, &err), 0);
	assert_int_equal(manifest_finish(&manifest, dir, &err), 0);
	memset(&manifest, 0xff, sizeof(manifest));
	if (manifest_read(dir, &manifest, &err) < 0)
		fail_msg("%s", err.text);
}

static void end(void)
{
	config_free(config);
	close(dir);
}

static void assert_stale(bool thorough, const char *reason)
{
	assert_int_equal(manifest_check(&manifest, config, dir, thorough, &err), -ESTALE);
	if (!strstr(err.text, reason))
		fail_msg("'%s' is not in: %s", reason, err.text);
}

TEST(what_has_not_changed_matches_whatever_the_sizes)
{
	start();
	assert_int_equal(manifest.vcpus, 1);
	assert_int_equal(manifest.memory_mib, 1024);
	assert_int_equal(strlen(manifest.files[MANIFEST_KERNEL].digest), 64);
	if (manifest_check(&manifest, config, dir, true, &err) < 0)
		fail_msg("%s", err.text);
	config_free(config);
	config = parse("default_vcpus = 2\ndefault_memory = 2048\n");
	if (manifest_check(&manifest, config, dir, false, &err) < 0)
		fail_msg("%s", err.text);
	end();
}

TEST(each_file_that_differs_is_named)
{
	static const char *const names[] = { "qemu", "kernel", "initrd", MEMORY_FILE, STATE_FILE };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CLEANUP(free) char *path = tmp_path("%s", names[i]);

		start();
		tmp_write(names[i], "of another size");
		assert_stale(false, "its size is 15, and was");
		assert_non_null(strstr(err.text, names[i]));
		assert_int_equal(unlink(path), 0);
		assert_stale(false, "No such file or directory");
		end();
	}
}

TEST(a_file_of_the_same_size_is_another_when_its_time_or_inode_is)
{
	CLEANUP(free) char *kernel = tmp_path("kernel");
	CLEANUP(free) char *other = tmp_path("other");
	struct stat st;

	start();
	assert_int_equal(stat(kernel, &st), 0);
	/* The time of its last change can be set back, that of its inode cannot. */
	tmp_write("kernel", "VMLINUX");
	assert_int_equal(
		utimensat(AT_FDCWD, kernel, (const struct timespec[]){ st.st_atim, st.st_mtim }, 0),
		0);
	assert_stale(false, "it was changed since");
	tmp_write("other", "vmlinux");
	assert_int_equal(rename(other, kernel), 0);
	assert_stale(false, "it is another file");
	end();
}

TEST(contents_that_differ_behind_the_same_times_are_found_by_reading)
{
	start();
	manifest.files[MANIFEST_KERNEL].digest[0] ^= 1;
	assert_int_equal(manifest_check(&manifest, config, dir, false, &err), 0);
	assert_stale(true, "its contents are not what they were");
	manifest.files[MANIFEST_STATE].digest[0] ^= 1;
	assert_stale(false, "state " STATE_FILE ": its contents");
	end();
}

TEST(another_machine_is_another_template)
{
	static const char *const changes[] = {
		"default_root_ports = 3\n", "kernel_params = \"quiet\"\n",
		"memory_slots = 4\n",       "block_device_driver = \"virtio-blk\"\n",
		"enable_debug = true\n",
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		start();
		config_free(config);
		config = parse(changes[i]);
		assert_stale(false, "another machine");
		end();
	}
}

TEST(a_manifest_that_is_cut_off_missing_or_of_another_version_is_none)
{
	static const char *const texts[] = { "",
					     "{",
					     "[]",
					     "{ \"version\": 2 }",
					     "{ \"version\": 1 }",
					     "{ \"version\": 1, \"machine\": \"ab\" }" };
	CLEANUP(free) char *path = tmp_path(MANIFEST_FILE);

	start();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tmp_write(MANIFEST_FILE, texts[i]);
		assert_int_equal(manifest_read(dir, &manifest, &err), -EBADMSG);
		assert_int_equal(strncmp(err.text, MANIFEST_FILE ": ", 15), 0);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(manifest_read(dir, &manifest, &err), -ENOENT);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(what_has_not_changed_matches_whatever_the_sizes),
		TMP_TEST(each_file_that_differs_is_named),
		TMP_TEST(a_file_of_the_same_size_is_another_when_its_time_or_inode_is),
		TMP_TEST(contents_that_differ_behind_the_same_times_are_found_by_reading),
		TMP_TEST(another_machine_is_another_template),
		TMP_TEST(a_manifest_that_is_cut_off_missing_or_of_another_version_is_none),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
