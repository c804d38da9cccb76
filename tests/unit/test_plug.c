/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forked child stands for QEMU (tests/lib/fake_devices.c). What it was told is
 * in golden/plug-<name>.qmp, one command to a line, and in the end what it has.
 * UPDATE_GOLDEN=1 writes them anew; the difference is then for review.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/lib/fake_devices.h"
#include "tests/unit/tmp.h"
#include "vm/plug.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define MAC      "02:00:00:00:00:01"

static struct plug *plug;
static struct err err;
static pid_t qemu;
static int log_fd; /* what QEMU was told */

/* One line and the descriptor that came with it; false at the end. */
static bool hear(int sock, struct buf *in, int *ret_fd)
{
	*ret_fd = -1;
	while (buf_len(in) == 0 || !memchr(buf_data(in), '\n', buf_len(in))) {
		ssize_t n = recv_with_fd(sock, buf_reserve(in, 4096), 4096, ret_fd);

		if (n <= 0)
			return false;
		buf_commit(in, (size_t)n);
	}
	return true;
}

static void serve(int sock, struct fake_devices *fake)
{
	struct buf in = { 0 };
	int fd;

	(void)write_full(sock, GREETING, strlen(GREETING));
	while (hear(sock, &in, &fd)) {
		size_t len = (size_t)((uint8_t *)memchr(buf_data(&in), '\n', buf_len(&in)) -
				      buf_data(&in));
		CLEANUP(free) char *line = xstrndup((char *)buf_data(&in), len);
		struct buf out = { 0 };

		buf_consume(&in, len + 1);
		if (!strstr(line, "qmp_capabilities"))
			dprintf(log_fd, "%s%s\n", line, fd >= 0 ? " + a descriptor" : "");
		if (!fake_devices_answer(fake, line, fd, &out))
			buf_printf(&out, "{\"return\": {}}\r\n");
		(void)write_full(sock, buf_data(&out), buf_len(&out));
		buf_done(&out);
	}
	buf_done(&in);
}

/* Starts the fake and connects to it. */
static void start(struct fake_devices fake, const char *fault)
{
	CLEANUP(free) char *path = tmp_path("qmp.sock");
	CLEANUP(close) int listening = -1;
	int r;

	memset(&err, 0, sizeof(err));
	log_fd = open(tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(log_fd >= 0);
	listening = unix_listen(path, 0600, &err);
	assert_true(listening >= 0);
	qemu = fork();
	if (qemu == 0) {
		CLEANUP(strv_free) char **faults = strv_split(fault, ";");
		int sock = accept(listening, NULL, NULL);
		char *list;

		fake.faults = faults;
		serve(sock, &fake);
		list = fake_devices_list(&fake);
		dprintf(log_fd, "there is:%s%s\n", *list ? "\n" : " nothing", list);
		_exit(0);
	}
	r = plug_open(tmp, &plug, &err);
	if (r < 0)
		fail_msg("%s", err.text);
}

/* Ends the fake; owned. */
static char *told(void)
{
	char *text = xcalloc(1, 16384);
	int status;

	plug_close(plug);
	plug = NULL;
	assert_int_equal(waitpid(qemu, &status, 0), qemu);
	assert_int_equal(status, 0);
	assert_true(pread(log_fd, text, 16383, 0) > 0);
	close(log_fd);
	return text;
}

static void assert_told(const char *name)
{
	CLEANUP(free) char *path = xasprintf("%s/golden/plug-%s.qmp", TEST_DIR, name);
	CLEANUP(free) char *text = told();
	CLEANUP(free) char *wanted = NULL;
	struct err error = { 0 };

	if (getenv("UPDATE_GOLDEN")) {
		assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, &error),
				 0);
		return;
	}
	if (file_read(path, 1 << 20, &wanted, NULL, &error) != 0)
		fail_msg("%s", error.text);
	assert_string_equal(text, wanted);
}

static const struct fake_devices q35 = { .n_ports = 10 };
static const struct fake_devices q35_shared = { .n_ports = 10, .memory = "memory-backend-memfd" };

