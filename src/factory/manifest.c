/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "vm/vm.h"

#define MANIFEST_VERSION 1u
#define MANIFEST_MAX     (64u << 10)
#define MANIFEST_DEPTH   8u

static const char *const part_names[] = {
	[MANIFEST_QEMU] = "path",     [MANIFEST_KERNEL] = "kernel",
	[MANIFEST_INITRD] = "initrd", [MANIFEST_FIRMWARE] = "firmware",
	[MANIFEST_MEMORY] = "memory", [MANIFEST_STATE] = "state",
};

/* "" where there is none; the template's own are below its directory. */
static const char *path_of(const struct config *config, enum manifest_part part)
{
	switch (part) {
	case MANIFEST_QEMU:
		return config->hypervisor.path;
	case MANIFEST_KERNEL:
		return config->hypervisor.kernel;
	case MANIFEST_INITRD:
		return config_image(config);
	case MANIFEST_FIRMWARE:
		return config->hypervisor.firmware;
	case MANIFEST_MEMORY:
		return MEMORY_FILE;
	case MANIFEST_STATE:
		return STATE_FILE;
	case MANIFEST_PARTS:
		break;
	}
	return "";
}

static uint64_t nanoseconds(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * 1000000000u + (uint64_t)ts->tv_nsec;
}

static bool is_hashed(enum manifest_part part)
{
	return part != MANIFEST_MEMORY;
}

static int mark_file(int dirfd, const char *path, bool hash, struct file_mark *ret, struct err *err)
{
	CLEANUP(close) int fd = -1;
	struct stat st;
	int r;

	*ret = (struct file_mark){ 0 };
	if (str_empty(path))
		return 0;
	fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	*ret = (struct file_mark){
		.size = (uint64_t)st.st_size,
		.mtime = nanoseconds(&st.st_mtim),
		.ctime = nanoseconds(&st.st_ctim),
		.device = st.st_dev,
		.inode = st.st_ino,
	};
	r = hash ? sha256_of_fd(fd, ret->digest) : 0;
	return r < 0 ? err_set(err, -r, "%s: read", path) : 0;
}

int manifest_begin(const struct config *config, struct manifest *ret, struct err *err)
{
	int r = vm_digest(config, ret->machine, err);

	ret->vcpus = (uint32_t)config->hypervisor.default_vcpus;
	ret->memory_mib = (uint64_t)config->hypervisor.default_memory;
	for (enum manifest_part i = 0; r == 0 && i < MANIFEST_MEMORY; i++) {
		r = mark_file(AT_FDCWD, path_of(config, i), true, &ret->files[i], err);
		if (r < 0)
			(void)err_prefix(err, "[hypervisor.qemu] %s", part_names[i]);
	}
	return r;
}

static void put_file(struct json_writer *w, const char *name, const struct file_mark *file)
{
	json_open_object(w, name);
	json_put_u64(w, "size", file->size);
	json_put_u64(w, "mtime", file->mtime);
	json_put_u64(w, "ctime", file->ctime);
	json_put_u64(w, "device", file->device);
	json_put_u64(w, "inode", file->inode);
	json_put_string(w, "sha256", file->digest);
	json_close_object(w);
}

/* @end: behind the last part. Owned. */
static char *put(const struct manifest *manifest, unsigned indent, enum manifest_part end)
{
	struct json_writer w = { .indent = indent };

	json_open_object(&w, NULL);
	json_put_u64(&w, "version", MANIFEST_VERSION);
	json_put_string(&w, "machine", manifest->machine);
	json_put_u64(&w, "vcpus", manifest->vcpus);
	json_put_u64(&w, "memoryMib", manifest->memory_mib);
	for (enum manifest_part i = 0; i < end; i++)
		put_file(&w, part_names[i], &manifest->files[i]);
	json_close_object(&w);
	return json_finish(&w);
}

char *manifest_text(const struct manifest *manifest)
{
	return put(manifest, 0, MANIFEST_MEMORY);
}

int manifest_finish(struct manifest *manifest, int dirfd, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r;

	r = mark_file(dirfd, MEMORY_FILE, false, &manifest->files[MANIFEST_MEMORY], err);
	if (r == 0)
		r = mark_file(dirfd, STATE_FILE, true, &manifest->files[MANIFEST_STATE], err);
	if (r < 0)
		return r;
	text = put(manifest, 2, MANIFEST_PARTS);
	return file_replace_at(dirfd, MANIFEST_FILE, text, strlen(text), 0600, err);
}

