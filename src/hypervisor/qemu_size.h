/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_size.h - vCPUs and memory of a running QEMU, in its monitor's words */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct json_at;
struct qmp;

struct qemu_size {
	unsigned vcpus;         /* that the guest can have: of them it may have turned some off */
	unsigned max_vcpus;     /* of -smp maxcpus */
	uint64_t base_bytes;    /* memory since the start */
	uint64_t plugged_bytes; /* and since then */
	unsigned n_dimms;
	uint64_t end; /* of the addresses of memory devices; 0: there is none */
	bool elastic; /* memory comes by qemu_request_memory() */
};

int qemu_ask_size(struct qmp *qmp, uint64_t deadline, struct qemu_size *ret, struct err *err);

/* How many disks there are that are memory. */
int qemu_count_nvdimms(struct qmp *qmp, uint64_t deadline, unsigned *ret_n, struct err *err);

/* Adds one vCPU, the lowest that is free. -ENOSPC: there are as many as maxcpus. */
int qemu_add_vcpu(struct qmp *qmp, uint64_t deadline, struct err *err);

/*
 * Adds memory of the same kind as the machine's own: shared with virtiofsd,
 * huge pages. @size is what qemu_ask_size() says now; undone when a step fails.
 */
int qemu_add_memory(struct qmp *qmp, const struct qemu_size *size, uint64_t bytes,
		    uint64_t deadline, struct err *err);

/* Of a machine that is elastic: what its plugged memory is to become. The guest does it later. */
int qemu_request_memory(struct qmp *qmp, uint64_t bytes, uint64_t deadline, struct err *err);

/* The host's numbers of the threads that vCPUs run on, of query-cpus-fast; owned. */
int qemu_vcpu_threads(struct qmp *qmp, uint64_t deadline, pid_t **ret, size_t *ret_n,
		      struct err *err);

/* The same from the answer. */
int qemu_read_vcpu_threads(const struct json_at *answer, pid_t **ret, size_t *ret_n,
			   struct err *err);

/* Whether another program can have the guest's memory: virtiofsd, a vhost-user back end. */
bool qemu_memory_is_shared(struct qmp *qmp, uint64_t deadline);

/* Whether it consists of the host's huge pages. */
bool qemu_memory_is_huge(struct qmp *qmp, uint64_t deadline);

/* A free place in an answer of query-hotpluggable-cpus, as arguments of device_add; owned. */
int qemu_choose_vcpu(const struct json_at *answer, char **ret, struct err *err);
