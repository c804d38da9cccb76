/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/json_writer.h"
#include "oci/spec.h"
#include "runtime/command.h"
#include "version.h"

static void put_words(struct json_writer *w, const char *key, const char *const *words)
{
	json_open_array(w, key);
	for (; *words; words++)
		json_put_string(w, NULL, *words);
	json_close_array(w);
}

static void put_enabled(struct json_writer *w, const char *key, bool enabled)
{
	json_open_object(w, key);
	json_put_bool(w, "enabled", enabled);
	json_close_object(w);
}

static void put_linux(struct json_writer *w)
{
	static const char *const namespaces[] = { "cgroup", "ipc",  "mount", "network",
						  "pid",    "user", "uts",   NULL };

	json_open_object(w, "linux");
	put_words(w, "namespaces", namespaces);
	json_open_object(w, "cgroup");
	json_put_bool(w, "v1", true);
	json_put_bool(w, "v2", true);
	json_put_bool(w, "systemd", false); /* its paths are used, it is not asked */
	json_put_bool(w, "systemdUser", false);
	json_close_object(w);
	put_enabled(w, "seccomp", true);
	put_enabled(w, "apparmor", false);
	put_enabled(w, "selinux", false);
	put_enabled(w, "intelRdt", false);
	json_close_object(w);
}

/* Source: runtime-spec, features.md. What is not there is unknown. */
static int run_features(const struct globals *globals __attribute__((unused)), int argc,
			char **argv, struct err *err)
{
	struct json_writer w = { .indent = 2 };
	CLEANUP(free) char *text = NULL;
	int r;

	const struct opt opts[] = { OPT_END };

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	json_open_object(&w, NULL);
	json_put_string(&w, "ociVersionMin", "1.0.0");
	json_put_string(&w, "ociVersionMax", OCI_VERSION);
	json_open_array(&w, "hooks");
	for (int kind = 0; kind < OCI_HOOK_KINDS; kind++)
		json_put_string(&w, NULL, oci_hook_name((enum oci_hook_kind)kind));
	json_close_array(&w);
	put_linux(&w);
	json_open_object(&w, "annotations");
	json_put_string(&w, "org.katacontainers.version", KATA_VERSION);
	json_put_string(&w, "org.katacontainers.commit", KATA_COMMIT);
	json_close_object(&w);
	json_close_object(&w);
	text = json_finish(&w);
	(void)puts(text);
	return 0;
}

const struct command cmd_features = { "features", NULL, "what this runtime can do, as JSON",
				      run_features };
