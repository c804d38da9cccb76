/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/mount_options.h"

#include <errno.h>
#include <sys/mount.h>

#include "base/err.h"
#include "base/str.h"

struct attr_word {
	const char *word;
	uint64_t set;
	uint64_t clear;
};

/*
 * The access time is one field of three values: it is cleared as a whole.
 * MOUNT_ATTR_RELATIME, the kernel's default, is 0. With an "r" before it, each
 * word is for the mounts below as well.
 */
static const struct attr_word attr_words[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "norelatime", 0, 0 },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
};

static const struct {
	const char *word;
	unsigned flag;
} propagation_words[] = {
	{ "private", MS_PRIVATE },       { "rprivate", MS_PRIVATE | MS_REC },
	{ "slave", MS_SLAVE },           { "rslave", MS_SLAVE | MS_REC },
	{ "shared", MS_SHARED },         { "rshared", MS_SHARED | MS_REC },
	{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
};

/*
 * Words that change nothing: defaults; what the kernel prints; the version
 * counter of inodes, which file systems that have one keep anyway.
 */
static const char *const ignored_words[] = { "defaults", "loud",       "silent",
					     "iversion", "noiversion", NULL };

/* fsconfig(2) knows these for every file system; and the opposites are its defaults. */
static const char *const superblock_words[] = { "sync", "dirsync", "lazytime", "mand", NULL };
static const char *const superblock_defaults[] = { "async", "nolazytime", "nomand", NULL };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(*words, word))
			return true;
	return false;
}

static const struct attr_word *find_attr(const char *word)
{
	for (size_t i = 0; i < COUNT(attr_words); i++)
		if (str_eq(attr_words[i].word, word))
			return &attr_words[i];
	return NULL;
}

static void apply(const struct attr_word *word, uint64_t *set, uint64_t *clear)
{
	*set = (*set & ~word->clear) | word->set;
	*clear = (*clear & ~word->set) | word->clear;
}

static bool take_attr(const char *word, struct mount_options *ret)
{
	const struct attr_word *found = find_attr(word);

	if (found) {
		apply(found, &ret->attr_set, &ret->attr_clear);
	} else {
		found = *word == 'r' ? find_attr(word + 1) : NULL;
		if (!found)
			return false;
		apply(found, &ret->r_attr_set, &ret->r_attr_clear);
	}
	ret->read_only = (ret->attr_set | ret->r_attr_set) & MOUNT_ATTR_RDONLY;
	return true;
}

unsigned mount_propagation(const char *word)
{
	for (size_t i = 0; i < COUNT(propagation_words); i++)
		if (str_eq(propagation_words[i].word, word))
			return propagation_words[i].flag;
	return 0;
}

static bool take_propagation(const char *word, struct mount_options *ret)
{
	unsigned flag = mount_propagation(word);

	ret->propagation = flag ? flag : ret->propagation;
	return flag;
}

/* The kernel applies them in order: "async" takes back "sync". */
static bool take_superblock(const char *word, struct mount_options *ret)
{
	if (!is_one_of(word, superblock_defaults) && !is_one_of(word, superblock_words))
		return false;
	strv_add(&ret->data, word);
	return true;
}

static bool take_switch(const char *word, struct mount_options *ret)
{
	if (str_eq(word, "bind") || str_eq(word, "rbind")) {
		ret->bind = true;
		ret->recursive = *word == 'r';
	} else if (str_eq(word, "remount")) {
		ret->remount = true;
	} else if (str_eq(word, "tmpcopyup")) {
		ret->copy_up = true;
	} else {
		return is_one_of(word, ignored_words);
	}
	return true;
}

int mount_options_parse(char *const *words, struct mount_options *ret, struct err *err)
{
	*ret = (struct mount_options){ 0 };
	for (; words && *words; words++) {
		const char *word = *words;

		if (str_eq(word, "idmap") || str_eq(word, "ridmap")) {
			mount_options_done(ret);
			return err_set(err, EINVAL, "mount option '%s' is not supported", word);
		}
		if (!take_switch(word, ret) && !take_attr(word, ret) &&
		    !take_propagation(word, ret) && !take_superblock(word, ret))
			strv_add(&ret->data, word);
	}
	return 0;
}

int mount_options_check_bind(struct mount_options *options, struct err *err)
{
	for (char **word = options->data; word && *word; word++)
		if (!is_one_of(*word, superblock_words) && !is_one_of(*word, superblock_defaults))
			return err_set(err, EINVAL,
				       "mount option '%s' is none that a bind mount has", *word);
	strv_free(take_ptr(options->data));
	return 0;
}

void mount_options_done(struct mount_options *options)
{
	strv_free(options->data);
	*options = (struct mount_options){ 0 };
}
