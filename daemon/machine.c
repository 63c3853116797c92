// SPDX-License-Identifier: GPL-2.0-or-later
/* What this machine and its kernel are; see machine.h. */
#include "machine.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dimensions.h"
#include "log.h"
#include "model/model.h"
#include "util.h"

/* No kernel has more. */
#define MAX_CPUS 8192

/* Live pages that are followed at most; a place takes some 110 bytes of the kernel's memory. */
#define MAX_LIVE_ENTRIES 262144u

/* The number of real arguments of a tracepoint, or -ENOENT. */
static int tracepoint_nr_args(const struct btf *btf, const char *name)
{
	char typedef_name[128];
	const struct btf_type *type;
	int id;

	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -ENOENT;
	type = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);
	if (!type || !btf_is_ptr(type))
		return -ENOENT;
	type = btf__type_by_id(btf, type->type);
	/* The first parameter is the void * of the probe's private data. */
	return type && btf_is_func_proto(type) ? btf_vlen(type) - 1 : -ENOENT;
}

int machine_has_tracepoint(const struct machine *machine, const char *name)
{
	return tracepoint_nr_args(machine->btf, name) >= 0;
}

static const struct btf_type *find_type(const struct btf *btf, const char *name, __u32 kind, int *ret_id)
{
	*ret_id = btf__find_by_name_kind(btf, name, kind);
	return *ret_id < 0 ? NULL : btf__type_by_id(btf, (__u32)*ret_id);
}

/* Finds a member by name, also inside anonymous members; ret_bit_offset is from the start of type. */
static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *type,
					    const char *wanted, __u32 *ret_bit_offset)
{
	const struct btf_member *member = btf_members(type);

	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, member[i].name_off);
		const struct btf_type *inner = btf__type_by_id(btf, member[i].type);
		const struct btf_member *found;

		*ret_bit_offset = btf_member_bit_offset(type, i);
		if (name && name[0]) {
			if (!strcmp(name, wanted))
				return &member[i];
		} else if (inner && btf_is_composite(inner)) {
			__u32 outer = *ret_bit_offset;

			found = find_member(btf, inner, wanted, ret_bit_offset);
			*ret_bit_offset += outer;
			if (found)
				return found;
		}
	}
	return NULL;
}

/* The size in bytes of a structure's member, or of the structure itself without a member; 0 if unknown. */
static __u32 size_in_btf(const struct btf *btf, const char *struct_name, const char *member_name)
{
	int id;
	const struct btf_type *type = find_type(btf, struct_name, BTF_KIND_STRUCT, &id);
	const struct btf_member *member;
	__u32 bit_offset;
	__s64 size;

	if (!type || !member_name)
		return type ? type->size : 0;
	member = find_member(btf, type, member_name, &bit_offset);
	size = member ? btf__resolve_size(btf, member->type) : 0;
	return size > 0 ? (__u32)size : 0;
}

/* The least number of bits that tells apart so many values. */
static __u32 bits_for(__u32 nr_values)
{
	__u32 bits = 0;

	while (bits < 31 && (1u << bits) < nr_values)
		bits++;
	return bits;
}

/*
 * Where node and zone lie in page->flags: at the top, NODES_SHIFT bits for the node and below them the least
 * number of bits for MAX_NR_ZONES zones (include/linux/page-flags-layout.h, with SPARSEMEM_VMEMMAP). The zone
 * lists of a node have room for MAX_ZONES_PER_ZONELIST = MAX_NUMNODES * MAX_NR_ZONES entries and a
 * terminator, which gives MAX_NUMNODES and so NODES_SHIFT without the kernel's configuration. Both stay 0
 * if the types are not as expected.
 */
