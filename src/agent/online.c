/* SPDX-License-Identifier: Apache-2.0 */
/* Source: Linux, Documentation/core-api/cpu_hotplug.rst and admin-guide/mm/memory-hotplug.rst. */
#include "agent/online.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "agent/device_wait.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The number behind @prefix in the name of a sysfs directory. */
static bool is_numbered(const char *name, const char *prefix, uint64_t *ret)
{
	return str_starts(name, prefix) &&
	       str_to_u64(name + strlen(prefix), 0, UINT32_MAX, ret) == 0;
}

/* "0" or "1", "online" or "offline"; owned. NULL: there is no such file, as for the first vCPU. */
static char *read_word(const char *sysfs, const char *kind, uint64_t number, const char *file)
{
	CLEANUP(free)
	char *path =
		xasprintf("%s/%s/%s%llu/%s", sysfs, kind, kind, (unsigned long long)number, file);
	char *text = NULL;

	if (file_read_at(AT_FDCWD, path, 64, &text) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static int write_word(const char *sysfs, const char *kind, uint64_t number, const char *file,
		      const char *word, struct err *err)
{
	CLEANUP(free)
	char *path =
		xasprintf("%s/%s/%s%llu/%s", sysfs, kind, kind, (unsigned long long)number, file);

	return file_write(path, word, err);
}

static bool cpu_is_online(const char *sysfs, uint64_t number)
{
	CLEANUP(free) char *word = read_word(sysfs, "cpu", number, "online");

	return !word || str_eq(word, "1");
}

static bool block_is_online(const char *sysfs, uint64_t number)
{
	CLEANUP(free) char *word = read_word(sysfs, "memory", number, "state");

	return word && str_eq(word, "online");
}

/* The numbers of all vCPUs ("cpu") or memory blocks ("memory"); owned. */
static uint64_t *list(const char *sysfs, const char *kind, size_t *ret_n)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", sysfs, kind);
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	uint64_t *numbers = NULL;
	struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir))) {
		uint64_t number = 0;

		if (!is_numbered(entry->d_name, kind, &number))
			continue;
		numbers = xrealloc(numbers, (n + 1) * sizeof(*numbers));
		numbers[n++] = number;
	}
	*ret_n = n;
	return numbers;
}

static unsigned count(const char *sysfs, const char *kind,
		      bool (*is_online)(const char *sysfs, uint64_t number))
{
	size_t n = 0;
	CLEANUP(free) uint64_t *numbers = list(sysfs, kind, &n);
	unsigned online = 0;

	for (size_t i = 0; i < n; i++)
		online += is_online(sysfs, numbers[i]);
	return online;
}

unsigned online_present_blocks(const char *sysfs)
{
	size_t n = 0;
	CLEANUP(free) uint64_t *numbers = list(sysfs, "memory", &n);

	return (unsigned)n;
}

unsigned online_count_blocks(const char *sysfs)
{
	return count(sysfs, "memory", block_is_online);
}

unsigned online_count_cpus(const char *sysfs)
{
	return count(sysfs, "cpu", cpu_is_online);
}

uint64_t online_block_size(const char *sysfs)
{
	CLEANUP(free) char *path = xasprintf("%s/memory/block_size_bytes", sysfs);
	CLEANUP(free) char *text = NULL;

	return file_read_at(AT_FDCWD, path, 64, &text) == 0 ? strtoull(text, NULL, 16) : 0;
}

static int ascending(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

/* The lowest come first, the highest go first. */
static int switch_cpus(const struct online_request *request, struct err *err)
{
	unsigned online = online_count_cpus(request->sysfs);
	size_t n = 0;
	CLEANUP(free) uint64_t *cpus = list(request->sysfs, "cpu", &n);
	int r = 0;

	if (request->cpus == 0)
		return 0;
	if (n > 0)
		qsort(cpus, n, sizeof(*cpus), ascending);
	for (size_t i = 0; r == 0 && i < n && online < request->cpus; i++) {
		if (cpu_is_online(request->sysfs, cpus[i]))
			continue;
		r = write_word(request->sysfs, "cpu", cpus[i], "online", "1", err);
		online++;
	}
	for (size_t i = n; r == 0 && i > 1 && online > request->cpus; i--) {
		if (!cpu_is_online(request->sysfs, cpus[i - 1]))
			continue;
		r = write_word(request->sysfs, "cpu", cpus[i - 1], "online", "0", err);
		online--;
	}
	return r;
}

static int switch_blocks(const struct online_request *request, struct err *err)
{
	size_t n = 0;
	CLEANUP(free) uint64_t *blocks = list(request->sysfs, "memory", &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!block_is_online(request->sysfs, blocks[i]))
			r = write_word(request->sysfs, "memory", blocks[i], "state", "online", err);
	return r;
}

/* Bytes of memory that have come since the start and are in use. */
static uint64_t plugged_online(const struct online_request *request)
{
	unsigned blocks = online_count_blocks(request->sysfs);

	return blocks > request->first_blocks ? (uint64_t)(blocks - request->first_blocks) *
							online_block_size(request->sysfs)
					      : 0;
}

static int look(void *data, struct err *err)
{
	const struct online_request *request = data;
	int r = switch_cpus(request, err);

	if (r == 0 && !request->cpu_only)
		r = switch_blocks(request, err);
	if (r < 0)
		return r;
	return (request->cpus == 0 || online_count_cpus(request->sysfs) == request->cpus) &&
	       (request->cpu_only || plugged_online(request) >= request->plugged);
}

int online_apply(const struct online_request *request, uint64_t timeout_ms, struct err *err)
{
	int r = device_wait("vCPU or memory", look, (void *)(uintptr_t)request, timeout_ms, err);

	if (r != -ETIMEDOUT)
		return r;
	return err_set_as(
		err, ERR_HOTPLUG, ETIMEDOUT,
		"after %llu ms the guest has %u vCPUs online of %u, and %llu MiB of %llu MiB "
		"that were plugged in",
		(unsigned long long)timeout_ms, online_count_cpus(request->sysfs),
		request->cpus ? request->cpus : online_count_cpus(request->sysfs),
		(unsigned long long)plugged_online(request) >> 20,
		(unsigned long long)request->plugged >> 20);
}
