/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of addresses in processes: asks the tracer for those that are shown, each once in a stream.
 * The answers come as records, by the tracer's link. Without a tracer addresses stay numbers.
 */
#ifndef MEMOIR_USERSYMBOLS_H
#define MEMOIR_USERSYMBOLS_H

#include "model/model.h"
#include "tracelink.h"

struct usersymbols;

/* link must outlive it. NULL without memory. */
struct usersymbols *usersymbols_new(struct tracelink *link);
void usersymbols_free(struct usersymbols *symbols);

/*
 * Asks for an address, if it is new in this stream. What is wanted most is to be asked for first: when
 * the queue is full, the rest waits until it is asked for again.
 */
void usersymbols_want(struct usersymbols *symbols, __u32 tgid, __u64 start_ns, __u64 ip);

/* Likewise for the frames of the heaviest user stacks that the model shows at this snapshot. */
void usersymbols_want_shown(struct usersymbols *symbols, const struct model *model);

/*
 * Likewise for the places at which live pages were allocated, the suspects of a leak first, and then the
 * heaviest: so many of them that are in processes, for an answer that shows them. Few addresses wait at a
 * time, so that others who want names wait little; whoever asks again has more of them asked for, until all
 * have a name or can have none.
 */
void usersymbols_want_places(struct usersymbols *symbols, const struct model *model, __u32 nr_places);

/* Whether nothing that was asked for waits for its name. */
bool usersymbols_are_named(const struct usersymbols *symbols);
/* Likewise, of one process. */
bool usersymbols_are_named_of(const struct usersymbols *symbols, __u32 tgid);

/* A new stream begins. */
void usersymbols_forget(struct usersymbols *symbols);

#endif
