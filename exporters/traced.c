// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the last trace of a process's heap says of it, where its growth is judged: as a sentence of the
 * evidence, and as members of the JSON API; and of the kernel's memory likewise the sentence.
 */
#include "api_request.h"
#include "frames.h"
#include "human.h"
#include "leaks.h"

static void add_bytes(struct text *text, __u64 bytes, __u64 error)
{
	text_add(text, human_bytes(bytes).text);
	if (error)
		text_add_format(text, " +- %s", human_bytes(error).text);
}

static void say_heaviest(struct text *text, const struct model *model, const struct traced *traced)
{
	const struct rec_trace_stack *stack = &traced->heaviest;

	text_add(text, traced->rec.is_kernel ? ", of slabs and per-CPU memory mostly "
					     : ", the largest part of it, ");
	add_bytes(text, stack->live_bytes, stack->live_error);
	text_add_format(text, " or %s/h, by ",
			human_bytes(human_round(trace_per_hour(&traced->rec, stack->live_bytes))).text);
	if (traced->rec.is_kernel && model_stack(model, stack->stack))
		text_add_place(text, model, stack->stack, 0);
	else if (traced->frames.h.size)
		text_add_user_place(text, model, &traced->frames);
	else
		text_add(text, "a stack whose frames are not known");
}

/* Of the kernel there is one for all kinds of its memory: it tells of that which most of it is. */
static bool tells_of(const struct traced *traced, const struct grower *grower)
{
	if (grower->owner == OWNER_KERNEL)
		return is_seen_by_kernel_trace(grower) && traced->heaviest.h.size &&
		       (traced->heaviest.kind == TRACE_PERCPU) == (grower->kind == KERNEL_PERCPU);
	return grower->owner == OWNER_PROCESS && grower->kind == GROWTH_ANONYMOUS;
}

void text_add_traced(struct text *text, const struct model *model, const struct suspect *suspect)
{
	const struct traced *traced = model_traced(model, suspect->grower.process);
	const struct rec_trace *rec;

	if (!traced || !tells_of(traced, &suspect->grower))
		return;
	rec = &traced->rec;
	text_add_format(text, "A trace of %s%s for %s", rec->is_kernel ? "the kernel" : "its heap",
			rec->is_automatic ? ", which memoird began by itself," : "",
			human_ns(rec->duration_ns).text);
	if (rec->every_bytes)
		text_add_format(text, ", sampling one byte in %s", human_bytes(rec->every_bytes).text);
	text_add(text, ", left ");
	add_bytes(text, rec->live_bytes, rec->live_error);
	text_add(text, " not freed");
	if (traced->heaviest.h.size)
		say_heaviest(text, model, traced);
	text_add(text, "; what is still in use is among it.");
}

void write_traced(struct request *request, const struct process *process)
{
	const struct traced *traced = process ? model_traced(request->model, process) : NULL;
	struct json *json = &request->json;

	if (!traced || !traced->heaviest.h.size)
		json_add_null(json, "stack");
	else
		write_address(request, "stack", traced->heaviest.stack);
	if (!traced) {
		json_add_null(json, "traced");
		return;
	}
	json_object_begin(json, "traced");
	json_add_u64(json, "age_ns", age_ns(request, traced->rec.h.time_ns));
	json_add_bool(json, "is_automatic", traced->rec.is_automatic);
	json_add_u64(json, "duration_ns", traced->rec.duration_ns);
	json_add_u64(json, "every_bytes", traced->rec.every_bytes);
	json_add_u64(json, "outstanding_bytes", traced->rec.live_bytes);
	json_add_u64(json, "outstanding_bytes_error", traced->rec.live_error);
	json_add_u64(json, "stack_bytes", traced->heaviest.live_bytes);
	json_add_u64(json, "stack_bytes_error", traced->heaviest.live_error);
	json_add_double(json, "stack_bytes_per_hour",
			trace_per_hour(&traced->rec, traced->heaviest.live_bytes));
	json_object_begin(json, "user_stack");
	write_found_stack(request, traced->frames.h.size ? &traced->frames : NULL);
	json_object_end(json);
	json_object_end(json);
}
