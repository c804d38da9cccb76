/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one line per event, in logrus's text or JSON form, as container engines read it */
#pragma once

#include <stdbool.h>

struct err;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * The only global state of a program. @name is the program's and stays in every
 * line; nothing is written before log_open_*() was called.
 */
void log_init(const char *name, enum log_level level);
void log_set_level(enum log_level level);

/* Appends to @path (0640, truncated first). Returns 0 or errno of open(2). */
int log_open_file(const char *path, bool json, struct err *err);

/* The program's own descriptor, e.g. /dev/kmsg in the guest; borrowed. */
void log_open_fd(int fd, bool json);
void log_open_syslog(void);

/* A field of every later line: log_field("sandbox", id). At most 8; copied. */
void log_field(const char *key, const char *value);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * A warning for whoever typed the command: on standard error too, unless that is
 * a container's, as of "create" (log_tell_only_terminals()) when it is no terminal.
 */
void log_tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_tell_only_terminals(void);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
