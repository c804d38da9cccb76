/* SPDX-License-Identifier: Apache-2.0 */
/* devices.h - the device nodes and links of a container's /dev */
#pragma once

struct err;
struct oci_spec;

/*
 * The default devices and links of the runtime-spec and those of
 * linux.devices. A device that the guest does not have is made all the same:
 * opening it fails with ENXIO, as on a host without it.
 */
int devices_make(int root, const struct oci_spec *spec, struct err *err);

/*
 * A detached mount of the container's null device, checked to be one: an image
 * can put a link in its place (CVE-2025-31133).
 */
int devices_null_mount(int root, int *ret, struct err *err);
