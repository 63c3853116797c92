// SPDX-License-Identifier: GPL-2.0-or-later
/* User stacks in the answers of the API: each frame with what is known of it, and how the stack was found. */
#include <stdio.h>

#include "api_request.h"

void write_address(struct request *request, const char *key, __u64 address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
	json_add_string(&request->json, key, text);
}

static void write_known(struct json *json, const char *key, const char *text)
{
	if (*text)
		json_add_string(json, key, text);
	else
		json_add_null(json, key);
}

static void write_user_frame(struct request *request, __u32 tgid, __u64 start_ns, __u64 ip)
{
	const struct rec_user_symbol *symbol = model_user_symbol(request->model, tgid, start_ns, ip);
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	write_address(request, "address", ip);
	write_known(json, "name", symbol ? symbol->text : "");
	write_known(json, "module", symbol ? symbol->module : "");
	write_known(json, "file", symbol ? symbol->file : "");
	json_add_known(json, "line", symbol && symbol->line, symbol ? symbol->line : 0);
	json_object_end(json);
}

void write_user_frames(struct request *request, __u32 tgid, __u64 start_ns, const __u64 *ip, __u32 nr)
{
	json_array_begin(&request->json, "frames");
	for (__u32 frame = 0; frame < nr; frame++)
		write_user_frame(request, tgid, start_ns, ip[frame]);
	json_array_end(&request->json);
}

void write_found_stack(struct request *request, const struct rec_user_stack *stack)
{
	if (stack) {
		json_add_string(&request->json, "found_by", stack_how_name(stack->how));
		write_user_frames(request, stack->tgid, stack->start_ns, stack->ip, stack->nr);
	} else {
		json_add_null(&request->json, "found_by");
		write_user_frames(request, 0, 0, NULL, 0);
	}
}

void write_user_stack(struct request *request, __u64 key)
{
	write_found_stack(request, key ? model_user_stack(request->model, key) : NULL);
}
