/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - one line per event, in logrus's text or JSON form, as container engines read it
 *
 * A line goes to a file, and to the system's log: journald where there is one, else
 * syslog. Neither is ever waited for: what a full disk, a pipe without a reader or a
 * daemon that does not read cannot take is dropped and counted, and the next line
 * that gets through is preceded by one that tells how many are missing.
 * docs/logging.md has the fields.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct err;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

#define LOG_TEXT_MAX 1024u /* bytes of a message: openEuler patch 0081 cuts them here */

/* What is logged. Strings are borrowed for the call; those that are NULL are left out. */
struct log_entry {
	enum log_level level;
	struct timespec time;
	pid_t pid;
	const char *name;      /* of the program */
	const char *source;    /* its part of the system: "runtime", "agent" */
	const char *subsystem; /* where in it */
	const char *container; /* of this line, before the field of the program */
	const char *text;
};

/*
 * The only global state of a program. @name is the program's and stays in every
 * line; without its "kata-" it is the field "source". Nothing is written before
 * one of log_open_file(), log_open_fd() and log_open_system() was called.
 */
void log_init(const char *name, enum log_level level);
void log_set_level(enum log_level level);

/* logrus's names: "warn" and "warning", "fatal" and "panic" are errors. -EINVAL: another. */
int log_level_parse(const char *name, enum log_level *ret);
const char *log_level_name(enum log_level level);

/*
 * Appends to @path (0640, truncated first). Returns 0 or errno of open(2). A disk
 * without room for it is no error: the command goes on without this log.
 */
int log_open_file(const char *path, bool json, struct err *err);

/* A file that is open; borrowed. */
void log_open_fd(int fd, bool json);

/* The system's log; _at() is for tests. */
void log_open_system(void);
void log_open_system_at(const char *journal, const char *syslog);
/* From now on its daemon is waited for, so long in all; so far it never was. */
void log_set_patience(uint64_t total_ms);

/* Is told each line instead of anything being written; for the agent. */
typedef void (*log_hook_fn)(const struct log_entry *entry);
void log_set_hook(log_hook_fn fn);

/* A field of every later line: log_field("sandbox", id). At most 8; copied. */
void log_field(const char *key, const char *value);

/* A line that is another's: its own level, time and name count. */
void log_entry(const struct log_entry *entry);

/* Lines that nobody could take, since the start. */
uint64_t log_lost(void);

/* @file names the place ("src/vm/boot.c"): its last part is the field "subsystem". */
void log_write(enum log_level level, const char *file, const char *container, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * A warning for whoever typed the command: on standard error too, unless that is
 * a container's, as of "create" (log_tell_only_terminals()) when it is no terminal.
 */
void log_tell_from(const char *file, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_tell_only_terminals(void);

#define log_tell(...)  log_tell_from(__FILE__, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __FILE__, NULL, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __FILE__, NULL, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __FILE__, NULL, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __FILE__, NULL, __VA_ARGS__)

/* The same about one container: log_about(WARN, id, "container %s: …", …). */
#define log_about(level, id, ...) log_write(LOG_LEVEL_##level, __FILE__, id, __VA_ARGS__)
