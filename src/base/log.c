/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log_internal.h"
#include "base/log_line.h"
#include "base/mem.h"
#include "base/str.h"

#define LOG_FIELDS_MAX 8u
#define LOG_NAME_MAX   64u

/* What a place could not take since it last took something. */
struct losses {
	uint64_t lines;
	bool torn; /* the last line of the file has no end */
};

static struct {
	const char *name;
	const char *source;
	enum log_level level;
	log_system_fn system;
	log_hook_fn hook;
	int fd;
	bool json;
	struct losses of_file;
	struct losses of_system;
	uint64_t lost;
	struct log_field items[LOG_FIELDS_MAX];
	struct log_fields fields;
	bool tells_only_terminals;
} logger = { .name = "kata", .source = "kata", .level = LOG_LEVEL_WARN, .fd = -1 };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_init(const char *name, enum log_level level)
{
	logger.name = name;
	logger.source = str_starts(name, "kata-") ? name + strlen("kata-") : name;
	logger.level = level;
	logger.fields.items = logger.items;
}

void log_set_level(enum log_level level)
{
	logger.level = level;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

int log_level_parse(const char *name, enum log_level *ret)
{
	static const struct {
		const char *name;
		enum log_level level;
	} names[] = {
		{ "error", LOG_LEVEL_ERROR },  { "fatal", LOG_LEVEL_ERROR },
		{ "panic", LOG_LEVEL_ERROR },  { "warn", LOG_LEVEL_WARN },
		{ "warning", LOG_LEVEL_WARN }, { "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },  { "trace", LOG_LEVEL_DEBUG },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!str_eq(name, names[i].name))
			continue;
		*ret = names[i].level;
		return 0;
	}
	return -EINVAL;
}

/* A FIFO is opened for reading too: else it is an error that nobody reads it. */
static int open_path(const char *path)
{
	const int flags = O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;
	bool fifo = stat(path, &st) == 0 && S_ISFIFO(st.st_mode);

	return open(path, flags | (fifo ? O_RDWR : O_WRONLY), 0640);
}

int log_open_file(const char *path, bool json, struct err *err)
{
	int fd = open_path(path);

	if (fd < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO)) {
		log_tell("--log: open log file %s: %s: this command is not logged there", path,
			 strerror(errno));
		return 0;
	}
	if (fd < 0)
		return err_errno(err, "open log file %s", path);
	logger.fd = fd;
	logger.json = json;
	return 0;
}

void log_open_fd(int fd, bool json)
{
	logger.fd = fd;
	logger.json = json;
}

void log_set_system(log_system_fn fn)
{
	logger.system = fn;
}

void log_set_hook(log_hook_fn fn)
{
	logger.hook = fn;
}

void log_field(const char *key, const char *value)
{
	struct log_fields *fields = &logger.fields;

	for (size_t i = 0; i < fields->n; i++) {
		if (str_eq(logger.items[i].key, key)) {
			free(logger.items[i].value);
			logger.items[i].value = xstrdup(value);
			return;
		}
	}
	if (fields->n == LOG_FIELDS_MAX)
		return;
	logger.items[fields->n].key = xstrdup(key);
	logger.items[fields->n++].value = xstrdup(value);
}

/* False: it is lost. */
static bool put_file(const struct log_entry *entry, const struct log_fields *fields)
{
	__attribute__((cleanup(buf_donep))) struct buf line = { 0 };
	ssize_t n;

	if (logger.of_file.torn)
		buf_append(&line, "\n", 1);
	if (logger.json)
		log_line_json(&line, entry, fields);
	else
		log_line_text(&line, entry, fields);
	do
		n = write(logger.fd, buf_data(&line), buf_len(&line));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		logger.of_file.torn = (size_t)n < buf_len(&line);
	return n >= 0 && (size_t)n == buf_len(&line);
}

/* First what is missing, as far as it can be told now, then the line. */
static void put(const struct log_entry *entry, struct losses *losses, log_system_fn fn)
{
	struct log_entry loss = {
		.level = LOG_LEVEL_WARN,
		.time = entry->time,
		.pid = getpid(),
		.name = logger.name,
		.source = logger.source,
		.subsystem = "log",
	};
	CLEANUP(free) char *text = NULL;

	if (losses->lines > 0) {
		text = xasprintf("%" PRIu64 " lines are missing here: they could not be written",
				 losses->lines);
		loss.text = text;
		if (fn(&loss, &logger.fields))
			losses->lines = 0;
	}
	if (losses->lines == 0 && fn(entry, &logger.fields))
		return;
	losses->lines++;
	logger.lost++;
}

void log_entry(const struct log_entry *entry)
{
	int saved = errno; /* whoever logs an error may still want it */

	if (logger.hook)
		logger.hook(entry);
	if (logger.fd >= 0)
		put(entry, &logger.of_file, put_file);
	if (logger.system)
		put(entry, &logger.of_system, logger.system);
	errno = saved;
}

uint64_t log_lost(void)
{
	return logger.lost;
}

static void write_text(enum log_level level, const char *file, const char *container,
		       const char *text)
{
	struct log_entry entry = {
		.level = level,
		.pid = getpid(),
		.name = logger.name,
		.source = logger.source,
		.container = container,
		.text = text,
	};
	const char *base = path_base(file);
	char subsystem[LOG_NAME_MAX];

	(void)snprintf(subsystem, sizeof(subsystem), "%.*s", (int)strcspn(base, "."), base);
	entry.subsystem = subsystem;
	clock_gettime(CLOCK_REALTIME, &entry.time);
	log_entry(&entry);
}

void log_write(enum log_level level, const char *file, const char *container, const char *fmt, ...)
{
	char text[LOG_TEXT_MAX + 1];
	va_list ap;

	if (level > logger.level || (logger.fd < 0 && !logger.system && !logger.hook))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_text(level, file, container, text);
}

void log_tell_only_terminals(void)
{
	logger.tells_only_terminals = true;
}

void log_tell_from(const char *file, const char *fmt, ...)
{
	char text[LOG_TEXT_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (logger.level >= LOG_LEVEL_WARN)
		write_text(LOG_LEVEL_WARN, file, NULL, text);
	if (!logger.tells_only_terminals || isatty(STDERR_FILENO))
		(void)fprintf(stderr, "%s: warning: %s\n", logger.name, text);
}
