/* SPDX-License-Identifier: Apache-2.0 */
/* own_blkio.h - how fast a sandbox may use the host's disks, by an annotation */
#pragma once

struct cgroup;
struct config;
struct err;
struct oci_resources;

/* Whether annotation io.katacontainers.blkio_cgroup can be taken; before anything is made. */
int own_blkio_check(const struct config *config, struct err *err);

/*
 * Sets the annotation's limits on the sandbox's cgroup of the host, in which are QEMU and
 * virtiofsd. Nothing without the annotation; -ENOTSUP without a cgroup (NULL).
 */
int own_blkio_apply(const struct config *config, struct cgroup *cgroup, struct err *err);

/*
 * {"blkiocgroup": [{"path": "/dev/sda", "limits": [{"type": "throttle_read_bps", "value": 400}]},
 * {"limits": [{"type": "blkio_weight", "value": 100}]}]} into an empty @ret. -EINVAL with the
 * JSON path of what is wrong. Source: openEuler patch 0056.
 */
int own_blkio_parse(const char *json, struct oci_resources *ret, struct err *err);
