// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes that a program offers; see usdt.h. */
#include "usdt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The names of a register by its size, and its place in struct pt_regs of x86-64, in words. */
static const struct {
	const char *name[4]; /* of 8, 4, 2 bytes, and of one */
	__u8 word;
} registers[] = {
	{ { "r15", "r15d", "r15w", "r15b" }, 0 }, { { "r14", "r14d", "r14w", "r14b" }, 1 },
	{ { "r13", "r13d", "r13w", "r13b" }, 2 }, { { "r12", "r12d", "r12w", "r12b" }, 3 },
	{ { "rbp", "ebp", "bp", "bpl" }, 4 },     { { "rbx", "ebx", "bx", "bl" }, 5 },
	{ { "r11", "r11d", "r11w", "r11b" }, 6 }, { { "r10", "r10d", "r10w", "r10b" }, 7 },
	{ { "r9", "r9d", "r9w", "r9b" }, 8 },     { { "r8", "r8d", "r8w", "r8b" }, 9 },
	{ { "rax", "eax", "ax", "al" }, 10 },     { { "rcx", "ecx", "cx", "cl" }, 11 },
	{ { "rdx", "edx", "dx", "dl" }, 12 },     { { "rsi", "esi", "si", "sil" }, 13 },
	{ { "rdi", "edi", "di", "dil" }, 14 },    { { "rsp", "esp", "sp", "spl" }, 19 },
};

/* --- notes ------------------------------------------------------------------------------------ */

/* A string that ends before `end`, and what follows it. */
static const char *take_string(const char **at, const char *end)
{
	const char *text = *at, *zero = memchr(text, '\0', (size_t)(end - text));

	if (!zero)
		return NULL;
	*at = zero + 1;
	return text;
}

int usdt_parse_note(const void *descriptor, size_t size, struct usdt_note *ret)
{
	const char *at = descriptor, *end = at + size;
	__u64 addresses[3];

	if (size < sizeof(addresses))
		return -EINVAL;
	memcpy(addresses, at, sizeof(addresses));
	at += sizeof(addresses);
	*ret = (struct usdt_note){ .location = addresses[0],
				   .base = addresses[1],
				   .semaphore = addresses[2] };
	ret->provider = take_string(&at, end);
	ret->name = ret->provider ? take_string(&at, end) : NULL;
	ret->arguments = ret->name ? take_string(&at, end) : NULL;
	return ret->arguments ? 0 : -EINVAL;
}

/* --- arguments -------------------------------------------------------------------------------- */

static bool skip(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

/* A decimal number, with a sign or without. */
static bool take_number(const char **at, __s64 *ret)
{
	const char *digits = **at == '-' ? *at + 1 : *at;
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	*ret = strtoll(*at, &end, 10);
	*at = end;
	return !errno;
}

static bool take_size(const char **at, struct heap_argument *ret)
{
	__s64 size;

	if (!take_number(at, &size))
		return false;
	ret->is_signed = size < 0;
	if (size != 1 && size != -1 && size != 2 && size != -2 && size != 4 && size != -4 && size != 8 &&
	    size != -8)
		return false;
	ret->size = (__u8)(size < 0 ? -size : size);
	return skip(at, '@');
}

/* %rdi and its parts; a whole one where it is an address. */
static bool take_register(const char **at, struct heap_argument *ret, bool is_whole)
{
	size_t len;

	if (!skip(at, '%'))
		return false;
	len = strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789");
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		for (size_t j = 0; j < (is_whole ? 1 : 4); j++) {
			const char *name = registers[i].name[j];

			if (strlen(name) != len || memcmp(name, *at, len) != 0)
				continue;
			/* A part may hold the argument only if it is as large. */
			if (!is_whole && ret->size > 8u >> j)
				return false;
			ret->word = registers[i].word;
			*at += len;
			return true;
		}
	}
	return false;
}

static bool take_place(const char **at, struct heap_argument *ret)
{
	if (**at == '%') {
		ret->kind = HEAP_IN_REGISTER;
		return take_register(at, ret, false);
	}
	if (skip(at, '$')) {
		ret->kind = HEAP_CONSTANT;
		return take_number(at, &ret->value);
	}
	ret->kind = HEAP_IN_MEMORY;
	if (**at != '(' && !take_number(at, &ret->value))
		return false;
	return skip(at, '(') && take_register(at, ret, true) && skip(at, ')');
}

int usdt_parse_arguments(const char *text, struct heap_argument *ret, __u32 nr)
{
	for (__u32 i = 0; i < nr; i++) {
		struct heap_argument argument = {};

		if ((i && !skip(&text, ' ')) || !take_size(&text, &argument) || !take_place(&text, &argument))
			return -EINVAL;
		ret[i] = argument;
	}
	return *text ? -EINVAL : 0;
}
