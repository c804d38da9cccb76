/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - configuration.toml as one struct */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct err;

#define CONFIG_FILE_MAX     (1u << 20) /* bytes; openEuler patch 0078 */
#define CONFIG_DROP_INS_MAX 64u

/* Where the value of a key comes from. */
struct config_origin {
	char *file;          /* NULL: neither a file nor an annotation has it */
	unsigned line;       /* 0: @file is the name of an annotation */
	const char *spelled; /* the name that it has there */
};

struct config {
	char *path;                    /* the file that was read */
	char **drop_ins;               /* those of config.d/ that were read, in that order */
	struct config_origin *origins; /* of the rows of config_keys, in their order */
	char **hashes; /* of the files that these rows name, or NULL each: see config_hash() */

	struct {
		char *path;
		char *kernel;
		char *initrd; /* exactly one of the two is not "" */
		char *image;
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
		char *file_mem_backend;
		bool disable_image_nvdimm;
		bool enable_mem_prealloc;
		bool enable_hugepages;
		bool enable_swap;
		bool enable_virtio_mem;
		bool enable_cpu_memory_hotplug;
		bool enable_reuse_cpu_memory;
		int64_t root_ports;
		int64_t bridges; /* 0: one where there is nothing else to plug into */
		bool hotplug_vfio_on_root_bus;
		bool disable_nesting_checks;
		char *block_device_driver;
		bool disable_block_device_use;
		bool block_device_cache_set;
		bool block_device_cache_direct;
		bool block_device_cache_noflush;
		bool enable_iothreads;
		bool enable_vhost_user_store;
		char *vhost_user_store_path;
		char *shared_fs;
		char *virtio_fs_daemon;
		char *virtio_fs_cache;
		int64_t virtio_fs_cache_size; /* MiB */
		char **virtio_fs_extra_args;
		int64_t msize_9p;
		char *entropy_source;
		char *guest_hook_path;
		bool use_vsock;
		bool disable_vhost_net;
		bool enable_debug;
		char **enable_annotations;
		char **valid_hypervisor_paths;
		char **valid_virtio_fs_daemon_paths;
		char **valid_asset_paths;
		char **valid_file_mem_backends;
		char **valid_entropy_sources;
		char **valid_vhost_user_store_paths;
	} hypervisor;

	struct {
		char *path;
		bool enable_debug;
	} proxy;

	struct {
		char *path;
		bool enable_debug;
		bool enable_tracing;
	} shim;

	struct {
		int64_t dial_timeout; /* seconds */
		bool debug_console_enabled;
		bool enable_debug;
		bool enable_blk_mount;
		bool enable_tracing;
		char *trace_mode;
		char *trace_type;
		char **kernel_modules;
		int64_t container_pipe_size; /* bytes, by an annotation only; 0: the kernel's own */
	} agent;

	struct {
		bool enable_template;
		char *template_path;
		int64_t vm_cache_number;
		char *vm_cache_endpoint;
	} factory;

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
		bool sandbox_cgroup_only;
		bool sandbox_cgroup_with_emulator;
		char **experimental;
		bool enable_tracing;
	} runtime;

	/* What annotations of the sandbox say that no key does: JSON, not checked; or NULL. */
	struct {
		char *dns;
		char *blkio;
		int64_t cpu_millis; /* thousandths of a processor, of sandbox_cpu; 0: not said */
	} sandbox;

	char **warnings; /* one line each: unknown keys */
};

/*
 * Reads and checks @path, or without it the first of the default paths that
 * exists, and then the files config.d/NAME.toml next to it, in the order of their names, whose
 * keys replace those before. An error is one line "<file>:<line>:<column>: [section] key: …".
 */
int config_load(const char *path, struct config **ret, struct err *err);

/* The text of a file named @path for messages. */
int config_parse(const char *text, size_t len, const char *path, struct config **ret,
		 struct err *err);

/*
 * Lets the annotations "name=value" of a sandbox replace what the files say. Others than
 * io.katacontainers.config.… and openEuler's own are passed by. An error is one line
 * "annotation <name>: …": -EPERM when the configuration does not allow it, -EINVAL for a value
 * that no file could have, and for a name that there is not.
 *
 * @allowed  they were found to be allowed when the sandbox was made
 */
int config_override(struct config *config, char *const *annotations, bool allowed, struct err *err);

/* Whether enable_annotations lists @name; else -EPERM "annotation <name>: not allowed; …". */
int config_allows(const struct config *config, const char *name, struct err *err);

/* What the guest starts from: the image, or the initrd. Borrowed. */
const char *config_image(const struct config *config);

void config_free(struct config *config);
DEFINE_CLEANUP(struct config *, config_free)

/* The default paths in the order in which they are looked for, NULL at the end. */
extern const char *const config_default_paths[];
