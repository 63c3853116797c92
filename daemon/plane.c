// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what the probes counted; see plane.h. */
#include "plane.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "util.h"

/* Whole records, and room for the rest of one that a read left in two. */
#define TASKS_BUFFER_BYTES (256 * sizeof(struct rec_task))

struct plane {
	int cells_fd, accounts_fd, iterator_link_fd;
	__u32 nr_cells;
	int nr_cpus; /* possible ones */
	struct ring_buffer *ring;
	plane_record_fn on_record;
	void *ctx;
	__u64 *chunk;                  /* one chunk of cells for every CPU */
	struct ledger_counts *account; /* one account for every CPU */
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

int plane_open(const struct probes *probes, __u32 nr_cells, plane_record_fn on_record, void *ctx,
	       struct plane **ret)
{
	struct plane *plane = calloc(1, sizeof(*plane));

	if (!plane)
		return -ENOMEM;
	plane->cells_fd = probes_map_fd(probes, "cells");
	plane->accounts_fd = probes_map_fd(probes, "accounts");
	plane->iterator_link_fd = probes_iterator_link_fd(probes);
	plane->nr_cells = nr_cells;
	plane->nr_cpus = libbpf_num_possible_cpus();
	plane->on_record = on_record;
	plane->ctx = ctx;
	if (plane->nr_cpus > 0) {
		plane->chunk = calloc((size_t)plane->nr_cpus, CELLS_PER_CHUNK * sizeof(__u64));
		plane->account = calloc((size_t)plane->nr_cpus, sizeof(*plane->account));
	}
	plane->ring = ring_buffer__new(probes_map_fd(probes, "ring"), on_ring_record, plane, NULL);
	if (!plane->chunk || !plane->account || !plane->ring) {
		int err = plane->ring ? -ENOMEM : -errno;

		log_error("cannot open the ring buffer of the probes: %s", strerror(-err));
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
	free(plane->chunk);
	free(plane->account);
	free(plane);
}

int plane_read_cells(struct plane *plane, __u64 *ret_cells)
{
	for (__u32 first = 0, chunk = 0; first < plane->nr_cells; first += CELLS_PER_CHUNK, chunk++) {
		__u32 nr = plane->nr_cells - first < CELLS_PER_CHUNK ? plane->nr_cells - first
								     : CELLS_PER_CHUNK;

		if (bpf_map_lookup_elem(plane->cells_fd, &chunk, plane->chunk) < 0)
			return -errno;
		memcpy(ret_cells + first, plane->chunk, nr * sizeof(__u64));
		for (int cpu = 1; cpu < plane->nr_cpus; cpu++)
			for (__u32 i = 0; i < nr; i++)
				ret_cells[first + i] += plane->chunk[(__u32)cpu * CELLS_PER_CHUNK + i];
	}
	return 0;
}

int plane_read_account(struct plane *plane, enum account account, struct ledger_counts *ret)
{
	__u32 key = account;

	if (bpf_map_lookup_elem(plane->accounts_fd, &key, plane->account) < 0)
		return -errno;
	*ret = plane->account[0];
	for (int cpu = 1; cpu < plane->nr_cpus; cpu++)
		for (int row = 0; row < NR_LEDGER; row++)
			ret->v[row] += plane->account[cpu].v[row];
	return 0;
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
