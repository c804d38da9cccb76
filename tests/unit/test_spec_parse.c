/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "tests/unit/spec_full.h"
#include "tests/unit/tmp.h"

#define PROCESS "\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"}"
#define ROOT    "\"root\":{\"path\":\"rootfs\"}"

static struct oci_spec *parse(const char *text)
{
	struct oci_spec *spec = NULL;
	struct err err = { 0 };

	if (oci_spec_parse(text, strlen(text), &spec, &err) != 0)
		fail_msg("%s", err.text);
	return spec;
}

static void refused(const char *text, const char *wanted)
{
	struct oci_spec *spec = NULL;
	struct err err = { 0 };

	if (oci_spec_parse(text, strlen(text), &spec, &err) != -EINVAL)
		fail_msg("taken: %s", text);
	assert_string_equal(err.text, wanted);
	assert_null(spec);
}

/* @process is what stands in "process", @rest what stands beside it. */
static void refused_process(const char *process, const char *wanted)
{
	CLEANUP(free)
	char *text = xasprintf("{\"ociVersion\":\"1.0.2\",\"process\":{%s}," ROOT "}", process);

	refused(text, wanted);
}

static void refused_beside(const char *rest, const char *wanted)
{
	CLEANUP(free)
	char *text = xasprintf("{\"ociVersion\":\"1.0.2\"," PROCESS "," ROOT ",%s}", rest);

	refused(text, wanted);
}

TEST(every_member_is_read)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	const struct oci_process *p = &spec->process;

	assert_string_equal(spec->version, "1.2.0");
	assert_string_equal(spec->hostname, "box");
	assert_true(p->terminal && p->no_new_privileges && p->has_oom_score_adj);
	assert_int_equal(p->console_height, 24);
	assert_int_equal(p->console_width, 80);
	assert_int_equal(p->user.uid, 1000);
	assert_int_equal(p->user.gid, 1001);
	assert_int_equal(p->user.umask, 022);
	assert_int_equal(p->user.n_additional_gids, 2);
	assert_true(p->user.additional_gids[1] == UINT32_MAX);
	assert_int_equal(strv_len(p->args), 3);
	assert_string_equal(p->args[2], "echo \xc3\xa4");
	assert_string_equal(p->env[1], "E=");
	assert_string_equal(p->cwd, "/w");
	assert_true(p->capabilities.present);
	assert_int_equal(strv_len(p->capabilities.bounding), 2);
	assert_int_equal(strv_len(p->capabilities.inheritable), 0);
	assert_int_equal(p->n_rlimits, 2);
	assert_true(p->rlimits[0].hard == UINT64_MAX);
	assert_int_equal(p->rlimits[0].soft, 1024);
	assert_int_equal(p->oom_score_adj, -500);
	assert_string_equal(spec->root_path, "rootfs");
	assert_true(spec->root_readonly);
	assert_int_equal(spec->n_mounts, 2);
	assert_null(spec->mounts[0].options);
	assert_string_equal(spec->mounts[1].options[1], "ro");
	assert_string_equal(oci_spec_annotation(spec, "a.b/c"), "v=1");
	assert_string_equal(oci_spec_annotation(spec, "empty"), "");
	assert_null(oci_spec_annotation(spec, "a.b"));
	assert_null(oci_spec_namespace(spec, "pid")->path);
	assert_string_equal(oci_spec_namespace(spec, "network")->path, "/run/netns/x");
	assert_null(oci_spec_namespace(spec, "user"));
	assert_int_equal(spec->n_devices, 2);
	assert_int_equal(spec->devices[0].file_mode, 0600);
	assert_int_equal(spec->devices[1].file_mode, 0666);
	assert_int_equal(spec->resources.memory_limit, -1);
	assert_int_equal(spec->resources.cpu_shares, 512);
	assert_int_equal(spec->resources.cpu_quota, -1);
	assert_string_equal(spec->resources.cpuset_cpus, "0-1");
	assert_int_equal(spec->resources.pids_limit, 100);
	assert_string_equal(spec->cgroups_path, "/a/b");
	assert_string_equal(spec->sysctl[1], "k=a=b");
	assert_string_equal(spec->readonly_paths[1], "/proc/bus");
	assert_string_equal(spec->rootfs_propagation, "rslave");
}

TEST(the_least_that_is_needed_is_enough)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *spec = parse("{\"ociVersion\":\"1.0.2\"," PROCESS "," ROOT "}");

	assert_int_equal(spec->process.user.uid, 0);
	assert_true(spec->process.user.umask == OCI_UMASK_UNSET);
	assert_false(spec->process.has_oom_score_adj);
	assert_false(spec->process.capabilities.present);
	assert_int_equal(spec->n_mounts, 0);
	assert_null(spec->hostname);
}

