/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = { 0 };

	(void)config_parse((const char *)data, size, "fuzz", &config, &err);
	return 0;
}
