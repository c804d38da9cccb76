/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/err.h"
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_resources resources = { 0 };
	struct err err = { 0 };

	if (oci_resources_parse((const char *)data, size, &resources, &err) == 0)
		oci_resources_done(&resources);
	return 0;
}
