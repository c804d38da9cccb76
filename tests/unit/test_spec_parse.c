/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/unit/spec_full.h"
#include "tests/unit/spec_json.h"
#include "tests/unit/tmp.h"

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
	assert_string_equal(p->scheduler.policy, "SCHED_DEADLINE");
	assert_int_equal(p->scheduler.nice, -3);
	assert_string_equal(p->scheduler.flags[1], "SCHED_FLAG_RECLAIM");
	assert_int_equal(p->scheduler.runtime_ns, 1000000);
	assert_int_equal(p->scheduler.deadline_ns, 2000000);
	assert_true(p->scheduler.period_ns == UINT64_MAX);
	assert_string_equal(p->io_priority.class, "IOPRIO_CLASS_BE");
	assert_int_equal(p->io_priority.priority, 6);
	assert_string_equal(spec->domainname, "example.org");
	assert_int_equal(spec->n_mounts, 2);
	assert_null(spec->mounts[0].options);
	assert_string_equal(spec->mounts[1].destination, "/data");
	assert_string_equal(spec->mounts[1].options[1], "ro");
	assert_string_equal(oci_spec_annotation(spec, "a.b/c"), "v=1");
	assert_string_equal(oci_spec_annotation(spec, "empty"), "");
	assert_null(oci_spec_annotation(spec, "a.b"));
}

TEST(every_member_of_linux_is_read)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);

	assert_null(oci_spec_namespace(spec, "pid")->path);
	assert_string_equal(oci_spec_namespace(spec, "network")->path, "/run/netns/x");
	assert_null(oci_spec_namespace(spec, "ipc"));
	assert_int_equal(spec->n_uid_mappings, 1);
	assert_int_equal(spec->uid_mappings[0].host_id, 100000);
	assert_int_equal(spec->n_gid_mappings, 2);
	assert_int_equal(spec->gid_mappings[1].container_id, 1);
	assert_true(spec->gid_mappings[1].size == UINT32_MAX);
	assert_int_equal(spec->n_devices, 3);
	assert_int_equal(spec->devices[0].file_mode, 0600);
	assert_int_equal(spec->devices[1].file_mode, 0666);
	assert_int_equal(spec->devices[2].file_mode, 0);
	assert_string_equal(spec->cgroups_path, "/a/b");
	assert_string_equal(spec->sysctl[1], "k=a=b");
	assert_string_equal(spec->readonly_paths[1], "/proc/bus");
	assert_string_equal(spec->rootfs_propagation, "rslave");
	assert_string_equal(spec->personality, "LINUX32");
	assert_string_equal(spec->seccomp->default_action, "SCMP_ACT_ERRNO");
	assert_true(spec->seccomp->has_default_errno_ret);
	assert_string_equal(spec->seccomp->architectures[1], "SCMP_ARCH_X86");
	assert_string_equal(spec->seccomp->flags[0], "SECCOMP_FILTER_FLAG_LOG");
	assert_int_equal(spec->seccomp->n_syscalls, 2);
	assert_false(spec->seccomp->syscalls[0].has_errno_ret);
	assert_int_equal(spec->seccomp->syscalls[1].errno_ret, 38);
	assert_int_equal(spec->seccomp->syscalls[1].args[0].index, 5);
	assert_true(spec->seccomp->syscalls[1].args[0].value == UINT64_MAX);
	assert_int_equal(spec->seccomp->syscalls[1].args[0].value_two, 2);
	assert_string_equal(spec->seccomp->syscalls[1].args[1].op, "SCMP_CMP_EQ");
}

