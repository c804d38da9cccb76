/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/safepath.h"

#define PASSWD_MAX (1u << 20) /* bytes */
#define UID_FIELD  2u
#define HOME_FIELD 5u

struct field {
	const char *at; /* borrowed; not terminated */
	size_t len;
};

/* "name:password:uid:gid:comment:home[:shell]". False: not a line for anybody. */
static bool split_line(const char *line, size_t len, struct field ret[HOME_FIELD + 1])
{
	const char *end = line + len;

	if (len == 0 || strchr("+-#:", *line) || memchr(line, '\0', len))
		return false;
	for (unsigned i = 0; i <= HOME_FIELD; i++) {
		const char *colon = memchr(line, ':', (size_t)(end - line));

		if (!colon && i < HOME_FIELD)
			return false;
		ret[i] = (struct field){ line, (size_t)((colon ? colon : end) - line) };
		line = colon ? colon + 1 : end;
	}
	return true;
}

static char *home_of(const struct field *field)
{
	if (field->len == 0 || field->len >= PATH_MAX || *field->at != '/')
		return xstrdup("/");
	return xstrndup(field->at, field->len);
}

char *passwd_home_in(const char *text, size_t len, uint32_t uid)
{
	const char *end = text + len;
	char number[16];
	size_t digits = (size_t)snprintf(number, sizeof(number), "%u", uid);

	for (const char *line = text; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((newline ? newline : end) - line);
		struct field fields[HOME_FIELD + 1];

		if (n > 0 && line[n - 1] == '\r')
			n--;
		if (split_line(line, n, fields) && fields[UID_FIELD].len == digits &&
		    memcmp(fields[UID_FIELD].at, number, digits) == 0)
			return home_of(&fields[HOME_FIELD]);
		line = newline ? newline + 1 : end;
	}
	return xstrdup("/");
}

/* At most @max bytes of @fd; more is no answer, and neither is an error. */
static bool read_file(int fd, char *data, size_t max, size_t *ret_len)
{
	size_t len = 0;

	while (len <= max) {
		ssize_t n = read(fd, data + len, max + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*ret_len = len;
			return n == 0;
		}
		len += (size_t)n;
	}
	return false;
}

char *passwd_home(int root, uint32_t uid)
{
	CLEANUP(close) int fd = -1;
	CLEANUP(free) char *text = NULL;
	struct stat st;
	size_t len = 0;

	fd = safe_open(root, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PASSWD_MAX)
		return xstrdup("/");
	/* One byte more than there should be: a file that grew is read no further. */
	text = xmalloc((size_t)st.st_size + 1);
	if (!read_file(fd, text, (size_t)st.st_size, &len))
		return xstrdup("/");
	return passwd_home_in(text, len, uid);
}
