/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser of HTTP responses: what it takes, however it is cut into pieces, and all that it refuses. */
#include "cli_test.h"

#include <errno.h>

#include "../../cli/http_response.h"

#define MAX_BODY 100

/* Feeds bytes in pieces of this size; the body is collected in body. Returns the first error. */
static int feed(struct http_response *response, const char *bytes, size_t size, size_t piece,
		struct text *body)
{
	http_response_init(response, MAX_BODY);
	while (size) {
		size_t part = piece < size ? piece : size;
		const char *slice;
		size_t nr_slice;
		int err = http_response_feed(response, bytes, part, &slice, &nr_slice);

		if (err) {
			assert_int_equal(nr_slice, 0);
			assert_int_equal(http_response_feed(response, "x", 1, &slice, &nr_slice), err);
			assert_int_equal(http_response_end(response), err);
			return err;
		}
		assert_true(slice >= bytes && slice + nr_slice <= bytes + part);
		text_add_bytes(body, slice, nr_slice);
		bytes += part;
		size -= part;
	}
	return 0;
}

/* The result must not depend on the pieces. */
static void expect_bytes(const char *bytes, size_t size, int err, unsigned int status, const char *wanted,
			 int end)
{
	for (size_t piece = 1; piece <= size; piece++) {
		struct http_response response;
		struct text body = {};

		assert_int_equal(feed(&response, bytes, size, piece, &body), err);
		if (!err) {
			assert_int_equal(response.status, status);
			assert_int_equal(http_response_end(&response), end);
			assert_int_equal(response.nr_body_bytes, strlen(wanted));
			assert_string_equal(body.data ? body.data : "", wanted);
		}
		text_free(&body);
	}
}

static void expect(const char *bytes, unsigned int status, const char *body, int end)
{
	expect_bytes(bytes, strlen(bytes), 0, status, body, end);
}

static void refuse(const char *bytes, int err)
{
	expect_bytes(bytes, strlen(bytes), err, 0, "", 0);
}

static void test_with_length(void **state UNUSED)
{
	struct http_response response;
	struct text body = {};

	expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 0);
	expect("HTTP/1.0 404 Not Found\r\ncOnTeNt-LeNgTh:2 \t\r\nX: y\r\n\r\n{}", 404, "{}", 0);
	expect("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", 0);
	expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 200, "hell", -EPIPE);
	assert_int_equal(feed(&response, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 39, 39, &body), 0);
	assert_true(response.is_complete);
	text_free(&body);
}

static void test_until_close(void **state UNUSED)
{
	struct http_response response;
	struct text body = {};

	expect("HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello", 0);
	expect("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 200, "", 0);
	assert_int_equal(feed(&response, "HTTP/1.1 200 OK\r\n\r\nhello", 24, 24, &body), 0);
	assert_false(response.is_complete);
	text_free(&body);
}

static void test_cut_head(void **state UNUSED)
{
	expect("H", 0, "", -EPIPE);
	expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", 0, "", -EPIPE);
}

static void test_bad_status_line(void **state UNUSED)
{
	refuse("\r\n\r\n", -EBADMSG);
	refuse("HTTP/2 200 OK\r\n\r\n", -EBADMSG);
	refuse("HTTP/1. 200 OK\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1  200 OK\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 20 OK\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 2000 OK\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 -20 OK\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 100 Continue\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1\r\n\r\n", -EBADMSG);
	refuse("H\r\n\r\n", -EBADMSG);
	refuse("SSH-2.0-OpenSSH_9.2\r\n\r\n", -EBADMSG);
}

static void test_bad_fields(void **state UNUSED)
{
	static const char with_nul[] = "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n";

	refuse("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\n: x\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nA : x\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nA: x\r\n folded\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\nA: x\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nA: x\ny\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nA: x\ry\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", -EPROTONOSUPPORT);
	expect_bytes(with_nul, sizeof(with_nul) - 1, -EBADMSG, 0, "", 0);
}

static void test_bad_length(void **state UNUSED)
{
	refuse("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nContent-Length: 1 2\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", -EBADMSG);
	refuse("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", -EMSGSIZE);
	refuse("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", -EMSGSIZE);
	/* 100 is allowed, and so is a body that ends there. */
	refuse("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", -EMSGSIZE);
	expect("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", 200, "", -EPIPE);
}

/* An error may come with a later piece, but never with a body before it that is too large. */
static void test_too_much_body(void **state UNUSED)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
	char bytes[sizeof(head) + MAX_BODY];
	struct http_response response;
	struct text body = {};

	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, head, sizeof(head) - 1);
	assert_int_equal(feed(&response, bytes, sizeof(head) - 1 + MAX_BODY, 7, &body), 0);
	assert_int_equal(feed(&response, bytes, sizeof(head) + MAX_BODY, 7, &body), -EMSGSIZE);
	assert_true(response.nr_body_bytes <= MAX_BODY);
	text_free(&body);
	assert_int_equal(feed(&response, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy", 40, 40, &body),
			 -EBADMSG);
	text_free(&body);
}

static void test_long_head(void **state UNUSED)
{
	static const char start[] = "HTTP/1.1 200 OK\r\nA: ";
	size_t size = HTTP_MAX_HEAD + 1;
	struct http_response response;
	char *bytes = malloc(size);
	struct text body = {};

	assert_non_null(bytes);
	memset(bytes, 'x', size);
	memcpy(bytes, start, sizeof(start) - 1);
	assert_int_equal(feed(&response, bytes, size, 1000, &body), -EMSGSIZE);
	/* The longest head that is allowed. */
	memcpy(bytes + HTTP_MAX_HEAD - 4, "\r\n\r\n", 4);
	assert_int_equal(feed(&response, bytes, HTTP_MAX_HEAD, 1000, &body), 0);
	assert_true(response.has_head);
	text_free(&body);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_length),   cmocka_unit_test(test_until_close),
		cmocka_unit_test(test_cut_head),      cmocka_unit_test(test_bad_status_line),
		cmocka_unit_test(test_bad_fields),    cmocka_unit_test(test_bad_length),
		cmocka_unit_test(test_too_much_body), cmocka_unit_test(test_long_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
