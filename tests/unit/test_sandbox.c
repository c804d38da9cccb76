/* SPDX-License-Identifier: Apache-2.0 */
/* What of sandbox/ needs no virtual machine: ids, paths, persist, pod, guest_spec. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/spec.h"
#include "sandbox/disks.h"
#include "sandbox/guest_spec.h"
#include "sandbox/host_cgroup.h"
#include "sandbox/host_files.h"
#include "sandbox/host_vcpus.h"
#include "sandbox/internal.h"
#include "sandbox/lock.h"
#include "sandbox/paths.h"
#include "sandbox/pod.h"
#include "sandbox/sandbox.h"
#include "sandbox/share.h"
#include "sandbox/vhost_store.h"
#include "tests/unit/tmp.h"

static struct err err;

static int setup(void **state)
{
	memset(&err, 0, sizeof(err));
	return tmp_setup(state) == 0 ? setenv("KATA_RUN_DIR", tmp, 1) : -1;
}

static int teardown(void **state)
{
	struct err ignored = { 0 };

	(void)unmount_tree(tmp, &ignored);
	return tmp_teardown(state);
}

static void add_id(const char *id)
{
	CLEANUP(free) char *path = paths_mapping(id);

	assert_int_equal(mkdir_p(path, 0700, &err), 0);
}

TEST(ids_hold_letters_digits_and_a_few_signs)
{
	static const char *const good[] = { "a", "A-b_c.d+e", "0123", "_x", "+x" };
	static const char *const bad[] = { "",   ".",   "..",   "../x", "a/b",      "/a",  ".a",
					   "-a", "a b", "a\nb", "a*",   "\xc3\xa4", "a:b", "a,b" };
	char text[ID_MAX + 2];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(id_check(good[i], &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (id_check(bad[i], &err) != -EINVAL)
			fail_msg("taken: '%s'", bad[i]);
	memset(text, 'x', sizeof(text));
	text[ID_MAX] = '\0';
	assert_int_equal(id_check(text, &err), 0);
	text[ID_MAX] = 'x';
	text[ID_MAX + 1] = '\0';
	assert_int_equal(id_check(text, &err), -EINVAL);
	assert_non_null(strstr(err.text, "201 characters, 1 to 200 are allowed"));
}

TEST(an_id_is_found_by_its_beginning)
{
	CLEANUP(strv_free) char **ids = NULL;
	CLEANUP(free) char *id = NULL;
	CLEANUP(free) char *exact = NULL;

	require(geteuid() == 0); /* KATA_RUN_DIR counts for root only */
	assert_int_equal(id_list(&ids, &err), 0);
	assert_int_equal(strv_len(ids), 0);
	assert_int_equal(id_resolve("a", &id, &err), -ENOENT);
	assert_string_equal(err.text, "container ID (a) does not exist");
	add_id("abc1");
	add_id("abd");
	add_id("ab");
	assert_int_equal(id_resolve("abc", &id, &err), 0);
	assert_string_equal(id, "abc1");
	assert_int_equal(id_resolve("ab", &exact, &err), 0); /* itself, though others begin so */
	assert_string_equal(exact, "ab");
	free(take_ptr(id));
	assert_int_equal(id_resolve("a", &id, &err), -ENOTUNIQ);
	assert_non_null(strstr(err.text, "ab and abc1"));
	assert_int_equal(id_resolve("x", &id, &err), -ENOENT);
	assert_int_equal(id_resolve("../x", &id, &err), -EINVAL);
	strv_free(take_ptr(ids));
	assert_int_equal(id_list(&ids, &err), 0);
	assert_int_equal(strv_len(ids), 3);
	assert_string_equal(ids[0], "ab");
}

TEST(paths_lie_below_the_run_directory)
{
	CLEANUP(free) char *sandbox = paths_sandbox("s1");
	CLEANUP(free) char *container = paths_container("s1", "c1");
	CLEANUP(free) char *wanted = tmp_path("vc/sbs/s1/c1");

	require(geteuid() == 0);
	assert_string_equal(container, wanted);
	assert_true(str_starts(container, sandbox));
	assert_int_equal(setenv("KATA_RUN_DIR", "relative", 1), 0);
	assert_string_equal(paths_run_dir(), "/run");
}

