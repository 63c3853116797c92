// SPDX-License-Identifier: GPL-2.0-or-later
/* An allocator that is laid over that of the C library, by LD_PRELOAD, and has all its memory from there. */
#include <stdlib.h>

void *__libc_malloc(size_t size);
void __libc_free(void *address);

/* It does something behind the call, so that it is one. */
void *malloc(size_t size)
{
	void *address = __libc_malloc(size);

	__asm__ volatile("" ::"r"(address) : "memory");
	return address;
}

void free(void *address)
{
	__libc_free(address);
	__asm__ volatile("" ::: "memory");
}