/* A NIC on two queues: any descriptors will do. */
static struct plug_nic two_queues(const int *fds)
{
	return (struct plug_nic){
		.name = "eth1", .mac = MAC, .queues = fds, .vhost = fds, .n_queues = 2
	};
}

TEST(a_tap_of_two_queues_comes_and_goes)
{
	const int fds[] = { STDIN_FILENO, STDERR_FILENO };
	const struct plug_nic nic = two_queues(fds);
	char path[PLUG_PATH_LEN];

	start(q35, "");
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
	assert_string_equal(path, "10.0/00");
	assert_int_equal(plug_nic_remove(plug, "eth1", &err), 0);
	assert_told("tap");
}

TEST(an_existing_tap_is_named)
{
	const struct plug_nic nic = { .name = "e", .mac = MAC, .tap = "tap7", .n_queues = 1 };
	char path[PLUG_PATH_LEN];

	start(q35, "");
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
	assert_told("tap-by-name");
}

/* The fake says that it does not run on KVM. */
TEST(vhost_user_under_emulation_has_no_msix)
{
	const struct plug_nic nic = {
		.name = "v", .mac = MAC, .vhost_user = "/run/v.sock", .n_queues = 1
	};
	char path[PLUG_PATH_LEN];

	start(q35_shared, "");
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
	assert_int_equal(plug_nic_remove(plug, "v", &err), 0);
	assert_told("vhost-user");
}

TEST(vhost_user_without_shared_memory_names_the_key)
{
	const struct plug_nic nic = {
		.name = "v", .mac = MAC, .vhost_user = "/run/v.sock", .n_queues = 1
	};
	char path[PLUG_PATH_LEN];

	start(q35, "");
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "shared_fs"));
	free(told());
}

TEST(a_step_that_fails_takes_the_earlier_ones_back)
{
	static const char *const commands[] = { "getfd", "netdev_add", "device_add" };
	const int fds[] = { STDIN_FILENO, STDERR_FILENO };
	const struct plug_nic nic = two_queues(fds);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		CLEANUP(free) char *fault = xasprintf("refuse=not today@%s", commands[i]);
		CLEANUP(free)
		char *wanted = xasprintf("plug in eth1: QEMU refused %s: not today", commands[i]);
		CLEANUP(free) char *socket = tmp_path("qmp.sock");
		CLEANUP(free) char *text = NULL;
		char path[PLUG_PATH_LEN];

		start(q35, fault);
		assert_int_equal(plug_nic_add(plug, &nic, path, &err), -EIO);
		assert_string_equal(err.text, wanted);
		text = told();
		assert_non_null(strstr(text, "there is: nothing"));
		assert_int_equal(unlink(socket), 0);
	}
}

TEST(vhost_user_that_fails_leaves_no_character_device)
{
	const struct plug_nic nic = {
		.name = "v", .mac = MAC, .vhost_user = "/run/v.sock", .n_queues = 1
	};
	CLEANUP(free) char *text = NULL;
	char path[PLUG_PATH_LEN];

	start(q35_shared, "refuse=no@netdev_add");
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), -EIO);
	text = told();
	assert_non_null(strstr(text, "chardev-remove"));
	assert_non_null(strstr(text, "there is: nothing"));
}

TEST(the_free_port_is_the_first_without_a_device)
{
	struct fake_devices fake = { .n_ports = 10,
				     .devices = strv_split("nic-a rp0 0,nic-b rp9 0", ",") };
	struct plug_nic nic = { .name = "c", .mac = MAC, .tap = "tap0", .n_queues = 1 };
	char path[PLUG_PATH_LEN];

	start(fake, "");
	for (unsigned i = 1; i < 9; i++) {
		char name[8];
		char wanted[PLUG_PATH_LEN];

		snprintf(name, sizeof(name), "c%u", i);
		snprintf(wanted, sizeof(wanted), "%x.%x/00", 0x10 + i / 8, i % 8);
		nic.name = name;
		assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
		assert_string_equal(path, wanted);
	}
	nic.name = "c9";
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), -ENOSPC);
	assert_string_equal(
		err.text,
		"plug in c9: the virtual machine takes no further device: all of its "
		"PCIe root ports are in use, [hypervisor.qemu] default_root_ports = 10, and of "
		"its PCI bridges, default_bridges = 0");
	free(told());
	strv_free(fake.devices);
}

