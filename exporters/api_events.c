// SPDX-License-Identifier: GPL-2.0-or-later
/* The events of the JSON API; see api.h. */
#include <string.h>

#include "api_request.h"

static void write_identity(struct request *request, const struct task_identity *id)
{
	char comm[MEMOIR_COMM_LEN + 1] = "";

	memcpy(comm, id->comm, MEMOIR_COMM_LEN);
	json_add_u64(&request->json, "pid", id->pid);
	json_add_u64(&request->json, "tgid", id->tgid);
	json_add_string(&request->json, "comm", comm);
	json_add_string(&request->json, "unit", model_cgroup_unit(request->model, id->cgroup_id));
}

static void write_stall_event(struct request *request, const struct rec_stall *stall)
{
	struct json *json = &request->json;

	write_identity(request, &stall->id);
	json_add_string(json, "kind", model_dim_label(request->model, DIM_STALL_KIND, stall->kind));
	json_add_u64(json, "total_ns", stall->total_ns);
	json_add_u64(json, "self_ns", stall->self_ns);
	json_add_u64(json, "order", stall->order);
	json_add_string(json, "node", model_dim_label(request->model, DIM_NODE, stall->node));
	if (stall->kind == STALL_DIRECT_COMPACTION)
		json_add_string(json, "result",
				model_dim_label(request->model, DIM_COMPACT_RESULT, stall->result));
	else
		json_add_null(json, "result");
	json_add_u64(json, "reclaimed_bytes", stall->reclaimed_pages * request->status.machine->page_size);
}

static void write_oom_event(struct request *request, const struct rec_oom_kill *kill)
{
	struct json *json = &request->json;
	char comm[MEMOIR_COMM_LEN + 1] = "";

	memcpy(comm, kill->victim_comm, MEMOIR_COMM_LEN);
	write_identity(request, &kill->id);
	json_add_u64(json, "victim_pid", kill->victim_pid);
	json_add_string(json, "victim_comm", comm);
	json_add_s64(json, "oom_score_adj", (__s32)kill->oom_score_adj);
	json_add_u64(json, "total_vm_bytes", kill->total_vm_kb * 1024);
	json_add_u64(json, "anon_rss_bytes", kill->anon_rss_kb * 1024);
	json_add_u64(json, "file_rss_bytes", kill->file_rss_kb * 1024);
	json_add_u64(json, "shmem_rss_bytes", kill->shmem_rss_kb * 1024);
	json_add_u64(json, "pgtables_bytes", kill->pgtables_kb * 1024);
}

static void write_failure_event(struct request *request, const struct rec_alloc_failure *failure)
{
	struct json *json = &request->json;

	write_identity(request, &failure->id);
	json_add_u64(json, "order", failure->order);
	json_add_string(json, "migratetype",
			model_dim_label(request->model, DIM_MIGRATETYPE, failure->migratetype));
	json_add_u64(json, "gfp_flags", failure->gfp_flags);
	json_add_bool(json, "in_interrupt", failure->in_interrupt);
}

static void write_event(struct request *request, __u64 number)
{
	const union event *event = model_event(request->model, number);
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	json_add_u64(json, "number", number);
	json_add_string(json, "event", record_name(event->h.kind));
	json_add_u64(json, "time_ns", event->h.time_ns + request->status.machine->wall_offset_ns);
	if (event->h.kind == REC_STALL)
		write_stall_event(request, &event->stall);
	else if (event->h.kind == REC_OOM_KILL)
		write_oom_event(request, &event->oom_kill);
	else if (event->h.kind == REC_ALLOC_FAILURE)
		write_failure_event(request, &event->alloc_failure);
	json_object_end(json);
}

enum api_status events_reply(struct request *request)
{
	__u64 after = request->query->v[API_AFTER], first, last, from;
	struct json *json = &request->json;

	model_event_range(request->model, &first, &last);
	from = after >= last ? last + 1 : after + 1 > first ? after + 1 : first;
	json_add_u64(json, "first", first);
	json_add_u64(json, "last", last);
	json_add_u64(json, "lost", after < last && after + 1 < first ? first - after - 1 : 0);
	json_array_begin(json, "events");
	for (__u64 number = from; number <= last; number++)
		write_event(request, number);
	json_array_end(json);
	return API_OK;
}