TEST(every_member_of_resources_is_read)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	const struct oci_resources *r = &spec->resources;

	assert_int_equal(r->n_device_rules, 3);
	assert_int_equal(r->device_rules[0].type, 'a');
	assert_true(r->device_rules[1].allow);
	assert_string_equal(r->device_rules[1].access, "rm");
	assert_int_equal(r->device_rules[2].major, 8);
	assert_int_equal(r->device_rules[2].minor, -1);
	assert_int_equal(r->memory_limit, 1073741824);
	assert_int_equal(r->memory_swap, -1);
	assert_int_equal(r->memory_reservation, 4096);
	assert_int_equal(r->memory_kernel_tcp, 8192);
	assert_true(r->has_memory_swappiness && r->memory_swappiness == 0);
	assert_true(r->memory_no_oom_killer && r->memory_check_update);
	assert_int_equal(r->cpu_shares, 512);
	assert_int_equal(r->cpu_quota, -1);
	assert_int_equal(r->cpu_period, 100000);
	assert_true(r->has_cpu_burst && r->cpu_burst == 0);
	assert_int_equal(r->cpu_rt_runtime, 950000);
	assert_int_equal(r->cpu_rt_period, 1000000);
	assert_true(r->has_cpu_idle && r->cpu_idle == 0);
	assert_string_equal(r->cpuset_cpus, "0-1");
	assert_string_equal(r->cpuset_mems, "0");
	assert_int_equal(r->pids_limit, 100);
	assert_int_equal(r->io_weight, 10);
	assert_int_equal(r->io_leaf_weight, 1000);
	assert_int_equal(r->io_device_weights[0].weight, 500);
	assert_int_equal(r->io_device_weights[0].leaf_weight, 300);
	assert_int_equal(r->io_read_bps.devices[0].rate, 600);
	assert_true(r->io_write_bps.devices[0].rate == UINT64_MAX);
	assert_int_equal(r->io_read_iops.n, 2);
	assert_int_equal(r->io_read_iops.devices[1].major, 9);
	assert_int_equal(r->io_write_iops.devices[0].minor, 4);
	assert_string_equal(r->hugepage_limits[0].page_size, "2MB");
	assert_int_equal(r->hugepage_limits[0].limit, 209715200);
	assert_string_equal(r->unified[0], "memory.high=1073741824");
}

TEST(every_hook_is_read)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);

	for (size_t kind = 0; kind < OCI_HOOK_KINDS; kind++) {
		const char *name = oci_hook_name((enum oci_hook_kind)kind);
		CLEANUP(free) char *path = xasprintf("/h/%s", name);
		CLEANUP(free) char *word = xasprintf("K=%s", name);
		const struct oci_hooks *hooks = &spec->hooks[kind];

		assert_int_equal(hooks->n, 2);
		assert_string_equal(hooks->hooks[0].path, path);
		assert_string_equal(hooks->hooks[0].args[0], "-x");
		assert_string_equal(hooks->hooks[0].env[0], word);
		assert_int_equal(hooks->hooks[0].timeout_s, 7);
		assert_string_equal(hooks->hooks[1].path, "/h/2");
		assert_int_equal(hooks->hooks[1].timeout_s, 0);
	}
}

TEST(a_hook_has_an_absolute_path_and_time)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *none = parse_beside("\"hooks\":{\"prestart\":null,\"poststop\":[]}");

	assert_int_equal(none->hooks[OCI_HOOK_PRESTART].n, 0);
	refused_beside("\"hooks\":{\"createRuntime\":[{}]}",
		       "hooks.createRuntime[0].path: missing");
	refused_beside("\"hooks\":{\"prestart\":[{\"path\":\"/a\"},{\"path\":\"b/c\"}]}",
		       "hooks.prestart[1].path: 'b/c' is not an absolute path");
	refused_beside("\"hooks\":{\"poststart\":[{\"path\":\"/a\",\"timeout\":0}]}",
		       "hooks.poststart[0].timeout: must be 1 second or more");
	refused_beside("\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"timeout\":-1}]}",
		       "hooks.poststop[0].timeout: -1 is negative, allowed is 0 to 4294967295");
	refused_beside("\"hooks\":{\"startContainer\":[{\"path\":\"/a\",\"env\":{}}]}",
		       "hooks.startContainer[0].env: must be an array, is of type object");
	refused_beside("\"hooks\":{\"createContainer\":{}}",
		       "hooks.createContainer: must be an array, is of type object");
}

