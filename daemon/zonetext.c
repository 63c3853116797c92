// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel's files say of zones; see zonetext.h. */
#include "zonetext.h"

#include <stdint.h>
#include <string.h>

#include "procfs.h"
#include "util.h"

struct words {
	const char *at, *end;
};

struct word {
	const char *text;
	size_t size; /* 0: there are no more */
};

static struct word next_word(struct words *words)
{
	struct word word;

	while (words->at < words->end && *words->at == ' ')
		words->at++;
	word.text = words->at;
	while (words->at < words->end && *words->at != ' ')
		words->at++;
	word.size = (size_t)(words->at - word.text);
	return word;
}

static bool is_word(struct word word, const char *text)
{
	return word.size == strlen(text) && !memcmp(word.text, text, word.size);
}

static bool word_number(struct word word, __u64 *ret)
{
	return parse_u64(word.text, word.text + word.size, ret);
}

/* A name that fits, of characters that can be printed and do not separate anything. */
static bool word_name(struct word word, char ret[ZONE_NAME_LEN])
{
	if (!word.size || word.size >= ZONE_NAME_LEN)
		return false;
	for (size_t i = 0; i < word.size; i++)
		if (word.text[i] <= ' ' || word.text[i] > '~' || word.text[i] == ',')
			return false;
	memcpy(ret, word.text, word.size);
	ret[word.size] = '\0';
	return true;
}

bool zone_line_parse(const char *line, size_t size, struct zone_line *ret)
{
	struct words words = { line, line + size };
	struct word word;
	__u64 node;

	if (!is_word(next_word(&words), "Node"))
		return false;
	word = next_word(&words);
	if (word.size < 2 || word.text[word.size - 1] != ',')
		return false;
	word.size--;
	if (!word_number(word, &node) || node > UINT32_MAX || !is_word(next_word(&words), "zone") ||
	    !word_name(next_word(&words), ret->name))
		return false;
	ret->node = (__u32)node;
	ret->nr_values = 0;
	for (word = next_word(&words); word.size; word = next_word(&words))
		if (ret->nr_values == ZONE_MAX_VALUES || !word_number(word, &ret->value[ret->nr_values++]))
			return false;
	return true;
}

/* --- /proc/zoneinfo --------------------------------------------------------------------------- */

static const struct {
	const char *key;
	size_t offset;
} zoneinfo_keys[] = {
	{ "min", offsetof(struct zoneinfo, min_pages) },
	{ "low", offsetof(struct zoneinfo, low_pages) },
	{ "high", offsetof(struct zoneinfo, high_pages) },
	{ "spanned", offsetof(struct zoneinfo, spanned_pages) },
	{ "present", offsetof(struct zoneinfo, present_pages) },
	{ "managed", offsetof(struct zoneinfo, managed_pages) },
};

#define ALL_FOUND ((1u << ARRAY_SIZE(zoneinfo_keys)) - 1)

/* The number that ends the line behind its key. */
static bool last_number(struct words *words, __u64 *ret)
{
	return word_number(next_word(words), ret) && !next_word(words).size;
}

static void begin_zone(struct zoneinfo *info, const char *line, size_t size)
{
	struct zone_line zone;

	info->found = 0;
	info->state = ZONEINFO_OUTSIDE;
	if (!zone_line_parse(line, size, &zone) || zone.nr_values)
		return;
	info->place = info->has_begun && zone.node == info->zone.node ? info->place + 1 : 0;
	info->has_begun = true;
	info->state = ZONEINFO_IN_SIZES;
	info->zone = zone;
}

static void take_size(struct zoneinfo *info, struct word key, struct words *words)
{
	__u64 value;

	for (size_t i = 0; i < ARRAY_SIZE(zoneinfo_keys); i++) {
		if (!is_word(key, zoneinfo_keys[i].key) || !last_number(words, &value))
			continue;
		memcpy((char *)info + zoneinfo_keys[i].offset, &value, sizeof(value));
		info->found |= 1u << i;
	}
}

/* The sizes of a zone stand between its name and "protection:", and its start behind the lists of the CPUs. */
enum zoneinfo_part zoneinfo_take(struct zoneinfo *info, const char *line, size_t size)
{
	struct words words = { line, line + size };
	struct word key = next_word(&words);

	if (is_word(key, "Node")) {
		begin_zone(info, line, size);
	} else if (info->state == ZONEINFO_IN_SIZES && is_word(key, "protection:")) {
		info->state = info->found == ALL_FOUND ? ZONEINFO_BEHIND_SIZES : ZONEINFO_OUTSIDE;
		return info->state == ZONEINFO_BEHIND_SIZES ? ZONEINFO_SIZES : ZONEINFO_NOTHING;
	} else if (info->state == ZONEINFO_IN_SIZES) {
		take_size(info, key, &words);
	} else if (info->state == ZONEINFO_BEHIND_SIZES && is_word(key, "start_pfn:") &&
		   last_number(&words, &info->start_pfn)) {
		info->state = ZONEINFO_OUTSIDE;
		return ZONEINFO_START;
	}
	return ZONEINFO_NOTHING;
}

/* --- /proc/pagetypeinfo ----------------------------------------------------------------------- */

/* Whether the line begins with text; words then holds what follows. */
static bool begins_with(const char *line, size_t size, const char *text, struct words *ret)
{
	size_t len = strlen(text);

	if (size < len || memcmp(line, text, len) != 0)
		return false;
	*ret = (struct words){ line + len, line + size };
	return true;
}

static bool take_types(struct pagetypeinfo *info, struct words *words)
{
	info->nr_types = 0;
	for (struct word word = next_word(words); word.size; word = next_word(words))
		if (info->nr_types == REC_MAX_MIGRATETYPES || !word_name(word, info->type[info->nr_types++]))
			return false;
	return info->nr_types;
}

/*
 * Other tables of the file have lines of the same shape (free pages, and with page_owner mixed blocks), so
 * the pageblocks are what follows their header without a gap. The file begins again for each node.
 */
bool pagetypeinfo_take(struct pagetypeinfo *info, const char *line, size_t size)
{
	struct words words;

	if (begins_with(line, size, "Number of blocks type ", &words)) {
		info->is_in_blocks = take_types(info, &words);
		return false;
	}
	info->is_in_blocks = info->is_in_blocks && zone_line_parse(line, size, &info->zone) &&
			     info->zone.nr_values == info->nr_types;
	return info->is_in_blocks;
}
