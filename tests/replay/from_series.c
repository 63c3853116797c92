// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * from_series RECORDING: makes a recording, in the layout of this version, of the series (series.h) on
 * standard input: of a machine with nothing else on it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/model/model.h"
#include "../../daemon/recfile.h"
#include "../../daemon/util.h"
#include "series.h"

#define BOOT_NS (1000 * NSEC_PER_SEC) /* time of the first snapshot, since boot */
#define FIRST_TGID 1000u

static struct recfile *file;
static struct series_process processes[SERIES_MAX_PROCESSES];
static bool has_ended[SERIES_MAX_PROCESSES];
static unsigned int nr_processes;
static enum ledger rows[NR_LEDGER];
static unsigned int nr_rows;
static unsigned long line_nr;
static uint64_t time_ns = BOOT_NS, interval_ns, sequence;

static void __attribute__((noreturn)) refuse(const char *why)
{
	fprintf(stderr, "from_series: line %lu: %s\n", line_nr, why);
	exit(EXIT_FAILURE);
}

static void put(const void *record)
{
	int err = recfile_write(file, record, ((const struct rec_header *)record)->size);

	if (err)
		refuse(strerror(-err));
}

#define HEADER(kind_, type)                                               \
	{                                                                 \
		.kind = (kind_), .size = sizeof(type), .time_ns = time_ns \
	}

static void put_machine(void)
{
	struct rec_machine rec = {
		.h = HEADER(REC_MACHINE, struct rec_machine),
		.layout = model_layout(),
		.wall_offset_ns = 1700000000 * NSEC_PER_SEC,
		.installed_ns = 1700000900 * NSEC_PER_SEC,
		.page_size = 4096,
		.nr_cpus = 2,
		.nr_nodes = 1,
		.nr_migratetypes = 3,
		.nr_orders = 11,
		.nr_compact_results = 1,
		.nr_migrate_reasons = 1,
		.nr_scan_results = 1,
		.nr_zones = 3,
		.nr_matrix_nodes = 1,
		.kernel = "6.18.0-example",
		.version = "0.0.0-example",
	};

	put(&rec);
}

static void put_task(__u32 kind, const struct series_process *process)
{
	struct rec_task rec = { .h = HEADER(kind, struct rec_task), .counts = process->counts };

	/* It begins as the other, and is shorter. */
	if (kind == REC_TASK_EXIT)
		rec.h.size = sizeof(struct rec_task_exit);
	rec.id = (struct task_identity){ .start_ns = process->start_ns,
					 .tgid = process->tgid,
					 .pid = process->tgid,
					 .flags = TASK_IS_LEADER };
	memcpy(rec.id.comm, process->comm, sizeof(rec.id.comm));
	put(&rec);
}

/* All that is known of the snapshot that the lines up to now were about. */
static void put_snapshot(void)
{
	struct rec_snapshot_begin begin = { .h = HEADER(REC_SNAPSHOT_BEGIN, struct rec_snapshot_begin),
					    .sequence = ++sequence };
	struct rec_snapshot_end end = { .h = HEADER(REC_SNAPSHOT_END, struct rec_snapshot_end),
					.duration_ns = NSEC_PER_MSEC,
					.interval_ns = interval_ns };

	for (unsigned int i = 0; i < nr_processes; i++) {
		if (!has_ended[i])
			continue;
		put_task(REC_TASK_EXIT, &processes[i]);
		processes[i].tgid = 0;
		has_ended[i] = false;
	}
	put(&begin);
	for (unsigned int i = 0; i < nr_processes; i++)
		if (processes[i].tgid)
			put_task(REC_TASK, &processes[i]);
	put(&end);
}

static enum ledger find_row(const char *id)
{
	for (__u32 row = 0; row < NR_LEDGER; row++)
		if (!strcmp(ledger_rows[row].id, id))
			return row;
	refuse("this version has no such row");
}

static void take_rows(char *line)
{
	char *save, *id = strtok_r(line, " \n", &save);

	while ((id = strtok_r(NULL, " \n", &save))) {
		if (nr_rows == NR_LEDGER)
			refuse("there are too many rows");
		rows[nr_rows++] = find_row(id);
	}
}

static unsigned long take_number(char **text)
{
	char *end;
	unsigned long value = strtoul(*text, &end, 10);

	if (end == *text)
		refuse("a number is missing");
	*text = end;
	return value;
}

static void take_time(char *line)
{
	static bool is_begun;

	if (is_begun)
		put_snapshot();
	is_begun = true;
	interval_ns = take_number(&line) * NSEC_PER_MSEC;
	time_ns += interval_ns;
}

static struct series_process *take_process(char **line)
{
	unsigned long i = take_number(line);

	if (i >= nr_processes)
		refuse("no such process was named");
	return &processes[i];
}

static void name_process(char *line)
{
	struct series_process *process = &processes[nr_processes];

	if (nr_processes == SERIES_MAX_PROCESSES || take_number(&line) != nr_processes)
		refuse("processes are numbered from 0 on, and there are not so many");
	process->tgid = FIRST_TGID + nr_processes++;
	process->start_ns = BOOT_NS + take_number(&line) * NSEC_PER_MSEC;
	line += strspn(line, " ");
	snprintf(process->comm, sizeof(process->comm), "%.*s", (int)strcspn(line, "\n"), line);
}

static void change(char *line)
{
	struct series_process *process = take_process(&line);

	for (unsigned int i = 0; i < nr_rows; i++)
		process->counts.v[rows[i]] += take_number(&line);
}

static void take_line(char *line)
{
	switch (line[0]) {
	case 'r':
		take_rows(line);
		break;
	case 't':
		line++;
		take_time(line);
		break;
	case 'p':
		line++;
		name_process(line);
		break;
	case 'x':
		line++;
		has_ended[take_process(&line) - processes] = true;
		break;
	default:
		change(line);
	}
}

int main(int argc, char **argv)
{
	char line[1024];
	int err;

	if (argc != 2) {
		fputs("usage: from_series RECORDING <SERIES\n", stderr);
		return 2;
	}
	err = recfile_create(argv[1], &file);
	if (err) {
		fprintf(stderr, "from_series: cannot create %s: %s\n", argv[1], strerror(-err));
		return EXIT_FAILURE;
	}
	put_machine();
	for (line_nr = 1; fgets(line, sizeof(line), stdin); line_nr++)
		take_line(line);
	put_snapshot();
	err = recfile_close(file);
	if (err)
		refuse(strerror(-err));
	return EXIT_SUCCESS;
}
