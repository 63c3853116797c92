// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading an address space; see address_space.h. The process's folder in /proc is opened once and
 * everything is opened through it, so that its pid may be used again meanwhile; the open pagemap belongs to
 * one address space, and reads as empty when that is gone.
 */
#include "address_space.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../daemon/processfolder.h"
#include "../daemon/util.h"
#include "../exporters/human.h"
#include "interrupt.h"

/* A process that maps more is told so: some million mappings. */
#define MAX_TEXT_BYTES (256u << 20)
#define PROGRESS_NS (250 * NSEC_PER_MSEC)

const char *const space_end_names[NR_SPACE_ENDS] = {
	[SPACE_COMPLETE] = "complete",
	[SPACE_TIME] = "limit",
	[SPACE_INTERRUPTED] = "interrupted",
	[SPACE_GONE] = "gone",
};

int space_problem(struct address_space *space, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(space->problem, sizeof(space->problem), format, args);
	va_end(args);
	return err;
}

/* --- files ------------------------------------------------------------------------------------ */

/* Whether the kernel shows us frames: then it shows that of a page of our own. */
static bool can_see_frames(uint64_t page_size)
{
	_cleanup_close_ int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	volatile char here = 1;
	uint64_t entry = 0, page = (uintptr_t)&here / page_size;

	return fd >= 0 && pread(fd, &entry, sizeof(entry), (off_t)(page * sizeof(entry))) == sizeof(entry) &&
	       contiguity_frame(entry);
}

int process_read_maps(pid_t pid, uint64_t start_ns, struct text *ret)
{
	_cleanup_close_ int folder = processfolder_open((uint32_t)pid, start_ns);

	return folder < 0 ? folder : processfolder_read(folder, "maps", MAX_TEXT_BYTES, ret);
}

int space_begin(struct address_space *space, pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns)
{
	int err;

	*space = (struct address_space){ .page_size = (uint64_t)sysconf(_SC_PAGESIZE), .pid = pid };
	space->folder = space->pagemap = space->kpageflags = space->mem = -1;
	space->start_cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	space->max_cpu_ns = max_cpu_ns;
	space->last_progress_ns = now_ns(CLOCK_MONOTONIC);
	space->folder = processfolder_open((uint32_t)pid, start_ns);
	err = space->folder < 0 ? space->folder : 0;
	if (err == -ENOENT || err == -ESRCH)
		return space_problem(space, -ESRCH, "process %d has ended, or is another one here", pid);
	if (err)
		return space_problem(space, err, "cannot look at process %d: %s", pid, strerror(-err));
	return 0;
}

int space_open(struct address_space *space, pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns)
{
	int err = space_begin(space, pid, start_ns, max_cpu_ns);

	if (err)
		return err;
	if (!can_see_frames(space->page_size))
		return space_problem(space, -EPERM,
				     "cannot see where pages lie: CAP_SYS_ADMIN is missing; run as root");
	space->kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (space->kpageflags < 0)
		return space_problem(space, -errno, "cannot open /proc/kpageflags: %s", strerror(errno));
	space->pagemap = openat(space->folder, "pagemap", O_RDONLY | O_CLOEXEC);
	if (space->pagemap < 0 && errno == ESRCH)
		return space_problem(space, -ESRCH, "process %d has no address space", pid);
	if (space->pagemap < 0)
		return space_problem(space, -errno, "cannot open /proc/%d/pagemap: %s", pid, strerror(errno));
	return 0;
}

int space_open_memory(struct address_space *space)
{
	space->mem = openat(space->folder, "mem", O_RDONLY | O_CLOEXEC);
	if (space->mem < 0)
		return space_problem(space, -errno, "cannot open /proc/%d/mem: %s", space->pid,
				     strerror(errno));
	return 0;
}

void space_close(struct address_space *space)
{
	cleanup_close(&space->folder);
	cleanup_close(&space->pagemap);
	cleanup_close(&space->kpageflags);
	cleanup_close(&space->mem);
}

/* --- limits and progress ---------------------------------------------------------------------- */

uint64_t space_cpu_ns(const struct address_space *space)
{
	return now_ns(CLOCK_PROCESS_CPUTIME_ID) - space->start_cpu_ns;
}

static void show_progress(struct address_space *space, const char *what, uint64_t done, uint64_t total)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (now - space->last_progress_ns < PROGRESS_NS || !isatty(STDERR_FILENO))
		return;
	space->last_progress_ns = now;
	space->has_progress = true;
	fprintf(stderr, "\r%s: %s of %s, %s\033[K", what, human_bytes(done).text, human_bytes(total).text,
		human_percent(total ? (double)done / (double)total : 0).text);
}

bool space_must_end(struct address_space *space, const char *what, uint64_t done, uint64_t total)
{
	if (space->end != SPACE_COMPLETE)
		return true;
	interrupt_poll(-1, 0, 0);
	if (interrupt_requested())
		space->end = SPACE_INTERRUPTED;
	else if (space_cpu_ns(space) >= space->max_cpu_ns)
		space->end = SPACE_TIME;
	show_progress(space, what, done, total);
	return space->end != SPACE_COMPLETE;
}

