// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /v1/record: the record stream. Each reader has a bounded buffer, which has room for a snapshot of a
 * large machine; one that has it full, or reads nothing for as long as a connection may last, is cut
 * off, because a stream with a hole would replay to a wrong answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/log.h"
#include "../daemon/recfile.h"
#include "../daemon/util.h"
#include "http_internal.h"

#define MAX_BUFFER_BYTES (64u << 20)
#define KEEP_BUFFER_BYTES (1u << 16)

struct record_stream {
	struct record_stream *next;
	struct http *http;
	struct MHD_Connection *peer;
	struct connection *connection;
	bool is_suspended, is_overrun;
	struct text buffer;
	size_t nr_sent;       /* bytes at its beginning */
	uint64_t progress_ns; /* when something was sent last, or began to wait */
};

/* Forgets what was sent, as soon as that is half of the buffer. */
static void stream_compact(struct record_stream *stream)
{
	struct text *buffer = &stream->buffer;

	if (stream->nr_sent < buffer->len - stream->nr_sent)
		return;
	buffer->len -= stream->nr_sent;
	if (buffer->len)
		memmove(buffer->data, buffer->data + stream->nr_sent, buffer->len);
	else if (buffer->size > KEEP_BUFFER_BYTES)
		text_free(buffer);
	stream->nr_sent = 0;
}

static void stream_cut(struct record_stream *stream)
{
	log_warning("a reader of /v1/record is too slow: its stream is cut off");
	stream->is_overrun = true;
	text_free(&stream->buffer);
	stream->nr_sent = 0;
}

static void stream_add(struct record_stream *stream, const void *bytes, size_t size, uint64_t now)
{
	if (stream->is_overrun)
		return;
	if (!stream->buffer.len)
		stream->progress_ns = now;
	text_add_bytes(&stream->buffer, bytes, size);
	if (stream->buffer.len - stream->nr_sent > MAX_BUFFER_BYTES || stream->buffer.is_failed ||
	    now - stream->progress_ns > CONNECTION_DEADLINE_NS)
		stream_cut(stream);
}

static void on_preamble_record(void *ctx, const void *record, size_t size)
{
	stream_add(ctx, record, size, now_ns(CLOCK_MONOTONIC));
}

/* libmicrohttpd asks for up to max bytes. Without any the connection sleeps until http_record(). */
static ssize_t read_stream(void *ctx, uint64_t position, char *ret, size_t max)
{
	struct record_stream *stream = ctx;
	size_t waiting = stream->buffer.len - stream->nr_sent;
	size_t size = waiting < max ? waiting : max;

	(void)position;
	if (stream->is_overrun)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!size) {
		stream->is_suspended = true;
		MHD_suspend_connection(stream->peer);
		return 0;
	}
	memcpy(ret, stream->buffer.data + stream->nr_sent, size);
	stream->nr_sent += size;
	stream->progress_ns = now_ns(CLOCK_MONOTONIC);
	stream_compact(stream);
	return (ssize_t)size;
}

static void free_stream(void *ctx)
{
	struct record_stream *stream = ctx;
	struct record_stream **link = &stream->http->streams;

	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	if (stream->connection)
		stream->connection->stream = NULL;
	text_free(&stream->buffer);
	free(stream);
}

struct MHD_Response *record_stream_new(struct http *http, struct MHD_Connection *peer,
				       struct connection *connection)
{
	struct record_stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (!stream)
		return NULL;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, read_stream, stream,
						     free_stream);
	if (!response) {
		free(stream);
		return NULL;
	}
	stream->http = http;
	stream->peer = peer;
	stream->connection = connection;
	stream->next = http->streams;
	http->streams = stream;
	connection->stream = stream;
	stream_add(stream, &recfile_header, sizeof(recfile_header), now_ns(CLOCK_MONOTONIC));
	http->backend.preamble(http->backend.ctx, on_preamble_record, stream);
	return response;
}

bool http_recording(const struct http *http)
{
	return http->streams != NULL;
}

void http_record(struct http *http, const void *record, size_t size)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	for (struct record_stream *stream = http->streams; stream; stream = stream->next) {
		stream_add(stream, record, size, now);
		if (!stream->is_suspended)
			continue;
		stream->is_suspended = false;
		MHD_resume_connection(stream->peer);
		http_wake(http);
	}
}

void http_resume_all(struct http *http)
{
	for (struct record_stream *stream = http->streams; stream; stream = stream->next) {
		if (stream->is_suspended)
			MHD_resume_connection(stream->peer);
		stream->is_suspended = false;
	}
}