TEST(a_container_belongs_to_the_sandbox_that_its_engine_names)
{
	static const char *const engines[][3] = {
		{ "io.kubernetes.cri.container-type", "container", "io.kubernetes.cri.sandbox-id" },
		{ "io.kubernetes.docker.type", "container", "io.kubernetes.sandbox.id" },
		{ "io.kubernetes.cri-o.ContainerType", "container",
		  "io.kubernetes.cri-o.SandboxID" },
	};

	for (size_t i = 0; i < 3; i++) {
		CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
		CLEANUP(free) char *sid = NULL;

		assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), 0);
		assert_string_equal(sid, "c1");
		free(take_ptr(sid));
		strv_addf(&spec->annotations, "%s=%s", engines[i][0], engines[i][1]);
		assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), -EINVAL);
		assert_non_null(strstr(err.text, "the sandbox's id, is missing"));
		strv_addf(&spec->annotations, "%s=s1", engines[i][2]);
		assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), 0);
		assert_string_equal(sid, "s1");
	}
}

TEST(a_sandbox_id_of_an_annotation_is_checked)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	CLEANUP(free) char *sid = NULL;

	strv_add(&spec->annotations, "io.kubernetes.cri.container-type=container");
	strv_add(&spec->annotations, "io.kubernetes.cri.sandbox-id=../../etc");
	assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), -EINVAL);
}

static void assert_cgroup(const char *from, const char *expected)
{
	CLEANUP(free) char *path = host_cgroup_path(from, "id");

	if (expected)
		assert_string_equal(path, expected);
	else
		assert_null(path);
}

TEST(the_cgroup_on_the_host_is_where_systemd_would_have_it)
{
	assert_cgroup(NULL, "/id");
	assert_cgroup("/docker/abc", "/docker/abc");
	assert_cgroup("system.slice:docker:abc", "/system.slice/docker-abc.scope");
	assert_cgroup("kubepods-besteffort-pod1.slice:cri-containerd:abc",
		      "/kubepods.slice/kubepods-besteffort.slice/"
		      "kubepods-besteffort-pod1.slice/cri-containerd-abc.scope");
	assert_cgroup("-.slice::abc", "/abc.scope");
	assert_cgroup(":p:n", "/system.slice/p-n.scope");
	assert_cgroup("a.slice:b", NULL);
	assert_cgroup("a.slice:b:", NULL);
	assert_cgroup("..:b:c", NULL);
	assert_cgroup("a/../..:b:c", NULL);
	assert_cgroup("/a/../b", NULL);
}

static void assert_choice(const struct config *config, const char *pod, enum cgroup_mode mode,
			  const char *path)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	struct sandbox_cgroups cgroups;

	spec->cgroups_path = xstrdup("/pods/p1/pause");
	if (pod)
		strv_add(&spec->annotations, pod);
	assert_int_equal(host_cgroup_choose(config, spec, "s1", &cgroups, &err), 0);
	assert_int_equal(cgroups.mode, mode);
	if (path)
		assert_string_equal(cgroups.path, path);
	else
		assert_null(cgroups.path);
	free(cgroups.path);
}

TEST(a_sandbox_has_one_cgroup_where_its_configuration_says_so)
{
	struct config config = { 0 };

	assert_choice(&config, "io.kubernetes.cri.container-type=sandbox", CGROUP_EACH, NULL);
	config.runtime.sandbox_cgroup_only = true;
	assert_choice(&config, NULL, CGROUP_ONE, "/pods/p1/pause");
	assert_choice(&config, "io.kubernetes.cri.container-type=sandbox", CGROUP_ONE,
		      "/pods/p1/kata_s1");
	assert_choice(&config, "io.kubernetes.docker.type=podsandbox", CGROUP_ONE,
		      "/pods/p1/kata_s1");
	config.runtime.sandbox_cgroup_with_emulator = true;
	assert_choice(&config, "io.kubernetes.cri-o.ContainerType=sandbox", CGROUP_SPLIT,
		      "/pods/p1/pause");
}

TEST(a_sandbox_s_cgroup_does_not_lead_outside)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	struct config config = { .runtime.sandbox_cgroup_only = true };
	struct sandbox_cgroups cgroups;

	spec->cgroups_path = xstrdup("/a/../../b");
	assert_int_equal(host_cgroup_choose(&config, spec, "s1", &cgroups, &err), -EINVAL);
	assert_non_null(strstr(err.text, "linux.cgroupsPath: '/a/../../b'"));
}

