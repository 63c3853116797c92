// SPDX-License-Identifier: GPL-2.0-or-later
/* Where page faults happen; see fault_sites.h. */
#include "fault_sites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../exporters/human.h"
#include "address_space.h"
#include "reply.h"

#define MAX_MAPPINGS 10
#define MAX_STACKS 5
#define MAX_FRAMES 4

/* --- mappings --------------------------------------------------------------------------------- */

void fault_mappings_show(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "COMM", .min_width = 15 },
		{ .header = "KIND" },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "TIME", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "LONGEST SEEN", .align = TABLE_RIGHT },
		{ .header = "IN", .is_flexible = true },
	};
	struct table table = TABLE_NEW(columns);
	json_t *mapping;
	size_t i;

	json_array_foreach(reply_member(reply, "mappings"), i, mapping)
	{
		const char *name = reply_string(mapping, "name");
		struct human count = human_count(reply_u64(mapping, "count")),
			     time = human_ns(reply_u64(mapping, "total_ns"));
		bool is_estimated = reply_bool(mapping, "estimated");
		char pid[24];

		if (i == MAX_MAPPINGS)
			break;
		snprintf(pid, sizeof(pid), "%" PRIu64, reply_u64(mapping, "pid"));
		table_cell(&table, reply_is_known(mapping, "pid") ? pid : "-");
		table_cell(&table, reply_string(mapping, "comm"));
		table_cell(&table, reply_string(mapping, "kind"));
		table_cell(&table, is_estimated ? human_about(count).text : count.text);
		table_cell(&table, is_estimated ? human_about(time).text : time.text);
		table_cell(&table, human_ns(reply_u64(mapping, "longest_ns")).text);
		table_cell(&table, *name ? name : reply_string(mapping, "area"));
	}
	view_table(out, width, "Files and memory that faults took most time in:", &table);
}

/* --- user stacks ------------------------------------------------------------------------------ */

void fault_place(const struct mappings *mappings, uint64_t address, struct text *ret)
{
	const struct mapping *mapping = mappings ? mappings_find(mappings, address) : NULL;
	const char *name, *slash;
	size_t len;

	if (!mapping) {
		text_add_format(ret, "0x%" PRIx64, address);
		return;
	}
	name = mapping->name;
	len = mapping->name_len;
	slash = memrchr(name, '/', len);
	if (slash) {
		len -= (size_t)(slash + 1 - name);
		name = slash + 1;
	}
	if (len)
		text_add_bytes(ret, name, len);
	else
		text_add(ret, "anonymous");
	text_add_format(ret, "+0x%" PRIx64, address - mapping->start + (slash ? mapping->offset : 0));
}

static uint64_t address_of(const json_t *value)
{
	const char *text = json_string_value(value);

	return text ? strtoull(text, NULL, 16) : 0;
}

/*
 * Without frame pointers the kernel takes what it finds for return addresses; what is in no mapping is none,
 * and nor is anything behind it.
 */
static void add_frames(const json_t *stack, const struct mappings *mappings, struct text *ret)
{
	json_t *frame;
	size_t i;

	json_array_foreach(reply_member(stack, "frames"), i, frame)
	{
		uint64_t address = address_of(reply_member(frame, "address"));
		const char *name = reply_string(frame, "name");

		if (i == MAX_FRAMES || (i && (!address || (mappings && !mappings_find(mappings, address)))))
			break;
		if (i)
			text_add(ret, " < ");
		if (*name)
			text_add(ret, name);
		else
			fault_place(mappings, address, ret);
	}
}

static void show_stack(const json_t *stack, bool is_here, size_t width, struct text *out)
{
	uint64_t pid = reply_u64(stack, "pid"), start_ns = reply_u64(stack, "start_ns");
	struct text maps = {}, place = {}, frames = {};
	struct mappings mappings = {};
	const struct mappings *known = NULL;

	if (is_here && pid && pid <= INT32_MAX && !process_read_maps((pid_t)pid, start_ns, &maps) &&
	    !mappings_parse(maps.data, maps.len, (uint64_t)sysconf(_SC_PAGESIZE), &mappings))
		known = &mappings;
	fault_place(known, address_of(reply_member(stack, "address")), &place);
	add_frames(stack, known, &frames);
	view_line(out, width, "%8s +-%s  %s (%" PRIu64 "), %s at %s",
		  human_estimate(reply_u64(stack, "count")).text, human_count(reply_u64(stack, "error")).text,
		  reply_string(stack, "comm"), pid, reply_string(stack, "access"),
		  place.data ? place.data : "");
	view_paragraph(out, width, 10, "", frames.data ? frames.data : "");
	mappings_free(&mappings);
	text_free(&maps);
	text_free(&place);
	text_free(&frames);
}

void fault_stacks_show(const json_t *reply, bool is_here, size_t width, struct text *out)
{
	const json_t *stacks = reply_member(reply, "stacks");
	json_t *stack;
	size_t i;

	if (!json_array_size(stacks))
		return;
	text_add(out, "\n");
	view_line(out, width, "Code that faults most, from one fault in 4096, the innermost frame first:");
	json_array_foreach(stacks, i, stack)
	{
		if (i == MAX_STACKS)
			break;
		show_stack(stack, is_here, width, out);
	}
}