TEST(what_is_missing_is_named)
{
	refused("{}", "ociVersion: missing");
	refused("{\"ociVersion\":\"1\"}", "process: missing");
	refused("{\"ociVersion\":\"1\",\"process\":null}", "process: missing");
	refused("{\"ociVersion\":\"1\"," PROCESS "}", "root: missing");
	refused("{\"ociVersion\":\"1\"," PROCESS ",\"root\":{}}", "root.path: missing");
	refused("{\"ociVersion\":\"1\"," PROCESS ",\"root\":{\"path\":\"\"}}",
		"root.path: missing");
	refused_process("\"cwd\":\"/\"", "process.args: empty, the program to run must be named");
	refused_process("\"args\":[],\"cwd\":\"/\"",
			"process.args: empty, the program to run must be named");
	refused_process("\"args\":[\"sh\"]", "process.cwd: missing");
	refused_process("\"args\":[\"sh\"],\"cwd\":\"a/b\"",
			"process.cwd: 'a/b' is not an absolute path");
	refused_process("\"args\":[\"sh\"],\"cwd\":\"\"",
			"process.cwd: '' is not an absolute path");
	refused_process("\"args\":[\"a\"],\"cwd\":\"/\",\"rlimits\":[{\"hard\":1,\"soft\":1}]",
			"process.rlimits[0].type: missing");
	refused_beside("\"mounts\":[{\"destination\":\"/a\"},{}]",
		       "mounts[1].destination: missing");
	refused_beside("\"linux\":{\"namespaces\":[{}]}", "linux.namespaces[0].type: missing");
	refused_beside("\"linux\":{\"devices\":[{\"type\":\"c\"}]}",
		       "linux.devices[0].path: missing");
	refused_beside("\"linux\":{\"devices\":[{\"path\":\"/dev/x\"}]}",
		       "linux.devices[0].type: missing");
}

TEST(a_wrong_type_is_named_with_its_path)
{
	refused("[]", "JSON: must be an object, is of type array");
	refused("{\"ociVersion\":1}", "ociVersion: must be a string, is of type int");
	refused("{\"ociVersion\":\"1\",\"process\":[]}",
		"process: must be an object, is of type array");
	refused_process("\"terminal\":1",
			"process.terminal: must be true or false, is of type int");
	refused_process("\"consoleSize\":{\"height\":-1}",
			"process.consoleSize.height: -1 is negative, allowed is 0 to 4294967295");
	refused_process("\"user\":\"root\"", "process.user: must be an object, is of type string");
	refused_process("\"user\":{\"uid\":4294967296}",
			"process.user.uid: 4294967296 is over 4294967295");
	refused_process("\"user\":{\"additionalGids\":[0,\"x\"]}",
			"process.user.additionalGids[1]: must be an unsigned integer, is of type "
			"string");
	refused_process("\"args\":\"sh\"", "process.args: must be an array, is of type string");
	refused_process("\"args\":[\"sh\",1]", "process.args[1]: must be a string, is of type int");
	refused_process("\"args\":[null]", "process.args[0]: must be a string, is of type null");
	refused_process("\"env\":{}", "process.env: must be an array, is of type object");
	refused_process("\"cwd\":7", "process.cwd: must be a string, is of type int");
	refused_process("\"capabilities\":[]",
			"process.capabilities: must be an object, is of type array");
	refused_process("\"capabilities\":{\"ambient\":[1]}",
			"process.capabilities.ambient[0]: must be a string, is of type int");
	refused_process("\"rlimits\":{}", "process.rlimits: must be an array, is of type object");
	refused_process("\"rlimits\":[1]", "process.rlimits[0]: must be an object, is of type int");
	refused_process("\"rlimits\":[{\"type\":\"x\",\"hard\":-1}]",
			"process.rlimits[0].hard: -1 is negative, allowed is 0 to "
			"18446744073709551615");
	refused_process("\"oomScoreAdj\":1.5",
			"process.oomScoreAdj: must be an integer, is of type double");
	refused_process("\"noNewPrivileges\":\"yes\"",
			"process.noNewPrivileges: must be true or false, is of type string");
	refused_beside("\"mounts\":{}", "mounts: must be an array, is of type object");
	refused_beside("\"mounts\":[{\"destination\":1}]",
		       "mounts[0].destination: must be a string, is of type int");
	refused_beside("\"mounts\":[{\"options\":\"ro\"}]",
		       "mounts[0].options: must be an array, is of type string");
	refused_beside("\"hostname\":1", "hostname: must be a string, is of type int");
	refused_beside("\"annotations\":{\"k\":1}",
		       "annotations[\"k\"]: must be a string, is of type int");
	refused_beside("\"annotations\":{\"a=b\":\"\"}",
		       "annotations[\"a=b\"]: a key may not hold '='");
	refused_beside("\"linux\":1", "linux: must be an object, is of type int");
	refused_beside("\"linux\":{\"resources\":{\"memory\":{\"limit\":\"1g\"}}}",
		       "linux.resources.memory.limit: must be an integer, is of type string");
	refused_beside("\"linux\":{\"resources\":{\"cpu\":{\"shares\":-1}}}",
		       "linux.resources.cpu.shares: -1 is negative, allowed is 0 to "
		       "18446744073709551615");
	refused_beside("\"linux\":{\"resources\":{\"pids\":7}}",
		       "linux.resources.pids: must be an object, is of type int");
	refused_beside("\"linux\":{\"devices\":[{\"major\":\"1\"}]}",
		       "linux.devices[0].major: must be an integer, is of type string");
	refused_beside("\"linux\":{\"sysctl\":{\"k\":true}}",
		       "linux.sysctl[\"k\"]: must be a string, is of type boolean");
	refused_beside("\"linux\":{\"maskedPaths\":[1]}",
		       "linux.maskedPaths[0]: must be a string, is of type int");
	refused_beside("\"linux\":{\"cgroupsPath\":[]}",
		       "linux.cgroupsPath: must be a string, is of type array");
}

