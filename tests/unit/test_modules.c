/* SPDX-License-Identifier: Apache-2.0 */
/* Against a tree that looks like a guest's; what would be inserted is noted. */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/modules.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/tmp.h"

static char log_text[1024];
static int answer; /* of the kernel */
static struct err err;

/* "SIZE:FLAGS:PARAMETERS;": the files differ in their size. */
static int note(int fd, const char *parameters, int flags)
{
	size_t len = strlen(log_text);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	snprintf(log_text + len, sizeof(log_text) - len, "%d:%d:%s;", (int)st.st_size, flags,
		 parameters);
	return answer;
}

static void put(const char *name, const char *text)
{
	CLEANUP(free) char *dir = tmp_path("%.*s", (int)(path_base(name) - name), name);

	assert_int_equal(mkdir_p(dir, 0755, &err), 0);
	tmp_write(name, text);
}

static void put_module(const char *file, const char *text)
{
	CLEANUP(free) char *name = NULL;
	struct utsname host;

	assert_int_equal(uname(&host), 0);
	name = xasprintf("lib/modules/%s/%s", host.release, file);
	put(name, text);
}

static int setup(void **state)
{
	memset(&err, 0, sizeof(err));
	log_text[0] = '\0';
	answer = 0;
	return tmp_setup(state);
}

/* vfio-pci needs vfio and irqbypass, in that order of modules.dep. */
static void put_tree(void)
{
	put("proc/modules", "");
	put("sys/module/overlay/x", "");
	put_module("modules.dep",
		   "kernel/a/vfio-pci.ko.xz: kernel/a/vfio.ko kernel/b/irqbypass.ko\n"
		   "kernel/a/vfio.ko: kernel/b/irqbypass.ko\n"
		   "kernel/b/irqbypass.ko:\n"
		   "kernel/c/lost.ko:\n");
	put_module("kernel/a/vfio-pci.ko.xz", "333");
	put_module("kernel/a/vfio.ko", "22");
	put_module("kernel/b/irqbypass.ko", "1");
}

static int load(const char *name, char *const *parameters)
{
	const struct module module = { name, parameters, strv_len(parameters) };

	return modules_load(tmp, &module, 1, note, &err);
}

TEST(what_a_module_needs_comes_first_and_parameters_are_its_own)
{
	CLEANUP(strv_free) char **parameters = strv_split("ids=1234:5678 disable_idle_d3=1", " ");

	put_tree();
	assert_int_equal(load("vfio_pci", parameters), 0);
	assert_string_equal(log_text, "1:0:;2:0:;3:4:ids=1234:5678 disable_idle_d3=1;");
}

TEST(one_that_is_there_already_is_fine)
{
	put_tree();
	answer = -EEXIST;
	assert_int_equal(load("vfio", NULL), 0);
	assert_string_equal(log_text, "1:0:;2:0:;");
	assert_int_equal(load("overlay", NULL), 0);
	assert_string_equal(log_text, "1:0:;2:0:;");
}

TEST(parameters_of_what_is_built_in_are_told_where_they_go)
{
	CLEANUP(strv_free) char **parameters = strv_split("metacopy=on", " ");

	put_tree();
	assert_int_equal(load("overlay", parameters), -EINVAL);
	assert_string_equal(err.text,
			    "kernel_modules: overlay: it is in the guest's kernel already: "
			    "its parameters belong into kernel_params, as "
			    "overlay.metacopy=on");
}

TEST(one_that_does_not_exist_is_named)
{
	put_tree();
	assert_int_equal(load("nosuch", NULL), -ENOENT);
	assert_non_null(strstr(err.text, "kernel_modules: nosuch: "));
	assert_non_null(strstr(err.text, "/modules.dep of the guest does not have it"));
	assert_int_equal(load("lost", NULL), -ENOENT);
	assert_non_null(strstr(err.text, "kernel_modules: lost: open "));
	answer = -EINVAL;
	assert_int_equal(load("vfio", NULL), -EINVAL);
	assert_non_null(strstr(err.text, "kernel_modules: vfio: insert "));
}

TEST(a_guest_without_modules_says_so)
{
	assert_int_equal(load("vfio", NULL), -ENOSYS);
	assert_string_equal(err.text, "kernel_modules: vfio: this guest kernel has no modules");
	put("proc/modules", "");
	assert_int_equal(load("vfio", NULL), -ENOENT);
	assert_non_null(strstr(err.text, "/modules.dep of the guest is not there"));
}

TEST(a_name_is_no_path)
{
	static const char *const names[] = {
		"",    "../x", "a/b",
		"a b", "a\nb", "a123456789b123456789c123456789d123456789e123456789f12345"
	};

	put_tree();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(load(names[i], NULL), -EINVAL);
		assert_non_null(strstr(err.text, "is not the name of a module"));
	}
	assert_string_equal(log_text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define MODULES_TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmp_teardown)
		MODULES_TEST(what_a_module_needs_comes_first_and_parameters_are_its_own),
		MODULES_TEST(one_that_is_there_already_is_fine),
		MODULES_TEST(parameters_of_what_is_built_in_are_told_where_they_go),
		MODULES_TEST(one_that_does_not_exist_is_named),
		MODULES_TEST(a_guest_without_modules_says_so),
		MODULES_TEST(a_name_is_no_path),
	};

	return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
