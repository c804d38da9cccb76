/* SPDX-License-Identifier: Apache-2.0 */
/* mount_options.h - the words of "mounts[].options" */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

struct mount_options {
	uint64_t attr_set;     /* MOUNT_ATTR_* of the mount */
	uint64_t attr_clear;   /* MOUNT_ATTR_* */
	uint64_t r_attr_set;   /* the same for every mount below it too: "rro" */
	uint64_t r_attr_clear; /* MOUNT_ATTR_* */
	unsigned propagation;  /* MS_PRIVATE, …, with MS_REC; 0: not named */
	bool bind;
	bool recursive; /* rbind */
	bool read_only; /* "ro" or "rro" */
	bool remount;
	bool copy_up; /* tmpcopyup */
	char **data;  /* for the file system: "size=64k", "newinstance", "sync"; owned */
};

/*
 * Sorts the words; of opposite ones the last counts. What belongs to no list is
 * for the file system. Returns 0, or -EINVAL for a word that is known and cannot
 * be done here ("idmap").
 * Source: runtime-spec, config.md, "Linux mount options".
 */
int mount_options_parse(char *const *words, struct mount_options *ret, struct err *err);
void mount_options_done(struct mount_options *options);

/*
 * What is left in options->data when there is no new file system, but a bind
 * mount. The words of superblocks ("sync") mean nothing there, as for mount(2),
 * and are dropped; any other is -EINVAL.
 */
int mount_options_check_bind(struct mount_options *options, struct err *err);

/* "rslave" as MS_SLAVE | MS_REC, or 0 for a word that names no propagation. */
unsigned mount_propagation(const char *word);
