// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads an HTTP response; see http_response.h. */
#include "http_response.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

void http_response_init(struct http_response *response, uint64_t max_body_bytes)
{
	memset(response, 0, sizeof(*response));
	response->max_body_bytes = max_body_bytes;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9110, 5.6.2: what the name of a field is made of. */
static bool is_token(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", name[i]))
			return false;
	return len > 0;
}

/* "HTTP/1.1 200 OK": the reason may be empty, and its blank with it. */
static int parse_status_line(struct http_response *response, const char *line)
{
	static const char protocol[] = "HTTP/1.";
	const char *code = line + sizeof(protocol) - 1 + 2;

	if (strncmp(line, protocol, sizeof(protocol) - 1) != 0 || !is_digit(code[-2]) || code[-1] != ' ')
		return -EBADMSG;
	if (!is_digit(code[0]) || !is_digit(code[1]) || !is_digit(code[2]) || (code[3] && code[3] != ' '))
		return -EBADMSG;
	response->status = (unsigned int)((code[0] - '0') * 100 + (code[1] - '0') * 10 + code[2] - '0');
	return response->status >= 200 ? 0 : -EBADMSG;
}

static int parse_length(struct http_response *response, const char *value)
{
	uint64_t length = 0;

	if (response->has_length || !is_digit(*value))
		return -EBADMSG;
	for (; is_digit(*value); value++)
		if (__builtin_mul_overflow(length, 10, &length) ||
		    __builtin_add_overflow(length, (uint64_t)(*value - '0'), &length))
			return -EMSGSIZE;
	if (value[strspn(value, " \t")])
		return -EBADMSG;
	response->has_length = true;
	response->length_bytes = length;
	return length > response->max_body_bytes ? -EMSGSIZE : 0;
}

static int parse_field(struct http_response *response, const char *line)
{
	const char *colon = strchr(line, ':');
	const char *value;
	size_t len;

	if (!colon || !is_token(line, (size_t)(colon - line)))
		return -EBADMSG;
	len = (size_t)(colon - line);
	value = colon + 1 + strspn(colon + 1, " \t");
	if (len == strlen("Content-Length") && !strncasecmp(line, "Content-Length", len))
		return parse_length(response, value);
	if (len == strlen("Transfer-Encoding") && !strncasecmp(line, "Transfer-Encoding", len))
		return -EPROTONOSUPPORT;
	return 0;
}

/* The head is complete, with the empty line that ends it. */
static int parse_head(struct http_response *response)
{
	char *line = response->head;
	bool is_first = true;

	if (memchr(response->head, '\0', response->nr_head_bytes))
		return -EBADMSG;
	for (;;) {
		char *end = strstr(line, "\r\n");
		int err;

		*end = '\0';
		if (end == line)
			break;
		if (line[strcspn(line, "\r\n")])
			return -EBADMSG;
		err = is_first ? parse_status_line(response, line) : parse_field(response, line);
		if (err)
			return err;
		is_first = false;
		line = end + 2;
	}
	if (is_first)
		return -EBADMSG;
	response->has_head = true;
	response->is_complete = response->has_length && !response->length_bytes;
	return 0;
}

/* Takes bytes until the head is complete; how many is in ret_size. */
static int feed_head(struct http_response *response, const char *bytes, size_t size, size_t *ret_size)
{
	for (size_t i = 0; i < size; i++) {
		size_t len = response->nr_head_bytes;

		if (len == HTTP_MAX_HEAD)
			return -EMSGSIZE;
		response->head[len++] = bytes[i];
		response->nr_head_bytes = len;
		if (len >= 4 && !memcmp(response->head + len - 4, "\r\n\r\n", 4)) {
			*ret_size = i + 1;
			return parse_head(response);
		}
	}
	*ret_size = size;
	return 0;
}

static int feed_body(struct http_response *response, size_t size)
{
	if (response->has_length && size > response->length_bytes - response->nr_body_bytes)
		return -EBADMSG;
	if (size > response->max_body_bytes - response->nr_body_bytes)
		return -EMSGSIZE;
	response->nr_body_bytes += size;
	response->is_complete = response->has_length && response->nr_body_bytes == response->length_bytes;
	return 0;
}

int http_response_feed(struct http_response *response, const char *bytes, size_t size, const char **ret_body,
		       size_t *ret_size)
{
	size_t nr_head = 0;

	*ret_body = bytes;
	*ret_size = 0;
	if (!response->error && !response->has_head)
		response->error = feed_head(response, bytes, size, &nr_head);
	if (!response->error && response->has_head)
		response->error = feed_body(response, size - nr_head);
	if (response->error || !response->has_head)
		return response->error;
	*ret_body = bytes + nr_head;
	*ret_size = size - nr_head;
	return 0;
}

int http_response_end(const struct http_response *response)
{
	if (response->error)
		return response->error;
	return response->has_head && (response->is_complete || !response->has_length) ? 0 : -EPIPE;
}
