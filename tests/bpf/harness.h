/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A laboratory for the BPF programs: a private, unattached instance of them, told of a machine of the
 * test's choice, whose programs are run one at a time with arguments of the test's own. What they count is
 * compared by book.h.
 */
#ifndef MEMOIR_TESTS_BPF_HARNESS_H
#define MEMOIR_TESTS_BPF_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "../../bpf/abi/hist.h"
#include "../../daemon/model/model.h"
#include "../../daemon/util.h"
#include "../../daemon/skeleton.h"

#define UNUSED __attribute__((unused))
#define EXIT_SKIPPED 77

/* The machine that the programs are told of. */
#define LAB_NODES 5u
#define LAB_MIGRATETYPES 6u
#define LAB_ORDERS 11u
#define LAB_COMPACT_RESULTS 9u
#define LAB_MIGRATE_REASONS 10u
#define LAB_SCAN_RESULTS 31u
#define LAB_PAGEBLOCK_ORDER 9u
#define LAB_HUGE_PAGE_ORDER 7u /* not that of a pageblock, so that one is not taken for the other */
#define LAB_ZONES 5u
#define LAB_MAX_RECORDS 16384
#define LAB_LIVE_ENTRIES 4096u
#define LAB_NUMA_FLOWS 4u
#define LAB_LEAK_OBJECTS 10000u

struct lab_config {
	__u64 stall_record_min_ns;
	__u32 reclaim_order_arg;
	__u32 nr_fallbacks;    /* 0: as the daemon has it */
	__u32 nr_slab_sites;   /* likewise */
	__u32 nr_leak_objects; /* 0: as many as a test needs */
	__u32 nr_user_stacks;
	__u32 nr_fault_sites;
	__u32 migrate_reason_arg;
	__u32 scan_status_arg;
	bool compact_results_are_seen;
	bool deferred_is_no_stall;
	__u32 page_node_shift;
	bool nodes_are_many;
	__u32 page_node_fixed;
	__s64 preempt_count_from_rq;
	bool counts_interrupt_disabling;
	__u32 live_step_shift;
	__u64 live_settled_ns;
	__u32 nr_live_entries; /* 0: as many as a test needs */
	__u32 nr_stacks;       /* 0: as the daemon has it */
	__u32 page_zone_shift, page_zone_mask;
};

union lab_record {
	struct rec_header h;
	struct rec_task_exit task;
	struct rec_stall stall;
	struct rec_oom_kill oom_kill;
	struct rec_alloc_failure alloc_failure;
};

/* Everything that is counted, summed over CPUs. */
struct lab_book {
	__u64 *cells;
	struct ledger_counts accounts[NR_ACCOUNTS];
	struct ledger_counts ledger; /* of this task */
};

struct lab {
	struct memoir_bpf *skeleton;
	struct cube cubes[NR_METRICS];
	__u32 nr_cells;
	__u32 nr_cpus;
	__u32 node; /* of the CPU that this test stays on */
	int pidfd;
	struct lab_book expected;
	struct lab_book counted; /* as of the last lab_read() */
	struct ring_buffer *ring;
	union lab_record *records; /* as of the last lab_drain() */
	__u32 nr_records;
};

/* --- the laboratory --------------------------------------------------------------------------- */

static inline int lab_take_record(void *ctx, void *data, size_t size)
{
	struct lab *lab = ctx;

	if (lab->nr_records < LAB_MAX_RECORDS && size <= sizeof(*lab->records))
		memcpy(&lab->records[lab->nr_records++], data, size);
	return 0;
}

static inline int lab_silence(enum libbpf_print_level level UNUSED, const char *format UNUSED,
			      va_list args UNUSED)
{
	return 0;
}

