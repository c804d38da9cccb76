/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration over the wire: agentc/spec_pb.c and agent/spec_pb.c are mirrors. */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "agent/spec_pb.h"
#include "agentc/spec_pb.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "rpc/pb.h"
#include "tests/unit/spec_full.h"
#include "tests/unit/spec_json.h"

/* To bytes and back, as between the host and the guest. */
static struct oci_spec *over_the_wire(const struct oci_spec *spec)
{
	__attribute__((cleanup(buf_donep))) struct buf wire = { 0 };
	Grpc__Spec *out = spec_to_pb(spec);
	struct oci_spec *back = NULL;
	struct err err = { 0 };
	ProtobufCMessage *in;

	pb_append(&wire, &out->base);
	pb_free(&out->base);
	in = pb_unpack(&grpc__spec__descriptor, buf_data(&wire), buf_len(&wire));
	assert_non_null(in);
	if (spec_from_pb((const Grpc__Spec *)in, &back, &err) != 0)
		fail_msg("%s", err.text);
	pb_free(in);
	return back;
}

TEST(every_field_arrives_in_the_guest)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	CLEANUP(oci_spec_free) struct oci_spec *back = over_the_wire(spec);

	assert_spec(spec, back);
	assert_true(back->process.capabilities.present);
	assert_true(back->process.has_oom_score_adj);
	assert_int_equal(strv_len(back->annotations), 2);
	assert_non_null(back->seccomp);
}

TEST(hooks_of_the_guest_arrive_and_those_of_the_host_do_not)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	CLEANUP(oci_spec_free) struct oci_spec *back = over_the_wire(spec);

	for (size_t kind = 0; kind < OCI_HOOK_KINDS; kind++) {
		if (kind == OCI_HOOK_CREATE_CONTAINER || kind == OCI_HOOK_START_CONTAINER)
			assert_hooks(&spec->hooks[kind], &back->hooks[kind]);
		else
			assert_int_equal(back->hooks[kind].n, 0);
	}
	assert_string_equal(back->hooks[OCI_HOOK_CREATE_CONTAINER].hooks[0].path,
			    "/h/createContainer");
}

TEST(nothing_and_zero_arrive_as_they_are)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *zero =
		parse("{\"ociVersion\":\"1\"," ROOT ",\"process\":{\"args\":[\"a\"],\"cwd\":\"/\","
		      "\"oomScoreAdj\":0,\"user\":{\"umask\":0},\"capabilities\":{}},"
		      "\"linux\":{\"resources\":{\"memory\":{\"swappiness\":0},"
		      "\"cpu\":{\"burst\":0,\"idle\":0}},"
		      "\"seccomp\":{\"defaultAction\":\"A\",\"defaultErrnoRet\":0,\"syscalls\":"
		      "[{\"names\":[\"x\"],\"action\":\"B\",\"errnoRet\":0}]}}}");
	CLEANUP(oci_spec_free) struct oci_spec *back = over_the_wire(zero);

	assert_spec(zero, back);
	assert_true(back->process.has_oom_score_adj && back->process.oom_score_adj == 0);
	assert_int_equal(back->process.user.umask, 0);
	assert_true(back->process.capabilities.present);
	assert_true(back->resources.has_memory_swappiness);
	assert_true(back->resources.has_cpu_burst && back->resources.has_cpu_idle);
	assert_true(back->seccomp->has_default_errno_ret);
	assert_true(back->seccomp->syscalls[0].has_errno_ret);
}

/* strv_add() counts on room behind what is there: HOME is added to the environment. */
TEST(words_that_arrived_can_be_added_to)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	CLEANUP(oci_spec_free) struct oci_spec *back = over_the_wire(spec);

	for (size_t i = 0; i < 9; i++)
		strv_addf(&back->process.env, "N%zu=x", i);
	assert_int_equal(strv_len(back->process.env), 11);
}

/* As the engines wrote them, with other paths. */
TEST(what_engines_write_is_taken_and_arrives)
{
	static const char *const engines[] = { "containerd-1.6", "podman-4.3-privileged",
					       "podman-4.3-userns" };

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		CLEANUP(free) char *path = xasprintf(TEST_DIR "/engines/%s.json", engines[i]);
		CLEANUP(oci_spec_free) struct oci_spec *spec = NULL;
		CLEANUP(oci_spec_free) struct oci_spec *back = NULL;
		CLEANUP(free) char *text = NULL;
		struct err err = { 0 };
		size_t len = 0;

		assert_int_equal(file_read(path, OCI_CONFIG_MAX, &text, &len, &err), 0);
		spec = parse(text);
		back = over_the_wire(spec);
		assert_spec(spec, back);
	}
}

