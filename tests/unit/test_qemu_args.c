/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of each machine type stands in golden/<name>.args, one argument to
 * a line. UPDATE_GOLDEN=1 writes them anew; the difference is then for review.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "hypervisor/machine.h"
#include "hypervisor/qemu_args.h"
#include "hypervisor/qemu_pci.h"
#include "hypervisor/qemu_vfio.h"

static char *const params[] = { (char *)(uintptr_t) "console=hvc0", (char *)(uintptr_t) "panic=1",
				NULL };
static char *const globals[] = { (char *)(uintptr_t) "virtio-blk-pci.vectors=2", NULL };

static struct machine machine_of(const char *type)
{
	return (struct machine){
		.program = "/usr/bin/qemu-system-x86_64",
		.id = "box1",
		.type = type,
		.accelerator = "tcg",
		.machine_options = "",
		.vcpus = 1,
		.max_vcpus = 4,
		.memory_mib = 1024,
		.max_memory_mib = 4096,
		.memory_slots = 10,
		.memory_path = "",
		.kernel = "/share/vmlinux",
		.initrd = "/share/initrd",
		.image = "",
		.firmware = "",
		.kernel_params = params,
		.share = SHARE_9P,
		.share_path = "/run/shared",
		.entropy_source = "/dev/urandom",
		.qmp_fd = 10,
		.events_fd = 11,
		.console_fd = 12,
		.channel_fd = 13,
		.vsock_fd = -1,
		.pid_file = "/run/vc/vm/box1/pid",
	};
}

static char *build(const struct machine *machine)
{
	CLEANUP(strv_free) char **args = NULL;
	struct err err = { 0 };

	if (qemu_args_build(machine, &args, &err) != 0)
		fail_msg("%s", err.text);
	return strv_join(args, "\n");
}

