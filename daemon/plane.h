/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user side of bpf/plane.bpf.h: reads cells, accounts, living tasks and the ring buffer from
 * the maps. All memory is allocated at open. Cells and accounts are read without a system call, so
 * that reading them adds nothing to them.
 */
#ifndef MEMOIR_PLANE_H
#define MEMOIR_PLANE_H

#include <stddef.h>

#include "../bpf/abi/records.h"
#include "probes.h"

struct plane;

/* Called with one whole record at a time; the record is the reader's to look at until it returns. */
typedef void (*plane_record_fn)(void *ctx, const struct rec_header *record);

/* Opens what the probes fill. 0, or a negative errno after one logged line. The probes must outlive it. */
int plane_open(const struct probes *probes, __u32 nr_cpu_ids, __u32 nr_cells, plane_record_fn on_record,
	       void *ctx, struct plane **ret);
void plane_free(struct plane *plane);

/* Sums all cells over all CPUs into ret_cells[nr_cells]. */
void plane_read_cells(const struct plane *plane, __u64 *ret_cells);

/*
 * Adds up a cube like METRIC_ALLOCATED (node, migratetype, order) by the node of the CPU: pages and
 * allocations in matrices of nr_rows * nr_rows, a row for each node of a CPU, a column for each node of
 * memory; the last is for all nodes from its own on. Adds to what is there.
 */
void plane_read_matrix(const struct plane *plane, const __u32 *node_of_cpu, const struct cube *allocated,
		       __u32 nr_rows, __u64 *ret_pages, __u64 *ret_allocations);

/* Sums an account over all CPUs. */
void plane_read_account(const struct plane *plane, enum account account, struct ledger_counts *ret);

/* Hands every living task to on_record as a REC_TASK. */
int plane_read_tasks(struct plane *plane);

/* Hands every record that waits in the ring to on_record. */
int plane_drain(struct plane *plane);

/* Becomes readable when plane_drain() should be called. */
int plane_ring_fd(const struct plane *plane);

#endif
