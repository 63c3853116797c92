/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of page faults: by process, cause and mapping, and by process and user stack. The programs fill
 * them, and the daemon reads them and keeps room in them.
 */
#ifndef MEMOIR_ABI_FAULTS_H
#define MEMOIR_ABI_FAULTS_H

#include "ledger.h"
#include "types.h"

/* Of ordinary faults, those of one page in so many are looked at. */
#define FAULT_SAMPLE_SHIFT 5
#define FAULT_SAMPLE (1u << FAULT_SAMPLE_SHIFT)
/* ... and of them, one in so many has its stack taken, at random. */
#define FAULT_STACK_EVERY 128u
/* So many faults each stack stands for. */
#define FAULT_STACK_SAMPLE (FAULT_SAMPLE * FAULT_STACK_EVERY)

/* Entries of each table. When it is nearly full, the daemon removes the lesser half. */
#define MAX_FAULT_SITES 2048u

#define FAULT_NAME_LEN 48
#define FAULT_MAX_USER_FRAMES 16

/*
 * What kind of memory it is that a fault was in. AREA_OTHERS is no place: all faults of a cause that found no
 * entry of their own, or lost it, whoever had them. The daemon makes those entries, and they stay.
 */
enum fault_area { AREA_FILE, AREA_HEAP, AREA_STACK, AREA_ANONYMOUS, AREA_OTHERS, NR_FAULT_AREAS };

/* All 0 for AREA_OTHERS but the cause; the daemon has entries of its own, with another dev. */
struct fault_mapping_key {
	__u64 start_ns; /* of the process, as in struct task_identity; with tgid it names the process */
	__u64 ino;      /* 0: no file */
	__u32 tgid;
	__u32 dev;
	__u32 cause;
	__u32 area;
};

struct fault_mapping_count {
	struct task_identity id; /* of the task that was the first */
	__u64 count, nr_major, total_ns, longest_ns;
	char name[FAULT_NAME_LEN];
};

struct fault_stack_key {
	__u64 start_ns;
	__u64 stack; /* hash of the frames */
	__u32 tgid;
	__u32 pad;
};

struct fault_stack_count {
	struct task_identity id;
	__u64 count;
	__u64 address;
	__u32 access;
	__u32 nr;
	__u64 ip[FAULT_MAX_USER_FRAMES];
};

#endif
