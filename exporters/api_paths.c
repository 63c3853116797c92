// SPDX-License-Identifier: GPL-2.0-or-later
/* What the paths of the API need that is not part of a snapshot; see api.h. */
#include "api.h"

#include <string.h>

bool api_shows_live_pages(const char *path)
{
	return !strcmp(path, "/v1/fragmentation") || !strcmp(path, "/v1/doctor") ||
	       !strcmp(path, "/v1/numa") || !strncmp(path, "/v1/leaks", strlen("/v1/leaks"));
}

bool api_shows_slab(const char *path)
{
	return !strcmp(path, "/v1/slab");
}

bool api_shows_trace(const char *path)
{
	return !strcmp(path, "/v1/leaks/trace");
}
