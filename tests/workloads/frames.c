// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process whose stack, names and lines are known: it says where some of its code is, waits for a signal
 * deep inside of calls through the C library, which has no frame pointers, and has none itself.
 *
 *	frames              waits in compare_and_wait(), called by qsort(), by sort_something(), by main()
 *	frames jit          has code without a file, which it names in a map as perf wants it
 *	frames map FILE     maps a file as if it were code
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

/* As a compiler of C++ calls "shop::Cart::total(int)". */
__attribute__((noinline)) int in_cart(int value) __asm__("_ZN4shop4Cart5totalEi");
int in_cart(int value)
{
	return value * 3; /* the line of in_cart */
}

static void say(const char *what, const void *where)
{
	printf("%s %p\n", what, where);
}

static __attribute__((noinline)) int compare_and_wait(const void *a, const void *b)
{
	fflush(stdout);
	pause(); /* the line of the wait */
	return *(const int *)a - *(const int *)b;
}

static __attribute__((noinline)) int sort_something(void)
{
	int numbers[] = { 3, 1, 2 };

	qsort(numbers, 3, sizeof(numbers[0]), compare_and_wait);
	return numbers[0];
}

static int make_code(void)
{
	char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *map;

	snprintf(path, sizeof(path), P_tmpdir "/perf-%d.map", (int)getpid());
	map = code == MAP_FAILED ? NULL : fopen(path, "we");
	if (!map)
		return EXIT_FAILURE;
	fprintf(map, "%lx 40 LazyCompile:*run app.js:12\n", (unsigned long)code);
	fclose(map);
	say("jit", code + 8);
	return 0;
}

static int map_code(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *code = mmap(NULL, 16 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (fd < 0 || code == MAP_FAILED)
		return EXIT_FAILURE;
	say("mapped", code);
	return 0;
}

int main(int argc, char **argv)
{
	int err = argc > 2 && !strcmp(argv[1], "map")   ? map_code(argv[2])
		  : argc > 1 && !strcmp(argv[1], "jit") ? make_code()
							: 0;

	say("cart", (const void *)in_cart);
	return err ? err : sort_something() + in_cart(argc) > 100;
}