/* Stays on the CPU it is on, so that the node of a stall is known. */
static inline void lab_stay(struct lab *lab)
{
	unsigned int cpu;
	cpu_set_t only;

	assert_int_equal(syscall(SYS_getcpu, &cpu, &lab->node, NULL), 0);
	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	assert_int_equal(sched_setaffinity(0, sizeof(only), &only), 0);
	assert_int_equal(syscall(SYS_getcpu, &cpu, &lab->node, NULL), 0);
	assert_true(CPU_ISSET(cpu, &only));
	assert_in_range(lab->node, 0, LAB_NODES - 1);
}

static inline void lab_lay_out(struct lab *lab)
{
	__u32 sizes[NR_DIMS] = { 0 };

#define DIM(id, label, size) sizes[id] = size;
	MEMOIR_DIMS(DIM)
#undef DIM
	sizes[DIM_NODE] = LAB_NODES;
	sizes[DIM_MIGRATETYPE] = LAB_MIGRATETYPES;
	sizes[DIM_ORDER] = LAB_ORDERS;
	sizes[DIM_COMPACT_RESULT] = LAB_COMPACT_RESULTS;
	sizes[DIM_FALLBACK_MIGRATETYPE] = LAB_MIGRATETYPES;
	sizes[DIM_MIGRATE_REASON] = LAB_MIGRATE_REASONS;
	sizes[DIM_SCAN_RESULT] = LAB_SCAN_RESULTS;
	sizes[DIM_ZONE] = LAB_ZONES;
	sizes[DIM_CPU_NODE] = sizes[DIM_MEMORY_NODE] = LAB_NODES;
	sizes[DIM_FROM_NODE] = sizes[DIM_TO_NODE] = LAB_NODES;
	lab->nr_cells = cubes_layout(lab->cubes, sizes);
}

/* Programs at the begin and end of functions cannot be run with arguments of a test's own. */
static inline void lab_leave_out(struct lab *lab)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, lab->skeleton->obj)
	{
		enum bpf_attach_type type = bpf_program__expected_attach_type(program);

		if (type == BPF_TRACE_FENTRY || type == BPF_TRACE_FEXIT)
			bpf_program__set_autoload(program, false);
	}
}

/* Loads the programs, without attaching any. 0 or a negative errno. */
static inline int lab_load(struct lab *lab, const struct lab_config *config)
{
	struct btf *kernel = btf__load_vmlinux_btf();

	if (!kernel)
		return -errno;
	lab->skeleton = skeleton_open(kernel);
	btf__free(kernel);
	if (!lab->skeleton)
		return -errno;
	memcpy((void *)lab->skeleton->rodata->cubes, lab->cubes, sizeof(lab->cubes));
	lab->skeleton->rodata->page_kb = (__u32)sysconf(_SC_PAGESIZE) >> 10;
	lab->skeleton->rodata->stall_record_min_ns = config->stall_record_min_ns;
	lab->skeleton->rodata->pageblock_order = LAB_PAGEBLOCK_ORDER;
	lab->skeleton->rodata->huge_page_order = LAB_HUGE_PAGE_ORDER;
	lab->skeleton->rodata->compat_migrate_reason_arg = config->migrate_reason_arg;
	lab->skeleton->rodata->compat_scan_status_arg = config->scan_status_arg;
	lab->skeleton->rodata->compat_reclaim_order_arg = config->reclaim_order_arg;
	lab->skeleton->rodata->page_node_shift = config->page_node_shift;
	lab->skeleton->rodata->page_node_fixed = config->page_node_fixed;
	lab->skeleton->rodata->nr_matrix_nodes = LAB_NODES;
	lab->skeleton->rodata->nodes_are_many = config->nodes_are_many;
	lab->skeleton->rodata->compat_preempt_count_from_rq = config->preempt_count_from_rq;
	lab->skeleton->rodata->compat_counts_interrupt_disabling = config->counts_interrupt_disabling;
	lab->skeleton->rodata->live_step_shift = config->live_step_shift;
	lab->skeleton->rodata->live_settled_ns = config->live_settled_ns;
	lab->skeleton->rodata->page_zone_shift = config->page_zone_shift;
	lab->skeleton->rodata->page_zone_mask = config->page_zone_mask;
	lab->skeleton->rodata->chunks_per_cpu = cells_nr_chunks(lab->nr_cells);
	bpf_map__set_max_entries(lab->skeleton->maps.cells, lab->nr_cpus * cells_nr_chunks(lab->nr_cells));
	bpf_map__set_max_entries(lab->skeleton->maps.accounts, lab->nr_cpus);
	bpf_map__set_max_entries(lab->skeleton->maps.live,
				 config->nr_live_entries ? config->nr_live_entries : LAB_LIVE_ENTRIES);
	if (config->nr_stacks)
		bpf_map__set_max_entries(lab->skeleton->maps.stacks, config->nr_stacks);
	if (config->nr_fallbacks)
		bpf_map__set_max_entries(lab->skeleton->maps.fallbacks, config->nr_fallbacks);
	bpf_map__set_max_entries(lab->skeleton->maps.slab_cpus, lab->nr_cpus);
	bpf_map__set_max_entries(lab->skeleton->maps.cpu_nodes, lab->nr_cpus);
	bpf_map__set_max_entries(lab->skeleton->maps.numa_flows, LAB_NUMA_FLOWS);
	if (config->nr_slab_sites)
		bpf_map__set_max_entries(lab->skeleton->maps.slab_sites, config->nr_slab_sites);
	bpf_map__set_max_entries(lab->skeleton->maps.leak_objects,
				 config->nr_leak_objects ? config->nr_leak_objects : LAB_LEAK_OBJECTS);
	if (config->nr_user_stacks)
		bpf_map__set_max_entries(lab->skeleton->maps.user_stacks, config->nr_user_stacks);
	if (config->nr_fault_sites)
		bpf_map__set_max_entries(lab->skeleton->maps.fault_stacks, config->nr_fault_sites);
	lab_leave_out(lab);
	lab->skeleton->rodata->compact_results_are_seen = config->compact_results_are_seen;
	lab->skeleton->rodata->compat_deferred_is_no_stall = config->deferred_is_no_stall;
	return memoir_bpf__load(lab->skeleton);
}

