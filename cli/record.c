// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir record FILE: the daemon's record stream into a file of whole records. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "../bpf/abi/records.h"
#include "../daemon/recfile.h"
#include "../daemon/util.h"
#include "../exporters/human.h"
#include "client.h"
#include "command.h"
#include "interrupt.h"
#include "reply.h"

/* How long the last snapshot may take to arrive. */
#define LAST_SNAPSHOT_NS (30 * NSEC_PER_SEC)
#define RETRY_MS 20
#define MAX_ERROR_BYTES 4096

struct recording {
	struct cli *cli;
	struct client_request request;
	struct recfile *file; /* NULL until the stream has begun */
	uint64_t nr_records;
	size_t nr_pending_bytes;
	__u64 pending[RECFILE_MAX_RECORD / sizeof(__u64)]; /* the beginning of a record, or of the stream */
	uint64_t open_sequence, last_sequence; /* of snapshots: the one that has begun, the last that ended */
	uint64_t wanted_sequence;              /* of the snapshot that ends the record, while is_ending */
	bool is_ending, is_told;
	struct text error; /* body of a response that is none */
};

static int __attribute__((format(printf, 3, 4)))
tell(struct recording *recording, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(format, args);
	va_end(args);
	recording->is_told = true;
	return err;
}

/*
 * Asks for a snapshot. 0 with the sequence of one that began after since_ns (CLOCK_MONOTONIC), -EAGAIN
 * if the daemon refused, or another negative errno.
 */
static int ask_for_snapshot(struct recording *recording, uint64_t since_ns, uint64_t *ret_sequence)
{
	const struct source_query query = { .max_age_ms = 0 };
	_cleanup_reply_ struct source_reply reply;
	_cleanup_json_ json_t *status = NULL;
	const json_t *snapshot;
	int err = source_get(&recording->cli->source, "/v1/status", &query, &reply);

	if (err)
		return err;
	status = reply_parse(&reply.body);
	snapshot = reply_member(status, "snapshot");
	if (reply_u64(snapshot, "age_ns") >= now_ns(CLOCK_MONOTONIC) - since_ns)
		return -EAGAIN;
	*ret_sequence = reply_u64(snapshot, "sequence");
	return 0;
}

/*
 * Wants a snapshot in the stream: a record is as good as those at its ends. The daemon refuses while
 * snapshots on demand have had their share of a CPU, so it is asked again. Returns the sequence, or
 * UINT64_MAX if none came in time.
 */
static uint64_t force_snapshot(struct recording *recording)
{
	uint64_t since_ns = now_ns(CLOCK_MONOTONIC), sequence = UINT64_MAX;

	while (ask_for_snapshot(recording, since_ns, &sequence) == -EAGAIN &&
	       now_ns(CLOCK_MONOTONIC) - since_ns < LAST_SNAPSHOT_NS)
		poll(NULL, 0, RETRY_MS);
	return sequence;
}

static bool is_complete(const struct recording *recording)
{
	return recording->is_ending && recording->last_sequence >= recording->wanted_sequence;
}

static int begin_file(struct recording *recording)
{
	const char *path = recording->cli->record;
	int err;

	if (memcmp(recording->pending, &recfile_header, sizeof(recfile_header)) != 0)
		return tell(recording, -EBADMSG, "%s sent no record stream", recording->cli->source.socket);
	err = recfile_create(path, &recording->file);
	if (err == -EEXIST)
		return tell(recording, err, "cannot create %s: it exists; record wants a new file", path);
	if (err)
		return tell(recording, err, "cannot create %s: %s", path, strerror(-err));
	recording->nr_pending_bytes = 0;
	force_snapshot(recording);
	return 0;
}

/* pending holds one whole record. 1 if it is the last one wanted. */
static int end_record(struct recording *recording, const struct rec_header *header)
{
	int err = recfile_write(recording->file, header, header->size);

	recording->nr_pending_bytes = 0;
	if (err)
		return err;
	recording->nr_records++;
	if (header->kind == REC_SNAPSHOT_BEGIN && header->size >= sizeof(struct rec_snapshot_begin))
		recording->open_sequence = ((const struct rec_snapshot_begin *)header)->sequence;
	if (header->kind == REC_SNAPSHOT_END)
		recording->last_sequence = recording->open_sequence;
	return is_complete(recording);
}

/* What is missing of the header of the stream, of a record's header, or of the record; 0: wrong size. */
static size_t missing_bytes(const struct recording *recording)
{
	const struct rec_header *header = (const struct rec_header *)recording->pending;
	size_t have = recording->nr_pending_bytes;

	if (!recording->file)
		return sizeof(recfile_header) - have;
	if (have < sizeof(*header))
		return sizeof(*header) - have;
	if (header->size <= have || header->size > RECFILE_MAX_RECORD || header->size % 8)
		return 0;
	return header->size - have;
}

