// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of /proc/PID; see mappings.h. */
#include "mappings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define START_FIELD 22
#define LAST_FIELD_BEFORE_NAME 2
#define WRITE_FLAG 1 /* of "rwxp" */
#define EXECUTE_FLAG 2
#define SHARED_FLAG 3

/* --- maps ------------------------------------------------------------------------------------- */

/* The number that *at begins with, followed by stop; moves *at behind that. */
static bool take_number(const char **at, const char *end, unsigned int base, char stop, uint64_t *ret)
{
	const char *start = *at;
	uint64_t value = 0;

	for (; *at < end && **at != stop; (*at)++) {
		char c = **at;
		unsigned int digit = c >= '0' && c <= '9'   ? (unsigned int)(c - '0')
				     : c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10
							    : base;

		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (*at == start || *at == end)
		return false;
	(*at)++;
	*ret = value;
	return true;
}

/* The word that *at begins with; moves *at behind the blank after it. */
static const char *take_word(const char **at, const char *end, size_t *ret_len)
{
	const char *word = *at;
	const char *blank = memchr(word, ' ', (size_t)(end - word));

	*ret_len = (size_t)((blank ? blank : end) - word);
	*at = blank ? blank + 1 : end;
	return word;
}

static bool begins_with(const char *text, const char *end, const char *prefix)
{
	size_t len = strlen(prefix);

	return (size_t)(end - text) >= len && !memcmp(text, prefix, len);
}

static enum mapping_kind kind_of(const char *name, const char *end, bool is_shared, bool has_inode)
{
	if (is_shared)
		return KIND_SHARED;
	if (has_inode)
		return KIND_FILE;
	if (begins_with(name, end, "[heap]"))
		return KIND_HEAP;
	if (begins_with(name, end, "[stack"))
		return KIND_STACK;
	return name == end || begins_with(name, end, "[anon:") ? KIND_ANONYMOUS : KIND_OTHER;
}

/* "start-end rwxp offset major:minor inode      name" */
static bool parse_mapping(const char *line, const char *end, struct mapping *ret)
{
	uint64_t dev_major, dev_minor;
	size_t rights_len;
	const char *rights;

	if (!take_number(&line, end, 16, '-', &ret->start) || !take_number(&line, end, 16, ' ', &ret->end))
		return false;
	rights = take_word(&line, end, &rights_len);
	if (rights_len <= SHARED_FLAG || !take_number(&line, end, 16, ' ', &ret->offset) ||
	    !take_number(&line, end, 16, ':', &dev_major) || !take_number(&line, end, 16, ' ', &dev_minor))
		return false;
	ret->dev = makedev((unsigned int)dev_major, (unsigned int)dev_minor);
	/* Some kernels end a line without a name behind the inode, others behind blanks. */
	for (ret->ino = 0; line < end && *line >= '0' && *line <= '9'; line++)
		ret->ino = ret->ino * 10 + (uint64_t)(*line - '0');
	while (line < end && *line == ' ')
		line++;
	ret->has_file = ret->ino || rights[SHARED_FLAG] == 's';
	ret->is_writable = rights[WRITE_FLAG] == 'w';
	ret->is_executable = rights[EXECUTE_FLAG] == 'x';
	ret->kind = kind_of(line, end, rights[SHARED_FLAG] == 's', ret->ino);
	ret->name = line;
	ret->name_len = (size_t)(end - line);
	return ret->start < ret->end;
}

static int add_mapping(struct mappings *mappings, const struct mapping *mapping)
{
	size_t nr = mappings->nr;

	/* The array doubles whenever it is full: at 1, 2, 4 and so on. */
	if (!(nr & (nr - 1))) {
		struct mapping *larger = reallocarray(mappings->mapping, nr ? nr * 2 : 1, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		mappings->mapping = larger;
	}
	mappings->mapping[mappings->nr++] = *mapping;
	mappings->nr_bytes += mapping->end - mapping->start;
	return 0;
}

int mappings_parse(const char *text, size_t size, uint64_t page_size, struct mappings *ret)
{
	const char *end = text + size;
	uint64_t last = 0;

	*ret = (struct mappings){};
	for (const char *line = text; line < end;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		const char *stop = eol ? eol : end;
		struct mapping mapping;

		if (!parse_mapping(line, stop, &mapping) || mapping.start < last ||
		    mapping.start % page_size || mapping.end % page_size)
			ret->nr_strange++;
		else if (!(mapping.start >> 63)) {
			int err = add_mapping(ret, &mapping);

			if (err)
				return err;
			last = mapping.end;
		}
		line = stop + 1;
	}
	return 0;
}

void mappings_free(struct mappings *mappings)
{
	free(mappings->mapping);
	*mappings = (struct mappings){};
}

const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address)
{
	size_t first = 0, last = mappings->nr;

	while (first < last) {
		size_t middle = first + (last - first) / 2;
		const struct mapping *mapping = &mappings->mapping[middle];

		if (address < mapping->start)
			last = middle;
		else if (address >= mapping->end)
			first = middle + 1;
		else
			return mapping;
	}
	return NULL;
}

bool mappings_are_of_32_bits(const struct mappings *mappings)
{
	for (size_t i = 0; i < mappings->nr; i++)
		if (mappings->mapping[i].end > 1ULL << 32)
			return false;
	return true;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct mapping *one = a, *other = b;
	uint64_t size = one->end - one->start, other_size = other->end - other->start;

	if (size != other_size)
		return size < other_size ? -1 : 1;
	return one->start < other->start ? -1 : one->start > other->start;
}

void mappings_sort_by_size(struct mappings *mappings)
{
	if (mappings->nr)
		qsort(mappings->mapping, mappings->nr, sizeof(mappings->mapping[0]), compare_sizes);
}

/* --- smaps_rollup, stat ------------------------------------------------------------------------ */

bool smaps_sum(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);
	bool is_found = false;

	*ret = 0;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		uint64_t kib;

		line += *line == '\n';
		if (strncmp(line, key, len) != 0 || line[len] != ':')
			continue;
		kib = strtoull(line + len + 1, NULL, 10);
		if (kib > UINT64_MAX / 1024 || __builtin_add_overflow(*ret, kib * 1024, ret))
			*ret = UINT64_MAX;
		is_found = true;
	}
	return is_found;
}

uint64_t stat_start_ticks(const char *text)
{
	/* Behind the name, the second field, there is no other parenthesis. */
	const char *at = strrchr(text, ')');

	for (int field = LAST_FIELD_BEFORE_NAME; at && field < START_FIELD; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}
