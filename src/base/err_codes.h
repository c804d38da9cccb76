/* SPDX-License-Identifier: Apache-2.0 */
/* err_codes.h - the stable names of what can go wrong: err_codes.def */
#pragma once

#include <stdbool.h>

enum err_id {
	ERR_NONE, /* not known, or nothing failed */
#define ERR_CODE(id, name, source, means, remedy) id,
#include "base/err_codes.def"
#undef ERR_CODE
	ERR_N_IDS
};

/* "KATA-…" */
const char *err_name(enum err_id id);

/* Without "KATA-" and in lower case too. ERR_NONE: there is none of this name. */
enum err_id err_by_name(const char *name);

/* What an errno means where nothing more is known. Never ERR_NONE but for 0. */
enum err_id err_class(int code);

/* Whether the host lets a guest say this. */
bool err_from_guest(enum err_id id);

/* One sentence, and one line of what to do. */
const char *err_meaning(enum err_id id);
const char *err_remedy(enum err_id id);
