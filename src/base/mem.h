/* SPDX-License-Identifier: Apache-2.0 */
/* mem.h - allocation that ends the process when memory is out */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* All return memory for free(), never NULL: without memory the process aborts. */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
void *xmemdup(const void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
char *xvasprintf(const char *fmt, va_list ap)
	__attribute__((format(printf, 1, 0), returns_nonnull));