TEST(vcpus_may_use_what_sandbox_cpu_says_until_more_are_plugged_in)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	struct config config = { .runtime.sandbox_cgroup_with_emulator = true,
				 .sandbox.cpu_millis = 1250,
				 .hypervisor.default_vcpus = 2 };
	struct sandbox_record record = { .policy.first.vcpus = 2 };

	assert_int_equal(host_cgroup_choose(&config, spec, "s1", &record.cgroups, &err), 0);
	assert_int_equal(host_vcpus_millis(&record, 2), 1250);
	assert_int_equal(host_vcpus_millis(&record, 3), 3000);
	free(record.cgroups.path);
	/* Another annotation had the last word. */
	config.hypervisor.default_vcpus = 4;
	assert_int_equal(host_cgroup_choose(&config, spec, "s1", &record.cgroups, &err), 0);
	record.policy.first.vcpus = 4;
	assert_int_equal(host_vcpus_millis(&record, 4), 4000);
	free(record.cgroups.path);
}

TEST(open_files_of_a_sandbox_are_what_is_asked_or_a_share_of_the_host)
{
	assert_int_equal(host_files_choose(5000, 0), 5000);
	assert_int_equal(host_files_choose(1, 0), 1024);
	assert_int_equal(host_files_choose(1023, 0), 1024);
	assert_int_equal(host_files_choose(-1, 1000000), 0);
	assert_int_equal(host_files_choose(0, 1000000), 2500);
	assert_int_equal(host_files_choose(0, 409600), 1024);
	assert_int_equal(host_files_choose(0, 409599), 0);
	assert_true(host_files_choose(0, UINT64_MAX) > 0);
}

TEST(the_sandbox_itself_is_its_own)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	CLEANUP(free) char *sid = NULL;

	strv_add(&spec->annotations, "io.kubernetes.cri.container-type=sandbox");
	strv_add(&spec->annotations, "io.kubernetes.cri.sandbox-id=s1");
	assert_int_equal(pod_sandbox_of(spec, "s1", &sid, &err), 0);
	assert_string_equal(sid, "s1");
}

static void join_namespace(struct oci_spec *spec, const char *type, const char *path)
{
	spec->namespaces =
		xrealloc(spec->namespaces, (spec->n_namespaces + 1) * sizeof(*spec->namespaces));
	spec->namespaces[spec->n_namespaces++] = (struct oci_namespace){
		.type = xstrdup(type),
		.path = path ? xstrdup(path) : NULL,
	};
}

/* A container whose shim is this process. */
static void add_container(const char *cid, const char *sid)
{
	struct container_record record = { .id = (char *)(uintptr_t)cid,
					   .sandbox = (char *)(uintptr_t)sid,
					   .bundle = (char *)(uintptr_t) "/b",
					   .oci_version = (char *)(uintptr_t) "1.0.2",
					   .created = (char *)(uintptr_t) "now",
					   .state = STATE_RUNNING };
	CLEANUP(free) char *path = paths_container(sid, cid);
	CLEANUP(close) int dir = -1;

	assert_int_equal(proc_identify(getpid(), &record.shim), 0);
	assert_int_equal(mapping_add(cid, sid, &err), 0);
	assert_int_equal(mkdir_p(path, 0700, &err), 0);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(container_record_write(dir, &record, &err), 0);
}

TEST(a_container_that_names_the_network_of_another_is_in_its_sandbox)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	CLEANUP(free) char *network = xasprintf("/proc/%d/ns/net", getpid());
	CLEANUP(free) char *ipc = xasprintf("/proc/%d/ns/ipc", getpid());
	CLEANUP(free) char *sid = NULL;

	add_container("member", "s1");
	join_namespace(spec, "ipc", ipc);
	join_namespace(spec, "uts", NULL);
	assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "add --network container:NAME"));
	join_namespace(spec, "network", network);
	assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), 0);
	assert_string_equal(sid, "s1");
}

TEST(a_foreign_process_has_a_network_to_use_and_nothing_else)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	CLEANUP(free) char *sid = NULL;

	join_namespace(spec, "network", "/proc/1/ns/net");
	assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), 0);
	assert_string_equal(sid, "c1");
	join_namespace(spec, "uts", "/run/utsns/of-the-engine");
	free(take_ptr(sid));
	assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), 0);
	join_namespace(spec, "ipc", "/proc/1/ns/ipc");
	free(take_ptr(sid));
	assert_int_equal(pod_sandbox_of(spec, "c1", &sid, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "process 1 is no container of kata-runtime"));
}

static char *word(const char *s)
{
	return (char *)(uintptr_t)s;
}

