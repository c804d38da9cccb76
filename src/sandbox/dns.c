/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

#define RESOLV_CONF     "/etc/resolv.conf"
#define RESOLV_CONF_MAX (64u << 10)

char *dns_in_resolv_conf(const char *text)
{
	CLEANUP(strv_free) char **lines = strv_split(text, "\n");

	for (char **line = lines; line && *line; line++) {
		CLEANUP(strv_free) char **words = strv_split(*line, " \t\r");
		struct in_addr address;

		if (strv_len(words) >= 2 && str_eq(words[0], "nameserver") &&
		    inet_pton(AF_INET, words[1], &address) == 1 &&
		    ntohl(address.s_addr) >> 24 == 127)
			return xstrdup(words[1]);
	}
	return NULL;
}

char *dns_of(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		CLEANUP(free) char *text = NULL;
		struct err ignored = { 0 };

		if (!str_eq(spec->mounts[i].destination, RESOLV_CONF) || !spec->mounts[i].source)
			continue;
		/* What is wrong with it shows when it is mounted. */
		if (file_read(spec->mounts[i].source, RESOLV_CONF_MAX, &text, NULL, &ignored) == 0)
			return dns_in_resolv_conf(text);
	}
	return NULL;
}
