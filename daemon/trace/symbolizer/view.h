/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the process in question: what it has mapped where, as far as that was needed, and the
 * modules of all processes so far. What is not known yet is asked for.
 */
#ifndef MEMOIR_SYMBOLIZER_VIEW_H
#define MEMOIR_SYMBOLIZER_VIEW_H

#include "../questions.h"
#include "jitmap.h"
#include "module.h"

#define MAX_REGIONS 512
#define MAX_MODULES 256

struct region {
	struct given given;
	struct module *module; /* NULL: no file that can be read */
};

/* Asks for something. A descriptor that came with the answer is the caller's, else *ret_fd is -1. */
typedef void (*view_ask_fn)(void *ctx, const struct answer_need *need, struct given *ret, int *ret_fd);

struct view {
	view_ask_fn ask;
	void *ctx;
	__u64 number; /* of the process and of what it has mapped; 0: none yet */
	struct region regions[MAX_REGIONS];
	__u32 nr_regions;
	struct module *modules[MAX_MODULES];
	__u32 nr_modules;
	struct module *vdso;
	struct text_file {
		char *text;
		size_t size;
	} jit_text;
	struct jitmap jitmap;
	bool has_jitmap; /* it has been asked for */
	Dwfl *dwfl;      /* the process as libdw unwinds it; NULL: not yet */
};

/* A view that knows nothing. */
void view_init(struct view *view, view_ask_fn ask, void *ctx);

/* A question about the process with that number of a view begins. */
void view_begin(struct view *view, __u64 number);

/* Whether its files leave little room for those of others: then it is to be forgotten. */
bool view_is_full(const struct view *view);

/* Forgets everything. */
void view_forget(struct view *view);

/* Where an address is. NULL where nothing is mapped; valid until view_begin(). */
const struct region *view_region(struct view *view, __u64 address);

/* The function of an address that is in no file, or NULL. */
const struct jit_function *view_jit_function(struct view *view, __u64 address);

#endif
