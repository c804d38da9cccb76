/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define NS_PER_US 1000u

/* The number in a file or behind a key in it; 0 when there is none. */
static uint64_t number(int dir, const char *file)
{
	uint64_t value = 0;

	(void)cgroup_read_u64(dir, file, &value);
	return value;
}

static uint64_t keyed(int dir, const char *file, const char *key)
{
	uint64_t value = 0;

	(void)cgroup_read_key(dir, file, key, &value);
	return value;
}

/* The words of a file, at most so many; NULL when it cannot be read. Owned. */
static char **read_words(int dir, const char *file, const char *separators)
{
	CLEANUP(free) char *text = NULL;

	if (file_read_at(dir, file, CGROUP_FILE_MAX, &text) < 0)
		return NULL;
	return strv_split(text, separators);
}

static size_t count_up_to(char *const *words, size_t max)
{
	size_t n = strv_len(words);

	return n < max ? n : max;
}

static void read_percpu(int dir, struct cgroup_cpu_stats *cpu)
{
	CLEANUP(strv_free) char **words = read_words(dir, "cpuacct.usage_percpu", " \n");
	size_t n = count_up_to(words, CGROUP_ENTRIES_MAX);

	cpu->percpu_ns = xcalloc(n + 1, sizeof(*cpu->percpu_ns));
	while (cpu->n_percpu < n &&
	       str_to_u64(words[cpu->n_percpu], 0, UINT64_MAX, &cpu->percpu_ns[cpu->n_percpu]) == 0)
		cpu->n_percpu++;
}

static void read_cpuacct(int dir, struct cgroup_cpu_stats *cpu)
{
	cpu->total_ns = number(dir, "cpuacct.usage");
	cpu->user_ns = number(dir, "cpuacct.usage_user");
	cpu->kernel_ns = number(dir, "cpuacct.usage_sys");
	read_percpu(dir, cpu);
}

static void read_cpu_v2(int dir, struct cgroup_cpu_stats *cpu)
{
	cpu->total_ns = keyed(dir, "cpu.stat", "usage_usec") * NS_PER_US;
	cpu->user_ns = keyed(dir, "cpu.stat", "user_usec") * NS_PER_US;
	cpu->kernel_ns = keyed(dir, "cpu.stat", "system_usec") * NS_PER_US;
}

static void read_throttling(const struct cgroup_dir *dir, struct cgroup_cpu_stats *cpu)
{
	cpu->periods = keyed(dir->dir, "cpu.stat", "nr_periods");
	cpu->throttled_periods = keyed(dir->dir, "cpu.stat", "nr_throttled");
	if (dir->v2)
		cpu->throttled_ns = keyed(dir->dir, "cpu.stat", "throttled_usec") * NS_PER_US;
	else
		cpu->throttled_ns = keyed(dir->dir, "cpu.stat", "throttled_time");
}

static void read_cpu(const struct cgroup *cgroup, struct cgroup_cpu_stats *cpu)
{
	const struct cgroup_dir *acct = cgroup_dir_of(cgroup, CTL_CPUACCT);
	const struct cgroup_dir *ctl = cgroup_dir_of(cgroup, CTL_CPU);
	const struct cgroup_dir *v2 = cgroup_dir_v2(cgroup);

	if (acct)
		read_cpuacct(acct->dir, cpu);
	else if (v2)
		read_cpu_v2(v2->dir, cpu);
	if (ctl)
		read_throttling(ctl, cpu);
}

static void read_values(int dir, struct cgroup_memory_stats *memory)
{
	CLEANUP(strv_free) char **words = read_words(dir, "memory.stat", " \n");
	size_t n = count_up_to(words, CGROUP_ENTRIES_MAX) / 2;

	if (!words)
		return;
	memory->values = xcalloc(n + 1, sizeof(*memory->values));
	for (size_t i = 0; i < n; i++) {
		struct cgroup_value *value = &memory->values[memory->n_values];

		if (str_to_u64(words[2 * i + 1], 0, UINT64_MAX, &value->value) < 0)
			continue;
		value->key = take_ptr(words[2 * i]);
		words[2 * i] = xstrdup("");
		memory->n_values++;
	}
}

