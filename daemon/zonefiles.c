// SPDX-License-Identifier: GPL-2.0-or-later
/* The files about zones; see zonefiles.h. */
#include "zonefiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "procfs.h"
#include "util.h"
#include "zonetext.h"

/* Pageblocks are read at most so often, and at most for 1/10,000 of the time. */
#define PAGEBLOCKS_STEP_NS (60 * NSEC_PER_SEC)
#define PAGEBLOCKS_SHARE 10000

struct entry {
	__u64 pass; /* the last reading of free blocks that had it */
	bool has_size;
	struct rec_zone zone;
	struct rec_pageblocks pageblocks; /* h.time_ns 0: unknown */
};

struct zonefiles {
	const struct machine *machine;
	int buddyinfo_fd, zoneinfo_fd, pagetypeinfo_fd;
	struct entry *all; /* by node and zone */
	__u32 nr;
	__u64 pass, now_ns;
	__u64 due_ns; /* when pageblocks and sizes are to be read again */
	bool is_size_missing;
	bool is_odd; /* it was logged that a file does not fit the kernel's types */
	struct zoneinfo zoneinfo;
	struct pagetypeinfo pagetypeinfo;
};

static int open_file(const char *path, const char *consequence)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		log_warning("cannot open %s: %s; %s", path, strerror(errno), consequence);
	return fd;
}

struct zonefiles *zonefiles_open(const struct machine *machine)
{
	const struct rec_machine *record = &machine->record;
	struct zonefiles *files = calloc(1, sizeof(*files));

	if (!files)
		return NULL;
	files->machine = machine;
	files->nr = record->nr_nodes * record->nr_zones;
	files->all = calloc(files->nr, sizeof(*files->all));
	if (!files->all) {
		free(files);
		return NULL;
	}
	for (__u32 i = 0; i < files->nr; i++) {
		struct entry *entry = &files->all[i];

		entry->zone.h = (struct rec_header){ REC_ZONE, sizeof(entry->zone), 0 };
		entry->pageblocks.h = (struct rec_header){ REC_PAGEBLOCKS, sizeof(entry->pageblocks), 0 };
		entry->zone.node = entry->pageblocks.node = i / record->nr_zones;
		entry->zone.zone = entry->pageblocks.zone = i % record->nr_zones;
	}
	files->buddyinfo_fd = open_file("/proc/buddyinfo", "what is free in each zone is not visible");
	files->zoneinfo_fd = open_file("/proc/zoneinfo", "what is free in each zone is not visible");
	files->pagetypeinfo_fd = open_file("/proc/pagetypeinfo",
					   "the migratetypes of pageblocks are not visible");
	return files;
}