TEST(a_container_record_is_read_as_it_was_written)
{
	char *annotations[] = { word("k=v=\"1\"\n"), word("e="), NULL };
	struct container_record record = { .id = word("c1"),
					   .sandbox = word("s1"),
					   .bundle = word("/b \xff"),
					   .rootfs = word("/b/rootfs"),
					   .oci_version = word("1.0.2"),
					   .created = word("2026-01-01T00:00:00.000000000Z"),
					   .annotations = annotations,
					   .state = STATE_PAUSED,
					   .terminal = true,
					   .shim = { .pid = 42, .start = UINT64_MAX - 1 } };
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(container_record_free) struct container_record *back = NULL;

	assert_int_equal(container_record_write(dir, &record, &err), 0);
	if (container_record_read(dir, &back, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(back->id, "c1");
	assert_string_equal(back->sandbox, "s1");
	assert_string_equal(back->bundle, "/b \xef\xbf\xbd");
	assert_string_equal(back->rootfs, "/b/rootfs");
	assert_string_equal(back->annotations[0], "k=v=\"1\"\n");
	assert_string_equal(back->annotations[1], "e=");
	assert_int_equal(back->state, STATE_PAUSED);
	assert_true(back->terminal);
	assert_int_equal(back->shim.pid, 42);
	assert_true(back->shim.start == UINT64_MAX - 1);
}

TEST(a_sandbox_record_is_read_as_it_was_written)
{
	struct sandbox_record record = {
		.id = word("s1"),
		.boot_id = "0123",
		.config_path = word("/c.toml"),
		.network = { .netns = word("/n"),
			     .scanned = true,
			     .vhost = true,
			     .model = WIRE_BRIDGED,
			     .n_queues = 3 },
		.cgroups = { CGROUP_SPLIT, word("/p"), 1500 },
		.root = NULL,
	};
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(sandbox_record_free) struct sandbox_record *back = NULL;

	assert_int_equal(sandbox_record_read(dir, &back, &err), -ENOENT);
	assert_int_equal(sandbox_record_write(dir, &record, &err), 0);
	assert_int_equal(sandbox_record_read(dir, &back, &err), 0);
	assert_string_equal(back->id, "s1");
	assert_string_equal(back->boot_id, "0123");
	assert_string_equal(back->config_path, "/c.toml");
	assert_string_equal(back->network.netns, "/n");
	assert_true(back->network.scanned);
	assert_true(back->network.vhost);
	assert_int_equal(back->network.model, WIRE_BRIDGED);
	assert_int_equal(back->network.n_queues, 3);
	assert_int_equal(back->cgroups.mode, CGROUP_SPLIT);
	assert_string_equal(back->cgroups.path, "/p");
	assert_int_equal(back->cgroups.cpu_millis, 1500);
	assert_null(back->root);
}

TEST(a_sandbox_without_interfaces_needs_no_file_for_them)
{
	struct sandbox_record sandbox = {
		.id = word("s1"),
		.boot_id = "0123",
		.network = { .netns = word("/n"), .scanned = true, .model = WIRE_MACVTAP }
	};
	struct wire wire = { .model = WIRE_TCFILTER, .number = 2, .index = 7, .name = "eth0" };
	struct network_record record = { .netns_ino = 42, .wires = &wire, .n = 1 };
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct network_record back = { 0 };

	assert_int_equal(network_record_read(dir, &back, &err), -ENOENT);
	assert_int_equal(sandbox_record_write(dir, &sandbox, &err), 0);
	assert_int_equal(network_record_read(dir, &back, &err), 0);
	assert_int_equal(back.n, 0);
	assert_string_equal(back.settings.netns, "/n");
	assert_int_equal(back.settings.model, WIRE_MACVTAP);
	network_record_done(&back);

	assert_int_equal(network_record_write(dir, &record, &err), 0);
	assert_int_equal(network_record_read(dir, &back, &err), 0);
	assert_true(back.settings.scanned);
	assert_int_equal(back.netns_ino, 42);
	assert_int_equal(back.n, 1);
	assert_string_equal(back.wires[0].name, "eth0");
	assert_int_equal(back.wires[0].model, WIRE_TCFILTER);
	network_record_done(&back);
}

TEST(a_record_that_is_not_right_is_an_error_and_no_crash)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"id\":1}",
		"{\"id\":\"c\",\"state\":\"created\"}",
		"{\"id\":\"c\",\"state\":\"flying\"}",
		"{\"id\":\"c\",\"shimPid\":\"1\"}",
		"{\"id\":\"c\",\"bootId\":\"0\",\"cgroups\":{\"of\":\"all\"}}",
		"{\"id\":\"c\",\"bootId\":\"0\",\"cgroups\":{\"of\":\"sandbox\"}}",
		"{\"id\":\"c\",\"bootId\":\"0\",\"cgroups\":{\"of\":\"container\",\"path\":\"/\"}}",
	};
	CLEANUP(close) int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct container_record *container = NULL;
		struct sandbox_record *sandbox = NULL;

		tmp_write(PERSIST_FILE, texts[i]);
		assert_int_equal(container_record_read(dir, &container, &err), -EINVAL);
		assert_null(container);
		assert_int_equal(sandbox_record_read(dir, &sandbox, &err), -EINVAL);
		assert_null(sandbox);
	}
}