static uint64_t value_of(const struct cgroup_memory_stats *memory, const char *key)
{
	for (size_t i = 0; i < memory->n_values; i++)
		if (str_eq(memory->values[i].key, key))
			return memory->values[i].value;
	return 0;
}

static void read_data_v1(int dir, const char *prefix, struct cgroup_memory_data *data)
{
	CLEANUP(free) char *usage = xasprintf("%s.usage_in_bytes", prefix);
	CLEANUP(free) char *max_usage = xasprintf("%s.max_usage_in_bytes", prefix);
	CLEANUP(free) char *failcnt = xasprintf("%s.failcnt", prefix);
	CLEANUP(free) char *limit = xasprintf("%s.limit_in_bytes", prefix);

	data->usage = number(dir, usage);
	data->max_usage = number(dir, max_usage);
	data->failcnt = number(dir, failcnt);
	data->limit = number(dir, limit);
}

static void read_memory_v1(int dir, struct cgroup_memory_stats *memory)
{
	read_values(dir, memory);
	memory->cache = value_of(memory, "cache");
	memory->use_hierarchy = number(dir, "memory.use_hierarchy") == 1;
	read_data_v1(dir, "memory", &memory->memory);
	read_data_v1(dir, "memory.memsw", &memory->swap);
	read_data_v1(dir, "memory.kmem", &memory->kernel);
}

/* "kernel" is there since Linux 5.18, its parts before. */
static uint64_t kernel_usage(const struct cgroup_memory_stats *memory)
{
	uint64_t sum = value_of(memory, "kernel");

	if (sum)
		return sum;
	return value_of(memory, "kernel_stack") + value_of(memory, "pagetables") +
	       value_of(memory, "slab") + value_of(memory, "percpu");
}

static uint64_t add_limits(uint64_t a, uint64_t b)
{
	uint64_t sum = 0;

	return __builtin_add_overflow(a, b, &sum) ? CGROUP_NO_LIMIT : sum;
}

static void read_memory_v2(int dir, struct cgroup_memory_stats *memory)
{
	struct cgroup_memory_data *data = &memory->memory;

	read_values(dir, memory);
	memory->cache = value_of(memory, "file");
	memory->use_hierarchy = true;
	data->usage = number(dir, "memory.current");
	data->max_usage = number(dir, "memory.peak");
	data->failcnt = keyed(dir, "memory.events", "max");
	data->limit = number(dir, "memory.max");
	memory->swap = *data;
	memory->swap.usage += number(dir, "memory.swap.current");
	memory->swap.limit = add_limits(data->limit, number(dir, "memory.swap.max"));
	memory->swap.max_usage = 0; /* each has its own peak, at its own time */
	memory->swap.failcnt = keyed(dir, "memory.swap.events", "max");
	memory->kernel.usage = kernel_usage(memory);
}

static void read_memory(const struct cgroup *cgroup, struct cgroup_memory_stats *memory)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, CTL_MEMORY);

	if (dir && dir->v2)
		read_memory_v2(dir->dir, memory);
	else if (dir)
		read_memory_v1(dir->dir, memory);
}

static void read_pids(const struct cgroup *cgroup, struct cgroup_stats *stats)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, CTL_PIDS);

	if (!dir)
		return;
	stats->pids = number(dir->dir, "pids.current");
	stats->pids_limit = number(dir->dir, "pids.max");
	if (stats->pids_limit == CGROUP_NO_LIMIT)
		stats->pids_limit = 0;
}

static bool parse_device(const char *word, struct cgroup_io_entry *entry)
{
	CLEANUP(strv_free) char **numbers = strv_split(word, ":");

	return strv_len(numbers) == 2 &&
	       str_to_u64(numbers[0], 0, UINT32_MAX, &entry->major) == 0 &&
	       str_to_u64(numbers[1], 0, UINT32_MAX, &entry->minor) == 0;
}

