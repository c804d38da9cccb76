/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/own_blkio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "config/config.h"
#include "oci/spec.h"

#define ANNOTATION  "annotation io.katacontainers.blkio_cgroup"
#define DEPTH       6u
#define ENTRIES_MAX 64u
#define LIMITS_MAX  8u
#define WEIGHT_MIN  10u /* runtime-spec, config-linux.md, "Block IO" */
#define WEIGHT_MAX  1000u

/* Of a device; the order is that of throttles_of(). */
static const char *const throttle_types[] = { "throttle_read_bps", "throttle_write_bps",
					      "throttle_read_iops", "throttle_write_iops", NULL };

static struct oci_throttles *throttles_of(struct oci_resources *resources, const char *type)
{
	struct oci_throttles *const all[] = { &resources->io_read_bps, &resources->io_write_bps,
					      &resources->io_read_iops, &resources->io_write_iops };

	for (size_t i = 0; throttle_types[i]; i++)
		if (str_eq(type, throttle_types[i]))
			return all[i];
	return NULL;
}

static int add_throttle(struct oci_resources *resources, dev_t device, const char *type,
			uint64_t rate, const struct json_at *at, struct err *err)
{
	struct oci_throttles *throttles = throttles_of(resources, type);

	if (!throttles)
		return err_set(err, EINVAL,
			       "%s.type: '%.40s' of a device, allowed are throttle_read_bps, "
			       "throttle_write_bps, throttle_read_iops, throttle_write_iops",
			       at->path, type);
	if (rate == 0)
		return err_set(err, EINVAL, "%s.value: missing or 0, allowed is 1 and more",
			       at->path);
	for (size_t i = 0; i < throttles->n; i++)
		if (throttles->devices[i].major == major(device) &&
		    throttles->devices[i].minor == minor(device))
			return err_set(err, EINVAL, "%s.type: %s is there twice for this device",
				       at->path, type);
	throttles->devices =
		xrealloc(throttles->devices, (throttles->n + 1) * sizeof(*throttles->devices));
	throttles->devices[throttles->n++] = (struct oci_device_throttle){ .major = major(device),
									   .minor = minor(device),
									   .rate = rate };
	return 0;
}

static int set_weight(struct oci_resources *resources, const char *type, uint64_t weight,
		      const struct json_at *at, struct err *err)
{
	if (str_eq(type, "blkio_leaf_weight"))
		return err_set(err, EINVAL, "%s.type: blkio_leaf_weight is not supported",
			       at->path);
	if (!str_eq(type, "blkio_weight"))
		return err_set(err, EINVAL,
			       "%s.type: '%.40s' without a path, allowed is blkio_weight", at->path,
			       type);
	if (weight < WEIGHT_MIN || weight > WEIGHT_MAX)
		return err_set(err, EINVAL,
			       "%s.value: %" PRIu64 " is out of range, allowed is %u to %u",
			       at->path, weight, WEIGHT_MIN, WEIGHT_MAX);
	if (resources->io_weight)
		return err_set(err, EINVAL, "%s.type: blkio_weight is there twice", at->path);
	resources->io_weight = (uint16_t)weight;
	return 0;
}

/* @device: NULL for the sandbox as a whole. */
static int parse_limit(const struct json_at *at, const dev_t *device,
		       struct oci_resources *resources, struct err *err)
{
	CLEANUP(free) char *type = NULL;
	uint64_t value = 0;
	int r;

	r = json_get_string(at, "type", &type, err);
	if (r == 0)
		r = json_get_u64(at, "value", &value, err);
	if (r < 0)
		return r;
	str_printable(type ? type : (type = xstrdup("")));
	return device ? add_throttle(resources, *device, type, value, at, err)
		      : set_weight(resources, type, value, at, err);
}

static int find_device(const struct json_at *at, const char *path, dev_t *ret, struct err *err)
{
	CLEANUP(free) char *shown = str_printable(xstrndup(path, 200));
	struct stat st;

	if (*path != '/' || stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return err_set(err, EINVAL, "%s.path: '%s' is not a block device", at->path, shown);
	*ret = st.st_rdev;
	return 0;
}

/* The elements of a needed array, of at most @max. */
static int get_items(const struct json_at *at, const char *key, size_t max, struct json_at *ret,
		     size_t *ret_n, struct err *err)
{
	int r = json_get_array(at, key, ret, ret_n, err);

	if (r < 0)
		return r;
	if (r == 0 || *ret_n == 0 || *ret_n > max)
		return err_set(err, EINVAL, "%s%s%s: %zu elements, allowed are 1 to %zu", at->path,
			       *at->path ? "." : "", key, r == 0 ? 0 : *ret_n, max);
	return 0;
}

static int parse_entry(const struct json_at *at, struct oci_resources *resources, struct err *err)
{
	CLEANUP(free) char *path = NULL;
	struct json_at limits;
	dev_t device = 0;
	size_t n = 0;
	int r;

	r = json_get_string(at, "path", &path, err);
	if (r == 0 && !str_empty(path))
		r = find_device(at, path, &device, err);
	if (r == 0)
		r = get_items(at, "limits", LIMITS_MAX, &limits, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct json_at limit;

		r = json_item_object(&limits, i, &limit, err);
		if (r == 0)
			r = parse_limit(&limit, str_empty(path) ? NULL : &device, resources, err);
	}
	return r;
}

int own_blkio_parse(const char *json, struct oci_resources *ret, struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at entries;
	struct json_at at;
	size_t n = 0;
	int r;

	r = json_parse(json, strlen(json), DEPTH, &doc, err);
	if (r < 0)
		return r;
	at = json_root(doc);
	r = json_check_object(&at, err);
	if (r == 0)
		r = get_items(&at, "blkiocgroup", ENTRIES_MAX, &entries, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct json_at entry;

		r = json_item_object(&entries, i, &entry, err);
		if (r == 0)
			r = parse_entry(&entry, ret, err);
	}
	return r;
}

/* @cgroup: NULL to look at the text only. */
static int parse_and_set(const char *json, struct cgroup *cgroup, struct err *err)
{
	struct oci_resources resources = { 0 };
	int r;

	r = own_blkio_parse(json, &resources, err);
	if (r == 0 && cgroup)
		r = cgroup_apply(cgroup, &resources, err);
	oci_resources_done(&resources);
	return r < 0 ? err_prefix_as(err, ERR_ANNOTATION, ANNOTATION) : 0;
}

int own_blkio_check(const struct config *config, struct err *err)
{
	return config->sandbox.blkio ? parse_and_set(config->sandbox.blkio, NULL, err) : 0;
}

int own_blkio_apply(const struct config *config, struct cgroup *cgroup, struct err *err)
{
	if (!config->sandbox.blkio)
		return 0;
	if (!cgroup)
		return err_set(err, ENOTSUP,
			       ANNOTATION ": the sandbox is in no cgroup of the "
					  "host, which may not be written");
	return parse_and_set(config->sandbox.blkio, cgroup, err);
}
