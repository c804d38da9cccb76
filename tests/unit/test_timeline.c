/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/timeline_show.h"
#include "sandbox/timeline.h"

/* Container c of sandbox s, with a timeline of @text. */
static char *make_container(const char *text)
{
	char *root = xstrdup("/tmp/test_timeline.XXXXXX");
	CLEANUP(free) char *dir = NULL;
	CLEANUP(free) char *mapping = NULL;
	CLEANUP(close) int fd = -1;
	struct err err = { 0 };

	assert_non_null(mkdtemp(root));
	setenv("KATA_RUN_DIR", root, 1);
	dir = xasprintf("%s/vc/sbs/s/c", root);
	mapping = xasprintf("%s/kata-containers/containers-mapping/c/s", root);
	assert_int_equal(mkdir_p(dir, 0700, &err), 0);
	assert_int_equal(mkdir_p(mapping, 0700, &err), 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (text)
		assert_int_equal(file_replace_at(fd, TIMELINE_FILE, text, strlen(text), 0600, &err),
				 0);
	return root;
}

static void remove_container(char *root)
{
	struct err err = { 0 };

	assert_int_equal(rm_tree(root, &err), 0);
	free(root);
}

TEST(phases_are_in_order_and_those_inside_are_known)
{
	struct saved_timeline saved = { 0 };
	char *root = make_container("200 300 boot\n"
				    "100 200 load\n"
				    "210 250 kernel\n"
				    "nonsense\n"
				    "9 8 backwards\n"
				    "400 400 first output\n"
				    "500 half of a li");
	struct err err = { 0 };

	assert_int_equal(saved_timeline_read("c", &saved, &err), 0);
	assert_int_equal(saved.n_phases, 4);
	assert_string_equal(saved.sandbox, "s");
	assert_string_equal(saved.phases[0].name, "load");
	assert_string_equal(saved.phases[1].name, "boot");
	assert_string_equal(saved.phases[2].name, "kernel");
	assert_true(saved.phases[2].inside && !saved.phases[1].inside);
	assert_string_equal(saved.phases[3].name, "first output");
	assert_false(saved.phases[3].inside);
	saved_timeline_done(&saved);
	remove_container(root);
}

TEST(a_container_without_one_says_so)
{
	struct saved_timeline saved = { 0 };
	char *root = make_container(NULL);
	struct err err = { 0 };

	assert_int_equal(saved_timeline_read("c", &saved, &err), -ENODATA);
	assert_string_equal(err.text,
			    "container c has no timeline: its creation has not come so far");
	assert_int_equal(saved_timeline_read("other", &saved, &err), -ENOENT);
	saved_timeline_done(&saved);
	remove_container(root);
}

TEST(what_the_guest_says_of_its_boot_stays_inside_of_it)
{
	struct timeline timeline = {
		.n_phases = 2,
		.phases = { { .name = "load", .start_us = 0, .end_us = 100 },
			    { .name = "boot", .start_us = 100, .end_us = 1000 } }
	};
	struct agentc_boot boot = { .kernel_us = 350, .agent_us = 950, .ready_us = 1050 };
	struct timeline copy = timeline;

	/* Its answer took 50 µs. */
	timeline_add_boot(&copy, "boot", &boot);
	assert_int_equal(copy.n_phases, 5);
	assert_string_equal(copy.phases[2].name, "QEMU");
	assert_int_equal(copy.phases[2].end_us, 300);
	assert_string_equal(copy.phases[3].name, "kernel");
	assert_int_equal(copy.phases[3].end_us, 900);
	assert_string_equal(copy.phases[4].name, "agent");
	assert_int_equal(copy.phases[4].end_us, 1000);
	assert_true(copy.phases[4].inside);

	/* A guest that says that it was there before its machine. */
	copy = timeline;
	boot = (struct agentc_boot){ .kernel_us = 1, .agent_us = 2, .ready_us = 3 };
	timeline_add_boot(&copy, "boot", &boot);
	for (unsigned i = 0; i < copy.n_phases; i++)
		assert_true(copy.phases[i].start_us <= copy.phases[i].end_us);

	copy = timeline;
	timeline_add_boot(&copy, "boot", &(struct agentc_boot){ 0 });
	assert_int_equal(copy.n_phases, 2);
}

TEST(names_are_text_in_a_picture)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	struct phase phases[] = { { .name = "<script>&\"", .start_us = 5, .end_us = 5 } };
	const struct saved_timeline saved = { .sandbox = (char[]){ "s" },
					      .phases = phases,
					      .n_phases = 1 };
	CLEANUP(free) char *text = NULL;

	timeline_show_svg("c", &saved, &out);
	text = buf_take_string(&out);
	assert_non_null(strstr(text, "&lt;script&gt;&amp;&quot;"));
	assert_null(strstr(text, "<script"));
	assert_non_null(strstr(text, "in sandbox s"));
}

TEST(nothing_is_a_table_and_a_picture_too)
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };
	const struct saved_timeline saved = { .sandbox = (char[]){ "s" } };

	timeline_show_table(&saved, &out);
	timeline_show_json("c", &saved, &out);
	timeline_show_svg("c", &saved, &out);
	assert_true(buf_len(&out) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phases_are_in_order_and_those_inside_are_known),
		cmocka_unit_test(a_container_without_one_says_so),
		cmocka_unit_test(what_the_guest_says_of_its_boot_stays_inside_of_it),
		cmocka_unit_test(names_are_text_in_a_picture),
		cmocka_unit_test(nothing_is_a_table_and_a_picture_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
