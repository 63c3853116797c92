// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's own memory; see kernelmem.h. */
#include "kernelmem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "log.h"
#include "meminfotext.h"
#include "procfs.h"
#include "util.h"

static int open_file(const char *path, const char *consequence)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		log_warning("cannot open %s: %s; %s", path, strerror(errno), consequence);
	return fd;
}

void kernelmem_open(struct kernelmem *kernelmem, __u32 page_size)
{
	*kernelmem = (struct kernelmem){ .page_size = page_size };
	kernelmem->meminfo_fd = open_file("/proc/meminfo",
					  "what memory there is, and what the kernel uses, is not visible");
	kernelmem->sockstat_fd = open_file("/proc/net/sockstat", "the memory of sockets is not visible");
}

void kernelmem_close(struct kernelmem *kernelmem)
{
	cleanup_close(&kernelmem->meminfo_fd);
	cleanup_close(&kernelmem->sockstat_fd);
}

static void take_meminfo(void *ctx, const char *line, size_t size)
{
	meminfo_take(ctx, line, size);
}

static void take_sockstat(void *ctx, const char *line, size_t size)
{
	sockstat_take(ctx, line, size);
}

bool kernelmem_read(struct kernelmem *kernelmem, __u64 at_ns)
{
	struct meminfo info = {};

	kernelmem->record.h.size = 0;
	if (at_ns < kernelmem->due_ns || kernelmem->meminfo_fd < 0)
		return false;
	kernelmem->due_ns = at_ns + KERNEL_MEMORY_STEP_NS;
	if (lines_read(kernelmem->meminfo_fd, take_meminfo, &info))
		return false;
	if (kernelmem->sockstat_fd >= 0)
		lines_read(kernelmem->sockstat_fd, take_sockstat, &info);
	kernelmem->record.h = (struct rec_header){ REC_KERNEL_MEMORY, sizeof(kernelmem->record), at_ns };
	meminfo_tell(&info, kernelmem->page_size, &kernelmem->record);
	return true;
}

void kernelmem_emit(struct kernelmem *kernelmem, void (*emit)(void *ctx, const struct rec_header *record),
		    void *ctx)
{
	if (kernelmem->record.h.size)
		emit(ctx, &kernelmem->record.h);
}
