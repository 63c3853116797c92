// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether the right node of a page is told; see nodecheck.h. */
#include "nodecheck.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "log.h"
#include "util.h"

/*
 * Pages that are taken on a node. Fewer on it than the second number are no check, and fewer elsewhere are
 * those of others who ran meanwhile.
 */
#define NR_PAGES 64u
#define MIN_PAGES 32u
/* Others may have taken more: then once more. */
#define NR_TRIES 3
#define NODE_MASK_WORDS 16u

struct nodecheck {
	__u32 nr_nodes;
	size_t page_size;
	const __u64 *counted; /* on this CPU, by node, and behind them what is of no such node */
};

/* --- what struct pages say -------------------------------------------------------------------- */

/*
 * For each page that is allocated on this CPU: counted[page->flags >> shift]++. Register 7 is the node, and
 * nr_nodes for anything else.
 */
static int load_program(const struct machine *machine, int counted_fd, int cpu)
{
	const __s32 nr_nodes = (__s32)machine->record.nr_nodes;
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 6, .src_reg = 1 },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 6, .off = 18 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_smp_processor_id },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 0, .off = 16, .imm = cpu },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 3, .src_reg = 6 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K,
		  .dst_reg = 3,
		  .imm = (__s32)machine->page_flags_offset },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 7, .src_reg = 10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_RSH | BPF_K, .dst_reg = 7, .imm = (__s32)machine->page_node_shift },
		{ .code = BPF_JMP | BPF_JLT | BPF_K, .dst_reg = 7, .off = 1, .imm = nr_nodes },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 7, .imm = nr_nodes },
		{ .code = BPF_ALU64 | BPF_LSH | BPF_K, .dst_reg = 7, .imm = 3 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = counted_fd },
		{ .imm = 0 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = 1, .src_reg = 7 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 1, .src_reg = 2, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "memoir_nodes", "GPL", insns, ARRAY_SIZE(insns),
			       NULL);

	return fd < 0 ? -errno : fd;
}

/* --- what the kernel says --------------------------------------------------------------------- */

/* How many of the pages are on the node; or a negative errno. */
static int count_on(__u32 node, char *memory, size_t page_size)
{
	void *pages[NR_PAGES];
	int status[NR_PAGES], nr = 0;

	for (__u32 i = 0; i < NR_PAGES; i++)
		pages[i] = memory + i * page_size;
	if (syscall(SYS_move_pages, 0, (unsigned long)NR_PAGES, pages, NULL, status, 0) < 0)
		return -errno;
	for (__u32 i = 0; i < NR_PAGES; i++)
		nr += status[i] == (int)node;
	return nr;
}

/*
 * Touches pages that are best taken from the node; how many are there, or a negative errno. Not bound to it:
 * a node without free memory is not worth an OOM kill.
 */
static int take_on(__u32 node, size_t page_size)
{
	size_t size = NR_PAGES * page_size;
	unsigned long mask[NODE_MASK_WORDS] = { 0 };
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int nr;

	if (memory == MAP_FAILED)
		return -errno;
	mask[node / 64 % NODE_MASK_WORDS] = 1UL << node % 64;
	madvise(memory, size, MADV_NOHUGEPAGE);
	if (syscall(SYS_mbind, memory, size, MPOL_PREFERRED, mask, sizeof(mask) * 8UL, 0U) < 0) {
		nr = -errno;
	} else {
		for (__u32 i = 0; i < NR_PAGES; i++)
			((volatile char *)memory)[i * page_size] = 1;
		nr = count_on(node, memory, page_size);
	}
	munmap(memory, size);
	return nr;
}

/* --- both ------------------------------------------------------------------------------------- */

static __u64 counted_on(const struct nodecheck *check, __u32 node)
{
	return __atomic_load_n(&check->counted[node], __ATOMIC_RELAXED);
}

static __u64 counted_in_all(const struct nodecheck *check)
{
	__u64 all = 0;

	for (__u32 node = 0; node <= check->nr_nodes; node++)
		all += counted_on(check, node);
	return all;
}