/* Gives this task an empty ledger. */
static inline void lab_new_ledger(struct lab *lab)
{
	_cleanup_free_ void *empty = calloc(1, bpf_map__value_size(lab->skeleton->maps.ledgers));

	assert_non_null(empty);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd, empty,
					     BPF_ANY),
			 0);
}

/* For cmocka: *state is a lab_config or NULL, and becomes a lab. */
static inline int lab_setup(void **state)
{
	static const struct lab_config none = { .stall_record_min_ns = UINT64_MAX };
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	lab_stay(lab);
	lab_lay_out(lab);
	lab->nr_cpus = (__u32)libbpf_num_possible_cpus();
	assert_int_equal(lab_load(lab, *state ? *state : &none), 0);
	lab->pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	assert_true(lab->pidfd >= 0);
	lab->expected.cells = calloc(lab->nr_cells, sizeof(__u64));
	lab->counted.cells = calloc(lab->nr_cells, sizeof(__u64));
	lab->records = calloc(LAB_MAX_RECORDS, sizeof(*lab->records));
	assert_true(lab->expected.cells && lab->counted.cells && lab->records);
	lab->ring = ring_buffer__new(bpf_map__fd(lab->skeleton->maps.ring), lab_take_record, lab, NULL);
	assert_non_null(lab->ring);
	lab_new_ledger(lab);
	*state = lab;
	return 0;
}

static inline int lab_teardown(void **state)
{
	struct lab *lab = *state;

	ring_buffer__free(lab->ring);
	memoir_bpf__destroy(lab->skeleton);
	close(lab->pidfd);
	free(lab->expected.cells);
	free(lab->counted.cells);
	free(lab->records);
	free(lab);
	return 0;
}

#define LAB_TEST(test) LAB_TEST_WITH(test, NULL)
#define LAB_TEST_WITH(test, config) \
	cmocka_unit_test_prestate_setup_teardown(test, lab_setup, lab_teardown, (void *)(config))

