// SPDX-License-Identifier: GPL-2.0-or-later
/* The functions by which allocators are told; see heapfunctions.h. */
#include "heapfunctions.h"

#define FAMILY(prefix)                                                                                      \
	{ prefix "malloc", HEAP_MALLOC, false, false }, { prefix "realloc", HEAP_REALLOC, true, false },    \
		{ prefix "calloc", HEAP_CALLOC, true, false },                                              \
		{ prefix "reallocarray", HEAP_REALLOCARRAY, true, false },                                  \
		{ prefix "memalign", HEAP_MEMALIGN, true, false },                                          \
		{ prefix "aligned_alloc", HEAP_MEMALIGN, true, false },                                     \
		{ prefix "posix_memalign", HEAP_POSIX_MEMALIGN, true, false },                              \
		{ prefix "valloc", HEAP_MALLOC, true, false },                                              \
		{ prefix "pvalloc", HEAP_MALLOC, true, false }, { prefix "free", HEAP_FREE, false, false }, \
	{                                                                                                   \
		prefix "cfree", HEAP_DELETE, true, false                                                    \
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
	{ "free_sized", HEAP_DELETE, true, false },
	{ "free_aligned_sized", HEAP_DELETE, true, false },
	/* jemalloc: the flags come last. */
	{ "mallocx", HEAP_MALLOC, true, false },
	{ "rallocx", HEAP_REALLOC, true, false },
	{ "dallocx", HEAP_DELETE, true, false },
	{ "sdallocx", HEAP_DELETE, true, false },
	{ "je_mallocx", HEAP_MALLOC, true, false },
	{ "je_rallocx", HEAP_REALLOC, true, false },
	{ "je_dallocx", HEAP_DELETE, true, false },
	{ "je_sdallocx", HEAP_DELETE, true, false },
	{ "_Znwm", HEAP_MALLOC, true, true },
	{ "_Znam", HEAP_MALLOC, true, true },
	{ "_ZnwmRKSt9nothrow_t", HEAP_MALLOC, true, false },
	{ "_ZnamRKSt9nothrow_t", HEAP_MALLOC, true, false },
	{ "_ZnwmSt11align_val_t", HEAP_MALLOC, true, true },
	{ "_ZnamSt11align_val_t", HEAP_MALLOC, true, true },
	{ "_ZnwmSt11align_val_tRKSt9nothrow_t", HEAP_MALLOC, true, false },
	{ "_ZnamSt11align_val_tRKSt9nothrow_t", HEAP_MALLOC, true, false },
	{ "_ZdlPv", HEAP_DELETE, true, false },
	{ "_ZdaPv", HEAP_DELETE, true, false },
	{ "_ZdlPvm", HEAP_DELETE, true, false },
	{ "_ZdaPvm", HEAP_DELETE, true, false },
	{ "_ZdlPvRKSt9nothrow_t", HEAP_DELETE, true, false },
	{ "_ZdaPvRKSt9nothrow_t", HEAP_DELETE, true, false },
	{ "_ZdlPvSt11align_val_t", HEAP_DELETE, true, false },
	{ "_ZdaPvSt11align_val_t", HEAP_DELETE, true, false },
	{ "_ZdlPvmSt11align_val_t", HEAP_DELETE, true, false },
	{ "_ZdaPvmSt11align_val_t", HEAP_DELETE, true, false },
	{ "_ZdlPvSt11align_val_tRKSt9nothrow_t", HEAP_DELETE, true, false },
	{ "_ZdaPvSt11align_val_tRKSt9nothrow_t", HEAP_DELETE, true, false },
};

_Static_assert(sizeof(heap_functions) / sizeof(heap_functions[0]) == NR_HEAP_FUNCTIONS, "count them");
