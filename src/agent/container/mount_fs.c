/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/mount_fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

static int fs_config(int fs, unsigned command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

/* What failed, with the sentence that the kernel left for us: "e tmpfs: Bad value for 'size'". */
static int fs_error(int fs, const char *type, const char *what, struct err *err)
{
	int code = errno;
	char text[256];
	ssize_t n = read(fs, text, sizeof(text) - 1);

	if (n > 2) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		return err_set(err, code, "%s %s: %s", type, what, text + 2);
	}
	errno = code;
	return err_errno(err, "%s %s", type, what);
}

static int fs_option(int fs, const char *word)
{
	const char *equals = strchr(word, '=');
	CLEANUP(free) char *key = NULL;

	if (!equals)
		return fs_config(fs, FSCONFIG_SET_FLAG, word, NULL);
	key = xstrndup(word, (size_t)(equals - word));
	return fs_config(fs, FSCONFIG_SET_STRING, key, equals + 1);
}

int mount_new(const char *type, const char *source, char *const *data, uint64_t attr, int *ret,
	      struct err *err)
{
	CLEANUP(close) int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return err_errno(err, "file system type '%s'", type);
	if (source && fs_config(fs, FSCONFIG_SET_STRING, "source", source) < 0)
		return fs_error(fs, type, "source", err);
	for (; data && *data; data++)
		if (fs_option(fs, *data) < 0)
			return fs_error(fs, type, *data, err);
	if (fs_config(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return fs_error(fs, type, "create", err);
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attr);
	if (fd < 0)
		return fs_error(fs, type, "mount", err);
	*ret = fd;
	return 0;
}

int mount_reconfigure(int mount_fd, char *const *data, struct err *err)
{
	CLEANUP(close)
	int fs = (int)syscall(SYS_fspick, mount_fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);

	if (fs < 0)
		return err_errno(err, "open the file system's options");
	for (; data && *data; data++)
		if (fs_option(fs, *data) < 0)
			return fs_error(fs, "option", *data, err);
	if (fs_config(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL) < 0)
		return fs_error(fs, "file system", "change options", err);
	return 0;
}
