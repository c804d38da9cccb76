/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.h - build a container's file system and move into it */
#pragma once

struct err;
struct oci_spec;

/*
 * In a mount namespace of our own: mounts the root and everything in
 * spec->mounts, makes the devices and makes the result "/". The container's
 * files are hostile; every target is resolved by base/safepath.
 */
int rootfs_enter(const struct oci_spec *spec, struct err *err);

/* The last changes, when nothing has to be made any more: sysctl, masked and read-only paths. */
int rootfs_seal(const struct oci_spec *spec, struct err *err);