TEST(without_ports_the_error_names_their_key)
{
	const struct plug_nic nic = { .name = "c", .mac = MAC, .tap = "tap0", .n_queues = 1 };
	char path[PLUG_PATH_LEN];

	start((struct fake_devices){ 0 }, "");
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), -ENOSPC);
	assert_string_equal(err.text,
			    "plug in c: the virtual machine takes no device: it was "
			    "started with [hypervisor.qemu] default_root_ports = 0 or machine_type "
			    "= \"microvm\", which takes disks of block_device_driver = "
			    "\"virtio-scsi\" only");
	free(told());
}

TEST(behind_the_last_port_come_the_bridges)
{
	struct fake_devices fake = { .n_ports = 1, .n_bridges = 2 };
	struct plug_nic nic = { .mac = MAC, .tap = "tap0", .n_queues = 1 };
	char path[PLUG_PATH_LEN];
	char name[8];

	start(fake, "");
	for (unsigned i = 0; i < 51; i++) {
		char wanted[PLUG_PATH_LEN];

		snprintf(name, sizeof(name), "c%u", i);
		snprintf(wanted, sizeof(wanted), "%02x.0/%02x", 5 + (i - 1) / 25, (i - 1) % 25 + 1);
		nic.name = name;
		assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
		assert_string_equal(path, i == 0 ? "10.0/00" : wanted);
	}
	nic.name = "more";
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), -ENOSPC);
	assert_string_equal(err.text,
			    "plug in more: the virtual machine takes no further device: all of its "
			    "PCIe root ports are in use, [hypervisor.qemu] default_root_ports = 1, "
			    "and of its PCI bridges, default_bridges = 2");
	/* A place that is free again is the next one's. */
	assert_int_equal(plug_nic_remove(plug, "c7", &err), 0);
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
	assert_string_equal(path, "05.0/07");
	free(told());
}

TEST(a_pc_takes_devices_on_its_root_bus)
{
	struct plug_nic nic = { .mac = MAC, .tap = "tap0", .n_queues = 1 };
	char path[PLUG_PATH_LEN];

	start((struct fake_devices){ .is_pc = true }, "");
	for (unsigned i = 1; i < 32; i++) {
		char name[8];

		snprintf(name, sizeof(name), "e%u", i);
		nic.name = name;
		assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
	}
	assert_string_equal(path, "1f.0");
	nic.name = "e32";
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "default_root_ports"));
	free(told());
}

TEST(an_event_before_the_answer_counts)
{
	const struct plug_nic nic = { .name = "e", .mac = MAC, .tap = "tap0", .n_queues = 1 };
	CLEANUP(free) char *text = NULL;
	char path[PLUG_PATH_LEN];

	start(q35, "early@device_del");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
		assert_int_equal(plug_nic_remove(plug, "e", &err), 0);
	}
	text = told();
	assert_non_null(strstr(text, "there is: nothing"));
}

TEST(what_is_not_there_is_removed_already)
{

	start(q35, "");
	assert_int_equal(plug_nic_remove(plug, "nothing", &err), 0);
	free(told());
}

TEST(a_guest_that_lets_nothing_go_is_told_of_in_time)
{
	const struct plug_nic nic = { .name = "e", .mac = MAC, .tap = "tap0", .n_queues = 1 };
	CLEANUP(free) char *text = NULL;
	char path[PLUG_PATH_LEN];

	start(q35, "stuck@device_del");
	assert_int_equal(plug_nic_add(plug, &nic, path, &err), 0);
	assert_int_equal(plug_nic_remove(plug, "e", &err), -ETIMEDOUT);
	assert_string_equal(err.text, "unplug e: the guest does not let device nic-e go");
	text = told();
	assert_non_null(strstr(text, "netdev net-e\ndevice nic-e rp0 0"));
}

