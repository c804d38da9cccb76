/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - configuration.toml as one struct */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct err;

#define CONFIG_FILE_MAX (1u << 20) /* bytes; openEuler patch 0078 */

struct config {
	char *path; /* the file that was read */

	struct {
		char *path;
		char *kernel;
		char *initrd;
		char *machine_type;
		char *machine_accelerators;
		char *firmware;
		char *kernel_params;
		char *hypervisor_params;
		int64_t default_vcpus;
		int64_t default_maxvcpus; /* 0: as many as the host has */
		int64_t default_memory;   /* MiB */
		int64_t memory_slots;
		int64_t memory_offset; /* MiB */
		bool enable_cpu_memory_hotplug;
		bool enable_reuse_cpu_memory;
		int64_t root_ports;
		char *block_device_driver;
		bool disable_block_device_use;
		bool block_device_cache_set;
		bool block_device_cache_direct;
		bool block_device_cache_noflush;
		bool enable_iothreads;
		char *shared_fs;
		char *virtio_fs_daemon;
		char *virtio_fs_cache;
		char **virtio_fs_extra_args;
		int64_t msize_9p;
		char *entropy_source;
		char *guest_hook_path;
		bool use_vsock;
		bool disable_vhost_net;
		bool enable_debug;
	} hypervisor;

	struct {
		char *path;
		bool enable_debug;
	} proxy;

	struct {
		char *path;
		bool enable_debug;
	} shim;

	struct {
		int64_t dial_timeout; /* seconds */
		bool enable_debug;
		bool enable_blk_mount;
	} agent;

	struct {
		bool enable_netmon;
		char *path;
		bool enable_debug;
	} netmon;

	struct {
		bool enable_debug;
		bool enable_cpu_memory_hotplug; /* either place counts */
		bool disable_guest_seccomp;
		bool enable_compat_old_cni;
		char *internetworking_model;
		bool disable_new_netns;
	} runtime;

	char **warnings; /* one line each: unknown keys */
};

enum config_kind { CONFIG_BOOL, CONFIG_INTEGER, CONFIG_STRING, CONFIG_STRINGS };

/* One key. The parser, the checks and the documentation are made from the table of these. */
struct config_key {
	const char *section; /* "hypervisor.qemu" */
	const char *name;
	enum config_kind kind;
	size_t offset;             /* in struct config */
	const char *default_value; /* as it would stand in the file, without quotes */
	int64_t min;               /* INTEGER */
	int64_t max;
	const char *const *allowed; /* STRING: one of these; NULL: any */
	const char *help;
};

/* The whole table; it ends with a NULL section. */
extern const struct config_key config_keys[];

/*
 * Reads and checks @path, or without it the first of the default paths that
 * exists. An error is one line "<file>:<line>:<column>: [section] key: …".
 */
int config_load(const char *path, struct config **ret, struct err *err);

/* The text of a file named @path for messages. */
int config_parse(const char *text, size_t len, const char *path, struct config **ret,
		 struct err *err);

void config_free(struct config *config);
DEFINE_CLEANUP(struct config *, config_free)

/* The default paths in the order in which they are looked for, NULL at the end. */
extern const char *const config_default_paths[];