void space_clear_progress(const struct address_space *space)
{
	if (space->has_progress)
		fputs("\r\033[K", stderr);
}

/* --- mappings --------------------------------------------------------------------------------- */

int space_read_maps(struct address_space *space, struct text *ret)
{
	int err = processfolder_read(space->folder, "maps", MAX_TEXT_BYTES, ret);

	if (err == -ENOENT || err == -ESRCH)
		return space_problem(space, -ESRCH, "process %d has ended", space->pid);
	if (err)
		space_problem(space, err, "cannot read /proc/%d/maps: %s", space->pid, strerror(-err));
	return err;
}

int space_parse_maps(struct address_space *space, const struct text *maps, struct mappings *ret)
{
	int err = mappings_parse(maps->data, maps->len, space->page_size, ret);

	if (err)
		return space_problem(space, err, "out of memory");
	if (ret->nr_strange)
		return space_problem(space, -EBADMSG, "its mappings make no sense: %" PRIu64 " lines",
				     ret->nr_strange);
	if (!ret->nr)
		return space_problem(space, -ESRCH, "it has no address space: it has ended, or is about to");
	return 0;
}

static bool is_same(const struct text *one, const struct text *other)
{
	return one->len == other->len && one->data && other->data &&
	       !memcmp(one->data, other->data, one->len);
}

int space_look_back(struct address_space *space, const struct text *maps, uint64_t page, bool *ret_is_changed,
		    struct text *ret_smaps)
{
	struct text again = {};
	int err = processfolder_read(space->folder, "smaps_rollup", MAX_TEXT_BYTES, ret_smaps);

	if (!err)
		err = processfolder_read(space->folder, "maps", MAX_TEXT_BYTES, &again);
	*ret_is_changed = !err && !is_same(&again, maps);
	text_free(&again);
	if (err == -ESRCH || err == -ENOENT || space_read_entries(space, page, 1) == 0) {
		space->end = SPACE_GONE;
		*ret_is_changed = false;
		text_clear(ret_smaps);
		return 0;
	}
	return err ? space_problem(space, err, "cannot read its mappings: %s", strerror(-err)) : 0;
}

/* --- pages ------------------------------------------------------------------------------------ */

ssize_t space_read_entries(struct address_space *space, uint64_t page, uint64_t nr)
{
	size_t size = (nr < SPACE_MAX_ENTRIES ? nr : SPACE_MAX_ENTRIES) * sizeof(space->entries[0]);
	ssize_t n;

	do
		n = pread(space->pagemap, space->entries, size, (off_t)(page * sizeof(space->entries[0])));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n / (ssize_t)sizeof(space->entries[0]);
}

ssize_t space_walk_entries(struct address_space *space, uint64_t page, uint64_t nr)
{
	ssize_t n = space_read_entries(space, page, nr);

	if (n < 0)
		space_problem(space, (int)n, "cannot read the pagemap: %s", strerror((int)-n));
	if (!n)
		space->end = SPACE_GONE;
	return n;
}

/* The flags of a frame; frames in ascending order are read many at once. What cannot be read has none. */
static uint64_t flags_of(struct address_space *space, uint64_t frame)
{
	size_t wanted = frame == space->first_flags + space->nr_flags ? SPACE_MAX_FLAGS : 1;
	ssize_t n;

	if (frame - space->first_flags < space->nr_flags)
		return space->flags[frame - space->first_flags];
	n = pread(space->kpageflags, space->flags, wanted * sizeof(space->flags[0]),
		  (off_t)(frame * sizeof(space->flags[0])));
	space->first_flags = frame;
	space->nr_flags = n > 0 ? (size_t)n / sizeof(space->flags[0]) : 0;
	return space->nr_flags ? space->flags[0] : 0;
}

enum contiguity_page space_page(struct address_space *space, uint64_t entry, bool has_file)
{
	uint64_t flags = 0;

	if (contiguity_needs_flags(entry, has_file))
		flags = flags_of(space, contiguity_frame(entry));
	return contiguity_page(entry, has_file, flags);
}

int space_read_memory(struct address_space *space, uint64_t address, void *buffer, size_t size)
{
	ssize_t n;

	do
		n = pread(space->mem, buffer, size, (off_t)address);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!n)
		return -ESRCH;
	return (size_t)n == size ? 0 : -EIO;
}

bool space_is_readable(enum contiguity_page what)
{
	return what == PAGE_ANONYMOUS || what == PAGE_FILE || what == PAGE_ZERO;
}

int space_peek(struct address_space *space, uint64_t address, bool has_file, void *buffer, size_t size)
{
	uint64_t page = address / space->page_size, nr = (address + size - 1) / space->page_size - page + 1;
	ssize_t n = space_read_entries(space, page, nr);

	if (n <= 0)
		return n ? (int)n : -ESRCH;
	if ((uint64_t)n < nr)
		return -ENODATA;
	for (uint64_t i = 0; i < nr; i++)
		if (!space_is_readable(space_page(space, space->entries[i], has_file)))
			return -ENODATA;
	return space_read_memory(space, address, buffer, size);
}
