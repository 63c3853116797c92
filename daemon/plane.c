// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what the probes counted; see plane.h. */
#include "plane.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"
#include "util.h"

/* Whole records, and room for the rest of one that a read left in two. */
#define TASKS_BUFFER_BYTES (256 * sizeof(struct rec_task))

struct plane {
	const __u64 *cells; /* of one CPU after the other, chunks_per_cpu chunks each */
	const struct cpu_accounts *accounts;
	size_t cells_size, accounts_size; /* as they are mapped */
	__u32 nr_cpus, nr_cells, chunks_per_cpu;
	int iterator_link_fd;
	struct ring_buffer *ring;
	plane_record_fn on_record;
	void *ctx;
	__u64 tasks[TASKS_BUFFER_BYTES / sizeof(__u64)];
};

static int on_ring_record(void *ctx, void *data, size_t size)
{
	struct plane *plane = ctx;
	const struct rec_header *record = data;

	if (size >= sizeof(*record) && record->size <= size)
		plane->on_record(plane->ctx, record);
	return 0;
}

/* Maps the content of a map that is an array; NULL on failure, with errno. */
static const void *map_array(int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int plane_open(const struct probes *probes, __u32 nr_cpu_ids, __u32 nr_cells, plane_record_fn on_record,
	       void *ctx, struct plane **ret)
{
	struct plane *plane = calloc(1, sizeof(*plane));

	if (!plane)
		return -ENOMEM;
	plane->nr_cpus = nr_cpu_ids;
	plane->nr_cells = nr_cells;
	plane->chunks_per_cpu = cells_nr_chunks(nr_cells);
	plane->cells_size = (size_t)nr_cpu_ids * plane->chunks_per_cpu * CELLS_PER_CHUNK * sizeof(__u64);
	plane->accounts_size = nr_cpu_ids * sizeof(struct cpu_accounts);
	plane->iterator_link_fd = probes_iterator_link_fd(probes);
	plane->on_record = on_record;
	plane->ctx = ctx;
	plane->cells = map_array(probes_map_fd(probes, "cells"), plane->cells_size);
	plane->accounts = map_array(probes_map_fd(probes, "accounts"), plane->accounts_size);
	if (plane->cells && plane->accounts)
		plane->ring = ring_buffer__new(probes_map_fd(probes, "ring"), on_ring_record, plane, NULL);
	if (!plane->ring) {
		int err = -errno;

		log_error("cannot map what the probes fill: %s", strerror(-err));
		plane_free(plane);
		return err;
	}
	*ret = plane;
	return 0;
}

void plane_free(struct plane *plane)
{
	if (!plane)
		return;
	ring_buffer__free(plane->ring);
	if (plane->cells)
		munmap((void *)plane->cells, plane->cells_size);
	if (plane->accounts)
		munmap((void *)plane->accounts, plane->accounts_size);
	free(plane);
}

/* Adds what is written at the same time by another CPU. */
static void add_counts(__u64 *to, const __u64 *counts, __u32 nr)
{
	for (__u32 i = 0; i < nr; i++)
		to[i] += __atomic_load_n(&counts[i], __ATOMIC_RELAXED);
}

void plane_read_cells(const struct plane *plane, __u64 *ret_cells)
{
	memset(ret_cells, 0, plane->nr_cells * sizeof(__u64));
	for (__u32 cpu = 0; cpu < plane->nr_cpus; cpu++)
		add_counts(ret_cells, plane->cells + (size_t)cpu * plane->chunks_per_cpu * CELLS_PER_CHUNK,
			   plane->nr_cells);
}

/* What one CPU allocated on one node, in blocks of all migratetypes. */
static void add_allocated(const __u64 *cells, const struct cube *cube, __u32 node, __u64 *pages,
			  __u64 *allocations)
{
	const __u64 *of_node = cells + cube->base + node * cube->stride[0];

	for (__u32 migratetype = 0; migratetype < cube->size[1]; migratetype++) {
		for (__u32 order = 0; order < cube->size[2]; order++) {
			__u64 nr = __atomic_load_n(
				&of_node[migratetype * cube->stride[1] + order * cube->stride[2]],
				__ATOMIC_RELAXED);

			*pages += nr;
			*allocations += nr >> order;
		}
	}
}

void plane_read_matrix(const struct plane *plane, const __u32 *node_of_cpu, const struct cube *allocated,
		       __u32 nr_rows, __u64 *ret_pages, __u64 *ret_allocations)
{
	for (__u32 cpu = 0; cpu < plane->nr_cpus; cpu++) {
		const __u64 *cells = plane->cells + (size_t)cpu * plane->chunks_per_cpu * CELLS_PER_CHUNK;
		__u32 row = node_of_cpu[cpu] < nr_rows ? node_of_cpu[cpu] : nr_rows - 1;

		for (__u32 node = 0; node < allocated->size[0]; node++) {
			__u32 cell = row * nr_rows + (node < nr_rows ? node : nr_rows - 1);

			add_allocated(cells, allocated, node, &ret_pages[cell], &ret_allocations[cell]);
		}
	}
}

void plane_read_account(const struct plane *plane, enum account account, struct ledger_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (__u32 cpu = 0; cpu < plane->nr_cpus; cpu++)
		add_counts(ret->v, plane->accounts[cpu].of[account].v, NR_LEDGER);
}

int plane_read_tasks(struct plane *plane)
{
	_cleanup_close_ int fd = bpf_iter_create(plane->iterator_link_fd);
	unsigned char *buffer = (unsigned char *)plane->tasks;
	size_t waiting = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t got = read(fd, buffer + waiting, TASKS_BUFFER_BYTES - waiting);
		size_t at = 0;

		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		waiting += (size_t)got;
		for (; waiting - at >= sizeof(struct rec_task); at += sizeof(struct rec_task))
			plane->on_record(plane->ctx, (const struct rec_header *)(const void *)(buffer + at));
		waiting -= at;
		memmove(buffer, buffer + at, waiting);
	}
}

int plane_drain(struct plane *plane)
{
	int nr = ring_buffer__consume(plane->ring);

	return nr < 0 ? nr : 0;
}

int plane_ring_fd(const struct plane *plane)
{
	return ring_buffer__epoll_fd(plane->ring);
}
