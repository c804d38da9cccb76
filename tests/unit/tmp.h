/* SPDX-License-Identifier: Apache-2.0 */
/* tmp.h - a throw-away directory for each test: setup and teardown functions of cmocka */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* An entry of the list of tests. */
#define TMP_TEST(name) cmocka_unit_test_setup_teardown(name, tmp_setup, tmp_teardown)

/* The directory of the test that runs. */
static char *tmp;

/* Owned path of @name in it. */
#define tmp_path(...) tmp_join(xasprintf(__VA_ARGS__))

static inline char *tmp_join(char *name)
{
	char *path = xasprintf("%s/%s", tmp, name);

	free(name);
	return path;
}

static inline int tmp_remove(const char *path, const struct stat *st __attribute__((unused)),
			     int type __attribute__((unused)),
			     struct FTW *at __attribute__((unused)))
{
	return remove(path);
}

static inline int tmp_setup(void **state __attribute__((unused)))
{
	const char *parent = getenv("TMPDIR");

	tmp = xasprintf("%s/kata-unit-XXXXXX", parent ? parent : "/tmp");
	return mkdtemp(tmp) ? 0 : -1;
}

static inline int tmp_teardown(void **state __attribute__((unused)))
{
	int r = nftw(tmp, tmp_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	free(tmp);
	tmp = NULL;
	return r;
}

/* A file of the test's directory with that text. */
static inline void tmp_write(const char *name, const char *text)
{
	char *path = tmp_path("%s", name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(path);
}
