/* SPDX-License-Identifier: Apache-2.0 */
/* vsock_client - connects to the agent's port as a container could, and asks for its health */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

/* ttrpc: length, stream 1, a request; grpc.Health Check */
static const char request[] = "\0\0\0\024\0\0\0\001\001\0\012\013grpc.Health\022\005Check";

int main(int argc, char **argv)
{
	struct sockaddr_vm addr = { .svm_family = AF_VSOCK, .svm_port = 1024 };
	const struct timeval limit = { .tv_sec = 3 };
	char answer[512];
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (argc != 2 || fd < 0)
		return 2;
	addr.svm_cid = (unsigned)strtoul(argv[1], NULL, 10);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return printf("%s: not connected\n", argv[1]) < 0;
	if (write(fd, request, sizeof(request) - 1) < 0 || read(fd, answer, sizeof(answer)) <= 0)
		return printf("%s: not served\n", argv[1]) < 0;
	return printf("%s: answered\n", argv[1]) < 0;
}
