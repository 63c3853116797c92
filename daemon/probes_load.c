// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How probes come to run; see probes_internal.h. Loading is all or nothing for one object, so a
 * program that the verifier rejects is found by its log buffer, left out, and the rest loaded again.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "log.h"
#include "model/model.h"
#include "probes_internal.h"
#include "util.h"

const char *const probes_map_names[NR_PROBE_MAPS] = {
	"cells",     "accounts",  "ledgers",    "ring",           "live",         "stacks",     "user_stacks",
	"fallbacks", "slab_cpus", "slab_sites", "fault_mappings", "fault_stacks", "numa_flows", "cpu_nodes",
};

/* --- what a section name says ----------------------------------------------------------------- */

const char *probe_event(const char *target)
{
	const char *slash = strrchr(target, '/');

	return slash ? slash + 1 : target;
}

static bool is_iterator(const char *target)
{
	return !strncmp(target, "iter/", 5);
}

bool probe_keeps_ledgers(const char *target)
{
	return is_iterator(target) || strstr(target, "sched_process_");
}

bool probe_is_on_request(const char *name)
{
	return !strncmp(name, "slab_", strlen("slab_"));
}

bool probe_is_of_kernel_trace(const char *name)
{
	return !strncmp(name, "leak_", strlen("leak_"));
}

static bool kernel_has(const struct machine *machine, const char *target)
{
	if (is_iterator(target)) {
		char type[REC_NAME_LEN];

		snprintf(type, sizeof(type), "bpf_iter__%s", probe_event(target));
		return btf__find_by_name_kind(machine->btf, type, BTF_KIND_STRUCT) >= 0;
	}
	return machine_has_tracepoint(machine, probe_event(target));
}

/* For a program on the begin or the end of a function; 0 for all others. */
static enum bpf_attach_type function_attach_type(const char *target)
{
	if (!strncmp(target, "fentry/", 7))
		return BPF_TRACE_FENTRY;
	return !strncmp(target, "fexit/", 6) ? BPF_TRACE_FEXIT : 0;
}

/*
 * Whether a program may look at the begin or the end of the function: only a try tells, because some
 * kernels refuse to load such a program, and some to attach it. 0 or a negative errno.
 */
static int try_function(const struct machine *machine, const char *function, enum bpf_attach_type type)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	__s32 id = btf__find_by_name_kind(machine->btf, function, BTF_KIND_FUNC);
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type, .attach_btf_id = (__u32)id);
	_cleanup_close_ int prog_fd = -1;
	_cleanup_close_ int link_fd = -1;

	if (id < 0)
		return id;
	prog_fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "try", "GPL", nothing, ARRAY_SIZE(nothing), &options);
	if (prog_fd < 0)
		return prog_fd;
	link_fd = bpf_link_create(prog_fd, 0, type, NULL);
	return link_fd < 0 ? link_fd : 0;
}

void probe_set_state(struct probe *probe, enum probe_state state, const char *reason)
{
	probe->state = state;
	snprintf(probe->reason, sizeof(probe->reason), "%s", reason);
}

/* Where the kernel has zswap_load(), swap_read sees every read from swap, and others would count it again. */
static bool is_superseded(const struct probe *probe, const struct machine *machine)
{
	return (!strcmp(probe->name, "swap_read_page") || !strcmp(probe->name, "swap_read_frontswap")) &&
	       btf__find_by_name_kind(machine->btf, "zswap_load", BTF_KIND_FUNC) >= 0;
}

/* Before load: what can be known without the verifier. */
static void set_first_state(struct probe *probe, const struct machine *machine)
{
	enum bpf_attach_type type = function_attach_type(probe->target);
	char reason[REC_TEXT_LEN];
	int err = 0;

	if (is_superseded(probe, machine))
		return probe_set_state(probe, PROBE_OPTIONAL,
				       "not needed: this kernel has zswap_load(), see swap_read");
	if (type)
		err = try_function(machine, probe_event(probe->target), type);
	else if (!kernel_has(machine, probe->target))
		return probe_set_state(probe, PROBE_ABSENT, "this kernel does not have it");
	if (!err && probe_is_of_kernel_trace(probe->name))
		return probe_set_state(probe, PROBE_ON_REQUEST, "");
	if (!err)
		return probe_set_state(probe, PROBE_OFF, "");
	snprintf(reason, sizeof(reason), "not possible on this kernel: %s",
		 err == -ENOENT ? "no such function" : strerror(-err));
	probe_set_state(probe, PROBE_OPTIONAL, reason);
}

