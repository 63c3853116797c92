/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User stacks by their keys, and the names of addresses in processes. Both tables keep twice as much as
 * whoever sends takes for known (daemon/usersymbols.c).
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#include "../hash.h"

#define MAX_KNOWN_USER_STACKS 2048u
#define MAX_KNOWN_USER_SYMBOLS 8192u

struct keyed_user_stack {
	__u64 key;
	struct rec_user_stack rec;
};

struct keyed_user_symbol {
	__u64 key;
	struct rec_user_symbol rec;
};

void user_stacks_init(struct user_stacks *stacks)
{
	stacks->all = (struct recent){ .element_size = sizeof(struct keyed_user_stack),
				       .max = MAX_KNOWN_USER_STACKS };
	stacks->symbols = (struct recent){ .element_size = sizeof(struct keyed_user_symbol),
					   .max = MAX_KNOWN_USER_SYMBOLS };
}

/* Two addresses of one key are not mistaken for each other; the later one hides the other. */
__u64 model_user_symbol_key(__u32 tgid, __u64 start_ns, __u64 ip)
{
	__u64 hash = fnv1a(FNV1A_START, &tgid, sizeof(tgid));

	hash = fnv1a(hash, &start_ns, sizeof(start_ns));
	return fnv1a(hash, &ip, sizeof(ip)) | 1;
}

int apply_user_stack(struct model *model, const struct rec_header *h)
{
	struct keyed_user_stack keyed = { .rec = *(const struct rec_user_stack *)h };

	keyed.key = keyed.rec.stack;
	if (!keyed.key || !keyed.rec.nr || keyed.rec.nr > USER_STACK_MAX_FRAMES ||
	    keyed.rec.how >= NR_STACK_HOWS)
		return -EINVAL;
	return recent_put(&model->user_stacks.all, &keyed);
}

int apply_user_symbol(struct model *model, const struct rec_header *h)
{
	struct keyed_user_symbol keyed = { .rec = *(const struct rec_user_symbol *)h };

	keyed.key = model_user_symbol_key(keyed.rec.tgid, keyed.rec.start_ns, keyed.rec.ip);
	terminate(keyed.rec.text);
	terminate(keyed.rec.module);
	terminate(keyed.rec.file);
	return recent_put(&model->user_stacks.symbols, &keyed);
}

const struct rec_user_stack *model_user_stack(const struct model *model, __u64 key)
{
	const struct keyed_user_stack *keyed = recent_find(&model->user_stacks.all, key);

	return keyed ? &keyed->rec : NULL;
}

const struct rec_user_symbol *model_user_symbol(const struct model *model, __u32 tgid, __u64 start_ns,
						__u64 ip)
{
	const struct keyed_user_symbol *keyed = recent_find(&model->user_stacks.symbols,
							    model_user_symbol_key(tgid, start_ns, ip));

	return keyed && keyed->rec.tgid == tgid && keyed->rec.start_ns == start_ns && keyed->rec.ip == ip
		       ? &keyed->rec
		       : NULL;
}

const char *stack_how_name(enum stack_how how)
{
	static const char *const names[NR_STACK_HOWS] = {
		[STACK_BY_FRAME_POINTERS] = "frame_pointers",
		[STACK_BY_UNWIND_TABLES] = "unwind_tables",
		[STACK_BY_CALL_SITE] = "call_site",
	};

	return (__u32)how < NR_STACK_HOWS ? names[how] : "unknown";
}
