// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON API; see api.h, and docs/api.md for the shapes. */
#include "api.h"

#include <stdint.h>
#include <string.h>

#include "../bpf/abi/hist.h"
#include "../daemon/model/numa.h"
#include "api_request.h"

__u64 age_ns(const struct request *request, __u64 time_ns)
{
	return request->context->now_ns > time_ns ? request->context->now_ns - time_ns : 0;
}

void write_snapshot(struct request *request)
{
	struct json *json = &request->json;

	json_object_begin(json, "snapshot");
	json_add_u64(json, "sequence", request->status.sequence);
	json_add_u64(json, "age_ns", age_ns(request, request->status.time_ns));
	json_add_u64(json, "duration_ns", request->status.duration_ns);
	json_add_u64(json, "interval_ns", request->status.interval_ns);
	json_object_end(json);
}

/* --- status and probes ------------------------------------------------------------------------ */

static void write_agreement(struct request *request)
{
	const struct model_status *status = &request->status;
	struct json *json = &request->json;

	json_object_begin(json, "agreement");
	if (status->quiet_time_ns)
		json_add_u64(json, "age_ns", age_ns(request, status->quiet_time_ns));
	else
		json_add_null(json, "age_ns");
	json_array_begin(json, "items");
	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++) {
		__u64 kernel = status->quiet_vmstat[item] - status->machine->vmstat_base[item];

		if (!status->quiet_time_ns || !(status->machine->vmstat_known & (1u << item)))
			continue;
		json_object_begin(json, NULL);
		json_add_string(json, "item", vmstat_item_name(item));
		json_add_u64(json, "kernel", kernel);
		json_add_u64(json, "memoir", status->quiet_counted[item]);
		json_add_s64(json, "remainder", (__s64)(kernel - status->quiet_counted[item]));
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static void write_lost(struct request *request)
{
	const __u64 *cells = model_cells(request->model, METRIC_LOST);

	json_object_begin(&request->json, "lost");
	for (__u32 i = 0; i < NR_LOSSES; i++)
		json_add_u64(&request->json, model_dim_label(request->model, DIM_LOSS, i), cells[i]);
	json_object_end(&request->json);
}

enum api_status status_reply(struct request *request)
{
	const struct api_context *context = request->context;
	const struct rec_machine *machine = request->status.machine;
	struct json *json = &request->json;
	__u32 nr_attached = 0, nr_wanted = 0;

	json_add_string(json, "version", machine->version);
	json_add_string(json, "kernel", machine->kernel);
	json_add_u64(json, "uptime_ns", age_ns(request, context->started_ns));
	json_add_u64(json, "installed_time_ns", machine->installed_ns);
	json_add_u64(json, "restarts_survived", context->restarts_survived);
	json_add_u64(json, "page_size_bytes", machine->page_size);
	json_add_u64(json, "cpus", machine->nr_cpus);
	json_add_u64(json, "nodes", model_nr_nodes(request->model));
	write_snapshot(request);
	json_add_u64(json, "tasks", request->status.nr_tasks);
	json_add_u64(json, "processes", request->status.nr_processes);
	json_add_u64(json, "groups", request->status.nr_groups);
	json_object_begin(json, "daemon");
	json_add_u64(json, "cpu_ns", context->daemon_cpu_ns);
	json_add_u64(json, "rss_bytes", context->daemon_rss_bytes);
	json_object_end(json);
	json_object_begin(json, "tracer");
	json_add_bool(json, "is_running", context->tracer.is_running);
	json_add_u64(json, "cpu_ns", context->tracer.cpu_ns);
	json_add_u64(json, "rss_bytes", context->tracer.rss_bytes);
	json_add_string(json, "problem", context->tracer.problem ? context->tracer.problem : "");
	json_object_end(json);
	for (__u32 i = 0; i < model_nr_probes(request->model); i++) {
		nr_attached += model_probe(request->model, i)->state == PROBE_ATTACHED;
		nr_wanted += probe_is_wanted(model_probe(request->model, i)->state);
	}
	json_object_begin(json, "probes");
	json_add_u64(json, "attached", nr_attached);
	json_add_u64(json, "total", nr_wanted);
	json_object_end(json);
	write_agreement(request);
	write_lost(request);
	return API_OK;
}

enum api_status probes_reply(struct request *request)
{
	struct json *json = &request->json;

	json_array_begin(json, "probes");
	for (__u32 i = 0; i < model_nr_probes(request->model); i++) {
		const struct rec_probe *probe = model_probe(request->model, i);

		json_object_begin(json, NULL);
		json_add_string(json, "name", probe->name);
		json_add_string(json, "target", probe->target);
		json_add_string(json, "state", probe_state_name(probe->state));
		json_add_string(json, "reason", probe->reason);
		/* The kernel counts runs only while kernel.bpf_stats_enabled is 1. */
		if (probe->run_count) {
			json_add_u64(json, "run_count", probe->run_count);
			json_add_u64(json, "run_time_ns", probe->run_time_ns);
		} else {
			json_add_null(json, "run_count");
			json_add_null(json, "run_time_ns");
		}
		json_add_u64(json, "recursion_misses", probe->recursion_misses);
		json_object_end(json);
	}
	json_array_end(json);
	return API_OK;
}

/* --- processes and groups --------------------------------------------------------------------- */

void write_row(struct request *request, const struct ledger_counts *counts, enum ledger row)
{
	__u64 scale = ledger_rows[row].unit == PAGES ? request->status.machine->page_size : 1;
	char key[ROW_NAME_LEN];

	row_key(key, ledger_rows[row].id, ledger_rows[row].unit);
	if (model_sees_row(request->model, row))
		json_add_u64(&request->json, key, counts->v[row] * scale);
	else
		json_add_null(&request->json, key);
}

void write_rate(struct request *request, const float rate[NR_LEDGER], enum ledger row)
{
	double scale = ledger_rows[row].unit == PAGES ? request->status.machine->page_size : 1;
	char key[ROW_NAME_LEN];

	if (rate[row] == 0)
		return;
	row_key(key, ledger_rows[row].id, ledger_rows[row].unit);
	json_add_double(&request->json, key, (double)rate[row] * scale);
}

/* All rows, or only the counters. */
static void write_ledger(struct request *request, const struct ledger_counts *counts, bool only_counters)
{
	for (int row = 0; row < NR_LEDGER; row++)
		if (!only_counters || ledger_rows[row].type == COUNTER)
			write_row(request, counts, (enum ledger)row);
}

/* Only those that are not 0: of ten thousand processes, nearly all are idle in nearly all rows. */
static void write_rates(struct request *request, const float rate[NR_LEDGER])
{
	json_object_begin(&request->json, "rate");
	for (int row = 0; row < NR_LEDGER; row++)
		write_rate(request, rate, (enum ledger)row);
	json_object_end(&request->json);
}

static void write_process(struct request *request, const char *key, const struct process *process)
{
	struct json *json = &request->json;
	struct ledger_counts total;

	process_totals(process, &total);
	json_object_begin(json, key);
	json_add_u64(json, "pid", process->tgid);
	json_add_string(json, "comm", process->comm);
	json_add_string(json, "unit", model_group(request->model, process->group)->unit);
	json_add_u64(json, "start_ns", process->start_ns);
	json_add_u64(json, "threads", process->nr_threads);
	json_add_bool(json, "kernel_thread", process->is_kthread);
	write_ledger(request, &total, false);
	write_rates(request, model_process_rates(request->model, process));
	json_object_end(json);
}

enum api_status processes_reply(struct request *request)
{
	struct json *json = &request->json;

	write_snapshot(request);
	json_array_begin(json, "processes");
	for (__u32 i = 0; i < model_nr_processes(request->model); i++)
		write_process(request, NULL, model_process(request->model, i));
	json_array_end(json);
	json_array_begin(json, "owners");
	for (__u32 account = 0; account < NR_ACCOUNTS; account++) {
		json_object_begin(json, NULL);
		json_add_string(json, "name", account_name(account));
		write_ledger(request, model_account(request->model, account), true);
		json_object_end(json);
	}
	json_array_end(json);
	return API_OK;
}

enum api_status process_reply(struct request *request)
{
	const struct process *process;

	process = model_find_process(request->model, (__u32)request->query->v[API_PID]);
	if (!process)
		return api_fail(request, API_NOT_FOUND, "no such process at the last snapshot");
	write_snapshot(request);
	write_process(request, "process", process);
	if (model_nr_nodes(request->model) > 1 && model_sees_row(request->model, LEDGER_ALLOCATED_REMOTE)) {
		json_object_begin(&request->json, "numa");
		write_process_numa(request, process);
		json_object_end(&request->json);
	}
	return API_OK;
}

enum api_status groups_reply(struct request *request)
{
	struct json *json = &request->json;

	write_snapshot(request);
	json_array_begin(json, "groups");
	for (__u32 i = 0; i < model_nr_groups(request->model); i++) {
		const struct group *group = model_group(request->model, i);

		json_object_begin(json, NULL);
		json_add_string(json, "comm", group->comm);
		json_add_string(json, "unit", group->unit);
		json_add_bool(json, "exported", group->is_exported);
		json_add_u64(json, "processes", group->nr_processes);
		write_ledger(request, &group->total, false);
		write_rates(request, group->rate);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_begin(json, "retired");
	write_ledger(request, model_retired(request->model), true);
	json_object_end(json);
	return API_OK;
}

/* --- system-wide views ------------------------------------------------------------------------ */

static void write_stall(struct request *request, __u32 kind, __u32 node)
{
	const struct cube *cube = model_cube(request->model, METRIC_STALL);
	const __u64 *cells = model_cells(request->model, METRIC_STALL) + kind * cube->stride[0] +
			     node * cube->stride[1];
	const struct cube *self_cube = model_cube(request->model, METRIC_STALL_SELF);
	const __u64 *self = model_cells(request->model, METRIC_STALL_SELF) + kind * self_cube->stride[0] +
			    node * self_cube->stride[1];
	struct json *json = &request->json;
	__u64 count = hist_count(cells);

	if (!count)
		return;
	json_object_begin(json, NULL);
	json_add_string(json, "kind", model_dim_label(request->model, DIM_STALL_KIND, kind));
	json_add_string(json, "node", model_dim_label(request->model, DIM_NODE, node));
	json_add_u64(json, "count", count);
	json_add_u64(json, "total_ns", cells[HIST_SUM]);
	json_add_u64(json, "self_ns", *self);
	write_histogram(request, cells);
	json_object_end(json);
}

/* Kinds and orders that have stalled: how often, and how long in all. */
static void write_stalls_by_order(struct request *request)
{
	const struct cube *cube = model_cube(request->model, METRIC_STALLS_BY_ORDER);
	const __u64 *count = model_cells(request->model, METRIC_STALLS_BY_ORDER);
	const __u64 *total_ns = model_cells(request->model, METRIC_STALL_BY_ORDER);
	struct json *json = &request->json;

	json_array_begin(json, "by_order");
	for (__u32 cell = 0; cell < cube->size[0] * cube->stride[0]; cell++) {
		__u32 kind = cell / cube->stride[0], order = cell / cube->stride[1] % cube->size[1];

		if (!count[cell])
			continue;
		json_object_begin(json, NULL);
		json_add_string(json, "kind", model_dim_label(request->model, DIM_STALL_KIND, kind));
		json_add_string(json, "order", model_dim_label(request->model, DIM_ORDER, order));
		json_add_u64(json, "count", count[cell]);
		json_add_u64(json, "total_ns", total_ns[cell]);
		json_object_end(json);
	}
	json_array_end(json);
}

enum api_status stalls_reply(struct request *request)
{
	struct json *json = &request->json;

	write_snapshot(request);
	write_bounds(request);
	json_array_begin(json, "stalls");
	for (__u32 kind = 0; kind < NR_STALL_KINDS; kind++)
		for (__u32 node = 0; node < model_dim_size(request->model, DIM_NODE); node++)
			write_stall(request, kind, node);
	json_array_end(json);
	write_stalls_by_order(request);
	write_cube(request, "reclaimed", METRIC_RECLAIMED, "bytes", false);
	write_cube(request, "compactions", METRIC_COMPACTIONS, "count", false);
	write_cube(request, "direct_compactions", METRIC_DIRECT_COMPACTIONS, "count", false);
	json_add_u64(json, "compact_stalls", *model_cells(request->model, METRIC_COMPACT_STALLS));
	json_add_u64(json, "oom_kills", *model_cells(request->model, METRIC_OOM_KILLS));
	return API_OK;
}
