// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Huge pages, migration and swap of the JSON API: what became of huge pages, what khugepaged made of small
 * ones, which pages were moved and why.
 */
#include "api_request.h"

void write_huge_pages(struct request *request)
{
	json_object_begin(&request->json, "huge_pages");
	write_cube(request, "events", METRIC_THP, "count", true);
	write_cube(request, "khugepaged", METRIC_KHUGEPAGED_SCANS, "count", false);
	write_cube(request, "collapses", METRIC_HUGE_PAGE_COLLAPSES, "count", false);
	json_object_end(&request->json);
	write_cube(request, "migrated", METRIC_MIGRATED_PAGES, "count", false);
	write_cube(request, "swap", METRIC_SWAPPED, "bytes", true);
	write_cube(request, "compaction_work", METRIC_COMPACTION_WORK, "bytes", true);
	write_cube(request, "compaction_events", METRIC_COMPACTION_EVENTS, "count", true);
}
