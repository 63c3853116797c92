// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir process PID: everything about one process. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "command.h"
#include "interrupt.h"
#include "locality.h"
#include "view.h"

#define DEFAULT_CPU_SECONDS 10

static void show_identity(struct cli *cli, const json_t *process, size_t width, struct text *out)
{
	uint64_t start_ns = reply_u64(process, "start_ns"), now = source_now_ns(&cli->source);

	view_field(out, width, "Process", "%" PRIu64 " %s%s", reply_u64(process, "pid"),
		   reply_string(process, "comm"),
		   reply_bool(process, "kernel_thread") ? " (kernel thread)" : "");
	view_field(out, width, "Unit", "%s", reply_string(process, "unit"));
	view_field(out, width, "Running", "%s, %s thread%s",
		   human_duration(now > start_ns ? now - start_ns : 0).text,
		   human_count(reply_u64(process, "threads")).text, plural(reply_u64(process, "threads")));
}

static void show_memory(const json_t *process, size_t width, struct text *out)
{
	uint64_t anon = reply_u64(process, "rss_anon_bytes"), file = reply_u64(process, "rss_file_bytes");
	uint64_t shmem = reply_u64(process, "rss_shmem_bytes");

	view_field(out, width, "Memory", "%s: %s anonymous, %s file, %s shared",
		   human_bytes(anon + file + shmem).text, human_bytes(anon).text, human_bytes(file).text,
		   human_bytes(shmem).text);
}

/* What comes back or is freed in between hides what goes out: the growth is the least that did. */
static void show_swap(const json_t *process, size_t width, struct text *out)
{
	const json_t *rate = reply_member(process, "rate");
	double growth = reply_double(rate, "swap_bytes");

	if (growth > 0)
		view_field(out, width, "Swapped out", "%s; at least %s/s goes out",
			   human_bytes(reply_u64(process, "swap_bytes")).text, human_byte_rate(growth).text);
	else
		view_field(out, width, "Swapped out", "%s",
			   human_bytes(reply_u64(process, "swap_bytes")).text);
	if (reply_is_known(process, "swapped_in_bytes"))
		view_field(out, width, "Swapped in", "%s so far, %s/s now",
			   human_bytes(reply_u64(process, "swapped_in_bytes")).text,
			   human_byte_rate(reply_double(rate, "swapped_in_bytes")).text);
	else
		view_field(out, width, "Swapped in", "not visible on this kernel (memoir probes)");
}

static void show_faults(const json_t *process, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "FAULTS", .min_width = 17 },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "PER SECOND", .align = TABLE_RIGHT, .min_width = 7 },
	};
	static const struct {
		const char *name, *key;
		bool is_estimate; /* one page of 32 is looked at */
	} kinds[] = {
		{ "minor", "minor_faults", false },
		{ "major", "major_faults", false },
		{ "read", "read_faults", true },
		{ "write", "write_faults", true },
		{ "protection", "protection_faults", true },
		{ "exec", "exec_faults", true },
		/* Those that not every kernel lets us see. */
		{ "anonymous", "anonymous_faults", true },
		{ "file", "file_faults", true },
		{ "file, from storage", "major_file_faults", false },
		{ "copy on write", "copy_on_write_faults", true },
		{ "shared memory", "shared_memory_faults", true },
		{ "swap", "swap_faults", false },
		{ "huge page", "huge_page_faults", false },
		{ "userfaultfd", "userfaultfd_faults", false },
		{ "out of memory", "oom_faults", false },
		{ "bus error", "sigbus_faults", false },
		{ "hardware error", "hwpoison_faults", false },
		{ "access error", "sigsegv_faults", false },
	};
	const json_t *rate = reply_member(process, "rate");
	struct table table = TABLE_NEW(columns);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t count = reply_u64(process, kinds[i].key);
		struct human per_second = human_rate(reply_double(rate, kinds[i].key));
		char estimate[40];

		if (!reply_is_known(process, kinds[i].key))
			continue;
		snprintf(estimate, sizeof(estimate), "%s%s", per_second.text[0] == '0' ? "" : "~",
			 per_second.text);
		table_cell(&table, kinds[i].name);
		table_cell(&table,
			   kinds[i].is_estimate ? human_estimate(count).text : human_count(count).text);
		table_cell(&table, kinds[i].is_estimate ? estimate : per_second.text);
	}
	view_table(out, width, NULL, &table);
}

static void show_fault_time(const json_t *process, size_t width, struct text *out)
{
	const json_t *rate = reply_member(process, "rate");

	if (reply_is_known(process, "major_fault_time_ns"))
		view_line(out, width, "In page faults ~%s, of that %s for storage; now %s of the time.",
			  human_ns(reply_u64(process, "fault_time_ns")).text,
			  human_ns(reply_u64(process, "major_fault_time_ns")).text,
			  human_percent(reply_double(rate, "major_fault_time_ns") / 1e9).text);
}

static void show_allocation(const json_t *process, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PAGES", .min_width = 17 },
		{ .header = "SUM", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "PER SECOND", .align = TABLE_RIGHT, .min_width = 7 },
	};
	const json_t *rate = reply_member(process, "rate");
	struct table table = TABLE_NEW(columns);

	table_cell(&table, "allocated");
	table_cell(&table, human_bytes(reply_u64(process, "allocated_bytes")).text);
	table_cell(&table, human_byte_rate(reply_double(rate, "allocated_bytes")).text);
	table_cell(&table, "freed");
	table_cell(&table, human_bytes(reply_u64(process, "freed_bytes")).text);
	table_cell(&table, human_byte_rate(reply_double(rate, "freed_bytes")).text);
	table_cell(&table, "failed");
	table_cell(&table, human_count(reply_u64(process, "allocation_failures")).text);
	table_cell(&table, human_rate(reply_double(rate, "allocation_failures")).text);
	view_table(out, width, NULL, &table);
}

