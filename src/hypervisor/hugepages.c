/* SPDX-License-Identifier: Apache-2.0 */
#include "hypervisor/hugepages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#define MEMINFO_MAX (64u << 10)

uint64_t hugepages_size(const char *root)
{
	CLEANUP(free) char *path = xasprintf("%s/proc/meminfo", root);
	CLEANUP(free) char *text = NULL;
	const char *line;

	if (file_read_at(AT_FDCWD, path, MEMINFO_MAX, &text) < 0)
		return 0;
	line = strstr(text, "Hugepagesize:");
	return line ? strtoull(line + strlen("Hugepagesize:"), NULL, 10) << 10 : 0;
}

/* A number of the default kind, 0 when it is not there. */
static uint64_t number(const char *root, uint64_t size, const char *name)
{
	CLEANUP(free)
	char *path = xasprintf("%s/sys/kernel/mm/hugepages/hugepages-%llukB/%s", root,
			       (unsigned long long)size >> 10, name);
	CLEANUP(free) char *text = NULL;

	return file_read_at(AT_FDCWD, path, 64, &text) == 0 ? strtoull(text, NULL, 10) : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Pages that somebody has mapped and not yet touched are free and promised. */
int hugepages_check(const char *root, uint64_t bytes, struct err *err)
{
	uint64_t size = hugepages_size(root);
	uint64_t needed;
	uint64_t total;
	uint64_t free_now;

	if (size == 0)
		return err_set_as(
			err, ERR_HUGEPAGES_SHORT, ENOTSUP,
			"[hypervisor.qemu] enable_hugepages: the host's kernel has no huge "
			"pages (CONFIG_HUGETLBFS); set it to false");
	needed = (bytes + size - 1) / size;
	total = number(root, size, "nr_hugepages");
	free_now = less(number(root, size, "free_hugepages"), number(root, size, "resv_hugepages"));
	free_now += less(number(root, size, "nr_overcommit_hugepages"),
			 number(root, size, "surplus_hugepages"));
	if (needed <= free_now)
		return 0;
	return err_set_as(
		err, ERR_HUGEPAGES_SHORT, ENOMEM,
		"[hypervisor.qemu] enable_hugepages: %llu pages of %llu kB are needed, and "
		"the host has %llu free of %llu; 'sysctl vm.nr_hugepages=%llu' makes enough",
		(unsigned long long)needed, (unsigned long long)size >> 10,
		(unsigned long long)free_now, (unsigned long long)total,
		(unsigned long long)(total + needed - free_now));
}
