/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory.stat and the files of one number, of any bytes: no figure is more than the model takes. */
#include "../../daemon/memcgtext.h"
#include "check.h"

static void check_bytes(__u64 bytes)
{
	must(bytes < 1ULL << 62 || bytes == KERNEL_MEMORY_UNKNOWN);
}

static void check_line(void *ctx, const char *line, size_t size)
{
	__u64 value;

	(void)ctx;
	if (memcg_value_parse(line, size, &value))
		check_bytes(value);
	for (int version = MEMCG_V1; version <= MEMCG_V2; version++) {
		struct rec_cgroup_memory record = {};

		memcg_stat_take((enum memcg_version)version, line, size, &record);
		check_bytes(record.anon_bytes);
		check_bytes(record.file_bytes);
		check_bytes(record.shmem_bytes);
		check_bytes(record.kernel_bytes);
		must(!record.usage_bytes && !record.limit_bytes && !record.left_bytes && !record.cgroup_id);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	each_line(data, size, check_line, NULL);
	return 0;
}
