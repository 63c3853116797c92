/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of allocators in ELF files: those that this very program has are found, where they are; a
 * file that is cut off or changed anywhere finds nothing worse than nothing; and the places of probes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/trace/heapfunctions.h"
#include "../../daemon/trace/symbolizer/functions.h"

#define UNUSED __attribute__((unused))

void *je_malloc(size_t size);
void je_free(void *address);

__attribute__((noinline)) void *je_malloc(size_t size)
{
	__asm__ volatile("" ::"r"(size));
	return NULL;
}

__attribute__((noinline)) void je_free(void *address)
{
	__asm__ volatile("" ::"r"(address));
}

/* This program, as bytes that the caller frees. */
static char *read_self(size_t *ret_size)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat stat;
	char *bytes;

	assert_int_equal(fstat(fd, &stat), 0);
	*ret_size = (size_t)stat.st_size;
	bytes = malloc(*ret_size);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, *ret_size), *ret_size);
	close(fd);
	return bytes;
}

static int file_of(const char *bytes, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

static const struct function_place *find(const struct function_place *places, int nr, const char *name)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(heap_functions[places[i].name].name, name))
			return &places[i];
	return NULL;
}

/* Bytes before the place of a probe on a function. */
static __u32 skipped(void *(*function)(size_t size))
{
	return functions_bytes_before_cheap((const __u8 *)(uintptr_t)function, 16);
}

static void test_functions_of_this_program(void **state UNUSED)
{
	static struct answer_places found;
	const struct function_place *place;
	size_t size;
	char *bytes = read_self(&size);
	int fd = file_of(bytes, size), nr = functions_find(fd, &found);

	assert_true(nr >= 2);
	place = find(found.place, nr, "je_malloc");
	assert_non_null(place);
	/* Code is mapped as it is in the file. */
	assert_true(place->offset < size);
	assert_memory_equal(bytes + place->offset, (const char *)(uintptr_t)je_malloc + skipped(je_malloc),
			    4);
	assert_non_null(find(found.place, nr, "je_free"));
	/* What is only imported is not there. */
	assert_null(find(found.place, nr, "reallocarray"));
	close(fd);
	free(bytes);
}

static void test_no_elf_file(void **state UNUSED)
{
	static struct answer_places found;
	int fd = file_of("#!/bin/sh\n", 10), folder = open("/", O_RDONLY | O_CLOEXEC);

	assert_int_equal(functions_find(fd, &found), -ENOEXEC);
	assert_int_equal(functions_find(folder, &found), -ENOEXEC);
	close(fd);
	close(folder);
}

/* It may find less, or nothing; the sanitizers see the rest. */
static void test_files_that_are_cut_off_or_changed(void **state UNUSED)
{
	static struct answer_places found;
	unsigned long random = 88172645463325252UL;
	size_t size;
	char *bytes = read_self(&size);

	for (size_t part = 0; part < 64; part++) {
		int fd = file_of(bytes, size / 64 * part);

		assert_true(functions_find(fd, &found) <= (int)(MAX_FUNCTION_PLACES + MAX_OFFERED_PLACES));
		close(fd);
	}
	for (int i = 0; i < 200; i++) {
		int fd = file_of(bytes, size);

		/* Headers of the file and of segments are at its begin, those of sections at its end. */
		for (int j = 0; j < 4; j++) {
			off_t at;
			char byte;

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			byte = (char)(random >> 8);
			at = j % 2 ? (off_t)(size - 1 - random % 2560) : (off_t)(random % 1024);
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		assert_true(functions_find(fd, &found) <= (int)(MAX_FUNCTION_PLACES + MAX_OFFERED_PLACES));
		close(fd);
	}
	free(bytes);
}

#ifdef __x86_64__
#define BEFORE(...) \
	functions_bytes_before_cheap((const __u8[]){ __VA_ARGS__ }, sizeof((const __u8[]){ __VA_ARGS__ }))

static void test_cheap_places(void **state UNUSED)
{
	/* push %r12; push %rbp */
	assert_int_equal(BEFORE(0x41, 0x54), 0);
	assert_int_equal(BEFORE(0x55), 0);
	/* endbr64; push %rbp */
	assert_int_equal(BEFORE(0xf3, 0x0f, 0x1e, 0xfa, 0x55), 4);
	/* test %rdi,%rdi; je, short and long */
	assert_int_equal(BEFORE(0x48, 0x85, 0xff, 0x74, 0x10), 3);
	assert_int_equal(BEFORE(0x48, 0x85, 0xff, 0x0f, 0x84, 0xbf, 0, 0, 0), 3);
	/* endbr64; test; je */
	assert_int_equal(BEFORE(0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x85, 0xff, 0x74, 0x10), 7);
	/* test; mov %rdi,%rbx; push: what comes between is not known to be harmless */
	assert_int_equal(BEFORE(0x48, 0x85, 0xff, 0x48, 0x89, 0xfb, 0x55), 0);
	/* sub $8,%rsp changes the stack pointer */
	assert_int_equal(BEFORE(0x48, 0x83, 0xec, 0x08, 0x55), 0);
	/* test of memory; and where nothing follows */
	assert_int_equal(BEFORE(0x48, 0x85, 0x3f, 0x74, 0x10), 0);
	assert_int_equal(BEFORE(0x48, 0x85, 0xff), 0);
	assert_int_equal(BEFORE(0xf3, 0x0f, 0x1e), 0);
}
#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_of_this_program),
		cmocka_unit_test(test_no_elf_file),
		cmocka_unit_test(test_files_that_are_cut_off_or_changed),
#ifdef __x86_64__
		cmocka_unit_test(test_cheap_places),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
