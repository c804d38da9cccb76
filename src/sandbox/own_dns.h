/* SPDX-License-Identifier: Apache-2.0 */
/* own_dns.h - the name servers that an annotation gives a sandbox */
#pragma once

struct config;
struct err;
struct oci_spec;

/*
 * With annotation io.katacontainers.sandbox_dns (openEuler patch 0045) every container of the
 * sandbox has a resolv.conf made of it, read only, whatever its engine has mounted there. The
 * file lies in the sandbox's directory; @spec is changed. Nothing without the annotation.
 */
int own_dns_apply(const struct config *config, const char *sid, struct oci_spec *spec,
		  struct err *err);

/* Whether the annotation can be taken; before anything is made. */
int own_dns_check(const struct config *config, struct err *err);

/*
 * {"Servers": [], "Domain": "", "Searches": [], "Options": []} as resolv.conf(5); owned. -EINVAL
 * with the member's name for what is not right in it.
 */
int own_dns_text(const char *json, char **ret, struct err *err);
