/* SPDX-License-Identifier: Apache-2.0 */
/* A container's /etc/passwd: whatever it holds, the home is an absolute path without a newline. */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/container/passwd.h"
#include "base/cleanup.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t uids[] = { 0, 7, 1000, UINT32_MAX };
	/* Of exactly its size, so that a byte too far is seen. */
	CLEANUP(free) char *text = xmemdup(data, size);

	for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
		CLEANUP(free) char *home = passwd_home_in(text, size, uids[i]);

		if (*home != '/' || strlen(home) >= PATH_MAX || strchr(home, '\n') ||
		    strchr(home, ':'))
			abort();
	}
	return 0;
}
