/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage - one piece of work on files, and how long it took
 *
 *   storage write|read|random FILE     64 MiB in pieces of 1 MiB; 4096 pieces of 4 KiB anywhere
 *   storage tree DIR                   makes, writes and reads back 400 small files in 20 folders
 *
 * Prints nanoseconds. write and tree end when the data has reached the file system below (fsync).
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB    (1u << 20)
#define SIZE   64u /* MiB */
#define PIECES 4096u

static char block[MIB];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void write_file(const char *path)
{
	int fd = open_or_die(path, O_WRONLY | O_CREAT | O_TRUNC);

	for (unsigned i = 0; i < SIZE; i++)
		if (write(fd, block, MIB) != MIB)
			err(1, "write %s", path);
	if (fsync(fd) < 0)
		err(1, "fsync %s", path);
	close(fd);
}

static void read_file(const char *path)
{
	int fd = open_or_die(path, O_RDONLY);

	for (unsigned i = 0; i < SIZE; i++)
		if (read(fd, block, MIB) <= 0)
			err(1, "read %s", path);
	close(fd);
}

static void read_anywhere(const char *path)
{
	int fd = open_or_die(path, O_RDONLY);
	uint32_t at = 12345;

	for (unsigned i = 0; i < PIECES; i++) {
		at = at * 1664525u + 1013904223u; /* the same places each time */
		if (pread(fd, block, 4096, (off_t)(at >> 8) % (SIZE * 256) * 4096) != 4096)
			err(1, "read %s", path);
	}
	close(fd);
}

static void make_tree(const char *path)
{
	char name[4096];

	for (unsigned i = 0; i < 400; i++) {
		int fd;

		snprintf(name, sizeof(name), "%s/%u", path, i / 20);
		if (i % 20 == 0 && mkdir(name, 0700) < 0)
			err(1, "mkdir %s", name);
		snprintf(name, sizeof(name), "%s/%u/%u", path, i / 20, i);
		fd = open_or_die(name, O_RDWR | O_CREAT | O_EXCL);
		if (write(fd, block, 3000) != 3000 || pread(fd, block, 3000, 0) != 3000)
			err(1, "%s", name);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	uint64_t start;

	if (argc != 3)
		return 2;
	memset(block, 'x', sizeof(block));
	start = now_ns();
	if (strcmp(argv[1], "write") == 0)
		write_file(argv[2]);
	else if (strcmp(argv[1], "read") == 0)
		read_file(argv[2]);
	else if (strcmp(argv[1], "random") == 0)
		read_anywhere(argv[2]);
	else
		make_tree(argv[2]);
	printf("%" PRIu64 "\n", now_ns() - start);
	return 0;
}
