/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentc/network.h"
#include "base/cleanup.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/stats.h"
#include "runtime/command.h"
#include "sandbox/sandbox.h"

#define INTERVAL_MAX_MS 86400000u /* a day */
#define OOM_LINES_MAX   16u
#define OOM_PAUSE_MS    100

/* Members that are 0 are left out: reference 02, "events". */
static void put(struct json_writer *w, const char *key, uint64_t value)
{
	if (value)
		json_put_u64(w, key, value);
}

static void put_cpu(struct json_writer *w, const struct cgroup_cpu_stats *cpu)
{
	json_open_object(w, "cpu");
	json_open_object(w, "usage");
	put(w, "total", cpu->total_ns);
	if (cpu->n_percpu > 0) {
		json_open_array(w, "percpu");
		for (size_t i = 0; i < cpu->n_percpu; i++)
			json_put_u64(w, NULL, cpu->percpu_ns[i]);
		json_close_array(w);
	}
	json_put_u64(w, "kernel", cpu->kernel_ns);
	json_put_u64(w, "user", cpu->user_ns);
	json_close_object(w);
	json_open_object(w, "throttling");
	put(w, "periods", cpu->periods);
	put(w, "throttledPeriods", cpu->throttled_periods);
	put(w, "throttledTime", cpu->throttled_ns);
	json_close_object(w);
	json_close_object(w);
}

static void put_data(struct json_writer *w, const char *key, const struct cgroup_memory_data *data)
{
	json_open_object(w, key);
	json_put_u64(w, "limit", data->limit);
	put(w, "usage", data->usage);
	put(w, "max", data->max_usage);
	json_put_u64(w, "failcnt", data->failcnt);
	json_close_object(w);
}

static void put_memory(struct json_writer *w, const struct cgroup_memory_stats *memory)
{
	json_open_object(w, "memory");
	put(w, "cache", memory->cache);
	put_data(w, "usage", &memory->memory);
	put_data(w, "swap", &memory->swap);
	put_data(w, "kernel", &memory->kernel);
	json_open_object(w, "raw");
	for (size_t i = 0; i < memory->n_values; i++)
		put(w, memory->values[i].key, memory->values[i].value);
	json_close_object(w);
	json_close_object(w);
}

static void put_io_list(struct json_writer *w, const char *key, const struct cgroup_io_list *list)
{
	if (list->n == 0)
		return;
	json_open_array(w, key);
	for (size_t i = 0; i < list->n; i++) {
		json_open_object(w, NULL);
		put(w, "major", list->entries[i].major);
		put(w, "minor", list->entries[i].minor);
		if (*list->entries[i].op)
			json_put_string(w, "op", list->entries[i].op);
		put(w, "value", list->entries[i].value);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_io(struct json_writer *w, const struct cgroup_io_stats *io)
{
	json_open_object(w, "blkio");
	put_io_list(w, "ioServiceBytesRecursive", &io->service_bytes);
	put_io_list(w, "ioServicedRecursive", &io->serviced);
	put_io_list(w, "ioQueueRecursive", &io->queued);
	put_io_list(w, "ioServiceTimeRecursive", &io->service_time);
	put_io_list(w, "ioWaitTimeRecursive", &io->wait_time);
	put_io_list(w, "ioMergedRecursive", &io->merged);
	put_io_list(w, "ioTimeRecursive", &io->time);
	put_io_list(w, "sectorsRecursive", &io->sectors);
	json_close_object(w);
}

static void put_hugetlb(struct json_writer *w, const struct cgroup_stats *stats)
{
	json_open_object(w, "hugetlb");
	for (size_t i = 0; i < stats->n_hugetlb; i++) {
		json_open_object(w, stats->hugetlb[i].page_size);
		put(w, "usage", stats->hugetlb[i].usage);
		put(w, "max", stats->hugetlb[i].max_usage);
		json_put_u64(w, "failcnt", stats->hugetlb[i].failcnt);
		json_close_object(w);
	}
	json_close_object(w);
}

/* Of interfaces all nine are always there. Source: reference 02, "events" (openEuler). */
static void put_network(struct json_writer *w, const struct agentc_network_stats *stats)
{
	static const char *const counters[] = {
		"rx_bytes", "rx_packets", "rx_errors", "rx_dropped",
		"tx_bytes", "tx_packets", "tx_errors", "tx_dropped"
	};
	static const char *const states[] = { "established", "syn_sent",  "syn_recv", "fin_wait1",
					      "fin_wait2",   "time_wait", "close",    "close_wait",
					      "last_ack",    "listen",    "closing" };
	static const char *const sockets[] = { "listen", "dropped", "rx_queued", "tx_queued" };
	static const char *const tcp[] = { "tcp", "tcp6" };
	static const char *const udp[] = { "udp", "udp6" };

	json_open_array(w, "interfaces");
	for (size_t i = 0; i < stats->n_interfaces; i++) {
		json_open_object(w, NULL);
		json_put_string(w, "name", stats->interfaces[i].name);
		for (size_t c = 0; c < 8; c++)
			json_put_u64(w, counters[c], stats->interfaces[i].counters[c]);
		json_close_object(w);
	}
	json_close_array(w);
	for (size_t family = 0; family < 2; family++) {
		json_open_object(w, tcp[family]);
		for (size_t i = 0; i < AGENTC_TCP_STATES; i++)
			put(w, states[i], stats->tcp[family][i]);
		json_close_object(w);
	}
	for (size_t family = 0; family < 2; family++) {
		json_open_object(w, udp[family]);
		for (size_t i = 0; i < AGENTC_UDP_COUNTS; i++)
			put(w, sockets[i], stats->udp[family][i]);
		json_close_object(w);
	}
}

static int print_stats(const char *id, struct err *err)
{
	__attribute__((cleanup(cgroup_stats_donep))) struct cgroup_stats stats = { 0 };
	__attribute__((
		cleanup(agentc_network_stats_done))) struct agentc_network_stats network = { 0 };
	struct json_writer w = { 0 };
	CLEANUP(free) char *text = NULL;
	int r;

	r = container_stats(id, &stats, err);
	if (r == 0)
		r = container_network_stats(id, &network, err);
	if (r < 0)
		return r;
	json_open_object(&w, NULL);
	json_put_string(&w, "type", "stats");
	json_put_string(&w, "id", id);
	json_open_object(&w, "data");
	put_cpu(&w, &stats.cpu);
	put_memory(&w, &stats.memory);
	json_open_object(&w, "pids");
	put(&w, "current", stats.pids);
	put(&w, "limit", stats.pids_limit);
	json_close_object(&w);
	put_io(&w, &stats.io);
	put_hugetlb(&w, &stats);
	put_network(&w, &network);
	json_close_object(&w);
	json_close_object(&w);
	text = json_finish(&w);
	if (puts(text) < 0 || fflush(stdout) != 0)
		return err_set(err, EPIPE, "events: nobody reads them any more");
	return 0;
}

/* As Go writes durations, with one unit: "500ms", "5s", "2m", "1h". */
static int parse_interval(const char *text, uint64_t *ret_ms, struct err *err)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	size_t digits = strspn(text, "0123456789");
	CLEANUP(free) char *number = xstrndup(text, digits);
	uint64_t value = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!str_eq(text + digits, units[i].unit) ||
		    str_to_u64(number, 1, INTERVAL_MAX_MS / units[i].ms, &value) < 0)
			continue;
		*ret_ms = value * units[i].ms;
		return 0;
	}
	return err_set(err, EINVAL,
		       "--interval: '%s' is not a duration of 1ms to 24h, such as 500ms, 5s, 1m",
		       text);
}

