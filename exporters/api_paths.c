// SPDX-License-Identifier: GPL-2.0-or-later
/* The paths of the JSON API: who answers each, what it needs, and what may be asked of it; see api.h. */
#include <string.h>

#include "../daemon/util.h"
#include "api_request.h"

/* What every path knows: how old the answer may be. */
#define COMMON API_KEY(MAX_AGE_MS)
#define TRACE (API_KEY(PID) | API_KEY(KERNEL) | API_KEY(SECONDS) | API_KEY(EVERY_BYTES) | API_KEY(END))

static const struct api_path {
	const char *path;
	enum api_status (*reply)(struct request *request);
	__u32 keys, required;
	bool shows_live_pages;
	__u32 nr_places;
} paths[] = {
	{ "/v1/status", status_reply, COMMON, 0, false, 0 },
	{ "/v1/probes", probes_reply, COMMON, 0, false, 0 },
	{ "/v1/processes", processes_reply, COMMON, 0, false, 0 },
	{ "/v1/process", process_reply, COMMON | API_KEY(PID), API_KEY(PID), false, 0 },
	{ "/v1/groups", groups_reply, COMMON, 0, false, 0 },
	{ "/v1/faults", faults_reply, COMMON, 0, false, 0 },
	{ "/v1/stalls", stalls_reply, COMMON, 0, false, 0 },
	{ "/v1/events", events_reply, COMMON | API_KEY(AFTER), 0, false, 0 },
	{ "/v1/fragmentation", fragmentation_reply, COMMON | API_KEY(HISTORY), 0, true, 0 },
	{ "/v1/doctor", doctor_reply, COMMON, 0, true, 0 },
	{ "/v1/numa", numa_reply, COMMON, 0, true, 0 },
	{ "/v1/slab", slab_reply, COMMON | API_KEY(LOOK_MS) | API_KEY(EVERY), 0, false, 0 },
	{ "/v1/leaks/trace", leaks_trace_reply, COMMON | TRACE, 0, true, 0 },
	{ "/v1/leaks/stacks", leak_stacks_reply, COMMON, 0, true, ALL_PLACES },
	{ "/v1/leaks", leaks_reply, COMMON, 0, true, SOME_PLACES },
};

static const struct api_path *find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (!strcmp(path, paths[i].path))
			return &paths[i];
	return NULL;
}

bool api_has_path(const char *path)
{
	return find(path);
}

bool api_shows_live_pages(const char *path)
{
	const struct api_path *found = find(path);

	return found && found->shows_live_pages;
}

__u32 api_nr_places(const char *path)
{
	const struct api_path *found = find(path);

	return found ? found->nr_places : 0;
}

__u32 api_keys(const char *path)
{
	const struct api_path *found = find(path);

	return found ? found->keys : 0;
}

__u32 api_required_keys(const char *path)
{
	const struct api_path *found = find(path);

	return found ? found->required : 0;
}

enum api_status api_fail(struct request *request, enum api_status status, const char *message)
{
	json_add_string(&request->json, "error", message);
	return status;
}

enum api_status api_reply(const struct api_context *context, const char *path, const struct api_query *query,
			  struct text *text)
{
	struct request request = {
		.context = context, .query = query, .model = context->model, .json = { .text = text }
	};
	const struct api_path *found = find(path);
	enum api_status status;

	model_status(request.model, &request.status);
	json_object_begin(&request.json, NULL);
	if (!found)
		status = api_fail(&request, API_NOT_FOUND, "no such path; docs/api.md lists them");
	else if (!request.status.machine)
		status = api_fail(&request, API_UNAVAILABLE, "there is no snapshot yet");
	else
		status = found->reply(&request);
	json_object_end(&request.json);
	text_add(text, "\n");
	return status;
}
