// SPDX-License-Identifier: GPL-2.0-or-later
/* NUMA of the JSON API: nodes, what went between them, and the processes whose memory is most remote. */
#include "../bpf/abi/hist.h"
#include "../daemon/model/numa.h"
#include "api_request.h"
#include "locality.h"

/* --- nodes ------------------------------------------------------------------------------------ */

static const char *node_label(const struct request *request, __u32 node)
{
	return model_dim_label(request->model, DIM_NODE, node);
}

static void write_numastat(struct request *request, __u32 node)
{
	const struct cube *cube = model_cube(request->model, METRIC_NUMASTAT);
	const __u64 *cells = model_cells(request->model, METRIC_NUMASTAT) + node * cube->stride[0];

	json_object_begin(&request->json, "numastat");
	for (__u32 item = 0; item < NR_NUMASTAT_ITEMS; item++)
		json_add_u64(&request->json, model_dim_label(request->model, DIM_NUMASTAT_ITEM, item),
			     cells[item]);
	json_object_end(&request->json);
}

static void write_node(struct request *request, __u32 node)
{
	__u64 managed_pages = 0, free_pages = 0, page_size = request->status.machine->page_size;
	struct json *json = &request->json;

	if (!model_has_node(request->model, node))
		return;
	for (__u32 i = 0; i < model_nr_zones(request->model); i++) {
		const struct zone *zone = model_zone(request->model, i);

		if (zone->node != node)
			continue;
		managed_pages += zone->managed_pages;
		free_pages += zone->free_pages;
	}
	json_object_begin(json, NULL);
	json_add_string(json, "node", node_label(request, node));
	json_add_u64(json, "cpus", model_cells(request->model, METRIC_NODE_CPUS)[node]);
	json_add_u64(json, "managed_bytes", managed_pages * page_size);
	json_add_u64(json, "free_bytes", free_pages * page_size);
	write_numastat(request, node);
	json_object_end(json);
}

/* --- the machine ------------------------------------------------------------------------------ */

/* CPUs against memory, all that there was and what there was lately. */
static void write_matrix(struct request *request, const char *key, enum metric metric, const char *value_key,
			 const char *recent_key)
{
	const struct cube *cube = model_cube(request->model, metric);
	const __u64 *cells = model_cells(request->model, metric);
	struct json *json = &request->json;

	if (!model_sees_metric(request->model, metric)) {
		json_add_null(json, key);
		return;
	}
	json_array_begin(json, key);
	for (__u32 cell = 0; cell < cube->size[0] * cube->stride[0]; cell++) {
		if (!cells[cell])
			continue;
		json_object_begin(json, NULL);
		write_cell_labels(request, metric, cell);
		write_cell(request, value_key, metric, cells[cell]);
		write_cell(request, recent_key, metric, model_placement_growth(request->model, metric, cell));
		json_object_end(json);
	}
	json_array_end(json);
}

/* Waiting for pages that hint faults move, on all nodes. */
static void write_migration_stall(struct request *request)
{
	const struct cube *cube = model_cube(request->model, METRIC_STALL);
	const __u64 *cells = model_cells(request->model, METRIC_STALL) +
			     STALL_NUMA_MIGRATION * cube->stride[0];
	__u64 count = 0, sum_ns = 0;

	for (__u32 node = 0; node < cube->size[1]; node++, cells += cube->stride[1]) {
		count += hist_count(cells);
		sum_ns += cells[HIST_SUM];
	}
	json_object_begin(&request->json, "migration_stall");
	json_add_u64(&request->json, "count", count);
	json_add_u64(&request->json, "sum_ns", sum_ns);
	json_object_end(&request->json);
}

/* --- a process -------------------------------------------------------------------------------- */

static void write_node_list(struct request *request, const char *key, __u64 nodes)
{
	json_array_begin(&request->json, key);
	for (__u32 node = 0; node < 64 && node < model_dim_size(request->model, DIM_NODE); node++)
		if (nodes >> node & 1)
			json_add_string(&request->json, NULL, node_label(request, node));
	json_array_end(&request->json);
}