static void assert_golden(const struct machine *machine, const char *name)
{
	CLEANUP(free) char *path = xasprintf("%s/golden/%s.args", TEST_DIR, name);
	CLEANUP(free) char *args = build(machine);
	CLEANUP(free) char *text = xasprintf("%s\n", args);
	CLEANUP(free) char *wanted = NULL;
	struct err err = { 0 };

	if (getenv("UPDATE_GOLDEN")) {
		assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, &err),
				 0);
		return;
	}
	if (file_read(path, 1 << 20, &wanted, NULL, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(text, wanted);
}

TEST(pc_with_9p)
{
	struct machine machine = machine_of("pc");

	assert_golden(&machine, "pc");
}

TEST(q35_with_9p_on_kvm_with_root_ports_firmware_and_globals)
{
	struct machine machine = machine_of("q35");

	machine.accelerator = "kvm";
	machine.machine_options = "nvdimm=on";
	machine.firmware = "/share/bios.bin";
	machine.globals = globals;
	machine.root_ports = 10;
	assert_golden(&machine, "q35-9p");
}

TEST(q35_with_virtio_fs_and_no_memory_to_plug)
{
	struct machine machine = machine_of("q35");

	machine.share = SHARE_VIRTIO_FS;
	machine.share_path = "/run/vc/vm/box1/virtiofsd.sock";
	machine.max_memory_mib = machine.memory_mib;
	machine.root_ports = 2;
	assert_golden(&machine, "q35-virtio-fs");
}

TEST(an_agent_that_is_reached_by_vsock_has_no_port)
{
	struct machine machine = machine_of("q35");

	machine.channel_fd = -1;
	machine.vsock_fd = 17;
	machine.vsock_cid = 4711;
	assert_golden(&machine, "q35-vsock");
}

TEST(q35_with_devices_of_the_host)
{
	const struct machine_vfio vfio[] = {
		{ .id = "vfio-0000-01-00.0", .host = "0000:01:00.0", .bus = "rp0", .addr = "0" },
		{ .id = "vfio-83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
		  .sysfs_dir = "/sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
		  .bus = "pcie.0",
		  .addr = "14" },
	};
	struct machine machine = machine_of("q35");

	machine.root_ports = 2;
	machine.vfio = vfio;
	machine.n_vfio = 2;
	assert_golden(&machine, "q35-vfio");
}

static void assert_place(const struct qemu_vfio_layout *layout, unsigned i, const char *wanted)
{
	struct pci_place place = { 0 };
	struct err err = { 0 };
	char text[64];

	if (qemu_vfio_cold_place(layout, i, &place, &err) < 0)
		snprintf(text, sizeof(text), "%.60s", err.text);
	else
		snprintf(text, sizeof(text), "%s %s %s", place.bus, place.addr, place.guest_path);
	assert_string_equal(text, wanted);
}

TEST(places_of_devices_of_the_host)
{
	const struct qemu_vfio_layout ports = { .type = "q35", .root_ports = 9 };
	const struct qemu_vfio_layout root = { .type = "q35", .on_root_bus = true };
	const struct qemu_vfio_layout pc = { .type = "pc" };

	assert_place(&ports, 0, "rp0 0 10.0/00");
	assert_place(&ports, 8, "rp8 0 11.0/00");
	assert_place(&ports, 9, "the virtual machine has no PCIe root port left for a device ");
	assert_place(&root, 0, "pcie.0 14 14.0");
	assert_place(&root, 10, "pcie.0 1e 1e.0");
	assert_place(&root, 11, "the root bus of the virtual machine takes 11 devices of the ");
	assert_place(&pc, 1, "pci.0 15 15.0");
}

TEST(q35_with_a_controller_for_disks_and_its_thread)
{
	struct machine machine = machine_of("q35");

	machine.scsi = true;
	machine.iothread = true;
	assert_golden(&machine, "q35-scsi");
}

TEST(network_cards_with_one_queue_and_with_two_and_vhost)
{
	static const int one[] = { 21 };
	static const int two[] = { 22, 23 };
	static const int vhost[] = { 24, 25 };
	const struct machine_nic nics[] = {
		{ .mac = "02:42:ac:11:00:02", .queues = one, .n_queues = 1 },
		{ .mac = "02:42:ac:12:00:03", .queues = two, .n_queues = 2, .vhost = vhost },
	};
	struct machine machine = machine_of("q35");

	machine.nics = nics;
	machine.n_nics = 2;
	assert_golden(&machine, "q35-nics");
}

TEST(arm64_virt)
{
	struct machine machine = machine_of("virt");

	machine.program = "/usr/bin/qemu-system-aarch64";
	assert_golden(&machine, "virt");
}

/* The lines of @machine's memory: -m, its object, -overcommit. Owned. */
static char *memory_of(const struct machine *machine)
{
	CLEANUP(free) char *args = build(machine);
	const char *from = strstr(args, "\n-m\n");
	const char *to = strstr(args, "\n-nodefaults");

	assert_true(from && to);
	return xstrndup(from + 1, (size_t)(to - from - 1));
}

static void assert_memory(const struct machine *machine, const char *wanted)
{
	CLEANUP(free) char *memory = memory_of(machine);

	assert_string_equal(memory, wanted);
}

#define SIZE "-m\n1024M,slots=10,maxmem=4096M\n-object\n"

TEST(bridges_are_for_what_comes_later)
{
	struct machine pc = machine_of("pc");
	struct machine q35 = machine_of("q35");

	pc.bridges = 5;
	assert_golden(&pc, "pc-bridges");
	q35.bridges = 1;
	assert_golden(&q35, "q35-bridge");
}

TEST(on_kvm_of_a_virtual_machine_devices_are_legacy_ones)
{
	static const int one[] = { 21 };
	const struct machine_nic nic = { .mac = "02:42:ac:11:00:02", .queues = one, .n_queues = 1 };
	struct machine machine = machine_of("q35");

	machine.accelerator = "kvm";
	machine.nested = true;
	machine.scsi = true;
	machine.nics = &nic;
	machine.n_nics = 1;
	machine.root_ports = 1;
	assert_golden(&machine, "q35-nested");
}

TEST(an_image_is_memory_or_a_disk)
{
	struct machine machine = machine_of("q35");

	machine.initrd = "";
	machine.image = "/share/image,1";
	machine.image_bytes = 16 << 20;
	machine.image_nvdimm = true;
	assert_golden(&machine, "q35-image-nvdimm");
	machine.image_nvdimm = false;
	assert_golden(&machine, "q35-image-disk");
}

TEST(memory_is_the_machines_own_or_shared_and_may_be_taken_at_the_start)
{
	struct machine machine = machine_of("q35");

	assert_memory(&machine, SIZE "memory-backend-ram,id=ram0,size=1024M");
	machine.prealloc = true;
	assert_memory(&machine, SIZE "memory-backend-ram,id=ram0,size=1024M,prealloc=on");
	machine.share = SHARE_VIRTIO_FS;
	assert_memory(&machine,
		      SIZE "memory-backend-memfd,id=ram0,size=1024M,share=on,prealloc=on");
}

TEST(huge_pages_are_shared_with_virtio_fs_and_without)
{
	struct machine machine = machine_of("q35");

	machine.hugepages = true;
	assert_memory(&machine, SIZE "memory-backend-memfd,id=ram0,size=1024M,share=on,hugetlb=on");
	machine.share = SHARE_VIRTIO_FS;
	machine.prealloc = true;
	assert_memory(&machine, SIZE "memory-backend-memfd,id=ram0,size=1024M,share=on,hugetlb=on"
				     ",prealloc=on");
}

TEST(memory_in_a_directory_is_shared)
{
	struct machine machine = machine_of("q35");

	machine.memory_path = "/dev/shm/a,b";
	assert_memory(&machine, SIZE "memory-backend-file,id=ram0,size=1024M,share=on"
				     ",mem-path=/dev/shm/a,,b");
}

TEST(locking_is_said_where_it_was_asked_for)
{
	struct machine machine = machine_of("q35");

	machine.lock = MEMORY_LOCK_OFF;
	assert_memory(&machine, SIZE "memory-backend-ram,id=ram0,size=1024M\n"
				     "-overcommit\nmem-lock=off");
	machine.lock = MEMORY_LOCK_ON;
	machine.prealloc = true;
	assert_memory(&machine, SIZE "memory-backend-ram,id=ram0,size=1024M,prealloc=on\n"
				     "-overcommit\nmem-lock=on");
}

TEST(memory_that_comes_and_goes_is_not_promised)
{
	struct machine machine = machine_of("q35");
	CLEANUP(free) char *huge = NULL;

	machine.elastic_mib = 8192;
	machine.share = SHARE_VIRTIO_FS;
	assert_golden(&machine, "q35-virtio-mem");
	machine.hugepages = true;
	huge = build(&machine);
	assert_non_null(strstr(huge, "memory-backend-memfd,id=vmem0,size=8192M,share=on,hugetlb=on"
				     ",reserve=off\n"));
	assert_non_null(strstr(huge, "memdev=vmem0,bus=pcie.0,romfile=,prealloc=on\n"));
}

static struct machine template_of(const char *type)
{
	struct machine machine = machine_of(type);

	machine.memory_file = "/proc/self/fd/14";
	machine.pid_file = NULL;
	return machine;
}

TEST(a_template_has_its_memory_in_a_file_and_a_clone_a_copy_of_it)
{
	struct machine machine = template_of("q35");

	machine.root_ports = 2;
	assert_golden(&machine, "q35-template");
	machine.clone = true;
	machine.firmware = "/share/bios.bin";
	assert_golden(&machine, "q35-clone");
	machine = template_of("pc");
	machine.clone = true;
	assert_golden(&machine, "pc-clone");
	machine = template_of("virt");
	machine.clone = true;
	assert_golden(&machine, "virt-clone");
}

TEST(no_monitor_of_virtual_machines_runs_in_what_is_saved)
{
	struct machine machine = template_of("q35");
	CLEANUP(free) char *line = NULL;

	machine.accelerator = "kvm";
	line = build(&machine);
	assert_non_null(strstr(line, "\nhost,vmx=off,svm=off\n"));
}

TEST(a_microvm_has_its_devices_from_the_start)
{
	static const int one[] = { 21 };
	const struct machine_nic nic = { .mac = "02:42:ac:11:00:02", .queues = one, .n_queues = 1 };
	struct machine machine = machine_of("microvm");

	machine.max_vcpus = 1;
	machine.max_memory_mib = 0;
	machine.scsi = true;
	machine.nics = &nic;
	machine.n_nics = 1;
	assert_golden(&machine, "microvm");
}

TEST(a_comma_in_a_path_or_id_is_written_twice)
{
	struct machine machine = machine_of("pc");
	CLEANUP(free) char *nine = NULL;
	CLEANUP(free) char *fs = NULL;

	machine.id = "a,b";
	machine.share_path = "/run/x,readonly=on";
	machine.entropy_source = "/dev/r,q";
	nine = build(&machine);
	assert_non_null(strstr(nine, "\nsandbox-a,,b\n"));
	assert_non_null(strstr(nine, "path=/run/x,,readonly=on,security_model=none"));
	assert_non_null(strstr(nine, "filename=/dev/r,,q\n"));
	machine.share = SHARE_VIRTIO_FS;
	fs = build(&machine);
	assert_non_null(strstr(fs, "socket,id=share0,path=/run/x,,readonly=on\n"));
}

TEST(an_unknown_machine_type_is_named)
{
	struct machine machine = machine_of("isapc");
	char **args = NULL;
	struct err err = { 0 };

	assert_int_equal(qemu_args_build(&machine, &args, &err), -EINVAL);
	assert_string_equal(err.text, "machine_type 'isapc' is not one of: pc, q35, microvm, virt");
	assert_null(args);
}

TEST(the_same_machine_gives_the_same_line)
{
	struct machine machine = machine_of("q35");
	CLEANUP(free) char *one = build(&machine);
	CLEANUP(free) char *two = build(&machine);

	assert_string_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pc_with_9p),
		cmocka_unit_test(q35_with_9p_on_kvm_with_root_ports_firmware_and_globals),
		cmocka_unit_test(q35_with_virtio_fs_and_no_memory_to_plug),
		cmocka_unit_test(an_agent_that_is_reached_by_vsock_has_no_port),
		cmocka_unit_test(q35_with_devices_of_the_host),
		cmocka_unit_test(places_of_devices_of_the_host),
		cmocka_unit_test(q35_with_a_controller_for_disks_and_its_thread),
		cmocka_unit_test(network_cards_with_one_queue_and_with_two_and_vhost),
		cmocka_unit_test(arm64_virt),
		cmocka_unit_test(
			memory_is_the_machines_own_or_shared_and_may_be_taken_at_the_start),
		cmocka_unit_test(bridges_are_for_what_comes_later),
		cmocka_unit_test(on_kvm_of_a_virtual_machine_devices_are_legacy_ones),
		cmocka_unit_test(an_image_is_memory_or_a_disk),
		cmocka_unit_test(huge_pages_are_shared_with_virtio_fs_and_without),
		cmocka_unit_test(memory_in_a_directory_is_shared),
		cmocka_unit_test(locking_is_said_where_it_was_asked_for),
		cmocka_unit_test(memory_that_comes_and_goes_is_not_promised),
		cmocka_unit_test(a_template_has_its_memory_in_a_file_and_a_clone_a_copy_of_it),
		cmocka_unit_test(no_monitor_of_virtual_machines_runs_in_what_is_saved),
		cmocka_unit_test(a_microvm_has_its_devices_from_the_start),
		cmocka_unit_test(a_comma_in_a_path_or_id_is_written_twice),
		cmocka_unit_test(an_unknown_machine_type_is_named),
		cmocka_unit_test(the_same_machine_gives_the_same_line),
	};

	return cmocka_run_group_tests_name("qemu_args", tests, NULL, NULL);
}
