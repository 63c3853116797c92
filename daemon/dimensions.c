// SPDX-License-Identifier: GPL-2.0-or-later
/* The dimensions that the machine decides; see dimensions.h. */
#include "dimensions.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "procfs.h"
#include "util.h"
#include "zonetext.h"

/* --- sizes of pieces of memory ---------------------------------------------------------------- */

/* The order of a size in bytes that a file holds, or 0. */
static __u32 order_in_file(const char *path, __u64 page_size)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	unsigned long long size = 0;
	__u32 order = 0;

	if (file && fscanf(file, "%llu", &size) == 1)
		while (order < 63 && (page_size << order) < size)
			order++;
	return order;
}

/*
 * The sizes that fragmentation is about: of a block of pages that has one migratetype, which the kernel tells
 * (the read takes the lock of each zone of a node, once), and of a huge page. Each stands in for the other
 * where a kernel does not tell it: a pageblock is a huge page, or the largest block if that is smaller.
 */
static void read_orders(struct machine *machine)
{
	_cleanup_close_ int fd = open("/proc/pagetypeinfo", O_RDONLY | O_CLOEXEC);
	__u32 largest = machine->record.nr_orders - 1;
	char text[64];
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int pageblock_order = size > 0 ? pageblock_order_parse(text, (size_t)size) : -ENOENT;

	machine->huge_page_order = order_in_file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
						 machine->record.page_size);
	if (pageblock_order >= 0)
		machine->pageblock_order = (__u32)pageblock_order;
	else if (machine->huge_page_order && machine->huge_page_order < largest)
		machine->pageblock_order = machine->huge_page_order;
	else
		machine->pageblock_order = largest;
	if (!machine->huge_page_order)
		machine->huge_page_order = machine->pageblock_order;
}

/* --- values and their names ------------------------------------------------------------------- */

/* No enumeration that is a dimension has more. */
#define MAX_ENUM_SIZE 128u

/*
 * The number of values of an enumeration: that of the enumerator that counts them or, without one, one more
 * than the highest. 1 where there is no such type: then nothing ever has a value of it.
 */
static __u32 enum_size(const struct btf *btf, const char *enum_name, const char *count_name)
{
	int id = btf__find_by_name_kind(btf, enum_name, BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	const struct btf_enum *value = type ? btf_enum(type) : NULL;
	__u32 size = 1;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, value[i].name_off);
		bool is_count = count_name && name && !strcmp(name, count_name);
		__u32 least = (__u32)value[i].val + !is_count;

		if (value[i].val >= 0 && least > size && least <= MAX_ENUM_SIZE)
			size = least;
	}
	return size;
}

