/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables by process and place that the programs fill, of each of which a snapshot has the heaviest
 * entries.
 */
#ifndef MEMOIR_TABLES_H
#define MEMOIR_TABLES_H

#include "../bpf/abi/records.h"
#include "probes.h"
#include "stacks.h"

struct tables;

/* NULL without memory. What is given must outlive it. */
struct tables *tables_new(const struct probes *probes, struct stacks *stacks);
void tables_free(struct tables *tables);

/* Hands the records of each table to emit. 0 or a negative errno. */
int tables_read(struct tables *tables, void (*emit)(void *ctx, const struct rec_header *record), void *ctx);

#endif
