/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest_storage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/mount_fs.h"
#include "agent/storage.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/safepath.h"
#include "base/str.h"

#define NFS_PORT   2049u
#define CONNECT_MS 10000
#define GPATH_MODE 0750 /* openEuler's */

bool guest_storage_is(const char *driver)
{
	return str_eq(driver, "nfs") || str_eq(driver, "gpath");
}

/* What stands behind "@key=" among the options; NULL: it is not there. */
static const char *option(const Grpc__Storage *storage, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < storage->n_options; i++)
		if (str_starts(storage->options[i], key) && storage->options[i][len] == '=')
			return storage->options[i] + len + 1;
	return NULL;
}

static bool has_word(const Grpc__Storage *storage, const char *word)
{
	for (size_t i = 0; i < storage->n_options; i++)
		if (str_eq(storage->options[i], word))
			return true;
	return false;
}

int guest_storage_check(const Grpc__Storage *storage, struct err *err)
{
	struct in_addr address;
	const char *text = option(storage, "addr");

	if (storage->mount_point[0] != '/')
		return err_set(err, EINVAL, "storage: mount point '%.128s' is not absolute",
			       storage->mount_point);
	if (str_eq(storage->driver, "gpath"))
		return storage->source[0] == '/'
			       ? 0
			       : err_set(err, EINVAL, "gpath '%.128s' is not absolute",
					 storage->source);
	if (!strstr(storage->source, ":/") || !text || inet_pton(AF_INET, text, &address) != 1)
		return err_set(err, EINVAL,
			       "nfs '%.128s': a source HOST:/PATH and an option addr=IPv4 are "
			       "needed",
			       storage->source);
	return 0;
}

static int wait_connected(int fd, struct err *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&poll_fd, 1, CONNECT_MS) == 0)
		return err_set(err, ETIMEDOUT, "no answer within %d s", CONNECT_MS / 1000);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error == 0)
		return 0;
	errno = error;
	return err_errno(err, "connect");
}

/* The kernel would try for minutes. */
static int reach_server(const Grpc__Storage *storage, struct err *err)
{
	CLEANUP(close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(NFS_PORT) };
	const char *port_text = option(storage, "port");
	const char *address = option(storage, "addr");
	uint64_t port = NFS_PORT;
	int r;

	if (port_text && str_to_u64(port_text, 1, UINT16_MAX, &port) < 0)
		return err_set(err, EINVAL, "port=%.20s is not a port", port_text);
	to.sin_port = htons((uint16_t)port);
	if (fd < 0 || !address || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return err_errno(err, "socket");
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		r = err_errno(err, "connect");
	else
		r = wait_connected(fd, err);
	return r < 0 ? err_prefix(err, "port %u of %s", (unsigned)port, address) : 0;
}

/* @version: NULL where the options have one. */
static int mount_version(const Grpc__Storage *storage, const char *version, struct err *err)
{
	CLEANUP(free) char **options = xcalloc(storage->n_options + 1, sizeof(*options));
	CLEANUP(free) char *word = version ? xasprintf("vers=%s", version) : NULL;
	Grpc__Storage with = *storage;
	char fstype[] = "nfs";

	for (size_t i = 0; i < storage->n_options; i++)
		options[i] = storage->options[i];
	if (word)
		options[with.n_options++] = word;
	with.options = options;
	with.fstype = fstype;
	return storage_mount(&with, err);
}

/* What mount.nfs(8) does, newest first. */
static int mount_nfs(const Grpc__Storage *storage, struct err *err)
{
	static const char *const versions[] = { "4.2", "4.1", "4.0", "3" };
	int r = 0;

	r = reach_server(storage, err);
	if (r < 0)
		return r;
	if (option(storage, "vers") || option(storage, "nfsvers"))
		return mount_version(storage, NULL, err);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		r = mount_version(storage, versions[i], err);
		if (r != -EPROTONOSUPPORT)
			break;
	}
	return r;
}

/* Each part is looked at: containers may write to what lies above it, and make links. */
static int open_made(const char *path)
{
	CLEANUP(strv_free) char **parts = strv_split(path, "/");
	CLEANUP(close) int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (char **part = parts; at >= 0 && part && *part; part++) {
		int next;

		if (str_eq(*part, "..") || (mkdirat(at, *part, GPATH_MODE) < 0 && errno != EEXIST))
			return str_eq(*part, "..") ? -EINVAL : -errno;
		next = openat(at, *part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		close(at);
		at = next;
	}
	return at < 0 ? -errno : take_fd(&at);
}

static bool is_mount_root(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* A mount of its own, whose later mounts go to all who have it. */
static int make_shared(int *fd, struct err *err)
{
	const struct mount_change shared = { .propagation = MS_SHARED };
	int r;

	if (!is_mount_root(*fd)) {
		CLEANUP(close) int mount_fd = mount_clone_fd(*fd, true, 0, err);

		if (mount_fd < 0)
			return mount_fd;
		r = mount_attach(mount_fd, *fd, err);
		if (r < 0)
			return r;
		close(*fd);
		*fd = take_fd(&mount_fd); /* attached, it is what lies there now */
	}
	return mount_change(*fd, false, &shared, err);
}

static int mount_gpath(const Grpc__Storage *storage, struct err *err)
{
	CLEANUP(close) int source = open_made(storage->source);
	CLEANUP(close) int mount_fd = -1;
	CLEANUP(close) int target = -1;
	int r;

	if (source < 0) {
		errno = -source;
		return err_errno(err, "a part of it is no folder");
	}
	if (has_word(storage, "mounted") && !is_mount_root(source))
		return err_set(err, EINVAL, "not a mount point, which option 'mounted' asks for");
	r = has_word(storage, "shared") ? make_shared(&source, err) : 0;
	if (r == 0)
		r = mkdir_p(storage->mount_point, 0755, err);
	if (r < 0)
		return r;
	mount_fd = mount_copy(source, "", true);
	if (mount_fd < 0) {
		errno = -mount_fd;
		return err_errno(err, "copy the mount");
	}
	target = open(storage->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return err_errno(err, "%s", storage->mount_point);
	return mount_attach(mount_fd, target, err);
}

int guest_storage_mount(const Grpc__Storage *storage, struct err *err)
{
	int r = str_eq(storage->driver, "nfs") ? mount_nfs(storage, err)
					       : mount_gpath(storage, err);

	return r < 0 ? err_prefix_as(err, ERR_MOUNT, "%s %.200s", storage->driver, storage->source)
		     : 0;
}
