/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

#define RESOURCES_MAX (1u << 20) /* bytes of a file of resources */

/* The words of the command line; NULL: not given. */
struct words {
	const char *file;
	const char *blkio_weight;
	const char *cpu_period;
	const char *cpu_quota;
	const char *cpu_share;
	const char *cpu_rt_period;
	const char *cpu_rt_runtime;
	const char *cpuset_cpus;
	const char *cpuset_mems;
	const char *kernel_memory;
	const char *kernel_memory_tcp;
	const char *memory;
	const char *memory_reservation;
	const char *memory_swap;
	const char *pids_limit;
	const char *l3_cache_schema;
};

static int invalid(const char *option, const char *value, const char *allowed, struct err *err)
{
	return err_set(err, EINVAL, "invalid value for %s: '%s', allowed is %s", option, value,
		       allowed);
}

static int take_u64(const char *option, const char *value, uint64_t *ret, struct err *err)
{
	if (!value)
		return 0;
	return str_to_u64(value, 0, INT64_MAX, ret) < 0
		       ? invalid(option, value, "a number from 0", err)
		       : 0;
}

static int take_i64(const char *option, const char *value, int64_t *ret, struct err *err)
{
	if (!value)
		return 0;
	return str_to_i64(value, -1, INT64_MAX, ret) < 0
		       ? invalid(option, value, "a number from -1, which is no limit", err)
		       : 0;
}

/* The power of 1024 that a suffix stands for: "512", "512b", "512m", "1g", "1GiB". */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "bkmgtp";
	const char *found = *suffix ? strchr(letters, *suffix | 0x20) : letters;

	if (!found)
		return -1;
	if (*suffix && suffix[1] && strcasecmp(suffix + 1, "b") != 0 &&
	    strcasecmp(suffix + 1, "ib") != 0)
		return -1;
	return (int)(found - letters) * 10;
}

static int take_bytes(const char *option, const char *value, int64_t *ret, struct err *err)
{
	static const char allowed[] = "bytes, with k, m, g or t, or -1 for no limit";
	CLEANUP(free) char *digits = NULL;
	int64_t number = 0;
	size_t len;
	int shift;

	if (!value)
		return 0;
	len = strspn(value, "-0123456789");
	digits = xstrndup(value, len);
	shift = suffix_shift(value + len);
	if (shift < 0 || str_to_i64(digits, -1, INT64_MAX, &number) < 0 ||
	    number > INT64_MAX >> shift)
		return invalid(option, value, allowed, err);
	*ret = number < 0 ? -1 : number << shift;
	return 0;
}

static int take_memory(const struct words *words, struct oci_resources *ret, struct err *err)
{
	int64_t kernel = 0; /* no kernel of today has such a limit: checked, and dropped */
	int r = take_bytes("--memory", words->memory, &ret->memory_limit, err);

	if (r == 0)
		r = take_bytes("--memory-swap", words->memory_swap, &ret->memory_swap, err);
	if (r == 0)
		r = take_bytes("--memory-reservation", words->memory_reservation,
			       &ret->memory_reservation, err);
	if (r == 0)
		r = take_bytes("--kernel-memory", words->kernel_memory, &kernel, err);
	if (r == 0)
		r = take_bytes("--kernel-memory-tcp", words->kernel_memory_tcp,
			       &ret->memory_kernel_tcp, err);
	return r;
}

static int take_cpu(const struct words *words, struct oci_resources *ret, struct err *err)
{
	int r = take_u64("--cpu-period", words->cpu_period, &ret->cpu_period, err);

	if (r == 0)
		r = take_i64("--cpu-quota", words->cpu_quota, &ret->cpu_quota, err);
	if (r == 0)
		r = take_u64("--cpu-share", words->cpu_share, &ret->cpu_shares, err);
	if (r == 0)
		r = take_u64("--cpu-rt-period", words->cpu_rt_period, &ret->cpu_rt_period, err);
	if (r == 0)
		r = take_i64("--cpu-rt-runtime", words->cpu_rt_runtime, &ret->cpu_rt_runtime, err);
	if (r == 0 && words->cpuset_cpus)
		ret->cpuset_cpus = xstrdup(words->cpuset_cpus);
	if (r == 0 && words->cpuset_mems)
		ret->cpuset_mems = xstrdup(words->cpuset_mems);
	return r;
}

