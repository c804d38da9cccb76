/* SPDX-License-Identifier: Apache-2.0 */
/* process_list.h - what runs in a container's cgroup, as ps -ef would say it */
#pragma once

#include "katac.pb-c.h"

struct container;
struct err;

/* Fills @ret, which is freed by process_list_done(). At most what one answer can hold. */
int process_list_read(const struct container *container, Katac__ListProcessesResponse *ret,
		      struct err *err);
void process_list_done(Katac__ListProcessesResponse *response);
