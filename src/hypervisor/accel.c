/* SPDX-License-Identifier: Apache-2.0 */
#include "hypervisor/accel.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#define CPUINFO_MAX (4u << 20)

/* The words of the first line "flags"; owned. */
static char **cpu_flags(const char *cpuinfo)
{
	const char *flags = strstr(cpuinfo, "\nflags");
	CLEANUP(free) char *line = NULL;

	if (!flags)
		return NULL;
	line = xstrndup(flags + 1, strcspn(flags + 1, "\n"));
	return strv_split(line, " \t:");
}

bool accel_cpu_has_virtualization(const char *cpuinfo)
{
	CLEANUP(strv_free) char **flags = cpu_flags(cpuinfo);

	return strv_contains(flags, "vmx") || strv_contains(flags, "svm");
}

bool accel_cpu_is_virtual(const char *cpuinfo)
{
	CLEANUP(strv_free) char **flags = cpu_flags(cpuinfo);

	return strv_contains(flags, "hypervisor");
}

bool accel_host_is_guest(void)
{
	CLEANUP(free) char *cpuinfo = NULL;

	return file_read_at(AT_FDCWD, "/proc/cpuinfo", CPUINFO_MAX, &cpuinfo) == 0 &&
	       accel_cpu_is_virtual(cpuinfo);
}

static bool cpu_can(void)
{
#ifdef __x86_64__
	CLEANUP(free) char *cpuinfo = NULL;

	if (file_read_at(AT_FDCWD, "/proc/cpuinfo", CPUINFO_MAX, &cpuinfo) < 0)
		return false;
	return accel_cpu_has_virtualization(cpuinfo);
#else
	return true;
#endif
}

static const char *forced(const char *options)
{
	CLEANUP(strv_free) char **words = strv_split(options, ", ");

	if (strv_contains(words, "accel=kvm"))
		return "kvm";
	return strv_contains(words, "accel=tcg") ? "tcg" : NULL;
}

const char *accel_choose(const char *options, const char **ret_reason)
{
	const char *choice = forced(options);
	CLEANUP(close) int fd = -1;

	*ret_reason = NULL;
	if (choice)
		return choice;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		*ret_reason = "/dev/kvm cannot be opened";
	else if (!cpu_can())
		*ret_reason = "the processor shows neither vmx nor svm in /proc/cpuinfo";
	return *ret_reason ? "tcg" : "kvm";
}

char *accel_strip(const char *options)
{
	CLEANUP(strv_free) char **words = strv_split(options, ", ");
	CLEANUP(strv_free) char **rest = NULL;

	for (char **word = words; word && *word; word++)
		if (!str_starts(*word, "accel="))
			strv_add(&rest, *word);
	return strv_join(rest, ",");
}
