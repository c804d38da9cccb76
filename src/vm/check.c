/* SPDX-License-Identifier: Apache-2.0 */
/* What would else be QEMU's complaint, or a guest's that nobody hears. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/str.h"
#include "config/config.h"
#include "hypervisor/accel.h"
#include "vm/image.h"
#include "vm/internal.h"
#include "vm/vm.h"

#define BRIDGES_MAX 5 /* reference 01, section 8 */

static int check_readable(const char *key, const char *path, enum err_id id, struct err *err)
{
	struct stat st;

	if (str_empty(path))
		return err_set_as(err, id, EINVAL, "[hypervisor.qemu] %s: empty, a path is needed",
				  key);
	if (stat(path, &st) < 0)
		return err_errno_as(err, id, "[hypervisor.qemu] %s: %s", key, path);
	if (!S_ISREG(st.st_mode))
		return err_set_as(err, id, EINVAL, "[hypervisor.qemu] %s: %s is not a regular file",
				  key, path);
	if (st.st_size == 0)
		return err_set_as(err, id, EINVAL, "[hypervisor.qemu] %s: %s is empty", key, path);
	if (access(path, R_OK) < 0)
		return err_errno_as(err, id, "[hypervisor.qemu] %s: %s", key, path);
	return 0;
}

static int check_program(const char *key, const char *path, enum err_id id, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno_as(err, id, "%s: %s", key, path);
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return err_set_as(err, id, EACCES, "%s: %s is not a program that can be started",
				  key, path);
	return 0;
}

static int check_initrd(const char *path, uint64_t memory_mib, struct err *err)
{
	struct stat st = { 0 };
	int r = check_readable("initrd", path, ERR_INITRD, err);

	if (r < 0)
		return r;
	if (stat(path, &st) == 0 && (uint64_t)st.st_size >> 20 >= memory_mib)
		return err_set_as(
			err, ERR_MEMORY_SMALL, EINVAL,
			"[hypervisor.qemu] default_memory: %llu MiB is less than the initrd "
			"%s of %lld MiB",
			(unsigned long long)memory_mib, path, (long long)(st.st_size >> 20));
	return 0;
}

static int check_image(const struct config *config, struct image *ret, struct err *err)
{
	const char *path = config->hypervisor.image;
	int r = check_readable("image", path, ERR_IMAGE, err);

	if (r < 0)
		return r;
	r = image_read(path, !config->hypervisor.disable_image_nvdimm, ret, err);
	return r < 0 ? err_prefix_as(err, ERR_IMAGE, "[hypervisor.qemu] image") : 0;
}

unsigned vm_bridges(const struct config *config)
{
	bool q35 = str_eq(config->hypervisor.machine_type, "q35");
	int64_t n = config->hypervisor.bridges;

	if (n == 0 && q35 && config->hypervisor.root_ports == 0)
		n = 1;
	return n > BRIDGES_MAX ? BRIDGES_MAX : (unsigned)n;
}

bool vm_is_nested(const struct config *config)
{
	const char *reason = NULL;
	bool kvm = str_eq(accel_choose(config->hypervisor.machine_accelerators, &reason), "kvm");

	return !config->hypervisor.disable_nesting_checks &&
	       fault_pretend("KATA_FAULT_NESTED", kvm && accel_host_is_guest());
}

/* A bridge that a person has asked for, and that would take no device. */
static int check_bridges(const struct config *config, struct err *err)
{
	if (config->hypervisor.bridges == 0 ||
	    !str_starts(path_base(config->hypervisor.firmware), "qboot"))
		return 0;
	return err_set_as(
		err, ERR_CONFIG, EINVAL,
		"[hypervisor.qemu] default_bridges: the firmware %s gives bridges no room "
		"for devices; set firmware = \"\" for SeaBIOS, or default_bridges = 0",
		config->hypervisor.firmware);
}

int vm_check(const struct vm_params *params, struct image *ret_image, struct err *err)
{
	const struct config *config = params->config;
	int r;

	r = check_program("[hypervisor.qemu] path", config->hypervisor.path, ERR_QEMU_MISSING, err);
	if (r == 0)
		r = check_readable("kernel", config->hypervisor.kernel, ERR_KERNEL, err);
	if (r == 0)
		r = str_empty(config->hypervisor.image)
			    ? check_initrd(config->hypervisor.initrd, params->memory_mib, err)
			    : check_image(config, ret_image, err);
	if (r == 0 && !str_empty(config->hypervisor.firmware))
		r = check_readable("firmware", config->hypervisor.firmware, ERR_FIRMWARE, err);
	if (r == 0)
		r = check_bridges(config, err);
	if (r == 0)
		r = check_program("[proxy.kata] path", config->proxy.path, ERR_HELPER, err);
	if (r == 0)
		r = check_program("[shim.kata] path", config->shim.path, ERR_HELPER, err);
	if (r == 0 && str_eq(config->hypervisor.shared_fs, "virtio-fs"))
		r = check_program("[hypervisor.qemu] virtio_fs_daemon",
				  config->hypervisor.virtio_fs_daemon, ERR_VIRTIOFSD, err);
	return r == 0 ? vm_memory_check(config, params->memory_mib, err) : r;
}
