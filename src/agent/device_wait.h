/* SPDX-License-Identifier: Apache-2.0 */
/* device_wait.h - waits for a device that is being plugged in; for helpers (agent/job.h) */
#pragma once

#include <stdint.h>

struct err;

/* Returns 1 when the device is there, 0 when it is not there yet, or -errno. */
typedef int (*device_look_fn)(void *data, struct err *err);

/*
 * Looks at once, and again whenever the kernel tells of a device (uevents).
 * It blocks: PID 1 has to be left to its loop, and calls this in a helper.
 * @what names the device in the error. Returns 0, -ETIMEDOUT, or what @look returned.
 */
int device_wait(const char *what, device_look_fn look, void *data, uint64_t timeout_ms,
		struct err *err);

/*
 * A duration of the kernel's command line such as "10s", "1m30s" or "250ms", in
 * ms: agent.hotplug_timeout. Returns 0, or -EINVAL: not a duration, or 0.
 */
int device_timeout_parse(const char *text, uint64_t *ret_ms);

#define DEVICE_TIMEOUT_MS 10000u /* the default of agent.hotplug_timeout */
