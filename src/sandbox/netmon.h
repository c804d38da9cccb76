/* SPDX-License-Identifier: Apache-2.0 */
/* netmon.h - the process that follows the sandbox's network namespace */
#pragma once

struct cgroup;
struct config;
struct err;

/*
 * Starts kata-netmon in @netns if the configuration says so and there is a namespace
 * to follow. Its record lies with the machine's: it ends with it.
 */
int netmon_start(const struct config *config, const char *sid, int netns,
		 const struct cgroup *cgroup, struct err *err);
