// SPDX-License-Identifier: GPL-2.0-only
/* How an address is read on kernels that have bpf_rdonly_cast(); see compat.bpf.h. */
#include "compat.bpf.h"

__u32 read_kernel_u32(const void *address)
{
	const struct upid___int *readable = bpf_rdonly_cast(address,
							    bpf_core_type_id_kernel(struct upid___int));

	return (__u32)readable->nr;
}