void zonefiles_close(struct zonefiles *files)
{
	if (!files)
		return;
	cleanup_close(&files->buddyinfo_fd);
	cleanup_close(&files->zoneinfo_fd);
	cleanup_close(&files->pagetypeinfo_fd);
	free(files->all);
	free(files);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* NULL for a zone that the machine did not announce: a node that can never be online. */
static struct entry *find_entry(struct zonefiles *files, const struct zone_line *line)
{
	const struct rec_machine *record = &files->machine->record;
	__u32 zone = machine_find_label(files->machine, DIM_ZONE, line->name);

	return line->node < record->nr_nodes && zone < record->nr_zones
		       ? &files->all[line->node * record->nr_zones + zone]
		       : NULL;
}

/* Once: the file would be as odd at the next snapshot. */
static void complain(struct zonefiles *files, const char *path)
{
	if (!files->is_odd)
		log_warning("%s does not fit the kernel's types: what it says is left out", path);
	files->is_odd = true;
}

static void take_free(void *ctx, const char *line, size_t size)
{
	struct zonefiles *files = ctx;
	struct zone_line zone;
	struct entry *entry;

	if (!zone_line_parse(line, size, &zone))
		return;
	entry = find_entry(files, &zone);
	if (!entry || zone.nr_values != files->machine->record.nr_orders) {
		complain(files, "/proc/buddyinfo");
		return;
	}
	memcpy(entry->zone.nr_free, zone.value, zone.nr_values * sizeof(zone.value[0]));
	/* A zone that got its memory just now. */
	if (!entry->has_size || entry->pass + 1 != files->pass)
		files->is_size_missing = true;
	entry->pass = files->pass;
}

static void take_size(void *ctx, const char *line, size_t size)
{
	struct zonefiles *files = ctx;
	const struct zoneinfo *info = &files->zoneinfo;
	struct entry *entry;

	if (zoneinfo_take(&files->zoneinfo, line, size) != ZONEINFO_SIZES)
		return;
	entry = find_entry(files, &info->zone);
	if (!entry)
		return;
	entry->has_size = true;
	entry->zone.present_pages = info->present_pages;
	entry->zone.managed_pages = info->managed_pages;
	entry->zone.min_pages = info->min_pages;
	entry->zone.low_pages = info->low_pages;
	entry->zone.high_pages = info->high_pages;
}

static void take_pageblocks(void *ctx, const char *line, size_t size)
{
	struct zonefiles *files = ctx;
	const struct pagetypeinfo *info = &files->pagetypeinfo;
	struct rec_pageblocks *pageblocks;
	struct entry *entry;

	if (!pagetypeinfo_take(&files->pagetypeinfo, line, size))
		return;
	entry = find_entry(files, &info->zone);
	if (!entry)
		return;
	pageblocks = &entry->pageblocks;
	memset(pageblocks->nr, 0, sizeof(pageblocks->nr));
	for (__u32 i = 0; i < info->nr_types; i++) {
		__u32 type = machine_find_label(files->machine, DIM_MIGRATETYPE, info->type[i]);

		if (type >= files->machine->record.nr_migratetypes) {
			complain(files, "/proc/pagetypeinfo");
			return;
		}
		pageblocks->nr[type] = info->zone.value[i];
	}
	pageblocks->pageblock_order = files->machine->pageblock_order;
	pageblocks->h.time_ns = files->now_ns;
}

static void read_pageblocks(struct zonefiles *files)
{
	__u64 begin_ns = now_ns(CLOCK_MONOTONIC), share_ns;

	for (__u32 i = 0; i < files->nr; i++)
		files->all[i].pageblocks.h.time_ns = 0;
	files->pagetypeinfo = (struct pagetypeinfo){};
	if (files->pagetypeinfo_fd >= 0)
		lines_read(files->pagetypeinfo_fd, take_pageblocks, files);
	share_ns = (now_ns(CLOCK_MONOTONIC) - begin_ns) * PAGEBLOCKS_SHARE;
	files->due_ns = files->now_ns + (share_ns > PAGEBLOCKS_STEP_NS ? share_ns : PAGEBLOCKS_STEP_NS);
}

void zonefiles_read(struct zonefiles *files, __u64 at_ns)
{
	bool is_due = at_ns >= files->due_ns;

	if (files->buddyinfo_fd < 0 || files->zoneinfo_fd < 0)
		return;
	files->now_ns = at_ns;
	files->pass++;
	files->is_size_missing = false;
	lines_read(files->buddyinfo_fd, take_free, files);
	if (is_due || files->is_size_missing) {
		files->zoneinfo = (struct zoneinfo){};
		lines_read(files->zoneinfo_fd, take_size, files);
	}
	if (is_due)
		read_pageblocks(files);
}

void zonefiles_emit(struct zonefiles *files, void (*emit)(void *ctx, const struct rec_header *record),
		    void *ctx)
{
	for (__u32 i = 0; i < files->nr; i++) {
		const struct entry *entry = &files->all[i];

		if (!entry->pass || entry->pass != files->pass || !entry->has_size)
			continue;
		emit(ctx, &entry->zone.h);
		if (entry->pageblocks.h.time_ns)
			emit(ctx, &entry->pageblocks.h);
	}
}
