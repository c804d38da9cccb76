/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/container/scheduling.h"
#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"
#include "tests/unit/child.h"

#define NICE_OF(value) (20 - (int)(value)) /* getpriority(2), the raw call */

static char *word(const char *s)
{
	return (char *)(uintptr_t)s;
}

static struct oci_process with_policy(const char *policy)
{
	return (struct oci_process){ .scheduler = { .policy = word(policy) } };
}

static int set(const void *arg)
{
	struct err err = { 0 };
	int r = scheduling_set(arg, &err);

	if (r < 0)
		(void)fprintf(stderr, "%s\n", err.text);
	return r < 0 ? 1 : 0;
}

static int set_batch(const void *arg __attribute__((unused)))
{
	struct oci_process process = with_policy("SCHED_BATCH");

	process.scheduler.nice = 7;
	CHILD_CHECK(set(&process) == 0);
	CHILD_CHECK(sched_getscheduler(0) == SCHED_BATCH);
	CHILD_CHECK(NICE_OF(syscall(SYS_getpriority, PRIO_PROCESS, 0)) == 7);
	return 0;
}

TEST(batch_with_a_nice_value)
{
	assert_int_equal(in_child(set_batch, NULL), 0);
}

static int set_idle(const void *arg __attribute__((unused)))
{
	char *flags[] = { word("SCHED_FLAG_RESET_ON_FORK"), NULL };
	struct oci_process process = with_policy("SCHED_IDLE");

	process.scheduler.flags = flags;
	CHILD_CHECK(set(&process) == 0);
	CHILD_CHECK(sched_getscheduler(0) == (SCHED_IDLE | SCHED_RESET_ON_FORK));
	return 0;
}

TEST(idle_and_reset_on_fork)
{
	assert_int_equal(in_child(set_idle, NULL), 0);
}

static int set_fifo(const void *arg __attribute__((unused)))
{
	struct oci_process process = with_policy("SCHED_FIFO");
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
		return 2;
	process.scheduler.priority = 3;
	CHILD_CHECK(set(&process) == 0);
	CHILD_CHECK(sched_getscheduler(0) == SCHED_FIFO);
	CHILD_CHECK(sched_getparam(0, &param) == 0 && param.sched_priority == 3);
	return 0;
}

TEST(fifo_with_a_priority)
{
	int r = in_child(set_fifo, NULL);

	require(r != 2); /* CAP_SYS_NICE, and a cgroup with realtime budget */
	assert_int_equal(r, 0);
}

static int set_iso(const void *arg __attribute__((unused)))
{
	struct oci_process process = with_policy("SCHED_ISO");
	struct err err = { 0 };

	CHILD_CHECK(scheduling_set(&process, &err) == -EINVAL);
	CHILD_CHECK(str_eq(err.text, "process.scheduler: set SCHED_ISO: Invalid argument"));
	return 0;
}

TEST(a_policy_that_the_kernel_lacks_is_named)
{
	assert_int_equal(in_child(set_iso, NULL), 0);
}

#define assert_refused(process, message)                                        \
	do {                                                                    \
		struct err refusal = { 0 };                                     \
		assert_int_equal(scheduling_check(process, &refusal), -EINVAL); \
		assert_string_equal(refusal.text, message);                     \
	} while (0)

TEST(unknown_words_are_named)
{
	char *flags[] = { word("SCHED_FLAG_RECLAIM"), word("SCHED_FLAG_X"), NULL };
	struct oci_process process = with_policy("SCHED_FAIR");

	assert_refused(&process, "process.scheduler.policy: unknown value 'SCHED_FAIR'");
	process = with_policy("SCHED_OTHER");
	process.scheduler.flags = flags;
	assert_refused(&process, "process.scheduler.flags: unknown value 'SCHED_FLAG_X'");
	process = (struct oci_process){ .io_priority = { .class = word("IOPRIO_CLASS_NONE") } };
	assert_refused(&process, "process.ioPriority.class: unknown value 'IOPRIO_CLASS_NONE'");
}

TEST(values_out_of_range_are_named)
{
	struct oci_process process = with_policy("SCHED_OTHER");

	process.scheduler.nice = -21;
	assert_refused(&process, "process.scheduler.nice: -21, not -20 to 19");
	process.scheduler.nice = 20;
	assert_refused(&process, "process.scheduler.nice: 20, not -20 to 19");
	process = with_policy("SCHED_RR");
	assert_refused(&process, "process.scheduler.priority: 0, not 1 to 99 for SCHED_RR");
	process.scheduler.priority = 100;
	assert_refused(&process, "process.scheduler.priority: 100, not 1 to 99 for SCHED_RR");
	process = (struct oci_process){ .io_priority = { word("IOPRIO_CLASS_BE"), 8 } };
	assert_refused(&process, "process.ioPriority.priority: 8, not 0 to 7");
	process.io_priority.priority = -1;
	assert_refused(&process, "process.ioPriority.priority: -1, not 0 to 7");
}

