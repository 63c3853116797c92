/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of system-wide metrics: rows, exported names, dimensions with the label values that
 * memoir itself defines, and where each metric's cube lies. Label values of the machine's own
 * dimensions are in shape.c; what the cells hold is in snapshot.c.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

const struct metric_row metric_rows[NR_METRICS] = {
#define METRIC(id_, type_, unit_, d0, d1, d2, d3, source_, help_) \
	[id_] = { .id = #id_,                                     \
		  .type = type_,                                  \
		  .unit = unit_,                                  \
		  .dims = { d0, d1, d2, d3 },                     \
		  .source = source_,                              \
		  .help = help_ },
#include "../../bpf/abi/metrics.def"
#undef METRIC
};

/* --- names ------------------------------------------------------------------------------------ */

/* An id less its table's name, in lower case: "METRIC_STALL" is "stall". */
static void subject(char ret[ROW_NAME_LEN], const char *id)
{
	const char *from = strchr(id, '_');
	size_t n = 0;

	for (from = from ? from + 1 : id; *from && n < ROW_NAME_LEN - 1; from++)
		ret[n++] = *from >= 'A' && *from <= 'Z' ? (char)(*from - 'A' + 'a') : *from;
	ret[n] = '\0';
}

static void append(char to[ROW_NAME_LEN], const char *text)
{
	size_t length = strlen(to);

	snprintf(to + length, ROW_NAME_LEN - length, "%s", text);
}

void row_metric_name(char ret[ROW_NAME_LEN], const char *prefix, const char *id, enum value_type type,
		     enum value_unit unit)
{
	static const char *const suffixes[] = {
		[EVENTS] = "",       [PAGES] = "_bytes", [BYTES] = "_bytes",
		[NSEC] = "_seconds", [RATIO] = "_ratio", [INDEX] = "",
	};
	char name[ROW_NAME_LEN];

	subject(name, id);
	ret[0] = '\0';
	append(ret, prefix);
	append(ret, "_");
	append(ret, name);
	append(ret, suffixes[unit]);
	if (type == COUNTER)
		append(ret, "_total");
}

void row_key(char ret[ROW_NAME_LEN], const char *id, enum value_unit unit)
{
	static const char *const suffixes[] = {
		[EVENTS] = "",  [PAGES] = "_bytes", [BYTES] = "_bytes",
		[NSEC] = "_ns", [RATIO] = "_ratio", [INDEX] = "",
	};

	subject(ret, id);
	append(ret, suffixes[unit]);
}

/* --- dimensions ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	__u32 size; /* 0: the machine decides */
} dims[NR_DIMS] = {
#define DIM(id, label, size_) [id] = { label, size_ },
	MEMOIR_DIMS(DIM)
#undef DIM
};

const char *dim_name(enum dim dim)
{
	return (__u32)dim < NR_DIMS ? dims[dim].name : "";
}

__u32 dim_fixed_size(enum dim dim)
{
	return dims[dim].size;
}

static const char *const no_labels[] = { "" };

static const char *const fault_kind_labels[NR_FAULT_KINDS] = {
	[FAULT_MINOR] = "minor",
	[FAULT_MAJOR] = "major",
};

static const char *const fault_mode_labels[NR_FAULT_MODES] = {
	[FAULT_USER] = "user",
	[FAULT_KERNEL] = "kernel",
};

static const char *const fault_access_labels[NR_FAULT_ACCESSES] = {
	[FAULT_READ] = "read",
	[FAULT_WRITE] = "write",
	[FAULT_PROTECTION] = "protection",
	[FAULT_EXEC] = "exec",
};

static const char *const fault_cause_labels[NR_FAULT_CAUSES] = {
	[FAULT_ANONYMOUS] = "anonymous",         [FAULT_FILE] = "file",
	[FAULT_COPY_ON_WRITE] = "copy_on_write", [FAULT_SWAP] = "swap",
	[FAULT_SHARED_MEMORY] = "shared_memory", [FAULT_HUGE_PAGE] = "huge_page",
	[FAULT_USERFAULTFD] = "userfaultfd",     [FAULT_NUMA_HINT] = "numa_hint",
};

