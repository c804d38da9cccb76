/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

#define FILE_MAX_BYTES (1u << 20)

void metrics_head(struct buf *out, const char *name, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void put_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_printf(out, "\\%c", *value);
		else if ((unsigned char)*value < ' ')
			buf_append(out, " ", 1);
		else
			buf_append(out, value, 1);
	}
	buf_append(out, "\"", 1);
}

void metrics_value(struct buf *out, const char *name, const char *const *labels, double value)
{
	buf_printf(out, "%s", name);
	for (const char *const *label = labels; label && label[0]; label += 2) {
		buf_append(out, label == labels ? "{" : ",", 1);
		put_label(out, label[0], label[1]);
	}
	buf_printf(out, "%s %.17g\n", labels && labels[0] ? "}" : "", value);
}

static void put_item(struct buf *out, const char *name, const char *item, double value)
{
	const char *const labels[] = { "item", item, NULL };

	metrics_value(out, name, labels, value);
}

char *metrics_item(const char *name)
{
	char *item = xcalloc(1, 2 * strlen(name) + 1);
	char *to = item;

	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c)) {
			if (to > item && to[-1] != '_')
				*to++ = '_';
			continue;
		}
		if (isupper((unsigned char)*c) && c > name && islower((unsigned char)c[-1]))
			*to++ = '_';
		*to++ = (char)tolower((unsigned char)*c);
	}
	if (to > item && to[-1] == '_')
		to--;
	*to = '\0';
	return item;
}

/* The lines of a file, METRICS_ITEMS_MAX at most; NULL: it cannot be read. */
static char **lines_of(const char *proc, const char *file)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", proc, file);
	CLEANUP(free) char *text = NULL;
	char **lines;

	if (file_read_at(AT_FDCWD, path, FILE_MAX_BYTES, &text) < 0)
		return NULL;
	lines = strv_split(text, "\n");
	for (size_t n = strv_len(lines); n > METRICS_ITEMS_MAX; n--) {
		free(lines[n - 1]);
		lines[n - 1] = NULL;
	}
	return lines;
}

void metrics_key_values(struct buf *out, const char *name, const char *help, const char *proc,
			const char *file)
{
	CLEANUP(strv_free) char **lines = lines_of(proc, file);

	if (!lines)
		return;
	metrics_head(out, name, help);
	for (char **line = lines; *line; line++) {
		char *colon = strchr(*line, ':');
		CLEANUP(free) char *item = NULL;
		double value;
		char *end;

		if (!colon)
			continue;
		*colon = '\0';
		value = strtod(colon + 1, &end);
		if (end == colon + 1 || (*end && *end != ' '))
			continue;
		item = metrics_item(*line);
		put_item(out, name, item, str_eq(end, " kB") ? value * 1024 : value);
	}
}

void metrics_words(struct buf *out, const char *name, const char *help, const char *proc,
		   const char *file)
{
	CLEANUP(strv_free) char **lines = lines_of(proc, file);

	if (!lines)
		return;
	metrics_head(out, name, help);
	for (char **line = lines; *line; line++) {
		char *blank = strpbrk(*line, ": ");

		if (!blank)
			continue;
		*blank = '\0';
		put_item(out, name, *line, strtod(blank + 1, NULL));
	}
}

/* One value of NAME{@label="@who",item="…"} for each of @items. */
static void put_columns(struct buf *out, const char *name, const char *label, const char *who,
			const char *const *items, char *const *words, double scale)
{
	for (; *items && *words; items++, words++) {
		const char *const labels[] = { label, who, "item", *items, NULL };

		metrics_value(out, name, labels, strtod(*words, NULL) * scale);
	}
}