/* What it asked for in one piece, and whether the pages were where they belong. */
static void show_blocks(const json_t *process, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "BLOCKS", .min_width = 17 },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "PER SECOND", .align = TABLE_RIGHT, .min_width = 7 },
	};
	static const struct {
		const char *name, *key;
	} rows[] = {
		{ "huge pages", "huge_pages" },
		{ "huge pages failed", "huge_page_fallbacks" },
		{ "others failed", "high_order_failures" },
		{ "fallbacks", "fallback_allocations" },
		{ "fallbacks that spoil", "spoiling_allocations" },
	};
	const json_t *rate = reply_member(process, "rate");
	struct table table = TABLE_NEW(columns);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		table_cell(&table, rows[i].name);
		table_cell(&table, human_count(reply_u64(process, rows[i].key)).text);
		table_cell(&table, human_rate(reply_double(rate, rows[i].key)).text);
	}
	view_table(out, width, NULL, &table);
	view_line(out, width,
		  "A fallback took free pages of another migratetype; if it spoils, it fragments.");
}

/* How long it was stalled at a time. */
static void show_waits(const json_t *process, size_t width, struct text *out)
{
	view_line(out, width, "Stalled longer than 1 ms %s times, 10 ms %s, 100 ms %s, 1 s %s.",
		  human_count(reply_u64(process, "stalls_over_1ms")).text,
		  human_count(reply_u64(process, "stalls_over_10ms")).text,
		  human_count(reply_u64(process, "stalls_over_100ms")).text,
		  human_count(reply_u64(process, "stalls_over_1s")).text);
	view_line(out, width, "Of its direct compactions, %s found no block of the size that it needed.",
		  human_count(reply_u64(process, "failed_compactions")).text);
}

/* Every KIND_stall_ns has its KIND_stall_self_ns and its count, KINDs. */
static void add_stall(const json_t *process, const char *kind, struct table *table)
{
	char count[64], total[64], self[64];

	snprintf(count, sizeof(count), "%ss", kind);
	snprintf(total, sizeof(total), "%s_stall_ns", kind);
	snprintf(self, sizeof(self), "%s_stall_self_ns", kind);
	table_cell(table, kind);
	table_cell(table, human_count(reply_u64(process, count)).text);
	table_cell(table, human_ns(reply_u64(process, total)).text);
	table_cell(table, human_ns(reply_u64(process, self)).text);
	table_cell(table, human_percent(reply_double(reply_member(process, "rate"), self) / 1e9).text);
}

static void show_stalls(const json_t *process, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "STALLS", .min_width = 17 },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "TOTAL", .align = TABLE_RIGHT, .min_width = 10 },
		{ .header = "SELF", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "NOW", .align = TABLE_RIGHT, .min_width = 7 },
	};
	static const char suffix[] = "_stall_ns";
	struct table table = TABLE_NEW(columns);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)process, key, value)
	{
		size_t len = strlen(key);
		char kind[32];

		if (len <= sizeof(suffix) - 1 || strcmp(key + len - (sizeof(suffix) - 1), suffix) != 0)
			continue;
		snprintf(kind, sizeof(kind), "%.*s", (int)(len - (sizeof(suffix) - 1)), key);
		add_stall(process, kind, &table);
	}
	view_table(out, width, NULL, &table);
	view_line(out, width, "TOTAL includes stalls nested in it, SELF does not; NOW is SELF by wall time.");
}

int process_view(struct cli *cli, const json_t *reply, struct text *out)
{
	const json_t *process = reply_member(reply, "process");
	size_t width = output_width();

	show_identity(cli, process, width, out);
	show_memory(process, width, out);
	show_swap(process, width, out);
	view_age(out, width, reply);
	show_faults(process, width, out);
	view_line(out, width, "~: estimated from one page in 32.");
	show_fault_time(process, width, out);
	show_allocation(process, width, out);
	show_blocks(process, width, out);
	show_stalls(process, width, out);
	show_waits(process, width, out);
	locality_show(reply_member(reply, "numa"), width, out);
	process_contiguity_show(reply, width, out);
	process_heap_show(reply, width, out);
	process_numa_maps_show(reply, width, out);
	return EXIT_OK;
}

int process_extend(struct cli *cli, struct answer *answer)
{
	static const struct {
		unsigned int option;
		const char *key;
		int (*write)(const struct cli *cli, const json_t *process, struct text *ret);
	} members[] = {
		{ OPTION_CONTIGUITY, "contiguity", process_contiguity_write },
		{ OPTION_HEAP, "heap", process_heap_write },
		{ OPTION_NUMA, "numa_maps", process_numa_maps_write },
	};
	int status = EXIT_OK;

	if (!cli->seconds)
		cli->seconds = DEFAULT_CPU_SECONDS;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct text value = {};
		int written, err;

		if (!(cli->options & members[i].option))
			continue;
		interrupt_init();
		written = members[i].write(cli, reply_member(answer->json, "process"), &value);
		if (!value.len)
			text_add(&value, "null");
		err = answer_add(answer, members[i].key, &value);
		text_free(&value);
		if (err) {
			complain("out of memory");
			return EXIT_FAILED;
		}
		status = written ? written : status;
	}
	return status;
}