static void derive_page_places(struct machine *machine)
{
	const struct btf *btf = machine->btf;
	__u32 zone = size_in_btf(btf, "zone", NULL);
	__u32 zoneref = size_in_btf(btf, "zoneref", NULL);
	__u32 zonelist = size_in_btf(btf, "zonelist", NULL);
	__u32 node_zones = size_in_btf(btf, "pglist_data", "node_zones");
	__u32 nr_zones, max_nodes, node_bits;

	if (!zone || !zoneref || !zonelist || !node_zones || node_zones % zone || zonelist % zoneref)
		return;
	nr_zones = node_zones / zone;
	if ((zonelist / zoneref - 1) % nr_zones)
		return;
	max_nodes = (zonelist / zoneref - 1) / nr_zones;
	node_bits = bits_for(max_nodes);
	if (node_bits > 16)
		return;
	if (node_bits && machine->record.nr_nodes > 1)
		machine->page_node_shift = 64 - node_bits;
	machine->page_zone_shift = 64 - node_bits - bits_for(nr_zones);
	machine->page_zone_mask = (1u << bits_for(nr_zones)) - 1;
}

/* The offset in bytes of a structure's member, or 0. */
static __u32 offset_in_btf(const struct btf *btf, const char *struct_name, const char *member_name)
{
	int id;
	const struct btf_type *type = find_type(btf, struct_name, BTF_KIND_STRUCT, &id);
	__u32 bit_offset;

	return type && find_member(btf, type, member_name, &bit_offset) ? bit_offset / 8 : 0;
}

/*
 * How many pages one followed page stands for: as few as the table of live pages has places for, with a
 * quarter for memory that is added later. Where a struct page is of another size, none is followed.
 */
static void choose_live_step(struct machine *machine)
{
	__u64 nr_places = (__u64)sysconf(_SC_PHYS_PAGES) / 4 * 5;
	__u32 shift = LIVE_MIN_STEP_SHIFT;

	machine->nr_live_entries = 1;
	if (size_in_btf(machine->btf, "page", NULL) != 1u << LIVE_PAGE_SHIFT)
		return;
	while (nr_places >> shift > MAX_LIVE_ENTRIES)
		shift++;
	machine->live_step_shift = shift;
	machine->nr_live_entries = (__u32)(nr_places >> shift) + 1;
}

/* The offset of a variable in the per-CPU section, or -ENOENT. */
static __s64 percpu_offset(const struct btf *btf, const char *variable)
{
	int id;
	const struct btf_type *section = find_type(btf, ".data..percpu", BTF_KIND_DATASEC, &id);
	const struct btf_var_secinfo *info = section ? btf_var_secinfos(section) : NULL;

	for (int i = 0; section && i < btf_vlen(section); i++) {
		const struct btf_type *type = btf__type_by_id(btf, info[i].type);
		const char *name = type ? btf__name_by_offset(btf, type->name_off) : NULL;

		if (name && !strcmp(name, variable))
			return info[i].offset;
	}
	return -ENOENT;
}

/* How far a CPU's preemption count lies from its runqueue; 0 if unknown. See compat.bpf.h. */
static __s64 derive_preempt_count_from_rq(const struct btf *btf)
{
	__s64 runqueue = percpu_offset(btf, "runqueues");
	__s64 count = percpu_offset(btf, "__preempt_count");
	__s64 hot = percpu_offset(btf, "pcpu_hot");
	int id;
	const struct btf_type *hot_type = find_type(btf, "pcpu_hot", BTF_KIND_STRUCT, &id);
	__u32 bit_offset;

	if (count < 0 && hot >= 0 && hot_type && find_member(btf, hot_type, "preempt_count", &bit_offset))
		count = hot + bit_offset / 8;
	return runqueue >= 0 && count >= 0 ? count - runqueue : 0;
}

static bool last_parameter_points_to(const struct btf *btf, const char *function, const char *structure)
{
	int id;
	const struct btf_type *type = find_type(btf, function, BTF_KIND_FUNC, &id);
	const char *name;

	type = type ? btf__type_by_id(btf, type->type) : NULL;
	if (!type || !btf_vlen(type))
		return false;
	type = btf__type_by_id(btf, btf_params(type)[btf_vlen(type) - 1].type);
	type = type && btf_is_ptr(type) ? btf__type_by_id(btf, type->type) : NULL;
	name = type && btf_is_struct(type) ? btf__name_by_offset(btf, type->name_off) : NULL;
	return name && !strcmp(name, structure);
}

