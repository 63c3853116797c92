// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir leaks --heap; see leaks_heap.h. */
#include "leaks_heap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "command.h"

/* So many heaps are read, each with so much CPU time at most. */
#define MAX_HEAPS 4
#define MAX_CPU_NS (2 * NSEC_PER_SEC)

static int add_evidence(json_t *process, const char *sentence)
{
	json_t *evidence = json_object_get(process, "evidence");

	return json_array_append_new(evidence, json_string(sentence)) ? -ENOMEM : 0;
}

static int set_string(json_t *process, const char *key, const char *value)
{
	return json_object_set_new(process, key, json_string(value)) ? -ENOMEM : 0;
}

int leaks_heap_tell(json_t *process, const struct heap *heap)
{
	struct heap_figures all;
	char sentence[256], next[64];
	uint64_t used;
	int err;

	heap_sum(heap, &all);
	used = all.used_resident_bytes + heap->mapped_resident_bytes;
	snprintf(
		sentence, sizeof(sentence),
		"malloc has handed out %s of what is resident, and keeps %s that is free; it could give back %s.",
		human_bytes(used).text, human_bytes(all.free_resident_bytes).text,
		human_bytes(all.trimmable_bytes).text);
	err = add_evidence(process, sentence);
	if (err || heap->end != SPACE_COMPLETE || !heap->has_anonymous ||
	    all.free_resident_bytes < heap->anonymous_bytes / 2)
		return err;
	/* What is free after a peak does not tell why it grows: mmap() may leak beside the heap. */
	if (!strcmp(reply_string(process, "verdict"), "leak"))
		return 0;
	snprintf(next, sizeof(next), "memoir process %" PRIu64 " --heap", reply_u64(process, "pid"));
	err = set_string(process, "verdict", "allocator_fragmentation");
	return err ? err : set_string(process, "next", next);
}

/* Whether its heap may say more than its growth did. */
static bool is_asked(const json_t *process)
{
	return !strcmp(reply_string(process, "kind"), "anonymous") && reply_u64(process, "pid") &&
	       json_is_array(json_object_get(process, "evidence"));
}

static int read_heap(json_t *process)
{
	char sentence[sizeof(((struct heap *)NULL)->problem) + 32];
	struct heap heap;
	int err = heap_read((pid_t)reply_u64(process, "pid"), reply_u64(process, "start_ns"), MAX_CPU_NS,
			    &heap);

	if (err) {
		snprintf(sentence, sizeof(sentence), "Its heap cannot be read: %s.", heap.problem);
		err = add_evidence(process, sentence);
	} else {
		err = leaks_heap_tell(process, &heap);
	}
	heap_free(&heap);
	return err;
}

static bool is_in(const json_t *processes, uint64_t pid)
{
	json_t *process;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)processes, i,
			   process) if (reply_u64(process, "pid") == pid && is_asked(process)) return true;
	return false;
}

/* The one with most anonymous memory that is not among those; NULL where there is none. */
static const json_t *find_largest(const json_t *all, const json_t *listed)
{
	const json_t *largest = NULL;
	json_t *process;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, process)
	{
		if (reply_u64(process, "rss_anon_bytes") > reply_u64(largest, "rss_anon_bytes") &&
		    !is_in(listed, reply_u64(process, "pid")))
			largest = process;
	}
	return largest;
}

/* A process of "/v1/processes" as an element of "/v1/leaks"; NULL without memory. */
static json_t *suspect_of(const json_t *process)
{
	return json_pack("{s:I,s:s,s:I,s:s,s:s,s:s,s:f,s:I,s:[],s:s}", "pid",
			 (json_int_t)reply_u64(process, "pid"), "comm", reply_string(process, "comm"),
			 "start_ns", (json_int_t)reply_u64(process, "start_ns"), "unit",
			 reply_string(process, "unit"), "kind", "anonymous", "verdict", "none", "confidence",
			 0.0, "bytes", (json_int_t)reply_u64(process, "rss_anon_bytes"), "evidence", "next",
			 "");
}

/* Memory that is kept does not grow: those with most are looked at, too, and listed if they keep it. */
static int read_largest(const json_t *all, json_t *listed)
{
	_cleanup_json_ json_t *seen = json_deep_copy(listed);
	int err = seen ? 0 : -ENOMEM;

	for (int i = 0; i < MAX_HEAPS && !err; i++) {
		const json_t *largest = find_largest(all, seen);
		_cleanup_json_ json_t *suspect = largest ? suspect_of(largest) : NULL;

		if (!largest)
			return 0;
		if (!suspect || json_array_append(seen, suspect))
			return -ENOMEM;
		err = read_heap(suspect);
		if (!err && strcmp(reply_string(suspect, "verdict"), "none") != 0 &&
		    json_array_append(listed, suspect))
			err = -ENOMEM;
	}
	return err;
}

/* The body becomes what the answer has become. */
static int write_body(struct answer *answer)
{
	_cleanup_free_ char *text = json_dumps(answer->json, JSON_COMPACT);

	text_clear(&answer->reply.body);
	text_add(&answer->reply.body, text ? text : "");
	text_add(&answer->reply.body, "\n");
	return text && !answer->reply.body.is_failed ? 0 : -ENOMEM;
}

static int read_suspects(json_t *processes)
{
	json_t *process;
	size_t i, nr = 0;
	int err = 0;

	json_array_foreach(processes, i, process)
	{
		if (err || nr >= MAX_HEAPS || !is_asked(process))
			continue;
		nr++;
		err = read_heap(process);
	}
	return err;
}

int leaks_heap_extend(struct cli *cli, struct answer *answer)
{
	json_t *processes = json_object_get(answer->json, "processes");
	_cleanup_answer_ struct answer all = {};
	int err, status;

	if (!(cli->options & OPTION_HEAP) || !json_is_array(processes))
		return EXIT_OK;
	status = command_ask(cli, "/v1/processes", &cli->query, &all);
	if (status)
		return status;
	err = read_suspects(processes);
	if (!err)
		err = read_largest(reply_member(all.json, "processes"), processes);
	if (!err)
		err = write_body(answer);
	if (err)
		complain("out of memory");
	return err ? EXIT_FAILED : EXIT_OK;
}
