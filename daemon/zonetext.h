/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc/buddyinfo, /proc/pagetypeinfo and /proc/zoneinfo say of zones, line by line, so that no
 * machine is too large for it. Pure. Lines come without their end and in the order of the file; what is not
 * understood is passed over, and a number that does not fit 64 bits is not understood.
 */
#ifndef MEMOIR_ZONETEXT_H
#define MEMOIR_ZONETEXT_H

#include <stddef.h>

#include "../bpf/abi/records.h"

#define ZONE_NAME_LEN 16
#define ZONE_MAX_VALUES 32

/* "Node 0, zone   Normal      5      1 ...", as all three files write it. */
struct zone_line {
	__u32 node;
	char name[ZONE_NAME_LEN]; /* terminated */
	__u32 nr_values;
	__u64 value[ZONE_MAX_VALUES];
};

/*
 * Takes a line apart; it has to be such a line as a whole. In /proc/buddyinfo the values are the zone's free
 * blocks by order.
 */
bool zone_line_parse(const char *line, size_t size, struct zone_line *ret);

/* What a line of /proc/zoneinfo has completed. */
enum zoneinfo_part {
	ZONEINFO_NOTHING,
	ZONEINFO_SIZES, /* of a zone, whether or not it has memory */
	ZONEINFO_START, /* of the zone whose sizes came before; zones without memory have none */
};

/* Reads /proc/zoneinfo. Start with {}. */
struct zoneinfo {
	struct zone_line zone; /* without values */
	__u32 place; /* among the zones of its node, which are all there: enum zone_type of the kernel's */
	__u64 spanned_pages, present_pages, managed_pages, min_pages, low_pages, high_pages;
	__u64 start_pfn;
	/* private */
	bool has_begun;
	enum { ZONEINFO_OUTSIDE, ZONEINFO_IN_SIZES, ZONEINFO_BEHIND_SIZES } state;
	__u32 found; /* a bit for each size */
};

/* Takes the next line. */
enum zoneinfo_part zoneinfo_take(struct zoneinfo *info, const char *line, size_t size);

/* Reads the numbers of pageblocks in /proc/pagetypeinfo. Start with {}. */
struct pagetypeinfo {
	__u32 nr_types;
	char type[REC_MAX_MIGRATETYPES][ZONE_NAME_LEN]; /* of the values, as the header line names them */
	struct zone_line zone;                          /* values: pageblocks by type */
	/* private */
	bool is_in_blocks;
};

/* Takes the next line. True where that is the pageblocks of a zone. */
bool pagetypeinfo_take(struct pagetypeinfo *info, const char *line, size_t size);

#endif
