// SPDX-License-Identifier: GPL-2.0-or-later
/* The functions by which allocators are told; see heapfunctions.h. */
#include "heapfunctions.h"

#define FAMILY(prefix)                                                                             \
	{ prefix "malloc", HEAP_MALLOC, 0 }, { prefix "realloc", HEAP_REALLOC, HEAP_HANDS_ON },    \
		{ prefix "calloc", HEAP_CALLOC, HEAP_HANDS_ON },                                   \
		{ prefix "reallocarray", HEAP_REALLOCARRAY, HEAP_HANDS_ON },                       \
		{ prefix "memalign", HEAP_MEMALIGN, HEAP_HANDS_ON },                               \
		{ prefix "aligned_alloc", HEAP_MEMALIGN, HEAP_HANDS_ON },                          \
		{ prefix "posix_memalign", HEAP_POSIX_MEMALIGN, HEAP_HANDS_ON },                   \
		{ prefix "valloc", HEAP_MALLOC, HEAP_HANDS_ON },                                   \
		{ prefix "pvalloc", HEAP_MALLOC, HEAP_HANDS_ON }, { prefix "free", HEAP_FREE, 0 }, \
	{                                                                                          \
		prefix "cfree", HEAP_DELETE, HEAP_HANDS_ON                                         \
	}

/* One of mimalloc's, which has each for the usual heap and for one that is named. */
#define EACH_HEAP(name, call)                                       \
	{ "mi_" name, call, HEAP_HANDS_ON },                        \
	{                                                           \
		"mi_heap_" name, call, HEAP_HANDS_ON | HEAP_OF_HEAP \
	}

/*
 * operator new and delete, by their mangled names (Itanium C++ ABI), with m for size_t: plain, for
 * arrays, not throwing, of an alignment; delete also with the size.
 */