/* 1 if both say the same, 0 where no memory of the node is to be had, or a negative errno, -ERANGE if not. */
static int check_node(const struct nodecheck *check, __u32 node)
{
	for (int try = 0; try < NR_TRIES; try++) {
		__u64 on_before = counted_on(check, node), all_before = counted_in_all(check), on, all;
		int nr = take_on(node, check->page_size);

		/* Not allowed here; or it has no memory, or none left. */
		if (nr == -EINVAL || (nr >= 0 && nr < (int)MIN_PAGES))
			return 0;
		if (nr < 0)
			return nr;
		on = counted_on(check, node) - on_before;
		all = counted_in_all(check) - all_before;
		if (on >= (__u64)nr && all - on < NR_PAGES - (__u64)nr + MIN_PAGES)
			return 1;
	}
	return -ERANGE;
}

/* 0 or a negative errno, -ENODATA where no node could be checked; *ret_node is the one that it is about. */
static int check_nodes(const struct nodecheck *check, __u32 *ret_node)
{
	__u32 nr_checked = 0;

	for (*ret_node = 0; *ret_node < check->nr_nodes; ++*ret_node) {
		int err = check_node(check, *ret_node);

		if (err < 0)
			return err;
		nr_checked += (__u32)err;
	}
	return nr_checked ? 0 : -ENODATA;
}

/* The same with the program running; counted_fd is of its map. */
static int check_with_program(const struct machine *machine, int counted_fd, int cpu, __u32 *ret_node)
{
	size_t size = (machine->record.nr_nodes + 1) * sizeof(__u64);
	_cleanup_close_ int prog_fd = load_program(machine, counted_fd, cpu);
	_cleanup_close_ int link_fd = prog_fd < 0 ? -1 : bpf_raw_tracepoint_open("mm_page_alloc", prog_fd);
	struct nodecheck check = { .nr_nodes = machine->record.nr_nodes,
				   .page_size = machine->record.page_size };
	int err;

	if (prog_fd < 0)
		return prog_fd;
	if (link_fd < 0)
		return -errno;
	check.counted = mmap(NULL, size, PROT_READ, MAP_SHARED, counted_fd, 0);
	if (check.counted == MAP_FAILED)
		return -errno;
	err = check_nodes(&check, ret_node);
	munmap((void *)check.counted, size);
	return err;
}

/* The same on one CPU. */
static int check_on_cpu(const struct machine *machine, __u32 *ret_node)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int counted_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "memoir_nodes", sizeof(__u32),
							(machine->record.nr_nodes + 1) * (__u32)sizeof(__u64),
							1, &options);
	int err = counted_fd < 0 ? -errno : -ENOMEM, cpu = sched_getcpu();
	size_t size = CPU_ALLOC_SIZE(machine->nr_cpu_ids);
	cpu_set_t *here = CPU_ALLOC(machine->nr_cpu_ids), *before = CPU_ALLOC(machine->nr_cpu_ids);

	if (here && before && counted_fd >= 0 && cpu >= 0) {
		CPU_ZERO_S(size, here);
		CPU_SET_S((size_t)cpu, size, here);
		err = sched_getaffinity(0, size, before) || sched_setaffinity(0, size, here) ? -errno : 0;
		if (!err) {
			err = check_with_program(machine, counted_fd, cpu, ret_node);
			sched_setaffinity(0, size, before);
		}
	}
	CPU_FREE(here);
	CPU_FREE(before);
	return err;
}

bool nodecheck_passes(const struct machine *machine)
{
	__u32 node = 0;
	int err = check_on_cpu(machine, &node);

	if (err == -ERANGE)
		log_warning(
			"the struct pages of node %u do not say what the kernel says; pages are shown as of node "
			"\"unknown\": please report this",
			node);
	/* Who may not load a program is told so when the probes are. */
	else if (err && err != -EPERM)
		log_warning(
			"cannot check whether the node of a page is told right: %s; pages are shown as of node "
			"\"unknown\"",
			err == -ENODATA ? "no memory of any node is to be had" : strerror(-err));
	return !err;
}
