/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads an HTTP/1.x response to a GET, piece by piece as it arrives: status line, header fields, and a
 * body that ends at Content-Length or with the connection. Pure, keeps no more than the head, and takes
 * every byte for hostile. Transfer codings, interim responses and folded fields are refused: a request
 * with HTTP/1.0 never gets them from a server in its senses.
 */
#ifndef MEMOIR_HTTP_RESPONSE_H
#define MEMOIR_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Status line and header fields together. */
#define HTTP_MAX_HEAD 8192

struct http_response {
	uint64_t max_body_bytes; /* a larger body is refused */
	bool has_head;           /* the head is complete: the following fields are valid */
	bool is_complete;        /* the body as well; never set for one that ends with the connection */
	bool has_length;
	unsigned int status;
	uint64_t length_bytes;  /* Content-Length */
	uint64_t nr_body_bytes; /* that have come */
	/* private */
	int error;
	size_t nr_head_bytes;
	char head[HTTP_MAX_HEAD + 1];
};

void http_response_init(struct http_response *response, uint64_t max_body_bytes);

/*
 * Takes the next size bytes. The part of them that belongs to the body is *ret_body, *ret_size, a slice
 * of bytes. 0; -EBADMSG: no such response; -EMSGSIZE: the head or the body is too large; -EPROTONOSUPPORT: a
 * transfer coding. After an error every further call returns it again.
 */
int http_response_feed(struct http_response *response, const char *bytes, size_t size, const char **ret_body,
		       size_t *ret_size);

/* The connection has ended: 0 if the response is whole, else -EPIPE or the earlier error. */
int http_response_end(const struct http_response *response);

#endif
