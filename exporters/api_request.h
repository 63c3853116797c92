/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the handlers of the JSON API share; private to api*.c. */
#ifndef MEMOIR_API_REQUEST_H
#define MEMOIR_API_REQUEST_H

#include "api.h"
#include "json.h"

struct request {
	const struct api_context *context;
	const struct api_query *query;
	const struct model *model;
	struct model_status status; /* machine is never NULL in a handler */
	struct json json;
};

enum api_status events_reply(struct request *request);

#endif
