/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU is never unplugged: QEMU 7.2 dies of it under emulation. The guest turns
 * it off instead. Sources: QEMU 7.2, qapi/machine.json, qapi/qom.json.
 */
#include "hypervisor/qemu_size.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "hypervisor/qmp.h"

#define OWN_MEMORY "/objects/ram0" /* qemu_args.c */

/* One entry of query-hotpluggable-cpus. */
struct vcpu {
	bool taken;
	uint32_t socket;
	char *type;
	char *props; /* JSON text of an object */
};

static void vcpu_done(struct vcpu *vcpu)
{
	free(vcpu->type);
	free(vcpu->props);
}

static int read_vcpu(const struct json_at *list, size_t i, struct vcpu *ret, struct err *err)
{
	struct json_at props;
	struct json_at item;
	int r;

	r = json_item_object(list, i, &item, err);
	if (r == 0)
		r = json_get_string(&item, "type", &ret->type, err);
	if (r == 0)
		r = json_get_object(&item, "props", &props, err);
	if (r < 0)
		return r;
	if (r == 0 || !ret->type)
		return err_set(err, EBADMSG, "%s: not a vCPU", item.path);
	ret->taken = json_has(&item, "qom-path");
	ret->props = json_member_text(&item, "props");
	return json_get_u32(&props, "socket-id", &ret->socket, err);
}

/* Calls the answer's list what it is in messages. */
static int vcpu_list(const struct json_at *answer, struct json_at *ret, size_t *ret_n,
		     struct err *err)
{
	int r = json_get_array(answer, "return", ret, ret_n, err);

	return r < 0 ? err_prefix(err, "query-hotpluggable-cpus") : 0;
}

int qemu_choose_vcpu(const struct json_at *answer, char **ret, struct err *err)
{
	CLEANUP(free) char *best = NULL;
	uint32_t lowest = UINT32_MAX;
	struct json_at list;
	size_t n = 0;
	int r;

	r = vcpu_list(answer, &list, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		__attribute__((cleanup(vcpu_done))) struct vcpu vcpu = { 0 };

		r = read_vcpu(&list, i, &vcpu, err);
		if (r < 0 || vcpu.taken || vcpu.socket >= lowest)
			continue;
		assert(vcpu.props && *vcpu.props == '{');
		lowest = vcpu.socket;
		free(best);
		best = xasprintf("{\"driver\":\"%s\",\"id\":\"cpu-%u\",%s", vcpu.type, vcpu.socket,
				 vcpu.props + 1);
	}
	if (r < 0)
		return err_prefix(err, "query-hotpluggable-cpus");
	if (!best)
		return err_set(err, ENOSPC, "all %zu vCPUs are there", n);
	*ret = take_ptr(best);
	return 0;
}

static int ask_vcpus(struct qmp *qmp, uint64_t deadline, struct json **ret, struct err *err)
{
	return qmp_query(qmp, "query-hotpluggable-cpus", NULL, deadline, ret, err);
}

int qemu_add_vcpu(struct qmp *qmp, uint64_t deadline, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	CLEANUP(free) char *arguments = NULL;
	struct json_at root;
	int r;

	r = ask_vcpus(qmp, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	r = qemu_choose_vcpu(&root, &arguments, err);
	return r < 0 ? r : qmp_command(qmp, "device_add", arguments, deadline, NULL, err);
}

static int count_vcpus(struct qmp *qmp, uint64_t deadline, struct qemu_size *ret, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at list;
	struct json_at root;
	size_t n = 0;
	int r;

	r = ask_vcpus(qmp, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	r = vcpu_list(&root, &list, &n, err);
	ret->max_vcpus = (unsigned)n;
	ret->vcpus = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		__attribute__((cleanup(vcpu_done))) struct vcpu vcpu = { 0 };

		r = read_vcpu(&list, i, &vcpu, err);
		ret->vcpus += vcpu.taken;
	}
	return r;
}

int qemu_read_vcpu_threads(const struct json_at *answer, pid_t **ret, size_t *ret_n,
			   struct err *err)
{
	CLEANUP(free) pid_t *threads = NULL;
	struct json_at list;
	size_t n = 0;
	int r;

	r = json_get_array(answer, "return", &list, &n, err);
	threads = xcalloc(n + 1, sizeof(*threads));
	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct json_at item;
		uint32_t thread = 0;

		r = json_item_object(&list, i, &item, err);
		if (r == 0)
			r = json_get_u32(&item, "thread-id", &thread, err);
		if (r == 0 && (thread == 0 || thread > INT32_MAX))
			r = err_set(err, EBADMSG, "%s.thread-id: %u is none", item.path, thread);
		threads[i] = (pid_t)thread;
	}
	if (r >= 0 && n == 0)
		r = err_set(err, EBADMSG, "there are no vCPUs");
	if (r < 0)
		return err_prefix(err, "query-cpus-fast");
	*ret = take_ptr(threads);
	*ret_n = n;
	return 0;
}

