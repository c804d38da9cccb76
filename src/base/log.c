/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"

#define LOG_TEXT_MAX   1024u /* openEuler patch 0081 cuts messages here */
#define LOG_FIELDS_MAX 8u

static struct {
	const char *name;
	enum log_level level;
	int fd;
	bool json;
	bool syslog;
	unsigned n_fields;
	char *keys[LOG_FIELDS_MAX];
	char *values[LOG_FIELDS_MAX];
	bool tells_only_terminals;
} logger = { .name = "kata", .level = LOG_LEVEL_WARN, .fd = -1 };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_init(const char *name, enum log_level level)
{
	logger.name = name;
	logger.level = level;
}

void log_set_level(enum log_level level)
{
	logger.level = level;
}

int log_open_file(const char *path, bool json, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0)
		return err_errno(err, "open log file %s", path);
	log_open_fd(fd, json);
	return 0;
}

void log_open_fd(int fd, bool json)
{
	logger.fd = fd;
	logger.json = json;
}

void log_open_syslog(void)
{
	openlog(logger.name, LOG_PID, LOG_DAEMON);
	logger.syslog = true;
}

void log_field(const char *key, const char *value)
{
	for (unsigned i = 0; i < logger.n_fields; i++) {
		if (str_eq(logger.keys[i], key)) {
			free(logger.values[i]);
			logger.values[i] = xstrdup(value);
			return;
		}
	}
	if (logger.n_fields == LOG_FIELDS_MAX)
		return;
	logger.keys[logger.n_fields] = xstrdup(key);
	logger.values[logger.n_fields++] = xstrdup(value);
}

static void format_time(char *ret, size_t size)
{
	struct timespec ts;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	len = strftime(ret, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + len, size - len, ".%09ldZ", ts.tv_nsec);
}

static void write_line(enum log_level level, const char *text)
{
	CLEANUP(free) char *line = NULL;
	struct json_writer w = { 0 };
	char when[64];

	format_time(when, sizeof(when));
	if (logger.json) {
		json_open_object(&w, NULL);
		json_put_string(&w, "level", level_names[level]);
		json_put_string(&w, "msg", text);
		json_put_string(&w, "name", logger.name);
		json_put_i64(&w, "pid", getpid());
		for (unsigned i = 0; i < logger.n_fields; i++)
			json_put_string(&w, logger.keys[i], logger.values[i]);
		json_put_string(&w, "time", when);
		json_close_object(&w);
	} else {
		/* logrus's text form quotes as JSON does. */
		buf_printf(&w.out, "time=\"%s\" level=%s msg=", when, level_names[level]);
		w.depth = 0;
		json_put_string(&w, NULL, text);
		buf_printf(&w.out, " name=%s pid=%d", logger.name, getpid());
		for (unsigned i = 0; i < logger.n_fields; i++)
			buf_printf(&w.out, " %s=%s", logger.keys[i], logger.values[i]);
	}
	buf_append(&w.out, "\n", 1);
	line = json_finish(&w);
	(void)write_full(logger.fd, line, strlen(line)); /* a full disk must not stop the program */
}

void log_write(enum log_level level, const char *fmt, ...)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
	char text[LOG_TEXT_MAX];
	va_list ap;

	if (level > logger.level || (logger.fd < 0 && !logger.syslog))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (logger.fd >= 0)
		write_line(level, text);
	if (logger.syslog)
		syslog(priorities[level], "%s", text);
}

void log_tell_only_terminals(void)
{
	logger.tells_only_terminals = true;
}

void log_tell(const char *fmt, ...)
{
	char text[LOG_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warn("%s", text);
	if (!logger.tells_only_terminals || isatty(STDERR_FILENO))
		(void)fprintf(stderr, "%s: warning: %s\n", logger.name, text);
}
