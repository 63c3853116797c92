// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * to_series SCALE CORPUS RECORDING: prints the series (series.h) of the processes of a recording that
 * bear a name of the corpus, with all times since the first snapshot multiplied by SCALE. Nothing else of
 * the machine that it was recorded on is kept: processes are numbered, and have no cgroups.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/model/model.h"
#include "../../daemon/recfile.h"
#include "../../daemon/util.h"
#include "../workloads/usage.h"
#include "series.h"

#define MAX_NAMES 256

static char names[MAX_NAMES][MEMOIR_COMM_LEN];
static unsigned int nr_names;
static struct series_process processes[SERIES_MAX_PROCESSES];
static unsigned int nr_processes;
static uint64_t first_ns, last_ms;
static unsigned long scale;

/* The first column of the corpus; the kernel keeps so much of a name. */
static void read_names(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[512];

	if (!file)
		die(path);
	while (nr_names < MAX_NAMES && fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		snprintf(names[nr_names++], MEMOIR_COMM_LEN, "%.*s", (int)strcspn(line, "\t\n"), line);
	}
}

static bool is_of_corpus(const struct task_identity *id)
{
	if (!first_ns || id->pid != id->tgid)
		return false;
	for (unsigned int i = 0; i < nr_names; i++)
		if (!strncmp(names[i], id->comm, MEMOIR_COMM_LEN))
			return true;
	return false;
}

static uint64_t stretched_ms(uint64_t time_ns)
{
	return time_ns > first_ns ? (time_ns - first_ns) * scale / NSEC_PER_MSEC : 0;
}

static struct series_process *find_process(const struct task_identity *id)
{
	for (unsigned int i = nr_processes; i-- > 0;)
		if (processes[i].tgid == id->tgid && processes[i].start_ns == id->start_ns)
			return &processes[i];
	return NULL;
}

static struct series_process *add_process(const struct task_identity *id)
{
	struct series_process *process = &processes[nr_processes];

	if (nr_processes == SERIES_MAX_PROCESSES) {
		fputs("to_series: there are too many processes\n", stderr);
		exit(EXIT_FAILURE);
	}
	process->start_ns = id->start_ns;
	process->tgid = id->tgid;
	printf("p %u %llu %.*s\n", nr_processes++, (unsigned long long)stretched_ms(id->start_ns),
	       MEMOIR_COMM_LEN, id->comm);
	return process;
}

static void print_rows(void)
{
	fputs("rows", stdout);
	for (__u32 row = 0; row < NR_LEDGER; row++)
		if (ledger_rows[row].type == GAUGE)
			printf(" %s", ledger_rows[row].id);
	putchar('\n');
}

static void print_task(const struct rec_task *rec)
{
	struct series_process *process = find_process(&rec->id);
	__u64 *v;

	if (!process)
		process = add_process(&rec->id);
	v = process->counts.v;
	if (!memcmp(v, rec->counts.v, sizeof(rec->counts.v)))
		return;
	printf("%td", process - processes);
	for (__u32 row = 0; row < NR_LEDGER; row++) {
		if (ledger_rows[row].type != GAUGE)
			continue;
		printf(" %lld", (long long)(rec->counts.v[row] - v[row]));
	}
	putchar('\n');
	process->counts = rec->counts;
}

static void print_exit(const struct rec_task_exit *rec)
{
	const struct series_process *process = find_process(&rec->id);

	if (process)
		printf("x %td\n", process - processes);
}

static void print_snapshot(uint64_t time_ns)
{
	if (!first_ns)
		first_ns = time_ns;
	printf("t %llu\n", (unsigned long long)(stretched_ms(time_ns) - last_ms));
	last_ms = stretched_ms(time_ns);
}

/* What is not a gauge is not in the series, and must not make a line. */
static void forget_counters(struct rec_task *rec)
{
	for (__u32 row = 0; row < NR_LEDGER; row++)
		if (ledger_rows[row].type != GAUGE)
			rec->counts.v[row] = 0;
}

static void print_record(void *record)
{
	const struct rec_task_exit *exited = record;
	struct rec_task *task = record;
	const struct rec_header *h = record;

	switch (h->kind) {
	case REC_SNAPSHOT_BEGIN:
		print_snapshot(h->time_ns);
		break;
	case REC_TASK:
		forget_counters(task);
		if (is_of_corpus(&task->id))
			print_task(task);
		break;
	case REC_TASK_EXIT:
		if (is_of_corpus(&exited->id))
			print_exit(exited);
		break;
	default:
		break;
	}
}

int main(int argc, char **argv)
{
	static __u64 record[RECFILE_MAX_RECORD / sizeof(__u64)];
	_cleanup_fclose_ FILE *file = NULL;
	int size;

	if (argc != 4) {
		fputs("usage: to_series SCALE CORPUS RECORDING\n", stderr);
		return 2;
	}
	scale = number(argv[1]);
	read_names(argv[2]);
	file = fopen(argv[3], "re");
	if (!file)
		die(argv[3]);
	size = recfile_read_header(file);
	print_rows();
	for (; size >= 0; print_record(record)) {
		size = recfile_read(file, record);
		if (size <= 0)
			break;
	}
	if (size < 0) {
		errno = -size;
		die(argv[3]);
	}
	return EXIT_SUCCESS;
}
