/* SPDX-License-Identifier: Apache-2.0 */
/* Source: QEMU 7.2, qemu-options.hx, "-object memory-backend-…" and "-overcommit". */
#include "hypervisor/qemu_memory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "hypervisor/machine.h"
#include "hypervisor/qemu_words.h"

/*
 * A back end of the kind that the whole machine has. vhost-user devices map the
 * guest's memory themselves: for virtio-fs it must be sharable. Huge pages are
 * shared always: QEMU has mapped them all, and a private mapping takes them twice.
 */
static char *backend(const struct machine *m, const char *id, uint64_t mib)
{
	CLEANUP(free) char *path = qemu_escape(m->memory_path);
	CLEANUP(free) char *size = xasprintf("id=%s,size=%" PRIu64 "M", id, mib);

	if (m->hugepages)
		return xasprintf("memory-backend-memfd,%s,share=on,hugetlb=on", size);
	if (!str_empty(path))
		return xasprintf("memory-backend-file,%s,share=on,mem-path=%s", size, path);
	if (m->share == SHARE_VIRTIO_FS)
		return xasprintf("memory-backend-memfd,%s,share=on", size);
	return xasprintf("memory-backend-ram,%s", size);
}

static char *own_memory(const struct machine *m)
{
	if (!m->memory_file)
		return backend(m, QEMU_OWN_MEMORY, m->memory_mib);
	return xasprintf("memory-backend-file,id=" QEMU_OWN_MEMORY ",size=%" PRIu64
			 "M,mem-path=%s,share=%s",
			 m->memory_mib, m->memory_file, m->clone ? "off" : "on");
}

/* As much as there can ever be: nothing of it is taken or promised before it is asked for. */
static void add_elastic(const struct machine *m, char ***args)
{
	CLEANUP(free) char *all = backend(m, QEMU_ELASTIC_MEMORY, m->elastic_mib);

	strv_add(args, "-object");
	strv_addf(args, "%s,reserve=off", all);
}

void qemu_memory_args(const struct machine *m, char ***args)
{
	CLEANUP(free) char *own = own_memory(m);

	strv_add(args, "-m");
	if (m->max_memory_mib > m->memory_mib)
		strv_addf(args, "%" PRIu64 "M,slots=%u,maxmem=%" PRIu64 "M", m->memory_mib,
			  m->memory_slots, m->max_memory_mib);
	else
		strv_addf(args, "%" PRIu64 "M", m->memory_mib);
	strv_add(args, "-object");
	strv_addf(args, "%s%s", own, m->prealloc ? ",prealloc=on" : "");
	if (m->elastic_mib > 0)
		add_elastic(m, args);
	if (m->lock == MEMORY_LOCK_DEFAULT)
		return;
	strv_add(args, "-overcommit");
	strv_addf(args, "mem-lock=%s", m->lock == MEMORY_LOCK_ON ? "on" : "off");
}
