// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of numa_maps; see numa_maps.h. Their form is that of fs/proc/task_mmu.c: show_numa_map(). */
#include "numa_maps.h"

#include <stdio.h>
#include <string.h>

/* What is left of a line. */
struct rest {
	const char *at, *end;
};

/* A word of it; empty at its end. */
struct word {
	const char *at;
	size_t len;
};

static struct word take_word(struct rest *rest)
{
	const char *blank = memchr(rest->at, ' ', (size_t)(rest->end - rest->at));
	struct word word = { rest->at, (size_t)((blank ? blank : rest->end) - rest->at) };

	rest->at = blank ? blank + 1 : rest->end;
	return word;
}

static bool begins_with(struct word word, const char *prefix)
{
	size_t len = strlen(prefix);

	return word.len >= len && !memcmp(word.at, prefix, len);
}

static bool is_word(struct word word, const char *wanted)
{
	return word.len == strlen(wanted) && begins_with(word, wanted);
}

/* All of a word as a number. */
static bool parse_number(const char *at, const char *end, unsigned int base, uint64_t *ret)
{
	bool is_empty = at == end;

	for (*ret = 0; at < end; at++) {
		char c = *at;
		unsigned int digit = c >= '0' && c <= '9'   ? (unsigned int)(c - '0')
				     : c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10
							    : base;

		if (digit >= base || __builtin_mul_overflow(*ret, base, ret) ||
		    __builtin_add_overflow(*ret, digit, ret))
			return false;
	}
	return !is_empty;
}

/* Two policies are of two words: "weighted interleave" and "prefer (many)". */
static void take_policy(struct rest *rest, struct numa_mapping *ret)
{
	struct word policy = take_word(rest);
	struct rest ahead = *rest;
	struct word next = take_word(&ahead);

	if ((is_word(policy, "weighted") && begins_with(next, "interleave")) ||
	    (is_word(policy, "prefer") && begins_with(next, "(many)"))) {
		policy.len = (size_t)(next.at + next.len - policy.at);
		*rest = ahead;
	}
	ret->policy = policy.at;
	ret->policy_len = policy.len;
}

/* "N0=17", in pages until the end of the line says how large they are. */
static bool add_node(struct word word, struct numa_mapping *ret)
{
	const char *end = word.at + word.len, *equals = memchr(word.at, '=', word.len);
	uint64_t node, nr_pages;

	if (!equals || ret->nr_nodes == NUMA_MAX_NODES || !parse_number(word.at + 1, equals, 10, &node) ||
	    !parse_number(equals + 1, end, 10, &nr_pages) || node >= NUMA_MAX_NODES)
		return false;
	ret->node[ret->nr_nodes].node = node;
	ret->node[ret->nr_nodes++].bytes = nr_pages;
	return true;
}

static bool pages_to_bytes(struct word word, struct numa_mapping *ret)
{
	uint64_t size;

	if (!parse_number(word.at + strlen("kernelpagesize_kB="), word.at + word.len, 10, &size) ||
	    __builtin_mul_overflow(size, 1024, &size))
		return false;
	for (size_t i = 0; i < ret->nr_nodes; i++)
		if (__builtin_mul_overflow(ret->node[i].bytes, size, &ret->node[i].bytes))
			return false;
	return true;
}

/* Words that are not known may be of a newer kernel. */
static bool parse_word(struct word word, struct numa_mapping *ret, bool *ret_has_size)
{
	if (begins_with(word, "file=")) {
		ret->has_file = true;
		ret->name = word.at + strlen("file=");
		ret->name_len = word.len - strlen("file=");
	} else if (is_word(word, "heap") || is_word(word, "stack")) {
		ret->name = word.at;
		ret->name_len = word.len;
	} else if (is_word(word, "huge")) {
		ret->is_hugetlb = true;
	} else if (begins_with(word, "N") && word.len > 1 && word.at[1] >= '0' && word.at[1] <= '9') {
		return !*ret_has_size && add_node(word, ret);
	} else if (begins_with(word, "kernelpagesize_kB=")) {
		if (*ret_has_size)
			return false;
		*ret_has_size = true;
		return pages_to_bytes(word, ret);
	}
	return true;
}

bool numa_maps_parse(const char *line, size_t size, struct numa_mapping *ret)
{
	struct rest rest = { line, line + size };
	struct word address = take_word(&rest);
	bool has_size = false;

	ret->name = "";
	ret->name_len = ret->nr_nodes = 0;
	ret->has_file = ret->is_hugetlb = false;
	if (!parse_number(address.at, address.at + address.len, 16, &ret->start))
		return false;
	take_policy(&rest, ret);
	if (!ret->policy_len)
		return false;
	while (rest.at < rest.end)
		if (!parse_word(take_word(&rest), ret, &has_size))
			return false;
	return has_size || !ret->nr_nodes;
}

static void add(uint64_t *sum, uint64_t bytes)
{
	if (__builtin_add_overflow(*sum, bytes, sum))
		*sum = UINT64_MAX;
}

static struct numa_policy *policy_of(struct numa_maps *maps, const struct numa_mapping *mapping)
{
	char name[sizeof(maps->policy[0].name)];
	size_t i;

	snprintf(name, sizeof(name), "%.*s", (int)mapping->policy_len, mapping->policy);
	for (i = 0; i < maps->nr_policies; i++)
		if (!strcmp(maps->policy[i].name, name))
			return &maps->policy[i];
	if (i == NUMA_MAX_POLICIES)
		return &maps->policy[i - 1];
	maps->nr_policies++;
	snprintf(maps->policy[i].name, sizeof(name), "%s",
		 i == NUMA_MAX_POLICIES - 1 ? NUMA_OTHER_POLICIES : name);
	return &maps->policy[i];
}

void numa_maps_add(struct numa_maps *maps, const struct numa_mapping *mapping, bool is_shared)
{
	enum numa_kind kind = mapping->is_hugetlb ? NUMA_HUGETLB
			      : is_shared         ? NUMA_SHARED
			      : mapping->has_file ? NUMA_FILE
						  : NUMA_ANONYMOUS;
	struct numa_policy *policy = policy_of(maps, mapping);
	uint64_t sum = 0;

	for (size_t i = 0; i < mapping->nr_nodes; i++) {
		uint64_t node = mapping->node[i].node, bytes = mapping->node[i].bytes;

		add(&maps->bytes[kind][node], bytes);
		add(&policy->bytes[node], bytes);
		add(&sum, bytes);
	}
	maps->nr_mappings++;
	if (policy->nr_mappings++ && sum <= policy->largest_bytes)
		return;
	policy->largest_bytes = sum;
	policy->largest_start = mapping->start;
	snprintf(policy->largest_name, sizeof(policy->largest_name), "%.*s", (int)mapping->name_len,
		 mapping->name);
}

uint64_t numa_maps_on_node(const struct numa_maps *maps, size_t node)
{
	uint64_t sum = 0;

	for (int kind = 0; kind < NR_NUMA_KINDS; kind++)
		add(&sum, maps->bytes[kind][node]);
	return sum;
}
