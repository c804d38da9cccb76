/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_check.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/capture.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/findings.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "sandbox/paths.h"
#include "vm/host_check.h"

#define VERSION_MS  5000u
#define VERSION_MAX 4096u
#define RUN_LEAST   (16u << 20) /* bytes: what some hundred sandboxes need below /run */

int hypervisor_version(const struct config *config, char **ret, struct err *err)
{
	return vm_hypervisor_version(config, ret, err);
}

int program_version(const char *program, char **ret, struct err *err)
{
	const char *const argv[] = { program, "--version", NULL };
	CLEANUP(free) char *text = NULL;
	const char *at;
	int r;

	r = capture_output(argv, VERSION_MS, VERSION_MAX, &text, err);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	(void)str_printable(text);
	at = strstr(text, " version ");
	if (!at)
		return err_set(err, EPROTO, "%s --version: '%s' has no version", program, text);
	*ret = xstrdup(at + strlen(" version "));
	return 0;
}

static void check_program(const char *name, const char *key, const char *path,
			  struct findings *findings)
{
	CLEANUP(free) char *remedy = xasprintf("install kata-c whole, or set %s", key);
	CLEANUP(free) char *version = NULL;
	struct err err = { 0 };

	if (program_version(path, &version, &err) < 0)
		findings_fail(findings, name, remedy, "%s", err.text);
	else
		findings_ok(findings, name, "%s, %s", path, version);
}

static void check_run_dir(struct findings *findings)
{
	const char *path = paths_run_dir();
	struct statvfs room;
	struct statfs kind;

	if (access(path, W_OK) < 0)
		findings_fail(findings, "run directory", "run it as root, and mount it read-write",
			      "%s cannot be written: %s", path, strerror(errno));
	else if (statvfs(path, &room) < 0 || statfs(path, &kind) < 0)
		findings_fail(findings, "run directory", "see the kernel's log (dmesg)", "%s: %s",
			      path, strerror(errno));
	else if ((uint64_t)room.f_bavail * room.f_frsize < RUN_LEAST || room.f_favail < 1000)
		findings_warn(findings, "run directory", "make room there",
			      "%s has %" PRIu64 " KiB and %" PRIu64 " files left", path,
			      (uint64_t)room.f_bavail * room.f_frsize / 1024,
			      (uint64_t)room.f_favail);
	else if (kind.f_type != TMPFS_MAGIC)
		findings_warn(findings, "run directory", "mount a tmpfs there",
			      "%s is no tmpfs: containers start slower", path);
	else
		findings_ok(findings, "run directory", "%s, a tmpfs", path);
}

static void check_cgroups(struct findings *findings)
{
	static const char root[] = "/sys/fs/cgroup";
	struct statfs kind;

	if (statfs(root, &kind) < 0 ||
	    (kind.f_type != CGROUP2_SUPER_MAGIC && kind.f_type != TMPFS_MAGIC &&
	     kind.f_type != CGROUP_SUPER_MAGIC))
		findings_fail(findings, "cgroups", "mount the cgroup file system there",
			      "%s is no cgroup file system", root);
	else if (access(root, W_OK) < 0)
		findings_warn(findings, "cgroups", "run it as root, or use --rootless=true",
			      "%s cannot be written: engines show nothing of the machines", root);
	else
		findings_ok(findings, "cgroups", "%s",
			    kind.f_type == CGROUP2_SUPER_MAGIC ? "version 2" : "version 1");
}

void host_check(const struct config *config, struct findings *findings)
{
	vm_check_host(config, findings);
	check_program("kata-proxy", "[proxy.kata] path", config->proxy.path, findings);
	check_program("kata-shim", "[shim.kata] path", config->shim.path, findings);
	if (config->netmon.enable_netmon)
		check_program("kata-netmon", "[netmon] path", config->netmon.path, findings);
	check_cgroups(findings);
	check_run_dir(findings);
}
