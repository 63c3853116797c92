// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a pagemap; see pagemap.h. The process's folder in /proc is opened once and everything is opened
 * through it, so that its pid may be used again meanwhile; the open pagemap belongs to one address space, and
 * reads as empty when that is gone.
 */
#include "pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "../exporters/text.h"
#include "interrupt.h"
#include "mappings.h"

#define HUGE_PAGE_SIZE_FILE "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
/* Entries that are read at once. */
#define CHUNK 8192
#define FLAGS_CHUNK 512
/* A process that maps more is told so: some million mappings. */
#define MAX_MAPS_BYTES (256u << 20)
#define PROGRESS_NS (250 * NSEC_PER_MSEC)

struct walk {
	struct pagemap *result;
	int folder, pagemap, kpageflags;
	uint64_t start_cpu_ns, max_cpu_ns, last_progress_ns;
	bool has_progress;
	/* The last flags that were read, of the frames from first_flags on. */
	uint64_t first_flags;
	size_t nr_flags;
	uint64_t flags[FLAGS_CHUNK];
	uint64_t entries[CHUNK];
};

static int __attribute__((format(printf, 3, 4)))
problem(struct pagemap *result, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(result->problem, sizeof(result->problem), format, args);
	va_end(args);
	return err;
}

/* --- files ------------------------------------------------------------------------------------ */

/* A file of /proc as terminated text. */
static int read_text(int folder, const char *name, struct text *ret)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	char buffer[16384];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n > 0)
			text_add_bytes(ret, buffer, (size_t)n);
		if (ret->len > MAX_MAPS_BYTES)
			return -EFBIG;
	} while (n > 0);
	text_add_bytes(ret, "", 1);
	if (ret->is_failed)
		return -ENOMEM;
	ret->len--;
	return n < 0 ? -errno : 0;
}

/* Whether the kernel shows us frames: then it shows that of a page of our own. */
static bool can_see_frames(uint64_t page_size)
{
	_cleanup_close_ int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	volatile char here = 1;
	uint64_t entry = 0, page = (uintptr_t)&here / page_size;

	return fd >= 0 && pread(fd, &entry, sizeof(entry), (off_t)(page * sizeof(entry))) == sizeof(entry) &&
	       contiguity_frame(entry);
}

static uint64_t huge_page_size(void)
{
	_cleanup_fclose_ FILE *file = fopen(HUGE_PAGE_SIZE_FILE, "re");
	char line[32];

	return file && fgets(line, sizeof(line), file) ? strtoull(line, NULL, 10) : 0;
}

/* Our process still has its pid, and it is the one that was asked for. */
static int check_start(int folder, uint64_t start_ns)
{
	struct text text = {};
	int err = read_text(folder, "stat", &text);
	uint64_t ticks = err ? 0 : stat_start_ticks(text.data);

	text_free(&text);
	if (err)
		return err;
	return ticks == start_ns / (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK)) ? 0 : -ESRCH;
}

static int open_process(struct walk *walk, pid_t pid, uint64_t start_ns)
{
	struct pagemap *result = walk->result;
	char path[32];
	int err;

	if (!can_see_frames(result->page_size))
		return problem(result, -EPERM,
			       "cannot see where pages lie: CAP_SYS_ADMIN is missing; run as root");
	walk->kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (walk->kpageflags < 0)
		return problem(result, -errno, "cannot open /proc/kpageflags: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/%d", pid);
	walk->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = walk->folder < 0 ? -errno : check_start(walk->folder, start_ns);
	if (err == -ENOENT || err == -ESRCH)
		return problem(result, -ESRCH, "process %d has ended, or is another one here", pid);
	if (err)
		return problem(result, err, "cannot look at process %d: %s", pid, strerror(-err));
	walk->pagemap = openat(walk->folder, "pagemap", O_RDONLY | O_CLOEXEC);
	if (walk->pagemap < 0 && errno == ESRCH)
		return problem(result, -ESRCH, "process %d has no address space", pid);
	if (walk->pagemap < 0)
		return problem(result, -errno, "cannot open %s/pagemap: %s", path, strerror(errno));
	return 0;
}

/* --- progress --------------------------------------------------------------------------------- */

static void show_progress(struct walk *walk)
{
	const struct pagemap *result = walk->result;
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (now - walk->last_progress_ns < PROGRESS_NS || !isatty(STDERR_FILENO))
		return;
	walk->last_progress_ns = now;
	walk->has_progress = true;
	fprintf(stderr, "\rReading page tables: %s of %s, %s\033[K", human_bytes(result->seen_bytes).text,
		human_bytes(result->mapped_bytes).text,
		human_percent((double)result->seen_bytes / (double)result->mapped_bytes).text);
}

static void clear_progress(const struct walk *walk)
{
	if (walk->has_progress)
		fputs("\r\033[K", stderr);
}

/* --- the walk --------------------------------------------------------------------------------- */

/* The flags of a frame; frames in ascending order are read many at once. What cannot be read has none. */
static uint64_t flags_of(struct walk *walk, uint64_t frame)
{
	size_t wanted = frame == walk->first_flags + walk->nr_flags ? FLAGS_CHUNK : 1;
	ssize_t n;

	if (frame - walk->first_flags < walk->nr_flags)
		return walk->flags[frame - walk->first_flags];
	n = pread(walk->kpageflags, walk->flags, wanted * sizeof(walk->flags[0]),
		  (off_t)(frame * sizeof(walk->flags[0])));
	walk->first_flags = frame;
	walk->nr_flags = n > 0 ? (size_t)n / sizeof(walk->flags[0]) : 0;
	return walk->nr_flags ? walk->flags[0] : 0;
}

