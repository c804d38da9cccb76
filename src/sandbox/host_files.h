/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_files.h - how many files a sandbox may have open on the host (linux.resources.files)
 *
 * Where the host's kernel has the files controller, as openEuler's, it is the limit of the
 * sandbox's cgroup; elsewhere that of QEMU's open files (RLIMIT_NOFILE). Source: reference 07,
 * section 3; openEuler patch 0057.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct oci_resources;
struct sandbox_record;

/*
 * Sets what the sandbox's own container asks for, and in a new sandbox that has
 * sandbox_cgroup_with_emulator without a wish its share of what the host has. Less than a machine
 * needs becomes FILES_LEAST. No more than the host lets a process have, whatever is asked.
 */
int host_files_limit(const struct sandbox_record *record, const char *path,
		     const struct oci_resources *resources, bool is_new, struct err *err);

#define FILES_LEAST 1024

/* The number for a wish of @wanted, 0 for none, on a host of @file_max; 0: no limit. */
int64_t host_files_choose(int64_t wanted, uint64_t file_max);
