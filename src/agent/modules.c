/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4 /* Linux 5.17 */
#endif

#define NAME_MAX_LEN 55u        /* MODULE_NAME_LEN of the kernel, with a NUL */
#define DEP_MAX      (8u << 20) /* a distribution's modules.dep has half a megabyte */

int module_insert(int fd, const char *parameters, int flags)
{
	return syscall(SYS_finit_module, fd, parameters, flags) < 0 ? -errno : 0;
}

static int check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len >= 1 && len <= NAME_MAX_LEN &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len)
		return 0;
	return err_set(
		err, EINVAL,
		"kernel_modules: '%.64s' is not the name of a module: 1 to %u letters, digits, "
		"'_', '-'",
		name, NAME_MAX_LEN);
}

/* Whether the first @len bytes of @text are @name; '-' and '_' are the same to modprobe. */
static bool is_name(const char *text, size_t len, const char *name)
{
	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((text[i] == '-' ? '_' : text[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	return true;
}

/* "kernel/fs/xfs/xfs.ko.zst" is "xfs". */
static bool is_file_of(const char *path, const char *name)
{
	const char *base = path_base(path);
	const char *dot = strstr(base, ".ko");

	return dot && is_name(base, (size_t)(dot - base), name);
}

/* The line of modules.dep about @name, as words: its file and those that it needs. Owned. */
static char **find_line(const char *dep, const char *name)
{
	for (const char *line = dep; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		CLEANUP(free) char *file = xstrndup(line, strcspn(line, ":\n"));
		CLEANUP(free) char *text = NULL;

		if (!is_file_of(file, name))
			continue;
		text = xstrndup(line, strcspn(line, "\n"));
		return strv_split(text, ": ");
	}
	return NULL;
}

static int insert_file(const char *dir, const char *file, const char *parameters,
		       module_insert_fn insert, struct err *err)
{
	const char *extension = strrchr(file, '.');
	bool compressed = extension && !str_eq(extension, ".ko");
	CLEANUP(free) char *path = NULL;
	CLEANUP(close) int fd = -1;
	int r;

	/* As depmod writes them: below @dir, or absolute. */
	path = *file == '/' ? xstrdup(file) : xasprintf("%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "open %s", path);
	r = insert(fd, parameters, compressed ? MODULE_INIT_COMPRESSED_FILE : 0);
	if (r == 0 || r == -EEXIST)
		return 0;
	errno = -r;
	return err_errno(err, "insert %s", path);
}

/* What the kernel shows in /sys although no file has it is built in. */
static bool is_in_kernel(const char *root, const char *name)
{
	CLEANUP(free) char *path = xasprintf("%s/sys/module/%s", root, name);

	for (char *at = path + strlen(path) - strlen(name); *at; at++)
		if (*at == '-')
			*at = '_';
	return access(path, F_OK) == 0;
}

static int load_built_in(const struct module *module, struct err *err)
{
	if (module->n_parameters == 0)
		return 0;
	return err_set(err, EINVAL,
		       "it is in the guest's kernel already: its parameters belong into "
		       "kernel_params, as %s.%s",
		       module->name, module->parameters[0]);
}

static int load(const char *root, const char *dir, const char *dep, const struct module *module,
		module_insert_fn insert, struct err *err)
{
	CLEANUP(strv_free) char **files = dep ? find_line(dep, module->name) : NULL;
	CLEANUP(strv_free) char **words = NULL;
	CLEANUP(free) char *parameters = NULL;
	int r = 0;

	if (is_in_kernel(root, module->name))
		return load_built_in(module, err);
	if (!files) {
		CLEANUP(free) char *modules = xasprintf("%s/proc/modules", root);

		if (access(modules, F_OK) < 0)
			return err_set(err, ENOSYS, "this guest kernel has no modules");
		return err_set(err, ENOENT, "%s/modules.dep of the guest %s", dir,
			       dep ? "does not have it" : "is not there");
	}
	for (size_t i = 0; i < module->n_parameters; i++)
		strv_add(&words, module->parameters[i]);
	parameters = strv_join(words, " ");
	/* The last one is needed by all others. */
	for (size_t i = strv_len(files); r == 0 && i > 0; i--)
		r = insert_file(dir, files[i - 1], i == 1 ? parameters : "", insert, err);
	return r;
}

int modules_load(const char *root, const struct module *modules, size_t n, module_insert_fn insert,
		 struct err *err)
{
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *dir = NULL;
	CLEANUP(free) char *dep = NULL;
	struct utsname name = { 0 };
	int r;

	if (n > MODULES_MAX)
		return err_set(err, EINVAL, "kernel_modules: %zu of them, at most %u are possible",
			       n, MODULES_MAX);
	if (uname(&name) < 0)
		return err_errno(err, "uname");
	dir = xasprintf("%s/lib/modules/%s", root, name.release);
	path = xasprintf("%s/modules.dep", dir);
	if (n > 0)
		(void)file_read_at(AT_FDCWD, path, DEP_MAX, &dep); /* it may not be needed */
	for (size_t i = 0; i < n; i++) {
		r = check_name(modules[i].name, err);
		if (r < 0)
			return r;
		r = load(root, dir, dep, &modules[i], insert, err);
		if (r < 0)
			return err_prefix_as(err, ERR_MODULE, "kernel_modules: %s",
					     modules[i].name);
	}
	return 0;
}
