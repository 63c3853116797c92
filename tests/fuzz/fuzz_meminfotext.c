/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/meminfo and /proc/net/sockstat, of any bytes: whatever they say, the model takes what follows. */
#include "../../daemon/meminfotext.h"
#include "check.h"

#define MOST_PAGES (1ULL << 44)

static void check_pages(__u64 pages)
{
	must(pages <= MOST_PAGES || pages == KERNEL_MEMORY_UNKNOWN);
}

static void take_line(void *ctx, const char *line, size_t size)
{
	meminfo_take(ctx, line, size);
	sockstat_take(ctx, line, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rec_kernel_memory record;
	struct meminfo info = {};

	each_line(data, size, take_line, &info);
	for (__u32 page_size = 4096; page_size <= 65536; page_size *= 4) {
		meminfo_tell(&info, page_size, &record);
		check_pages(record.total_pages);
		check_pages(record.available_pages);
		check_pages(record.swap_free_pages);
		for (int i = 0; i < NR_KERNEL_MEMORY; i++)
			check_pages(record.pages[i]);
	}
	return 0;
}
