/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps that compilers write of their code: whatever is in one, what is found contains the address. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

#include "../../daemon/trace/symbolizer/jitmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jitmap jitmap;

	if (!jitmap_parse((const char *)data, size, &jitmap)) {
		for (size_t i = 0; i < jitmap.nr; i++) {
			uint64_t address = jitmap.functions[i].address;
			const struct jit_function *function = jitmap_find(&jitmap, address);

			must(i == 0 || jitmap.functions[i - 1].address <= address);
			if (function)
				must(address - function->address < function->size);
			jitmap_find(&jitmap, address - 1);
		}
	}
	jitmap_free(&jitmap);
	return 0;
}
