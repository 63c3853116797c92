// SPDX-License-Identifier: GPL-2.0-or-later
/* One event as one line; see event_text.h. */
#include "event_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "reply.h"
#include "view.h"

/* Local time as ISO 8601, to the millisecond. */
static void add_time(struct text *line, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NSEC_PER_SEC);
	char text[32] = "?";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	text_add_format(line, "%s.%03u", text, (unsigned int)(time_ns % NSEC_PER_SEC / NSEC_PER_MSEC));
}

static void add_who(struct text *line, const char *comm, uint64_t pid)
{
	text_add_format(line, " %s[%" PRIu64 "]", comm, pid);
}

static void add_unit(struct text *line, const json_t *event)
{
	if (*reply_string(event, "unit"))
		text_add_format(line, " in %s", reply_string(event, "unit"));
}

static void add_stall(struct text *line, const json_t *event)
{
	text_add_format(line, " %s %s", reply_string(event, "kind"),
			human_ns(reply_u64(event, "total_ns")).text);
	add_who(line, reply_string(event, "comm"), reply_u64(event, "tgid"));
	if (*reply_string(event, "result"))
		text_add_format(line, " %s", reply_string(event, "result"));
	if (reply_u64(event, "reclaimed_bytes"))
		text_add_format(line, " got %s", human_bytes(reply_u64(event, "reclaimed_bytes")).text);
	text_add_format(line, " order %" PRIu64 " self %s node %s", reply_u64(event, "order"),
			human_ns(reply_u64(event, "self_ns")).text, reply_string(event, "node"));
	add_unit(line, event);
}

static void add_oom_kill(struct text *line, const json_t *event)
{
	text_add(line, " oom_kill");
	add_who(line, reply_string(event, "victim_comm"), reply_u64(event, "victim_pid"));
	text_add_format(line, " anon %s", human_bytes(reply_u64(event, "anon_rss_bytes")).text);
	text_add_format(line, " file %s", human_bytes(reply_u64(event, "file_rss_bytes")).text);
	text_add_format(line, " shmem %s", human_bytes(reply_u64(event, "shmem_rss_bytes")).text);
	text_add_format(line, " adj %" PRId64 ", by", reply_s64(event, "oom_score_adj"));
	add_who(line, reply_string(event, "comm"), reply_u64(event, "tgid"));
	add_unit(line, event);
}

static void add_failure(struct text *line, const json_t *event)
{
	text_add_format(line, " alloc_failure order %" PRIu64, reply_u64(event, "order"));
	add_who(line, reply_string(event, "comm"), reply_u64(event, "tgid"));
	text_add_format(line, " %s gfp %#" PRIx64 "%s", reply_string(event, "migratetype"),
			reply_u64(event, "gfp_flags"),
			reply_bool(event, "in_interrupt") ? " in interrupt" : "");
	add_unit(line, event);
}

void event_text_add(struct text *out, const json_t *event, size_t width)
{
	const char *kind = reply_string(event, "event");
	struct text line = {};

	add_time(&line, reply_u64(event, "time_ns"));
	if (!strcmp(kind, "stall"))
		add_stall(&line, event);
	else if (!strcmp(kind, "oom_kill"))
		add_oom_kill(&line, event);
	else if (!strcmp(kind, "alloc_failure"))
		add_failure(&line, event);
	else
		text_add_format(&line, " %s", kind);
	view_line(out, width, "%s", line.is_failed ? "" : line.data);
	out->is_failed |= line.is_failed;
	text_free(&line);
}
