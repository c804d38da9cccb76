/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_fault.h"

#include "base/str.h"

const char *fake_fault(char *const *faults, const char *name, const char *where)
{
	for (; faults && *faults; faults++) {
		const char *at = strrchr(*faults, '@');
		size_t len = strlen(name);

		if (!at || !str_eq(at + 1, where) || !str_starts(*faults, name))
			continue;
		if ((*faults)[len] == '@')
			return "";
		if ((*faults)[len] == '=')
			return *faults + len + 1;
	}
	return NULL;
}