static void add_entry(struct cgroup_io_list *list, const struct cgroup_io_entry *device,
		      const char *op, uint64_t value)
{
	struct cgroup_io_entry *entry;

	if (list->n == CGROUP_ENTRIES_MAX)
		return;
	list->entries = xrealloc(list->entries, (list->n + 1) * sizeof(*list->entries));
	entry = &list->entries[list->n++];
	*entry = *device;
	entry->value = value;
	snprintf(entry->op, sizeof(entry->op), "%s", op);
}

/* "8:0 Read 4096", or "8:0 4096" for times and sectors; the "Total 4096" at the end is a sum. */
static void add_line_v1(struct cgroup_io_list *list, const char *line)
{
	CLEANUP(strv_free) char **words = strv_split(line, " ");
	struct cgroup_io_entry device = { 0 };
	size_t n = strv_len(words);
	uint64_t value = 0;

	if ((n == 2 || n == 3) && parse_device(words[0], &device) &&
	    str_to_u64(words[n - 1], 0, UINT64_MAX, &value) == 0)
		add_entry(list, &device, n == 3 ? words[1] : "", value);
}

/* The first of the files that has something in it: bfq's, cfq's, the throttle's. */
static void read_io_list(int dir, const char *name, const char *throttle,
			 struct cgroup_io_list *list)
{
	CLEANUP(free) char *bfq = xasprintf("blkio.bfq.%s_recursive", name);
	CLEANUP(free) char *cfq = xasprintf("blkio.%s_recursive", name);
	const char *const files[] = { bfq, cfq, throttle };

	for (size_t i = 0; i < 3 && list->n == 0 && files[i]; i++) {
		CLEANUP(strv_free) char **lines = read_words(dir, files[i], "\n");

		for (char **line = lines; line && *line; line++)
			add_line_v1(list, *line);
	}
}

static void read_io_v1(int dir, struct cgroup_io_stats *io)
{
	read_io_list(dir, "io_service_bytes", "blkio.throttle.io_service_bytes_recursive",
		     &io->service_bytes);
	read_io_list(dir, "io_serviced", "blkio.throttle.io_serviced_recursive", &io->serviced);
	read_io_list(dir, "io_queued", NULL, &io->queued);
	read_io_list(dir, "io_service_time", NULL, &io->service_time);
	read_io_list(dir, "io_wait_time", NULL, &io->wait_time);
	read_io_list(dir, "io_merged", NULL, &io->merged);
	read_io_list(dir, "time", NULL, &io->time);
	read_io_list(dir, "sectors", NULL, &io->sectors);
}

/* "rbytes=4096" of io.stat */
static void add_word_v2(struct cgroup_io_stats *io, const struct cgroup_io_entry *device,
			const char *word)
{
	static const struct {
		const char *key;
		const char *op;
		bool bytes;
	} known[] = { { "rbytes=", "Read", true },    { "wbytes=", "Write", true },
		      { "dbytes=", "Discard", true }, { "rios=", "Read", false },
		      { "wios=", "Write", false },    { "dios=", "Discard", false } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint64_t value = 0;

		if (!str_starts(word, known[i].key) ||
		    str_to_u64(word + strlen(known[i].key), 0, UINT64_MAX, &value) < 0)
			continue;
		add_entry(known[i].bytes ? &io->service_bytes : &io->serviced, device, known[i].op,
			  value);
	}
}

static void read_io_v2(int dir, struct cgroup_io_stats *io)
{
	CLEANUP(strv_free) char **lines = read_words(dir, "io.stat", "\n");

	for (char **line = lines; line && *line; line++) {
		CLEANUP(strv_free) char **words = strv_split(*line, " ");
		struct cgroup_io_entry device = { 0 };

		if (!words || !parse_device(words[0], &device))
			continue;
		for (char **word = words + 1; *word; word++)
			add_word_v2(io, &device, *word);
	}
}

