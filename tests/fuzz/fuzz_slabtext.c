/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of slab caches, of any bytes, as one line. */
#include <stdlib.h>
#include <string.h>

#include "../../daemon/slabtext.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rec_slab_cache cache = {};
	/* As if nothing but the line were there. */
	char *line = malloc(size + !size);

	must(line);
	memcpy(line, data, size);
	if (slab_line_parse(line, size, 4096, &cache)) {
		must(memchr(cache.name, '\0', sizeof(cache.name)) && cache.name[0]);
		must(!cache.object_bytes || cache.nr_objects <= cache.held_bytes / cache.object_bytes);
	}
	free(line);
	return 0;
}