static void write_residency(struct request *request, const struct process *process)
{
	const struct rec_live *live = model_live(request->model);
	__u64 page_size = request->status.machine->page_size;
	struct json *json = &request->json;
	const struct rec_residency *rows;
	__u32 nr;

	rows = model_residency(request->model, process, &nr);
	json_array_begin(json, "resident");
	for (__u32 i = 0; live && i < nr; i++) {
		json_object_begin(json, NULL);
		json_add_string(json, "node", node_label(request, rows[i].node));
		json_add_u64(json, "bytes", rows[i].nr_pages * live->step_pages * page_size);
		json_add_u64(json, "error_bytes",
			     live_error_pages(rows[i].nr_pages, live->step_pages) * page_size);
		json_object_end(json);
	}
	json_array_end(json);
}

/* How a kind of flow is shown. */
static const struct flow_shape {
	const char *key, *from_key, *to_key, *value_key;
	bool is_pages, has_reason;
} flow_shapes[NR_NUMA_FLOWS] = {
	[FLOW_HINT_FAULTS] = { "hint_faults", "cpu_node", "memory_node", "count", false, false },
	[FLOW_ALLOCATED] = { "allocated", "cpu_node", "memory_node", "bytes", true, false },
	[FLOW_MIGRATED] = { "migrated", "from_node", "to_node", "bytes", true, true },
	[FLOW_TASK_MOVES] = { "task_moves", "from_node", "to_node", "count", false, false },
};