TEST(a_destination_is_taken_as_below_the_root)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *spec = parse_beside("\"mounts\":[{\"destination\":\"a/b\"},"
					     "{\"destination\":\"/a\",\"uidMappings\":[]}]");

	assert_string_equal(spec->mounts[0].destination, "/a/b");
	assert_string_equal(spec->mounts[1].destination, "/a");
	refused_beside("\"mounts\":[{\"destination\":\"\"}]", "mounts[0].destination: missing");
}

TEST(what_cannot_be_done_is_refused_by_name)
{
	unsupported_beside("\"mounts\":[{\"destination\":\"/a\",\"uidMappings\":[{\"size\":1}]}]",
			   "mounts[0].uidMappings: is not supported; remove it");
	unsupported_beside("\"mounts\":[{\"destination\":\"/a\",\"gidMappings\":[{\"size\":1}]}]",
			   "mounts[0].gidMappings: is not supported; remove it");
	unsupported_beside("\"windows\":{\"layerFolders\":[\"x\"]}",
			   "windows: is not supported; remove it");
	unsupported_beside("\"solaris\":{\"milestone\":\"x\"}",
			   "solaris: is not supported; remove it");
	unsupported_beside("\"zos\":{\"devices\":[1]}", "zos: is not supported; remove it");
}

/* What the parser wrote to the log. */
static char *log_of(const char *text)
{
	CLEANUP(free) char *path = tmp_path("log");
	CLEANUP(close) int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	struct err err = { 0 };
	char *log = NULL;
	size_t len = 0;

	assert_true(fd >= 0);
	log_init("test", LOG_LEVEL_DEBUG);
	log_open_fd(fd, false);
	oci_spec_free(parse(text));
	log_open_fd(-1, false);
	assert_int_equal(file_read(path, 65536, &log, &len, &err), 0);
	return log;
}

TEST(what_is_about_the_host_alone_is_dropped_with_a_line_each)
{
	static const char *const wanted[] = {
		"msg=\"process.apparmorProfile: not for a virtual machine, dropped\"",
		"msg=\"process.selinuxLabel: not for a virtual machine, dropped\"",
		"msg=\"linux.mountLabel: not for a virtual machine, dropped\"",
		"msg=\"linux.intelRdt: not for a virtual machine, dropped\"",
	};
	CLEANUP(free) char *log = log_of(spec_full);
	CLEANUP(free)
	char *more = log_of("{\"ociVersion\":\"1.2.0\"," PROCESS "," ROOT ",\"vm\":{\"kernel\":{}},"
			    "\"linux\":{\"resources\":{\"memory\":{\"kernel\":4096,"
			    "\"useHierarchy\":false}}}}");
	CLEANUP(free) char *none = log_of("{\"ociVersion\":\"1.2.0\"," PROCESS "," ROOT "}");
	size_t lines = 0;

	for (const char *p = log; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 4);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_non_null(strstr(log, wanted[i]));
	assert_non_null(strstr(more, "msg=\"vm: not for a virtual machine, dropped\""));
	assert_non_null(strstr(more, "msg=\"linux.resources.memory.kernel: kernels have no such "
				     "limit any more, dropped\""));
	assert_non_null(strstr(more, "msg=\"linux.resources.memory.useHierarchy: memory is always "
				     "counted with the cgroups below, dropped\""));
	assert_string_equal(none, "");
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
		TMP_TEST(every_member_of_linux_is_read),
		TMP_TEST(every_member_of_resources_is_read),
		TMP_TEST(every_hook_is_read),
		TMP_TEST(a_hook_has_an_absolute_path_and_time),
		TMP_TEST(a_destination_is_taken_as_below_the_root),
		TMP_TEST(what_cannot_be_done_is_refused_by_name),
		TMP_TEST(what_is_about_the_host_alone_is_dropped_with_a_line_each),
		TMP_TEST(the_least_that_is_needed_is_enough),
		TMP_TEST(what_is_missing_is_named),
		TMP_TEST(a_wrong_type_is_named_with_its_path),
		TMP_TEST(too_many_groups_are_refused),
		TMP_TEST(a_bundle_is_loaded_and_its_faults_name_the_file),
		TMP_TEST(a_process_alone_is_loaded),
	};

	return cmocka_run_group_tests_name("spec_parse", tests, NULL, NULL);
}
