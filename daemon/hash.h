/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FNV-1a, 64 bits (Fowler, Noll, Vo): names a layout by its content. Not for tables that strangers fill. */
#ifndef MEMOIR_HASH_H
#define MEMOIR_HASH_H

#include <linux/types.h>
#include <stddef.h>

#define FNV1A_START 0xcbf29ce484222325ULL

/* Continues a hash over size more bytes. */
static inline __u64 fnv1a(__u64 hash, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	return hash;
}

#endif