static void add_entry(struct walk *walk, const struct mapping *mapping, uint64_t page, uint64_t entry)
{
	uint64_t frame = contiguity_frame(entry), flags = 0;

	if (contiguity_needs_flags(entry, mapping->has_file))
		flags = flags_of(walk, frame);
	contiguity_add(&walk->result->contiguity, mapping->kind, page, frame,
		       contiguity_page(entry, mapping->has_file, flags));
}

static bool must_end(struct walk *walk)
{
	uint64_t cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - walk->start_cpu_ns;

	interrupt_poll(-1, 0, 0);
	if (interrupt_requested())
		walk->result->end = PAGEMAP_INTERRUPTED;
	else if (cpu_ns >= walk->max_cpu_ns)
		walk->result->end = PAGEMAP_TIME;
	show_progress(walk);
	return walk->result->end != PAGEMAP_COMPLETE;
}

/* Entries of the pagemap from page on; how many, 0 for an address space that is gone, or a negative errno. */
static ssize_t read_entries(struct walk *walk, uint64_t page, uint64_t nr)
{
	ssize_t n;

	do
		n = pread(walk->pagemap, walk->entries, (nr < CHUNK ? nr : CHUNK) * sizeof(walk->entries[0]),
			  (off_t)(page * sizeof(walk->entries[0])));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n / (ssize_t)sizeof(walk->entries[0]);
}

static int walk_mapping(struct walk *walk, const struct mapping *mapping)
{
	struct pagemap *result = walk->result;
	uint64_t page = mapping->start / result->page_size, end = mapping->end / result->page_size;

	while (page < end && !must_end(walk)) {
		ssize_t nr = read_entries(walk, page, end - page);

		if (nr < 0)
			return problem(result, (int)nr, "cannot read the pagemap: %s", strerror((int)-nr));
		if (!nr) {
			result->end = PAGEMAP_GONE;
			break;
		}
		for (ssize_t i = 0; i < nr; i++)
			add_entry(walk, mapping, page++, walk->entries[i]);
		result->seen_bytes += (uint64_t)nr * result->page_size;
	}
	contiguity_end_mapping(&result->contiguity);
	return 0;
}

static bool is_same(const struct text *one, const struct text *other)
{
	return one->len == other->len && one->data && other->data &&
	       !memcmp(one->data, other->data, one->len);
}

/* What only a complete reading can be held against, and whether the address space is the same still. */
static int look_back(struct walk *walk, const struct text *maps, uint64_t page)
{
	struct pagemap *result = walk->result;
	struct text again = {}, smaps = {};
	uint64_t shared = 0, private = 0;
	int err = read_text(walk->folder, "smaps_rollup", &smaps);

	if (!err) {
		result->has_smaps = smaps_sum(smaps.data, "Rss", &result->smaps.rss) &&
				    smaps_sum(smaps.data, "AnonHugePages", &result->smaps.anon_huge) &&
				    smaps_sum(smaps.data, "Shared_Hugetlb", &shared) &&
				    smaps_sum(smaps.data, "Private_Hugetlb", &private);
		result->smaps.hugetlb = shared + private;
		err = read_text(walk->folder, "maps", &again);
	}
	if (!err)
		result->is_changed = !is_same(&again, maps);
	text_free(&smaps);
	text_free(&again);
	if (err == -ESRCH || err == -ENOENT || read_entries(walk, page, 1) == 0) {
		result->end = PAGEMAP_GONE;
		result->has_smaps = result->is_changed = false;
		return 0;
	}
	return err ? problem(result, err, "cannot read its mappings: %s", strerror(-err)) : 0;
}

static int walk_process(struct walk *walk, const struct text *maps)
{
	_cleanup_mappings_ struct mappings mappings;
	struct pagemap *result = walk->result;
	int err = mappings_parse(maps->data, maps->len, result->page_size, &mappings);

	if (!err && mappings.nr_strange)
		return problem(result, -EBADMSG, "its mappings make no sense: %" PRIu64 " lines",
			       mappings.nr_strange);
	if (!err && !mappings.nr)
		return problem(result, -ESRCH, "it has no address space: it has ended, or is about to");
	mappings_sort_by_size(&mappings);
	result->mapped_bytes = mappings.nr_bytes;
	for (size_t i = 0; !err && i < mappings.nr && result->end == PAGEMAP_COMPLETE; i++)
		err = walk_mapping(walk, &mappings.mapping[i]);
	clear_progress(walk);
	if (!err && result->end == PAGEMAP_COMPLETE)
		err = look_back(walk, maps, mappings.mapping[0].start / result->page_size);
	return err == -ENOMEM ? problem(result, err, "out of memory") : err;
}

int pagemap_read(pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns, struct pagemap *ret)
{
	static struct walk walk;
	struct text maps = {};
	int err;

	*ret = (struct pagemap){ .page_size = (uint64_t)sysconf(_SC_PAGESIZE) };
	contiguity_init(&ret->contiguity, huge_page_size() / ret->page_size);
	walk = (struct walk){ .result = ret, .folder = -1, .pagemap = -1, .kpageflags = -1 };
	walk.start_cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	walk.max_cpu_ns = max_cpu_ns;
	walk.last_progress_ns = now_ns(CLOCK_MONOTONIC);
	err = open_process(&walk, pid, start_ns);
	if (!err) {
		err = read_text(walk.folder, "maps", &maps);
		if (err)
			problem(ret, err, "cannot read /proc/%d/maps: %s", pid, strerror(-err));
		else
			err = walk_process(&walk, &maps);
	}
	text_free(&maps);
	cleanup_close(&walk.folder);
	cleanup_close(&walk.pagemap);
	cleanup_close(&walk.kpageflags);
	ret->cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - walk.start_cpu_ns;
	return err;
}
