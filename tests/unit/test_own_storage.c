/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "agentc/agentc.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/spec.h"
#include "sandbox/own_storage.h"

#define NAME "io.katacontainers.storage_spec"

static int take(const char *patterns, const char *json, struct own_storages *ret, struct err *err)
{
	CLEANUP(free)
	char *text = xasprintf("[hypervisor.qemu]\nenable_annotations = [%s]", patterns);
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	CLEANUP(config_free) struct config *config = NULL;

	assert_int_equal(config_parse(text, strlen(text), "conf", &config, err), 0);
	strv_addf(&spec->annotations, NAME "=%s", json);
	return own_storages_take(config, spec, "c1", ret, err);
}

static void refused(const char *json, const char *wanted)
{
	CLEANUP(free) char *text = xasprintf("annotation " NAME ": %s", wanted);
	struct own_storages storages = { 0 };
	struct err err = { 0 };

	assert_int_equal(take("\"storage_.*\"", json, &storages, &err), -EINVAL);
	assert_string_equal(err.text, text);
	own_storages_done(&storages);
}

TEST(a_storage_is_told_to_the_agent_and_mounted)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	struct own_storages storages = { 0 };
	struct agentc_disk told[2] = { { 0 } };
	struct err err = { 0 };
	int r = take("\"storage_spec\"",
		     "[{\"storage_type\": \"nfs\", \"source\": \"127.0.0.1:/export/a-b\","
		     "\"dest\": \"/mnt\", \"options\": {\"mount_op\": [\"shared\", \"ro\"],"
		     "\"custom_op\": [\"vers=4\"]}},"
		     "{\"storage_type\": \"gpath\", \"source\": \"/data\", \"dest\": \"/d\"}]",
		     &storages, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	assert_int_equal(storages.n, 2);
	own_storages_for_agent(&storages, told);
	own_storages_mount(&storages, spec);
	assert_string_equal(told[0].driver, "nfs");
	assert_string_equal(told[0].address, "127.0.0.1:/export/a-b");
	assert_int_equal(strv_len(told[0].options), 4);
	assert_string_equal(told[0].options[1], "nolock");
	assert_string_equal(told[0].options[2], "addr=127.0.0.1");
	assert_string_equal(told[0].options[3], "vers=4");
	assert_string_equal(told[1].driver, "gpath");
	assert_string_equal(told[1].mount_point, "/run/kata-containers/storage/containers/c1-1");
	assert_int_equal(spec->n_mounts, 2);
	assert_string_equal(spec->mounts[0].source, "/run/kata-containers/storage/containers/c1-0");
	assert_string_equal(spec->mounts[0].destination, "/mnt");
	assert_int_equal(strv_len(spec->mounts[0].options), 3);
	assert_string_equal(spec->mounts[1].options[0], "rbind");
	assert_string_equal(spec->rootfs_propagation, "shared");
	own_storages_done(&storages);
}

TEST(it_is_not_allowed_by_default)
{
	struct own_storages storages = { 0 };
	struct err err = { 0 };

	assert_int_equal(take("", "[]", &storages, &err), -EPERM);
	assert_string_equal(err.text, "annotation " NAME ": not allowed; [hypervisor.qemu] "
				      "enable_annotations would have to list \"storage_spec\"");
	assert_int_equal(storages.n, 0);
}

#define NFS(source) "[{\"storage_type\":\"nfs\",\"dest\":\"/d\",\"source\":\"" source "\"}]"
#define NFS_ALLOWED \
	"', allowed is SERVER:/PATH, of letters, digits, '_', '-', '.' and '/', without '..'"

TEST(sources_that_are_none)
{
	refused(NFS("127.0.0.1"), "[0].source: '127.0.0.1" NFS_ALLOWED);
	refused(NFS("127.0.0.1:export"), "[0].source: '127.0.0.1:export" NFS_ALLOWED);
	refused(NFS(":/export"), "[0].source: ':/export" NFS_ALLOWED);
	refused(NFS("-x:/export"), "[0].source: '-x:/export" NFS_ALLOWED);
	refused(NFS("a,b:/export"), "[0].source: 'a,b:/export" NFS_ALLOWED);
	refused(NFS("127.0.0.1:/a/../b"), "[0].source: '127.0.0.1:/a/../b" NFS_ALLOWED);
	refused(NFS("127.0.0.1:/a b"), "[0].source: '127.0.0.1:/a b" NFS_ALLOWED);
	refused(NFS(""), "[0].source: '', allowed is what is to be mounted");
	refused("[{\"storage_type\":\"gpath\",\"dest\":\"/d\",\"source\":\"a\"}]",
		"[0].source: 'a', allowed is an absolute path of the guest without '.' and '..'");
	refused("[{\"storage_type\":\"gpath\",\"dest\":\"/d\",\"source\":\"/a/./b\"}]",
		"[0].source: '/a/./b', allowed is an absolute path of the guest without '.' and "
		"'..'");
	refused("[{\"storage_type\":\"smb\",\"dest\":\"/d\",\"source\":\"/a\"}]",
		"[0].storage_type: 'smb', allowed is nfs or gpath");
	refused("[{}]", "[0].storage_type: '', allowed is nfs or gpath");
}

#define WITH(options)                                                         \
	"[{\"storage_type\":\"nfs\",\"dest\":\"/d\",\"source\":\"127.0.0.1:/" \
	"e\",\"options\":{" options "}}]"

TEST(options_and_targets_that_are_none)
{
	refused("[{\"storage_type\":\"gpath\",\"dest\":\"d\",\"source\":\"/a\"}]",
		"[0].dest: 'd', allowed is an absolute path of the container");
	refused("[{\"storage_type\":\"gpath\",\"source\":\"/a\"}]",
		"[0].dest: '', allowed is an absolute path of the container");
	refused(WITH("\"custom_op\":[\"addr=1.1.1.1\"]"),
		"[0].options.custom_op: 'addr=1.1.1.1', allowed is no address but that of source");
	refused(WITH("\"custom_op\":[\"a,addr=1.1.1.1\"]"),
		"[0].options.custom_op: 'a,addr=1.1.1.1', allowed is one option of at most 256 "
		"bytes");
	refused(WITH("\"mount_op\":[\"\"]"),
		"[0].options.mount_op: '', allowed is one option of at most 256 bytes");
}

TEST(wrong_json_is_refused)
{
	static const char options[] = WITH("\"custom_op\": 1");
	const char *const texts[] = {
		"", "{}", "[1]", "[{\"storage_type\": 1}]", options, "[] []"
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct own_storages storages = { 0 };
		struct err err = { 0 };

		assert_int_equal(take("\".*\"", texts[i], &storages, &err), -EINVAL);
		own_storages_done(&storages);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storage_is_told_to_the_agent_and_mounted),
		cmocka_unit_test(it_is_not_allowed_by_default),
		cmocka_unit_test(sources_that_are_none),
		cmocka_unit_test(options_and_targets_that_are_none),
		cmocka_unit_test(wrong_json_is_refused),
	};

	return cmocka_run_group_tests_name("own_storage", tests, NULL, NULL);
}
