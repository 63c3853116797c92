// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /v1/record: the record stream. Each reader has a bounded buffer; one that reads too slowly is cut
 * off, because a stream with a hole would replay to a wrong answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/log.h"
#include "../daemon/recfile.h"
#include "http_internal.h"

#define STREAM_BUFFER_BYTES (1u << 20)

struct record_stream {
	struct record_stream *next;
	struct http *http;
	struct MHD_Connection *peer;
	struct connection *connection;
	bool is_suspended, is_overrun;
	size_t start, len; /* of what waits in the buffer, which is a ring */
	char buffer[STREAM_BUFFER_BYTES];
};

static void stream_add(struct record_stream *stream, const void *bytes, size_t size)
{
	size_t end = (stream->start + stream->len) % STREAM_BUFFER_BYTES;
	size_t first = STREAM_BUFFER_BYTES - end < size ? STREAM_BUFFER_BYTES - end : size;

	if (stream->is_overrun)
		return;
	if (stream->len + size > STREAM_BUFFER_BYTES) {
		log_warning("a reader of /v1/record is too slow: its stream is cut off");
		stream->is_overrun = true;
		return;
	}
	memcpy(stream->buffer + end, bytes, first);
	memcpy(stream->buffer, (const char *)bytes + first, size - first);
	stream->len += size;
}

static void on_preamble_record(void *ctx, const void *record, size_t size)
{
	stream_add(ctx, record, size);
}

/* libmicrohttpd asks for up to max bytes. Without any the connection sleeps until http_record(). */
static ssize_t read_stream(void *ctx, uint64_t position, char *ret, size_t max)
{
	struct record_stream *stream = ctx;
	size_t size = stream->len < max ? stream->len : max;
	size_t first = STREAM_BUFFER_BYTES - stream->start < size ? STREAM_BUFFER_BYTES - stream->start
								  : size;

	(void)position;
	if (stream->is_overrun)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!size) {
		stream->is_suspended = true;
		MHD_suspend_connection(stream->peer);
		return 0;
	}
	memcpy(ret, stream->buffer + stream->start, first);
	memcpy(ret + first, stream->buffer, size - first);
	stream->start = (stream->start + size) % STREAM_BUFFER_BYTES;
	stream->len -= size;
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
	stream_add(stream, &recfile_header, sizeof(recfile_header));
	http->backend.preamble(http->backend.ctx, on_preamble_record, stream);
	return response;
}

bool http_recording(const struct http *http)
{
	return http->streams != NULL;
}

void http_record(struct http *http, const void *record, size_t size)
{
	for (struct record_stream *stream = http->streams; stream; stream = stream->next) {
		stream_add(stream, record, size);
		if (!stream->is_suspended)
			continue;
		stream->is_suspended = false;
		MHD_resume_connection(stream->peer);
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
