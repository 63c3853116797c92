// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of addresses in processes; see usersymbols.h. */
#include "usersymbols.h"

#include "known.h"

/* Half of what the model keeps, so that it still has what is not sent again. */
#define MAX_KNOWN 4096u
#define MAX_WANTED 2048u
/* Of a kind of stacks, the heaviest: processes that come and go would have us name code all the time. */
#define MAX_SHOWN 10u
/* For one answer: addresses that wait, and different addresses in all, so that they fit into known. */
#define MAX_WAITING 256u
#define MAX_NAMED 3072u

struct wanted {
	__u64 start_ns, ip;
	__u32 tgid;
};

struct usersymbols {
	struct tracelink *link;
	struct known known;
	struct known named;               /* what is shown now */
	struct wanted wanted[MAX_WANTED]; /* the first to ask for first */
	__u32 nr_wanted;
	bool is_asked;    /* one request of ours waits, */
	__u32 asked_tgid; /* of this process */
};

struct usersymbols *usersymbols_new(struct tracelink *link)
{
	struct usersymbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->link = link;
	if (known_init(&symbols->known, MAX_KNOWN) || known_init(&symbols->named, MAX_NAMED)) {
		usersymbols_free(symbols);
		return NULL;
	}
	return symbols;
}

void usersymbols_free(struct usersymbols *symbols)
{
	if (!symbols)
		return;
	known_free(&symbols->known);
	known_free(&symbols->named);
	free(symbols);
}

/* The first that is wanted, and what else is wanted of the same process. */
static void make_request(struct usersymbols *symbols, struct trace_names *ret)
{
	const struct wanted first = symbols->wanted[0];
	__u32 nr_left = 0;

	*ret = (struct trace_names){ .h = { .kind = TRACE_NAMES,
					    .size = sizeof(*ret),
					    .start_ns = first.start_ns,
					    .tgid = first.tgid } };
	for (__u32 i = 0; i < symbols->nr_wanted; i++) {
		const struct wanted *wanted = &symbols->wanted[i];

		if (wanted->tgid == first.tgid && wanted->start_ns == first.start_ns &&
		    ret->h.nr < TRACE_MAX_ADDRESSES)
			ret->ip[ret->h.nr++] = wanted->ip;
		else
			symbols->wanted[nr_left++] = *wanted;
	}
	symbols->nr_wanted = nr_left;
}

static void ask(struct usersymbols *symbols);

static void on_done(void *ctx, const struct trace_done *done)
{
	struct usersymbols *symbols = ctx;

	symbols->is_asked = false;
	if (!done) {
		symbols->nr_wanted = 0;
		return;
	}
	ask(symbols);
}

/* What cannot be asked now is wanted again, if it still is. */
static void ask(struct usersymbols *symbols)
{
	union trace_message request;

	if (symbols->is_asked || !symbols->nr_wanted)
		return;
	make_request(symbols, &request.names);
	if (tracelink_ask(symbols->link, &request, on_done, symbols)) {
		symbols->nr_wanted = 0;
		known_forget(&symbols->known);
		return;
	}
	symbols->is_asked = true;
	symbols->asked_tgid = request.names.h.tgid;
}

static void want(struct usersymbols *symbols, __u32 tgid, __u64 start_ns, __u64 ip)
{
	if (tgid && ip && symbols->nr_wanted < MAX_WANTED &&
	    known_learn(&symbols->known, model_user_symbol_key(tgid, start_ns, ip)))
		symbols->wanted[symbols->nr_wanted++] = (struct wanted){ start_ns, ip, tgid };
}

void usersymbols_want(struct usersymbols *symbols, __u32 tgid, __u64 start_ns, __u64 ip)
{
	want(symbols, tgid, start_ns, ip);
	ask(symbols);
}

static void want_fault_stacks(struct usersymbols *symbols, const struct model *model)
{
	for (__u32 i = 0; i < model_nr_fault_stacks(model) && i < MAX_SHOWN; i++) {
		const struct rec_fault_stack *stack = model_fault_stack(model, i);

		for (__u32 frame = 0; frame < stack->nr; frame++)
			want(symbols, stack->id.tgid, stack->id.start_ns, stack->ip[frame]);
	}
}

/* What the model knows is not asked for again, however much has been since. False: it is enough. */
static bool want_frames(struct usersymbols *symbols, const struct model *model,
			const struct rec_user_stack *stack)
{
	for (__u32 frame = 0; frame < stack->nr; frame++) {
		const __u64 ip = stack->ip[frame];

		if (symbols->nr_wanted >= MAX_WAITING || symbols->named.nr == MAX_NAMED)
			return false;
		if (known_learn(&symbols->named, model_user_symbol_key(stack->tgid, stack->start_ns, ip)) &&
		    !model_user_symbol(model, stack->tgid, stack->start_ns, ip))
			want(symbols, stack->tgid, stack->start_ns, ip);
	}
	return true;
}

/* Of places in processes: those where memory was allocated that is suspected to be lost, or the others. */
static void want_places(struct usersymbols *symbols, const struct model *model, bool suspected,
			__u32 *nr_left)
{
	for (__u32 i = 0; i < model_nr_live_sites(model) && *nr_left; i++) {
		const struct rec_user_stack *stack = model_user_stack(model,
								      model_live_site(model, i)->user_stack);

		if (!stack || model_live_site_growth(model, i)->is_suspect != suspected)
			continue;
		(*nr_left)--;
		if (!want_frames(symbols, model, stack))
			*nr_left = 0;
	}
}

void usersymbols_want_shown(struct usersymbols *symbols, const struct model *model)
{
	__u32 nr_suspected = MAX_SHOWN, nr_others = MAX_SHOWN;

	known_forget(&symbols->named);
	want_places(symbols, model, true, &nr_suspected);
	want_fault_stacks(symbols, model);
	want_places(symbols, model, false, &nr_others);
	ask(symbols);
}

void usersymbols_want_places(struct usersymbols *symbols, const struct model *model, __u32 nr_places)
{
	if (!nr_places)
		return;
	known_forget(&symbols->named);
	want_places(symbols, model, true, &nr_places);
	want_places(symbols, model, false, &nr_places);
	ask(symbols);
}

bool usersymbols_are_named(const struct usersymbols *symbols)
{
	return !symbols->is_asked && !symbols->nr_wanted;
}

bool usersymbols_are_named_of(const struct usersymbols *symbols, __u32 tgid)
{
	if (symbols->is_asked && symbols->asked_tgid == tgid)
		return false;
	for (__u32 i = 0; i < symbols->nr_wanted; i++)
		if (symbols->wanted[i].tgid == tgid)
			return false;
	return true;
}

void usersymbols_forget(struct usersymbols *symbols)
{
	known_forget(&symbols->known);
}
