// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of /proc/slabinfo; see slabtext.h. */
#include "slabtext.h"

#include <string.h>

#include "procfs.h"

/*
 * name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>
 *	: tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
 */
enum { NAME, NR_OBJECTS, OBJECT_BYTES = 3, PAGES_PER_SLAB = 5, NR_SLABS = 14, NR_WORDS = 16 };

struct word {
	const char *begin, *end;
};

static bool split(const char *line, size_t size, struct word ret[NR_WORDS])
{
	const char *end = line + size;
	int nr = 0;

	for (const char *at = line; at < end;) {
		const char *space = memchr(at, ' ', (size_t)(end - at));
		const char *stop = space ? space : end;

		if (stop > at) {
			if (nr == NR_WORDS)
				return false;
			ret[nr++] = (struct word){ at, stop };
		}
		at = stop + 1;
	}
	return nr == NR_WORDS;
}

static bool number(const struct word *word, __u64 *ret)
{
	return parse_u64(word->begin, word->end, ret);
}

bool slab_line_parse(const char *line, size_t size, __u32 page_size, struct rec_slab_cache *ret)
{
	struct word words[NR_WORDS];
	__u64 pages, slabs, used_bytes;
	size_t name_len;

	if (!split(line, size, words) || !number(&words[NR_OBJECTS], &ret->nr_objects) ||
	    !number(&words[OBJECT_BYTES], &ret->object_bytes) || !number(&words[PAGES_PER_SLAB], &pages) ||
	    !number(&words[NR_SLABS], &slabs))
		return false;
	if (__builtin_mul_overflow(slabs, pages, &pages) ||
	    __builtin_mul_overflow(pages, page_size, &ret->held_bytes) ||
	    __builtin_mul_overflow(ret->nr_objects, ret->object_bytes, &used_bytes) ||
	    used_bytes > ret->held_bytes)
		return false;
	name_len = (size_t)(words[NAME].end - words[NAME].begin);
	if (memchr(words[NAME].begin, '\0', name_len))
		return false;
	if (name_len > sizeof(ret->name) - 1)
		name_len = sizeof(ret->name) - 1;
	memset(ret->name, 0, sizeof(ret->name));
	memcpy(ret->name, words[NAME].begin, name_len);
	return true;
}
