/* SPDX-License-Identifier: Apache-2.0 */
/* host_facts.h - what this host is, for people who read a report */
#pragma once

#include <stddef.h>

/*
 * The value of @name in text of the form NAME<separator>VALUE, one a line, as
 * /etc/os-release ('=') and /proc/cpuinfo (':') have it; without quotes, owned. "" when it is not
 * there.
 */
char *fact_of(const char *text, const char *name, char separator);

/* The same from a file of at most 4 MiB; "" when it cannot be read. */
char *fact_of_file(const char *path, const char *name, char separator);

/* As Go calls them: "amd64", "arm64"; else as uname(2) does. Lasts. */
const char *go_architecture(const char *machine);
