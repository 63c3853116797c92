// SPDX-License-Identifier: GPL-2.0-only
/* How an address is read on kernels that have bpf_rdonly_cast(); see compat.bpf.h. */
#include "compat.bpf.h"

extern void *bpf_rdonly_cast(const void *address, __u32 btf_id) __ksym;

/* Any type of the kernel's that begins with an int. */
struct upid___int {
	int nr;
} __attribute__((preserve_access_index));

__u32 read_kernel_u32(const void *address)
{
	const struct upid___int *readable = bpf_rdonly_cast(address,
							    bpf_core_type_id_kernel(struct upid___int));

	return (__u32)readable->nr;
}
