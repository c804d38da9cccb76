/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU is never unplugged: QEMU 7.2 dies of it under emulation. The guest turns
 * it off instead. Sources: QEMU 7.2, qapi/machine.json, qapi/qom.json.
 */
#include "hypervisor/qemu_size.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "hypervisor/qemu_words.h"
#include "hypervisor/qmp.h"

#define ALIGN_MAX  ((uint64_t)2 << 30) /* the largest blocks of Linux on x86 */
#define OWN_MEMORY "/objects/" QEMU_OWN_MEMORY

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
		return err_set_as(err, ERR_QEMU_NONSENSE, EBADMSG, "%s: not a vCPU", item.path);
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
			r = err_set_as(err, ERR_QEMU_NONSENSE, EBADMSG, "%s.thread-id: %u is none",
				       item.path, thread);
		threads[i] = (pid_t)thread;
	}
	if (r >= 0 && n == 0)
		r = err_set_as(err, ERR_QEMU_NONSENSE, EBADMSG, "there are no vCPUs");
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

/* One entry of query-memory-devices. */
struct memory_device {
	char *type;
	uint64_t bytes; /* that the guest has of it */
	uint64_t end;   /* of the addresses that it takes */
};

static void memory_device_done(struct memory_device *device)
{
	free(device->type);
}

static int read_memory_device(const struct json_at *list, size_t i, struct memory_device *ret,
			      struct err *err)
{
	uint64_t max_bytes = 0;
	struct json_at item;
	struct json_at data;
	int r;

	r = json_item_object(list, i, &item, err);
	if (r == 0)
		r = json_get_string(&item, "type", &ret->type, err);
	if (r == 0)
		r = json_get_object(&item, "data", &data, err);
	if (r < 0)
		return r;
	if (r == 0 || !ret->type)
		return err_set_as(err, ERR_QEMU_NONSENSE, EBADMSG, "%s: not a memory device",
				  item.path);
	r = json_get_u64(&data, "size", &ret->bytes, err);
	if (r == 0)
		r = json_get_u64(&data, "max-size", &max_bytes, err);
	if (r == 0)
		r = json_get_u64(&data, json_has(&data, "memaddr") ? "memaddr" : "addr", &ret->end,
				 err);
	ret->end += max_bytes > 0 ? max_bytes : ret->bytes;
	return r;
}

/* Calls @fn for each; it is for counting. */
static int each_memory_device(struct qmp *qmp, uint64_t deadline,
			      void (*fn)(void *data, const struct memory_device *device),
			      void *fn_data, struct err *err)
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
	for (size_t i = 0; r >= 0 && i < n; i++) {
		__attribute__((cleanup(memory_device_done))) struct memory_device device = { 0 };

		r = read_memory_device(&list, i, &device, err);
		if (r >= 0 && device.type)
			fn(fn_data, &device);
	}
	return r < 0 ? err_prefix(err, "query-memory-devices") : 0;
}

static void count_nvdimm(void *data, const struct memory_device *device)
{
	*(unsigned *)data += str_eq(device->type, "nvdimm");
}

int qemu_count_nvdimms(struct qmp *qmp, uint64_t deadline, unsigned *ret_n, struct err *err)
{
	*ret_n = 0;
	return each_memory_device(qmp, deadline, count_nvdimm, ret_n, err);
}

/* An nvdimm is a disk to the guest, though QEMU itself counts it as plugged memory. */
static void add_up(void *data, const struct memory_device *device)
{
	struct qemu_size *size = data;

	if (device->end > size->end)
		size->end = device->end;
	if (str_eq(device->type, "virtio-mem"))
		size->elastic = true;
	else if (str_eq(device->type, "dimm"))
		size->n_dimms++;
	else
		return;
	size->plugged_bytes += device->bytes;
}

int qemu_ask_size(struct qmp *qmp, uint64_t deadline, struct qemu_size *ret, struct err *err)
{
	CLEANUP(json_free) struct json *answer = NULL;
	struct json_at summary;
	struct json_at root;
	int r;

	*ret = (struct qemu_size){ 0 };
	r = count_vcpus(qmp, deadline, ret, err);
	if (r == 0)
		r = each_memory_device(qmp, deadline, add_up, ret, err);
	if (r == 0)
		r = qmp_query(qmp, "query-memory-size-summary", NULL, deadline, &answer, err);
	if (r < 0)
		return r;
	root = json_root(answer);
	r = json_get_object(&root, "return", &summary, err);
	return r <= 0 ? r : json_get_u64(&summary, "base-memory", &ret->base_bytes, err);
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

bool qemu_memory_is_huge(struct qmp *qmp, uint64_t deadline)
{
	return is_own(qmp, "hugetlb", deadline);
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

int qemu_request_memory(struct qmp *qmp, uint64_t bytes, uint64_t deadline, struct err *err)
{
	CLEANUP(free)
	char *arguments = xasprintf("{\"path\":\"/machine/peripheral/" QEMU_ELASTIC_DEVICE
				    "\",\"property\":\"requested-size\",\"value\":%" PRIu64 "}",
				    bytes);

	return qmp_command(qmp, "qom-set", arguments, deadline, NULL, err);
}

static void remove_backend(struct qmp *qmp, const char *id, uint64_t deadline)
{
	CLEANUP(free) char *arguments = xasprintf("{\"id\":\"%s\"}", id);
	struct err ignored = { 0 };

	/* Refused while a DIMM uses it. */
	(void)qmp_command(qmp, "object-del", arguments, deadline, NULL, &ignored);
}

/*
 * The guest takes memory only at addresses that are multiples of its blocks, and so is
 * @bytes; QEMU would place it right behind an nvdimm of any size.
 */
static uint64_t place_behind(uint64_t end, uint64_t bytes)
{
	uint64_t align = bytes & -bytes;

	if (align > ALIGN_MAX)
		align = ALIGN_MAX;
	return (end + align - 1) / align * align;
}

int qemu_add_memory(struct qmp *qmp, const struct qemu_size *size, uint64_t bytes,
		    uint64_t deadline, struct err *err)
{
	CLEANUP(free) char *backend = xasprintf("mem%u", size->n_dimms);
	CLEANUP(free) char *arguments = NULL;
	CLEANUP(free) char *addr = NULL;
	int r;

	if (size->end > 0)
		addr = xasprintf(",\"addr\":%" PRIu64, place_behind(size->end, bytes));
	arguments = xasprintf("{\"driver\":\"pc-dimm\",\"id\":\"dimm%u\",\"memdev\":\"%s\"%s}",
			      size->n_dimms, backend, addr ? addr : "");
	remove_backend(qmp, backend, deadline); /* of a command that was killed */
	r = add_backend(qmp, backend, bytes, deadline, err);
	if (r < 0)
		return r;
	r = qmp_command(qmp, "device_add", arguments, deadline, NULL, err);
	if (r < 0)
		remove_backend(qmp, backend, deadline);
	return r;
}
