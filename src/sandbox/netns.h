/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns.h - the network namespace of a sandbox
 *
 * QEMU, virtiofsd, kata-proxy and every shim live in it, so /proc/<shim>/ns/net
 * is what engines expect of a container's pid. One that we made has no name: it
 * goes with the last of these processes, and there is nothing to clean up.
 */
#pragma once

struct config;
struct err;
struct oci_spec;

/*
 * The namespace that linux.namespaces names, or a new one when it names none;
 * the host's with disable_new_netns.
 * Returns a descriptor; -EINVAL when the path is not a network namespace, and
 * -ENOTSUP when it is the one that we run in: --net=host.
 */
int netns_open(const struct config *config, const struct oci_spec *spec, struct err *err);

/* The path by which @spec names it, borrowed, or NULL. */
const char *netns_path(const struct oci_spec *spec);

/* That of a sandbox whose machine is alive. Returns a descriptor or -errno. */
int netns_of(const char *sid, struct err *err);