static int take_words(const struct words *words, struct oci_resources *ret, struct err *err)
{
	uint64_t weight = 0;
	int r = take_memory(words, ret, err);

	if (r == 0)
		r = take_cpu(words, ret, err);
	if (r == 0)
		r = take_i64("--pids-limit", words->pids_limit, &ret->pids_limit, err);
	if (r == 0)
		r = take_u64("--blkio-weight", words->blkio_weight, &weight, err);
	if (r == 0 && weight != 0 && (weight < 10 || weight > 1000))
		return invalid("--blkio-weight", words->blkio_weight, "10 to 1000", err);
	ret->io_weight = (uint16_t)weight;
	return r;
}

static int take_file(const char *file, struct oci_resources *ret, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	int r;

	r = str_eq(file, "-") ? read_stdin(RESOURCES_MAX, &text, &len, err)
			      : file_read(file, RESOURCES_MAX, &text, &len, err);
	if (r == 0)
		r = oci_resources_parse(text, len, ret, err);
	return r < 0 ? err_prefix(err, "--resources") : 0;
}

static int update(const char *name, const struct words *words, struct err *err)
{
	__attribute__((cleanup(oci_resources_done))) struct oci_resources resources = { 0 };
	CLEANUP(free) char *id = NULL;
	int r;

	if (words->l3_cache_schema)
		return err_set(err, ENOTSUP,
			       "--l3-cache-schema, --mem-bw-schema: not supported, a virtual "
			       "machine shares the "
			       "host's cache as a whole");
	r = words->file ? take_file(words->file, &resources, err)
			: take_words(words, &resources, err);
	if (r == 0)
		r = id_resolve(name, &id, err);
	return r < 0 ? r : container_update(id, &resources, err);
}

/* Source: reference 02, "update"; runc's options. */
static int run_update(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		      struct err *err)
{
	struct words words = { 0 };
	const char *name = NULL;
	int r;

	const struct opt opts[] = {
		OPT_STRING('r', "resources", &words.file, "FILE",
			   "JSON of linux.resources, - for standard input; no other option counts "
			   "then"),
		OPT_STRING(0, "blkio-weight", &words.blkio_weight, "N", "10 to 1000"),
		OPT_STRING(0, "cpu-period", &words.cpu_period, "US", "of the CPU quota"),
		OPT_STRING(0, "cpu-quota", &words.cpu_quota, "US", "in each period, -1: no limit"),
		OPT_STRING(0, "cpu-share", &words.cpu_share, "N", "relative to other containers"),
		OPT_STRING(0, "cpu-rt-period", &words.cpu_rt_period, "US", "of real-time CPU"),
		OPT_STRING(0, "cpu-rt-runtime", &words.cpu_rt_runtime, "US", "real-time CPU"),
		OPT_STRING(0, "cpuset-cpus", &words.cpuset_cpus, "LIST", "CPUs to use, 0-1,3"),
		OPT_STRING(0, "cpuset-mems", &words.cpuset_mems, "LIST", "memory nodes to use"),
		OPT_STRING(0, "kernel-memory", &words.kernel_memory, "BYTES",
			   "accepted; kernels have no such limit any more"),
		OPT_STRING(0, "kernel-memory-tcp", &words.kernel_memory_tcp, "BYTES",
			   "for TCP buffers"),
		OPT_STRING(0, "memory", &words.memory, "BYTES", "limit; k, m, g may follow"),
		OPT_STRING(0, "memory-reservation", &words.memory_reservation, "BYTES",
			   "what it may keep when memory is short"),
		OPT_STRING(0, "memory-swap", &words.memory_swap, "BYTES",
			   "limit of memory and swap together, -1: no limit"),
		OPT_STRING(0, "pids-limit", &words.pids_limit, "N", "processes, -1: no limit"),
		OPT_STRING(0, "l3-cache-schema", &words.l3_cache_schema, "S", "not supported"),
		OPT_STRING(0, "mem-bw-schema", &words.l3_cache_schema, "S", NULL),
		OPT_ARG("container-id", &name, "the container"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	return r != 0 ? r : update(name, &words, err);
}

const struct command cmd_update = { "update", NULL, "change a container's limits", run_update };
