/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration over the wire: agentc/spec_pb.c and agent/spec_pb.c are mirrors. */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "agent/spec_pb.h"
#include "agentc/spec_pb.h"
#include "base/buf.h"
#include "base/err.h"
#include "rpc/pb.h"
#include "tests/unit/spec_full.h"

static struct oci_spec *parse(const char *text)
{
	struct oci_spec *spec = NULL;
	struct err err = { 0 };

	if (oci_spec_parse(text, strlen(text), &spec, &err) != 0)
		fail_msg("%s", err.text);
	return spec;
}

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

static void assert_process(const struct oci_process *a, const struct oci_process *b)
{
	assert_int_equal(a->terminal, b->terminal);
	assert_int_equal(a->console_height, b->console_height);
	assert_int_equal(a->console_width, b->console_width);
	assert_int_equal(a->user.uid, b->user.uid);
	assert_int_equal(a->user.gid, b->user.gid);
	assert_int_equal(a->user.n_additional_gids, b->user.n_additional_gids);
	for (size_t i = 0; i < a->user.n_additional_gids; i++)
		assert_int_equal(a->user.additional_gids[i], b->user.additional_gids[i]);
	assert_words(a->args, b->args);
	assert_words(a->env, b->env);
	assert_text(a->cwd, b->cwd);
	assert_words(a->capabilities.bounding, b->capabilities.bounding);
	assert_words(a->capabilities.effective, b->capabilities.effective);
	assert_words(a->capabilities.inheritable, b->capabilities.inheritable);
	assert_words(a->capabilities.permitted, b->capabilities.permitted);
	assert_words(a->capabilities.ambient, b->capabilities.ambient);
	assert_int_equal(a->n_rlimits, b->n_rlimits);
	for (size_t i = 0; i < a->n_rlimits; i++) {
		assert_text(a->rlimits[i].type, b->rlimits[i].type);
		assert_true(a->rlimits[i].hard == b->rlimits[i].hard);
		assert_true(a->rlimits[i].soft == b->rlimits[i].soft);
	}
	assert_int_equal(a->no_new_privileges, b->no_new_privileges);
	if (a->has_oom_score_adj)
		assert_int_equal(a->oom_score_adj, b->oom_score_adj);
}

static void assert_lists(const struct oci_spec *a, const struct oci_spec *b)
{
	assert_int_equal(a->n_mounts, b->n_mounts);
	for (size_t i = 0; i < a->n_mounts; i++) {
		assert_text(a->mounts[i].destination, b->mounts[i].destination);
		assert_text(a->mounts[i].source, b->mounts[i].source);
		assert_text(a->mounts[i].type, b->mounts[i].type);
		assert_words(a->mounts[i].options, b->mounts[i].options);
	}
	assert_int_equal(a->n_namespaces, b->n_namespaces);
	for (size_t i = 0; i < a->n_namespaces; i++) {
		assert_text(a->namespaces[i].type, b->namespaces[i].type);
		assert_text(a->namespaces[i].path, b->namespaces[i].path);
	}
	assert_int_equal(a->n_devices, b->n_devices);
	for (size_t i = 0; i < a->n_devices; i++) {
		assert_text(a->devices[i].path, b->devices[i].path);
		assert_text(a->devices[i].type, b->devices[i].type);
		assert_int_equal(a->devices[i].major, b->devices[i].major);
		assert_int_equal(a->devices[i].minor, b->devices[i].minor);
		assert_int_equal(a->devices[i].file_mode, b->devices[i].file_mode);
		assert_int_equal(a->devices[i].uid, b->devices[i].uid);
		assert_int_equal(a->devices[i].gid, b->devices[i].gid);
	}
}

static void assert_spec(const struct oci_spec *a, const struct oci_spec *b)
{
	assert_text(a->version, b->version);
	assert_process(&a->process, &b->process);
	assert_text(a->root_path, b->root_path);
	assert_int_equal(a->root_readonly, b->root_readonly);
	assert_text(a->hostname, b->hostname);
	assert_lists(a, b);
	assert_int_equal(a->resources.memory_limit, b->resources.memory_limit);
	assert_int_equal(a->resources.cpu_shares, b->resources.cpu_shares);
	assert_int_equal(a->resources.cpu_quota, b->resources.cpu_quota);
	assert_int_equal(a->resources.cpu_period, b->resources.cpu_period);
	assert_text(a->resources.cpuset_cpus, b->resources.cpuset_cpus);
	assert_text(a->resources.cpuset_mems, b->resources.cpuset_mems);
	assert_int_equal(a->resources.pids_limit, b->resources.pids_limit);
	assert_text(a->cgroups_path, b->cgroups_path);
	assert_words(a->sysctl, b->sysctl);
	assert_words(a->masked_paths, b->masked_paths);
	assert_words(a->readonly_paths, b->readonly_paths);
	assert_text(a->rootfs_propagation, b->rootfs_propagation);
}

TEST(every_field_arrives_in_the_guest)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse(spec_full);
	CLEANUP(oci_spec_free) struct oci_spec *back = over_the_wire(spec);

	assert_spec(spec, back);
	assert_true(back->process.capabilities.present);
	assert_true(back->process.has_oom_score_adj);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_arrives_in_the_guest),
		cmocka_unit_test(a_small_configuration_arrives_with_nothing_added),
		cmocka_unit_test(a_process_arrives_alone_too),
		cmocka_unit_test(the_guest_names_what_the_host_left_out),
	};

	return cmocka_run_group_tests_name("spec_pb", tests, NULL, NULL);
}
