/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/cache_config.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "vm/vm.h"

/* More than a template's: what its virtiofsd is told, and an image. */
static int digest(const struct config *config, char ret[SHA256_TEXT], struct err *err)
{
	CLEANUP(strv_free) char **words = NULL;
	char machine[SHA256_TEXT];
	int r = vm_digest(config, machine, err);

	if (r < 0)
		return r;
	strv_add(&words, machine);
	strv_addf(&words, "template=%d vsock=%d nvdimm=%d", config->factory.enable_template,
		  config->hypervisor.use_vsock, !config->hypervisor.disable_image_nvdimm);
	strv_addf(&words, "image=%s", config_image(config));
	if (str_eq(config->hypervisor.shared_fs, "virtio-fs")) {
		strv_add(&words, config->hypervisor.virtio_fs_daemon);
		strv_add(&words, config->hypervisor.virtio_fs_cache);
		for (char **word = config->hypervisor.virtio_fs_extra_args; word && *word; word++)
			strv_add(&words, *word);
	}
	sha256_of_strings(words, strv_len(words), ret);
	return 0;
}

int cache_config_begin(const struct config *config, struct manifest *ret, struct err *err)
{
	int r = manifest_begin(config, ret, err);

	return r == 0 ? digest(config, ret->machine, err) : r;
}

int cache_config_check(const struct manifest *manifest, const struct config *config,
		       struct err *err)
{
	char machine[SHA256_TEXT];
	int r = manifest_check_host(manifest, config, err);

	if (r == 0)
		r = digest(config, machine, err);
	if (r == 0 && !str_eq(machine, manifest->machine))
		r = err_set(err, ESTALE,
			    "the configuration, or what the host has, makes another machine of it");
	return r;
}
