// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes from node to node for each process; see numa_flows.h. */
#include "numa_flows.h"

#include <stdlib.h>

#include "batch.h"
#include "util.h"

#define BATCH 256u
/* More entries than this, and those of processes that are gone go. */
#define NEARLY_FULL (MAX_NUMA_FLOWS / 4 * 3)

struct numa_flows {
	int fd;
	const struct model *model;
	struct numa_flow_key keys[BATCH];
	__u64 counts[BATCH];
	__u32 nr; /* entries that the last reading met */
};

struct numa_flows *numa_flows_new(const struct probes *probes, const struct model *model)
{
	struct numa_flows *flows = calloc(1, sizeof(*flows));

	if (!flows)
		return NULL;
	flows->fd = probes_map_fd(probes, "numa_flows");
	flows->model = model;
	return flows;
}

void numa_flows_free(struct numa_flows *flows)
{
	free(flows);
}

int numa_flows_read(struct numa_flows *flows, void (*emit)(void *ctx, const struct rec_header *record),
		    void *ctx)
{
	struct batch batch = { .fd = flows->fd, .keys = flows->keys, .values = flows->counts, .max = BATCH };
	bool is_full = flows->nr > NEARLY_FULL;
	__u32 nr_emitted = 0;

	flows->nr = 0;
	while (batch_next(&batch)) {
		for (__u32 i = 0; i < batch.nr; i++) {
			struct rec_numa_flow record = { .h = { REC_NUMA_FLOW, sizeof(record),
							       now_ns(CLOCK_BOOTTIME) },
							.key = flows->keys[i],
							.nr = flows->counts[i] };

			if (!model_lives(flows->model, record.key.tgid, record.key.start_ns)) {
				if (is_full)
					bpf_map_delete_elem(flows->fd, &record.key);
			} else if (nr_emitted < REC_MAX_NUMA_FLOWS) {
				emit(ctx, &record.h);
				nr_emitted++;
			}
		}
		flows->nr += batch.nr;
	}
	return batch.err;
}