/* Copies an enumerator's name without its prefix, in lower case. */
static void label_text(char ret[REC_NAME_LEN], const char *name, const char *prefix)
{
	size_t len = strlen(prefix), i;

	if (!strncmp(name, prefix, len))
		name += len;
	for (i = 0; name[i] && i < REC_NAME_LEN - 1; i++)
		ret[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
	ret[i] = '\0';
}

static struct rec_label *add_label(struct machine *machine, enum dim dim, __u32 index)
{
	struct rec_label *label = &machine->labels[machine->nr_labels++];

	*label = (struct rec_label){ .h = { REC_LABEL, sizeof(*label), 0 }, .dim = dim, .index = index };
	return label;
}

/* The enumerators below the dimension's size; of names with one value the first, the type's own, wins. */
static void add_enum_labels(struct machine *machine, const char *enum_name, const char *prefix, enum dim dim)
{
	int id = btf__find_by_name_kind(machine->btf, enum_name, BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(machine->btf, (__u32)id);
	const struct btf_enum *value = type ? btf_enum(type) : NULL;

	for (int i = type ? btf_vlen(type) - 1 : -1; i >= 0 && machine->nr_labels < MACHINE_MAX_LABELS; i--) {
		const char *name = btf__name_by_offset(machine->btf, value[i].name_off);
		__u32 index = (__u32)value[i].val;

		/* MIGRATE_PCPTYPES and __MIGRATE_TYPE_END are counts that share a value with a type. */
		if (!name || index >= machine->dim_sizes[dim] || name[0] == '_' || strstr(name, "PCPTYPES"))
			continue;
		label_text(add_label(machine, dim, index)->text, name, prefix);
	}
}

/* --- zones ------------------------------------------------------------------------------------ */

/* No kernel has more. */
#define MAX_ZONES 16

struct zone_names {
	struct machine *machine;
	struct zoneinfo info;
};

__u32 machine_find_label(const struct machine *machine, enum dim dim, const char *text)
{
	for (__u32 i = 0; i < machine->nr_labels; i++)
		if (machine->labels[i].dim == dim && !strcasecmp(machine->labels[i].text, text))
			return machine->labels[i].index;
	return MACHINE_NO_LABEL;
}

static void take_zone_name(void *ctx, const char *line, size_t size)
{
	struct zone_names *names = ctx;
	struct machine *machine = names->machine;
	__u32 *nr_zones = &machine->record.nr_zones;
	const char *name = names->info.zone.name;

	if (zoneinfo_take(&names->info, line, size) != ZONEINFO_SIZES || *nr_zones == MAX_ZONES ||
	    machine->nr_labels == MACHINE_MAX_LABELS ||
	    machine_find_label(machine, DIM_ZONE, name) != MACHINE_NO_LABEL)
		return;
	snprintf(add_label(machine, DIM_ZONE, *nr_zones)->text, REC_NAME_LEN, "%s", name);
	++*nr_zones;
}

/* The kernel lists all zones of each node in its order, those without memory too. */
static void read_zones(struct machine *machine)
{
	_cleanup_close_ int fd = open("/proc/zoneinfo", O_RDONLY | O_CLOEXEC);
	struct zone_names names = { .machine = machine };

	if (fd >= 0)
		lines_read(fd, take_zone_name, &names);
	/* A dimension has a value at least; that one is a zone without memory for ever. */
	if (!machine->record.nr_zones)
		machine->record.nr_zones = 1;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* The dimensions of the matrices of nodes. */
static const enum dim matrix_dims[] = { DIM_CPU_NODE, DIM_MEMORY_NODE, DIM_FROM_NODE, DIM_TO_NODE };

static void read_matrix_nodes(struct machine *machine)
{
	__u32 nr_nodes = machine->record.nr_nodes;

	machine->nr_matrix_nodes = nr_nodes < MAX_MATRIX_NODES ? nr_nodes : MAX_MATRIX_NODES;
	machine->record.nr_matrix_nodes = machine->nr_matrix_nodes;
	for (size_t i = 0; i < ARRAY_SIZE(matrix_dims); i++)
		machine->dim_sizes[matrix_dims[i]] = machine->nr_matrix_nodes;
}

/* A node is called by its number, but for the one that stands for those that cannot be told. */
static void add_node_label(struct machine *machine, enum dim dim)
{
	__u32 last = machine->dim_sizes[dim] - 1;

	if (machine->dim_sizes[dim] < machine->record.nr_nodes)
		snprintf(add_label(machine, dim, last)->text, REC_NAME_LEN, "%u and above", last);
	else if (machine->page_node_fixed)
		snprintf(add_label(machine, dim, machine->page_node_fixed)->text, REC_NAME_LEN, "unknown");
}

static void add_node_labels(struct machine *machine)
{
	add_node_label(machine, DIM_NODE);
	for (size_t i = 0; i < ARRAY_SIZE(matrix_dims); i++)
		add_node_label(machine, matrix_dims[i]);
}

/* --- the whole --------------------------------------------------------------------------------- */

/* A counter of the kernel's own: its dimension has one value more. */
static void add_kernel_counter(void *ctx, const struct kernel_counter *counter)
{
	struct machine *machine = ctx;

	if (machine->nr_labels == MACHINE_MAX_LABELS)
		return;
	machine->dim_sizes[counter->dim] = counter->index + 1;
	memcpy(add_label(machine, counter->dim, counter->index)->text, counter->label, REC_NAME_LEN);
}

static void add_kernel_counters(struct machine *machine)
{
	_cleanup_close_ int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	__u64 items[NR_VMSTAT_ITEMS];

	if (fd >= 0)
		vmstat_read(fd, items, add_kernel_counter, machine);
	machine->record.nr_thp_events = machine->dim_sizes[DIM_THP_EVENT];
	machine->record.nr_swap_directions = machine->dim_sizes[DIM_SWAP_DIRECTION];
	machine->record.nr_compaction_works = machine->dim_sizes[DIM_COMPACTION_WORK];
	machine->record.nr_compaction_events = machine->dim_sizes[DIM_COMPACTION_EVENT];
}

void dimensions_read(struct machine *machine)
{
	struct rec_machine *record = &machine->record;

	machine->nr_labels = 0;
	record->nr_zones = 0;
	read_orders(machine);
	record->nr_migrate_reasons = enum_size(machine->btf, "migrate_reason", "MR_TYPES");
	record->nr_scan_results = enum_size(machine->btf, "scan_result", NULL);
	read_zones(machine);
	machine->dim_sizes[DIM_NODE] = record->nr_nodes;
	machine->dim_sizes[DIM_ZONE] = record->nr_zones;
	machine->dim_sizes[DIM_MIGRATETYPE] = record->nr_migratetypes;
	machine->dim_sizes[DIM_FALLBACK_MIGRATETYPE] = record->nr_migratetypes;
	machine->dim_sizes[DIM_ORDER] = record->nr_orders;
	machine->dim_sizes[DIM_COMPACT_RESULT] = record->nr_compact_results;
	machine->dim_sizes[DIM_MIGRATE_REASON] = record->nr_migrate_reasons;
	machine->dim_sizes[DIM_SCAN_RESULT] = record->nr_scan_results;
	read_matrix_nodes(machine);
#define DIM(id, label, size) \
	if (size)            \
		machine->dim_sizes[id] = size;
	MEMOIR_DIMS(DIM)
#undef DIM
	add_node_labels(machine);
	add_enum_labels(machine, "migratetype", "MIGRATE_", DIM_MIGRATETYPE);
	add_enum_labels(machine, "migratetype", "MIGRATE_", DIM_FALLBACK_MIGRATETYPE);
	add_enum_labels(machine, "compact_result", "COMPACT_", DIM_COMPACT_RESULT);
	add_enum_labels(machine, "migrate_reason", "MR_", DIM_MIGRATE_REASON);
	add_enum_labels(machine, "scan_result", "SCAN_", DIM_SCAN_RESULT);
	add_kernel_counters(machine);
}
