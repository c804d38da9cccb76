/* SPDX-License-Identifier: Apache-2.0 */
/* str.h - strings, lists of strings, and numbers in strings */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct err;

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool str_empty(const char *s)
{
	return !s || !*s;
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/*
 * A whole decimal number, nothing before or behind it.
 * Returns 0, or -EINVAL (not a number) or -ERANGE (outside @min..@max); *ret is
 * set on success only.
 */
int str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);
int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret);

/* "MAJOR:MINOR", as sysfs and mountinfo have them. Returns 0 or -EINVAL. */
int str_to_dev(const char *s, dev_t *ret);

/* A NULL-terminated vector of strings; NULL is the empty vector. */
size_t strv_len(char *const *v);
void strv_add(char ***v, const char *s); /* copies @s */
void strv_addf(char ***v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strv_take(char ***v, char *s); /* owns @s */
char **strv_copy(char *const *v);
bool strv_contains(char *const *v, const char *s);
bool strv_remove(char **v, const char *s); /* the first that equals @s; false: there is none */
char *strv_join(char *const *v, const char *separator);   /* owned */
char **strv_split(const char *s, const char *separators); /* no empty words */
void strv_free(char **v);
DEFINE_CLEANUP(char **, strv_free)

/* The last component of @path: "c" of "/a/b/c". Borrowed from @path. */
const char *path_base(const char *path);

/*
 * @text with every byte that is not printable ASCII made a '?': what may be
 * shown on an administrator's terminal when it came from the guest. In place.
 */
char *str_printable(char *text);

/* Bytes of the UTF-8 character at @s, of which @left are there; 0 if it is none. */
size_t str_utf8_len(const char *s, size_t left);
