// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir doctor: what is wrong with the machine's memory, since when, who, and what helps. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../exporters/human.h"
#include "command.h"
#include "view.h"

#define INDENT 4

static const char *heading(const char *severity)
{
	if (!strcmp(severity, "problem"))
		return "PROBLEM:";
	return !strcmp(severity, "warning") ? "WARNING:" : "NOTE:";
}

static void show_verdict(const json_t *verdict, size_t width, struct text *out)
{
	const char *who = reply_string(verdict, "who"), *remedy = reply_string(verdict, "remedy");
	char since[64] = "Seen:";

	view_line(out, width, "%s", "");
	view_paragraph(out, width, 0, heading(reply_string(verdict, "severity")),
		       reply_string(verdict, "finding"));
	if (reply_is_known(verdict, "since_age_ns"))
		snprintf(since, sizeof(since),
			 "For %s:", human_duration(reply_u64(verdict, "since_age_ns")).text);
	view_paragraph(out, width, INDENT, since, reply_string(verdict, "evidence"));
	if (who[0])
		view_paragraph(out, width, INDENT, "Who:", who);
	if (remedy[0])
		view_paragraph(out, width, INDENT, "What helps:", remedy);
}

int doctor_view(struct cli *cli, const json_t *reply, struct text *out)
{
	const json_t *verdicts = reply_member(reply, "verdicts");
	size_t width = output_width(), i;
	json_t *verdict;

	(void)cli;
	view_line(out, width, "%" PRIu64 " rules looked at the last %s: %s.", reply_u64(reply, "rules"),
		  human_duration(reply_u64(reply, "window_ns")).text,
		  json_array_size(verdicts) ? "this is what they found" : "nothing is wrong");
	json_array_foreach(verdicts, i, verdict) show_verdict(verdict, width, out);
	return EXIT_OK;
}
