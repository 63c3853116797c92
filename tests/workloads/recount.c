// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * recount PID: a count of a process's runs of physically adjacent pages that shares nothing with memoir's.
 * It asks /proc/kpageflags about every single page, keeps the address space in one array, and then counts.
 * Prints, as JSON, the pages resident, in blocks that huge pages could map, and never written, and the runs
 * by length.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PAGES (1u << 21)
#define BLOCK 512

static struct {
	uint64_t page, frame;
	int mapping, is_file;
} pages[MAX_PAGES];
static size_t nr_pages, nr_zeroes;

static uint64_t read_at(int fd, uint64_t index)
{
	uint64_t value = 0;

	return pread(fd, &value, 8, (off_t)(index * 8)) == 8 ? value : 0;
}

static void collect(int pagemap, int kpageflags, unsigned long start, unsigned long end, int mapping)
{
	for (unsigned long page = start / 4096; page < end / 4096 && nr_pages < MAX_PAGES; page++) {
		uint64_t entry = read_at(pagemap, page), frame = entry & 0x7fffffffffffff, flags;

		if (!(entry >> 63))
			continue;
		flags = read_at(kpageflags, frame);
		/* Zero pages; then what neither is anonymous nor has the bit of files. */
		nr_zeroes += flags >> 24 & 1;
		if (flags >> 24 & 1 || !(flags >> 12 & 1 || entry >> 61 & 1))
			continue;
		pages[nr_pages].page = page;
		pages[nr_pages].frame = frame;
		pages[nr_pages].mapping = mapping;
		pages[nr_pages++].is_file = (int)(entry >> 61 & 1);
	}
}

static int follows(size_t i)
{
	return pages[i].mapping == pages[i - 1].mapping && pages[i].page - pages[i - 1].page == 1 &&
	       pages[i].frame - pages[i - 1].frame == 1;
}

/* Whether the pages from i on are a huge page, or lie as if they were. */
static int is_block(size_t i)
{
	if (pages[i].page % BLOCK || pages[i].frame % BLOCK || i + BLOCK > nr_pages || pages[i].is_file)
		return 0;
	for (size_t j = i + 1; j < i + BLOCK; j++)
		if (!follows(j) || pages[j].is_file)
			return 0;
	return 1;
}

static void report(void)
{
	size_t nr_in_blocks = 0, runs[64] = { 0 }, in_runs[64] = { 0 }, start = 0;
	const char *comma = "";

	for (size_t i = 0; i < nr_pages; i++)
		nr_in_blocks += is_block(i) ? BLOCK : 0;
	for (size_t i = 1; nr_pages && i <= nr_pages; i++) {
		int length = 0;

		if (i < nr_pages && follows(i))
			continue;
		while ((i - start) >> (length + 1))
			length++;
		runs[length]++;
		in_runs[length] += i - start;
		start = i;
	}
	printf("{\"pages\":%zu,\"in_blocks\":%zu,\"zeroes\":%zu,\"lengths\":[", nr_pages, nr_in_blocks,
	       nr_zeroes);
	for (int i = 0; i < 64; i++) {
		if (!runs[i])
			continue;
		printf("%s{\"min_pages\":%lu,\"runs\":%zu,\"pages\":%zu}", comma, 1ul << i, runs[i],
		       in_runs[i]);
		comma = ",";
	}
	puts("]}");
}

int main(int argc, char **argv)
{
	char path[64], line[8192];
	int kpageflags = open("/proc/kpageflags", O_RDONLY), pagemap, mapping = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", argc > 1 ? argv[1] : "");
	pagemap = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%s/maps", argc > 1 ? argv[1] : "");
	maps = fopen(path, "r");
	if (kpageflags < 0 || pagemap < 0 || !maps) {
		perror("recount");
		return 1;
	}
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && !strstr(line, "[vsyscall]"))
			collect(pagemap, kpageflags, start, end, mapping++);
	}
	report();
	return 0;
}