TEST(a_small_configuration_arrives_with_nothing_added)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *spec =
		parse("{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"},"
		      "\"root\":{\"path\":\"rootfs\"}}");
	CLEANUP(oci_spec_free) struct oci_spec *back = over_the_wire(spec);

	assert_spec(spec, back);
	assert_false(back->process.has_oom_score_adj);
	assert_true(back->process.user.umask == OCI_UMASK_UNSET);
	assert_false(back->process.capabilities.present);
	assert_false(back->resources.has_memory_swappiness);
	assert_false(back->resources.has_cpu_burst || back->resources.has_cpu_idle);
	assert_null(back->seccomp);
	assert_null(back->domainname);
}

TEST(a_process_arrives_alone_too)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	Grpc__Process *pb = process_to_pb(&spec->process);
	struct oci_process back;
	struct err err = { 0 };

	oci_process_init(&back);
	assert_int_equal(process_from_pb(pb, &back, &err), 0);
	assert_process(&spec->process, &back);
	pb_free(&pb->base);
	oci_process_done(&back);
}

TEST(the_guest_names_what_the_host_left_out)
{
	Grpc__Spec spec = GRPC__SPEC__INIT;
	Grpc__Process process = GRPC__PROCESS__INIT;
	Grpc__Root root = GRPC__ROOT__INIT;
	struct oci_spec *back = NULL;
	struct err err = { 0 };

	assert_int_equal(spec_from_pb(&spec, &back, &err), -EINVAL);
	assert_string_equal(err.text, "process: missing");
	spec.process = &process;
	assert_int_equal(spec_from_pb(&spec, &back, &err), -EINVAL);
	assert_string_equal(err.text, "root.path: missing");
	spec.root = &root;
	assert_int_equal(spec_from_pb(&spec, &back, &err), -EINVAL);
	assert_string_equal(err.text, "root.path: missing");
	root.path = (char *)(uintptr_t) "/r";
	assert_int_equal(spec_from_pb(&spec, &back, &err), -EINVAL);
	assert_string_equal(err.text, "process.args: empty, the program to run must be named");
	assert_null(back);
}

TEST(resources_arrive_alone_too)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	__attribute__((cleanup(oci_resources_done))) struct oci_resources back = { 0 };
	Grpc__LinuxResources *pb = resources_to_pb(&spec->resources);
	struct err err = { 0 };

	assert_int_equal(resources_from_pb(pb, &back, &err), 0);
	assert_resources(&spec->resources, &back);
	pb_free(&pb->base);
}

/* Changes a good message into one that no host of ours would send. */
typedef void (*spoil_fn)(Grpc__Spec *pb);

static void replace_text(char **text, const char *with)
{
	free(*text);
	*text = xstrdup(with);
}

static void spoil_rule_type(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->resources->devices[1]->type, "x");
}

static void spoil_rule_access(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->resources->devices[1]->access, "rwmrwmx");
}

static void spoil_rule_major(Grpc__Spec *pb)
{
	pb->linuxpart->resources->devices[1]->major = INT64_MIN;
}

static void spoil_weight(Grpc__Spec *pb)
{
	pb->linuxpart->resources->blockio->weight = 65536 + 10;
}

static void spoil_page_size(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->resources->hugepagelimits[0]->pagesize, "../2MB");
}

static void spoil_unified(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->resources->unified[0]->key, "../x.y");
}

static void spoil_unified_key(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->resources->unified[0]->key, "a=b");
}

static void spoil_sysctl(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->sysctl[0]->key, "a=b");
}

static void spoil_annotation(Grpc__Spec *pb)
{
	replace_text(&pb->annotations[0]->key, "=");
}

static void spoil_namespace(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->namespaces[0]->type, "time");
}

static void spoil_namespace_twice(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->namespaces[0]->type, "user");
}

static void spoil_namespace_empty(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->namespaces[0]->type, "");
}

static void spoil_destination(Grpc__Spec *pb)
{
	replace_text(&pb->mounts[0]->destination, "");
}

static void spoil_destination_relative(Grpc__Spec *pb)
{
	replace_text(&pb->mounts[0]->destination, "../x");
}

static void spoil_device(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->devices[0]->path, "");
}

static void spoil_device_type(Grpc__Spec *pb)
{
	replace_text(&pb->linuxpart->devices[0]->type, "");
}

static void spoil_hook(Grpc__Spec *pb)
{
	replace_text(&pb->hooks->createcontainer[0]->path, "x");
}

static void spoil_hook_time(Grpc__Spec *pb)
{
	pb->hooks->startcontainer[1]->timeout = -1;
}

static void spoil_mapping(Grpc__Spec *pb)
{
	pb->linuxpart->gidmappings[0]->size = 0;
}