TEST(too_many_groups_are_refused)
{
	CLEANUP(free) char *list = xcalloc(2, 65538);
	CLEANUP(free) char *process = NULL;

	for (size_t i = 0; i < 65537; i++)
		memcpy(list + 2 * i, "1,", 2);
	list[2 * 65537 - 1] = '\0';
	process = xasprintf("\"user\":{\"additionalGids\":[%s]}", list);
	refused_process(process, "process.user.additionalGids: 65537 groups, at most 65536 are "
				 "possible");
}

TEST(a_bundle_is_loaded_and_its_faults_name_the_file)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
	CLEANUP(free) char *path = tmp_path("config.json");
	CLEANUP(free) char *wanted = xasprintf("%s: ociVersion: missing", path);
	CLEANUP(free) char *big = NULL;
	struct err err = { 0 };

	assert_int_equal(oci_spec_load(tmp, &spec, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	tmp_write("config.json", "{}");
	assert_int_equal(oci_spec_load(tmp, &spec, &err), -EINVAL);
	assert_string_equal(err.text, wanted);
	tmp_write("config.json", "not json");
	assert_int_equal(oci_spec_load(tmp, &spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not JSON"));
	big = xmalloc(OCI_CONFIG_MAX + 2);
	memset(big, ' ', OCI_CONFIG_MAX + 1);
	big[OCI_CONFIG_MAX + 1] = '\0';
	tmp_write("config.json", big);
	assert_int_equal(oci_spec_load(tmp, &spec, &err), -EFBIG);
	assert_non_null(strstr(err.text, "is larger than 4194304 bytes, the limit"));
	tmp_write("config.json", spec_full);
	assert_int_equal(oci_spec_load(tmp, &spec, &err), 0);
}

TEST(a_process_alone_is_loaded)
{
	CLEANUP(free) char *path = tmp_path("process.json");
	struct oci_process process;
	struct oci_process copy;
	struct err err = { 0 };

	oci_process_init(&process);
	tmp_write("process.json",
		  "{\"args\":[\"id\",\"-u\"],\"cwd\":\"/\",\"user\":{\"uid\":5,"
		  "\"additionalGids\":[7]},\"rlimits\":[{\"type\":\"R\",\"hard\":1}]}");
	assert_int_equal(oci_process_load(path, &process, &err), 0);
	oci_process_copy(&copy, &process);
	oci_process_done(&process);
	assert_string_equal(copy.args[1], "-u");
	assert_int_equal(copy.user.additional_gids[0], 7);
	assert_string_equal(copy.rlimits[0].type, "R");
	oci_process_done(&copy);

	oci_process_init(&process);
	tmp_write("process.json", "{\"cwd\":\"/\"}");
	assert_int_equal(oci_process_load(path, &process, &err), -EINVAL);
	assert_non_null(strstr(err.text, "process.json: args: empty"));
	oci_process_done(&process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(every_member_is_read),
		TMP_TEST(the_least_that_is_needed_is_enough),
		TMP_TEST(what_is_missing_is_named),
		TMP_TEST(a_wrong_type_is_named_with_its_path),
		TMP_TEST(too_many_groups_are_refused),
		TMP_TEST(a_bundle_is_loaded_and_its_faults_name_the_file),
		TMP_TEST(a_process_alone_is_loaded),
	};

	return cmocka_run_group_tests_name("spec_parse", tests, NULL, NULL);
}