static int take_digest(const struct json_at *at, const char *key, char ret[SHA256_TEXT],
		       struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r = json_get_string(at, key, &text, err);

	if (r < 0)
		return r;
	if (!text || (*text && strlen(text) != SHA256_TEXT - 1))
		return err_set(err, EBADMSG, "%s: not a digest", key);
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

static int take_file(const struct json_at *root, const char *name, struct file_mark *ret,
		     struct err *err)
{
	struct json_at at;
	int r = json_get_object(root, name, &at, err);

	if (r == 0)
		return err_set(err, EBADMSG, "%s: missing", name);
	r = r < 0 ? r : json_get_u64(&at, "size", &ret->size, err);
	if (r == 0)
		r = json_get_u64(&at, "mtime", &ret->mtime, err);
	if (r == 0)
		r = json_get_u64(&at, "ctime", &ret->ctime, err);
	if (r == 0)
		r = json_get_u64(&at, "device", &ret->device, err);
	if (r == 0)
		r = json_get_u64(&at, "inode", &ret->inode, err);
	return r == 0 ? take_digest(&at, "sha256", ret->digest, err) : r;
}

static int take(const struct json_at *root, enum manifest_part end, struct manifest *ret,
		struct err *err)
{
	uint32_t version = 0;
	int r = json_get_u32(root, "version", &version, err);

	if (r == 0 && version != MANIFEST_VERSION)
		return err_set(err, EBADMSG, "version: %u, %u is what this program makes", version,
			       MANIFEST_VERSION);
	if (r == 0)
		r = take_digest(root, "machine", ret->machine, err);
	if (r == 0)
		r = json_get_u32(root, "vcpus", &ret->vcpus, err);
	if (r == 0)
		r = json_get_u64(root, "memoryMib", &ret->memory_mib, err);
	for (enum manifest_part i = 0; r == 0 && i < end; i++)
		r = take_file(root, part_names[i], &ret->files[i], err);
	return r;
}

static int parse(const char *text, size_t len, enum manifest_part end, struct manifest *ret,
		 struct err *err)
{
	CLEANUP(json_free) struct json *json = NULL;
	struct json_at root;
	int r = json_parse(text, len, MANIFEST_DEPTH, &json, err);

	if (r == 0) {
		root = json_root(json);
		r = json_check_object(&root, err);
	}
	if (r == 0)
		r = take(&root, end, ret, err);
	if (r == 0)
		return 0;
	err->code = EBADMSG;
	return -EBADMSG;
}

int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *err)
{
	return parse(text, len, MANIFEST_MEMORY, ret, err);
}

int manifest_read(int dirfd, struct manifest *ret, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r = file_read_at(dirfd, MANIFEST_FILE, MANIFEST_MAX, &text);

	if (r < 0) {
		errno = -r;
		return err_errno(err, MANIFEST_FILE);
	}
	r = parse(text, strlen(text), MANIFEST_PARTS, ret, err);
	return r < 0 ? err_prefix(err, MANIFEST_FILE) : 0;
}

static int stale(struct err *err, const char *what, const char *path, const char *how)
{
	return err_set(err, ESTALE, "%s %s: %s", what, path, how);
}

static int check_file(const struct manifest *manifest, const struct config *config, int dirfd,
		      enum manifest_part part, bool thorough, struct err *err)
{
	const struct file_mark *then = &manifest->files[part];
	const char *path = path_of(config, part);
	struct file_mark now;
	int r;

	/* The state is read in any case: 200 KiB, and a machine would be made of it. */
	thorough = (thorough || part == MANIFEST_STATE) && is_hashed(part);
	r = mark_file(part < MANIFEST_MEMORY ? AT_FDCWD : dirfd, path, thorough, &now, err);
	if (r < 0) {
		err->code = ESTALE;
		return err_prefix(err, "%s", part_names[part]);
	}
	if (now.size != then->size)
		return err_set(err, ESTALE, "%s %s: its size is %llu, and was %llu",
			       part_names[part], path, (unsigned long long)now.size,
			       (unsigned long long)then->size);
	if (now.device != then->device || now.inode != then->inode)
		return stale(err, part_names[part], path, "it is another file");
	if (now.mtime != then->mtime || now.ctime != then->ctime)
		return stale(err, part_names[part], path, "it was changed since");
	if (thorough && !str_eq(now.digest, then->digest))
		return stale(err, part_names[part], path, "its contents are not what they were");
	return 0;
}

int manifest_check_host(const struct manifest *manifest, const struct config *config,
			struct err *err)
{
	int r = 0;

	for (enum manifest_part i = 0; r == 0 && i < MANIFEST_MEMORY; i++)
		r = check_file(manifest, config, AT_FDCWD, i, false, err);
	return r;
}

int manifest_check(const struct manifest *manifest, const struct config *config, int dirfd,
		   bool thorough, struct err *err)
{
	char machine[SHA256_TEXT];
	int r = vm_digest(config, machine, err);

	if (r < 0)
		return r;
	for (enum manifest_part i = 0; r == 0 && i < MANIFEST_PARTS; i++)
		r = check_file(manifest, config, dirfd, i, thorough, err);
	if (r == 0 && !str_eq(machine, manifest->machine))
		r = err_set(err, ESTALE,
			    "the configuration, or what the host has, makes another machine of it");
	return r;
}
