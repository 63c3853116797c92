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
#include "usdt.h"

#define MAX_FILE_BYTES (4ULL << 30)
#define MAX_SYMBOL_BYTES (256ULL << 20)
#define MAX_NOTE_BYTES (16ULL << 20)
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
	struct answer_places *answer;
	bool is_not_understood; /* one of the probes that are offered */
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

/* The offset in the file of an address in a segment with these flags; 0 where there is none. */
static __u64 file_offset(const struct search *search, __u64 address, __u32 flags)
{
	for (size_t i = 0; i < search->nr_segments; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(search->elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    !(segment.p_flags & flags) || address < segment.p_vaddr ||
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
	__u64 offset = file_offset(search, symbol->st_value, PF_X);
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

/* --- probes that are offered ------------------------------------------------------------------ */

static const struct {
	const char *name;
	__u32 nr_arguments;
} offers[NR_HEAP_OFFERS] = { { "alloc", NR_ALLOC_ARGUMENTS }, { "free", NR_FREE_ARGUMENTS } };

/* Whether a probe at the same place has another semaphore: the kernel has one for each place. */
static bool has_other_semaphore(const struct answer_places *answer, const struct offered_place *place)
{
	for (__u64 i = 0; i < answer->nr_offered; i++)
		if (answer->offered[i].offset == place->offset &&
		    answer->offered[i].semaphore != place->semaphore)
			return true;
	return false;
}

/* `moved`: how far the program was moved since the note was written, as by prelink. */
static bool offer(struct search *search, enum heap_offer kind, const struct usdt_note *note, __u64 moved)
{
	struct offered_place place = { .offset = file_offset(search, note->location + moved, PF_X),
				       .offered = { .offer = kind } };

	if (note->semaphore)
		place.semaphore = file_offset(search, note->semaphore + moved, PF_W);
	/* The kernel takes no semaphore across two pages. */
	if (!place.offset || !place.semaphore != !note->semaphore || place.semaphore % sizeof(__u16) ||
	    has_other_semaphore(search->answer, &place) || search->answer->nr_offered == MAX_OFFERED_PLACES ||
	    usdt_parse_arguments(note->arguments, place.offered.argument, offers[kind].nr_arguments))
		return false;
	search->answer->offered[search->answer->nr_offered++] = place;
	return true;
}

static void look_at_note(struct search *search, const struct usdt_note *note, __u64 base)
{
	for (__u32 kind = 0; kind < NR_HEAP_OFFERS; kind++)
		if (!strcmp(note->provider, "otel_memory") && !strcmp(note->name, offers[kind].name) &&
		    !offer(search, kind, note, base ? base - note->base : 0))
			search->is_not_understood = true;
}

static void look_at_notes(struct search *search, Elf_Scn *section, const GElf_Shdr *header, __u64 base)
{
	size_t name, descriptor, next, at = 0;
	Elf_Data *data = header->sh_size <= MAX_NOTE_BYTES ? elf_getdata(section, NULL) : NULL;
	struct usdt_note note;
	GElf_Nhdr note_header;

	for (; data && (next = gelf_getnote(data, at, &note_header, &name, &descriptor)); at = next) {
		const char *bytes = data->d_buf;

		if (note_header.n_type == 3 && note_header.n_namesz == sizeof("stapsdt") &&
		    !memcmp(bytes + name, "stapsdt", sizeof("stapsdt")) &&
		    !usdt_parse_note(bytes + descriptor, note_header.n_descsz, &note))
			look_at_note(search, &note, base);
	}
}

/* Where the section is that tells how far the program was moved; 0 where there is none. */
static __u64 base_address(const struct search *search)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(search->elf, &names))
		return 0;
	for (__u32 i = 0; i < MAX_SECTIONS && (section = elf_nextscn(search->elf, section)); i++) {
		const char *name = gelf_getshdr(section, &header)
					   ? elf_strptr(search->elf, names, header.sh_name)
					   : NULL;

		if (name && !strcmp(name, ".stapsdt.base"))
			return header.sh_addr;
	}
	return 0;
}

/* One that is not understood would be missed, and one kind alone is of no use. */
static void check_offered(struct search *search)
{
	struct answer_places *answer = search->answer;
	bool has[NR_HEAP_OFFERS] = {};

	for (__u32 i = 0; i < answer->nr_offered; i++)
		has[answer->offered[i].offered.offer] = true;
	if (search->is_not_understood || !has[HEAP_OFFERS_ALLOC] || !has[HEAP_OFFERS_FREE])
		answer->nr_offered = 0;
}

/* --- files ------------------------------------------------------------------------------------ */

static int look_at_file(struct search *search)
{
	Elf_Scn *section = NULL;
	GElf_Ehdr header;
	__u64 base;

	if (!gelf_getehdr(search->elf, &header) || header.e_machine != ELF_MACHINE ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || elf_getphdrnum(search->elf, &search->nr_segments) ||
	    search->nr_segments > MAX_SEGMENTS)
		return -ENOEXEC;
	base = base_address(search);
	for (__u32 i = 0; i < MAX_SECTIONS && (section = elf_nextscn(search->elf, section)); i++) {
		GElf_Shdr section_header;

		if (!gelf_getshdr(section, &section_header))
			continue;
		if (section_header.sh_type == SHT_SYMTAB || section_header.sh_type == SHT_DYNSYM)
			look_at_table(search, section, &section_header);
		/* How arguments are described is of the machine. */
		if (section_header.sh_type == SHT_NOTE && ELF_MACHINE == EM_X86_64)
			look_at_notes(search, section, &section_header, base);
	}
	check_offered(search);
	search->answer->h.nr = search->nr;
	return (int)(search->nr + search->answer->nr_offered);
}

int functions_find(int fd, struct answer_places *ret)
{
	struct search search = { .fd = fd, .places = ret->place, .answer = ret };
	struct stat stat;
	int nr;

	ret->h.nr = 0;
	ret->nr_offered = 0;
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
