/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads how much memory the machine has, and the kernel uses itself. */
#ifndef MEMOIR_KERNELMEM_H
#define MEMOIR_KERNELMEM_H

#include <stdbool.h>

#include "../bpf/abi/records.h"

struct kernelmem {
	int meminfo_fd, sockstat_fd;
	__u32 page_size;
	__u64 due_ns;
	struct rec_kernel_memory record; /* h.size is 0 unless one is to be emitted */
};

/* Opens the files; what cannot be opened is said, and not visible. */
void kernelmem_open(struct kernelmem *kernelmem, __u32 page_size);
void kernelmem_close(struct kernelmem *kernelmem);

/* Reads them, if that is due at that time, which it returns; and hands out the record inside the snapshot. */
bool kernelmem_read(struct kernelmem *kernelmem, __u64 at_ns);
void kernelmem_emit(struct kernelmem *kernelmem, void (*emit)(void *ctx, const struct rec_header *record),
		    void *ctx);

#endif
