/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map that a just-in-time compiler writes of its code, as perf has it: lines "START SIZE name", both
 * in hexadecimal. Pure; takes bytes, of any origin.
 */
#ifndef MEMOIR_SYMBOLIZER_JITMAP_H
#define MEMOIR_SYMBOLIZER_JITMAP_H

#include <stddef.h>
#include <stdint.h>

struct jit_function {
	uint64_t address, size;
	const char *name; /* borrowed from the text, not terminated */
	size_t len;
	size_t line; /* the later line counts, where code was compiled anew in the same place */
};

struct jitmap {
	struct jit_function *functions; /* sorted */
	size_t nr;
};

/*
 * Reads a text, which must outlive it. What is no such line is left out. 0 or -ENOMEM; free it in every
 * case.
 */
int jitmap_parse(const char *text, size_t size, struct jitmap *ret);
void jitmap_free(struct jitmap *jitmap);

/* The function that an address is in, or NULL. */
const struct jit_function *jitmap_find(const struct jitmap *jitmap, uint64_t address);

#endif
