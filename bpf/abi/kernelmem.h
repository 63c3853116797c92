/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says of the memory that it uses itself: the rows of struct rec_kernel_memory. */
#ifndef MEMOIR_ABI_KERNELMEM_H
#define MEMOIR_ABI_KERNELMEM_H

enum kernel_memory {
	KERNEL_SLAB,             /* SUnreclaim: slab caches that reclaim cannot shrink */
	KERNEL_SLAB_RECLAIMABLE, /* SReclaimable: those that it can */
	KERNEL_STACKS,           /* KernelStack */
	KERNEL_PAGE_TABLES,      /* PageTables and SecPageTables */
	KERNEL_VMALLOC,          /* VmallocUsed; where stacks are mapped, these too */
	KERNEL_PERCPU,           /* Percpu */
	KERNEL_SOCKETS,          /* what /proc/net/sockstat counts as "mem"; part of it is slab */
	KERNEL_SHARED, /* Shmem: shared memory and files of tmpfs, whether or not anybody has them open */
	KERNEL_UNACCOUNTED, /* what is in use, and in none of the lines of /proc/meminfo */
	NR_KERNEL_MEMORY
};

#define KERNEL_MEMORY_UNKNOWN (~0ULL)

#endif