TEST(the_boot_id_is_a_uuid)
{
	char id[BOOT_ID_LEN];

	assert_int_equal(boot_id_read(id, &err), 0);
	assert_int_equal(strlen(id), 36);
}

TEST(a_container_is_mapped_to_its_sandbox)
{
	CLEANUP(free) char *sid = NULL;

	require(geteuid() == 0);
	assert_int_equal(mapping_find("c1", &sid, &err), -ENOENT);
	assert_int_equal(mapping_add("c1", "s1", &err), 0);
	assert_int_equal(mapping_find("c1", &sid, &err), 0);
	assert_string_equal(sid, "s1");
	assert_int_equal(mapping_remove("c1", &err), 0);
	assert_int_equal(mapping_remove("c1", &err), 0);
}

TEST(a_sandbox_is_made_and_locked_once)
{
	CLEANUP(free) char *path = tmp_path("s1");
	CLEANUP(close) int fd = lock_sandbox(path, true, &err);

	assert_true(fd >= 0);
	assert_int_equal(lock_sandbox(path, true, &err), -EEXIST);
	path[strlen(path) - 1] = '2';
	assert_int_equal(lock_sandbox(path, false, &err), -ENOENT);
}

static bool own_mounts(void)
{
	static bool done;

	if (!done)
		done = unshare(CLONE_NEWNS) == 0 &&
		       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return done;
}

static bool shares_pid;

/* A volume's source with that base name, as the guest sees it afterwards; owned. */
static char *shared_as(const char *cid, const char *base)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	CLEANUP(free) char *source = tmp_path("%s", base);
	CLEANUP(free) char *root = tmp_path("rootfs");

	assert_int_equal(mkdir_p(source, 0700, &err), 0);
	assert_int_equal(mkdir_p(root, 0700, &err), 0);
	spec->root_path = xstrdup("rootfs");
	spec->mounts = xcalloc(1, sizeof(*spec->mounts));
	spec->n_mounts = 1;
	spec->mounts[0].destination = xstrdup("/data");
	spec->mounts[0].type = xstrdup("bind");
	spec->mounts[0].source = xstrdup(source);
	if (guest_spec_prepare(spec, tmp, "s1", cid, 0, NULL, &shares_pid, &err) != 0)
		fail_msg("%s", err.text);
	return xstrdup(spec->mounts[0].source);
}

TEST(a_volume_is_named_after_its_container_and_fits_a_file_name)
{
	CLEANUP(free) char *plain = NULL;
	CLEANUP(free) char *cut = NULL;
	char cid[ID_MAX + 1];
	char base[200];

	require(geteuid() == 0 && own_mounts());
	assert_int_equal(share_open("s1", &err), 0);
	plain = shared_as("c1", "data");
	assert_true(str_starts(plain, GUEST_SHARE "/c1-"));
	assert_string_equal(plain + strlen(GUEST_SHARE "/c1-") + 16, "-data");
	memset(cid, 'i', ID_MAX);
	cid[ID_MAX] = '\0';
	memset(base, 'b', sizeof(base) - 1);
	base[sizeof(base) - 1] = '\0';
	cut = shared_as(cid, base);
	assert_int_equal(strlen(path_base(cut)), NAME_MAX);
	assert_int_equal(share_close("s1", &err), 0);
}

TEST(a_bind_mount_that_is_not_there_is_named)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	CLEANUP(free) char *root = tmp_path("rootfs");

	require(geteuid() == 0 && own_mounts());
	assert_int_equal(share_open("s1", &err), 0);
	assert_int_equal(mkdir_p(root, 0700, &err), 0);
	spec->root_path = xstrdup("rootfs");
	spec->mounts = xcalloc(1, sizeof(*spec->mounts));
	spec->n_mounts = 1;
	spec->mounts[0].destination = xstrdup("/data");
	spec->mounts[0].type = xstrdup("bind");
	assert_int_equal(guest_spec_prepare(spec, tmp, "s1", "c1", 0, NULL, &shares_pid, &err),
			 -EINVAL);
	assert_string_equal(err.text, "mounts: /data: a bind mount needs a source");
	spec->mounts[0].source = xstrdup("/no/such/source");
	free(spec->root_path);
	spec->root_path = xstrdup("rootfs");
	assert_int_equal(guest_spec_prepare(spec, tmp, "s1", "c2", 0, NULL, &shares_pid, &err),
			 -ENOENT);
	assert_string_equal(err.text, "mounts: /data: source /no/such/source: No such file or "
				      "directory");
	assert_int_equal(share_close("s1", &err), 0);
}

