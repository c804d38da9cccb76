/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/title.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/*
 * The kernel takes a command line whose last byte is not zero for one that the
 * program has written itself, and shows it up to its first zero byte.
 * Source: Linux, fs/proc/base.c, get_mm_cmdline().
 */
void title_set(int argc, char **argv, char *const *words)
{
	CLEANUP(free) char *text = strv_join(words, " ");
	char *end = argv[argc - 1] + strlen(argv[argc - 1]);
	size_t room = (size_t)(end - argv[0]);
	size_t len = strlen(text);

	if (room < 2 || len == 0)
		return;
	if (len > room - 1)
		len = room - 1;
	memcpy(argv[0], text, len);
	memset(argv[0] + len, 0, room - len);
	*end = '.';
}