void metrics_cpu(struct buf *out, const char *name, const char *proc)
{
	static const char *const items[] = { "user",   "nice",       "system",  "idle",
					     "iowait", "irq",        "softirq", "steal",
					     "guest",  "guest_nice", NULL };
	CLEANUP(strv_free) char **lines = lines_of(proc, "stat");
	double scale = 1.0 / (double)sysconf(_SC_CLK_TCK);

	if (!lines)
		return;
	metrics_head(out, name, "time that processors have spent, in seconds");
	for (char **line = lines; *line; line++) {
		CLEANUP(strv_free) char **words = strv_split(*line, " ");

		if (!words || !str_starts(words[0], "cpu"))
			continue;
		put_columns(out, name, "cpu", words[0][3] ? words[0] + 3 : "total", items,
			    words + 1, scale);
	}
}

void metrics_interfaces(struct buf *out, const char *name, const char *proc)
{
	static const char *const items[] = {
		"recv_bytes", "recv_packets", "recv_errs",       "recv_drop",
		"recv_fifo",  "recv_frame",   "recv_compressed", "recv_multicast",
		"sent_bytes", "sent_packets", "sent_errs",       "sent_drop",
		"sent_fifo",  "sent_colls",   "sent_carrier",    "sent_compressed",
		NULL
	};
	CLEANUP(strv_free) char **lines = lines_of(proc, "net/dev");

	if (!lines)
		return;
	metrics_head(out, name, "what went over network interfaces");
	for (char **line = lines; *line; line++) {
		char *colon = strchr(*line, ':');
		CLEANUP(strv_free) char **words = NULL;

		if (!colon)
			continue; /* the headings */
		*colon = '\0';
		words = strv_split(colon + 1, " ");
		if (words)
			put_columns(out, name, "interface", *line + strspn(*line, " "), items,
				    words, 1);
	}
}

void metrics_disks(struct buf *out, const char *name, const char *proc)
{
	static const char *const items[] = { "reads",
					     "merged",
					     "sectors_read",
					     "time_reading",
					     "writes",
					     "writes_merged",
					     "sectors_written",
					     "time_writing",
					     "in_progress",
					     "time_in_progress",
					     "weighted_time_in_progress",
					     NULL };
	CLEANUP(strv_free) char **lines = lines_of(proc, "diskstats");

	if (!lines)
		return;
	metrics_head(out, name, "what went to and from disks");
	for (char **line = lines; *line; line++) {
		CLEANUP(strv_free) char **words = strv_split(*line, " ");

		if (strv_len(words) > 3)
			put_columns(out, name, "disk", words[2], items, words + 3, 1);
	}
}

void metrics_load(struct buf *out, const char *prefix, const char *proc)
{
	static const char *const items[] = { "load1", "load5", "load15" };
	CLEANUP(free) char *load = xasprintf("%s_load", prefix);
	CLEANUP(free) char *tasks = xasprintf("%s_tasks", prefix);
	CLEANUP(strv_free) char **lines = lines_of(proc, "loadavg");
	CLEANUP(strv_free) char **words = NULL;

	if (!lines || !lines[0])
		return;
	words = strv_split(lines[0], " /");
	if (strv_len(words) < 5)
		return;
	metrics_head(out, load, "average number of tasks that run or want to");
	for (size_t i = 0; i < 3; i++)
		put_item(out, load, items[i], strtod(words[i], NULL));
	metrics_head(out, tasks, "tasks that run now, and all");
	put_item(out, tasks, "cur", strtod(words[3], NULL));
	put_item(out, tasks, "max", strtod(words[4], NULL));
}

/* One group of metrics of a process: what stands in one file, or is counted. */
typedef void (*process_fn)(struct buf *out, const char *name, const char *const *who,
			   const char *dir);

static void put_of(struct buf *out, const char *name, const char *const *who, const char *item,
		   double value)
{
	const char *labels[5] = { NULL };
	size_t n = 0;

	if (who[1]) {
		labels[n++] = who[0];
		labels[n++] = who[1];
	}
	if (item) {
		labels[n++] = "item";
		labels[n++] = item;
	}
	metrics_value(out, name, labels, value);
}