TEST(a_bind_mount_of_the_hosts_own_files_is_dropped_with_a_line)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();
	CLEANUP(free) char *log_path = tmp_path("log");
	CLEANUP(free) char *root = tmp_path("rootfs");
	CLEANUP(free) char *log = NULL;
	CLEANUP(close) int fd = open(log_path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	size_t len = 0;

	require(geteuid() == 0 && own_mounts());
	assert_int_equal(share_open("s1", &err), 0);
	assert_int_equal(mkdir_p(root, 0700, &err), 0);
	spec->root_path = xstrdup("rootfs");
	spec->mounts = xcalloc(1, sizeof(*spec->mounts));
	spec->n_mounts = 1;
	spec->mounts[0].destination = xstrdup("/host-proc");
	spec->mounts[0].source = xstrdup("/proc/sys");
	spec->mounts[0].type = xstrdup("bind");
	log_open_fd(fd, false);
	log_tell_only_terminals();
	assert_int_equal(guest_spec_prepare(spec, tmp, "s1", "c1", 0, NULL, &shares_pid, &err), 0);
	log_open_fd(-1, false);
	assert_int_equal(spec->n_mounts, 0);
	assert_int_equal(file_read(log_path, 65536, &log, &len, &err), 0);
	assert_non_null(
		strstr(log, "mounts: /host-proc: /proc/sys is the host's own and left out"));
	assert_int_equal(share_close("s1", &err), 0);
}

/* A spec whose only namespace is a pid namespace that exists. */
static struct oci_spec *spec_joining(const char *path)
{
	struct oci_spec *spec = oci_spec_new();

	spec->root_path = xstrdup("rootfs");
	spec->namespaces = xcalloc(1, sizeof(*spec->namespaces));
	spec->n_namespaces = 1;
	spec->namespaces[0].type = xstrdup("pid");
	spec->namespaces[0].path = xstrdup(path);
	return spec;
}

TEST(a_member_may_join_the_pid_namespace_of_its_pods_own_container)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = spec_joining("/proc/4711/ns/pid");
	CLEANUP(free) char *root = tmp_path("rootfs");

	require(geteuid() == 0 && own_mounts());
	assert_int_equal(share_open("s1", &err), 0);
	assert_int_equal(mkdir_p(root, 0700, &err), 0);
	shares_pid = false;
	assert_int_equal(guest_spec_prepare(spec, tmp, "s1", "c1", 4711, NULL, &shares_pid, &err),
			 0);
	assert_true(shares_pid);
	assert_int_equal(spec->n_namespaces, 0);
	assert_int_equal(share_close("s1", &err), 0);
}

TEST(no_other_pid_namespace_can_be_joined)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = spec_joining("/proc/1/ns/pid");

	assert_int_equal(guest_spec_prepare(spec, tmp, "s1", "c1", 4711, NULL, &shares_pid, &err),
			 -ENOTSUP);
	assert_string_equal(err.text, "linux.namespaces: joining the pid namespace /proc/1/ns/pid "
				      "is not supported, only that of the pod's own container is");
	assert_int_equal(guest_spec_prepare(spec, tmp, "s1", "c1", 0, NULL, &shares_pid, &err),
			 -ENOTSUP);
	assert_string_equal(err.text, "linux.namespaces: joining the pid namespace /proc/1/ns/pid "
				      "is not supported");
}

TEST(a_new_user_namespace_goes_to_the_guest_and_a_hosts_one_does_not)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = spec_joining("/proc/1/ns/user");
	CLEANUP(free) char *root = tmp_path("rootfs");

	require(geteuid() == 0 && own_mounts());
	free(spec->namespaces[0].type);
	spec->namespaces[0].type = xstrdup("user");
	assert_int_equal(guest_spec_prepare(spec, tmp, "s1", "c1", 4711, NULL, &shares_pid, &err),
			 -ENOTSUP);
	assert_string_equal(err.text, "linux.namespaces: joining the user namespace "
				      "/proc/1/ns/user is not supported");
	free(spec->namespaces[0].path);
	spec->namespaces[0].path = NULL;
	assert_int_equal(share_open("s1", &err), 0);
	assert_int_equal(mkdir_p(root, 0700, &err), 0);
	assert_int_equal(guest_spec_prepare(spec, tmp, "s1", "c1", 0, NULL, &shares_pid, &err), 0);
	assert_non_null(oci_spec_namespace(spec, "user"));
	assert_int_equal(share_close("s1", &err), 0);
}

