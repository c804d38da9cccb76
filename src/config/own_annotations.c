/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openEuler's own annotations, and one of Kata's that no key is for. Two are other words for
 * keys; what the others say is kept as it is, for the sandbox to read.
 * Source: reference 00, section 8; openEuler patches 0014, 0021, 0045, 0056.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/internal.h"
#include "config/keys.h"

#define PREFIX       "io.katacontainers."
#define OLDER_PREFIX "com.github.containers.virtcontainers." /* in openEuler's older documents */
#define JSON_MAX     65536u
#define VCPUS_LEAST  0.25
#define SIZE_MAX_MIB 1e12 /* far over any limit, and exact */
#define MIB          1048576.0

struct own_annotation {
	const char *name;
	int (*set)(struct config *config, const char *name, const char *value, struct err *err);
};

/* "1", "1.5"; what follows it is at *ret_rest. False: it does not begin like that. */
static bool parse_decimal(const char *text, double *ret, const char **ret_rest)
{
	size_t whole = strspn(text, "0123456789");
	const char *end = text + whole;
	char *parsed = NULL;

	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	if (whole == 0 || end[-1] == '.')
		return false;
	*ret = strtod(text, &parsed);
	*ret_rest = end;
	return parsed == end; /* "1e3" and "0x1" are not what people write */
}

/* Up to the next whole number; without libm, which would be one library more to load. */
static int64_t round_up(double number)
{
	int64_t whole = (int64_t)number;

	return whole + ((double)whole < number);
}

static int set_vcpus(struct config *config, const char *name, const char *value, struct err *err)
{
	CLEANUP(free) char *vcpus = NULL;
	const char *rest = "";
	double number = 0;

	if (!parse_decimal(value, &number, &rest) || *rest || number < VCPUS_LEAST || number > 1e6)
		return err_set(err, EINVAL, "'%.64s' is not a number of processors from %.2f on",
			       value, VCPUS_LEAST);
	config->sandbox.cpu_millis = round_up(number * 1000);
	vcpus = xasprintf("%" PRId64, round_up(number));
	return annotation_set_key(config, config_find_key("hypervisor.qemu", "default_vcpus"), name,
				  vcpus, err);
}

/* Docker's: "512m", "4G", "1.5 GiB", in MiB; -1 for others. */
static int64_t parse_size(const char *text)
{
	static const char letters[] = "bkmgtp";
	const char *rest = "";
	const char *unit;
	double number = 0;

	if (!parse_decimal(text, &number, &rest))
		return -1;
	rest += *rest == ' ';
	unit = *rest ? strchr(letters, *rest | 0x20) : letters;
	if (!unit ||
	    (*rest && rest[1] && strcasecmp(rest + 1, "b") != 0 && strcasecmp(rest + 1, "ib") != 0))
		return -1;
	for (; unit > letters; unit--)
		number *= 1024;
	number /= MIB;
	return round_up(number < SIZE_MAX_MIB ? number : SIZE_MAX_MIB);
}

static int set_memory(struct config *config, const char *name, const char *value, struct err *err)
{
	const struct config_key *key = config_find_key("hypervisor.qemu", "default_memory");
	int64_t size = parse_size(value);
	CLEANUP(free) char *mib = NULL;

	if (size < 0)
		return err_set(err, EINVAL, "'%.64s' is not a size such as 512m or 4G", value);
	if (size < key->min || size > key->max)
		return err_set(err, EINVAL,
			       "'%.64s' is %" PRId64 " MiB, allowed are %" PRId64 " to %" PRId64
			       " MiB",
			       value, size, key->min, key->max);
	mib = xasprintf("%" PRId64, size);
	return annotation_set_key(config, key, name, mib, err);
}

static int keep(char **to, const char *value, struct err *err)
{
	if (strlen(value) > JSON_MAX)
		return err_set(err, EINVAL, "a value has at most %u bytes", JSON_MAX);
	free(*to);
	*to = xstrdup(value);
	return 0;
}

static int set_dns(struct config *config, const char *name __attribute__((unused)),
		   const char *value, struct err *err)
{
	return keep(&config->sandbox.dns, value, err);
}

static int set_blkio(struct config *config, const char *name __attribute__((unused)),
		     const char *value, struct err *err)
{
	return keep(&config->sandbox.blkio, value, err);
}

/* The agent's: F_SETPIPE_SZ takes an int. */
static int set_pipe_size(struct config *config, const char *name __attribute__((unused)),
			 const char *value, struct err *err)
{
	if (str_to_i64(value, 0, INT32_MAX, &config->agent.container_pipe_size) < 0)
		return err_set(err, EINVAL, "'%.64s' is not a number of bytes from 0 to %d", value,
			       INT32_MAX);
	return 0;
}

static const struct own_annotation owns[] = {
	{ "sandbox_cpu", set_vcpus },
	{ "sandbox_mem", set_memory },
	{ "sandbox_dns", set_dns },
	{ "blkio_cgroup", set_blkio },
	{ "config.agent.container_pipe_size", set_pipe_size },
};

const struct own_annotation *own_annotation_find(const char *name)
{
	const char *rest = str_starts(name, PREFIX)         ? name + strlen(PREFIX)
			   : str_starts(name, OLDER_PREFIX) ? name + strlen(OLDER_PREFIX)
							    : NULL;

	for (size_t i = 0; rest && i < sizeof(owns) / sizeof(owns[0]); i++)
		if (str_eq(rest, owns[i].name))
			return &owns[i];
	return NULL;
}

int own_annotation_set(const struct own_annotation *own, struct config *config, const char *name,
		       const char *value, struct err *err)
{
	return own->set(config, name, value, err);
}
