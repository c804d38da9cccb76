/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "tests/unit/tmp.h"
#include "vm/ended.h"

static void assert_words(const char *text, const char *expected)
{
	CLEANUP(free) char *words = ended_words(text);

	assert_non_null(words);
	assert_string_equal(words, expected);
}

TEST(a_panic_says_most_then_qemu_then_the_console)
{
	assert_words(
		"== qemu\nqemu-system-x86_64: x\n== console\nboot\n[ 1.0] Kernel panic - y\r\n",
		"Kernel panic - y");
	assert_words("== qemu\nqemu-system-x86_64: x\nvirtio_loop: z\n== console\nboot\n",
		     "qemu-system-x86_64: x");
	assert_words("== qemu\nqemu: no kernel\nvirtio_loop: z\n", "qemu: no kernel");
	assert_words("== console\nboot\nlast\n== qemu\nvirtio_loop: z\n", "last");
	assert_words("== console\n== qemu\nvirtiofsd has ended\n", "virtiofsd has ended");
	assert_null(ended_words(""));
}

TEST(what_a_guest_prints_is_made_printable)
{
	assert_words("== console\n\033[2Jowned\a\n", "?[2Jowned?");
}

TEST(words_have_a_code)
{
	assert_int_equal(ended_by_words("Kernel panic - not syncing: VFS: x"), ERR_GUEST_PANIC);
	assert_int_equal(
		ended_by_words("Kernel panic - not syncing: System is deadlocked on memory"),
		ERR_GUEST_MEMORY);
	assert_int_equal(ended_by_words("Kernel panic - not syncing: Out of memory: system-wide"),
			 ERR_GUEST_MEMORY);
	assert_int_equal(ended_by_words("qemu-system-x86_64: unsupported machine type"),
			 ERR_MACHINE_TYPE);
	assert_int_equal(ended_by_words("qemu-system-x86_64: Unexpected end-of-file before all"),
			 ERR_VIRTIOFSD_DIED);
	assert_int_equal(ended_by_words("qemu-system-x86_64: anything"), ERR_QEMU_DIED);
	assert_int_equal(ended_by_words("the last line of the console"), ERR_NONE);
	assert_int_equal(ended_by_words(NULL), ERR_NONE);
}

static enum err_id ended_with(const char *last_words)
{
	CLEANUP(free) char *dir = tmp_path("vm");
	CLEANUP(free) char *path = tmp_path("vm/last-words");
	CLEANUP(free) char *words = NULL;
	enum err_id id;
	FILE *file;

	(void)mkdir(dir, 0700);
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fputs(last_words, file);
	(void)fclose(file);
	id = ended_by(dir, &words);
	(void)unlink(path);
	(void)rmdir(dir);
	return id;
}

TEST(a_machine_without_programs_has_ended_by_its_last_words)
{
	assert_int_equal(ended_with("== console\nKernel panic - x\n"), ERR_GUEST_PANIC);
	assert_int_equal(ended_with("== console\nsome line\n"), ERR_QEMU_DIED);
	assert_int_equal(ended_with("== events\n{\"reason\": \"guest-shutdown\"}\n"),
			 ERR_MACHINE_ENDED);
}

TEST(a_machine_without_a_directory_has_ended)
{
	CLEANUP(free) char *words = NULL;

	assert_int_equal(ended_by("/no/such/dir", &words), ERR_MACHINE_ENDED);
	assert_null(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_panic_says_most_then_qemu_then_the_console),
		cmocka_unit_test(what_a_guest_prints_is_made_printable),
		cmocka_unit_test(words_have_a_code),
		TMP_TEST(a_machine_without_programs_has_ended_by_its_last_words),
		cmocka_unit_test(a_machine_without_a_directory_has_ended),
	};

	return cmocka_run_group_tests_name("ended", tests, NULL, NULL);
}