static void add_namespace(struct oci_spec *spec, const char *type, const char *path)
{
	spec->namespaces[spec->n_namespaces++] = (struct oci_namespace){
		.type = xstrdup(type),
		.path = path ? xstrdup(path) : NULL,
	};
}

/* A spec with one of each kind that a pod shares; @path of ipc and network. */
static struct oci_spec *spec_of_pod(const char *path)
{
	struct oci_spec *spec = oci_spec_new();

	spec->root_path = xstrdup("rootfs");
	spec->namespaces = xcalloc(4, sizeof(*spec->namespaces));
	add_namespace(spec, "mount", NULL);
	add_namespace(spec, "uts", NULL);
	add_namespace(spec, "ipc", path);
	add_namespace(spec, "network", path);
	return spec;
}

TEST(the_pods_namespaces_are_the_guests_and_a_member_may_have_its_own)
{
	CLEANUP(oci_spec_free) struct oci_spec *first = spec_of_pod(NULL);
	CLEANUP(oci_spec_free) struct oci_spec *member = spec_of_pod("/proc/4711/ns/x");
	CLEANUP(free) char *root = tmp_path("rootfs");

	require(geteuid() == 0 && own_mounts());
	assert_int_equal(share_open("s1", &err), 0);
	assert_int_equal(mkdir_p(root, 0700, &err), 0);
	assert_int_equal(guest_spec_prepare(first, tmp, "s1", "c1", 0, NULL, &shares_pid, &err), 0);
	assert_int_equal(first->n_namespaces, 1);
	assert_non_null(oci_spec_namespace(first, "mount"));
	assert_int_equal(guest_spec_prepare(member, tmp, "s1", "c2", 4711, NULL, &shares_pid, &err),
			 0);
	assert_int_equal(member->n_namespaces, 2);
	assert_non_null(oci_spec_namespace(member, "uts"));
	assert_null(oci_spec_namespace(member, "network"));
	assert_int_equal(share_close("s1", &err), 0);
}

TEST(a_system_call_filter_can_be_dropped)
{
	CLEANUP(oci_spec_free) struct oci_spec *spec = oci_spec_new();

	guest_spec_drop_seccomp(spec);
	spec->seccomp = xcalloc(1, sizeof(*spec->seccomp));
	spec->seccomp->default_action = xstrdup("SCMP_ACT_KILL");
	guest_spec_drop_seccomp(spec);
	assert_null(spec->seccomp);
}

/* A device file with that number in the store; false where we may not make one. */
static bool make_store(struct config *config, dev_t dev)
{
	CLEANUP(free) char *devices = tmp_path("store/block/devices");
	CLEANUP(free) char *sockets = tmp_path("store/block/sockets");
	CLEANUP(free) char *node = tmp_path("store/block/devices/vhostblk0");

	config->hypervisor.enable_vhost_user_store = true;
	config->hypervisor.vhost_user_store_path = tmp_path("store");
	assert_int_equal(mkdir_p(devices, 0755, &err), 0);
	assert_int_equal(mkdir_p(sockets, 0755, &err), 0);
	return mknod(node, S_IFBLK | 0600, dev) == 0;
}

TEST(a_disk_of_vhost_user_is_found_in_the_store_by_its_number)
{
	const dev_t dev = makedev(VHOST_STORE_BLK, 7);
	struct config config = { 0 };
	bool made = make_store(&config, dev);
	CLEANUP(free) char *store = config.hypervisor.vhost_user_store_path;
	CLEANUP(free) char *path = tmp_path("store/block/sockets/vhostblk0");
	enum plug_driver driver = PLUG_NVDIMM;
	CLEANUP(free) char *socket = NULL;
	CLEANUP(close) int listening = -1;

	require(made);
	assert_int_equal(vhost_store_find(&config, makedev(8, 0), &driver, &socket, &err), 0);
	assert_int_equal(
		vhost_store_find(&config, makedev(VHOST_STORE_BLK, 8), &driver, &socket, &err),
		-ENODEV);
	assert_non_null(strstr(err.text, "vhost_user_store_path"));
	assert_int_equal(vhost_store_find(&config, dev, &driver, &socket, &err), -ENOENT);
	assert_non_null(strstr(err.text, "the socket of the vhost-user device vhostblk0: "));
	tmp_write("store/block/sockets/vhostblk0", "");
	assert_int_equal(vhost_store_find(&config, dev, &driver, &socket, &err), -ENOTSOCK);
	assert_int_equal(unlink(path), 0);
	listening = unix_listen(path, 0600, &err);
	assert_true(listening >= 0);
	assert_int_equal(vhost_store_find(&config, dev, &driver, &socket, &err), 1);
	assert_string_equal(socket, path);
	assert_int_equal(driver, PLUG_VHOST_USER_BLK);
	config.hypervisor.enable_vhost_user_store = false;
	assert_false(vhost_store_has(&config, dev));
}