static const char *const fault_error_labels[NR_FAULT_ERRORS] = {
	[FAULT_OOM] = "oom",
	[FAULT_SIGBUS] = "sigbus",
	[FAULT_HWPOISON] = "hwpoison",
	[FAULT_SIGSEGV] = "sigsegv",
};

static const char *const stall_kind_labels[NR_STALL_KINDS] = {
	[STALL_DIRECT_RECLAIM] = "direct_reclaim", [STALL_MEMCG_RECLAIM] = "memcg_reclaim",
	[STALL_NODE_RECLAIM] = "node_reclaim",     [STALL_DIRECT_COMPACTION] = "direct_compaction",
	[STALL_NUMA_MIGRATION] = "numa_migration",
};

static const char *const compact_mode_labels[NR_COMPACT_MODES] = {
	[COMPACT_DIRECT] = "direct",
	[COMPACT_KCOMPACTD] = "kcompactd",
	[COMPACT_PROACTIVE] = "proactive",
	[COMPACT_OTHER] = "other",
};

static const char *const task_kind_labels[NR_TASK_KINDS] = {
	[TASK_PROCESS] = "process",
	[TASK_THREAD] = "thread",
};

static const char *const loss_labels[NR_LOSSES] = {
	[LOSS_RING_FULL] = "ring_full",
	[LOSS_EXIT_NAME] = "exit_name",
	[LOSS_STORAGE_CREATE] = "storage_create",
	[LOSS_STORAGE_MISSING] = "storage_missing",
	[LOSS_STALL_BEGIN_MISSED] = "stall_begin_missed",
	[LOSS_STALL_END_MISSED] = "stall_end_missed",
	[LOSS_STALL_NESTING] = "stall_nesting",
	[LOSS_OUT_OF_RANGE] = "out_of_range",
	[LOSS_RECURSION_MISSED] = "recursion_missed",
	[LOSS_PROCESS_TABLE_FULL] = "process_table_full",
	[LOSS_END_MISSED] = "end_missed",
	[LOSS_FALLBACK] = "fallback",
	[LOSS_NUMA_FLOW] = "numa_flow",
	[LOSS_FAULT_SITE] = "fault_site",
	[LOSS_LIVE_PAGE] = "live_page",
	[LOSS_LIVE_FREE] = "live_free",
	[LOSS_STACK] = "stack",
	[LOSS_USER_STACK] = "user_stack",
};

static const char *const vmstat_labels[NR_VMSTAT_ITEMS] = {
	[VMSTAT_PGALLOC] = "pgalloc",
	[VMSTAT_PGFREE] = "pgfree",
	[VMSTAT_PGFAULT] = "pgfault",
	[VMSTAT_ALLOCSTALL] = "allocstall",
	[VMSTAT_COMPACT_STALL] = "compact_stall",
	[VMSTAT_OOM_KILL] = "oom_kill",
	[VMSTAT_PGMIGRATE_SUCCESS] = "pgmigrate_success",
	[VMSTAT_PGMIGRATE_FAIL] = "pgmigrate_fail",
	[VMSTAT_PSWPIN] = "pswpin",
	[VMSTAT_NUMA_HINT_FAULTS] = "numa_hint_faults",
	[VMSTAT_NUMA_HINT_FAULTS_LOCAL] = "numa_hint_faults_local",
	[VMSTAT_NUMA_PAGES_MIGRATED] = "numa_pages_migrated",
	[VMSTAT_PGMAJFAULT] = "pgmajfault",
};

static const char *const task_move_labels[NR_TASK_MOVES] = {
	[TASK_MOVED] = "moved",
	[TASK_SWAPPED] = "swapped",
	[TASK_STAYED] = "stayed",
};

