/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/pod.h"

#include <errno.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"
#include "sandbox/sandbox.h"

/* Source: containerd's CRI plugin, dockershim, CRI-O; reference 00, section 7. */
static const struct {
	const char *type_key;
	const char *member;
	const char *sandbox_key;
} engines[] = {
	{ "io.kubernetes.cri.container-type", "container", "io.kubernetes.cri.sandbox-id" },
	{ "io.kubernetes.docker.type", "container", "io.kubernetes.sandbox.id" },
	{ "io.kubernetes.cri-o.ContainerType", "container", "io.kubernetes.cri-o.SandboxID" },
};

int pod_sandbox_of(const struct oci_spec *spec, const char *id, const char **ret, struct err *err)
{
	*ret = id;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		const char *type = oci_spec_annotation(spec, engines[i].type_key);
		const char *sandbox = oci_spec_annotation(spec, engines[i].sandbox_key);

		if (!type || !str_eq(type, engines[i].member))
			continue;
		if (str_empty(sandbox))
			return err_set(
				err, EINVAL,
				"annotations: %s is '%s' but %s, the sandbox's id, is missing",
				engines[i].type_key, type, engines[i].sandbox_key);
		*ret = sandbox;
		return id_check(sandbox, err);
	}
	return 0;
}
