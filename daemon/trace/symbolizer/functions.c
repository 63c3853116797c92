// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the functions of an ELF file are; see functions.h. */
#include "functions.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../util.h"
#include "../heapfunctions.h"

#define MAX_FILE_BYTES (4ULL << 30)
#define MAX_SYMBOL_BYTES (256ULL << 20)
#define MAX_SECTIONS 65536u
#define MAX_SEGMENTS 4096u
#define CODE_BYTES 16u

#if defined(__x86_64__)
#define ELF_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define ELF_MACHINE EM_AARCH64
#else
#define ELF_MACHINE EM_NONE
#endif

struct search {
	Elf *elf;
	int fd;
	struct function_place *places;
	__u32 nr;
	size_t nr_segments;
};

/* --- a cheaper place -------------------------------------------------------------------------- */

/*
 * Length of an instruction that may come before: it changes no argument, no stack pointer and no
 * memory.
 */
static __u32 harmless_length(const __u8 *code, __u32 size)
{
	static const __u8 landing[] = { 0xf3, 0x0f, 0x1e, 0xfa }; /* endbr64 */

	if (size >= sizeof(landing) && !memcmp(code, landing, sizeof(landing)))
		return sizeof(landing);
	/* test %rdi,%rdi and the like: 64-bit test of two registers */
	if (size >= 3 && (code[0] & 0xf8) == 0x48 && code[1] == 0x85 && code[2] >= 0xc0)
		return 3;
	return 0;
}

/*
 * Whether the kernel imitates it (arch/x86/kernel/uprobes.c): push, jumps on conditions, jumps, calls,
 * nop.
 */
static bool is_imitated(const __u8 *code, __u32 size)
{
	if (size && ((code[0] & 0xf8) == 0x50 || (code[0] & 0xf0) == 0x70 || code[0] == 0xe8 ||
		     code[0] == 0xe9 || code[0] == 0xeb || code[0] == 0x90))
		return true;
	if (size < 2)
		return false;
	return (code[0] == 0x41 && (code[1] & 0xf8) == 0x50) || (code[0] == 0x0f && (code[1] & 0xf0) == 0x80);
}

__u32 functions_bytes_before_cheap(const __u8 *code, __u32 size)
{
	__u32 at = 0, length;

	if (ELF_MACHINE != EM_X86_64)
		return 0;
	while (at < size && !is_imitated(code + at, size - at)) {
		length = harmless_length(code + at, size - at);
		if (!length)
			return 0;
		at += length;
	}
	return at < size ? at : 0;
}

/* --- symbols ---------------------------------------------------------------------------------- */

/* The offset in the file of an address of code; 0 where there is none. */
static __u64 file_offset(const struct search *search, __u64 address)
{
	for (size_t i = 0; i < search->nr_segments; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(search->elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    !(segment.p_flags & PF_X) || address < segment.p_vaddr ||
		    address - segment.p_vaddr >= segment.p_filesz || segment.p_offset > MAX_FILE_BYTES)
			continue;
		return address - segment.p_vaddr + segment.p_offset;
	}
	return 0;
}

static struct function_place *find_place(const struct search *search, __u64 offset)
{
	for (__u32 i = 0; i < search->nr; i++)
		if (search->places[i].offset == offset)
			return &search->places[i];
	return NULL;
}

static void place(struct search *search, __u32 name, const GElf_Sym *symbol)
{
	__u64 offset = file_offset(search, symbol->st_value);
	struct function_place *known;
	__u8 code[CODE_BYTES] = {};
	ssize_t size;

	if (!offset)
		return;
	size = pread(search->fd, code, sizeof(code), (off_t)offset);
	/* Where a function is shorter than what is read, what follows it is none of its code. */
	if (size > 0 && symbol->st_size && symbol->st_size < (__u64)size)
		size = (ssize_t)symbol->st_size;
	if (size > 0)
		offset += functions_bytes_before_cheap(code, (__u32)size);
	known = find_place(search, offset);
	if (known)
		known->name = name < known->name ? name : known->name;
	else if (search->nr < MAX_FUNCTION_PLACES)
		search->places[search->nr++] = (struct function_place){ .name = name, .offset = offset };
}

static void look_at_symbol(struct search *search, const GElf_Sym *symbol, const char *text)
{
	if (!text || symbol->st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol->st_info) != STT_FUNC)
		return;
	for (__u32 i = 0; i < NR_HEAP_FUNCTIONS; i++)
		if (!strcmp(text, heap_functions[i].name))
			return place(search, i, symbol);
}

static void look_at_table(struct search *search, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data;
	size_t nr;

	if (!header->sh_entsize || header->sh_size > MAX_SYMBOL_BYTES)
		return;
	data = elf_getdata(section, NULL);
	nr = data ? data->d_size / header->sh_entsize : 0;
	for (size_t i = 0; i < nr; i++) {
		GElf_Sym symbol;

		if (gelf_getsym(data, (int)i, &symbol))
			look_at_symbol(search, &symbol,
				       elf_strptr(search->elf, header->sh_link, symbol.st_name));
	}
}

static int look_at_file(struct search *search)
{
	Elf_Scn *section = NULL;
	GElf_Ehdr header;

	if (!gelf_getehdr(search->elf, &header) || header.e_machine != ELF_MACHINE ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || elf_getphdrnum(search->elf, &search->nr_segments) ||
	    search->nr_segments > MAX_SEGMENTS)
		return -ENOEXEC;
	for (__u32 i = 0; i < MAX_SECTIONS && (section = elf_nextscn(search->elf, section)); i++) {
		GElf_Shdr section_header;

		if (gelf_getshdr(section, &section_header) &&
		    (section_header.sh_type == SHT_SYMTAB || section_header.sh_type == SHT_DYNSYM))
			look_at_table(search, section, &section_header);
	}
	return (int)search->nr;
}

int functions_find(int fd, struct function_place ret[MAX_FUNCTION_PLACES])
{
	struct search search = { .fd = fd, .places = ret };
	struct stat stat;
	int nr;

	if (fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode) || (__u64)stat.st_size > MAX_FILE_BYTES)
		return -ENOEXEC;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOTSUP;
	/* Not mapped, because whoever owns the file may shorten it. */
	search.elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!search.elf)
		return -ENOEXEC;
	nr = look_at_file(&search);
	elf_end(search.elf);
	return nr;
}
