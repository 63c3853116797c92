/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that are right in size, kind and layout, and anything inside: gets deeper into the model than
 * a file of any bytes does. The input is a list of (kind, length of what follows, bytes of the record's
 * body); a body that is shorter than its record is continued with zeroes. The kind RESTART restarts the
 * daemon.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define MAX_GROUPS 3
#define RESTART 255

static const __u32 sizes[NR_RECORDS] = {
#define RECORD(id, type, is_event) [id] = sizeof(type),
#include "../../bpf/abi/records.def"
#undef RECORD
};

static union {
	struct rec_header h;
	struct rec_machine machine;
	struct rec_cells cells;
	unsigned char bytes[sizeof(struct rec_cells)];
} record;

/* What was exported under a name at the last snapshot; names beyond the table are not watched. */
static struct {
	char comm[MEMOIR_COMM_LEN], unit[REC_NAME_LEN];
	__u64 faults;
} series[MAX_GROUPS + 4];
static __u32 nr_series;

static struct model *start(void *durable)
{
	const struct model_options options = {
		.max_groups = MAX_GROUPS, .max_processes = 5, .max_events = 4, .durable = durable
	};
	struct model *model = model_new(&options);

	must(model);
	return model;
}

/* Fills in the record and returns how many bytes of data it took. */
static size_t make_record(__u32 kind, const uint8_t *data, size_t size)
{
	size_t body = size ? data[0] * 4u : 0, max = sizes[kind] - sizeof(record.h);

	size -= !!size;
	if (body > size)
		body = size;
	if (body > max)
		body = max;
	memset(&record, 0, sizeof(record));
	memcpy(record.bytes + sizeof(record.h), data + 1, body);
	record.h = (struct rec_header){ .kind = kind, .size = sizes[kind] };
	/* Time goes on by what the record begins with, and at times it jumps. */
	if (body >= 2)
		record.h.time_ns = (__u64)data[1] << (data[2] % 64);
	if (kind == REC_MACHINE) {
		record.machine.layout = model_layout();
		record.machine.page_size %= 1u << 18;
		record.machine.installed_ns %= 2;
		record.machine.nr_nodes = record.machine.nr_nodes % 3 + 1;
		record.machine.nr_migratetypes = record.machine.nr_migratetypes % 3 + 1;
		record.machine.nr_orders = record.machine.nr_orders % 3 + 1;
		record.machine.nr_compact_results = record.machine.nr_compact_results % 3 + 1;
		record.machine.nr_migrate_reasons = record.machine.nr_migrate_reasons % 3 + 1;
		record.machine.nr_scan_results = record.machine.nr_scan_results % 3 + 1;
		record.machine.nr_thp_events %= 3;
		record.machine.nr_swap_directions %= 3;
		record.machine.nr_compaction_works %= 3;
		record.machine.nr_compaction_events %= 3;
		record.machine.nr_zones = record.machine.nr_zones % 3 + 1;
		record.machine.nr_matrix_nodes = record.machine.nr_matrix_nodes % 3 + 1;
	} else if (kind == REC_CELLS) {
		record.cells.nr %= REC_MAX_CELLS + 1;
		record.h.size = (__u32)(offsetof(struct rec_cells, cells) + record.cells.nr * sizeof(__u64));
	}
	return body + 1;
}

/* What a model forgets with its daemon. */
static void forget(void)
{
	nr_series = 0;
}

/* No exported total falls while its group stays. */
static void check_monotonic(const struct model *model)
{
	for (__u32 s = 0; s < nr_series; s++) {
		for (__u32 i = 0; i < model_nr_groups(model); i++) {
			const struct group *group = model_group(model, i);

			if (group->is_exported && !strcmp(group->comm, series[s].comm) &&
			    !strcmp(group->unit, series[s].unit))
				must((__s64)(group->total.v[LEDGER_MINOR_FAULTS] - series[s].faults) >= 0);
		}
	}
	forget();
	for (__u32 i = 0; i < model_nr_groups(model) && nr_series < MAX_GROUPS + 4; i++) {
		const struct group *group = model_group(model, i);

		if (!group->is_exported)
			continue;
		memcpy(series[nr_series].comm, group->comm, sizeof(group->comm));
		memcpy(series[nr_series].unit, group->unit, sizeof(group->unit));
		series[nr_series++].faults = group->total.v[LEDGER_MINOR_FAULTS];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *durable = calloc(1, model_durable_size(MAX_GROUPS));
	struct model *model = start(durable);
	size_t at = 0;

	must(durable);
	forget();
	while (at < size) {
		__u32 kind = data[at] == RESTART ? RESTART : data[at] % NR_RECORDS;

		at++;
		if (kind == RESTART) {
			model_free(model);
			model = start(durable);
			forget();
			continue;
		}
		at += make_record(kind, data + at, size - at);
		if (!model_apply(model, &record, record.h.size) && kind == REC_SNAPSHOT_END)
			check_monotonic(model);
	}
	check_model(model);
	model_free(model);
	free(durable);
	return 0;
}