/* Source: proc(5), /proc/pid/stat; behind the name, which may hold blanks and brackets. */
static char **stat_words(const char *dir)
{
	CLEANUP(strv_free) char **lines = lines_of(dir, "stat");
	const char *bracket = lines && lines[0] ? strrchr(lines[0], ')') : NULL;

	return bracket ? strv_split(bracket + 1, " ") : NULL;
}

static void put_threads(struct buf *out, const char *name, const char *const *who, const char *dir)
{
	CLEANUP(strv_free) char **words = stat_words(dir);

	if (words && strv_len(words) > 17)
		put_of(out, name, who, NULL, strtod(words[17], NULL));
}

static void put_stat(struct buf *out, const char *name, const char *const *who, const char *dir)
{
	static const struct {
		const char *item;
		size_t word;
	} items[] = { { "minflt", 7 },     { "cminflt", 8 }, { "majflt", 9 },
		      { "cmajflt", 10 },   { "utime", 11 },  { "stime", 12 },
		      { "cutime", 13 },    { "cstime", 14 }, { "num_threads", 17 },
		      { "starttime", 19 }, { "vsize", 20 },  { "rss", 21 } };
	CLEANUP(strv_free) char **words = stat_words(dir);

	if (!words || strv_len(words) < 22)
		return;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		put_of(out, name, who, items[i].item, strtod(words[items[i].word], NULL));
}

/* Of a file with "Key: number …" lines: those that are numbers. */
static void put_keys(struct buf *out, const char *name, const char *const *who, const char *dir,
		     const char *file, const char *only)
{
	CLEANUP(strv_free) char **lines = lines_of(dir, file);

	for (char **line = lines; line && *line; line++) {
		char *colon = strchr(*line, ':');
		CLEANUP(free) char *item = NULL;

		if (!colon || (only && !strstr(*line, only)))
			continue;
		*colon = '\0';
		item = metrics_item(*line);
		put_of(out, name, who, item,
		       strtod(colon + 1, NULL) * (strstr(colon + 1, " kB") ? 1024 : 1));
	}
}

static void put_status(struct buf *out, const char *name, const char *const *who, const char *dir)
{
	put_keys(out, name, who, dir, "status", " kB");
}

static void put_io(struct buf *out, const char *name, const char *const *who, const char *dir)
{
	put_keys(out, name, who, dir, "io", NULL);
}

static void put_fds(struct buf *out, const char *name, const char *const *who, const char *dir)
{
	CLEANUP(free) char *path = xasprintf("%s/fd", dir);
	DIR *fds = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	if (!fds)
		return;
	while ((entry = readdir(fds)))
		n += entry->d_name[0] != '.';
	closedir(fds);
	put_of(out, name, who, NULL, n);
}

void metrics_processes(struct buf *out, const char *prefix, const char *label_name,
		       const struct metrics_process *list, size_t n, const char *proc)
{
	static const struct {
		const char *name;
		const char *help;
		process_fn put;
	} groups[] = {
		{ "threads", "threads of the process", put_threads },
		{ "fds", "open descriptors of the process", put_fds },
		{ "proc_stat", "of /proc/PID/stat, in its units", put_stat },
		{ "proc_status", "of /proc/PID/status, in bytes", put_status },
		{ "io_stat", "of /proc/PID/io", put_io },
	};

	for (size_t g = 0; n > 0 && g < sizeof(groups) / sizeof(groups[0]); g++) {
		CLEANUP(free) char *name = xasprintf("%s_%s", prefix, groups[g].name);

		metrics_head(out, name, groups[g].help);
		for (size_t i = 0; i < n; i++) {
			CLEANUP(free) char *dir = xasprintf("%s/%d", proc, list[i].pid);
			const char *const who[] = { label_name, list[i].label };

			groups[g].put(out, name, who, dir);
		}
	}
}
