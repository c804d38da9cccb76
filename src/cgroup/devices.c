/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/internal.h"

static int write_line(int dir, const char *file, const char *line, struct err *err)
{
	int r = cgroup_write_at(dir, file, line);

	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, "write '%s' to %s", line, file);
}

static int write_lines(int dir, const char *file, char *const *lines, struct err *err)
{
	int r = 0;

	for (char *const *line = lines; line && *line && r == 0; line++)
		r = write_line(dir, file, *line, err);
	return r;
}

/*
 * From a list of what is allowed to another: "a" would do, but is refused when
 * the container has cgroups of its own, and a device that stays would be gone
 * for a moment.
 */
static int change_list(int dir, char *const *now, char *const *lines, struct err *err)
{
	int r = 0;

	for (char *const *line = now; *line && r == 0; line++)
		if (!strv_contains(lines, *line))
			r = write_line(dir, "devices.deny", *line, err);
	return r < 0 ? r : write_lines(dir, "devices.allow", lines, err);
}

static int set_v1(int dir, bool allow_rest, char *const *lines, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(strv_free) char **now = NULL;
	bool allows_all;
	int r;

	r = file_read_at(dir, "devices.list", CGROUP_FILE_MAX, &text);
	if (r < 0) {
		errno = -r;
		return err_errno(err, "read devices.list");
	}
	now = strv_split(text, "\n");
	allows_all = strv_contains(now, "a *:* rwm");
	if (now && !allows_all && !allow_rest)
		return change_list(dir, now, lines, err);
	r = write_line(dir, allow_rest ? "devices.allow" : "devices.deny", "a", err);
	if (r < 0)
		return r;
	return write_lines(dir, allow_rest ? "devices.deny" : "devices.allow", lines, err);
}

static int set_where_it_fits(const struct cgroup *cgroup, const struct device_rules *rules,
			     struct err *err)
{
	const struct cgroup_dir *v1 = cgroup_dir_of(cgroup, CTL_DEVICES);
	const struct cgroup_dir *v2 = cgroup_dir_v2(cgroup);
	CLEANUP(strv_free) char **lines = NULL;
	struct device_rule bad = { 0 };
	enum device_fit fit = DEVICE_FIT_NONE;
	CLEANUP(free) char *bad_text = NULL;
	int r;

	if (v1)
		fit = device_rules_to_v1(rules, &lines, &bad);
	if (v1 && (fit == DEVICE_FIT_EXACT || (!v2 && fit == DEVICE_FIT_LESS_MKNOD))) {
		r = set_v1(v1->dir, rules->allow_rest, lines, err);
		return r == 0 && v2 ? device_bpf_detach(v2->dir, err) : r;
	}
	if (v2) {
		r = device_bpf_attach(v2->dir, rules, err);
		/* Both are asked; what an earlier list says must not stay in the way. */
		return r == 0 && v1 ? set_v1(v1->dir, true, NULL, err) : r;
	}
	if (!v1)
		return err_set(err, ENOTSUP,
			       "neither version 1's devices controller nor version 2 "
			       "is mounted");
	bad_text = device_rule_text(&bad);
	return err_set(err, ENOTSUP,
		       "'%s' is an exception of an exception, which version 1 of "
		       "cgroups cannot have",
		       bad_text);
}

int cgroup_set_devices(struct cgroup *cgroup, const struct oci_device_rule *rules, size_t n_rules,
		       const dev_t *denied, size_t n_denied, struct err *err)
{
	CLEANUP(device_rules_done) struct device_rules made = { 0 };
	int r;

	r = device_rules_make(rules, n_rules, denied, n_denied, &made, err);
	if (r < 0)
		return r;
	r = set_where_it_fits(cgroup, &made, err);
	return r < 0 ? err_prefix(err, "linux.resources.devices") : 0;
}
