/* SPDX-License-Identifier: Apache-2.0 */
/* namespaces.h - which namespaces a container gets, and its user mappings */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct oci_spec;

/*
 * Whether we can make what linux.namespaces asks for: a mount namespace of its
 * own always, a user namespace only with mappings for root and never one that
 * exists. -EINVAL or -ENOTSUP with the entry's name.
 */
int namespaces_check(const struct oci_spec *spec, struct err *err);

/* Has the container a user namespace? */
bool namespaces_has_user(const struct oci_spec *spec);

/* Must namespaces be entered or mapped before the container's first process is there? */
bool namespaces_need_helper(const struct oci_spec *spec);

/* CLONE_NEW* of those to make by clone3(2): all but the cgroup namespace, which
 * the process itself makes once it is in its cgroup. */
uint64_t namespaces_new(const struct oci_spec *spec);

/* CLONE_NEW* of those that a process which joins the container must enter. */
int namespaces_of(const struct oci_spec *spec);

/* Enters the namespaces that linux.namespaces[].path names, but for the mount namespace. */
int namespaces_enter(const struct oci_spec *spec, struct err *err);

/* Writes the mappings of @pid, which is in its new user namespace. */
int namespaces_map(const struct oci_spec *spec, pid_t pid, struct err *err);
