/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir leaks --heap: what the heaps of suspects say of their verdicts. */
#ifndef MEMOIR_LEAKS_HEAP_H
#define MEMOIR_LEAKS_HEAP_H

#include <jansson.h>

#include "heap.h"

/*
 * Adds the evidence of a heap to a process of "/v1/leaks", and makes its verdict "allocator_fragmentation" where
 * at least half of its anonymous memory is free inside the heap. 0 or -ENOMEM.
 */
int leaks_heap_tell(json_t *process, const struct heap *heap);

#endif
