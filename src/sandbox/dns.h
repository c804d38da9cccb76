/* SPDX-License-Identifier: Apache-2.0 */
/* dns.h - name servers that only the host can reach */
#pragma once

#include <stddef.h>

struct oci_spec;

/*
 * The first name server of 127.0.0.0/8 in the container's /etc/resolv.conf, as
 * Docker's on user-defined networks (127.0.0.11): it is on the lo of the
 * sandbox's namespace, and the guest has a lo of its own. Owned, or NULL.
 */
char *dns_of(const struct oci_spec *spec);

/* The same from the file's text. */
char *dns_in_resolv_conf(const char *text);
