/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - numbers in the text format of Prometheus, out of the files of /proc
 *
 * Names of files are below @proc, a directory; "/proc" but for tests. What cannot be read is
 * left out. Everything is a gauge: what counts, counts from the start of something that may
 * start again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;

#define METRICS_ITEMS_MAX 512u /* lines that are read of one file */

/* "# HELP" and "# TYPE". */
void metrics_head(struct buf *out, const char *name, const char *help);

/* @labels: name, value, name, value, … NULL. Values are escaped. */
void metrics_value(struct buf *out, const char *name, const char *const *labels, double value);

/* "Key:   12 kB" lines, as of /proc/meminfo, in bytes, as NAME{item="key"}. */
void metrics_key_values(struct buf *out, const char *name, const char *help, const char *proc,
			const char *file);

/* "key 12" lines, as of /proc/vmstat. */
void metrics_words(struct buf *out, const char *name, const char *help, const char *proc,
		   const char *file);

/* /proc/stat's time of each processor, in seconds. */
void metrics_cpu(struct buf *out, const char *name, const char *proc);

/* /proc/net/dev below @proc, which may be a process's directory. */
void metrics_interfaces(struct buf *out, const char *name, const char *proc);

void metrics_disks(struct buf *out, const char *name, const char *proc);

/* /proc/loadavg: NAME_load and NAME_tasks. */
void metrics_load(struct buf *out, const char *prefix, const char *proc);

/* What is a member of a group of processes. */
struct metrics_process {
	pid_t pid;
	const char *label; /* the value of the label that tells them apart, or NULL */
};

/*
 * PREFIX_threads, _fds, _proc_stat, _proc_status, _io_stat of each; @label_name is the
 * name of the label.
 */
void metrics_processes(struct buf *out, const char *prefix, const char *label_name,
		       const struct metrics_process *list, size_t n, const char *proc);

/* "MemTotal", "Active(anon)", "HugePages_Free" as mem_total, active_anon, huge_pages_free; owned.
 */
char *metrics_item(const char *name);
