/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.h - names on disk
 *
 * They are an interface: tools look there (reference 00, section 3). All lie
 * below the run directory, which is /run unless KATA_RUN_DIR moves it, for
 * tests (design E12). Every function returns an owned string.
 */
#pragma once

const char *paths_run_dir(void);

char *paths_sandboxes(void); /* <run>/vc/sbs */
char *paths_cache(void);     /* <run>/vc/cache: machines that are nobody's yet */
char *paths_swept(void);     /* <run>/vc/swept: the boot in which what others left was removed */
char *paths_sandbox(const char *sid);                    /* …/<sid> */
char *paths_container(const char *sid, const char *cid); /* …/<sid>/<cid> */
char *paths_proxy_socket(const char *sid);
char *paths_vm(const char *sid);           /* <run>/vc/vm/<sid> */
char *paths_share(const char *sid);        /* …/shared/sandboxes/<sid> */
char *paths_share_mounts(const char *sid); /* …/mounts: where we mount */
char *paths_share_export(const char *sid); /* …/shared: what the guest sees */
char *paths_mappings(void);                /* …/containers-mapping */
char *paths_mapping(const char *cid);      /* …/<cid>, holds a directory <sid> */

/* In the guest: where the share is mounted. */
#define GUEST_SHARE "/run/kata-containers/shared/containers"
#define GUEST_SHM   "/run/kata-containers/sandbox/shm"
