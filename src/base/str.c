/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* The kernel's dev_t has 12 and 20 bits. */
#define MAJOR_MAX 0xfffu
#define MINOR_MAX 0xfffffu

int str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	unsigned long long n;
	char *end = NULL;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || n < min || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	const char *digits = *s == '-' ? s + 1 : s;
	char *end = NULL;
	long long n;

	if (!isdigit((unsigned char)*digits))
		return -EINVAL;
	errno = 0;
	n = strtoll(s, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || n < min || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

int str_to_dev(const char *s, dev_t *ret)
{
	CLEANUP(free) char *first = xstrndup(s, strcspn(s, ":"));
	const char *colon = strchr(s, ':');
	uint64_t major_nr = 0;
	uint64_t minor_nr = 0;

	if (!colon || str_to_u64(first, 0, MAJOR_MAX, &major_nr) < 0 ||
	    str_to_u64(colon + 1, 0, MINOR_MAX, &minor_nr) < 0)
		return -EINVAL;
	*ret = makedev((unsigned)major_nr, (unsigned)minor_nr);
	return 0;
}

size_t strv_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

void strv_take(char ***v, char *s)
{
	size_t n = strv_len(*v);

	/* A power of two is the moment to double: amortised without a stored capacity. */
	if ((n & (n + 1)) == 0 || n == 0)
		*v = xrealloc(*v, (2 * n + 2) * sizeof(char *));
	(*v)[n] = s;
	(*v)[n + 1] = NULL;
}

void strv_add(char ***v, const char *s)
{
	strv_take(v, xstrdup(s));
}

void strv_addf(char ***v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(v, xvasprintf(fmt, ap));
	va_end(ap);
}

char **strv_copy(char *const *v)
{
	size_t n = strv_len(v);
	char **copy = xcalloc(2 * n + 2, sizeof(char *));

	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(v[i]);
	return copy;
}

bool strv_contains(char *const *v, const char *s)
{
	for (; v && *v; v++)
		if (str_eq(*v, s))
			return true;
	return false;
}

bool strv_remove(char **v, const char *s)
{
	while (v && *v && !str_eq(*v, s))
		v++;
	if (!v || !*v)
		return false;
	free(*v);
	do
		v[0] = v[1];
	while (*v++);
	return true;
}

char *strv_join(char *const *v, const char *separator)
{
	size_t len = 1;
	char *text;
	char *p;

	for (char *const *s = v; s && *s; s++)
		len += strlen(*s) + strlen(separator);
	text = xcalloc(1, len);
	p = text;
	for (char *const *s = v; s && *s; s++) {
		p = stpcpy(p, *s);
		if (s[1])
			p = stpcpy(p, separator);
	}
	return text;
}

char **strv_split(const char *s, const char *separators)
{
	char **v = NULL;

	for (;;) {
		size_t len;

		s += strspn(s, separators);
		len = strcspn(s, separators);
		if (len == 0)
			return v;
		strv_take(&v, xstrndup(s, len));
		s += len;
	}
}

void strv_free(char **v)
{
	for (char **s = v; s && *s; s++)
		free(*s);
	free(v);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *str_printable(char *text)
{
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	return text;
}

size_t str_utf8_len(const char *s, size_t left)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = *p < 0x80                 ? 1
		   : *p >= 0xc2 && *p < 0xe0 ? 2
		   : *p >= 0xe0 && *p < 0xf0 ? 3
		   : *p >= 0xf0 && *p < 0xf5 ? 4
					     : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than needed, a surrogate, or over U+10FFFF. */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}
