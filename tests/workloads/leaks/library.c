// SPDX-License-Identifier: GPL-2.0-or-later
/* A library that leaks from a place some calls deep; see library.h. */
#include "library.h"

#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define ENTRY_BYTES 1200

/* The results are used, so that no call is the last thing that a function does: each has its frame. */
SITE static char *library_allocate(size_t bytes)
{
	char *memory = malloc(bytes);

	if (!memory)
		abort();
	memset(memory, 1, bytes);
	use(memory);
	return memory;
}

SITE static size_t library_add_entry(size_t bytes)
{
	char *entry = library_allocate(bytes);

	entry[0] = 2;
	use(entry);
	return bytes;
}

size_t library_store(void)
{
	size_t bytes = library_add_entry(ENTRY_BYTES);

	use(&bytes);
	return bytes;
}
