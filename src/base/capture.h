/* SPDX-License-Identifier: Apache-2.0 */
/* capture.h - what another program prints */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Runs argv[0], an absolute path, and takes what it prints on standard output; standard
 * error is dropped. *ret is owned. -ETIMEDOUT after @timeout_ms, -EFBIG beyond @max bytes (it is
 * killed then), -EPROTO when it does not end with 0, or the errno of the start.
 */
int capture_output(const char *const *argv, uint64_t timeout_ms, size_t max, char **ret,
		   struct err *err);
