/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/sysctl.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/str.h"
#include "oci/spec.h"

static const char *const ipc_files[] = {
	"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
	"kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
};

/* As sysctl(8): the first of '.' and '/' separates, and the other one is a part of names. */
char *sysctl_file(const char *key)
{
	CLEANUP(free) char *file = xstrdup(key);
	bool dots = key[strcspn(key, "./")] == '.';

	for (char *p = file; dots && *p; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	for (const char *p = file; *p; p += strcspn(p, "/"), p += *p == '/')
		if (*p == '/' || (*p == '.' && (p[1] == '/' || !p[1])) || str_starts(p, "../") ||
		    str_eq(p, ".."))
			return NULL;
	return *file && file[strlen(file) - 1] != '/' ? take_ptr(file) : NULL;
}

static bool is_ipc(const char *file)
{
	for (size_t i = 0; i < sizeof(ipc_files) / sizeof(ipc_files[0]); i++)
		if (str_eq(ipc_files[i], file))
			return true;
	return str_starts(file, "fs/mqueue/");
}

static int check(const struct oci_spec *spec, bool pod, const char *key, const char *file,
		 struct err *err)
{
	if (str_starts(file, "net/")) {
		if (pod || oci_spec_namespace(spec, "network"))
			return 0;
		return err_set(err, EPERM, "linux.sysctl: '%s' needs a network namespace", key);
	}
	if (is_ipc(file)) {
		if (pod || oci_spec_namespace(spec, "ipc"))
			return 0;
		return err_set(err, EPERM, "linux.sysctl: '%s' needs an ipc namespace", key);
	}
	/* Docker has no other word for its --domainname. */
	if (str_eq(file, "kernel/domainname") && !spec->domainname) {
		if (pod || oci_spec_namespace(spec, "uts"))
			return 0;
		return err_set(err, EPERM, "linux.sysctl: '%s' needs a uts namespace", key);
	}
	if (str_eq(file, "kernel/hostname") || str_eq(file, "kernel/domainname"))
		return err_set(err, EPERM, "linux.sysctl: '%s' is set by the configuration's %s",
			       key, file + strlen("kernel/"));
	return err_set(err, EPERM, "linux.sysctl: '%s' is not the container's own", key);
}

static int set_one(const struct oci_spec *spec, int proc, bool pod, const char *word,
		   struct err *err)
{
	size_t len = strcspn(word, "=");
	CLEANUP(free) char *key = xstrndup(word, len);
	CLEANUP(free) char *file = sysctl_file(key);
	CLEANUP(free) char *path = NULL;
	int r;

	if (!word[len])
		return err_set(err, EINVAL, "linux.sysctl: '%s' is not key=value", word);
	if (!file)
		return err_set(err, EINVAL, "linux.sysctl: '%s' is not a key", key);
	r = check(spec, pod, key, file, err);
	if (r < 0)
		return r;
	path = xasprintf("sys/%s", file);
	r = procfs_write(proc, path, word + len + 1, err);
	return r < 0 ? err_prefix_as(err, ERR_SYSCTL, "linux.sysctl: '%s'", key) : 0;
}

int sysctl_set(const struct oci_spec *spec, bool pod, struct err *err)
{
	CLEANUP(close) int proc = -1;
	int r = 0;

	if (!spec->sysctl || !*spec->sysctl)
		return 0;
	proc = procfs_open(err);
	if (proc < 0)
		return err_prefix_as(err, ERR_SYSCTL, "linux.sysctl");
	for (char **word = spec->sysctl; r == 0 && *word; word++)
		r = set_one(spec, proc, pod, *word, err);
	return r;
}
