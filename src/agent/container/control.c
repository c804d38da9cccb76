/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/control.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"

int control_send(int sock, const struct control_message *message, int fd)
{
	return send_with_fd(sock, message, sizeof(*message), fd);
}

int control_receive(int sock, struct control_message *ret, int *ret_fd)
{
	ssize_t n = recv_with_fd(sock, ret, sizeof(*ret), ret_fd);

	if (n <= 0)
		return (int)n;
	if (n != sizeof(*ret)) {
		if (*ret_fd >= 0)
			close(*ret_fd);
		*ret_fd = -1;
		return -EBADMSG;
	}
	ret->text[sizeof(ret->text) - 1] = '\0';
	return 1;
}

int control_send_error(int sock, const struct err *error)
{
	struct control_message message = { .type = CONTROL_ERROR,
					   .code = error->code,
					   .id = error->id };

	snprintf(message.text, sizeof(message.text), "%.899s", error->text);
	return control_send(sock, &message, -1);
}
