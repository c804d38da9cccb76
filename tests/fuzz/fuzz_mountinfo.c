/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/mountinfo: names of mount points are anybody's. */
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__attribute__((cleanup(mount_table_done))) struct mount_table table = { 0 };
	CLEANUP(free) char *text = xstrndup((const char *)data, size);

	mount_table_parse(text, &table);
	for (size_t i = 0; i < table.n; i++)
		if (strlen(table.items[i].point) > size ||
		    !mount_table_find(&table, table.items[i].point))
			return -1;
	return 0;
}