TEST(a_disk_of_vhost_user_comes_and_goes)
{
	struct plug_disk disk = { .number = 3,
				  .path = "/store/block/sockets/vhostblk0",
				  .driver = PLUG_VHOST_USER_BLK };
	char address[PLUG_PATH_LEN];

	start(q35_shared, "");
	assert_int_equal(plug_disk_add(plug, &disk, address, &err), 0);
	assert_string_equal(address, "10.0/00");
	assert_int_equal(plug_disk_remove(plug, 3, &err), 0);
	disk.driver = PLUG_VHOST_USER_SCSI;
	assert_int_equal(plug_disk_add(plug, &disk, address, &err), 0);
	assert_told("vhost-user-disk");
}

TEST(a_disk_of_vhost_user_needs_memory_that_is_shared)
{
	const struct plug_disk disk = { .path = "/store/block/sockets/vhostblk0",
					.driver = PLUG_VHOST_USER_BLK };
	CLEANUP(free) char *text = NULL;
	char address[PLUG_PATH_LEN];

	start(q35, "");
	assert_int_equal(plug_disk_add(plug, &disk, address, &err), -ENOTSUP);
	assert_string_equal(
		err.text, "plug in /store/block/sockets/vhostblk0: vhost-user: "
			  "/store/block/sockets/vhostblk0 cannot reach the memory of this virtual "
			  "machine; it is shared with [hypervisor.qemu] shared_fs = \"virtio-fs\"");
	text = told();
	assert_non_null(strstr(text, "there is: nothing"));
}

TEST(a_device_of_the_host_comes_and_goes)
{
	char path[PLUG_PATH_LEN];

	start(q35, "");
	assert_int_equal(plug_vfio_add(plug, "0000:01:00.0", false, path, &err), 0);
	assert_string_equal(path, "10.0/00");
	assert_int_equal(
		plug_vfio_add(plug, "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", true, path, &err), 0);
	assert_string_equal(path, "10.1/00");
	assert_int_equal(plug_vfio_remove(plug, "0000:01:00.0", &err), 0);
	assert_int_equal(plug_vfio_remove(plug, "0000:01:00.0", &err), 0);
	assert_told("vfio");
}

TEST(a_pc_takes_a_device_of_the_host_on_its_root_bus)
{
	char path[PLUG_PATH_LEN];

	start((struct fake_devices){ .is_pc = true }, "");
	assert_int_equal(plug_vfio_add(plug, "0000:01:00.0", false, path, &err), 0);
	assert_string_equal(path, "01.0");
	assert_told("vfio-pc");
}

TEST(what_qemu_says_of_a_device_of_the_host_is_told)
{
	CLEANUP(free) char *text = NULL;
	char path[PLUG_PATH_LEN];

	start(q35, "refuse=failed to open /dev/vfio/12: Device or resource busy@device_add");
	assert_int_equal(plug_vfio_add(plug, "0000:01:00.0", false, path, &err), -EIO);
	assert_string_equal(err.text,
			    "plug in 0000:01:00.0: QEMU refused device_add: failed to open "
			    "/dev/vfio/12: Device or resource busy");
	text = told();
	assert_non_null(strstr(text, "there is: nothing"));
}

TEST(a_name_that_qemu_could_misread_is_refused)
{
	static const char *const names[] = {
		"",
		"1a",
		"a b",
		"a\"b",
		"a,b",
		"a/b",
		"a:b",
		"\xc3\xa4",
		("a23456789012345678901234567890123456789012345678901234"
		 "56789012345")
	};
	struct plug_nic nic = { .mac = MAC, .tap = "tap0", .n_queues = 1 };
	CLEANUP(free) char *text = NULL;
	char path[PLUG_PATH_LEN];

	start(q35, "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		nic.name = names[i];
		assert_int_equal(plug_nic_add(plug, &nic, path, &err), -EINVAL);
		assert_int_equal(plug_nic_remove(plug, names[i], &err), -EINVAL);
	}
	text = told();
	assert_string_equal(text, "there is: nothing\n");
}

