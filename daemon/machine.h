/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this machine and its kernel are: the sizes and label values of the dimensions, and the facts
 * about the kernel's types that the programs need. Everything about the kernel comes from its BTF,
 * nothing from its version number.
 */
#ifndef MEMOIR_MACHINE_H
#define MEMOIR_MACHINE_H

#include "../bpf/abi/live.h"
#include "../bpf/abi/records.h"

struct btf;

#define MACHINE_MAX_LABELS 512u
/* No kernel has more; there is one more for those that cannot be told. */
#define MACHINE_MAX_NODES 1024u

struct machine {
	struct btf *btf;           /* of the running kernel; owned; NULL once forgotten */
	struct rec_machine record; /* but for times and vmstat base, which others fill */
	__u32 dim_sizes[NR_DIMS];
	struct rec_label labels[MACHINE_MAX_LABELS]; /* of values whose name is not their number */
	__u32 nr_labels;
	__u32 nr_cpu_ids;        /* one more than the highest CPU that there may ever be */
	__u32 page_node_shift;   /* page->flags >> this is the node; 0: every page is of page_node_fixed */
	__u32 page_node_fixed;   /* 0 on a single node; else the value "unknown", one above the real nodes */
	__u32 nr_matrix_nodes;   /* rows and columns of a matrix of nodes */
	bool nodes_are_many;     /* and the node of a page can be told */
	__u32 page_zone_shift;   /* page->flags >> this is the zone, of as many bits as the mask */
	__u32 page_zone_mask;    /* 0: the zone of a page cannot be told */
	__u32 page_flags_offset; /* of page->flags */
	__u32 page_refcount_offset; /* of page->_refcount; 0: not known */
	__u32 live_step_shift;      /* see bpf/abi/live.h; 0: live pages cannot be followed here */
	__u32 nr_live_entries;      /* of the table of live pages, at least 1 */
	__u32 pageblock_order, huge_page_order;
	__u32 reclaim_order_arg; /* see compat.bpf.h, like the next */
	__u32 migrate_reason_arg, scan_status_arg;
	bool deferred_is_no_stall;
	bool zswap_load_tells_bool;
	bool counts_interrupt_disabling;
	__s64 preempt_count_from_rq;
	bool tells_interrupts; /* from tasks, by one of the two ways of compat.bpf.h */
};

/* Reads the machine. 0, or a negative errno after one logged line. machine_free() in any case. */
int machine_read(struct machine *ret);
void machine_free(struct machine *machine);

/*
 * Shows all pages as of a node "unknown" from now on: theirs cannot be told. Before the machine's types are
 * forgotten, and once.
 */
void machine_refuse_page_nodes(struct machine *machine);

/* Frees the kernel's type information, which is large, once no tracepoint is to be looked up any more. */
void machine_forget_types(struct machine *machine);

/* Whether the kernel has this tracepoint. */
int machine_has_tracepoint(const struct machine *machine, const char *name);

/* The value of a dimension with this label in labels, whatever its case, or MACHINE_NO_LABEL. */
#define MACHINE_NO_LABEL (~0u)
__u32 machine_find_label(const struct machine *machine, enum dim dim, const char *text);

/* Calls emit for every value of a machine's own dimension whose name is not its number. */
void machine_labels(const struct machine *machine, void (*emit)(void *ctx, const struct rec_label *label),
		    void *ctx);

#endif
