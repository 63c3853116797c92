/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of record kinds, the check that every record passes before anything looks into it, and
 * the layout: the hash of all tables, by which a stream written by another build is told apart.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#include "../hash.h"

/* Raise when the meaning of records changes and no table does. */
#define FORMAT_VERSION 1u

static const struct record_row {
	const char *id;
	__u32 size;
	bool is_event;
} record_rows[NR_RECORDS] = {
#define RECORD(id_, type_, is_event_) [id_] = { #id_, sizeof(type_), is_event_ },
#include "../../bpf/abi/records.def"
#undef RECORD
};

static const char *const record_names[NR_RECORDS] = {
	[REC_MACHINE] = "machine",
	[REC_LABEL] = "label",
	[REC_PROBE] = "probe",
	[REC_CGROUP] = "cgroup",
	[REC_SNAPSHOT_BEGIN] = "snapshot_begin",
	[REC_CELLS] = "cells",
	[REC_ACCOUNT] = "account",
	[REC_VMSTAT] = "vmstat",
	[REC_TASK] = "task",
	[REC_SNAPSHOT_END] = "snapshot_end",
	[REC_TASK_EXIT] = "task_exit",
	[REC_STALL] = "stall",
	[REC_OOM_KILL] = "oom_kill",
	[REC_ALLOC_FAILURE] = "alloc_failure",
	[REC_SETTING] = "setting",
	[REC_STACK] = "stack",
	[REC_SYMBOL] = "symbol",
	[REC_HOLDER] = "holder",
	[REC_CENSUS] = "census",
	[REC_LIVE] = "live",
	[REC_FALLBACK] = "fallback",
	[REC_ZONE] = "zone",
	[REC_PAGEBLOCKS] = "pageblocks",
	[REC_SLAB_SITE] = "slab_site",
	[REC_SLAB_CACHE] = "slab_cache",
	[REC_SLAB] = "slab",
	[REC_NUMA_FLOW] = "numa_flow",
	[REC_RESIDENCY] = "residency",
	[REC_FAULT_MAPPING] = "fault_mapping",
	[REC_FAULT_STACK] = "fault_stack",
	[REC_USER_STACK] = "user_stack",
	[REC_USER_SYMBOL] = "user_symbol",
	[REC_LIVE_SITE] = "live_site",
	[REC_KERNEL_MEMORY] = "kernel_memory",
	[REC_CGROUP_MEMORY] = "cgroup_memory",
	[REC_TRACE_STACK] = "trace_stack",
	[REC_TRACE] = "trace",
	[REC_CGROUP_KERNEL] = "cgroup_kernel",
};

const char *record_name(enum record kind)
{
	return (__u32)kind < NR_RECORDS && record_names[kind] ? record_names[kind] : "unknown";
}

bool record_is_event(enum record kind)
{
	return (__u32)kind < NR_RECORDS && record_rows[kind].is_event;
}

static bool cells_size_is_right(const struct rec_header *h)
{
	const struct rec_cells *rec = (const struct rec_cells *)h;

	return h->size >= offsetof(struct rec_cells, cells) && rec->nr <= REC_MAX_CELLS &&
	       h->size == offsetof(struct rec_cells, cells) + rec->nr * sizeof(rec->cells[0]);
}

int record_check(const void *record, size_t size)
{
	const struct rec_header *h = record;

	if ((size_t)record % _Alignof(__u64) || size < sizeof(*h) || h->size < sizeof(*h) || h->size > size ||
	    h->kind >= NR_RECORDS)
		return -EINVAL;
	if (h->kind == REC_CELLS)
		return cells_size_is_right(h) ? 0 : -EINVAL;
	return h->size == record_rows[h->kind].size ? 0 : -EINVAL;
}

/* --- the layout ------------------------------------------------------------------------------- */

static const char tables[] =
#define METRIC(id, type, unit, d0, d1, d2, d3, source, help) \
#id " " #type " " #unit " " #d0 " " #d1 " " #d2 " " #d3 "\n"
#include "../../bpf/abi/metrics.def"
#undef METRIC
#define LEDGER(id, type, unit, source, help) #id " " #type " " #unit "\n"
#include "../../bpf/abi/ledger.def"
#undef LEDGER
#define RECORD(id, type, is_event) #id "\n"
#include "../../bpf/abi/records.def"
#undef RECORD
#define SETTING(id, name, path) #id "\n"
#include "../../bpf/abi/settings.def"
#undef SETTING
	;

__u64 model_layout(void)
{
	static const __u32 shape[] = { FORMAT_VERSION, HIST_CELLS, HIST_MIN_SHIFT,
#define DIM(id, label, size) size,
				       MEMOIR_DIMS(DIM)
#undef DIM
	};
	__u64 hash = fnv1a(FNV1A_START, tables, sizeof(tables));

	hash = fnv1a(hash, shape, sizeof(shape));
	for (__u32 kind = 0; kind < NR_RECORDS; kind++)
		hash = fnv1a(hash, &record_rows[kind].size, sizeof(record_rows[kind].size));
	return hash;
}
