// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * survey [PID:CGROUP]...: a walk over all pages that shares nothing with memoir's readings. Prints a line of
 * JSON for each node, with what its pageblocks hold, and one for each process: the pages of its own by its
 * pagemap, its unmovable ones by /proc/kpagecgroup, which has the inode of the memory cgroup that a page was
 * charged to, and the pageblocks that these spoil.
 *
 * What a page is, /proc/kpageflags says. One without a flag is free, on the list of a CPU, if nobody has a
 * reference to it, which is in its struct page alone. Where these lie is found out by allocating pages: the
 * kernel's event has the address, and the pagemap the number. x86-64 only.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../daemon/util.h"
#include "usage.h"

#define PAGE_SIZE 4096
#define BLOCK 512
#define STRUCT_PAGE 64
#define REFCOUNT 52 /* where it is in a struct page */

/* By Documentation/admin-guide/mm/pagemap.rst. */
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_FILE (1ULL << 61)
#define PAGEMAP_EXCLUSIVE (1ULL << 56)
#define PAGEMAP_FRAME ((1ULL << 55) - 1)
#define KPF_BUDDY (1ULL << 10)
#define KPF_ANON (1ULL << 12)
#define KPF_ZERO (1ULL << 24)
#define KPF_OF_PROCESSES \
	(1ULL << 5 | 1ULL << 11 | 1ULL << 12 | 1ULL << 13 | 1ULL << 14 | 1ULL << 17 | 1ULL << 21 | 1ULL << 22)
#define KPF_NO_MEMORY (1ULL << 19 | 1ULL << 20 | 1ULL << 23)

#define MAX_PROCESSES 64
#define MAX_ZONES 320
#define MAX_NODES 64

enum kind { NO_MEMORY, FREE, MOVABLE, UNMOVABLE, NR_KINDS };

static struct process {
	unsigned long pid, cgroup, nr_held, nr_unmovable;
	double spoiled;
} processes[MAX_PROCESSES];
static int nr_processes;

static struct zone {
	unsigned long node, start, spanned;
} zones[MAX_ZONES];
static int nr_zones;

static struct node {
	unsigned long nr_blocks, nr_mixed, nr_spoiled, nr[NR_KINDS];
} nodes[MAX_NODES];

static int open_or_die(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

static uint64_t read_at(int fd, uint64_t index)
{
	uint64_t value = 0;

	return pread(fd, &value, sizeof(value), (off_t)(index * sizeof(value))) == sizeof(value) ? value : 0;
}

/* --- struct pages ----------------------------------------------------------------------------- */

#define INSN(c, d, s, o, i)                                                         \
	{                                                                           \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) \
	}
#define INSN_MAP_VALUE(d, fd) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_VALUE, 0, fd), INSN(0, 0, 0, 0, 0)

/* Memory that a program writes. */
static void *shared_with_program(__u32 size, int *ret_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "survey", sizeof(__u32), size, 1, &options);
	void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		die("a map of BPF");
	*ret_fd = fd;
	return memory;
}

static int load(const struct bpf_insn *insns, size_t nr)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "survey", "GPL", insns, nr, NULL);

	if (fd < 0)
		die("a program of BPF");
	return fd;
}

