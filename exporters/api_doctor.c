// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to "/v1/doctor": the verdicts. */
#include "api_request.h"
#include "verdict.h"

static void write_text(struct request *request, const char *key, const struct text *text)
{
	json_add_string(&request->json, key, text->data ? text->data : "");
}

static void write_verdict(struct request *request, const struct verdict *verdict)
{
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	json_add_string(json, "subject", verdict->subject);
	json_add_string(json, "severity", severity_name(verdict->severity));
	if (verdict->since_ns)
		json_add_u64(json, "since_age_ns", age_ns(request, verdict->since_ns));
	else
		json_add_null(json, "since_age_ns");
	write_text(request, "finding", &verdict->finding);
	write_text(request, "evidence", &verdict->evidence);
	write_text(request, "who", &verdict->who);
	write_text(request, "remedy", &verdict->remedy);
	json_object_end(json);
}

/* Why there is none any more; NULL if there is, or was none, as of a recording. */
static const char *end_of_tracer(const struct api_context *context)
{
	const char *problem = context->tracer.problem;

	return !context->tracer.is_running && problem && problem[0] ? problem : NULL;
}

enum api_status doctor_reply(struct request *request)
{
	struct json *json = &request->json;
	struct verdicts verdicts;

	verdicts_judge(request->model, &verdicts);
	verdicts_judge_tracer(end_of_tracer(request->context), &verdicts);
	write_snapshot(request);
	json_add_u64(json, "window_ns", verdicts.window_ns);
	json_add_u64(json, "rules", verdicts.nr_rules);
	json_array_begin(json, "verdicts");
	for (__u32 i = 0; i < verdicts.nr; i++)
		write_verdict(request, &verdicts.verdict[i]);
	json_array_end(json);
	json->text->is_failed |= verdicts.is_failed;
	verdicts_free(&verdicts);
	return API_OK;
}
