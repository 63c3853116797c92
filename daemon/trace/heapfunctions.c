// SPDX-License-Identifier: GPL-2.0-or-later
/* The functions by which allocators are told; see heapfunctions.h. */
#include "heapfunctions.h"

#define FAMILY(prefix)                                                                                       \
	{ prefix "malloc", HEAP_MALLOC, false }, { prefix "realloc", HEAP_REALLOC, true },                   \
		{ prefix "calloc", HEAP_CALLOC, true }, { prefix "reallocarray", HEAP_REALLOCARRAY, true },  \
		{ prefix "memalign", HEAP_MEMALIGN, true }, { prefix "aligned_alloc", HEAP_MEMALIGN, true }, \
		{ prefix "posix_memalign", HEAP_POSIX_MEMALIGN, true },                                      \
		{ prefix "valloc", HEAP_MALLOC, true }, { prefix "pvalloc", HEAP_MALLOC, true },             \
		{ prefix "free", HEAP_FREE, false },                                                         \
	{                                                                                                    \
		prefix "cfree", HEAP_DELETE, true                                                            \
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
	{ "free_sized", HEAP_DELETE, true },
	{ "free_aligned_sized", HEAP_DELETE, true },
	/* jemalloc: the flags come last. */
	{ "mallocx", HEAP_MALLOC, true },
	{ "rallocx", HEAP_REALLOC, true },
	{ "dallocx", HEAP_DELETE, true },
	{ "sdallocx", HEAP_DELETE, true },
	{ "je_mallocx", HEAP_MALLOC, true },
	{ "je_rallocx", HEAP_REALLOC, true },
	{ "je_dallocx", HEAP_DELETE, true },
	{ "je_sdallocx", HEAP_DELETE, true },
	{ "_Znwm", HEAP_MALLOC, true },
	{ "_Znam", HEAP_MALLOC, true },
	{ "_ZnwmRKSt9nothrow_t", HEAP_MALLOC, true },
	{ "_ZnamRKSt9nothrow_t", HEAP_MALLOC, true },
	{ "_ZnwmSt11align_val_t", HEAP_MALLOC, true },
	{ "_ZnamSt11align_val_t", HEAP_MALLOC, true },
	{ "_ZnwmSt11align_val_tRKSt9nothrow_t", HEAP_MALLOC, true },
	{ "_ZnamSt11align_val_tRKSt9nothrow_t", HEAP_MALLOC, true },
	{ "_ZdlPv", HEAP_DELETE, true },
	{ "_ZdaPv", HEAP_DELETE, true },
	{ "_ZdlPvm", HEAP_DELETE, true },
	{ "_ZdaPvm", HEAP_DELETE, true },
	{ "_ZdlPvRKSt9nothrow_t", HEAP_DELETE, true },
	{ "_ZdaPvRKSt9nothrow_t", HEAP_DELETE, true },
	{ "_ZdlPvSt11align_val_t", HEAP_DELETE, true },
	{ "_ZdaPvSt11align_val_t", HEAP_DELETE, true },
	{ "_ZdlPvmSt11align_val_t", HEAP_DELETE, true },
	{ "_ZdaPvmSt11align_val_t", HEAP_DELETE, true },
	{ "_ZdlPvSt11align_val_tRKSt9nothrow_t", HEAP_DELETE, true },
	{ "_ZdaPvSt11align_val_tRKSt9nothrow_t", HEAP_DELETE, true },
};

_Static_assert(sizeof(heap_functions) / sizeof(heap_functions[0]) == NR_HEAP_FUNCTIONS, "count them");
