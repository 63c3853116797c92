// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel itself says of who allocated its memory, where it was built to know (/proc/allocinfo): a
 * member of the answer that memoir leaks gets from the daemon, because only root may read it.
 */
#include <errno.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "../exporters/json.h"
#include "allocinfo.h"
#include "command.h"
#include "page_owner.h"
#include "view.h"

#define ALLOCINFO "/proc/allocinfo"
#define PAGE_OWNER "/sys/kernel/debug/page_owner_stacks/show_stacks"

#define MAX_SITES 64u
#define MAX_ROWS 8u
#define MAX_LINE 512u

/* Something that holds memory, with a name or two. */
struct site {
	uint64_t bytes, nr_calls;
	char function[PAGE_OWNER_CALLERS_LEN], place[96], module[56];
};

/* The sites that hold most, the largest first; and how much all hold. */
struct sites {
	struct site largest[MAX_SITES];
	size_t nr;
	uint64_t bytes;
};

static void keep(struct sites *sites, const struct site *site)
{
	size_t place = sites->nr;

	sites->bytes += site->bytes;
	if (!site->bytes || (sites->nr == MAX_SITES && site->bytes <= sites->largest[place - 1].bytes))
		return;
	if (sites->nr == MAX_SITES)
		place--;
	else
		sites->nr++;
	for (; place > 0 && site->bytes > sites->largest[place - 1].bytes; place--)
		sites->largest[place] = sites->largest[place - 1];
	sites->largest[place] = *site;
}

/* Reads a file line by line. False where the kernel has none, or we may not read it. */
static bool for_each_line(const char *path, void (*take)(void *ctx, const char *line, size_t size), void *ctx)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[MAX_LINE];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		take(ctx, line, strcspn(line, "\n"));
	return !ferror(file);
}

static void take_allocinfo(void *ctx, const char *line, size_t size)
{
	struct allocinfo_site parsed;
	struct site site = {};

	if (!allocinfo_parse(line, size, &parsed))
		return;
	site.bytes = parsed.bytes;
	site.nr_calls = parsed.nr_calls;
	memcpy(site.function, parsed.function, sizeof(parsed.function));
	memcpy(site.place, parsed.place, sizeof(parsed.place));
	memcpy(site.module, parsed.module, sizeof(parsed.module));
	keep(ctx, &site);
}

struct owner_reading {
	struct sites *sites;
	struct page_owner_stack stack;
};

static void take_page_owner(void *ctx, const char *line, size_t size)
{
	struct owner_reading *reading = ctx;
	struct site site = {};

	if (!page_owner_take(&reading->stack, line, size))
		return;
	site.bytes = reading->stack.nr_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	memcpy(site.function, reading->stack.callers, sizeof(site.function));
	keep(reading->sites, &site);
}

static void write_sites(const struct sites *sites, bool has_places, struct text *ret)
{
	struct json json = { .text = ret };

	json_object_begin(&json, NULL);
	json_add_u64(&json, "bytes", sites->bytes);
	json_array_begin(&json, "sites");
	for (size_t i = 0; i < sites->nr; i++) {
		const struct site *site = &sites->largest[i];

		json_object_begin(&json, NULL);
		json_add_u64(&json, "bytes", site->bytes);
		json_add_string(&json, "function", site->function);
		if (has_places) {
			json_add_u64(&json, "calls", site->nr_calls);
			json_add_string(&json, "place", site->place);
			json_add_string(&json, "module", site->module);
		}
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
}

/* Adds a member, null unless the sites are known. */
static int add_member(struct answer *answer, const char *key, bool is_known, const struct sites *sites,
		      bool has_places)
{
	struct text value = {};
	int err;

	if (is_known)
		write_sites(sites, has_places, &value);
	else
		text_add(&value, "null");
	err = answer_add(answer, key, &value);
	text_free(&value);
	return err;
}

int leaks_extend(struct cli *cli, struct answer *answer)
{
	struct sites lines = {}, stacks = {};
	struct owner_reading reading = { .sites = &stacks };
	bool is_now = !cli->replay; /* what was recorded is of another time */
	int status = leaks_heap_extend(cli, answer), err;

	if (status)
		return status;
	err = add_member(answer, "allocinfo", is_now && for_each_line(ALLOCINFO, take_allocinfo, &lines),
			 &lines, true);
	if (!err)
		err = add_member(answer, "page_owner",
				 is_now && for_each_line(PAGE_OWNER, take_page_owner, &reading), &stacks,
				 false);
	if (!err)
		return EXIT_OK;
	complain("out of memory");
	return EXIT_FAILED;
}

static void show_sites(const json_t *reply, const char *member, const char *title, bool has_places,
		       size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "SIZE", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "FUNCTION", .is_flexible = true },
		{ .header = "CALLS", .align = TABLE_RIGHT },
		{ .header = "AT" },
	};
	const json_t *sites = reply_member(reply_member(reply, member), "sites");
	struct table table = TABLE_NEW(columns);
	json_t *site;
	size_t i;

	table.gap = 1;
	if (!has_places)
		table.nr_columns = 2;
	json_array_foreach((json_t *)(uintptr_t)sites, i, site)
	{
		if (i == MAX_ROWS)
			break;
		table_cell(&table, human_bytes(reply_u64(site, "bytes")).text);
		table_cell(&table, reply_string(site, "function"));
		if (!has_places)
			continue;
		table_cell(&table, human_count(reply_u64(site, "calls")).text);
		table_cell(&table, reply_string(site, "place"));
	}
	view_table(out, width, title, &table);
}

void leaks_kernel_show(const json_t *reply, size_t width, struct text *out)
{
	show_sites(reply, "allocinfo",
		   "What is allocated in the kernel, by its own account (allocinfo):", true, width, out);
	show_sites(reply, "page_owner", "Pages that are in use, by its own account (page_owner):", false,
		   width, out);
}
