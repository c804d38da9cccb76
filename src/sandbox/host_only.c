/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host_only.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "oci/check.h"
#include "oci/spec.h"
#include "sandbox/sizing.h"

/* A namespace that is not listed is the host's. */
static const struct {
	const char *type;
	const char *option;
	const char *instead;
} needed[] = {
	{ "network", "--net=host",
	  "share the host's network; use a bridge network, or --net=none and kata-network" },
	{ "pid", "--pid=host", "see the host's processes; leave the option out" },
	{ "ipc", "--ipc=host", "share the host's memory; leave the option out, or use a volume" },
	{ "uts", "--uts=host", "have the host's name; use --hostname" },
};

static bool lists(const struct oci_spec *spec, const char *type)
{
	for (size_t i = 0; i < spec->n_namespaces; i++)
		if (str_eq(spec->namespaces[i].type, type))
			return true;
	return false;
}

static int check_namespaces(const struct oci_spec *spec, struct err *err)
{
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!lists(spec, needed[i].type))
			return err_set_as(
				err, ERR_NAMESPACE, ENOTSUP,
				"linux.namespaces: no %s namespace (%s): a virtual machine "
				"cannot %s",
				needed[i].type, needed[i].option, needed[i].instead);
	return 0;
}

static void drop_device(struct oci_spec *spec, size_t i)
{
	free(spec->devices[i].path);
	free(spec->devices[i].type);
	spec->n_devices--;
	memmove(&spec->devices[i], &spec->devices[i + 1],
		(spec->n_devices - i) * sizeof(spec->devices[0]));
}

/* Engines give a privileged container every disk of the host: none of them is meant. */
static void drop_disks(struct oci_spec *spec)
{
	size_t dropped = 0;
	size_t i = 0;

	while (i < spec->n_devices) {
		if (!str_eq(spec->devices[i].type, "b")) {
			i++;
			continue;
		}
		drop_device(spec, i);
		dropped++;
	}
	if (dropped > 0)
		log_debug("linux.devices: %zu disks of the host are left out", dropped);
}

int host_only_check_limits(const struct oci_resources *resources, const struct machine_size *size,
			   struct err *err)
{
	int64_t vcpus = size->vcpus;
	int64_t period = resources->cpu_period ? (int64_t)resources->cpu_period : 100000;
	struct container_limits limits = { 0 };

	sizing_take(&limits, resources);
	/* Source: openEuler patch 0086. */
	if (limits.last_cpu >= (uint64_t)vcpus && limits.last_cpu > 0)
		return err_set_as(
			err, ERR_CPUSET, EINVAL,
			"linux.resources.cpu.cpus: '%s' names processor %llu, but the virtual "
			"machine has %lld, numbered from 0; see [hypervisor.qemu] default_vcpus",
			resources->cpuset_cpus, (unsigned long long)limits.last_cpu,
			(long long)vcpus);
	if (resources->memory_limit > size->memory_mib << 20)
		log_tell(
			"linux.resources.memory.limit: %lld MiB is more than the virtual machine's "
			"%lld MiB; see [hypervisor.qemu] default_memory",
			(long long)(resources->memory_limit >> 20), (long long)size->memory_mib);
	if (resources->cpu_quota > 0 && resources->cpu_quota / period >= vcpus &&
	    resources->cpu_quota > period * vcpus)
		log_tell("linux.resources.cpu.quota: %.2f processors are more than the virtual "
			 "machine's %lld; see [hypervisor.qemu] default_vcpus",
			 (double)resources->cpu_quota / (double)period, (long long)vcpus);
	return 0;
}

int host_only_check(struct oci_spec *spec, const struct machine_size *size, struct err *err)
{
	int r = check_namespaces(spec, err);

	if (r == 0 && oci_allows_all_devices(&spec->resources))
		drop_disks(spec);
	return r < 0 ? r : host_only_check_limits(&spec->resources, size, err);
}
