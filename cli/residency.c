// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading numa_maps; see residency.h. Sizes of mappings, and whether they are shared, are those of maps. */
#include "residency.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"

/* A reading under way. Both files belong to the address space that the process had when they were opened. */
struct reading {
	struct address_space *space;
	struct residency *result;
	struct mappings mappings; /* in ascending order */
	size_t next;              /* mapping that is behind all lines so far */
	int maps, numa_maps;
};

static int open_files(struct reading *reading)
{
	struct address_space *space = reading->space;

	reading->maps = openat(space->folder, "maps", O_RDONLY | O_CLOEXEC);
	reading->numa_maps = reading->maps < 0 ? -1
					       : openat(space->folder, "numa_maps", O_RDONLY | O_CLOEXEC);
	if (reading->numa_maps >= 0)
		return 0;
	if (errno == ENOENT && access("/proc/self/numa_maps", F_OK))
		return space_problem(space, -EOPNOTSUPP,
				     "this kernel has no numa_maps: it was built without CONFIG_NUMA");
	if (errno == ENOENT || errno == ESRCH)
		return space_problem(space, -ESRCH, "process %d has ended, or has no address space",
				     space->pid);
	if (errno == EACCES || errno == EPERM)
		return space_problem(space, -errno,
				     "cannot look into process %d: CAP_SYS_PTRACE is missing; run as root",
				     space->pid);
	return space_problem(space, -errno, "cannot open /proc/%d/numa_maps: %s", space->pid,
			     strerror(errno));
}

/* Whether the mapping at this address is shared; what is in front of it has been seen. */
static bool go_to_mapping(struct reading *reading, uint64_t start)
{
	const struct mappings *mappings = &reading->mappings;
	const struct mapping *here = NULL;
	size_t nr_passed = 0;

	for (; reading->next < mappings->nr && mappings->mapping[reading->next].start <= start;
	     reading->next++) {
		here = &mappings->mapping[reading->next];
		reading->result->seen_bytes += here->end - here->start;
		nr_passed++;
	}
	if (nr_passed != 1 || here->start != start)
		reading->result->is_changed = true;
	return here && here->start == start && here->kind == KIND_SHARED;
}

/* Takes the whole lines of a buffer; returns the bytes that they have, or a negative errno. */
static ssize_t take_lines(struct reading *reading, const char *buffer, size_t size)
{
	static struct numa_mapping mapping;
	const char *at = buffer, *end = buffer + size, *eol;

	while ((eol = memchr(at, '\n', (size_t)(end - at)))) {
		if (!numa_maps_parse(at, (size_t)(eol - at), &mapping))
			return space_problem(reading->space, -EBADMSG, "a line of numa_maps makes no sense");
		at = eol + 1;
		/* The kernel's half, as [vsyscall]. */
		if (!(mapping.start >> 63))
			numa_maps_add(&reading->result->maps, &mapping,
				      go_to_mapping(reading, mapping.start));
	}
	return at - buffer;
}

static int read_lines(struct reading *reading)
{
	static char buffer[1 << 18]; /* far more than the longest line */
	struct residency *result = reading->result;
	size_t len = 0;

	while (!space_must_end(reading->space, "Reading numa_maps", result->seen_bytes,
			       result->mapped_bytes)) {
		ssize_t n = read(reading->numa_maps, buffer + len, sizeof(buffer) - len);
		ssize_t taken;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ESRCH)
			n = 0;
		if (n < 0)
			return space_problem(reading->space, -errno, "cannot read numa_maps: %s",
					     strerror(errno));
		if (!n)
			break;
		len += (size_t)n;
		taken = take_lines(reading, buffer, len);
		if (taken < 0)
			return (int)taken;
		len -= (size_t)taken;
		memmove(buffer, buffer + taken, len);
		if (len == sizeof(buffer))
			return space_problem(reading->space, -EBADMSG, "a line of numa_maps has no end");
	}
	return 0;
}

/* Of an address space that is gone both files read as empty: numa_maps may have ended early. */
static void look_back(struct reading *reading)
{
	struct address_space *space = reading->space;
	char byte;

	if (space->end != SPACE_COMPLETE)
		return;
	if (pread(reading->maps, &byte, 1, 0) <= 0)
		space->end = SPACE_GONE;
	else if (reading->next < reading->mappings.nr)
		reading->result->is_changed = true;
}

static int read_process(struct reading *reading)
{
	struct address_space *space = reading->space;
	struct text maps = {};
	int err = space_read_maps(space, &maps);

	if (!err)
		err = space_parse_maps(space, &maps, &reading->mappings);
	if (!err) {
		reading->result->mapped_bytes = reading->mappings.nr_bytes;
		err = read_lines(reading);
		space_clear_progress(space);
	}
	if (!err)
		look_back(reading);
	mappings_free(&reading->mappings);
	text_free(&maps);
	return err;
}

int residency_read(pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns, struct residency *ret)
{
	static struct address_space space;
	struct reading reading = { .space = &space, .result = ret, .maps = -1, .numa_maps = -1 };
	int err = space_begin(&space, pid, start_ns, max_cpu_ns);

	*ret = (struct residency){};
	if (!err)
		err = open_files(&reading);
	if (!err)
		err = read_process(&reading);
	cleanup_close(&reading.maps);
	cleanup_close(&reading.numa_maps);
	space_close(&space);
	ret->end = space.end;
	ret->cpu_ns = space_cpu_ns(&space);
	snprintf(ret->problem, sizeof(ret->problem), "%s", space.problem);
	return err;
}
