/* SPDX-License-Identifier: Apache-2.0 */
/* err_report.h - how a program says that it has failed */
#pragma once

struct err;

/* "text [KATA-…]", owned. */
char *err_line(const struct err *err);

/*
 * Into the log: that line, with the fields "code", "object" (the outermost thing
 * that the text names), "cause" (the innermost) and "remedy".
 */
void err_log(const struct err *err);

/*
 * Into the log, and on standard error: that line, behind "@program: " where that
 * is not NULL. On a terminal a second line says what to do.
 */
void err_report(const struct err *err, const char *program);
