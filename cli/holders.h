/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who fragments memory, and who pays for it: parts of the view of memoir fragmentation. */
#ifndef MEMOIR_HOLDERS_H
#define MEMOIR_HOLDERS_H

#include <jansson.h>

#include "../exporters/text.h"

/* Appends who holds memory that spoils huge pages, and what a census of pageblocks says. */
void holders_show(const json_t *reply, size_t width, struct text *out);

/* Appends who takes memory of another migratetype than wanted, and from what calls. */
void fallbacks_show(const json_t *reply, size_t width, struct text *out);

/* Appends what became of huge pages, and of the pages that were moved for them. */
void huge_pages_show(const json_t *reply, size_t width, struct text *out);

#endif
