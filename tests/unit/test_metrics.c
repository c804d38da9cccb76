/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/metrics.h"
#include "tests/unit/tmp.h"

static void assert_item(const char *name, const char *wanted)
{
	CLEANUP(free) char *item = metrics_item(name);

	assert_string_equal(item, wanted);
}

TEST(names_of_the_kernel_become_items)
{
	assert_item("MemTotal", "mem_total");
	assert_item("Active(anon)", "active_anon");
	assert_item("HugePages_Free", "huge_pages_free");
	assert_item("VmRSS", "vm_rss");
	assert_item("DirectMap4k", "direct_map4k");
	assert_item("rchar", "rchar");
	assert_item("", "");
	assert_item("()", "");
}

static char *text_of(void (*put)(struct buf *out, const char *proc))
{
	__attribute__((cleanup(buf_donep))) struct buf out = { 0 };

	put(&out, tmp);
	return buf_take_string(&out);
}

static void put_files(struct buf *out, const char *proc)
{
	metrics_key_values(out, "m", "memory", proc, "meminfo");
	metrics_words(out, "v", "vm", proc, "vmstat");
	metrics_load(out, "g", proc);
	metrics_cpu(out, "c", proc);
	metrics_disks(out, "d", proc);
	metrics_interfaces(out, "n", proc);
}

TEST(files_of_proc_become_samples)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *net = tmp_path("net");

	assert_int_equal(mkdir(net, 0755), 0);
	tmp_write("meminfo", "MemTotal:  4 kB\nHugePages_Total:   3\nBad\nWorse: x\n");
	tmp_write("vmstat", "nr_free 7\n");
	tmp_write("loadavg", "0.50 1.00 2.00 2/71 99\n");
	tmp_write("stat", "cpu  100 0 0 0\ncpu0 100 0\nintr 5\n");
	tmp_write("diskstats", "   8 0 sda 1 2 3\n");
	tmp_write("net/dev", "Inter-|   Receive\n face |bytes\n    lo: 1 2 3\n");
	text = text_of(put_files);
	assert_string_equal(
		text, "# HELP m memory\n# TYPE m gauge\nm{item=\"mem_total\"} 4096\n"
		      "m{item=\"huge_pages_total\"} 3\n"
		      "# HELP v vm\n# TYPE v gauge\nv{item=\"nr_free\"} 7\n"
		      "# HELP g_load average number of tasks that run or want to\n"
		      "# TYPE g_load gauge\ng_load{item=\"load1\"} 0.5\ng_load{item=\"load5\"} 1\n"
		      "g_load{item=\"load15\"} 2\n"
		      "# HELP g_tasks tasks that run now, and all\n# TYPE g_tasks gauge\n"
		      "g_tasks{item=\"cur\"} 2\ng_tasks{item=\"max\"} 71\n"
		      "# HELP c time that processors have spent, in seconds\n# TYPE c gauge\n"
		      "c{cpu=\"total\",item=\"user\"} 1\nc{cpu=\"total\",item=\"nice\"} 0\n"
		      "c{cpu=\"total\",item=\"system\"} 0\nc{cpu=\"total\",item=\"idle\"} 0\n"
		      "c{cpu=\"0\",item=\"user\"} 1\nc{cpu=\"0\",item=\"nice\"} 0\n"
		      "# HELP d what went to and from disks\n# TYPE d gauge\n"
		      "d{disk=\"sda\",item=\"reads\"} 1\nd{disk=\"sda\",item=\"merged\"} 2\n"
		      "d{disk=\"sda\",item=\"sectors_read\"} 3\n"
		      "# HELP n what went over network interfaces\n# TYPE n gauge\n"
		      "n{interface=\"lo\",item=\"recv_bytes\"} 1\n"
		      "n{interface=\"lo\",item=\"recv_packets\"} 2\n"
		      "n{interface=\"lo\",item=\"recv_errs\"} 3\n");
}

static void put_process(struct buf *out, const char *proc)
{
	const struct metrics_process list[] = { { .pid = 7, .label = "a\"b" } };

	metrics_processes(out, "kata_x", "who", list, 1, proc);
}

TEST(a_process_is_told_by_its_label)
{
	CLEANUP(free) char *dir = tmp_path("7");
	CLEANUP(free) char *fds = tmp_path("7/fd");
	CLEANUP(free) char *text = NULL;

	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(mkdir(fds, 0755), 0);
	tmp_write("7/fd/0", "");
	tmp_write("7/fd/1", "");
	tmp_write("7/stat", "7 (a) b) S 1 2 3 4 5 6 10 11 12 13 14 15 16 17 18 19 20 0 22 23 24\n");
	tmp_write("7/status", "Name:\tx\nVmRSS:\t  12 kB\nThreads:\t4\n");
	tmp_write("7/io", "rchar: 5\n");
	text = text_of(put_process);
	assert_non_null(strstr(text, "kata_x_threads{who=\"a\\\"b\"} 20\n"));
	assert_non_null(strstr(text, "kata_x_fds{who=\"a\\\"b\"} 2\n"));
	assert_non_null(strstr(text, "kata_x_proc_stat{who=\"a\\\"b\",item=\"utime\"} 14\n"));
	assert_non_null(strstr(text, "kata_x_proc_stat{who=\"a\\\"b\",item=\"rss\"} 24\n"));
	assert_non_null(strstr(text, "kata_x_proc_status{who=\"a\\\"b\",item=\"vm_rss\"} 12288\n"));
	assert_null(strstr(text, "item=\"threads\""));
	assert_non_null(strstr(text, "kata_x_io_stat{who=\"a\\\"b\",item=\"rchar\"} 5\n"));
}

TEST(a_process_that_has_gone_has_no_samples)
{
	CLEANUP(free) char *text = text_of(put_process);

	assert_null(strstr(text, "kata_x_threads{"));
	assert_null(strstr(text, "kata_x_fds{"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(names_of_the_kernel_become_items),
		TMP_TEST(files_of_proc_become_samples),
		TMP_TEST(a_process_is_told_by_its_label),
		TMP_TEST(a_process_that_has_gone_has_no_samples),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