static int take_stream(struct recording *recording, const char *bytes, size_t size)
{
	const struct rec_header *header = (const struct rec_header *)recording->pending;
	int err = 0;

	while (size && !err) {
		size_t missing = missing_bytes(recording);
		size_t part = missing < size ? missing : size;

		if (!missing)
			return tell(recording, -EBADMSG, "%s sent what is no record; recording ends",
				    recording->cli->source.socket);
		memcpy((char *)recording->pending + recording->nr_pending_bytes, bytes, part);
		recording->nr_pending_bytes += part;
		bytes += part;
		size -= part;
		if (part < missing)
			break;
		if (!recording->file)
			err = begin_file(recording);
		else if (recording->nr_pending_bytes >= sizeof(*header) &&
			 recording->nr_pending_bytes == header->size)
			err = end_record(recording, header);
	}
	return err;
}

static int on_body(void *ctx, unsigned int status, const char *bytes, size_t size)
{
	struct recording *recording = ctx;

	if (status != 200) {
		if (recording->error.len < MAX_ERROR_BYTES)
			text_add_bytes(&recording->error, bytes, size);
		return size ? 0 : 1;
	}
	if (size)
		return take_stream(recording, bytes, size);
	if (recording->is_ending || !recording->file)
		return 1;
	recording->is_ending = true;
	recording->request.end_ns = now_ns(CLOCK_MONOTONIC) + LAST_SNAPSHOT_NS;
	recording->wanted_sequence = force_snapshot(recording);
	return is_complete(recording);
}

/* What the file holds after a failure to write it. */
static int tell_write_error(const struct recording *recording, int err)
{
	struct stat info;
	bool is_known = !stat(recording->cli->record, &info);

	complain("cannot write to %s: %s; the records before, %s, are whole", recording->cli->record,
		 strerror(-err), is_known ? human_bytes((uint64_t)info.st_size).text : "if any");
	return EXIT_FAILED;
}

static int report(const struct recording *recording, uint64_t nr_bytes)
{
	struct text out = {};
	int status;

	if (recording->cli->is_json)
		text_add_format(&out, "{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n",
				recording->nr_records, nr_bytes);
	else
		text_add_format(&out, "%s records, %s (memoir replay FILE)\n",
				human_count(recording->nr_records).text, human_bytes(nr_bytes).text);
	status = print_text(&out);
	text_free(&out);
	return status;
}

/* The stream has ended, with the error and the result of client_get(). */
static int finish(struct recording *recording, int err, const struct client_result *result)
{
	bool has_file = recording->file != NULL;
	uint64_t nr_bytes = has_file ? recfile_bytes(recording->file) : 0;
	int closed = recfile_close(recording->file);
	char why[256];

	if (recording->is_told)
		return EXIT_FAILED;
	if (closed)
		return tell_write_error(recording, closed);
	if (result->status && result->status != 200) {
		reply_error(&recording->error, result->status, why, sizeof(why));
		complain("cannot record: %s", why);
		return EXIT_FAILED;
	}
	if (err == -EINTR && !has_file)
		return EXIT_OK;
	if (err && err != -EINTR) {
		complain("%s", result->problem);
		return ask_exit_status(err);
	}
	if (!has_file) {
		complain("%s sent no record stream", recording->cli->source.socket);
		return EXIT_FAILED;
	}
	if (!is_complete(recording)) {
		complain(
			"the stream ended before its last snapshot: memoird was stopped, or we were too slow; %s holds %s records",
			recording->cli->record, human_count(recording->nr_records).text);
		return EXIT_FAILED;
	}
	return report(recording, nr_bytes);
}

int record_run(struct cli *cli)
{
	static struct recording recording;
	struct client_result result;
	int err, status;

	recording.cli = cli;
	recording.request = (struct client_request){
		.socket = cli->source.socket,
		.target = "/v1/record",
		.max_body_bytes = UINT64_MAX,
		.is_stream = true,
		.end_ns = NO_DEADLINE,
		.body = on_body,
		.ctx = &recording,
	};
	if (cli->seconds)
		recording.request.end_ns = now_ns(CLOCK_MONOTONIC) + cli->seconds * NSEC_PER_SEC;
	interrupt_init();
	err = client_get(&recording.request, &result);
	status = finish(&recording, err, &result);
	text_free(&recording.error);
	return status;
}
