// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that are mapped; see module.h. */
#include "module.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Units of a file that has no index of them are looked through, so many at most. */
#define MAX_UNITS 200000

int module_find_elf(Dwfl_Module *dwfl_module, void **userdata, const char *name, Dwarf_Addr base,
		    char **file_name, Elf **ret)
{
	const struct module *module = *userdata;

	(void)dwfl_module;
	(void)name;
	(void)base;
	(void)file_name;
	/* One more reference. */
	if (module)
		*ret = elf_begin(module->fd, ELF_C_READ_MMAP, module->elf);
	return -1;
}

static int find_debuginfo(Dwfl_Module *dwfl_module, void **userdata, const char *name, Dwarf_Addr base,
			  const char *file_name, const char *debuglink_file, GElf_Word debuglink_crc,
			  char **ret_file_name)
{
	const struct module *module = *userdata;
	const unsigned char *build_id;
	GElf_Addr address;
	int nr = dwfl_module_build_id(dwfl_module, &build_id, &address);

	(void)name;
	(void)base;
	(void)file_name;
	(void)debuglink_file;
	(void)debuglink_crc;
	(void)ret_file_name;
	return nr > 0 && module->find_debug ? module->find_debug(module->ctx, build_id, (size_t)nr) : -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = module_find_elf,
	.find_debuginfo = find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* What is loaded, from the first address to behind the last one. */
static bool find_range(Elf *elf, GElf_Addr *ret_low, GElf_Addr *ret_high)
{
	size_t nr;

	*ret_low = UINT64_MAX;
	*ret_high = 0;
	if (elf_getphdrnum(elf, &nr) < 0)
		return false;
	for (size_t i = 0; i < nr && i < PN_XNUM; i++) {
		GElf_Phdr phdr;
		GElf_Addr low, high;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD)
			continue;
		low = phdr.p_align ? phdr.p_vaddr & -phdr.p_align : phdr.p_vaddr;
		if (__builtin_add_overflow(phdr.p_vaddr, phdr.p_memsz, &high))
			return false;
		if (low < *ret_low)
			*ret_low = low;
		if (high > *ret_high)
			*ret_high = high;
	}
	return *ret_low < *ret_high;
}

/* With its elf set. */
static int open_dwfl(struct module *module)
{
	GElf_Addr low, high;

	if (elf_kind(module->elf) != ELF_K_ELF || !find_range(module->elf, &low, &high))
		return -ENOEXEC;
	module->dwfl = dwfl_begin(&callbacks);
	if (!module->dwfl)
		return -ENOMEM;
	/* Where the file says that it is: there addresses are those of the file. */
	module->dwfl_module = dwfl_report_module(module->dwfl, "", low, high);
	if (!module->dwfl_module || dwfl_report_end(module->dwfl, NULL, NULL) < 0)
		return -ENOEXEC;
	/* libdw keeps a place for it. */
	void **userdata;

	dwfl_module_info(module->dwfl_module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
	*userdata = module;
	return 0;
}

static struct module *finish_opening(struct module *module)
{
	if (module->elf && !open_dwfl(module))
		return module;
	module_close(module);
	return NULL;
}

struct module *module_open(int fd, module_find_debug_fn find_debug, void *ctx)
{
	struct module *module = calloc(1, sizeof(*module));

	if (!module) {
		close(fd);
		return NULL;
	}
	module->fd = fd;
	module->find_debug = find_debug;
	module->ctx = ctx;
	if (!fstat(fd, &module->st))
		module->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	return finish_opening(module);
}

struct module *module_open_vdso(void)
{
	char *image = (char *)getauxval(AT_SYSINFO_EHDR);
	const GElf_Ehdr *ehdr = (const GElf_Ehdr *)image;
	struct module *module = image ? calloc(1, sizeof(*module)) : NULL;

	if (!module)
		return NULL;
	module->fd = -1;
	/* It ends with its section headers. */
	module->elf = elf_memory(image, ehdr->e_shoff + (size_t)ehdr->e_shnum * ehdr->e_shentsize);
	return finish_opening(module);
}

void module_close(struct module *module)
{
	symtab_free(&module->symtab);
	dwfl_end(module->dwfl);
	elf_end(module->elf);
	if (module->fd >= 0)
		close(module->fd);
	free(module);
}

bool module_is_of(const struct module *module, const struct stat *st)
{
	const struct stat *own = &module->st;

	return own->st_ino == st->st_ino && own->st_dev == st->st_dev && own->st_size == st->st_size &&
	       own->st_mtim.tv_sec == st->st_mtim.tv_sec && own->st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

bool module_address(const struct module *module, uint64_t offset, uint64_t *ret)
{
	size_t nr;

	if (elf_getphdrnum(module->elf, &nr) < 0)
		return false;
	for (size_t i = 0; i < nr && i < PN_XNUM; i++) {
		GElf_Phdr phdr;

		if (!gelf_getphdr(module->elf, (int)i, &phdr) || phdr.p_type != PT_LOAD ||
		    !(phdr.p_flags & PF_X) || offset < phdr.p_offset ||
		    offset - phdr.p_offset >= phdr.p_filesz)
			continue;
		*ret = phdr.p_vaddr + (offset - phdr.p_offset);
		return true;
	}
	return false;
}

const struct function *module_function(struct module *module, uint64_t address)
{
	if (!module->has_symtab) {
		module->has_symtab = true;
		if (symtab_read(module->dwfl_module, &module->symtab))
			symtab_free(&module->symtab);
	}
	return symtab_find(&module->symtab, address);
}

/* The unit of an address, where the file has no index by address, as clang's have none. */
static Dwarf_Die *search_unit(struct module *module, uint64_t address, Dwarf_Addr *ret_bias)
{
	Dwarf_Die *unit = NULL;

	for (int i = 0; i < MAX_UNITS; i++) {
		unit = dwfl_module_nextcu(module->dwfl_module, unit, ret_bias);
		if (!unit || dwarf_haspc(unit, address - *ret_bias) == 1)
			return unit;
	}
	return NULL;
}

int module_line(struct module *module, uint64_t address, const char **ret_source)
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = dwfl_module_addrdie(module->dwfl_module, address, &bias);
	Dwarf_Line *line;
	int number = 0;

	*ret_source = NULL;
	if (!unit)
		unit = search_unit(module, address, &bias);
	line = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;
	if (!line || dwarf_lineno(line, &number) < 0 || number < 0)
		return 0;
	*ret_source = dwarf_linesrc(line, NULL, NULL);
	return *ret_source ? number : 0;
}