/* A line as runc has it. Returns 0 or -EPIPE. */
static int print_oom(const char *id, struct err *err)
{
	struct json_writer w = { 0 };
	CLEANUP(free) char *text = NULL;

	json_open_object(&w, NULL);
	json_put_string(&w, "type", "oom");
	json_put_string(&w, "id", id);
	json_close_object(&w);
	text = json_finish(&w);
	if (puts(text) < 0 || fflush(stdout) != 0)
		return err_set(err, EPIPE, "events: nobody reads them any more");
	return 0;
}

/*
 * Prints those of the next @interval_ms. A guest that claims more than there can be is
 * believed OOM_LINES_MAX at a time, OOM_PAUSE_MS apart.
 */
static int print_ooms(const char *id, uint64_t interval_ms, uint64_t *kills, struct err *err)
{
	uint64_t due = deadline_in(interval_ms);
	struct err ignored = { 0 };
	int left;
	int r = 0;

	while (r == 0 && (left = deadline_left(due)) > 0) {
		uint64_t seen = *kills;

		/* It has ended, or does not answer: the next statistics say so. */
		if (container_oom_kills(id, (uint64_t)left, kills, &ignored) < 0 || *kills <= seen)
			break;
		for (uint64_t i = 0; r == 0 && i < *kills - seen && i < OOM_LINES_MAX; i++)
			r = print_oom(id, err);
		(void)poll(NULL, 0, OOM_PAUSE_MS);
	}
	if (r == 0 && (left = deadline_left(due)) > 0)
		(void)poll(NULL, 0, left);
	return r;
}

/* Ends with the container. */
static int print_always(const char *id, uint64_t interval_ms, struct err *err)
{
	uint64_t kills = 0;
	struct err ignored = { 0 };
	int r;

	/* Those before us are nobody's news; an agent that cannot tell has none. */
	(void)container_oom_kills(id, 0, &kills, &ignored);
	do {
		r = print_ooms(id, interval_ms, &kills, err);
		if (r == 0)
			r = print_stats(id, err);
	} while (r == 0);
	return container_is_over(id) ? 0 : r;
}

/* Source: reference 02, "events"; the format is runc's. */
static int run_events(const struct globals *globals __attribute__((unused)), int argc, char **argv,
		      struct err *err)
{
	CLEANUP(free) char *id = NULL;
	const char *interval = "5s";
	const char *name = NULL;
	uint64_t interval_ms = 0;
	bool once = false;
	int r;

	const struct opt opts[] = {
		OPT_STRING(0, "interval", &interval, "DURATION",
			   "between two lines, such as 500ms or 1m (default: 5s)"),
		OPT_BOOL(0, "stats", &once, "one line, and the end"),
		OPT_ARG("container-id", &name, "the container"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	r = parse_interval(interval, &interval_ms, err);
	if (r == 0)
		r = id_resolve(name, &id, err);
	if (r < 0)
		return r;
	r = print_stats(id, err);
	if (r < 0 || once)
		return r;
	return print_always(id, interval_ms, err);
}

const struct command cmd_events = { "events", NULL, "show what a container uses, as JSON",
				    run_events };