/* --- open and configure ----------------------------------------------------------------------- */

static int list_programs(struct probes *probes, const struct machine *machine)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, probes->skeleton->obj)
	{
		struct probe *probe = &probes->probe[probes->nr];

		if (probes->nr == MAX_PROGRAMS)
			return -E2BIG;
		probe->name = strdup(bpf_program__name(program));
		probe->target = strdup(bpf_program__section_name(program));
		probe->prog_fd = -1;
		probe->request_link_fd = -1;
		if (!probe->name || !probe->target)
			return -ENOMEM;
		set_first_state(probe, machine);
		probes->nr++;
	}
	return 0;
}

static bool will_load(const struct probes *probes, const struct bpf_program *program)
{
	for (__u32 i = 0; i < probes->nr; i++)
		if (!strcmp(probes->probe[i].name, bpf_program__name(program)))
			return probes->probe[i].state == PROBE_OFF;
	return false;
}

int probes_open(struct probes *probes, const struct machine *machine, const struct cube cubes[NR_METRICS],
		__u32 nr_cells)
{
	struct memoir_bpf *skeleton = skeleton_open(machine->btf);
	int err;

	if (!skeleton)
		return -errno;
	memoir_bpf__destroy(probes->skeleton);
	probes->skeleton = skeleton;
	err = probes->nr ? 0 : list_programs(probes, machine);
	if (err)
		return err;
	memcpy((void *)skeleton->rodata->cubes, cubes, sizeof(skeleton->rodata->cubes));
	skeleton->rodata->page_node_shift = machine->page_node_shift;
	skeleton->rodata->page_node_fixed = machine->page_node_fixed;
	skeleton->rodata->nr_matrix_nodes = machine->nr_matrix_nodes;
	skeleton->rodata->nodes_are_many = machine->nodes_are_many;
	skeleton->rodata->pageblock_order = machine->pageblock_order;
	skeleton->rodata->huge_page_order = machine->huge_page_order;
	skeleton->rodata->page_zone_shift = machine->page_zone_shift;
	skeleton->rodata->page_zone_mask = machine->page_zone_mask;
	skeleton->rodata->live_step_shift = machine->live_step_shift;
	skeleton->rodata->chunks_per_cpu = cells_nr_chunks(nr_cells);
	skeleton->rodata->page_kb = machine->record.page_size >> 10;
	skeleton->rodata->stall_record_min_ns = STALL_RECORD_MIN_NS;
	skeleton->rodata->live_settled_ns = LIVE_SETTLED_NS;
	skeleton->rodata->compat_reclaim_order_arg = machine->reclaim_order_arg;
	skeleton->rodata->compat_migrate_reason_arg = machine->migrate_reason_arg;
	skeleton->rodata->compat_scan_status_arg = machine->scan_status_arg;
	skeleton->rodata->compat_preempt_count_from_rq = machine->preempt_count_from_rq;
	skeleton->rodata->compat_counts_interrupt_disabling = machine->counts_interrupt_disabling;
	skeleton->rodata->compat_deferred_is_no_stall = machine->deferred_is_no_stall;
	skeleton->rodata->compat_zswap_load_tells_bool = machine->zswap_load_tells_bool;
	skeleton->rodata->compact_results_are_seen = will_load(probes, skeleton->progs.compaction_result);
	/* Of traces of the kernel, which have their own copy of the programs. */
	bpf_map__set_autocreate(skeleton->maps.leak_settings, false);
	bpf_map__set_autocreate(skeleton->maps.leak_counts, false);
	bpf_map__set_autocreate(skeleton->maps.leak_sites, false);
	bpf_map__set_autocreate(skeleton->maps.leak_objects, false);
	bpf_map__set_max_entries(skeleton->maps.cells, machine->nr_cpu_ids * cells_nr_chunks(nr_cells));
	bpf_map__set_max_entries(skeleton->maps.accounts, machine->nr_cpu_ids);
	bpf_map__set_max_entries(skeleton->maps.live, machine->nr_live_entries);
	bpf_map__set_max_entries(skeleton->maps.slab_cpus, machine->nr_cpu_ids);
	bpf_map__set_max_entries(skeleton->maps.cpu_nodes, machine->nr_cpu_ids);
	bpf_map__set_max_entries(skeleton->maps.numa_flows, machine->nodes_are_many ? MAX_NUMA_FLOWS : 1);
	return 0;
}

