/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers one request: who may ask what, and what the answer is. Private to http*.c. */
#ifndef MEMOIR_HTTP_REPLY_H
#define MEMOIR_HTTP_REPLY_H

#include "http_internal.h"

/* libmicrohttpd's access handler; ctx is the struct endpoint. */
enum MHD_Result http_answer(void *ctx, struct MHD_Connection *peer, const char *path, const char *method,
			    const char *version, const char *upload, size_t *upload_size, void **request_ctx);

#endif