static void write_flows(struct request *request, const struct process *process, enum numa_flow kind)
{
	const struct flow_shape *shape = &flow_shapes[kind];
	__u64 unit = shape->is_pages ? request->status.machine->page_size : 1;
	struct json *json = &request->json;
	const struct rec_numa_flow *flows;
	__u32 nr;

	flows = model_numa_flows(request->model, process, &nr);
	json_array_begin(json, shape->key);
	for (__u32 i = 0; i < nr; i++) {
		const struct numa_flow_key *key = &flows[i].key;

		if (key->flow != kind)
			continue;
		json_object_begin(json, NULL);
		if (shape->has_reason)
			json_add_string(json, "reason",
					model_dim_label(request->model, DIM_MIGRATE_REASON, key->reason));
		json_add_string(json, shape->from_key, node_label(request, key->from));
		json_add_string(json, shape->to_key, node_label(request, key->to));
		json_add_u64(json, shape->value_key, flows[i].nr * unit);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_judgement(struct request *request, const struct process *process)
{
	struct locality locality = locality_of(request->model, process);
	struct json *json = &request->json;
	struct text text = {};

	if (locality.basis == BASIS_NONE)
		json_add_null(json, "remote_share");
	else
		json_add_double(json, "remote_share", locality.remote_share);
	json_add_string(json, "basis", locality_basis_name(locality.basis));
	json_add_string(json, "cause", locality_cause_name(locality.cause));
	locality_explain(request->model, process, &locality, &text);
	json_add_string(json, "cause_text", text.data ? text.data : "");
	text_clear(&text);
	locality_advise(request->model, process, &locality, &text);
	json_add_string(json, "remedy", text.len ? text.data : "");
	text_free(&text);
}

static const enum ledger numa_rows[] = {
	LEDGER_NUMA_LOCAL_FAULTS, LEDGER_NUMA_REMOTE_FAULTS,   LEDGER_ALLOCATED,
	LEDGER_ALLOCATED_REMOTE,  LEDGER_NUMA_MIGRATED,        LEDGER_NUMA_REFUSED,
	LEDGER_NUMA_MIGRATIONS,   LEDGER_NUMA_MIGRATION_STALL, LEDGER_NUMA_TASK_MOVES,
};

static void write_numa_rows(struct request *request, const struct process *process)
{
	const float *rates = model_process_rates(request->model, process);
	struct json *json = &request->json;
	struct ledger_counts total;

	process_totals(process, &total);
	for (size_t i = 0; i < sizeof(numa_rows) / sizeof(numa_rows[0]); i++)
		write_row(request, &total, numa_rows[i]);
	json_object_begin(json, "rate");
	for (size_t i = 0; i < sizeof(numa_rows) / sizeof(numa_rows[0]); i++)
		write_rate(request, rates, numa_rows[i]);
	json_object_end(json);
}

void write_process_numa(struct request *request, const struct process *process)
{
	struct json *json = &request->json;

	write_node_list(request, "cpu_nodes", process->cpu_nodes);
	json_add_string(json, "policy", policy_name(process->policy));
	write_node_list(request, "allowed_nodes", process->allowed_nodes);
	write_numa_rows(request, process);
	write_residency(request, process);
	for (int kind = 0; kind < NR_NUMA_FLOWS; kind++)
		write_flows(request, process, (enum numa_flow)kind);
	write_judgement(request, process);
}

/* --- the processes that are most remote ------------------------------------------------------- */

#define MAX_PROCESSES 50

struct ranked {
	const struct process *process;
	double remote_pages; /* resident memory, as far as it is remote */
};

static void rank(const struct model *model, struct ranked ranked[MAX_PROCESSES], __u32 *nr,
		 const struct process *process)
{
	struct locality locality = locality_of(model, process);
	__u64 resident_pages = process_total(process, LEDGER_RSS_ANON) +
			       process_total(process, LEDGER_RSS_FILE) +
			       process_total(process, LEDGER_RSS_SHMEM);
	struct ranked candidate = { process, locality.remote_share * (double)resident_pages };
	__u32 place = *nr;

	if (locality.basis == BASIS_NONE ||
	    (*nr == MAX_PROCESSES && candidate.remote_pages <= ranked[*nr - 1].remote_pages))
		return;
	if (*nr == MAX_PROCESSES)
		place--;
	else
		++*nr;
	for (; place > 0 && candidate.remote_pages > ranked[place - 1].remote_pages; place--)
		ranked[place] = ranked[place - 1];
	ranked[place] = candidate;
}

static void write_processes(struct request *request)
{
	const struct model *model = request->model;
	struct ranked ranked[MAX_PROCESSES];
	struct json *json = &request->json;
	__u32 nr = 0;

	for (__u32 i = 0; i < model_nr_processes(model); i++)
		rank(model, ranked, &nr, model_process(model, i));
	json_array_begin(json, "processes");
	for (__u32 i = 0; i < nr; i++) {
		const struct process *process = ranked[i].process;

		json_object_begin(json, NULL);
		json_add_u64(json, "pid", process->tgid);
		json_add_string(json, "comm", process->comm);
		json_add_string(json, "unit", model_group(model, process->group)->unit);
		json_add_u64(json, "threads", process->nr_threads);
		write_process_numa(request, process);
		json_object_end(json);
	}
	json_array_end(json);
}

enum api_status numa_reply(struct request *request)
{
	const struct model *model = request->model;
	struct json *json = &request->json;

	write_snapshot(request);
	json_add_string(json, "balancing", model_setting(model, SETTING_NUMA_BALANCING));
	json_add_bool(json, "page_nodes_known", model_sees_row(model, LEDGER_ALLOCATED_REMOTE));
	json_array_begin(json, "nodes");
	for (__u32 node = 0; node < model_dim_size(model, DIM_NODE); node++)
		write_node(request, node);
	json_array_end(json);
	json_add_u64(json, "recent_ns", model_placement_covered_ns(model));
	write_matrix(request, "hint_faults", METRIC_NUMA_HINT_FAULTS, "count", "recent_count");
	write_matrix(request, "allocated", METRIC_NUMA_ALLOCATED, "bytes", "recent_bytes");
	write_cube(request, "allocations", METRIC_NUMA_ALLOCATIONS, "count", false);
	write_cube(request, "migrated", METRIC_MIGRATED, "bytes", false);
	write_cube(request, "refused", METRIC_NUMA_REFUSED, "bytes", false);
	write_cube(request, "migrated_pages", METRIC_MIGRATED_PAGES, "count", false);
	write_migration_stall(request);
	write_cube(request, "task_moves", METRIC_NUMA_TASK_MOVES, "count", false);
	if (model_live(model))
		json_add_u64(json, "live_age_ns", age_ns(request, model_live(model)->h.time_ns));
	else
		json_add_null(json, "live_age_ns");
	write_processes(request);
	return API_OK;
}
