/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of one file, sorted by address: found in some steps, where libdw looks through all of
 * them.
 */
#ifndef MEMOIR_SYMBOLIZER_SYMTAB_H
#define MEMOIR_SYMBOLIZER_SYMTAB_H

#include <elfutils/libdwfl.h>
#include <stddef.h>
#include <stdint.h>

struct function {
	uint64_t address, size; /* size 0: the file does not say */
	const char *name;       /* the file's, mangled; of any origin */
};

struct symtab {
	struct function *functions;
	size_t nr;
};

/*
 * Reads all functions of a module. Names stay valid as long as that. 0 or -ENOMEM; free it in every case.
 */
int symtab_read(Dwfl_Module *module, struct symtab *ret);
void symtab_free(struct symtab *symtab);

/* The function that an address is in, or NULL: none is guessed beyond the end of a function. */
const struct function *symtab_find(const struct symtab *symtab, uint64_t address);

#endif
