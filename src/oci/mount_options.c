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

/* The access time words are one field of three values: it is cleared as a whole. */
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
	{ "atime", 0, 0 },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "nostrictatime", 0, 0 },
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

/* Words without a meaning for a mount that is new. */
static const char *const ignored_words[] = {
	"defaults", "async", "nomand", "loud", "remount", NULL
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool take_attr(const char *word, struct mount_options *ret)
{
	for (size_t i = 0; i < COUNT(attr_words); i++) {
		const struct attr_word *w = &attr_words[i];

		if (!str_eq(w->word, word))
			continue;
		ret->attr_set = (ret->attr_set & ~w->clear) | w->set;
		ret->attr_clear = (ret->attr_clear & ~w->set) | w->clear;
		ret->read_only = ret->attr_set & MOUNT_ATTR_RDONLY;
		return true;
	}
	return false;
}

static bool take_propagation(const char *word, struct mount_options *ret)
{
	for (size_t i = 0; i < COUNT(propagation_words); i++) {
		if (str_eq(propagation_words[i].word, word)) {
			ret->propagation = propagation_words[i].flag;
			return true;
		}
	}
	return false;
}

static bool is_ignored(const char *word)
{
	for (const char *const *w = ignored_words; *w; w++)
		if (str_eq(*w, word))
			return true;
	return false;
}

int mount_options_parse(char *const *words, struct mount_options *ret, struct err *err)
{
	*ret = (struct mount_options){ 0 };
	for (; words && *words; words++) {
		const char *word = *words;

		if (str_eq(word, "bind") || str_eq(word, "rbind")) {
			ret->bind = true;
			ret->recursive = *word == 'r';
		} else if (str_eq(word, "idmap") || str_eq(word, "ridmap")) {
			mount_options_done(ret);
			return err_set(err, EINVAL, "mount option '%s' is not supported", word);
		} else if (!take_attr(word, ret) && !take_propagation(word, ret) &&
			   !is_ignored(word)) {
			strv_add(&ret->data, word);
		}
	}
	return 0;
}

void mount_options_done(struct mount_options *options)
{
	strv_free(options->data);
	*options = (struct mount_options){ 0 };
}
