/* SPDX-License-Identifier: Apache-2.0 */
/* mount_options.h - the words of "mounts[].options" */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

struct mount_options {
	uint64_t attr_set;    /* MOUNT_ATTR_* */
	uint64_t attr_clear;  /* MOUNT_ATTR_* */
	unsigned propagation; /* MS_PRIVATE, …; 0: not named */
	bool bind;
	bool recursive; /* rbind */
	bool read_only;
	char **data; /* for the file system: "size=64k", "newinstance", "sync"; owned */
};

/*
 * Sorts the words. What belongs to no list is for the file system. Returns 0,
 * or -EINVAL for a word that is known and cannot be done here ("idmap").
 * Source: runtime-spec, config.md, "Linux mount options".
 */
int mount_options_parse(char *const *words, struct mount_options *ret, struct err *err);
void mount_options_done(struct mount_options *options);
