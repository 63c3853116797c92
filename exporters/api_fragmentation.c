// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to "/v1/fragmentation": each part is written by the file of its subject. */
#include "api_request.h"

enum api_status fragmentation_reply(struct request *request)
{
	write_snapshot(request);
	write_zones(request);
	return API_OK;
}
