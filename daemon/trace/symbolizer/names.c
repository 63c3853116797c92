// SPDX-License-Identifier: GPL-2.0-or-later
/* From an address to a name; see names.h. */
#include "names.h"

#include <libiberty/demangle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "+0x" and an offset. */
#define OFFSET_LEN 20
/* A longer name says nothing to people, and takes long to demangle. */
#define MAX_MANGLED 8192

static void put_function(const char *name, size_t len, __u64 offset, char ret[USER_SYMBOL_TEXT_LEN])
{
	const size_t max = USER_SYMBOL_TEXT_LEN - OFFSET_LEN;

	snprintf(ret, USER_SYMBOL_TEXT_LEN, "%.*s+0x%llx", (int)(len < max ? len : max), name,
		 (unsigned long long)offset);
}

/*
 * Without parameters, where that is possible: functions of C++ and Rust are told apart by their scope, and
 * parameters fill the line. A short name may still have an endless meaning, which ends with the CPU time
 * of the question.
 */
static void put_demangled(const char *mangled, __u64 offset, char ret[USER_SYMBOL_TEXT_LEN])
{
	size_t len = strnlen(mangled, MAX_MANGLED);
	char *name = len < MAX_MANGLED ? cplus_demangle(mangled, DMGL_AUTO | DMGL_ANSI | DMGL_DLANG) : NULL;

	if (name)
		put_function(name, strlen(name), offset, ret);
	else /* The version behind a name is the linker's business. */
		put_function(mangled, strcspn(mangled, "@") < len ? strcspn(mangled, "@") : len, offset, ret);
	free(name);
}

/* The end of a path, which says more than its begin. */
static void put_source(const char *source, char ret[USER_SYMBOL_NAME_LEN])
{
	size_t len = strlen(source);

	if (len >= USER_SYMBOL_NAME_LEN) {
		const char *slash;

		source += len - (USER_SYMBOL_NAME_LEN - 1);
		slash = strchr(source, '/');
		source = slash ? slash + 1 : source;
	}
	snprintf(ret, USER_SYMBOL_NAME_LEN, "%s", source);
}

/*
 * An address is that of an instruction, or of what follows a call. The call may be the last instruction
 * of its function; but where a function begins, that is what is meant.
 */
void name_in_module(struct module *module, __u64 address, struct answer_name *ret)
{
	const struct function *function = module_function(module, address);
	__u64 meant = function && function->address == address ? address : address - 1;
	const char *source;
	int line;

	if (meant != address)
		function = module_function(module, meant);
	if (function)
		put_demangled(function->name, address - function->address, ret->text);
	line = module_line(module, meant, &source);
	if (!line)
		return;
	ret->line = (__u32)line;
	put_source(source, ret->file);
}

void name_address(struct view *view, __u64 address, struct answer_name *ret)
{
	const struct region *region = view_region(view, address);
	const struct jit_function *jit;
	uint64_t place;

	if (!region) {
		/* A call at the end of what is mapped. */
		region = view_region(view, address - 1);
		if (!region)
			return;
	}
	memcpy(ret->module, region->given.name, sizeof(ret->module));
	if (region->module &&
	    module_address(region->module, address - region->given.start + region->given.offset, &place))
		name_in_module(region->module, place, ret);
	if (*ret->text || region->given.type != GIVEN_ANONYMOUS)
		return;
	jit = view_jit_function(view, address);
	if (jit)
		put_function(jit->name, jit->len, address - jit->address, ret->text);
}
