/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of a model whatever its records were; aborts where it does not, for the fuzzer to report. */
#ifndef MEMOIR_FUZZ_CHECK_H
#define MEMOIR_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "../../daemon/model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts with a message unless the condition holds. */
#define must(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))
void check_failed(const char *condition, const char *file, int line) __attribute__((noreturn));

/* Calls for every line of the input, without its end, as if nothing but the line were in memory. */
void each_line(const uint8_t *data, size_t size, void (*take)(void *ctx, const char *line, size_t size),
	       void *ctx);

/* Parses a text as one JSON object; aborts where it is none. */
void check_json(const char *text, size_t size);

/* Every view of the model is well-formed, and the model agrees with itself. */
void check_model(const struct model *model);

#endif
