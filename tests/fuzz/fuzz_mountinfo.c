/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of /proc/self/mountinfo: names of mount points are anybody's. */
#include "base/fs.c" /* NOLINT(bugprone-suspicious-include): the parser is its own */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(free) char *line = xstrndup((const char *)data, size);
	CLEANUP(free) char *point = mount_point_of(line);

	return point && strlen(point) > size ? -1 : 0;
}