const struct heap_function heap_functions[NR_HEAP_FUNCTIONS] = {
	FAMILY(""),
	FAMILY("je_"),
	FAMILY("mi_"),
	FAMILY("tc_"),
	{ "free_sized", HEAP_DELETE, HEAP_HANDS_ON },
	{ "free_aligned_sized", HEAP_DELETE, HEAP_HANDS_ON },
	/* jemalloc: the flags come last. */
	{ "mallocx", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "rallocx", HEAP_REALLOC, HEAP_HANDS_ON },
	{ "dallocx", HEAP_DELETE, HEAP_HANDS_ON },
	{ "sdallocx", HEAP_DELETE, HEAP_HANDS_ON },
	{ "xallocx", HEAP_IN_PLACE, HEAP_HANDS_ON },
	{ "je_mallocx", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "je_rallocx", HEAP_REALLOC, HEAP_HANDS_ON },
	{ "je_dallocx", HEAP_DELETE, HEAP_HANDS_ON },
	{ "je_sdallocx", HEAP_DELETE, HEAP_HANDS_ON },
	{ "je_xallocx", HEAP_IN_PLACE, HEAP_HANDS_ON },
	/* tcmalloc: its new and delete are those of C++ by other names. */
	{ "tc_malloc_skip_new_handler", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "_Znwm", HEAP_MALLOC, HEAP_HANDS_ON | HEAP_THROWS },
	{ "_Znam", HEAP_MALLOC, HEAP_HANDS_ON | HEAP_THROWS },
	{ "_ZnwmRKSt9nothrow_t", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "_ZnamRKSt9nothrow_t", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "_ZnwmSt11align_val_t", HEAP_MALLOC, HEAP_HANDS_ON | HEAP_THROWS },
	{ "_ZnamSt11align_val_t", HEAP_MALLOC, HEAP_HANDS_ON | HEAP_THROWS },
	{ "_ZnwmSt11align_val_tRKSt9nothrow_t", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "_ZnamSt11align_val_tRKSt9nothrow_t", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "_ZdlPv", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdaPv", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdlPvm", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdaPvm", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdlPvRKSt9nothrow_t", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdaPvRKSt9nothrow_t", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdlPvSt11align_val_t", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdaPvSt11align_val_t", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdlPvmSt11align_val_t", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdaPvmSt11align_val_t", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdlPvSt11align_val_tRKSt9nothrow_t", HEAP_DELETE, HEAP_HANDS_ON },
	{ "_ZdaPvSt11align_val_tRKSt9nothrow_t", HEAP_DELETE, HEAP_HANDS_ON },
	/* mimalloc: alignments and offsets come last. */
	{ "mi_heap_malloc", HEAP_MALLOC, HEAP_HANDS_ON | HEAP_OF_HEAP },
	{ "mi_heap_calloc", HEAP_CALLOC, HEAP_HANDS_ON | HEAP_OF_HEAP },
	{ "mi_heap_realloc", HEAP_REALLOC, HEAP_HANDS_ON | HEAP_OF_HEAP },
	EACH_HEAP("zalloc", HEAP_MALLOC),
	EACH_HEAP("malloc_small", HEAP_MALLOC),
	EACH_HEAP("zalloc_small", HEAP_MALLOC),
	EACH_HEAP("mallocn", HEAP_CALLOC),
	EACH_HEAP("reallocn", HEAP_REALLOCARRAY),
	EACH_HEAP("reallocf", HEAP_REALLOC),
	EACH_HEAP("rezalloc", HEAP_REALLOC),
	EACH_HEAP("recalloc", HEAP_REALLOCARRAY),
	EACH_HEAP("malloc_aligned", HEAP_MALLOC),
	EACH_HEAP("malloc_aligned_at", HEAP_MALLOC),
	EACH_HEAP("zalloc_aligned", HEAP_MALLOC),
	EACH_HEAP("zalloc_aligned_at", HEAP_MALLOC),
	EACH_HEAP("calloc_aligned", HEAP_CALLOC),
	EACH_HEAP("calloc_aligned_at", HEAP_CALLOC),
	EACH_HEAP("realloc_aligned", HEAP_REALLOC),
	EACH_HEAP("realloc_aligned_at", HEAP_REALLOC),
	EACH_HEAP("rezalloc_aligned", HEAP_REALLOC),
	EACH_HEAP("rezalloc_aligned_at", HEAP_REALLOC),
	EACH_HEAP("recalloc_aligned", HEAP_REALLOCARRAY),
	EACH_HEAP("recalloc_aligned_at", HEAP_REALLOCARRAY),
	{ "mi_expand", HEAP_REALLOC, HEAP_HANDS_ON },
	{ "mi_new", HEAP_MALLOC, HEAP_HANDS_ON | HEAP_THROWS },
	{ "mi_new_n", HEAP_CALLOC, HEAP_HANDS_ON | HEAP_THROWS },
	{ "mi_new_nothrow", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "mi_new_aligned", HEAP_MALLOC, HEAP_HANDS_ON | HEAP_THROWS },
	{ "mi_new_aligned_nothrow", HEAP_MALLOC, HEAP_HANDS_ON },
	{ "mi_new_realloc", HEAP_REALLOC, HEAP_HANDS_ON | HEAP_THROWS },
	{ "mi_new_reallocn", HEAP_REALLOCARRAY, HEAP_HANDS_ON | HEAP_THROWS },
	{ "mi_heap_alloc_new", HEAP_MALLOC, HEAP_HANDS_ON | HEAP_OF_HEAP | HEAP_THROWS },
	{ "mi_heap_alloc_new_n", HEAP_CALLOC, HEAP_HANDS_ON | HEAP_OF_HEAP | HEAP_THROWS },
	{ "mi_free_size", HEAP_DELETE, HEAP_HANDS_ON },
	{ "mi_free_aligned", HEAP_DELETE, HEAP_HANDS_ON },
	{ "mi_free_size_aligned", HEAP_DELETE, HEAP_HANDS_ON },
};

_Static_assert(sizeof(heap_functions) / sizeof(heap_functions[0]) == NR_HEAP_FUNCTIONS, "count them");
