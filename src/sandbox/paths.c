/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/paths.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "paths-config.h"

const char *paths_run_dir(void)
{
	/* Not getenv(): a program that somebody else gave privileges must not be led astray. */
	const char *dir = geteuid() == 0 ? secure_getenv("KATA_RUN_DIR") : NULL;

	return dir && *dir == '/' ? dir : KATA_DEFAULT_RUN_DIR;
}

char *paths_sandboxes(void)
{
	return xasprintf("%s/vc/sbs", paths_run_dir());
}

char *paths_cache(void)
{
	return xasprintf("%s/vc/cache", paths_run_dir());
}

char *paths_swept(void)
{
	return xasprintf("%s/vc/swept", paths_run_dir());
}

char *paths_sandbox(const char *sid)
{
	return xasprintf("%s/vc/sbs/%s", paths_run_dir(), sid);
}

char *paths_container(const char *sid, const char *cid)
{
	return xasprintf("%s/vc/sbs/%s/%s", paths_run_dir(), sid, cid);
}

char *paths_proxy_socket(const char *sid)
{
	return xasprintf("%s/vc/sbs/%s/proxy.sock", paths_run_dir(), sid);
}

char *paths_vm(const char *sid)
{
	return xasprintf("%s/vc/vm/%s", paths_run_dir(), sid);
}

char *paths_share(const char *sid)
{
	return xasprintf("%s/kata-containers/shared/sandboxes/%s", paths_run_dir(), sid);
}

char *paths_share_mounts(const char *sid)
{
	return xasprintf("%s/kata-containers/shared/sandboxes/%s/mounts", paths_run_dir(), sid);
}

char *paths_share_export(const char *sid)
{
	return xasprintf("%s/kata-containers/shared/sandboxes/%s/shared", paths_run_dir(), sid);
}

char *paths_mappings(void)
{
	return xasprintf("%s/kata-containers/containers-mapping", paths_run_dir());
}

char *paths_mapping(const char *cid)
{
	return xasprintf("%s/kata-containers/containers-mapping/%s", paths_run_dir(), cid);
}