TEST(vcpus_come_from_the_lowest_on)
{
	struct plug_size size = { 0 };

	start((struct fake_devices){ .n_vcpus = 3 }, "");
	assert_int_equal(plug_ask_size(plug, &size, &err), 0);
	assert_int_equal(size.vcpus, 1);
	assert_int_equal(plug_vcpus(plug, 1, &err), 0);
	assert_int_equal(plug_vcpus(plug, 3, &err), -ENOSPC);
	assert_string_equal(err.text, "only 1 vCPUs of 3 were added: all 3 vCPUs are there");
	assert_int_equal(plug_ask_size(plug, &size, &err), 0);
	assert_int_equal(size.vcpus, 3);
	assert_told("vcpus");
}

TEST(memory_is_of_the_same_kind_as_the_machines_own)
{
	struct plug_size size = { 0 };

	start((struct fake_devices){ .n_vcpus = 1, .memory = "memory-backend-memfd" }, "");
	assert_int_equal(plug_memory(plug, 256 << 20, &err), 0);
	assert_int_equal(plug_memory(plug, 128 << 20, &err), 0);
	assert_int_equal(plug_ask_size(plug, &size, &err), 0);
	assert_int_equal(size.base_bytes, 1 << 30);
	assert_int_equal(size.plugged_bytes, 384 << 20);
	assert_told("memory");
}

TEST(memory_behind_an_nvdimm_is_where_the_guest_can_have_it)
{
	struct plug_size size = { 0 };

	start((struct fake_devices){ .n_vcpus = 1, .nvdimm = 6 << 20 }, "");
	assert_int_equal(plug_ask_size(plug, &size, &err), 0);
	assert_int_equal(size.plugged_bytes, 0); /* a disk */
	assert_int_equal(plug_memory(plug, 384 << 20, &err), 0);
	assert_told("memory-aligned");
}

TEST(memory_that_qemu_refuses_leaves_no_back_end)
{
	CLEANUP(free) char *text = NULL;

	start((struct fake_devices){ .n_vcpus = 1 }, "refuse=no slot@device_add");
	assert_int_equal(plug_memory(plug, 256 << 20, &err), -EIO);
	assert_string_equal(err.text, "plug in 256 MiB beside 1024 MiB (0 of [hypervisor.qemu] "
				      "memory_slots are in use): QEMU refused device_add: no slot");
	text = told();
	assert_non_null(strstr(text, "there is: nothing"));
}

TEST(memory_is_asked_for_and_given_back)
{
	struct plug_size size = { 0 };

	start((struct fake_devices){ .n_vcpus = 1, .elastic = true }, "");
	assert_int_equal(plug_request_memory(plug, 256 << 20, &err), 0);
	assert_int_equal(plug_wait_memory(plug, 256 << 20, 0, &err), 0);
	assert_int_equal(plug_request_memory(plug, 128 << 20, &err), 0);
	assert_int_equal(plug_ask_size(plug, &size, &err), 0);
	assert_true(size.elastic);
	assert_int_equal(size.plugged_bytes, 128 << 20);
	assert_told("virtio-mem");
}

TEST(memory_that_the_guest_does_not_take_is_told_with_the_numbers)
{
	start((struct fake_devices){ .n_vcpus = 1, .elastic = true }, "stuck@qom-set");
	assert_int_equal(plug_request_memory(plug, 256 << 20, &err), 0);
	assert_int_equal(plug_wait_memory(plug, 256 << 20, deadline_in(30), &err), -ETIMEDOUT);
	assert_string_equal(err.text, "the guest has taken 0 MiB of 256 MiB that it was given");
	free(told());
}

TEST(a_virtio_disk_comes_and_goes)
{
	const struct plug_disk disk = { .number = 3, .path = "/dev/loop7", .read_only = true };
	char address[PLUG_PATH_LEN];

	start(q35, "");
	assert_int_equal(plug_disk_add(plug, &disk, address, &err), 0);
	assert_string_equal(address, "10.0/00");
	assert_int_equal(plug_disk_remove(plug, 3, &err), 0);
	assert_int_equal(plug_disk_remove(plug, 3, &err), 0);
	assert_told("disk");
}