__u64 probes_object_hash(const struct probes *probes)
{
	const struct bpf_object_skeleton *object = probes->skeleton->skeleton;
	struct memoir_bpf__rodata told = *probes->skeleton->rodata;

	/* That turns out when they are installed. */
	told.compact_results_are_seen = false;
	return fnv1a(fnv1a(FNV1A_START, object->data, object->data_sz), &told, sizeof(told));
}

__u64 probes_layout(const struct machine *machine, const struct cube cubes[NR_METRICS])
{
	size_t size;
	const void *elf = memoir_bpf__elf_bytes(&size);
	struct bpf_object *object = bpf_object__open_mem(elf, size, NULL);
	const __u32 nr_metrics = NR_METRICS;
	__u64 layout = fnv1a(FNV1A_START, &nr_metrics, sizeof(nr_metrics));

	for (__u32 metric = 0; metric < NR_METRICS; metric++) {
		layout = fnv1a(layout, metric_rows[metric].id, strlen(metric_rows[metric].id));
		layout = fnv1a(layout, &cubes[metric], sizeof(cubes[metric]));
	}
	for (__u32 row = 0; row < NR_LEDGER; row++)
		layout = fnv1a(layout, ledger_rows[row].id, strlen(ledger_rows[row].id));
	for (size_t i = 0; object && i < NR_PROBE_MAPS; i++) {
		const struct bpf_map *map = bpf_object__find_map_by_name(object, probes_map_names[i]);
		__u32 sizes[] = { bpf_map__key_size(map), bpf_map__value_size(map) };

		layout = fnv1a(layout, sizes, sizeof(sizes));
	}
	bpf_object__close(object);
	/* What the keys of live pages mean. */
	return fnv1a(layout, &machine->live_step_shift, sizeof(machine->live_step_shift));
}

/* --- load ------------------------------------------------------------------------------------- */

/* Hands the pinned maps to the skeleton if all are there. */
static bool reuse_maps(struct probes *probes, const struct pins *pins)
{
	int fds[NR_PROBE_MAPS];
	bool complete = true;

	for (size_t i = 0; i < NR_PROBE_MAPS; i++) {
		fds[i] = pins_get(pins, "map", probes_map_names[i]);
		complete = complete && fds[i] >= 0;
	}
	for (size_t i = 0; i < NR_PROBE_MAPS; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(probes->skeleton->obj,
								   probes_map_names[i]);

		if (complete)
			complete = bpf_map__reuse_fd(map, fds[i]) == 0;
		if (fds[i] >= 0)
			close(fds[i]);
	}
	return complete;
}

/* The last line of the verifier's log that says something other than its statistics. */
static void verdict(const char *log, char ret[REC_TEXT_LEN])
{
	const char *end = log + strlen(log), *last = log;
	size_t len = 0;

	for (const char *line = log; line < end; line += strcspn(line, "\n") + 1) {
		size_t line_len = strcspn(line, "\n");

		if (!line_len || !strncmp(line, "processed ", 10) || !strncmp(line, "-- ", 3))
			continue;
		last = line;
		len = line_len;
	}
	snprintf(ret, REC_TEXT_LEN, "%.*s", (int)(len < REC_TEXT_LEN ? len : REC_TEXT_LEN - 1), last);
}

