// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers one request; see http_reply.h. */
#include "http_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "../daemon/log.h"
#include "../daemon/util.h"
#include "json.h"
#include "page.h"
#include "prometheus.h"

/* Replies below this are not worth compressing; a buffer that grew beyond this is not kept. */
#define GZIP_MIN_BYTES 1024
#define KEEP_BUFFER_BYTES (1u << 20)
/* A snapshot this many intervals old means that the daemon does not collect any more. */
#define HEALTHY_INTERVALS 3

/* What paths of the JSON API begin with. */
#define API_PREFIX "/v1/"

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TYPE_JSON "application/json"
#define TYPE_HTML "text/html; charset=utf-8"

/* --- sending ---------------------------------------------------------------------------------- */

/* A body that a client has yet to read. */
struct body {
	struct http *http;
	size_t size;
	char bytes[];
};

static void free_body(void *ctx)
{
	struct body *body = ctx;

	body->http->nr_reply_bytes -= body->size;
	free(body);
}

static enum MHD_Result send_static(struct MHD_Connection *peer, unsigned int status, const char *message)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(message),
									(void *)(uintptr_t)message,
									MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, TYPE_TEXT);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(peer, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Whether a list like "gzip, br;q=0.5" has this element with a weight above 0 (RFC 9110, 12.4.2). */
static bool accepts(struct MHD_Connection *peer, const char *header, const char *element)
{
	const char *list = MHD_lookup_connection_value(peer, MHD_HEADER_KIND, header);
	size_t len = strlen(element);

	while (list && *list) {
		size_t item_len;

		list += strspn(list, " \t,");
		item_len = strcspn(list, ",");
		if (!strncasecmp(list, element, len) && strchr(" \t,;", list[len])) {
			const char *weight = memmem(list, item_len, "q=", 2);

			return !weight || strtod(weight + 2, NULL) > 0;
		}
		list += item_len;
	}
	return false;
}

/* gzip at the fastest level: a scrape is long and repeats itself. */
static bool compress_body(struct http *http)
{
	z_stream stream = {};
	uLong bound;
	bool ok;

	if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	bound = deflateBound(&stream, http->body.len);
	if (http->compressed.size < bound) {
		char *data = realloc(http->compressed.data, bound);

		if (!data) {
			deflateEnd(&stream);
			return false;
		}
		http->compressed.data = data;
		http->compressed.size = bound;
	}
	stream.next_in = (Bytef *)http->body.data;
	stream.avail_in = (uInt)http->body.len;
	stream.next_out = (Bytef *)http->compressed.data;
	stream.avail_out = (uInt)bound;
	ok = deflate(&stream, Z_FINISH) == Z_STREAM_END;
	http->compressed.len = stream.total_out;
	deflateEnd(&stream);
	return ok;
}

static struct MHD_Response *body_response(struct http *http, const struct text *text)
{
	struct body *body;
	struct MHD_Response *response;

	if (http->nr_reply_bytes + text->len > MAX_REPLY_BYTES)
		return NULL;
	body = malloc(sizeof(*body) + text->len);
	if (!body)
		return NULL;
	body->http = http;
	body->size = text->len;
	memcpy(body->bytes, text->data, text->len);
	http->nr_reply_bytes += text->len;
	response = MHD_create_response_from_buffer_with_free_callback_cls(text->len, body->bytes, free_body,
									  body);
	if (!response)
		free_body(body);
	return response;
}

static void drop_large(struct text *text)
{
	if (text->size > KEEP_BUFFER_BYTES)
		text_free(text);
}

/* Sends http->body. */
static enum MHD_Result send_body(struct http *http, struct MHD_Connection *peer, unsigned int status,
				 const char *type)
{
	bool is_gzip = http->body.len >= GZIP_MIN_BYTES &&
		       accepts(peer, MHD_HTTP_HEADER_ACCEPT_ENCODING, "gzip") && compress_body(http);
	struct MHD_Response *response = NULL;
	enum MHD_Result result;

	if (!http->body.is_failed)
		response = body_response(http, is_gzip ? &http->compressed : &http->body);
	drop_large(&http->body);
	drop_large(&http->compressed);
	if (!response)
		return send_static(peer, MHD_HTTP_SERVICE_UNAVAILABLE,
				   "too many replies are on their way; try again\n");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (!strcmp(type, TYPE_HTML))
		MHD_add_response_header(response, "Content-Security-Policy", page_policy);
	if (is_gzip)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	result = MHD_queue_response(peer, status, response);
	MHD_destroy_response(response);
	return result;
}

/* --- answers ---------------------------------------------------------------------------------- */

static enum MHD_Result answer_metrics(struct endpoint *endpoint, struct MHD_Connection *peer)
{
	struct http *http = endpoint->http;
	bool is_openmetrics = accepts(peer, MHD_HTTP_HEADER_ACCEPT, "application/openmetrics-text");
	struct api_context context;

	http->backend.context(http->backend.ctx, 0, &context);
	prometheus_write(context.model, is_openmetrics ? PROMETHEUS_OPENMETRICS : PROMETHEUS_TEXT,
			 &http->body);
	return send_body(http, peer, MHD_HTTP_OK, is_openmetrics ? TYPE_OPENMETRICS : TYPE_PROMETHEUS);
}

static enum MHD_Result answer_health(struct endpoint *endpoint, struct MHD_Connection *peer)
{
	struct http *http = endpoint->http;
	struct api_context context;
	struct model_status status;

	http->backend.context(http->backend.ctx, 0, &context);
	model_status(context.model, &status);
	if (status.sequence && context.now_ns - status.time_ns <= HEALTHY_INTERVALS * status.interval_ns)
		return send_static(peer, MHD_HTTP_OK, "ok\n");
	return send_static(peer, MHD_HTTP_SERVICE_UNAVAILABLE, "the last snapshot is too old\n");
}

static enum MHD_Result answer_page(struct endpoint *endpoint, struct MHD_Connection *peer)
{
	text_add(&endpoint->http->body, page_html);
	return send_body(endpoint->http, peer, MHD_HTTP_OK, TYPE_HTML);
}

static enum MHD_Result answer_record(struct endpoint *endpoint, struct MHD_Connection *peer)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(peer,
								       MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *connection = info ? info->socket_context : NULL;
	struct MHD_Response *response = connection ? record_stream_new(endpoint->http, peer, connection)
						   : NULL;
	enum MHD_Result result;

	if (!response)
		return send_static(peer, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory\n");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
	result = MHD_queue_response(peer, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* One line of what was wrong with the request, in the form of the path. */
static enum MHD_Result refuse(struct http *http, struct MHD_Connection *peer, const char *path,
			      const char *why)
{
	const bool is_api = !strncmp(path, API_PREFIX, strlen(API_PREFIX));
	struct json json = { .text = &http->body };

	text_clear(&http->body);
	if (is_api) {
		json_object_begin(&json, NULL);
		json_add_string(&json, "error", why);
		json_object_end(&json);
	} else {
		text_add(&http->body, why);
	}
	text_add(&http->body, "\n");
	return send_body(http, peer, MHD_HTTP_BAD_REQUEST, is_api ? TYPE_JSON : TYPE_TEXT);
}

struct reading {
	const char *path;
	struct api_query *query;
	struct text *error;
};

static enum MHD_Result take_key(void *ctx, enum MHD_ValueKind kind, const char *key, size_t key_size,
				const char *value, size_t value_size)
{
	const struct reading *reading = ctx;

	(void)kind;
	if (strlen(key) != key_size || (value && strlen(value) != value_size)) {
		text_add(reading->error, "%00: no parameter may hold it");
		return MHD_NO;
	}
	return api_query_take(reading->query, reading->path, key, value, reading->error) ? MHD_YES : MHD_NO;
}

/* Reads the query for a path, whether of the API or not; false: error says what is wrong. */
static bool read_query(struct MHD_Connection *peer, const char *path, struct api_query *ret,
		       struct text *error)
{
	struct reading reading = { .path = path, .query = ret, .error = error };

	*ret = (struct api_query){};
	MHD_get_connection_values_n(peer, MHD_GET_ARGUMENT_KIND, take_key, &reading);
	return !error->len && !error->is_failed && api_query_check(ret, path, error);
}

/* Does what a query wants to be done before it is answered. NULL, or why that cannot be done. */
static const char *obey(const struct http_backend *backend, const char *path, const struct api_query *query)
{
	if (query->v[API_LOOK_MS])
		backend->look_at_slab(backend->ctx, query->v[API_LOOK_MS] * NSEC_PER_MSEC,
				      query->given & API_KEY(EVERY) ? (uint32_t)query->v[API_EVERY] : 1);
	if (query->v[API_END])
		backend->end_trace(backend->ctx);
	if (query->v[API_SECONDS] &&
	    backend->begin_trace(backend->ctx, (uint32_t)query->v[API_PID],
				 query->v[API_SECONDS] * NSEC_PER_SEC, (uint32_t)query->v[API_EVERY_BYTES]))
		return "a trace goes on, and there is one at a time: wait, or end it by /v1/leaks/trace?end=1";
	if (query->given & API_KEY(MAX_AGE_MS))
		backend->refresh(backend->ctx, query->v[API_MAX_AGE_MS] * NSEC_PER_MSEC,
				 api_shows_live_pages(path));
	return NULL;
}

static enum MHD_Result answer_api(struct endpoint *endpoint, struct MHD_Connection *peer, const char *path,
				  const struct api_query *query)
{
	struct http *http = endpoint->http;
	const char *why_not = obey(&http->backend, path, query);
	struct api_context context;
	enum api_status status;

	if (why_not)
		return refuse(http, peer, path, why_not);
	http->backend.context(http->backend.ctx, api_nr_places(path), &context);
	status = api_reply(&context, path, query, &http->body);
	return send_body(http, peer, status, TYPE_JSON);
}

/* --- who may ask ------------------------------------------------------------------------------ */

/* Root, the daemon's own user, and members of the socket's group. */
static bool may_ask(const struct endpoint *endpoint, int fd)
{
	struct ucred peer;
	gid_t groups[256];
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid() || peer.gid == endpoint->group)
		return true;
	size = sizeof(groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		for (size_t i = 0; i < size / sizeof(groups[0]); i++)
			if (groups[i] == endpoint->group)
				return true;
	log_warning("refused a request of uid %u, process %d: it is not in the group of the socket", peer.uid,
		    peer.pid);
	return false;
}

static const struct {
	const char *path;
	enum MHD_Result (*answer)(struct endpoint *endpoint, struct MHD_Connection *peer);
	bool only_local;
} routes[] = {
	{ "/metrics", answer_metrics, false },
	{ "/healthz", answer_health, false },
	{ "/", answer_page, false },
	{ "/v1/record", answer_record, true },
};

static enum MHD_Result route(struct endpoint *endpoint, struct MHD_Connection *peer, const char *path)
{
	const bool is_api = endpoint->is_local && !strncmp(path, API_PREFIX, strlen(API_PREFIX));
	enum MHD_Result (*answer)(struct endpoint * endpoint, struct MHD_Connection * peer) = NULL;
	_cleanup_text_ struct text error = {};
	struct api_query query = {};

	text_clear(&endpoint->http->body);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (!strcmp(path, routes[i].path) && (endpoint->is_local || !routes[i].only_local))
			answer = routes[i].answer;
	if (!answer && !is_api)
		return send_static(peer, MHD_HTTP_NOT_FOUND,
				   "no such page; there are /metrics, /healthz and /\n");
	if ((answer || api_has_path(path)) && !read_query(peer, path, &query, &error))
		return refuse(endpoint->http, peer, path, error.data ? error.data : "out of memory");
	return answer ? answer(endpoint, peer) : answer_api(endpoint, peer, path, &query);
}

enum MHD_Result http_answer(void *ctx, struct MHD_Connection *peer, const char *path, const char *method,
			    const char *version, const char *upload, size_t *upload_size, void **request_ctx)
{
	static char seen;
	struct endpoint *endpoint = ctx;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(peer,
								       MHD_CONNECTION_INFO_CONNECTION_FD);

	(void)version;
	(void)upload;
	/* A reply to anything but GET and HEAD must be queued before its body is read. */
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_static(peer, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	if (!*request_ctx) {
		*request_ctx = &seen;
		return MHD_YES;
	}
	*upload_size = 0;
	if (endpoint->is_local && (!info || !may_ask(endpoint, info->connect_fd)))
		return send_static(peer, MHD_HTTP_FORBIDDEN, "not in the group of the socket\n");
	return route(endpoint, peer, path);
}
