/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#define MOUNTINFO_MAX (16u << 20) /* some 100,000 mounts */

/* Blanks and the like are written as \040. Owned. */
static char *unescape(const char *text)
{
	char *out = xstrdup(text);
	char *to = out;

	for (const char *from = text; *from; from++) {
		if (*from == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 +
				       (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return out;
}

/* "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/source rw,…" */
static int parse_line(const char *line, struct mount_entry *ret)
{
	CLEANUP(strv_free) char **words = strv_split(line, " ");
	size_t n = strv_len(words);
	size_t dash = 6;

	while (dash < n && !str_eq(words[dash], "-"))
		dash++;
	if (dash + 2 >= n || str_to_dev(words[2], &ret->dev) < 0)
		return -EINVAL;
	ret->root = unescape(words[3]);
	ret->point = unescape(words[4]);
	ret->fstype = xstrdup(words[dash + 1]);
	ret->source = unescape(words[dash + 2]);
	return 0;
}

void mount_table_parse(const char *mountinfo, struct mount_table *ret)
{
	CLEANUP(strv_free) char **lines = strv_split(mountinfo, "\n");

	ret->items = xcalloc(strv_len(lines) + 1, sizeof(*ret->items));
	ret->n = 0;
	for (char **line = lines; line && *line; line++)
		if (parse_line(*line, &ret->items[ret->n]) == 0)
			ret->n++;
}

int mount_table_read(struct mount_table *ret, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text);

	if (r < 0) {
		errno = -r;
		return err_errno(err, "read /proc/self/mountinfo");
	}
	mount_table_parse(text, ret);
	return 0;
}

void mount_table_done(struct mount_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		free(table->items[i].root);
		free(table->items[i].point);
		free(table->items[i].fstype);
		free(table->items[i].source);
	}
	free(table->items);
	*table = (struct mount_table){ 0 };
}

const struct mount_entry *mount_table_find(const struct mount_table *table, const char *point)
{
	for (size_t i = table->n; i > 0; i--)
		if (str_eq(table->items[i - 1].point, point))
			return &table->items[i - 1];
	return NULL;
}
