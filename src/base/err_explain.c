/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the codes, apart from their names: the agent in the guest has no use for them. */
#include "base/err_codes.h"

static const struct {
	const char *means;
	const char *remedy;
} texts[ERR_N_IDS] = {
#define ERR_CODE(id, name, source, means, remedy) [id] = { means, remedy },
#include "base/err_codes.def"
#undef ERR_CODE
};

static enum err_id known(enum err_id id)
{
	return id > ERR_NONE && id < ERR_N_IDS ? id : ERR_IO;
}

const char *err_meaning(enum err_id id)
{
	return texts[known(id)].means;
}

const char *err_remedy(enum err_id id)
{
	return texts[known(id)].remedy;
}
