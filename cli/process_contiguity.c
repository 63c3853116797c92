// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir process PID --contiguity: what the command adds to the daemon's answer, and how it shows it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "../exporters/json.h"
#include "command.h"
#include "histogram.h"
#include "pagemap.h"
#include "view.h"

#define MAX_BAR 30

/* --- into the answer -------------------------------------------------------------------------- */

static void write_runs(struct json *json, const char *kind, const struct pagemap *pagemap,
		       const struct contiguity_runs *runs)
{
	uint64_t huge_pages = pagemap->contiguity.huge_pages;

	json_object_begin(json, NULL);
	json_add_string(json, "kind", kind);
	json_add_u64(json, "resident_bytes", runs->nr_pages * pagemap->page_size);
	json_add_u64(json, "runs", runs->nr_runs);
	json_add_double(json, "mean_run_pages", contiguity_mean(runs));
	json_add_double(json, "weighted_mean_run_pages", contiguity_mean_of_pages(runs));
	json_add_known(json, "in_huge_runs_bytes", huge_pages,
		       contiguity_pages_from(runs, huge_pages) * pagemap->page_size);
	json_array_begin(json, "lengths");
	for (int bin = 0; bin < CONTIGUITY_CLASSES; bin++) {
		if (!runs->runs[bin])
			continue;
		json_object_begin(json, NULL);
		json_add_u64(json, "min_pages", 1ULL << bin);
		json_add_u64(json, "runs", runs->runs[bin]);
		json_add_u64(json, "pages", runs->pages[bin]);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static void write_pages(struct json *json, const struct pagemap *pagemap)
{
	const struct contiguity *contiguity = &pagemap->contiguity;
	static const struct {
		const char *key;
		enum contiguity_page what;
	} sums[] = {
		{ "anonymous_bytes", PAGE_ANONYMOUS }, { "file_bytes", PAGE_FILE },
		{ "swapped_bytes", PAGE_SWAPPED },     { "zero_bytes", PAGE_ZERO },
		{ "special_bytes", PAGE_SPECIAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
		json_add_u64(json, sums[i].key, contiguity->nr[sums[i].what] * pagemap->page_size);
	json_add_known(json, "hugeable_bytes", contiguity->huge_pages,
		       contiguity->nr_hugeable * pagemap->page_size);
	json_add_known(json, "smaps_anon_huge_bytes", pagemap->has_smaps, pagemap->smaps.anon_huge);
	json_add_known(json, "smaps_rss_bytes", pagemap->has_smaps, pagemap->smaps.rss);
	json_add_known(json, "smaps_hugetlb_bytes", pagemap->has_smaps, pagemap->smaps.hugetlb);
}

static void write_contiguity(const struct pagemap *pagemap, struct text *ret)
{
	const struct contiguity *contiguity = &pagemap->contiguity;
	struct json json = { .text = ret };
	struct contiguity_runs all;

	json_object_begin(&json, NULL);
	json_add_string(&json, "end", space_end_names[pagemap->end]);
	json_add_u64(&json, "mapped_bytes", pagemap->mapped_bytes);
	json_add_u64(&json, "seen_bytes", pagemap->seen_bytes);
	json_add_u64(&json, "cpu_ns", pagemap->cpu_ns);
	json_add_bool(&json, "mappings_changed", pagemap->is_changed);
	json_add_u64(&json, "page_size_bytes", pagemap->page_size);
	json_add_known(&json, "huge_page_size_bytes", contiguity->huge_pages,
		       contiguity->huge_pages * pagemap->page_size);
	write_pages(&json, pagemap);
	json_array_begin(&json, "kinds");
	for (int kind = 0; kind < NR_KINDS; kind++)
		if (contiguity->kind[kind].nr_runs)
			write_runs(&json, contiguity_kind_names[kind], pagemap, &contiguity->kind[kind]);
	contiguity_sum(contiguity, &all);
	write_runs(&json, "all", pagemap, &all);
	json_array_end(&json);
	json_object_end(&json);
}

int process_contiguity_write(const struct cli *cli, const json_t *process, struct text *ret)
{
	pid_t pid = (pid_t)reply_u64(process, "pid");
	static struct pagemap pagemap;
	int err;

	if (reply_bool(process, "kernel_thread")) {
		complain("physical contiguity: %d is a kernel thread, which has no memory of its own", pid);
		return EXIT_FAILED;
	}
	err = pagemap_read(pid, reply_u64(process, "start_ns"), cli->seconds * NSEC_PER_SEC, &pagemap);
	if (err) {
		complain("physical contiguity: %s", pagemap.problem);
		return EXIT_FAILED;
	}
	write_contiguity(&pagemap, ret);
	if (pagemap.end != SPACE_GONE)
		return EXIT_OK;
	complain("physical contiguity: process %d ended, or executed another program, while it was looked at",
		 pid);
	return EXIT_FAILED;
}

/* --- out of the answer ------------------------------------------------------------------------ */

static struct human human_pages(const json_t *contiguity, double pages)
{
	return human_bytes(human_round(pages * (double)reply_u64(contiguity, "page_size_bytes")));
}

static void show_kinds(const json_t *contiguity, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "MAPPINGS", .min_width = 9 },
		{ .header = "RESIDENT", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "RUNS", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "MEAN RUN", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "PAGE'S RUN", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "IN HUGE RUNS", .align = TABLE_RIGHT, .min_width = 7 },
	};
	struct table table = TABLE_NEW(columns);
	size_t i;
	json_t *kind;

	json_array_foreach((json_t *)(uintptr_t)reply_member(contiguity, "kinds"), i, kind)
	{
		uint64_t resident = reply_u64(kind, "resident_bytes");
		double in_huge = reply_double(kind, "in_huge_runs_bytes");

		table_cell(&table, reply_string(kind, "kind"));
		table_cell(&table, human_bytes(resident).text);
		table_cell(&table, human_count(reply_u64(kind, "runs")).text);
		table_cell(&table, human_pages(contiguity, reply_double(kind, "mean_run_pages")).text);
		table_cell(&table,
			   human_pages(contiguity, reply_double(kind, "weighted_mean_run_pages")).text);
		table_cell(&table, !reply_is_known(kind, "in_huge_runs_bytes")
					   ? "-"
					   : human_percent(resident ? in_huge / (double)resident : 0).text);
	}
	view_table(out, width, "Physical contiguity: runs of pages that are neighbours in memory too",
		   &table);
	view_line(out, width,
		  "MEAN RUN is memory by runs, PAGE'S RUN the mean over pages of the run they lie");
	view_line(out, width, "in; IN HUGE RUNS is what lies in runs of a huge page's size or more.");
}

/* The last of kinds is the sum. */
static void show_lengths(const json_t *contiguity, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "RUN OF PAGES", .align = TABLE_RIGHT, .min_width = 15 },
		{ .header = "RUNS", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "RESIDENT", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "", .is_flexible = true, .is_optional = true },
	};
	const json_t *kinds = reply_member(contiguity, "kinds");
	const json_t *all = json_array_get(kinds, json_array_size(kinds) - 1);
	const json_t *lengths = reply_member(all, "lengths");
	struct table table = TABLE_NEW(columns);
	uint64_t largest = 1;
	json_t *length;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)lengths, i, length) if (reply_u64(length, "pages") > largest)
		largest = reply_u64(length, "pages");
	json_array_foreach((json_t *)(uintptr_t)lengths, i, length)
	{
		uint64_t min = reply_u64(length, "min_pages"), pages = reply_u64(length, "pages");
		struct text bar = {};
		char range[48];

		snprintf(range, sizeof(range), min > 1 ? "%" PRIu64 "-%" PRIu64 : "%" PRIu64, min,
			 min * 2 - 1);
		histogram_bar(pages, largest, MAX_BAR, &bar);
		table_cell(&table, range);
		table_cell(&table, human_count(reply_u64(length, "runs")).text);
		table_cell(&table, human_pages(contiguity, (double)pages).text);
		table_cell(&table, bar.data ? bar.data : "");
		text_free(&bar);
	}
	view_table(out, width, NULL, &table);
}

