// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entrypoints: a process that allocates by the functions which an allocator has beside those of C, as far as
 * the library that was loaded before all others has them, and counts itself what it asked for. Each line of
 * standard input is a command; the counts follow it as one line of JSON, and come once at the begin. It
 * ends when standard input ends.
 *
 *	run N   N times each function; of what it gives, a quarter is left
 *	plain   without those that are, or call, operators of C++ from now on
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "usage.h"

#define ALIGNMENT 64u
#define ELEMENT 8u
#define MAX_ARGUMENTS 5

/*
 * A function, and what its arguments are: h a heap, p what was allocated, n how many, s the size of all or of
 * each, a an alignment, 0 an offset or flags. '?' at the end: it says only how large the memory is now.
 */
struct entry {
	const char *name, *arguments;
	uintptr_t (*function)(uintptr_t, uintptr_t, uintptr_t, uintptr_t,
			      uintptr_t); /* NULL: there is none */
};

static struct entry gives[] = {
	{ "mi_malloc", "s", NULL },
	{ "mi_zalloc", "s", NULL },
	{ "mi_malloc_small", "s", NULL },
	{ "mi_zalloc_small", "s", NULL },
	{ "mi_calloc", "ns", NULL },
	{ "mi_mallocn", "ns", NULL },
	{ "mi_malloc_aligned", "sa", NULL },
	{ "mi_malloc_aligned_at", "sa0", NULL },
	{ "mi_zalloc_aligned", "sa", NULL },
	{ "mi_zalloc_aligned_at", "sa0", NULL },
	{ "mi_calloc_aligned", "nsa", NULL },
	{ "mi_calloc_aligned_at", "nsa0", NULL },
	{ "mi_memalign", "as", NULL },
	{ "mi_aligned_alloc", "as", NULL },
	{ "mi_new", "s", NULL },
	{ "mi_new_n", "ns", NULL },
	{ "mi_new_nothrow", "s", NULL },
	{ "mi_new_aligned", "sa", NULL },
	{ "mi_new_aligned_nothrow", "sa", NULL },
	{ "mi_heap_malloc", "hs", NULL },
	{ "mi_heap_zalloc", "hs", NULL },
	{ "mi_heap_malloc_small", "hs", NULL },
	{ "mi_heap_zalloc_small", "hs", NULL },
	{ "mi_heap_calloc", "hns", NULL },
	{ "mi_heap_mallocn", "hns", NULL },
	{ "mi_heap_malloc_aligned", "hsa", NULL },
	{ "mi_heap_malloc_aligned_at", "hsa0", NULL },
	{ "mi_heap_zalloc_aligned", "hsa", NULL },
	{ "mi_heap_zalloc_aligned_at", "hsa0", NULL },
	{ "mi_heap_calloc_aligned", "hnsa", NULL },
	{ "mi_heap_calloc_aligned_at", "hnsa0", NULL },
	{ "mi_heap_alloc_new", "hs", NULL },
	{ "mi_heap_alloc_new_n", "hns", NULL },
	{ "mallocx", "s0", NULL },
	{ "tc_malloc", "s", NULL },
	{ "tc_malloc_skip_new_handler", "s", NULL },
	{ "tc_new", "s", NULL },
	{ "tc_newarray", "s", NULL },
};

static struct entry changes[] = {
	{ "mi_realloc", "ps", NULL },
	{ "mi_reallocn", "pns", NULL },
	{ "mi_reallocf", "ps", NULL },
	{ "mi_rezalloc", "ps", NULL },
	{ "mi_recalloc", "pns", NULL },
	{ "mi_reallocarray", "pns", NULL },
	{ "mi_realloc_aligned", "psa", NULL },
	{ "mi_realloc_aligned_at", "psa0", NULL },
	{ "mi_rezalloc_aligned", "psa", NULL },
	{ "mi_rezalloc_aligned_at", "psa0", NULL },
	{ "mi_recalloc_aligned", "pnsa", NULL },
	{ "mi_recalloc_aligned_at", "pnsa0", NULL },
	{ "mi_aligned_recalloc", "pnsa", NULL },
	{ "mi_new_realloc", "ps", NULL },
	{ "mi_new_reallocn", "pns", NULL },
	{ "mi_expand", "ps", NULL },
	{ "mi_heap_realloc", "hps", NULL },
	{ "mi_heap_reallocn", "hpns", NULL },
	{ "mi_heap_reallocf", "hps", NULL },
	{ "mi_heap_rezalloc", "hps", NULL },
	{ "mi_heap_recalloc", "hpns", NULL },
	{ "mi_heap_realloc_aligned", "hpsa", NULL },
	{ "mi_heap_realloc_aligned_at", "hpsa0", NULL },
	{ "mi_heap_rezalloc_aligned", "hpsa", NULL },
	{ "mi_heap_rezalloc_aligned_at", "hpsa0", NULL },
	{ "mi_heap_recalloc_aligned", "hpnsa", NULL },
	{ "rallocx", "ps0", NULL },
	{ "xallocx", "ps00?", NULL },
	{ "tc_realloc", "ps", NULL },
};

