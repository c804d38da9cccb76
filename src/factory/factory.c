/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/factory.h"

#include <errno.h>
#include <inttypes.h>

#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "config/keys.h"

void factory_base_done(struct factory_base *base)
{
	template_close(&base->template);
	base->clone = false;
}

/* Annotations make a machine of its own for one sandbox. */
static bool is_annotated(const struct config *config)
{
	for (const struct config_key *key = config_keys; key->section; key++) {
		const struct config_origin *origin = config_origin(config, key);

		if (origin->file && origin->line == 0)
			return true;
	}
	return false;
}

/* Engines ask for a container: they get one, if a slower one. */
static int open_or_make(const struct config *config, struct template *ret, struct err *err)
{
	int r = template_open(config, false, ret, err);

	if (r != -ENOENT || is_annotated(config))
		return r;
	log_tell("there is no VM template in %s: making one; 'kata-runtime factory init' does that "
		 "beforehand",
		 config->factory.template_path);
	*err = (struct err){ 0 };
	r = template_make(config, NULL, err);
	return r == 0 ? template_open(config, false, ret, err) : r;
}

int factory_choose(const struct config *config, unsigned vcpus, uint64_t memory_mib,
		   struct factory_base *ret, struct err *err)
{
	struct template *template = &ret->template;
	struct err why = { 0 };
	int r;

	if (!config->factory.enable_template)
		return 0;
	r = open_or_make(config, template, &why);
	if (r == -ECANCELED) {
		*err = why;
		return r;
	}
	if (r < 0) {
		log_tell("the virtual machine boots, because it cannot be cloned: %s; see "
			 "'kata-runtime factory status'",
			 why.text);
		return 0;
	}
	/* Neither can be taken away from a machine. */
	ret->clone = template->vcpus <= vcpus && template->memory_mib <= memory_mib;
	if (!ret->clone) {
		log_info("the virtual machine boots: its %u vCPUs and %" PRIu64
			 " MiB are less than the template's %u and %" PRIu64,
			 vcpus, memory_mib, template->vcpus, template->memory_mib);
		template_close(template);
	}
	return 0;
}