/* The size in bytes of what a function returns; 0 where it returns nothing or there is no such function. */
static __u32 size_of_returned(const struct btf *btf, const char *function)
{
	int id;
	const struct btf_type *type = find_type(btf, function, BTF_KIND_FUNC, &id);
	__s64 size;

	type = type ? btf__type_by_id(btf, type->type) : NULL;
	size = type && type->type ? btf__resolve_size(btf, type->type) : 0;
	return size > 0 ? (__u32)size : 0;
}

/* The value of an enumerator, or a negative errno. */
static int enum_value(const struct btf *btf, const char *enum_name, const char *value_name)
{
	int id;
	const struct btf_type *type = find_type(btf, enum_name, BTF_KIND_ENUM, &id);
	const struct btf_enum *value = type ? btf_enum(type) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, value[i].name_off);

		if (name && !strcmp(name, value_name))
			return value[i].val;
	}
	return -ENOENT;
}

/*
 * Whether BPF here is what memoir builds on: a program on a tracepoint does not run again inside itself.
 * That came with 6.1, as this kind of map did, which is the part that can be seen.
 */
static bool is_new_enough(const struct btf *btf)
{
	return enum_value(btf, "bpf_map_type", "BPF_MAP_TYPE_USER_RINGBUF") >= 0;
}

void machine_labels(const struct machine *machine, void (*emit)(void *ctx, const struct rec_label *label),
		    void *ctx)
{
	for (__u32 i = 0; i < machine->nr_labels; i++)
		emit(ctx, &machine->labels[i]);
}

/*
 * One more than the highest of what may ever be online, which is below limit, from the kernel's list
 * ("0-1,4").
 */
static __u32 nr_possible(const char *list, __u32 limit)
{
	_cleanup_fclose_ FILE *file = fopen(list, "re");
	unsigned int id, max = 0;
	char separator;

	if (!file)
		return 1;
	while (fscanf(file, "%u", &id) == 1) {
		if (id > max && id < limit)
			max = id;
		if (fscanf(file, "%c", &separator) != 1)
			break;
	}
	return max + 1;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The number of orders: the length of zone->free_area[]. */
static __u32 nr_orders(const struct btf *btf)
{
	__u32 area = size_in_btf(btf, "free_area", NULL);
	__u32 areas = size_in_btf(btf, "zone", "free_area");

	return area && areas ? areas / area : 11;
}

/* The kernel's shapes that compat.bpf.h tells apart. */
static void tell_apart(struct machine *machine)
{
	const struct btf *btf = machine->btf;

	machine->preempt_count_from_rq = derive_preempt_count_from_rq(btf);
	machine->counts_interrupt_disabling = percpu_offset(btf, "local_interrupt_disable_state") >= 0;
	machine->tells_interrupts = machine->preempt_count_from_rq ||
				    size_in_btf(btf, "thread_info", "preempt_count");
	machine->deferred_is_no_stall = last_parameter_points_to(btf, "try_to_compact_pages",
								 "capture_control");
	machine->zswap_load_tells_bool = size_of_returned(btf, "zswap_load") == sizeof(bool);
	machine->migrate_reason_arg = tracepoint_nr_args(btf, "mm_migrate_pages") >= 8 ? 7 : 6;
	machine->scan_status_arg = tracepoint_nr_args(btf, "mm_khugepaged_scan_pmd") >= 7 ? 5 : 4;
	machine->reclaim_order_arg = tracepoint_nr_args(btf, "mm_vmscan_direct_reclaim_begin") >= 3 ? 1 : 0;
}

/* The types of the running kernel, if it is new enough. 0, or a negative errno after one logged line. */
static int load_types(const char *release, struct btf **ret)
{
	*ret = btf__load_vmlinux_btf();
	if (!*ret) {
		int err = -errno;

		log_error(
			"cannot read the kernel's type information /sys/kernel/btf/vmlinux: %s; memoir needs a kernel "
			"built with CONFIG_DEBUG_INFO_BTF=y",
			err == -ESRCH ? "there is none" : strerror(-err));
		return err;
	}
	if (is_new_enough(*ret))
		return 0;
	log_error("Linux %s is too old: memoir needs Linux 6.1 or newer, or BPF as new as that", release);
	return -EOPNOTSUPP;
}

void machine_refuse_page_nodes(struct machine *machine)
{
	struct rec_machine *record = &machine->record;

	machine->page_node_shift = 0;
	machine->nodes_are_many = false;
	machine->page_node_fixed = record->nr_nodes++;
	record->ledger_unseen = 1ULL << LEDGER_NUMA_LOCAL_FAULTS | 1ULL << LEDGER_NUMA_REMOTE_FAULTS |
				1ULL << LEDGER_ALLOCATED_REMOTE;
	record->metrics_unseen = 1ULL << METRIC_NUMA_HINT_FAULTS | 1ULL << METRIC_NUMA_REFUSED |
				 1ULL << METRIC_NUMA_ALLOCATED | 1ULL << METRIC_NUMA_ALLOCATIONS |
				 1ULL << METRIC_MIGRATED;
	dimensions_read(machine);
}

/* As the kernel made it at its start; empty where it does not say. */
static void read_boot_id(char ret[REC_NAME_LEN])
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || fscanf(file, "%63s", ret) != 1)
		ret[0] = '\0';
}