/* One try. The programs that are to load get a log buffer each; the rejected one's is not empty then. */
static int try_load(struct probes *probes, char *logs)
{
	int rejected = -1, err;

	for (__u32 i = 0; i < probes->nr; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(probes->skeleton->obj,
									       probes->probe[i].name);

		bpf_program__set_autoload(program, probes->probe[i].state == PROBE_OFF);
		bpf_program__set_log_buf(program, logs + i * VERIFIER_LOG_BYTES, VERIFIER_LOG_BYTES);
	}
	err = memoir_bpf__load(probes->skeleton);
	if (!err)
		return 0;
	for (__u32 i = 0; i < probes->nr; i++) {
		char *log = logs + i * VERIFIER_LOG_BYTES;

		log[VERIFIER_LOG_BYTES - 1] = '\0';
		if (!log[0] || probes->probe[i].state != PROBE_OFF)
			continue;
		verdict(log, probes->probe[i].reason);
		probes->probe[i].state = PROBE_REJECTED;
		rejected = (int)i;
	}
	return rejected >= 0 ? -EAGAIN : err;
}

int probes_load(struct probes *probes, const struct machine *machine, const struct cube cubes[NR_METRICS],
		__u32 nr_cells, const struct pins *pins, bool *ret_reused)
{
	_cleanup_free_ char *logs = calloc(probes->nr, VERIFIER_LOG_BYTES);
	int err = -EAGAIN;

	if (!logs)
		return -ENOMEM;
	/* Every further try leaves out a program, so there are at most as many tries as programs. */
	for (__u32 try = 0; err == -EAGAIN && try < probes->nr; try++) {
		err = probes_open(probes, machine, cubes, nr_cells);
		if (err)
			return err;
		*ret_reused = reuse_maps(probes, pins);
		memset(logs, 0, (size_t)probes->nr * VERIFIER_LOG_BYTES);
		err = try_load(probes, logs);
	}
	return err;
}

/* --- attach ----------------------------------------------------------------------------------- */

static void warn_unpinned(const struct probe *probe, int err)
{
	if (err)
		log_warning("cannot pin %s: %s; it will stop with this daemon", probe->name, strerror(-err));
}

static void attach(struct probes *probes, __u32 index, const struct pins *pins)
{
	struct probe *probe = &probes->probe[index];
	struct bpf_program *program = bpf_object__find_program_by_name(probes->skeleton->obj, probe->name);
	struct bpf_link *link;
	int err;

	if (probe->state != PROBE_OFF)
		return;
	if (probe_is_on_request(probe->name)) {
		probe->prog_fd = bpf_program__fd(program);
		probe_set_state(probe, PROBE_ON_REQUEST, "");
		warn_unpinned(probe, pins_put(pins, "prog", probe->name, probe->prog_fd));
		return;
	}
	link = bpf_program__attach(program);
	if (!link) {
		char reason[REC_TEXT_LEN];

		snprintf(reason, sizeof(reason), "cannot attach: %s", strerror(errno));
		probe_set_state(probe, PROBE_UNSUPPORTED, reason);
		return;
	}
	probes->link[index] = link;
	probe->prog_fd = bpf_program__fd(program);
	probe_set_state(probe, PROBE_ATTACHED, "");
	err = pins_put(pins, "link", probe->name, bpf_link__fd(link));
	if (!err)
		err = pins_put(pins, "prog", probe->name, probe->prog_fd);
	warn_unpinned(probe, err);
	if (is_iterator(probe->target))
		probes->iterator_link_fd = bpf_link__fd(link);
}

/* Runs the iterator to its end, so that every living task gets a ledger. */
static void create_ledgers(const struct probes *probes)
{
	_cleanup_close_ int fd = bpf_iter_create(probes->iterator_link_fd);
	static char discarded[65536];

	while (fd >= 0 && read(fd, discarded, sizeof(discarded)) > 0)
		;
}

void probes_attach(struct probes *probes, const struct pins *pins)
{
	for (__u32 i = 0; i < probes->nr; i++)
		if (probe_keeps_ledgers(probes->probe[i].target))
			attach(probes, i, pins);
	create_ledgers(probes);
	for (__u32 i = 0; i < probes->nr; i++)
		if (!probe_keeps_ledgers(probes->probe[i].target))
			attach(probes, i, pins);
}
