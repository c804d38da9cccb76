/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "base/str.h"
#include "tests/unit/spec_json.h"

#define USER "\"namespaces\":[{\"type\":\"user\"}],"
#define MAP  "[{\"containerID\":0,\"hostID\":1,\"size\":1}]"

TEST(namespaces_are_known_and_there_once)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *spec = parse_in_linux(
		"\"uidMappings\":" MAP ",\"gidMappings\":" MAP ","
		"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"\"},"
		"{\"type\":\"mount\"},{\"type\":\"ipc\",\"path\":null},{\"type\":\"uts\"},"
		"{\"type\":\"user\"},{\"type\":\"cgroup\"}]");

	assert_int_equal(spec->n_namespaces, 7);
	assert_null(oci_spec_namespace(spec, "network")->path);
	refused_linux("\"namespaces\":[{\"type\":\"net\"}]",
		      "linux.namespaces[0].type: 'net' is not one of pid, network, mount, ipc, "
		      "uts, user, cgroup");
	refused_linux("\"namespaces\":[{\"type\":\"\"}]", "linux.namespaces[0].type: missing");
	refused_linux("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"pid\"}]",
		      "linux.namespaces[2].type: 'pid' is there twice");
	refused_linux("\"namespaces\":[{\"type\":\"ipc\",\"path\":\"proc/1/ns/ipc\"}]",
		      "linux.namespaces[0].path: 'proc/1/ns/ipc' is not an absolute path");
	unsupported_linux("\"namespaces\":[{\"type\":\"time\"}]",
			  "linux.namespaces[0]: a time namespace is not supported; remove it");
}

static char *many_mappings(size_t n)
{
	CLEANUP(strv_free) char **list = NULL;

	for (size_t i = 0; i < n; i++)
		strv_addf(&list, "{\"containerID\":%zu,\"hostID\":%zu,\"size\":1}", i, i + 9);
	return strv_join(list, ",");
}

TEST(mappings_and_user_namespaces_belong_together)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *spec =
		parse_in_linux("\"namespaces\":[{\"type\":\"user\",\"path\":\"/n\"}],"
			       "\"uidMappings\":[]");

	assert_int_equal(spec->n_uid_mappings, 0);
	refused_linux("\"uidMappings\":" MAP, "linux.uidMappings: given without a user namespace");
	refused_linux("\"gidMappings\":" MAP, "linux.gidMappings: given without a user namespace");
	refused_linux(USER "\"gidMappings\":" MAP,
		      "linux.uidMappings: missing, a new user namespace needs it");
	refused_linux(USER "\"uidMappings\":" MAP,
		      "linux.gidMappings: missing, a new user namespace needs it");
	refused_linux(USER "\"uidMappings\":" MAP ",\"gidMappings\":[{\"size\":0}]",
		      "linux.gidMappings[0].size: must be 1 or more");
	refused_linux(USER "\"uidMappings\":[{\"hostID\":4294967296}]",
		      "linux.uidMappings[0].hostID: 4294967296 is over 4294967295");
	refused_linux(USER "\"uidMappings\":[1]",
		      "linux.uidMappings[0]: must be an object, is of type int");
}

TEST(a_mapping_has_at_most_340_lines)
{
	CLEANUP(free) char *most = many_mappings(340);
	CLEANUP(free) char *more = many_mappings(341);
	CLEANUP(free)
	char *good = xasprintf(USER "\"uidMappings\":[%s],\"gidMappings\":" MAP, most);
	CLEANUP(free) char *bad = xasprintf(USER "\"uidMappings\":[%s],\"gidMappings\":" MAP, more);
	CLEANUP(oci_spec_free) struct oci_spec *spec = parse_in_linux(good);

	assert_int_equal(spec->n_uid_mappings, 340);
	refused_linux(bad, "linux.uidMappings: 341 mappings, at most 340 are possible");
}

TEST(devices_have_a_type_and_numbers_that_the_kernel_knows)
{
	refused_linux("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"s\"}]",
		      "linux.devices[0].type: 's' is not one of c, b, u, p");
	refused_linux("\"devices\":[{\"path\":\"dev/x\",\"type\":\"c\"}]",
		      "linux.devices[0].path: 'dev/x' is not an absolute path");
	refused_linux("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":-1}]",
		      "linux.devices[0].major: -1 is not 0 to 4095");
	refused_linux("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":4096}]",
		      "linux.devices[0].major: 4096 is not 0 to 4095");
	refused_linux("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"b\",\"minor\":1048576}]",
		      "linux.devices[0].minor: 1048576 is not 0 to 1048575");
}

TEST(the_mode_of_a_device_is_666_unless_given)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *spec =
		parse_in_linux("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\"},"
			       "{\"path\":\"/dev/y\",\"type\":\"u\",\"fileMode\":0},"
			       "{\"path\":\"/dev/z\",\"type\":\"b\",\"fileMode\":null,"
			       "\"uid\":null,\"gid\":null}]");

	assert_int_equal(spec->devices[0].file_mode, 0666);
	assert_int_equal(spec->devices[1].file_mode, 0);
	assert_int_equal(spec->devices[2].file_mode, 0666);
}

TEST(words_of_the_specification_are_checked)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *empty = parse_in_linux("\"rootfsPropagation\":\"\",\"personality\":null");

	assert_null(empty->rootfs_propagation);
	refused_linux("\"rootfsPropagation\":\"rw\"",
		      "linux.rootfsPropagation: 'rw' is not one of shared, slave, private, "
		      "unbindable, rshared, rslave, rprivate, runbindable");
	refused_linux("\"personality\":{\"domain\":\"BSD\"}",
		      "linux.personality.domain: 'BSD' is not one of LINUX, LINUX32");
	refused_linux("\"personality\":{}", "linux.personality.domain: missing");
	unsupported_linux("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}",
			  "linux.personality.flags: is not supported; remove it");
}

TEST(what_cannot_be_done_is_refused_by_name_when_it_says_something)
{
	CLEANUP(oci_spec_free)
	struct oci_spec *nothing =
		parse_in_linux("\"timeOffsets\":{},\"netDevices\":{},\"intelRdt\":{},"
			       "\"mountLabel\":\"\",\"seccomp\":null,\"resources\":{}");

	assert_null(nothing->seccomp);
	unsupported_linux("\"timeOffsets\":{\"monotonic\":{\"secs\":1}}",
			  "linux.timeOffsets: is not supported; remove it");
	unsupported_linux("\"netDevices\":{\"eth0\":{}}",
			  "linux.netDevices: is not supported; remove it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces_are_known_and_there_once),
		cmocka_unit_test(mappings_and_user_namespaces_belong_together),
		cmocka_unit_test(a_mapping_has_at_most_340_lines),
		cmocka_unit_test(devices_have_a_type_and_numbers_that_the_kernel_knows),
		cmocka_unit_test(the_mode_of_a_device_is_666_unless_given),
		cmocka_unit_test(words_of_the_specification_are_checked),
		cmocka_unit_test(what_cannot_be_done_is_refused_by_name_when_it_says_something),
	};

	return cmocka_run_group_tests_name("parse_linux", tests, NULL, NULL);
}
