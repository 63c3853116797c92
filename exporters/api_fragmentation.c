// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to "/v1/fragmentation": each part is written by the file of its subject. */
#include "api_request.h"

/* Those that this kernel has. */
static void write_settings(struct request *request)
{
	struct json *json = &request->json;

	json_object_begin(json, "settings");
	for (__u32 setting = 0; setting < NR_SETTINGS; setting++) {
		const char *value = model_setting(request->model, setting);

		if (value[0])
			json_add_string(json, setting_name(setting), value);
	}
	json_object_end(json);
}

enum api_status fragmentation_reply(struct request *request)
{
	write_snapshot(request);
	write_zones(request);
	write_settings(request);
	write_holders(request);
	write_fallbacks(request);
	write_huge_pages(request);
	return API_OK;
}
