/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory.stat and the files of one number, of any bytes: no figure is more than the model takes. */
#include "../../daemon/memcgtext.h"
#include "check.h"

struct stats {
	struct memcg_stat of[MEMCG_V2 + 1]; /* by version */
};

static void check_bytes(__u64 bytes)
{
	must(bytes < 1ULL << 62 || bytes == KERNEL_MEMORY_UNKNOWN);
}

static void check_line(void *ctx, const char *line, size_t size)
{
	struct stats *stats = ctx;
	__u64 value;

	if (memcg_value_parse(line, size, &value))
		check_bytes(value);
	for (int version = MEMCG_V1; version <= MEMCG_V2; version++)
		memcg_stat_take((enum memcg_version)version, line, size, &stats->of[version]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stats stats = { { MEMCG_STAT_UNKNOWN, MEMCG_STAT_UNKNOWN } };

	each_line(data, size, check_line, &stats);
	for (int version = MEMCG_V1; version <= MEMCG_V2; version++) {
		const struct memcg_stat *stat = &stats.of[version];
		__u64 held = memcg_stat_held(stat);

		check_bytes(stat->anon);
		check_bytes(stat->file);
		check_bytes(stat->shmem);
		check_bytes(stat->kernel);
		must(held < 1ULL << 63 || held == KERNEL_MEMORY_UNKNOWN);
	}
	return 0;
}
