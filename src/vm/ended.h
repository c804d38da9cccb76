/* SPDX-License-Identifier: Apache-2.0 */
/* ended.h - which of the programs, or what in the guest, has ended a virtual machine */
#pragma once

#include <stdbool.h>

#include "base/err_codes.h"

/*
 * By what it said last: a line of the guest's console, or one of QEMU. ERR_NONE:
 * that does not tell.
 */
enum err_id ended_by_words(const char *words);

/*
 * Of a machine that is not whole any more, in directory @dir: who of its
 * programs has ended, or what its last words tell. @ret_words, owned, is the line of
 * them that says most, or NULL.
 */
enum err_id ended_by(const char *dir, char **ret_words);

/* The line of last words that says most; owned, or NULL. */
char *ended_words(const char *text);