static void read_io(const struct cgroup *cgroup, struct cgroup_io_stats *io)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, CTL_IO);

	if (dir && dir->v2)
		read_io_v2(dir->dir, io);
	else if (dir)
		read_io_v1(dir->dir, io);
}

static void read_page_size(const struct cgroup_dir *dir, const char *size,
			   struct cgroup_hugetlb_stats *ret)
{
	CLEANUP(free) char *prefix = xasprintf("hugetlb.%s", size);
	CLEANUP(free) char *current = xasprintf("%s.current", prefix);
	CLEANUP(free) char *events = xasprintf("%s.events", prefix);

	snprintf(ret->page_size, sizeof(ret->page_size), "%s", size);
	if (dir->v2) {
		ret->usage = number(dir->dir, current);
		ret->failcnt = keyed(dir->dir, events, "max");
	} else {
		struct cgroup_memory_data data = { 0 };

		read_data_v1(dir->dir, prefix, &data);
		ret->usage = data.usage;
		ret->max_usage = data.max_usage;
		ret->failcnt = data.failcnt;
	}
}

/* The "2MB" of "hugetlb.2MB.current"; NULL for any other name. Owned. */
static char *page_size_of(const char *name, const char *ending)
{
	static const char prefix[] = "hugetlb.";
	size_t skip = sizeof(prefix) - 1;
	size_t len;

	if (!str_starts(name, prefix))
		return NULL;
	len = strcspn(name + skip, ".");
	if (len == 0 || len >= CGROUP_PAGE_SIZE || !str_eq(name + skip + len, ending))
		return NULL;
	return xstrndup(name + skip, len);
}

static void read_hugetlb(const struct cgroup *cgroup, struct cgroup_stats *stats)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, CTL_HUGETLB);
	int fd = dir ? openat(dir->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream) {
		closep(&fd);
		return;
	}
	for (const struct dirent *entry = readdir(stream); entry; entry = readdir(stream)) {
		/* A cgroup that the container made may have any name, such as that of a file. */
		CLEANUP(free)
		char *size = entry->d_type != DT_REG
				     ? NULL
				     : page_size_of(entry->d_name,
						    dir->v2 ? ".current" : ".usage_in_bytes");

		if (!size)
			continue;
		stats->hugetlb =
			xrealloc(stats->hugetlb, (stats->n_hugetlb + 1) * sizeof(*stats->hugetlb));
		stats->hugetlb[stats->n_hugetlb] = (struct cgroup_hugetlb_stats){ 0 };
		read_page_size(dir, size, &stats->hugetlb[stats->n_hugetlb++]);
	}
	closedir(stream);
}

int cgroup_stats_read(const struct cgroup *cgroup, struct cgroup_stats *ret, struct err *err)
{
	for (size_t i = 0; i < cgroup->n_dirs; i++)
		if (!cgroup_has_file(cgroup->dirs[i].dir, "cgroup.procs"))
			return err_set(err, ENODEV, "cgroup %s has gone", cgroup->path);
	read_cpu(cgroup, &ret->cpu);
	read_memory(cgroup, &ret->memory);
	read_pids(cgroup, ret);
	read_io(cgroup, &ret->io);
	read_hugetlb(cgroup, ret);
	return 0;
}

void cgroup_stats_done(struct cgroup_stats *stats)
{
	struct cgroup_io_stats *io = &stats->io;

	free(stats->cpu.percpu_ns);
	for (size_t i = 0; i < stats->memory.n_values; i++)
		free(stats->memory.values[i].key);
	free(stats->memory.values);
	free(io->service_bytes.entries);
	free(io->serviced.entries);
	free(io->queued.entries);
	free(io->service_time.entries);
	free(io->wait_time.entries);
	free(io->merged.entries);
	free(io->time.entries);
	free(io->sectors.entries);
	free(stats->hugetlb);
	*stats = (struct cgroup_stats){ 0 };
}