TEST(file_systems_of_several_machines_are_known_by_their_magic)
{
	assert_string_equal(guest_spec_network_fs(0x6969), "NFS");
	assert_string_equal(guest_spec_network_fs(0xff534d42), "CIFS");
	assert_null(guest_spec_network_fs(0xef53));     /* ext4 */
	assert_null(guest_spec_network_fs(0x794c7630)); /* overlay */
}

TEST(file_systems_are_known_by_their_first_bytes)
{
	static const struct {
		size_t offset;
		const char *magic;
		const char *name;
	} types[] = { { 0x438, "\x53\xef", "ext4" },
		      { 0, "hsqs", "squashfs" },
		      { 1024, "\xe2\xe1\xf5\xe0", "erofs" },
		      { 0, "XFSB", NULL },
		      { 510, "\x55\xaa", NULL } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char data[4096] = { 0 };
		const char *name;

		memcpy(data + types[i].offset, types[i].magic, strlen(types[i].magic));
		name = disks_probe(data, sizeof(data));
		if (types[i].name)
			assert_string_equal(name, types[i].name);
		else
			assert_null(name);
		assert_null(disks_probe(data, types[i].offset));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(ids_hold_letters_digits_and_a_few_signs),
		SETUP_TEST(an_id_is_found_by_its_beginning),
		SETUP_TEST(paths_lie_below_the_run_directory),
		SETUP_TEST(a_container_belongs_to_the_sandbox_that_its_engine_names),
		SETUP_TEST(a_sandbox_id_of_an_annotation_is_checked),
		SETUP_TEST(the_cgroup_on_the_host_is_where_systemd_would_have_it),
		SETUP_TEST(a_sandbox_has_one_cgroup_where_its_configuration_says_so),
		SETUP_TEST(open_files_of_a_sandbox_are_what_is_asked_or_a_share_of_the_host),
		SETUP_TEST(a_sandbox_s_cgroup_does_not_lead_outside),
		SETUP_TEST(vcpus_may_use_what_sandbox_cpu_says_until_more_are_plugged_in),
		SETUP_TEST(a_container_that_names_the_network_of_another_is_in_its_sandbox),
		SETUP_TEST(a_foreign_process_has_a_network_to_use_and_nothing_else),
		SETUP_TEST(the_sandbox_itself_is_its_own),
		SETUP_TEST(a_container_record_is_read_as_it_was_written),
		SETUP_TEST(a_sandbox_record_is_read_as_it_was_written),
		SETUP_TEST(a_sandbox_without_interfaces_needs_no_file_for_them),
		SETUP_TEST(a_record_that_is_not_right_is_an_error_and_no_crash),
		SETUP_TEST(the_boot_id_is_a_uuid),
		SETUP_TEST(a_container_is_mapped_to_its_sandbox),
		SETUP_TEST(a_sandbox_is_made_and_locked_once),
		SETUP_TEST(a_volume_is_named_after_its_container_and_fits_a_file_name),
		SETUP_TEST(a_bind_mount_that_is_not_there_is_named),
		SETUP_TEST(a_bind_mount_of_the_hosts_own_files_is_dropped_with_a_line),
		SETUP_TEST(a_member_may_join_the_pid_namespace_of_its_pods_own_container),
		SETUP_TEST(no_other_pid_namespace_can_be_joined),
		SETUP_TEST(a_new_user_namespace_goes_to_the_guest_and_a_hosts_one_does_not),
		SETUP_TEST(the_pods_namespaces_are_the_guests_and_a_member_may_have_its_own),
		SETUP_TEST(a_system_call_filter_can_be_dropped),
		SETUP_TEST(a_disk_of_vhost_user_is_found_in_the_store_by_its_number),
		SETUP_TEST(file_systems_of_several_machines_are_known_by_their_magic),
		SETUP_TEST(file_systems_are_known_by_their_first_bytes),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
