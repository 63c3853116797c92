// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of /proc/allocinfo; see allocinfo.h. */
#include "allocinfo.h"

#include <string.h>

/* What is left of the line. */
struct rest {
	const char *at, *end;
};

/* The next word and its length; NULL where there is none. */
static const char *next_word(struct rest *rest, size_t *ret_size)
{
	const char *word;

	while (rest->at < rest->end && *rest->at == ' ')
		rest->at++;
	word = rest->at;
	while (rest->at < rest->end && *rest->at != ' ')
		rest->at++;
	*ret_size = (size_t)(rest->at - word);
	return *ret_size ? word : NULL;
}

static bool next_number(struct rest *rest, uint64_t *ret)
{
	size_t size;
	const char *word = next_word(rest, &size);

	*ret = 0;
	for (size_t i = 0; word && i < size; i++) {
		if (word[i] < '0' || word[i] > '9' || *ret > (INT64_MAX - 9) / 10)
			return false;
		*ret = *ret * 10 + (uint64_t)(word[i] - '0');
	}
	return word;
}

/* Its end, if it is too long. */
static void copy(char *ret, size_t max, const char *word, size_t size)
{
	if (size >= max) {
		word += size - (max - 1);
		size = max - 1;
	}
	memcpy(ret, word, size);
	ret[size] = '\0';
}

#define FUNCTION "func:"

bool allocinfo_parse(const char *line, size_t size, struct allocinfo_site *ret)
{
	struct rest rest = { line, line + size };
	const char *word;

	*ret = (struct allocinfo_site){};
	if (memchr(line, '\0', size) || !next_number(&rest, &ret->bytes) ||
	    !next_number(&rest, &ret->nr_calls))
		return false;
	word = next_word(&rest, &size);
	if (!word || !memchr(word, ':', size))
		return false;
	copy(ret->place, sizeof(ret->place), word, size);
	word = next_word(&rest, &size);
	if (word && size > 2 && word[0] == '[' && word[size - 1] == ']') {
		copy(ret->module, sizeof(ret->module), word + 1, size - 2);
		word = next_word(&rest, &size);
	}
	if (!word || size <= strlen(FUNCTION) || memcmp(word, FUNCTION, strlen(FUNCTION)) != 0)
		return false;
	copy(ret->function, sizeof(ret->function), word + strlen(FUNCTION), size - strlen(FUNCTION));
	return true;
}
