// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether the programs tell the right node of a page; see nodecheck.h. */
#include "nodecheck.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "batch.h"
#include "log.h"
#include "util.h"

/* Taken on a node; and of them, those that the kernel must have put there to call it a check. */
#define NR_PAGES 64u
#define MIN_PAGES 32u
#define BATCH 256u

/* What the programs have counted as allocated by this process on another node than its CPU's, by node. */
struct counted {
	__u64 on[64];
};

/* 0 or a negative errno. */
static int read_counted(int fd, struct counted *ret)
{
	struct numa_flow_key keys[BATCH];
	__u64 values[BATCH];
	struct batch batch = { .fd = fd, .keys = keys, .values = values, .max = BATCH };

	memset(ret, 0, sizeof(*ret));
	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++)
			if (keys[i].tgid == (__u32)getpid() && keys[i].flow == FLOW_ALLOCATED &&
			    keys[i].to < ARRAY_SIZE(ret->on))
				ret->on[keys[i].to] += values[i];
	return batch.err;
}

/* How many of the pages are on the node, by the kernel's own word; or a negative errno. */
static int count_on(__u32 node, char *memory, size_t page_size)
{
	void *pages[NR_PAGES];
	int status[NR_PAGES], nr = 0;

	for (__u32 i = 0; i < NR_PAGES; i++)
		pages[i] = memory + i * page_size;
	if (syscall(SYS_move_pages, 0, NR_PAGES, pages, NULL, status, 0) < 0)
		return -errno;
	for (__u32 i = 0; i < NR_PAGES; i++)
		nr += status[i] == (int)node;
	return nr;
}

/* Touches pages of the node; how many are there by the kernel's own word, or a negative errno. */
static int take_on(__u32 node, size_t page_size)
{
	size_t size = NR_PAGES * page_size;
	unsigned long mask = 1UL << node;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int nr;

	if (memory == MAP_FAILED)
		return -errno;
	madvise(memory, size, MADV_NOHUGEPAGE);
	if (syscall(SYS_mbind, memory, size, MPOL_BIND, &mask, 64UL, 0U) < 0) {
		nr = -errno;
	} else {
		for (__u32 i = 0; i < NR_PAGES; i++)
			((volatile char *)memory)[i * page_size] = 1;
		nr = count_on(node, memory, page_size);
	}
	munmap(memory, size);
	return nr;
}

/* 1 if memory of the node was taken and counted as that, 0 if none is to be had, or a negative errno. */
static int check_node(const struct machine *machine, int fd, __u32 node, __u32 cpu_node)
{
	struct counted before, after;
	int err = read_counted(fd, &before);
	int nr = err ? err : take_on(node, machine->record.page_size);
	__u64 counted, elsewhere = 0;

	if (!err && nr >= 0)
		err = read_counted(fd, &after);
	if (err)
		return err;
	/* Not allowed here, or without memory. */
	if (nr == -EINVAL || (nr >= 0 && nr < (int)MIN_PAGES))
		return 0;
	if (nr < 0)
		return nr;
	for (__u32 i = 0; i < ARRAY_SIZE(after.on); i++)
		if (i != node)
			elsewhere += after.on[i] - before.on[i];
	/* What is taken on the CPU's own node is not counted in flows, so there must be none. */
	counted = node == cpu_node ? NR_PAGES - elsewhere : after.on[node] - before.on[node];
	return counted >= (__u64)nr && elsewhere < MIN_PAGES ? 1 : -ERANGE;
}

/* The node of the CPU that this runs on, and stays on until *ret_before is set again; or a negative errno. */
static int stay(const struct machine *machine, const struct probes *probes, cpu_set_t *ret_before)
{
	struct nodes *nodes = nodes_new(machine, probes);
	int cpu = sched_getcpu(), node;
	cpu_set_t here;

	if (!nodes)
		return -ENOMEM;
	nodes_refresh(nodes);
	node = cpu >= 0 && (__u32)cpu < machine->nr_cpu_ids ? (int)nodes_of_cpus(nodes)[cpu] : -ENODEV;
	nodes_free(nodes);
	if (node < 0)
		return node;
	CPU_ZERO(&here);
	CPU_SET((size_t)cpu, &here);
	if (sched_getaffinity(0, sizeof(*ret_before), ret_before) ||
	    sched_setaffinity(0, sizeof(here), &here))
		return -errno;
	return node;
}

/*
 * 0; or a negative errno, -ERANGE where the programs are wrong and -ENODATA where no node could be checked
 * but the CPU's own. *ret_node is the node that it is about.
 */
static int check(const struct machine *machine, const struct probes *probes, __u32 *ret_node)
{
	__u32 nr_checked = 0;
	cpu_set_t before;
	int cpu_node = stay(machine, probes, &before), err = 0;

	if (cpu_node < 0)
		return cpu_node;
	for (*ret_node = 0; *ret_node < machine->record.nr_nodes && *ret_node < 64; ++*ret_node) {
		err = check_node(machine, probes_map_fd(probes, "numa_flows"), *ret_node, (__u32)cpu_node);
		if (err < 0)
			break;
		if (*ret_node != (__u32)cpu_node)
			nr_checked += (__u32)err;
	}
	sched_setaffinity(0, sizeof(before), &before);
	return err < 0 ? err : nr_checked ? 0 : -ENODATA;
}

bool nodecheck_passes(const struct machine *machine, const struct probes *probes)
{
	__u32 node = 0;
	int err = check(machine, probes, &node);

	if (err == -ERANGE)
		log_warning(
			"what programs read as node %u is not what the kernel says; pages are shown as of node "
			"\"unknown\": please report this",
			node);
	else if (err)
		log_warning(
			"cannot check whether the node of a page is told right: %s; pages are shown as of node "
			"\"unknown\"",
			err == -ENODATA ? "there is memory of one node only" : strerror(-err));
	return !err;
}
