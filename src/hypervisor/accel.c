/* SPDX-License-Identifier: Apache-2.0 */
#include "hypervisor/accel.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

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

#ifdef __x86_64__
#define MEASURE_NS 10000000

/* The counter and the time, read as close together as three tries get them. */
static uint64_t read_tsc(uint64_t *ret_ns)
{
	uint64_t best = UINT64_MAX;
	uint64_t tsc = 0;

	for (int i = 0; i < 3; i++) {
		uint64_t before = __rdtsc();
		struct timespec now;
		uint64_t after;

		clock_gettime(CLOCK_MONOTONIC, &now);
		after = __rdtsc();
		if (after - before >= best)
			continue;
		best = after - before;
		tsc = before + best / 2;
		*ret_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	}
	return tsc;
}

uint64_t accel_tsc_khz(void)
{
	const struct timespec wait = { .tv_nsec = MEASURE_NS };
	uint64_t from_ns = 0;
	uint64_t to_ns = 0;
	uint64_t from = read_tsc(&from_ns);
	uint64_t to;

	(void)nanosleep(&wait, NULL);
	to = read_tsc(&to_ns);
	return to > from && to_ns > from_ns ? (to - from) * 1000000 / (to_ns - from_ns) : 0;
}
#else
uint64_t accel_tsc_khz(void)
{
	return 0;
}
#endif

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