TEST(values_that_the_policy_does_not_take_are_named)
{
	struct oci_process process = with_policy("SCHED_BATCH");

	process.scheduler.priority = 5;
	assert_refused(&process, "process.scheduler.priority: SCHED_BATCH takes none");
	process = with_policy("SCHED_OTHER");
	process.scheduler.runtime_ns = 5;
	assert_refused(&process,
		       "process.scheduler: SCHED_OTHER takes no runtime, deadline or period");
}

TEST(a_deadline_has_runtime_and_deadline_in_order)
{
	struct oci_process process = with_policy("SCHED_DEADLINE");
	struct err err = { 0 };

	assert_refused(&process, "process.scheduler: runtime 0, deadline 0, period 0: not "
				 "0 < runtime <= deadline <= period");
	process.scheduler.runtime_ns = 20;
	process.scheduler.deadline_ns = 10;
	assert_refused(&process, "process.scheduler: runtime 20, deadline 10, period 0: not "
				 "0 < runtime <= deadline <= period");
	process.scheduler.deadline_ns = 30;
	assert_int_equal(scheduling_check(&process, &err), 0);
	process.scheduler.period_ns = 29;
	assert_int_equal(scheduling_check(&process, &err), -EINVAL);
}

static int set_io(const void *arg __attribute__((unused)))
{
	struct oci_process process = { .io_priority = { word("IOPRIO_CLASS_BE"), 6 } };

	CHILD_CHECK(set(&process) == 0);
	CHILD_CHECK(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0) ==
		    IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	process.io_priority.class = word("IOPRIO_CLASS_IDLE");
	CHILD_CHECK(set(&process) == 0);
	CHILD_CHECK(IOPRIO_PRIO_CLASS(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0)) ==
		    IOPRIO_CLASS_IDLE);
	return 0;
}

TEST(io_priority)
{
	assert_int_equal(in_child(set_io, NULL), 0);
}

static int set_nothing(const void *arg __attribute__((unused)))
{
	struct oci_process process = { 0 };
	int before = sched_getscheduler(0);

	CHILD_CHECK(set(&process) == 0);
	CHILD_CHECK(sched_getscheduler(0) == before);
	return 0;
}

TEST(what_is_not_given_stays)
{
	assert_int_equal(in_child(set_nothing, NULL), 0);
}

static int linux32(const void *arg __attribute__((unused)))
{
	struct utsname names;
	struct err err = { 0 };

	CHILD_CHECK(scheduling_set_personality(NULL, &err) == 0);
	CHILD_CHECK(personality(0xffffffff) == PER_LINUX);
	CHILD_CHECK(scheduling_set_personality("LINUX32", &err) == 0);
	CHILD_CHECK(uname(&names) == 0 && !str_eq(names.machine, "x86_64"));
	CHILD_CHECK(scheduling_set_personality("LINUX", &err) == 0);
	CHILD_CHECK(personality(0xffffffff) == PER_LINUX);
	return 0;
}

TEST(personality_of_32_bits)
{
	assert_int_equal(in_child(linux32, NULL), 0);
}

TEST(an_unknown_personality_is_named)
{
	struct err err = { 0 };

	assert_int_equal(scheduling_set_personality("LINUX64", &err), -EINVAL);
	assert_string_equal(err.text, "linux.personality.domain: unknown value 'LINUX64'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batch_with_a_nice_value),
		cmocka_unit_test(idle_and_reset_on_fork),
		cmocka_unit_test(fifo_with_a_priority),
		cmocka_unit_test(a_policy_that_the_kernel_lacks_is_named),
		cmocka_unit_test(unknown_words_are_named),
		cmocka_unit_test(values_out_of_range_are_named),
		cmocka_unit_test(values_that_the_policy_does_not_take_are_named),
		cmocka_unit_test(a_deadline_has_runtime_and_deadline_in_order),
		cmocka_unit_test(io_priority),
		cmocka_unit_test(what_is_not_given_stays),
		cmocka_unit_test(personality_of_32_bits),
		cmocka_unit_test(an_unknown_personality_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
