/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP response of any bytes, as the command reads it from a socket: what it is taken for does not
 * depend on the pieces in which it comes. The first byte of the input says how large these are.
 */
#include <stdlib.h>
#include <string.h>

#include "../../cli/http_response.h"
#include "check.h"

#define MAX_BODY_BYTES 256

struct outcome {
	int err, end_err;
	bool is_complete;
	unsigned int status;
	size_t nr_body_bytes;
	char body[MAX_BODY_BYTES];
};

static void feed(const uint8_t *data, size_t size, size_t piece, struct outcome *ret)
{
	struct http_response *response = malloc(sizeof(*response));

	must(response);
	memset(ret, 0, sizeof(*ret));
	http_response_init(response, MAX_BODY_BYTES);
	for (size_t at = 0; at < size && !ret->err; at += piece) {
		size_t nr = size - at < piece ? size - at : piece, body_size = 0;
		char *exact = malloc(nr);
		const char *body = NULL;

		must(exact);
		memcpy(exact, data + at, nr);
		ret->err = http_response_feed(response, exact, nr, &body, &body_size);
		if (!ret->err && body_size) {
			must(body >= exact && body + body_size <= exact + nr);
			must(ret->nr_body_bytes + body_size <= MAX_BODY_BYTES);
			memcpy(ret->body + ret->nr_body_bytes, body, body_size);
			ret->nr_body_bytes += body_size;
		}
		free(exact);
	}
	ret->end_err = http_response_end(response);
	ret->is_complete = response->is_complete;
	ret->status = response->has_head ? response->status : 0;
	must(!ret->err || ret->end_err == ret->err);
	must(ret->err || ret->nr_body_bytes == response->nr_body_bytes);
	free(response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, pieces;

	if (!size)
		return 0;
	feed(data + 1, size - 1, size, &whole);
	feed(data + 1, size - 1, data[0] % 16 + 1, &pieces);
	must(whole.err == pieces.err && whole.end_err == pieces.end_err);
	must(whole.status == pieces.status);
	if (!whole.err) { /* else the pieces may have been complete before there came too much */
		must(whole.is_complete == pieces.is_complete);
		must(whole.nr_body_bytes == pieces.nr_body_bytes);
		must(!memcmp(whole.body, pieces.body, whole.nr_body_bytes));
	}
	return 0;
}
