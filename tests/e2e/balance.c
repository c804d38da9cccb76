/* SPDX-License-Identifier: Apache-2.0 */
/*
 * balance.c - servers that say their name, and a client that counts names
 *
 *   balance serve NAME ADDRESS PORT          answers TCP and UDP until it is killed
 *   balance ask tcp|udp ADDRESS PORT N       one connection or datagram from each of N sockets;
 *                                            prints "COUNT NAME", sorted by name
 *   balance ask udp ADDRESS PORT N FROM      from the source ports FROM, FROM + 1, …
 *   balance hold ADDRESS PORT                one TCP connection, open until it is killed
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define NAMES_MAX 16

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static socklen_t parse(const char *ip, const char *port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(port));
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, ip, &v6->sin6_addr) != 1)
		fail(ip);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)atoi(port));
	return sizeof(*v6);
}

static int open_socket(const struct sockaddr_storage *address, int type)
{
	const struct timeval timeout = { .tv_sec = 20 };
	int fd = socket(address->ss_family, type, 0);
	int on = 1;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return fd;
}

/* Says the name, and keeps the connection until the client ends it. */
static int serve(const char *name, const char *ip, const char *port)
{
	static struct pollfd fds[1024];
	struct sockaddr_storage at;
	socklen_t len = parse(ip, port, &at);
	nfds_t n = 2;

	for (int i = 0; i < 2; i++) {
		fds[i].fd = open_socket(&at, i ? SOCK_DGRAM : SOCK_STREAM);
		fds[i].events = POLLIN;
		if (bind(fds[i].fd, (struct sockaddr *)&at, len) < 0)
			fail("bind");
	}
	if (listen(fds[0].fd, 128) < 0)
		fail("listen");
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		char data[64];

		if (poll(fds, n, -1) < 0)
			fail("poll");
		for (nfds_t i = n - 1; i >= 2; i--)
			if (fds[i].revents && recv(fds[i].fd, data, sizeof(data), 0) <= 0) {
				close(fds[i].fd);
				fds[i] = fds[--n];
			}
		if (fds[1].revents && recvfrom(fds[1].fd, data, sizeof(data), 0,
					       (struct sockaddr *)&from, &from_len) >= 0)
			sendto(fds[1].fd, name, strlen(name), 0, (struct sockaddr *)&from,
			       from_len);
		if (fds[0].revents && n < sizeof(fds) / sizeof(fds[0])) {
			fds[n].fd = accept(fds[0].fd, NULL, NULL);
			fds[n].events = POLLIN;
			fds[n].revents = 0;
			if (fds[n].fd >= 0 && write(fds[n].fd, name, strlen(name)) > 0)
				n++;
		}
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int ask(int type, const char *ip, const char *port, unsigned n, const char *from)
{
	char names[NAMES_MAX][32] = { { 0 } };
	unsigned counts[NAMES_MAX] = { 0 };
	struct sockaddr_storage to;
	socklen_t len = parse(ip, port, &to);

	for (unsigned i = 0; i < n; i++) {
		struct sockaddr_storage own;
		char name[32] = { 0 };
		char own_port[16];
		int fd = open_socket(&to, type);
		unsigned k = 0;

		snprintf(own_port, sizeof(own_port), "%u", from ? (unsigned)atoi(from) + i : 0);
		parse(to.ss_family == AF_INET ? "0.0.0.0" : "::", own_port, &own);
		if (from && bind(fd, (struct sockaddr *)&own, len) < 0)
			fail("bind");
		if (connect(fd, (struct sockaddr *)&to, len) < 0)
			fail("connect");
		if (type == SOCK_DGRAM && send(fd, "?", 1, 0) < 0)
			fail("send");
		if (recv(fd, name, sizeof(name) - 1, 0) <= 0)
			fail("recv");
		close(fd);
		while (k < NAMES_MAX - 1 && names[k][0] && strcmp(names[k], name) != 0)
			k++;
		strcpy(names[k], name);
		counts[k]++;
	}
	for (unsigned k = 0; k < NAMES_MAX && names[k][0]; k++) {
		char line[64];

		snprintf(line, sizeof(line), "%s %u", names[k], counts[k]);
		strncpy(names[k], line, sizeof(names[k]) - 1);
	}
	qsort(names, NAMES_MAX, sizeof(names[0]), compare);
	for (unsigned k = 0; k < NAMES_MAX; k++)
		if (names[k][0])
			printf("%s\n", names[k]);
	return 0;
}

static int hold(const char *ip, const char *port)
{
	struct sockaddr_storage to;
	socklen_t len = parse(ip, port, &to);
	char name[32] = { 0 };
	int fd = open_socket(&to, SOCK_STREAM);

	if (connect(fd, (struct sockaddr *)&to, len) < 0)
		fail("connect");
	if (recv(fd, name, sizeof(name) - 1, 0) <= 0)
		fail("recv");
	printf("%s\n", name);
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], argv[3], argv[4]);
	if (argc >= 6 && strcmp(argv[1], "ask") == 0)
		return ask(strcmp(argv[2], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM, argv[3], argv[4],
			   (unsigned)atoi(argv[5]), argc > 6 ? argv[6] : NULL);
	if (argc == 4 && strcmp(argv[1], "hold") == 0)
		return hold(argv[2], argv[3]);
	return 2;
}