/* Why BPF programs cannot be run here at all, or NULL. To be called first, by main(). */
static inline const char *lab_why_not(void)
{
	struct bpf_insn nothing[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
				      { .code = BPF_JMP | BPF_EXIT } };
	LIBBPF_OPTS(bpf_test_run_opts, run);
	_cleanup_close_ int fd = -1;

	char namespace[64] = "";

	libbpf_set_print(lab_silence);
	if (geteuid() != 0)
		return "needs root";
	/* Where tasks have other numbers than the kernel's, none could be recognised. */
	if (readlink("/proc/self/ns/pid", namespace, sizeof(namespace) - 1) < 0 ||
	    strcmp(namespace, "pid:[4026531836]"))
		return "needs the machine's own PID namespace";
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		return "this kernel has no BTF";
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "nothing", "GPL", nothing, ARRAY_SIZE(nothing),
			   NULL);
	if (fd < 0)
		return errno == EPERM ? "root may not load BPF programs here"
				      : "BPF programs cannot be loaded here";
	return bpf_prog_test_run_opts(fd, &run) < 0
		       ? "this kernel cannot run a raw tracepoint program on demand"
		       : NULL;
}

#define LAB_MAIN(tests) LAB_MAIN_WITH(tests, NULL, NULL)
#define LAB_MAIN_WITH(tests, setup, teardown)                          \
	int main(void)                                                 \
	{                                                              \
		const char *why_not = lab_why_not();                   \
                                                                       \
		if (why_not) {                                         \
			puts(why_not);                                 \
			return EXIT_SKIPPED;                           \
		}                                                      \
		return cmocka_run_group_tests(tests, setup, teardown); \
	}

/* --- running ---------------------------------------------------------------------------------- */

#define LAB_NR_ARGS 12                   /* the most that a tracepoint may have */
#define LAB_NO_ARG 0x5a5a5a5a5a5a5a5aULL /* no program may depend on an argument that it is not given */

/* Runs a program once in this task with these arguments; with cpu >= 0, on that CPU. */
static inline void lab_run_on(int cpu, const struct bpf_program *program, const __u64 *args, size_t nr_args)
{
	__u64 ctx[LAB_NR_ARGS];
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = ctx, .ctx_size_in = sizeof(ctx));

	for (size_t i = 0; i < LAB_NR_ARGS; i++)
		ctx[i] = i < nr_args ? args[i] : LAB_NO_ARG;
	if (cpu >= 0) {
		run.flags = BPF_F_TEST_RUN_ON_CPU;
		run.cpu = (__u32)cpu;
	}
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &run) < 0)
		fail_msg("cannot run %s: %s", bpf_program__name(program), strerror(errno));
}

#define RUN_ON(lab, cpu, program, ...)                                                  \
	lab_run_on(cpu, (lab)->skeleton->progs.program, (const __u64[]){ __VA_ARGS__ }, \
		   sizeof((const __u64[]){ __VA_ARGS__ }) / sizeof(__u64))
#define RUN(lab, program, ...) RUN_ON(lab, -1, program, __VA_ARGS__)

/* --- records ---------------------------------------------------------------------------------- */

/* Adds all waiting records to lab->records. */
static inline void lab_drain_more(struct lab *lab)
{
	assert_true(ring_buffer__consume(lab->ring) >= 0);
	assert_true(lab->nr_records < LAB_MAX_RECORDS);
}

/* Takes all waiting records into lab->records, from the first place on. */
static inline void lab_drain(struct lab *lab)
{
	lab->nr_records = 0;
	lab_drain_more(lab);
}

/* The only record that waits, which must be of this kind and size. */
static inline const union lab_record *lab_only_record(struct lab *lab, enum record kind, size_t size)
{
	lab_drain(lab);
	assert_int_equal(lab->nr_records, 1);
	assert_int_equal(lab->records[0].h.kind, kind);
	assert_int_equal(lab->records[0].h.size, size);
	return &lab->records[0];
}

#endif
