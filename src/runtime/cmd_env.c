/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kata-runtime kata-env: this host, this installation and its configuration in one
 * report, for who asks for help. Members and names: reference 02, section 3.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "runtime/command.h"
#include "runtime/host_facts.h"
#include "runtime/report.h"
#include "sandbox/host_check.h"
#include "sandbox/sandbox.h"
#include "version.h"

#define FORMAT_VERSION "1.0.24"

/* @version: "0.1.0, commit abc". A program that cannot be asked has an empty one. */
static void put_version(struct report *report, const char *section, const char *version)
{
	CLEANUP(free) char *semver = xstrndup(version, strcspn(version, ", "));
	CLEANUP(strv_free) char **numbers = strv_split(semver, ".");
	const char *commit = strstr(version, "commit ");
	size_t n = strv_len(numbers);

	report_string(report, section, "Semver", semver);
	report_number(report, section, "Major", n > 0 ? strtol(numbers[0], NULL, 10) : 0);
	report_number(report, section, "Minor", n > 1 ? strtol(numbers[1], NULL, 10) : 0);
	report_number(report, section, "Patch", n > 2 ? strtol(numbers[2], NULL, 10) : 0);
	report_string(report, section, "Commit", commit ? commit + strlen("commit ") : "");
}

static char *version_of(const char *program)
{
	struct err err = { 0 };
	char *version = NULL;

	if (program_version(program, &version, &err) == 0)
		return version;
	log_tell("%s", err.text);
	return xstrdup("");
}

static void put_runtime(struct report *report, const struct config *config)
{
	char path[4096] = "";
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len < 0 ? 0 : len] = '\0';
	report_bool(report, "Runtime", "Debug", config->runtime.enable_debug);
	report_bool(report, "Runtime", "Trace", false);
	report_bool(report, "Runtime", "DisableGuestSeccomp",
		    config->runtime.disable_guest_seccomp);
	report_bool(report, "Runtime", "DisableNewNetNs", config->runtime.disable_new_netns);
	report_bool(report, "Runtime", "SandboxCgroupOnly", config->runtime.sandbox_cgroup_only);
	report_bool(report, "Runtime", "SandboxCgroupWithEmulator",
		    config->runtime.sandbox_cgroup_with_emulator);
	report_strings(report, "Runtime", "Experimental", config->runtime.experimental);
	report_string(report, "Runtime", "Path", path);
	report_string(report, "Runtime.Version", "OCI", OCI_VERSION);
	put_version(report, "Runtime.Version.Version", KATA_VERSION ", commit " KATA_COMMIT);
	report_string(report, "Runtime.Config", "Path", config->path);
}

static void put_hypervisor(struct report *report, const struct config *config)
{
	CLEANUP(free) char *version = NULL;
	struct err err = { 0 };

	if (hypervisor_version(config, &version, &err) < 0)
		log_tell("%s", err.text);
	report_string(report, "Hypervisor", "MachineType", config->hypervisor.machine_type);
	report_string(report, "Hypervisor", "Version", version);
	report_string(report, "Hypervisor", "Path", config->hypervisor.path);
	report_string(report, "Hypervisor", "BlockDeviceDriver",
		      config->hypervisor.block_device_driver);
	report_string(report, "Hypervisor", "EntropySource", config->hypervisor.entropy_source);
	report_string(report, "Hypervisor", "SharedFS", config->hypervisor.shared_fs);
	report_string(report, "Hypervisor", "VirtioFSDaemon", config->hypervisor.virtio_fs_daemon);
	report_number(report, "Hypervisor", "Msize9p", config->hypervisor.msize_9p);
	report_number(report, "Hypervisor", "MemorySlots", config->hypervisor.memory_slots);
	report_number(report, "Hypervisor", "PCIeRootPort", config->hypervisor.root_ports);
	report_bool(report, "Hypervisor", "Debug", config->hypervisor.enable_debug);
	report_bool(report, "Hypervisor", "UseVSock", config->hypervisor.use_vsock);
}

static void put_program(struct report *report, const char *section, const char *path, bool debug)
{
	CLEANUP(free) char *below = xasprintf("%s.Version", section);
	CLEANUP(free) char *version = version_of(path);

	report_string(report, section, "Path", path);
	report_bool(report, section, "Debug", debug);
	put_version(report, below, version);
}

static void put_parts(struct report *report, const struct config *config)
{
	report_string(report, "Image", "Path", config->hypervisor.image);
	report_string(report, "Kernel", "Path", config->hypervisor.kernel);
	report_string(report, "Kernel", "Parameters", config->hypervisor.kernel_params);
	report_string(report, "Initrd", "Path", config->hypervisor.initrd);
	report_string(report, "Proxy", "Type", "kataProxy");
	put_program(report, "Proxy", config->proxy.path, config->proxy.enable_debug);
	report_string(report, "Shim", "Type", "kataShim");
	put_program(report, "Shim", config->shim.path, config->shim.enable_debug);
	report_string(report, "Agent", "Type", "kata");
	report_bool(report, "Agent", "Debug", config->agent.enable_debug);
	report_bool(report, "Agent", "Trace", false);
	report_string(report, "Agent", "TraceMode", "");
	report_string(report, "Agent", "TraceType", "");
}

static void put_host(struct report *report, const struct config *config)
{
	CLEANUP(free) char *distro = fact_of_file("/etc/os-release", "NAME", '=');
	CLEANUP(free) char *release = fact_of_file("/etc/os-release", "VERSION_ID", '=');
	CLEANUP(free) char *vendor = fact_of_file("/proc/cpuinfo", "vendor_id", ':');
	CLEANUP(free) char *model = fact_of_file("/proc/cpuinfo", "model name", ':');
	struct utsname name = { 0 };

	(void)uname(&name);
	report_string(report, "Host", "Kernel", name.release);
	report_string(report, "Host", "Architecture", go_architecture(name.machine));
	report_bool(report, "Host", "VMContainerCapable", !sandbox_emulation_reason(config));
	report_bool(report, "Host", "SupportVSocks", access("/dev/vhost-vsock", F_OK) == 0);
	report_string(report, "Host.Distro", "Name", distro);
	report_string(report, "Host.Distro", "Version", release);
	report_string(report, "Host.CPU", "Vendor", vendor);
	report_string(report, "Host.CPU", "Model", model);
}

static int run_env(const struct globals *globals, int argc, char **argv, struct err *err)
{
	__attribute__((cleanup(report_donep))) struct report report = { 0 };
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) char *text = NULL;
	bool json = false;
	int r;

	const struct opt opts[] = {
		OPT_BOOL(0, "json", &json, "as JSON instead of TOML"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	r = load_config(globals, false, &config, err);
	if (r < 0)
		return r;
	report_string(&report, "Meta", "Version", FORMAT_VERSION);
	put_runtime(&report, config);
	put_hypervisor(&report, config);
	put_parts(&report, config);
	put_host(&report, config);
	put_program(&report, "Netmon", config->netmon.path, config->netmon.enable_debug);
	report_bool(&report, "Netmon", "Enable", config->netmon.enable_netmon);
	text = report_text(&report, json);
	(void)fputs(text, stdout);
	return 0;
}

const struct command cmd_env = { "kata-env", "env",
				 "host, installation and configuration in one report", run_env };
