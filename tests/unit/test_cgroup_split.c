/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With version 1 on what this machine has mounted, with threads of this program. With version 2
 * on a tree of files: the machine's own has no cpu controller; tests/nested has one.
 */
#include "tests/unit/test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/str.h"
#include "cgroup/split.h"
#include "oci/spec.h"
#include "tests/unit/cgroup_fake.h"

/* A tree of version 2 in which the cgroup /c was found, with the two below it. */
static void fake_v2_split(const char *controllers)
{
	CLEANUP(free) char *vcpu = tmp_path("v2/c/vcpu");
	CLEANUP(free) char *emulator = tmp_path("v2/c/emulator");

	fake_v2("cpu memory");
	tmp_write("v2/cgroup.controllers", controllers);
	tmp_write("v2/cgroup.subtree_control", "");
	tmp_write("v2/c/cgroup.subtree_control", "");
	assert_int_equal(mkdir(vcpu, 0700), 0);
	assert_int_equal(mkdir(emulator, 0700), 0);
	tmp_write("v2/c/vcpu/cgroup.type", "");
	tmp_write("v2/c/emulator/cgroup.type", "");
	tmp_write("v2/c/vcpu/cgroup.procs", "");
	tmp_write("v2/c/vcpu/cgroup.controllers", "cpu");
	tmp_write("v2/c/vcpu/cgroup.threads", "");
	tmp_write("v2/c/emulator/cgroup.threads", "");
	tmp_write("v2/c/vcpu/cpu.max", "max 100000");
	tmp_write("v2/c/vcpu/cpu.weight", "100");
	fake_open();
}

static void assert_file(const char *name, const char *expected)
{
	CLEANUP(free) char *path = tmp_path("%s", name);
	CLEANUP(free) char *text = NULL;

	assert_int_equal(file_read_at(AT_FDCWD, path, CGROUP_FILE_MAX, &text), 0);
	assert_string_equal(text, expected);
}

TEST(version_2_keeps_processes_together_and_only_threads_apart)
{
	CLEANUP(cgroup_free) struct cgroup *made = NULL;
	CLEANUP(free) char *reason = NULL;
	CLEANUP(free) char *home = NULL;

	fake_v2_split("cpuset cpu io memory");
	home = cgroup_split_home_in(&fake, "/c");
	assert_string_equal(home, "/c");
	assert_int_equal(cgroup_split_create_in(&fake, "/c", &made, &reason, &err), 0);
	assert_null(reason);
	assert_file("v2/c/vcpu/cgroup.type", "threaded");
	assert_file("v2/c/emulator/cgroup.type", "threaded");
	assert_file("v2/c/cgroup.subtree_control", "+cpu");
}

TEST(the_limits_are_those_of_the_vcpus)
{
	const struct oci_resources limits = { .cpu_period = 1000000, .cpu_quota = 1500000 };

	fake_v2_split("cpu");
	assert_int_equal(cgroup_split_limit_in(&fake, "/c", &limits, &err), 0);
	assert_file("v2/c/vcpu/cpu.max", "1500000 1000000");
}

TEST(a_limit_that_the_kernel_does_not_have_is_named)
{
	const struct oci_resources limits = { .cpu_rt_period = 1 };

	fake_v2_split("cpu");
	assert_int_equal(cgroup_split_limit_in(&fake, "/c", &limits, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "cgroup /c/vcpu: linux.resources.cpu.realtimePeriod"));
}

TEST(without_a_cpu_controller_all_stays_whole_with_the_reason)
{
	CLEANUP(cgroup_free) struct cgroup *made = NULL;
	const struct oci_resources limits = { .cpu_quota = 1000 };
	CLEANUP(free) char *reason = NULL;
	pid_t self = getpid();

	fake_v2("memory");
	tmp_write("v2/cgroup.controllers", "memory pids");
	fake_open();
	assert_int_equal(cgroup_split_create_in(&fake, "/c", &made, &reason, &err), 0);
	assert_string_equal(reason, "the host has no cpu controller of cgroups");
	assert_int_equal(cgroup_split_limit_in(&fake, "/c", &limits, &err), -ENOENT);
	assert_int_equal(cgroup_split_threads_in(&fake, "/c", self, &self, 1, &err), -ENOENT);
}

TEST(version_2_that_cannot_have_threads_apart_says_why)
{
	CLEANUP(cgroup_free) struct cgroup *made = NULL;
	CLEANUP(free) char *reason = NULL;

	/* Nothing makes cgroup.type here. */
	fake_v2("cpu");
	tmp_write("v2/cgroup.controllers", "cpu");
	fake_open();
	assert_int_equal(cgroup_split_create_in(&fake, "/c", &made, &reason, &err), 0);
	assert_non_null(made);
	assert_string_equal(reason, "make threaded cgroups below /c: No such file or directory");
	assert_int_equal(cgroup_split_limit_in(&fake, "/c", &(struct oci_resources){ 0 }, &err),
			 -ENOENT);
}

