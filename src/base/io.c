/* SPDX-License-Identifier: Apache-2.0 */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

int write_full(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

/* Reads @fd to its end; the size that stat shows is only a hint (/proc says 0). */
static int read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
	CLEANUP(free) char *data = NULL;
	size_t cap = 4096;
	size_t len = 0;

	data = xmalloc(cap);
	for (;;) {
		ssize_t n;

		if (len + 1 == cap) {
			cap *= 2;
			data = xrealloc(data, cap);
		}
		n = read(fd, data + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	data[len] = '\0';
	*ret = take_ptr(data);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct err *err)
{
	CLEANUP(close) int fd = -1;
	struct stat st;
	int r;

	/* O_NONBLOCK: a FIFO that nobody writes to must not hang us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat %s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, EISDIR, "%s is a directory, not a file", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is not a regular file", path);

	r = read_all(fd, max, ret, ret_len);
	if (r == -EFBIG)
		return err_set(err, EFBIG, "%s is larger than %zu bytes, the limit", path, max);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "read %s", path);
	}
	return 0;
}

int file_read_at(int dirfd, const char *name, size_t max, char **ret)
{
	CLEANUP(close) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return read_all(fd, max, ret, NULL);
}

int file_write(const char *path, const char *text, struct err *err)
{
	CLEANUP(close) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_errno(err, "open %s", path);
	r = write_full(fd, text, strlen(text));
	if (r < 0) {
		errno = -r;
		return err_errno(err, "write '%s' to %s", text, path);
	}
	return 0;
}

static int write_beside(int dirfd, const char *tmp, const void *data, size_t len, mode_t mode)
{
	CLEANUP(close) int fd = -1;
	int r;

	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = write_full(fd, data, len);
	if (r < 0)
		return r;
	return fdatasync(fd) < 0 ? -errno : 0;
}

int file_replace_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		    struct err *err)
{
	int dir_len = (int)(path_base(name) - name);
	CLEANUP(free) char *tmp = xasprintf("%.*s.%s.%d", dir_len, name, path_base(name), getpid());
	int r = write_beside(dirfd, tmp, data, len, mode);

	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlinkat(dirfd, tmp, 0); /* may never have been made */
	errno = -r;
	return err_errno(err, "write %s", name);
}

/*
 * sun_path holds 107 bytes; a path may be longer. The directory is opened and
 * the socket named through /proc/self/fd, which is always short.
 */
static int unix_address(const char *path, struct sockaddr_un *addr, int *ret_dir)
{
	CLEANUP(free) char *dir = NULL;
	CLEANUP(close) int fd = -1;
	const char *base = path_base(path);
	int n;

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (base == path)
		dir = xstrdup(".");
	else
		dir = xstrndup(path, (size_t)(base - path));
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", fd, base);
	if (n < 0 || (size_t)n >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	*ret_dir = take_fd(&fd);
	return 0;
}

int unix_listen(const char *path, mode_t mode, struct err *err)
{
	CLEANUP(close) int dir = -1;
	CLEANUP(close) int fd = -1;
	struct sockaddr_un addr;
	mode_t saved;
	int r;

	r = unix_address(path, &addr, &dir);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "socket %s", path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "socket %s", path);
	saved = umask(0777 & ~mode); /* bind() makes the file: it must never be wider */
	r = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(saved);
	if (r < 0)
		return err_errno(err, "bind %s", path);
	if (listen(fd, SOMAXCONN) < 0)
		return err_errno(err, "listen on %s", path);
	return take_fd(&fd);
}

int unix_connect(const char *path, struct err *err)
{
	CLEANUP(close) int dir = -1;
	CLEANUP(close) int fd = -1;
	struct sockaddr_un addr;
	int r;

	r = unix_address(path, &addr, &dir);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "connect to %s", path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "connect to %s", path);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(err, "connect to %s", path);
	return take_fd(&fd);
}

int send_with_fd(int sock, const void *data, size_t len, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *cmsg = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

ssize_t recv_with_fd(int sock, void *data, size_t len, int *ret_fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg;
	ssize_t n;

	*ret_fd = -1;
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
		return n;
	/* The padding has room for a second one: whoever sends that must not fill our table. */
	for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= cmsg->cmsg_len; at += sizeof(int)) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + at, sizeof(int));
		if (cmsg->cmsg_len == CMSG_LEN(sizeof(int)) && !(msg.msg_flags & MSG_CTRUNC))
			*ret_fd = fd;
		else
			close(fd);
	}
	return n;
}
