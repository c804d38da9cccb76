/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dial.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#define UNIX  "unix://"
#define VSOCK "vsock://"

static int parse_vsock(const char *url, struct sockaddr_vm *ret)
{
	const char *text = url + strlen(VSOCK);
	const char *colon = strchr(text, ':');
	CLEANUP(free) char *cid_text = NULL;
	uint64_t port = 0;
	uint64_t cid = 0;

	if (!colon)
		return -EINVAL;
	cid_text = xstrndup(text, (size_t)(colon - text));
	if (str_to_u64(cid_text, VMADDR_CID_HOST + 1, UINT32_MAX - 1, &cid) < 0 ||
	    str_to_u64(colon + 1, 1, UINT32_MAX - 1, &port) < 0)
		return -EINVAL;
	*ret = (struct sockaddr_vm){ .svm_family = AF_VSOCK,
				     .svm_cid = (unsigned)cid,
				     .svm_port = (unsigned)port };
	return 0;
}

int dial_check(const char *url, struct err *err)
{
	struct sockaddr_vm addr;

	if (str_starts(url, UNIX "/"))
		return 0;
	if (str_starts(url, VSOCK) && parse_vsock(url, &addr) == 0)
		return 0;
	return err_set(err, EINVAL,
		       "'%s' is not an address of an agent: unix:///path, or vsock://CID:PORT with "
		       "a CID from 3 on",
		       url);
}

static int start_vsock(const char *url, struct err *err)
{
	CLEANUP(close) int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_vm addr;

	if (fd < 0)
		return err_errno(err, "connect to %s", url);
	(void)parse_vsock(url, &addr); /* dial_check() has seen it */
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 && errno != EINPROGRESS)
		return err_errno(err, "connect to %s", url);
	return take_fd(&fd);
}

int dial_start(const char *url, struct err *err)
{
	int r = dial_check(url, err);

	if (r < 0)
		return r;
	if (str_starts(url, VSOCK))
		return start_vsock(url, err);
	r = unix_connect(url + strlen(UNIX), err);
	if (r >= 0)
		(void)fd_set_nonblock(r, true);
	return r;
}

int dial_outcome(int fd)
{
	int code = 0;
	socklen_t len = sizeof(code);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 ? -errno : -code;
}

int dial(const char *url, uint64_t deadline, struct err *err)
{
	CLEANUP(close) int fd = dial_start(url, err);
	int r;

	if (fd < 0)
		return fd;
	r = wait_fd(fd, POLLOUT, deadline);
	if (r == 0)
		r = dial_outcome(fd);
	if (r == 0)
		r = fd_set_nonblock(fd, false);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "connect to %s", url);
	}
	return take_fd(&fd);
}
