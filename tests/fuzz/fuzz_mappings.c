/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel shows of an address space, of any bytes: mappings ascend and add up. */
#include <stdlib.h>
#include <string.h>

#include "../../cli/allocators.h"
#include "../../daemon/mappings.h"
#include "check.h"

#define PAGE_SIZE 4096

static void check_mappings(const struct mappings *mappings)
{
	uint64_t last = 0, sum = 0;

	for (size_t i = 0; i < mappings->nr; i++) {
		const struct mapping *mapping = &mappings->mapping[i];

		must(mapping->start >= last && mapping->end > mapping->start);
		must(mapping->start % PAGE_SIZE == 0 && mapping->end % PAGE_SIZE == 0);
		must(!(mapping->start >> 63));
		must(mapping->kind < NR_KINDS);
		must(mapping->kind != KIND_FILE || mapping->has_file);
		must(!memchr(mapping->name, '\n', mapping->name_len));
		sum += mapping->end - mapping->start;
		last = mapping->end;
	}
	must(sum == mappings->nr_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size ? size : 1), *text = malloc(size + 1);
	struct mappings mappings;
	uint64_t bytes;

	must(exact && text);
	memcpy(exact, data, size);
	memcpy(text, data, size);
	text[size] = '\0';
	must(!mappings_parse(exact, size, PAGE_SIZE, &mappings));
	check_mappings(&mappings);
	for (size_t i = 0; i < mappings.nr; i++)
		must(!is_glibc(&mappings.mapping[i]) || mappings.mapping[i].has_file);
	must(!(other_allocators(&mappings) >> NR_OTHER_ALLOCATORS));
	mappings_are_of_32_bits(&mappings);
	mappings_sort_by_size(&mappings);
	for (size_t i = 1; i < mappings.nr; i++)
		must(mappings.mapping[i].end - mappings.mapping[i].start >=
		     mappings.mapping[i - 1].end - mappings.mapping[i - 1].start);
	mappings_free(&mappings);
	must(smaps_sum(text, "Rss", &bytes) || !bytes);
	stat_start_ticks(text);
	free(exact);
	free(text);
	return 0;
}
