/* SPDX-License-Identifier: Apache-2.0 */
/* title.h - what ps shows for us: the arguments of the process that we stand for (design E14) */
#pragma once

/*
 * Shows @words, with blanks between them, as our command line, as far as there
 * is room. Overwrites the memory of all of @argv: nothing of it may be used any more.
 */
void title_set(int argc, char **argv, char *const *words);