/* From now on, the address of the struct page that this process allocated last. */
static const volatile uint64_t *watch_allocations(void)
{
	int map;
	const volatile uint64_t *last = shared_with_program(PAGE_SIZE, &map);
	const struct bpf_insn insns[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_pid_tgid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 4, getpid()),
		INSN_MAP_VALUE(1, map),
		INSN(BPF_LDX | BPF_MEM | BPF_DW, 2, 6, 0, 0),
		INSN(BPF_STX | BPF_MEM | BPF_DW, 1, 2, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	if (bpf_raw_tracepoint_open("mm_page_alloc", load(insns, ARRAY_SIZE(insns))) < 0)
		die("the event mm_page_alloc");
	return last;
}

/* Where the struct page of page 0 is, or would be. Now and then an interrupt allocates in between. */
static uint64_t find_struct_pages(void)
{
	enum { NR = 64 };
	const volatile uint64_t *last = watch_allocations();
	int pagemap = open_or_die("/proc/self/pagemap");
	char *memory = mmap(NULL, NR * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t base = 0;
	int nr_agreed = 0;

	if (memory == MAP_FAILED)
		die("mmap");
	madvise(memory, NR * PAGE_SIZE, MADV_NOHUGEPAGE);
	for (char *page = memory; page < memory + NR * PAGE_SIZE; page += PAGE_SIZE) {
		uint64_t address, frame;

		*page = 1;
		address = *last;
		frame = read_at(pagemap, (uintptr_t)page / PAGE_SIZE) & PAGEMAP_FRAME;
		if (!frame)
			die("frames are not visible");
		nr_agreed = base == address - frame * STRUCT_PAGE ? nr_agreed + 1 : 0;
		base = address - frame * STRUCT_PAGE;
		if (nr_agreed == NR / 4)
			return base;
	}
	errno = ENOENT;
	die("struct pages");
}

static struct {
	uint64_t base;
	const unsigned char *block;
	int program;
} struct_pages;

static void open_struct_pages(void)
{
	int map;

	struct_pages.base = find_struct_pages();
	struct_pages.block = shared_with_program(BLOCK * STRUCT_PAGE, &map);
	struct_pages.program = load(
		(const struct bpf_insn[]){
			INSN(BPF_LDX | BPF_MEM | BPF_DW, 3, 1, 0, 0),
			INSN_MAP_VALUE(1, map),
			INSN(BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, BLOCK * STRUCT_PAGE),
			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_probe_read_kernel),
			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		},
		6);
}

static void read_struct_pages(uint64_t block)
{
	uint64_t address = struct_pages.base + block * BLOCK * STRUCT_PAGE;
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &address, .ctx_size_in = sizeof(address));

	if (bpf_prog_test_run_opts(struct_pages.program, &run) < 0)
		die("struct pages");
}

static bool has_references(int page)
{
	int refcount;

	memcpy(&refcount, struct_pages.block + page * STRUCT_PAGE + REFCOUNT, sizeof(refcount));
	return refcount > 0;
}

/* --- processes -------------------------------------------------------------------------------- */

/* Its anonymous pages that are nobody else's: those of its parent that it has not written to are not. */
static unsigned long count_held(int pagemap, int kpageflags, unsigned long start, unsigned long end)
{
	unsigned long nr = 0;

	for (unsigned long page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
		uint64_t entry = read_at(pagemap, page), flags;

		if ((entry & (PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE | PAGEMAP_FILE)) !=
		    (PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE))
			continue;
		flags = read_at(kpageflags, entry & PAGEMAP_FRAME);
		nr += flags & KPF_ANON && !(flags & KPF_ZERO);
	}
	return nr;
}

static void walk_process(struct process *process, int kpageflags)
{
	_cleanup_close_ int pagemap = -1;
	_cleanup_fclose_ FILE *maps = NULL;
	char path[64], line[8192];

	snprintf(path, sizeof(path), "/proc/%lu/pagemap", process->pid);
	pagemap = open_or_die(path);
	snprintf(path, sizeof(path), "/proc/%lu/maps", process->pid);
	maps = fopen(path, "re");
	if (!maps)
		die(path);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && !strstr(line, "[vsyscall]"))
			process->nr_held += count_held(pagemap, kpageflags, start, end);
	}
}

/* --- pageblocks ------------------------------------------------------------------------------- */

static void read_zones(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/zoneinfo", "re");
	struct zone zone = { 0 };
	char line[512];

	if (!file)
		die("/proc/zoneinfo");
	while (fgets(line, sizeof(line), file) && nr_zones < MAX_ZONES) {
		sscanf(line, "Node %lu, zone", &zone.node);
		sscanf(line, " spanned %lu", &zone.spanned);
		if (sscanf(line, " start_pfn: %lu", &zone.start) == 1 && zone.node < MAX_NODES)
			zones[nr_zones++] = zone;
	}
}

static struct node *node_of(uint64_t frame)
{
	for (int i = 0; i < nr_zones; i++)
		if (frame + BLOCK > zones[i].start && frame < zones[i].start + zones[i].spanned)
			return &nodes[zones[i].node];
	return NULL;
}