int qemu_vcpu_threads(struct qmp *qmp, uint64_t deadline, pid_t **ret, size_t *ret_n,
		      struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at root;
	int r;

	r = qmp_query(qmp, "query-cpus-fast", NULL, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	return qemu_read_vcpu_threads(&root, ret, ret_n, err);
}

int qemu_count_memory_devices(struct qmp *qmp, const char *kind, uint64_t deadline, unsigned *ret_n,
			      struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at list;
	struct json_at root;
	size_t n = 0;
	int r;

	r = qmp_query(qmp, "query-memory-devices", NULL, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	r = json_get_array(&root, "return", &list, &n, err);
	*ret_n = 0;
	for (size_t i = 0; r >= 0 && i < n; i++) {
		CLEANUP(free) char *type = NULL;
		struct json_at item;

		r = json_item_object(&list, i, &item, err);
		if (r == 0)
			r = json_get_string(&item, "type", &type, err);
		if (r == 0 && type && str_eq(type, kind))
			++*ret_n;
	}
	return r < 0 ? r : 0;
}

int qemu_ask_size(struct qmp *qmp, uint64_t deadline, struct qemu_size *ret, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at summary;
	struct json_at root;
	int r;

	r = count_vcpus(qmp, deadline, ret, err);
	if (r == 0)
		r = qemu_count_memory_devices(qmp, "dimm", deadline, &ret->n_dimms, err);
	if (r == 0)
		r = qmp_query(qmp, "query-memory-size-summary", NULL, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	r = json_get_object(&root, "return", &summary, err);
	if (r > 0)
		r = json_get_u64(&summary, "base-memory", &ret->base_bytes, err);
	return r < 0 ? r : json_get_u64(&summary, "plugged-memory", &ret->plugged_bytes, err);
}

/* The property @name of the machine's own memory; "" when that kind has none. Owned. */
static char *own(struct qmp *qmp, const char *name, uint64_t deadline)
{
	CLEANUP(free)
	char *arguments = xasprintf("{\"path\":\"" OWN_MEMORY "\",\"property\":\"%s\"}", name);
	CLEANUP(json_free) struct json *answer = NULL;
	struct err ignored = { 0 };
	struct json_at root;
	char *text = NULL;

	if (qmp_query(qmp, "qom-get", arguments, deadline, &answer, &ignored) < 0)
		return xstrdup("");
	root = json_root(answer);
	if (json_get_string(&root, "return", &text, &ignored) == 0 && text)
		return text;
	return json_member_text(&root, "return"); /* a boolean */
}

static bool is_own(struct qmp *qmp, const char *name, uint64_t deadline)
{
	CLEANUP(free) char *value = own(qmp, name, deadline);

	return str_eq(value, "true");
}

bool qemu_memory_is_shared(struct qmp *qmp, uint64_t deadline)
{
	return is_own(qmp, "share", deadline);
}

/*
 * A file that is no directory belongs to the machine alone: a template's memory,
 * which is named by a descriptor of QEMU's.
 */
static bool is_directory(const char *path)
{
	struct stat st;

	return !str_starts(path, "/proc/") && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int add_backend(struct qmp *qmp, const char *id, uint64_t bytes, uint64_t deadline,
		       struct err *err)
{
	CLEANUP(free) char *type = own(qmp, "type", deadline);
	CLEANUP(free) char *path = own(qmp, "mem-path", deadline);
	bool file = str_eq(type, "memory-backend-file") && is_directory(path);
	bool memfd = str_eq(type, "memory-backend-memfd");
	CLEANUP(free) char *arguments = NULL;
	struct json_writer w = { 0 };

	json_open_object(&w, NULL);
	json_put_string(&w, "qom-type", file || memfd ? type : "memory-backend-ram");
	json_put_string(&w, "id", id);
	json_put_u64(&w, "size", bytes);
	if (file)
		json_put_string(&w, "mem-path", path);
	if (is_own(qmp, "share", deadline))
		json_put_bool(&w, "share", true);
	if (memfd && is_own(qmp, "hugetlb", deadline))
		json_put_bool(&w, "hugetlb", true);
	if (is_own(qmp, "prealloc", deadline))
		json_put_bool(&w, "prealloc", true);
	json_close_object(&w);
	arguments = json_finish(&w);
	return qmp_command(qmp, "object-add", arguments, deadline, NULL, err);
}

static void remove_backend(struct qmp *qmp, const char *id, uint64_t deadline)
{
	CLEANUP(free) char *arguments = xasprintf("{\"id\":\"%s\"}", id);
	struct err ignored = { 0 };

	/* Refused while a DIMM uses it. */
	(void)qmp_command(qmp, "object-del", arguments, deadline, NULL, &ignored);
}

int qemu_add_memory(struct qmp *qmp, unsigned number, uint64_t bytes, uint64_t deadline,
		    struct err *err)
{
	CLEANUP(free) char *backend = xasprintf("mem%u", number);
	CLEANUP(free) char *arguments = NULL;
	int r;

	arguments = xasprintf("{\"driver\":\"pc-dimm\",\"id\":\"dimm%u\",\"memdev\":\"%s\"}",
			      number, backend);
	remove_backend(qmp, backend, deadline); /* of a command that was killed */
	r = add_backend(qmp, backend, bytes, deadline, err);
	if (r < 0)
		return r;
	r = qmp_command(qmp, "device_add", arguments, deadline, NULL, err);
	if (r < 0)
		remove_backend(qmp, backend, deadline);
	return r;
}
