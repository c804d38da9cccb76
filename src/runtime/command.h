/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - one subcommand of kata-runtime */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct config;
struct err;
struct proc_id;

#define OCI_VERSION "1.2.0" /* of the runtime-spec that we follow */

struct globals {
	const char *program;     /* argv[0]'s last part, for messages */
	const char *config_path; /* --kata-config, or NULL */
	const char *root;        /* --root: recorded, never a place of state (design E12) */
	const char *log;
	const char *log_format;
	const char *rootless;
	bool debug;
	bool systemd_cgroup;
	bool show_default_paths;
	bool version;
};

struct command {
	const char *name;
	const char *alias; /* as Kata 2 and later call it; or NULL */
	const char *summary;
	/* argv[0] is "kata-runtime <name>". Returns the exit code, or -errno. */
	int (*run)(const struct globals *globals, int argc, char **argv, struct err *err);
};

extern const struct command cmd_check;
extern const struct command cmd_config;
extern const struct command cmd_create;
extern const struct command cmd_delete;
extern const struct command cmd_env;
extern const struct command cmd_events;
extern const struct command cmd_exec;
extern const struct command cmd_explain;
extern const struct command cmd_factory;
extern const struct command cmd_features;
extern const struct command cmd_kata_ipvs;
extern const struct command cmd_kill;
extern const struct command cmd_list;
extern const struct command cmd_metrics;
extern const struct command cmd_network;
extern const struct command cmd_overhead;
extern const struct command cmd_pause;
extern const struct command cmd_ps;
extern const struct command cmd_resume;
extern const struct command cmd_run;
extern const struct command cmd_spec;
extern const struct command cmd_start;
extern const struct command cmd_state;
extern const struct command cmd_timeline;
extern const struct command cmd_update;

/*
 * Loads the configuration. @warn: also tell, on standard error, about unknown
 * keys and, once per boot of the host, about a missing KVM.
 */
int load_config(const struct globals *globals, bool warn, struct config **ret, struct err *err);

/* --preserve-fds: -ENOTSUP for more than none. @text may be NULL. */
int check_preserved_fds(const char *text, struct err *err);

/* Whether cgroups that may not be written are no error: --rootless. */
bool cgroups_optional(const struct globals *globals);

/* For a command whose one argument is a container: its full id, owned. As opt_parse(). */
int parse_container_id(int argc, char **argv, char **ret_id, struct err *err);

/* All of standard input, up to @max bytes; *ret is owned. -EFBIG: there is more. */
int read_stdin(size_t max, char **ret, size_t *ret_len, struct err *err);

/* @bundle as an absolute path of an existing directory, owned. */
int resolve_bundle(const char *bundle, char **ret, struct err *err);

/*
 * Waits for a shim of ours to end, passing signals on to it. Returns its exit
 * code, or 128 + the signal that ended it.
 */
int wait_shim(const struct proc_id *shim, struct err *err);
