/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of probes: whatever is in one, what it says is inside it, and arguments are in their range. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

#include "../../daemon/trace/symbolizer/usdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heap_argument argument[NR_ALLOC_ARGUMENTS] = {};
	const char *begin = (const char *)data;
	struct usdt_note note;

	if (usdt_parse_note(data, size, &note))
		return 0;
	must(note.provider >= begin && note.arguments + strlen(note.arguments) < begin + size);
	for (__u32 nr = 1; nr <= NR_ALLOC_ARGUMENTS; nr++) {
		if (usdt_parse_arguments(note.arguments, argument, nr))
			continue;
		for (__u32 i = 0; i < nr; i++) {
			must(argument[i].kind < NR_HEAP_ARGUMENT_KINDS && argument[i].word < NR_HEAP_WORDS);
			must(argument[i].size && argument[i].size <= 8);
			must(!(argument[i].size & (argument[i].size - 1)));
		}
	}
	return 0;
}
