/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kata-runtime kata-overhead: what the virtual machine costs besides what its
 * containers use. Lines and names: reference 02, section 3.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/str.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"
#include "sandbox/usage.h"

#define BETWEEN_S 1

/* Percent of one processor over the time between the two. */
static double percent(uint64_t before_ns, uint64_t after_ns, uint64_t us)
{
	return after_ns > before_ns && us > 0 ? (double)(after_ns - before_ns) / (double)us / 10
					      : 0;
}

static void print_overhead(const char *id, const struct sandbox_usage *a,
			   const struct sandbox_usage *b)
{
	uint64_t us = b->at_us - a->at_us;
	double host = percent(a->host_cpu_ns, b->host_cpu_ns, us);
	double guest = percent(a->guest_cpu_ns, b->guest_cpu_ns, us);

	printf("Sandbox overhead for container: %s\n", id);
	printf("cpu_overhead=%f\n", host - guest);
	printf("memory_overhead_bytes=%" PRId64 "\n\n",
	       (int64_t)b->host_memory - (int64_t)b->guest_memory);
	printf(" --CPU details--\n");
	printf("cpu_host=%f\n\tcpu_host_init=%" PRIu64 "\n\tcpu_host_final=%" PRIu64 "\n", host,
	       a->host_cpu_ns, b->host_cpu_ns);
	printf("cpu_guest=%f\n\tcpu_guest_init=%" PRIu64 "\n\tcpu_guest_final=%" PRIu64 "\n", guest,
	       a->guest_cpu_ns, b->guest_cpu_ns);
	printf("Number of available vCPUs=%" PRId64 "\n --Memory details--\n", b->vcpus);
	printf("memory_host_bytes=%" PRIu64 "\nmemory_guest_bytes=%" PRIu64 "\n\n", b->host_memory,
	       b->guest_memory);
}

static int show(const char *name, struct err *err)
{
	struct timespec left = { .tv_sec = BETWEEN_S };
	struct sandbox_usage before = { 0 };
	struct sandbox_usage after = { 0 };
	CLEANUP(free) char *id = NULL;
	int r;

	r = id_resolve(name, &id, err);
	if (r == 0)
		r = sandbox_usage_read(id, &before, err);
	if (r < 0)
		return r;
	while (nanosleep(&left, &left) < 0)
		;
	r = sandbox_usage_read(id, &after, err);
	if (r == 0)
		print_overhead(id, &before, &after);
	return r;
}

static int run_overhead(const struct globals *globals __attribute__((unused)), int argc,
			char **argv, struct err *err)
{
	char **names = NULL; /* in argv */
	int r;

	const struct opt opts[] = {
		OPT_ARGS("container-id", &names, "the containers whose sandboxes are looked at"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	for (char **name = names; r == 0 && name && *name; name++)
		r = show(*name, err);
	return r;
}

const struct command cmd_overhead = {
	"kata-overhead", NULL,
	"what a sandbox takes besides what its containers use; CPU in "
	"percent of one processor",
	run_overhead
};