static void show_huge(const json_t *contiguity, size_t width, struct text *out)
{
	uint64_t anonymous = reply_u64(contiguity, "anonymous_bytes");
	uint64_t hugeable = reply_u64(contiguity, "hugeable_bytes");
	bool is_known = reply_is_known(contiguity, "smaps_anon_huge_bytes");

	if (!reply_is_known(contiguity, "hugeable_bytes"))
		return;
	view_field(out, width, "Huge pages", "map %s of %s anonymous; %s (%s) lies as they need",
		   is_known ? human_bytes(reply_u64(contiguity, "smaps_anon_huge_bytes")).text : "?",
		   human_bytes(anonymous).text, human_bytes(hugeable).text,
		   human_percent(anonymous ? (double)hugeable / (double)anonymous : 0).text);
}

static void show_how_far(const json_t *contiguity, size_t width, struct text *out)
{
	struct human mapped = human_bytes(reply_u64(contiguity, "mapped_bytes"));
	const char *end = reply_string(contiguity, "end");

	if (!strcmp(end, space_end_names[SPACE_COMPLETE]))
		view_field(out, width, "Read", "all %s of addresses in %s of CPU%s", mapped.text,
			   human_ns(reply_u64(contiguity, "cpu_ns")).text,
			   reply_bool(contiguity, "mappings_changed") ? "; mappings changed meanwhile" : "");
	else
		view_field(out, width, "Read", "%s of %s of addresses, small mappings first: %s",
			   human_bytes(reply_u64(contiguity, "seen_bytes")).text, mapped.text, end);
}

void process_contiguity_show(const json_t *reply, size_t width, struct text *out)
{
	const json_t *contiguity = reply_member(reply, "contiguity");

	if (!json_is_object(contiguity))
		return;
	show_kinds(contiguity, width, out);
	show_lengths(contiguity, width, out);
	text_add(out, "\n");
	show_huge(contiguity, width, out);
	view_field(out, width, "Not in it", "swapped out %s, zeroes %s, device or kernel %s",
		   human_bytes(reply_u64(contiguity, "swapped_bytes")).text,
		   human_bytes(reply_u64(contiguity, "zero_bytes")).text,
		   human_bytes(reply_u64(contiguity, "special_bytes")).text);
	show_how_far(contiguity, width, out);
}