/* The block's struct pages must have been read if a page has no flag. */
static enum kind kind_of(uint64_t flags, int page)
{
	if (flags & KPF_NO_MEMORY)
		return NO_MEMORY;
	if (flags & KPF_BUDDY || (!flags && !has_references(page)))
		return FREE;
	return flags & KPF_OF_PROCESSES && !(flags & KPF_ZERO) ? MOVABLE : UNMOVABLE;
}

/* Every unmovable page of a spoiled block answers for the same share of it. */
static void charge_processes(uint64_t block, const enum kind *kinds, unsigned long nr_unmovable,
			     int kpagecgroup)
{
	uint64_t cgroups[BLOCK];

	if (pread(kpagecgroup, cgroups, sizeof(cgroups), (off_t)(block * sizeof(cgroups))) != sizeof(cgroups))
		die("/proc/kpagecgroup");
	for (int i = 0; i < nr_processes; i++) {
		unsigned long nr = 0;

		for (int page = 0; page < BLOCK; page++)
			nr += kinds[page] == UNMOVABLE && cgroups[page] == processes[i].cgroup;
		processes[i].nr_unmovable += nr;
		processes[i].spoiled += nr_unmovable < BLOCK / 2 ? (double)nr / (double)nr_unmovable : 0;
	}
}

/* A block without any flag is memory that a hypervisor keeps. */
static void walk_block(uint64_t block, const uint64_t *flags, int kpagecgroup)
{
	struct node *node = node_of(block * BLOCK);
	unsigned long nr[NR_KINDS] = { 0 };
	bool has_flags = false, has_bare = false;
	enum kind kinds[BLOCK];

	for (int page = 0; page < BLOCK; page++) {
		has_flags = has_flags || flags[page];
		has_bare = has_bare || !flags[page];
	}
	if (!has_flags || !node)
		return;
	if (has_bare)
		read_struct_pages(block);
	for (int page = 0; page < BLOCK; page++) {
		kinds[page] = kind_of(flags[page], page);
		nr[kinds[page]]++;
	}
	if (nr[NO_MEMORY] == BLOCK)
		return;
	node->nr_blocks++;
	node->nr_mixed += nr[MOVABLE] && nr[UNMOVABLE];
	node->nr_spoiled += nr[UNMOVABLE] && nr[UNMOVABLE] < BLOCK / 2;
	for (int kind = 0; kind < NR_KINDS; kind++)
		node->nr[kind] += nr[kind];
	if (nr_processes && nr[UNMOVABLE])
		charge_processes(block, kinds, nr[UNMOVABLE], kpagecgroup);
}

static void walk_blocks(int kpageflags)
{
	int kpagecgroup = nr_processes ? open_or_die("/proc/kpagecgroup") : -1;
	uint64_t flags[BLOCK];

	read_zones();
	for (uint64_t block = 0; read(kpageflags, flags, sizeof(flags)) == sizeof(flags); block++)
		walk_block(block, flags, kpagecgroup);
}

static void report(void)
{
	for (int i = 0; i < MAX_NODES; i++) {
		const struct node *node = &nodes[i];

		if (node->nr_blocks)
			printf("{\"node\":\"%d\",\"blocks\":%lu,\"mixed\":%lu,\"spoiled\":%lu,\"free\":%lu,"
			       "\"movable\":%lu,\"unmovable\":%lu}\n",
			       i, node->nr_blocks, node->nr_mixed, node->nr_spoiled, node->nr[FREE],
			       node->nr[MOVABLE], node->nr[UNMOVABLE]);
	}
	for (int i = 0; i < nr_processes; i++)
		printf("{\"pid\":%lu,\"movable\":%lu,\"unmovable\":%lu,\"spoiled\":%f}\n", processes[i].pid,
		       processes[i].nr_held, processes[i].nr_unmovable, processes[i].spoiled);
}

int main(int argc, char **argv)
{
	int kpageflags = open_or_die("/proc/kpageflags");

	for (int i = 1; i < argc && nr_processes < MAX_PROCESSES; i++) {
		struct process *process = &processes[nr_processes++];

		if (sscanf(argv[i], "%lu:%lu", &process->pid, &process->cgroup) != 2) {
			fputs("usage: survey [PID:CGROUP]...\n", stderr);
			return 2;
		}
		walk_process(process, kpageflags);
	}
	open_struct_pages();
	walk_blocks(kpageflags);
	report();
	return EXIT_SUCCESS;
}