TEST(a_process_that_is_not_there_is_said)
{
	pid_t none = 1;

	fake_v2_split("cpu");
	assert_int_equal(cgroup_split_threads_in(&fake, "/c", INT32_MAX, &none, 1, &err), -ESRCH);
	assert_non_null(strstr(err.text, "threads of process 2147483647 in cgroup /c"));
}

/* With the kernel's version 1. */

static struct hierarchies kernel;
static char *path; /* "/kata-unit-split-PID" */

static int v1_setup(void **state __attribute__((unused)))
{
	memset(&err, 0, sizeof(err));
	path = xasprintf("/kata-unit-split-%d", getpid());
	return hierarchies_open(&kernel, &err);
}

static int v1_teardown(void **state __attribute__((unused)))
{
	CLEANUP(cgroup_free) struct cgroup *all = NULL;
	int r = cgroup_open(path, &all, &err);

	if (r == 0)
		r = cgroup_remove(all, CGROUP_REMOVE_PARENTS, deadline_in(5000), &err);
	hierarchies_close(&kernel);
	free(path);
	return r == -ENOENT ? 0 : r;
}

static bool has_cpu_v1(void)
{
	for (size_t i = 0; i < kernel.n; i++)
		if (!kernel.list[i].v2 && (kernel.list[i].controllers & CTL_BIT(CTL_CPU)))
			return true;
	return false;
}

static _Atomic pid_t thread_id;

static void *thread_main(void *end)
{
	thread_id = (pid_t)syscall(SYS_gettid);
	while (sem_wait(end) < 0)
		continue;
	return NULL;
}

/* Whether the thread of this program is in that cgroup of the cpu hierarchy. */
static bool is_in(pid_t tid, const char *expected)
{
	CLEANUP(free) char *file = xasprintf("/proc/self/task/%d/cgroup", tid);
	CLEANUP(free) char *line = xasprintf(":cpu:%s\n", expected);
	CLEANUP(free) char *together = xasprintf(":cpu,cpuacct:%s\n", expected);
	CLEANUP(free) char *text = NULL;

	assert_int_equal(file_read_at(AT_FDCWD, file, CGROUP_FILE_MAX, &text), 0);
	return strstr(text, line) || strstr(text, together);
}

/* In a child, which can be left in the cgroups: its end takes it out. */
static int split_threads(void)
{
	CLEANUP(free) char *vcpu = xasprintf("%s/vcpu", path);
	CLEANUP(free) char *emulator = xasprintf("%s/emulator", path);
	pid_t self = getpid();
	pthread_t thread;
	pid_t vcpus[2];
	sem_t end;

	if (sem_init(&end, 0, 0) < 0 || pthread_create(&thread, NULL, thread_main, &end) != 0)
		return 1;
	while (!thread_id)
		usleep(1000);
	vcpus[0] = 1; /* somebody else's: not ours to move */
	vcpus[1] = thread_id;
	if (cgroup_split_threads(path, self, vcpus, 2, &err) < 0)
		return 2;
	if (!is_in(thread_id, vcpu) || !is_in(self, emulator))
		return 3;
	/* The other way round. */
	vcpus[1] = self;
	if (cgroup_split_threads(path, self, vcpus, 2, &err) < 0)
		return 4;
	if (!is_in(thread_id, emulator) || !is_in(self, vcpu))
		return 5;
	sem_post(&end);
	pthread_join(thread, NULL);
	return 0;
}

TEST(version_1_has_all_in_vcpu_and_moves_the_others_of_the_cpu_controller)
{
	CLEANUP(cgroup_free) struct cgroup *made = NULL;
	CLEANUP(free) char *expected = xasprintf("%s/vcpu", path);
	CLEANUP(free) char *reason = NULL;
	CLEANUP(free) char *home = NULL;
	int status = 0;
	pid_t pid;

	require(has_cpu_v1());
	home = cgroup_split_home(path, &err);
	assert_string_equal(home, expected);
	assert_int_equal(cgroup_split_create(path, &made, &reason, &err), 0);
	assert_null(reason);
	assert_int_equal(
		cgroup_split_limit(path, &(struct oci_resources){ .cpu_shares = 2048 }, &err), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(split_threads());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(version_2_keeps_processes_together_and_only_threads_apart),
		FAKE_TEST(the_limits_are_those_of_the_vcpus),
		FAKE_TEST(a_limit_that_the_kernel_does_not_have_is_named),
		FAKE_TEST(without_a_cpu_controller_all_stays_whole_with_the_reason),
		FAKE_TEST(version_2_that_cannot_have_threads_apart_says_why),
		FAKE_TEST(a_process_that_is_not_there_is_said),
		cmocka_unit_test_setup_teardown(
			version_1_has_all_in_vcpu_and_moves_the_others_of_the_cpu_controller,
			v1_setup, v1_teardown),
	};

	return cmocka_run_group_tests_name("cgroup_split", tests, NULL, NULL);
}
