/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of /proc/allocinfo, of any bytes. */
#include <stdlib.h>
#include <string.h>

#include "../../cli/allocinfo.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct allocinfo_site site;
	/* As if nothing but the line were there. */
	char *line = malloc(size + !size);

	must(line);
	memcpy(line, data, size);
	if (allocinfo_parse(line, size, &site)) {
		must(site.bytes <= INT64_MAX && site.nr_calls <= INT64_MAX);
		must(memchr(site.place, '\0', sizeof(site.place)) && site.place[0]);
		must(memchr(site.module, '\0', sizeof(site.module)));
		must(memchr(site.function, '\0', sizeof(site.function)) && site.function[0]);
	}
	free(line);
	return 0;
}