int machine_read(struct machine *ret)
{
	struct rec_machine *record = &ret->record;
	struct utsname kernel;
	int migratetypes, results, err;

	memset(ret, 0, sizeof(*ret));
	uname(&kernel);
	err = load_types(kernel.release, &ret->btf);
	if (err)
		return err;
	migratetypes = enum_value(ret->btf, "migratetype", "MIGRATE_TYPES");
	results = enum_value(ret->btf, "compact_result", "COMPACT_SUCCESS");

	*record = (struct rec_machine){
		.h = { REC_MACHINE, sizeof(*record), 0 },
		.layout = model_layout(),
		.page_size = (__u32)sysconf(_SC_PAGESIZE),
		.nr_cpus = (__u32)sysconf(_SC_NPROCESSORS_ONLN),
		.nr_nodes = nr_possible("/sys/devices/system/node/possible", MACHINE_MAX_NODES),
		.nr_migratetypes = migratetypes > 0 ? (__u32)migratetypes : 6,
		.nr_orders = nr_orders(ret->btf),
		.nr_compact_results = results > 0 ? (__u32)results + 1 : 9,
	};
	snprintf(record->kernel, sizeof(record->kernel), "%.*s", REC_NAME_LEN - 1, kernel.release);
	snprintf(record->version, sizeof(record->version), "%s", MEMOIR_VERSION);
	read_boot_id(record->boot_id);

	ret->nr_cpu_ids = nr_possible("/sys/devices/system/cpu/possible", MAX_CPUS);
	derive_page_places(ret);
	ret->page_flags_offset = offset_in_btf(ret->btf, "page", "flags");
	ret->page_refcount_offset = offset_in_btf(ret->btf, "page", "_refcount");
	choose_live_step(ret);
	ret->nodes_are_many = ret->page_node_shift;
	tell_apart(ret);
	if (record->nr_nodes > 1 && !ret->nodes_are_many) {
		log_warning(
			"cannot tell the NUMA node of a page from this kernel's types; pages are shown as of node \"unknown\"");
		machine_refuse_page_nodes(ret);
	} else {
		dimensions_read(ret);
	}
	return 0;
}

void machine_forget_types(struct machine *machine)
{
	btf__free(machine->btf);
	machine->btf = NULL;
}

void machine_free(struct machine *machine)
{
	machine_forget_types(machine);
}