static const char *const numastat_labels[NR_NUMASTAT_ITEMS] = {
	[NUMASTAT_HIT] = "hit",         [NUMASTAT_MISS] = "miss",
	[NUMASTAT_FOREIGN] = "foreign", [NUMASTAT_INTERLEAVE] = "interleave",
	[NUMASTAT_LOCAL] = "local",     [NUMASTAT_OTHER] = "other",
};

static const char *const stolen_labels[NR_STOLEN] = {
	[STOLEN_NO] = "no",
	[STOLEN_YES] = "yes",
	[STOLEN_UNKNOWN] = "unknown",
};

static const char *const migrate_result_labels[NR_MIGRATE_RESULTS] = {
	[MIGRATE_SUCCEEDED] = "succeeded",
	[MIGRATE_FAILED] = "failed",
};

static const char *const *const fixed_labels[NR_DIMS] = {
	[DIM_NONE] = no_labels,
	[DIM_FAULT_KIND] = fault_kind_labels,
	[DIM_FAULT_MODE] = fault_mode_labels,
	[DIM_FAULT_ACCESS] = fault_access_labels,
	[DIM_FAULT_CAUSE] = fault_cause_labels,
	[DIM_FAULT_SEVERITY] = fault_kind_labels,
	[DIM_FAULT_ERROR] = fault_error_labels,
	[DIM_STALL_KIND] = stall_kind_labels,
	[DIM_COMPACT_MODE] = compact_mode_labels,
	[DIM_TASK_KIND] = task_kind_labels,
	[DIM_LOSS] = loss_labels,
	[DIM_VMSTAT_ITEM] = vmstat_labels,
	[DIM_STOLEN] = stolen_labels,
	[DIM_MIGRATE_RESULT] = migrate_result_labels,
	[DIM_TASK_MOVE] = task_move_labels,
	[DIM_NUMASTAT_ITEM] = numastat_labels,
};

const char *dim_fixed_label(enum dim dim, __u32 index)
{
	const char *label = index < dims[dim].size ? fixed_labels[dim][index] : NULL;

	return label ? label : "unknown";
}

const char *vmstat_item_name(enum vmstat_item item)
{
	return dim_fixed_label(DIM_VMSTAT_ITEM, (__u32)item);
}

/* --- cubes ------------------------------------------------------------------------------------ */

static __u32 cube_layout(struct cube *cube, const struct metric_row *row, __u32 base,
			 const __u32 dim_sizes[NR_DIMS])
{
	__u32 stride = row->type == HISTOGRAM ? HIST_CELLS : 1;

	cube->base = base;
	for (int d = METRIC_MAX_DIMS - 1; d >= 0; d--) {
		cube->size[d] = dim_sizes[row->dims[d]];
		cube->stride[d] = stride;
		stride *= cube->size[d];
	}
	return base + stride;
}

/* Programs count in the kernel's memory; what the kernel counts is read with that; the rest is computed. */
static const enum value_source cube_order[] = { BPF, BY_CPU, KERNEL, MODEL };

__u32 cubes_layout(struct cube cubes[NR_METRICS], const __u32 dim_sizes[NR_DIMS])
{
	__u32 nr_cells = 0;

	for (size_t i = 0; i < sizeof(cube_order) / sizeof(cube_order[0]); i++)
		for (__u32 metric = 0; metric < NR_METRICS; metric++)
			if (metric_rows[metric].source == cube_order[i])
				nr_cells = cube_layout(&cubes[metric], &metric_rows[metric], nr_cells,
						       dim_sizes);
	return nr_cells;
}

__u32 cubes_nr_cells(const struct cube cubes[NR_METRICS], enum value_source last)
{
	__u32 nr_cells = 0;

	for (__u32 metric = 0; metric < NR_METRICS; metric++)
		if (metric_rows[metric].source == last)
			nr_cells = cubes[metric].base + cubes[metric].size[0] * cubes[metric].stride[0];
	return nr_cells;
}
