/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are mapped, opened once whoever maps them: their functions and their debug information.
 * Addresses here are those that the file itself gives.
 */
#ifndef MEMOIR_SYMBOLIZER_MODULE_H
#define MEMOIR_SYMBOLIZER_MODULE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "symtab.h"

/* How a module gets the file with its debug information. A descriptor, or a negative errno. */
typedef int (*module_find_debug_fn)(void *ctx, const unsigned char *build_id, size_t nr);

struct module {
	struct stat st; /* of the file, by which it is known again */
	int fd;
	Elf *elf;
	Dwfl *dwfl; /* with this module only, where the file says that it is */
	Dwfl_Module *dwfl_module;
	struct symtab symtab;
	bool has_symtab; /* it has been read */
	module_find_debug_fn find_debug;
	void *ctx;
};

/*
 * Opens a file, which is the module's from now on, whatever comes of it. ctx must outlive the module.
 * NULL where it is no ELF file that can be loaded.
 */
struct module *module_open(int fd, module_find_debug_fn find_debug, void *ctx);
/* Likewise the vDSO, which is in our memory too. */
struct module *module_open_vdso(void);
void module_close(struct module *module);

/*
 * For libdw (Dwfl_Callbacks): the file of a module whose userdata is a struct module, or NULL for none of
 * ours.
 */
int module_find_elf(Dwfl_Module *dwfl_module, void **userdata, const char *name, Dwarf_Addr base,
		    char **file_name, Elf **ret);

/* Whether it is of the file that fd is open at. */
bool module_is_of(const struct module *module, const struct stat *st);

/* The address in the file of what lies at an offset of it; false where nothing of it is loaded. */
bool module_address(const struct module *module, uint64_t offset, uint64_t *ret);

/* The function that an address is in, or NULL. */
const struct function *module_function(struct module *module, uint64_t address);

/*
 * The line of an address, 0 where it is not known, and its source, which stays valid as long as the
 * module.
 */
int module_line(struct module *module, uint64_t address, const char **ret_source);

#endif
