/* SPDX-License-Identifier: Apache-2.0 */
#include "hypervisor/vsock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <linux/vhost.h>
#include <linux/vm_sockets.h>

#include "base/cleanup.h"
#include "base/err.h"

#define DEVICE "/dev/vhost-vsock"
#define TRIES  64u /* random ids: with thousands of machines the first is free as a rule */

bool vsock_usable(const char **ret_reason)
{
	CLEANUP(close) int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	*ret_reason = fd < 0 ? DEVICE " cannot be opened" : NULL;
	return fd >= 0;
}

static uint32_t random_cid(void)
{
	uint32_t cid = 0;

	(void)!getrandom(&cid, sizeof(cid), 0); /* cannot fail for so few bytes */
	/* Above those with a meaning, below VMADDR_CID_ANY and the sign. */
	return (cid & INT32_MAX) < VMADDR_CID_HOST + 1 ? VMADDR_CID_HOST + 1 : cid & INT32_MAX;
}

int vsock_reserve(uint32_t *ret_cid, struct err *err)
{
	CLEANUP(close) int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return err_errno_as(err, ERR_VSOCK, "open " DEVICE);
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t cid = random_cid();

		if (ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid) == 0) {
			*ret_cid = (uint32_t)cid;
			return take_fd(&fd);
		}
		if (errno != EADDRINUSE)
			return err_errno_as(err, ERR_VSOCK, DEVICE ": reserve context id %u",
					    (uint32_t)cid);
	}
	return err_set_as(err, ERR_VSOCK, EADDRINUSE, DEVICE ": %u context ids were all in use",
			  TRIES);
}