static struct entry takes[] = {
	{ "mi_free", "p", NULL },          { "mi_free_size", "ps", NULL },
	{ "mi_free_aligned", "pa", NULL }, { "mi_free_size_aligned", "psa", NULL },
	{ "mi_cfree", "p", NULL },         { "dallocx", "p0", NULL },
	{ "sdallocx", "ps0", NULL },       { "tc_free", "p", NULL },
	{ "tc_free_sized", "ps", NULL },   { "tc_delete", "p", NULL },
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static uintptr_t heap;
static struct {
	unsigned long nr, bytes, live, live_bytes, frees, failed;
} counts;

static void say(void)
{
	char line[256]; /* dprintf() allocates */
	int len;

	len = snprintf(
		line, sizeof(line),
		"{\"pid\": %d, \"nr\": %lu, \"bytes\": %lu, \"live\": %lu, \"live_bytes\": %lu, \"frees\": %lu, "
		"\"before\": 0, \"failed\": %lu}\n",
		getpid(), counts.nr, counts.bytes, counts.live, counts.live_bytes, counts.frees,
		counts.failed);
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		die("write");
}

static void count_given(size_t size)
{
	counts.nr++;
	counts.live++;
	counts.bytes += size;
	counts.live_bytes += size;
}

static void count_taken(size_t size)
{
	counts.frees++;
	counts.live--;
	counts.live_bytes -= size;
}

static uintptr_t call(const struct entry *entry, uintptr_t address, size_t size)
{
	const bool has_number = strchr(entry->arguments, 'n');
	uintptr_t argument[MAX_ARGUMENTS] = {};

	for (size_t i = 0; i < MAX_ARGUMENTS && entry->arguments[i]; i++) {
		switch (entry->arguments[i]) {
		case 'h':
			argument[i] = heap;
			break;
		case 'p':
			argument[i] = address;
			break;
		case 'n':
			argument[i] = size / ELEMENT;
			break;
		case 's':
			argument[i] = has_number ? ELEMENT : size;
			break;
		case 'a':
			argument[i] = ALIGNMENT;
			break;
		default:
			break;
		}
	}
	return entry->function(argument[0], argument[1], argument[2], argument[3], argument[4]);
}

/* Tries to change the size of what is at an address; where it is then, and how large. */
static uintptr_t change(const struct entry *entry, uintptr_t address, size_t *size, size_t new_size)
{
	uintptr_t result = call(entry, address, new_size);

	if (strchr(entry->arguments, '?'))
		result = result < new_size ? 0 : address;
	if (!result) {
		counts.failed++;
		return address;
	}
	count_taken(*size);
	count_given(new_size);
	*size = new_size;
	return result;
}

static const struct entry *nth(const struct entry *entries, size_t nr, size_t i)
{
	while (!entries[i % nr].function)
		i++;
	return &entries[i % nr];
}

static uintptr_t allocate(const struct entry *entry, size_t size)
{
	uintptr_t address = call(entry, 0, size);

	if (!address)
		die(entry->name);
	count_given(size);
	return address;
}

static void give_back(size_t i, uintptr_t address, size_t size)
{
	call(nth(takes, NR(takes), i), address, size);
	count_taken(size);
}

/* Sizes are small, as some functions want them, of whole elements and of the alignment. */
static void run(unsigned long nr)
{
	for (size_t i = 0; i < nr * NR(gives); i++) {
		size_t size = ALIGNMENT * (1 + i % 7);
		uintptr_t address;

		if (!gives[i % NR(gives)].function)
			continue;
		address = allocate(&gives[i % NR(gives)], size);
		if (i / NR(gives) % 4)
			give_back(i / 4, address, size);
	}
	for (size_t i = 0; i < nr * NR(changes); i++) {
		size_t size = ALIGNMENT * (1 + i % 5);
		uintptr_t address;

		if (!changes[i % NR(changes)].function)
			continue;
		address = allocate(nth(gives, NR(gives), i), size);
		/* It grows and shrinks. Whether what is to stay where it is can grow, the allocator says. */
		address = change(&changes[i % NR(changes)], address, &size, ALIGNMENT * (1 + i % 11));
		if (!(i / NR(changes) % 4))
			continue;
		/* What did not shrink may not be given back by the size that was wanted. */
		free((void *)address);
		count_taken(size);
	}
}

static void find(struct entry *entries, size_t nr)
{
	/* Two words of one size, whatever they are. */
	for (size_t i = 0; i < nr; i++)
		*(void **)&entries[i].function = dlsym(RTLD_DEFAULT, entries[i].name);
}

static void be_plain(struct entry *entries, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (strstr(entries[i].name, "_new") || strstr(entries[i].name, "_delete"))
			entries[i].function = NULL;
}

static void obey(const char *line)
{
	if (!strncmp(line, "run ", 4))
		return run(strtoul(line + 4, NULL, 10));
	if (!strcmp(line, "plain")) {
		be_plain(gives, NR(gives));
		be_plain(changes, NR(changes));
		return be_plain(takes, NR(takes));
	}
	errno = EINVAL;
	die(line);
}

int main(void)
{
	uintptr_t (*new_heap)(void);
	char line[64];

	/* What looks for names allocates, and so does a heap of one's own. */
	find(gives, NR(gives));
	find(changes, NR(changes));
	find(takes, NR(takes));
	*(void **)&new_heap = dlsym(RTLD_DEFAULT, "mi_heap_new");
	heap = new_heap ? new_heap() : 0;
	say();
	while (read_line(line, sizeof(line))) {
		obey(line);
		say();
	}
	return 0;
}