static void spoil_index(Grpc__Spec *pb)
{
	pb->linuxpart->seccomp->syscalls[1]->args[0]->index = UINT64_C(1) << 32;
}

static void spoil_limit(Grpc__Spec *pb)
{
	replace_text(&pb->process->rlimits[0]->type, "");
}

static void spoil_cwd(Grpc__Spec *pb)
{
	replace_text(&pb->process->cwd, "x");
}

static void spoil_policy(Grpc__Spec *pb)
{
	replace_text(&pb->process->scheduler->policy, "x");
}

static void spoil_umask(Grpc__Spec *pb)
{
	pb->process->user->umask = UINT32_MAX - 1;
}

static const struct {
	spoil_fn spoil;
	int code;
	const char *wanted;
} hostile[] = {
	{ spoil_rule_type, EINVAL, "linux.resources.devices[1]: type: 'x' is not a, b or c" },
	{ spoil_rule_access, EINVAL,
	  "linux.resources.devices[1]: access: 'rwmrwmx' holds more than r, w and m" },
	{ spoil_rule_major, EINVAL,
	  "linux.resources.devices[1].major: -9223372036854775808 is not -1 (any) to 4294967295" },
	{ spoil_weight, EINVAL, "linux.resources.blockIO: weight 65546 is over 65535" },
	{ spoil_page_size, EINVAL,
	  "linux.resources.hugepageLimits[0].pageSize: '../2MB' is not a number and KB, MB or GB, "
	  "as in 2MB" },
	{ spoil_unified, EINVAL,
	  "linux.resources.unified: '../x.y' is not the name of a file of cgroup v2, as in "
	  "memory.high" },
	{ spoil_unified_key, EINVAL, "linux.resources.unified[\"a=b\"]: a key may not hold '='" },
	{ spoil_sysctl, EINVAL, "linux.sysctl[\"a=b\"]: a key may not hold '='" },
	{ spoil_annotation, EINVAL, "annotations[\"=\"]: a key may not hold '='" },
	{ spoil_namespace, ENOTSUP,
	  "linux.namespaces[0]: a time namespace is not supported; remove it" },
	{ spoil_namespace_twice, EINVAL, "linux.namespaces[1].type: 'user' is there twice" },
	{ spoil_namespace_empty, EINVAL, "linux.namespaces[0].type: missing" },
	{ spoil_destination, EINVAL, "mounts[0].destination: missing" },
	{ spoil_destination_relative, EINVAL,
	  "mounts[0].destination: '../x' is not an absolute path" },
	{ spoil_device, EINVAL, "linux.devices[0].path: missing" },
	{ spoil_device_type, EINVAL, "linux.devices[0].type: missing" },
	{ spoil_hook, EINVAL, "hooks.createContainer[0].path: 'x' is not an absolute path" },
	{ spoil_hook_time, EINVAL, "hooks.startContainer[1].timeout: -1 is not 0 to 4294967295" },
	{ spoil_mapping, EINVAL, "linux.gidMappings[0].size: must be 1 or more" },
	{ spoil_index, EINVAL,
	  "linux.seccomp: index 4294967296 of an argument is over 4294967295" },
	{ spoil_limit, EINVAL, "process.rlimits[0].type: missing" },
	{ spoil_cwd, EINVAL, "process.cwd: 'x' is not an absolute path" },
	{ spoil_policy, EINVAL,
	  "process.scheduler.policy: 'x' is not one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, "
	  "SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE" },
	{ spoil_umask, EINVAL, "process.user.umask: 4294967294 is over 511 (octal 777)" },
};

TEST(the_guest_checks_what_the_host_should_have_checked)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		Grpc__Spec *pb = spec_to_pb(spec);
		struct oci_spec *back = NULL;
		struct err err = { 0 };

		hostile[i].spoil(pb);
		assert_int_equal(spec_from_pb(pb, &back, &err), -hostile[i].code);
		assert_string_equal(err.text, hostile[i].wanted);
		assert_null(back);
		pb_free(&pb->base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_arrives_in_the_guest),
		cmocka_unit_test(hooks_of_the_guest_arrive_and_those_of_the_host_do_not),
		cmocka_unit_test(nothing_and_zero_arrive_as_they_are),
		cmocka_unit_test(words_that_arrived_can_be_added_to),
		cmocka_unit_test(what_engines_write_is_taken_and_arrives),
		cmocka_unit_test(a_small_configuration_arrives_with_nothing_added),
		cmocka_unit_test(a_process_arrives_alone_too),
		cmocka_unit_test(resources_arrive_alone_too),
		cmocka_unit_test(the_guest_names_what_the_host_left_out),
		cmocka_unit_test(the_guest_checks_what_the_host_should_have_checked),
	};

	return cmocka_run_group_tests_name("spec_pb", tests, NULL, NULL);
}
