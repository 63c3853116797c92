/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that grow with what is put into them. */
#include "internal.h"

#include <stdlib.h>

#define MIN_ROWS 64u

void *rows_reserve(void *rows, size_t size, __u32 nr, __u32 *capacity)
{
	__u32 wanted = *capacity ? *capacity * 2 : MIN_ROWS;
	void *larger;

	if (nr < *capacity)
		return rows;
	larger = realloc(rows, wanted * size);
	if (larger)
		*capacity = wanted;
	return larger;
}
