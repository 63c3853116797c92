// SPDX-License-Identifier: GPL-2.0-or-later
/* The functions of one file; see symtab.h. */
#include "symtab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More functions than any program has; a file that says more is cut. */
#define MAX_FUNCTIONS (4u << 20)
/* A function that contains the address may begin this many functions before the nearest. */
#define MAX_NESTING 8

/* Of names for one address, the first in this order is shown. */
static int compare(const void *a, const void *b)
{
	const struct function *one = a, *other = b;

	if (one->address != other->address)
		return one->address < other->address ? -1 : 1;
	if (one->size != other->size)
		return one->size > other->size ? -1 : 1;
	/* Of aliases that which says least of how it is made: "malloc" before "__libc_malloc". */
	if ((*one->name == '_') != (*other->name == '_'))
		return *one->name == '_' ? 1 : -1;
	return strcmp(one->name, other->name);
}

static int reserve(struct symtab *symtab)
{
	struct function *larger;

	/* The array doubles whenever it is full: at 1, 2, 4 and so on. */
	if (symtab->nr & (symtab->nr - 1))
		return 0;
	larger = reallocarray(symtab->functions, symtab->nr ? symtab->nr * 2 : 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	symtab->functions = larger;
	return 0;
}

int symtab_read(Dwfl_Module *module, struct symtab *ret)
{
	int nr = dwfl_module_getsymtab(module);
	size_t nr_left = 0;

	*ret = (struct symtab){};
	for (int i = 1; i < nr && ret->nr < MAX_FUNCTIONS; i++) {
		GElf_Addr address;
		GElf_Sym symbol;
		GElf_Word section;
		const char *name = dwfl_module_getsym_info(module, i, &symbol, &address, &section, NULL,
							   NULL);
		int type = GELF_ST_TYPE(symbol.st_info);

		if (!name || !*name || section == SHN_UNDEF || (type != STT_FUNC && type != STT_GNU_IFUNC))
			continue;
		if (reserve(ret))
			return -ENOMEM;
		ret->functions[ret->nr++] = (struct function){ address, symbol.st_size, name };
	}
	if (ret->nr)
		qsort(ret->functions, ret->nr, sizeof(ret->functions[0]), compare);
	for (size_t i = 0; i < ret->nr; i++)
		if (!nr_left || ret->functions[nr_left - 1].address != ret->functions[i].address)
			ret->functions[nr_left++] = ret->functions[i];
	ret->nr = nr_left;
	return 0;
}

void symtab_free(struct symtab *symtab)
{
	free(symtab->functions);
	*symtab = (struct symtab){};
}

const struct function *symtab_find(const struct symtab *symtab, uint64_t address)
{
	size_t first = 0, last = symtab->nr;

	/* The first that begins behind the address. */
	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (symtab->functions[middle].address <= address)
			first = middle + 1;
		else
			last = middle;
	}
	for (size_t back = 1; back <= first && back <= MAX_NESTING; back++) {
		const struct function *function = &symtab->functions[first - back];

		if (address - function->address < function->size || address == function->address)
			return function;
	}
	return NULL;
}
