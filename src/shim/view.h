/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - the container's files as the host sees them
 *
 * Podman, nsenter and others enter the mount namespace of a container's pid and
 * work there as if they were in the container: "podman cp" writes, "podman top"
 * reads /proc. Were it the host's, they would work on the host's own files. So
 * the shim of a container has one of its own, with the container's root as "/",
 * its volumes where they belong, and a /proc of its own pid namespace. What the
 * guest alone has (tmpfs, /dev) is not there.
 */
#pragma once

struct err;

/*
 * Enters it. @list_fd holds, each with a zero byte behind it: the root, then
 * pairs of a source on the host and its place in the container. An empty root is
 * one that only the guest may use: the view has nothing but /proc. A volume whose
 * place cannot be found is left out, with a warning.
 */
int view_enter(int list_fd, struct err *err);
