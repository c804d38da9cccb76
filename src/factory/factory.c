/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/factory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "config/keys.h"
#include "factory/cache_server.h"

void factory_base_done(struct factory_base *base)
{
	template_close(&base->template);
	cached_done(&base->cached);
	base->kind = FACTORY_COLD;
}

void factory_base_size(const struct factory_base *base, unsigned *ret_vcpus, uint64_t *ret_mib)
{
	bool cached = base->kind == FACTORY_CACHED;

	*ret_vcpus = cached ? base->cached.vcpus : base->template.vcpus;
	*ret_mib = cached ? base->cached.memory_mib : base->template.memory_mib;
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

/* Neither vCPUs nor memory can be taken away from a machine. */
static bool is_too_large(const char *what, unsigned has_vcpus, uint64_t has_mib, unsigned vcpus,
			 uint64_t mib)
{
	if (has_vcpus <= vcpus && has_mib <= mib)
		return false;
	log_info("the virtual machine boots: its %u vCPUs and %" PRIu64
		 " MiB are less than the %s's %u and %" PRIu64,
		 vcpus, mib, what, has_vcpus, has_mib);
	return true;
}

int factory_choose_template(const struct config *config, unsigned vcpus, uint64_t memory_mib,
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
			 "'kata-runtime factory status' [%s]",
			 why.text, err_name(err_id_of(&why)));
		return 0;
	}
	if (is_too_large("template", template->vcpus, template->memory_mib, vcpus, memory_mib))
		template_close(template);
	else
		ret->kind = FACTORY_CLONE;
	return 0;
}

/* Whether the cache has given one. */
static int choose_cached(const struct config *config, const char *cache, unsigned vcpus,
			 uint64_t memory_mib, struct factory_base *ret, struct err *err)
{
	struct err why = { 0 };
	int r;

	if (is_too_large("cache", (unsigned)config->hypervisor.default_vcpus,
			 (uint64_t)config->hypervisor.default_memory, vcpus, memory_mib))
		return 0;
	r = cache_get(config, cache, &ret->cached, &why);
	if (r == -ECANCELED) {
		*err = why;
		return r;
	}
	if (r == -ENOTCONN)
		cache_sweep(cache); /* if the server was killed, and its guard too */
	if (r == -EAGAIN)
		log_info("%s", why.text);
	else if (r < 0)
		log_tell("the virtual machine does not come from the cache: %s; see 'kata-runtime "
			 "factory status'",
			 why.text);
	if (r < 0)
		return 0;
	if (is_too_large("cache", ret->cached.vcpus, ret->cached.memory_mib, vcpus, memory_mib))
		cached_done(&ret->cached);
	else
		ret->kind = FACTORY_CACHED;
	return 0;
}

int factory_choose(const struct config *config, const char *cache, unsigned vcpus,
		   uint64_t memory_mib, struct factory_base *ret, struct err *err)
{
	int r = 0;

	if (config->factory.vm_cache_number > 0)
		r = choose_cached(config, cache, vcpus, memory_mib, ret, err);
	if (r < 0 || ret->kind == FACTORY_CACHED)
		return r;
	return factory_choose_template(config, vcpus, memory_mib, ret, err);
}
