/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of zones, of any bytes: each line goes to all three parsers. */
#include <string.h>

#include "../../daemon/zonetext.h"
#include "check.h"

static void check_zone(const struct zone_line *zone)
{
	must(zone->nr_values <= ZONE_MAX_VALUES);
	must(memchr(zone->name, '\0', sizeof(zone->name)));
	must(zone->name[0]);
	for (const char *c = zone->name; *c; c++)
		must(*c > ' ' && *c <= '~');
}

struct files {
	struct zoneinfo zoneinfo;
	struct pagetypeinfo pagetypeinfo;
};

static void check_line(void *ctx, const char *line, size_t size)
{
	struct files *files = ctx;
	struct zoneinfo *zoneinfo = &files->zoneinfo;
	struct pagetypeinfo *pagetypeinfo = &files->pagetypeinfo;
	struct zone_line zone;

	if (zone_line_parse(line, size, &zone))
		check_zone(&zone);
	if (zoneinfo_take(zoneinfo, line, size) != ZONEINFO_NOTHING) {
		check_zone(&zoneinfo->zone);
		must(!zoneinfo->zone.nr_values);
	}
	if (pagetypeinfo_take(pagetypeinfo, line, size)) {
		check_zone(&pagetypeinfo->zone);
		must(pagetypeinfo->nr_types && pagetypeinfo->nr_types <= REC_MAX_MIGRATETYPES);
		must(pagetypeinfo->nr_types == pagetypeinfo->zone.nr_values);
		for (__u32 i = 0; i < pagetypeinfo->nr_types; i++)
			must(memchr(pagetypeinfo->type[i], '\0', ZONE_NAME_LEN) && pagetypeinfo->type[i][0]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct files files = {};

	each_line(data, size, check_line, &files);
	return 0;
}
