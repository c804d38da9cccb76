/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - what a template was made of, so that it is not used for anything else */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/sha256.h"

struct config;
struct err;

#define MANIFEST_FILE "manifest.json"
#define MEMORY_FILE   "memory"
#define STATE_FILE    "state"

/* The host's files that a machine is made of, then the template's own. */
enum manifest_part {
	MANIFEST_QEMU,
	MANIFEST_KERNEL,
	MANIFEST_INITRD, /* or an image */
	MANIFEST_FIRMWARE,
	MANIFEST_MEMORY,
	MANIFEST_STATE,
	MANIFEST_PARTS,
};

/* A file as it was. Without one, as firmware may be, everything is 0. */
struct file_mark {
	uint64_t size;
	uint64_t mtime; /* ns since 1970 */
	uint64_t ctime;
	uint64_t device;
	uint64_t inode;
	char digest[SHA256_TEXT]; /* "" for the memory, which is large, and private to root */
};

struct manifest {
	char machine[SHA256_TEXT]; /* vm_digest() */
	uint32_t vcpus;
	uint64_t memory_mib;
	struct file_mark files[MANIFEST_PARTS];
};

/*
 * Of a template that is to be made: all but its own files. -errno of reading one of
 * the files that @config names.
 */
int manifest_begin(const struct config *config, struct manifest *ret, struct err *err);

/* What manifest_begin() has found, as text, and that text as it was; owned. -EBADMSG */
char *manifest_text(const struct manifest *manifest);
int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *err);

/*
 * Whether the host's files are the same: size, times and inode. Returns 0, or -ESTALE
 * with what is different.
 */
int manifest_check_host(const struct manifest *manifest, const struct config *config,
			struct err *err);

/* The files of the template, which is whole in @dirfd, and writes the manifest there. */
int manifest_finish(struct manifest *manifest, int dirfd, struct err *err);

/* -ENOENT (no manifest), -EBADMSG (not one of ours), or another errno of reading. */
int manifest_read(int dirfd, struct manifest *ret, struct err *err);

/*
 * Whether a machine of @config would be what the template in @dirfd is, whatever its
 * sizes. Files are the same when size, times and inode are; with @thorough they are
 * read. Returns 0, or -ESTALE with what is different.
 */
int manifest_check(const struct manifest *manifest, const struct config *config, int dirfd,
		   bool thorough, struct err *err);
