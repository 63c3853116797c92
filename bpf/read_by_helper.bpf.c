// SPDX-License-Identifier: GPL-2.0-only
/* How an address is read on kernels that have no bpf_rdonly_cast(); see compat.bpf.h. */
#include "compat.bpf.h"

__u32 read_kernel_u32(const void *address)
{
	__u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), address);
	return value;
}
