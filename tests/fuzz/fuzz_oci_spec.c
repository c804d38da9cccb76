/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/err.h"
#include "oci/mount_options.h"
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	struct err err = { 0 };

	if (oci_spec_parse((const char *)data, size, &spec, &err) < 0)
		return 0;
	for (size_t i = 0; i < spec->n_mounts; i++) {
		struct mount_options options;

		if (mount_options_parse(spec->mounts[i].options, &options, &err) == 0)
			mount_options_done(&options);
	}
	return 0;
}