TEST(a_scsi_disk_is_behind_the_controller)
{
	const struct plug_disk disk = { .number = 258,
					.path = "/dev/loop7",
					.driver = PLUG_VIRTIO_SCSI,
					.cache_set = true,
					.cache_direct = true };
	char address[PLUG_PATH_LEN];

	start((struct fake_devices){ 0 }, "");
	assert_int_equal(plug_disk_add(plug, &disk, address, &err), 0);
	assert_string_equal(address, "1:2");
	assert_told("scsi-disk");
}

TEST(an_nvdimm_is_memory_and_stays)
{
	const struct plug_disk disk = { .number = 0,
					.path = "/dev/loop7",
					.driver = PLUG_NVDIMM,
					.bytes = 128 << 20,
					.read_only = true };
	char address[PLUG_PATH_LEN];

	start((struct fake_devices){ 0 }, "");
	assert_int_equal(plug_disk_add(plug, &disk, address, &err), 0);
	assert_string_equal(address, "pmem0");
	assert_told("nvdimm");
}

TEST(a_disk_that_fails_leaves_nothing)
{
	static const char *const commands[] = { "blockdev-add", "query-pci", "device_add" };
	const struct plug_disk disk = { .number = 3, .path = "/dev/loop7" };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		CLEANUP(free) char *fault = xasprintf("refuse=not today@%s", commands[i]);
		CLEANUP(free) char *socket = tmp_path("qmp.sock");
		CLEANUP(free) char *text = NULL;
		char address[PLUG_PATH_LEN];

		start(q35, fault);
		assert_int_equal(plug_disk_add(plug, &disk, address, &err), -EIO);
		assert_non_null(strstr(err.text, "plug in /dev/loop7: QEMU refused"));
		text = told();
		assert_non_null(strstr(text, "there is: nothing"));
		assert_int_equal(unlink(socket), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_tap_of_two_queues_comes_and_goes),
		TMP_TEST(an_existing_tap_is_named),
		TMP_TEST(vhost_user_under_emulation_has_no_msix),
		TMP_TEST(vhost_user_without_shared_memory_names_the_key),
		TMP_TEST(a_step_that_fails_takes_the_earlier_ones_back),
		TMP_TEST(vhost_user_that_fails_leaves_no_character_device),
		TMP_TEST(the_free_port_is_the_first_without_a_device),
		TMP_TEST(without_ports_the_error_names_their_key),
		TMP_TEST(behind_the_last_port_come_the_bridges),
		TMP_TEST(a_pc_takes_devices_on_its_root_bus),
		TMP_TEST(an_event_before_the_answer_counts),
		TMP_TEST(what_is_not_there_is_removed_already),
		TMP_TEST(a_guest_that_lets_nothing_go_is_told_of_in_time),
		TMP_TEST(a_disk_of_vhost_user_comes_and_goes),
		TMP_TEST(a_disk_of_vhost_user_needs_memory_that_is_shared),
		TMP_TEST(a_device_of_the_host_comes_and_goes),
		TMP_TEST(a_pc_takes_a_device_of_the_host_on_its_root_bus),
		TMP_TEST(what_qemu_says_of_a_device_of_the_host_is_told),
		TMP_TEST(a_name_that_qemu_could_misread_is_refused),
		TMP_TEST(vcpus_come_from_the_lowest_on),
		TMP_TEST(memory_is_of_the_same_kind_as_the_machines_own),
		TMP_TEST(a_virtio_disk_comes_and_goes),
		TMP_TEST(a_scsi_disk_is_behind_the_controller),
		TMP_TEST(an_nvdimm_is_memory_and_stays),
		TMP_TEST(a_disk_that_fails_leaves_nothing),
		TMP_TEST(memory_behind_an_nvdimm_is_where_the_guest_can_have_it),
		TMP_TEST(memory_that_qemu_refuses_leaves_no_back_end),
		TMP_TEST(memory_is_asked_for_and_given_back),
		TMP_TEST(memory_that_the_guest_does_not_take_is_told_with_the_numbers),
	};

	return cmocka_run_group_tests_name("plug", tests, NULL, NULL);
}
