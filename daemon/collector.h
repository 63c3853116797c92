/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector: all input. It turns maps, the ring buffer and /proc into records, in the order
 * that the model wants, and hands every record to the model and to whoever records. It decides when
 * a snapshot is due and what it may cost; it knows nothing of how anything is shown.
 */
#ifndef MEMOIR_COLLECTOR_H
#define MEMOIR_COLLECTOR_H

#include "machine.h"
#include "model/model.h"
#include "pins.h"
#include "probes.h"
#include "stacks.h"

struct collector;

struct collector_options {
	const struct machine *machine;
	const struct probes *probes;
	struct pins *pins;
	struct model *model;
	struct stacks *stacks;
	__u32 nr_cells;   /* of metrics that are read: the programs' and the kernel's own */
	__u32 nr_counted; /* of them, those of the programs */
	__u64 interval_ns;
};

/* Gets every record that the model gets, after the model. */
typedef void (*record_sink_fn)(void *ctx, const void *record, size_t size);

/*
 * Starts collecting with a first snapshot. 0, or a negative errno after one logged line. All that
 * options point to must outlive it.
 */
int collector_start(const struct collector_options *options, struct collector **ret);
void collector_free(struct collector *collector);

/* Adds a second reader of the records; NULL removes it. */
void collector_set_sink(struct collector *collector, record_sink_fn sink, void *ctx);

/*
 * Hands to emit what a new stream of records must begin with: the machine, labels, probes and settings as
 * they are now. Units and stacks follow in the stream itself, before the first record that refers to them.
 */
void collector_preamble(struct collector *collector, record_sink_fn emit, void *ctx);

/* Takes a snapshot. 0 or a negative errno (logged). */
int collector_snapshot(struct collector *collector);

/*
 * Takes a snapshot if the last one is older than max_age_ns, unless snapshots on demand have
 * already cost their share of a CPU.
 */
int collector_refresh(struct collector *collector, __u64 max_age_ns);

/*
 * Hands over a record that another reader of the kernel has made (live.h), with the unit that goes
 * before it.
 */
void collector_feed(struct collector *collector, const struct rec_header *record);

/* The part of a CPU that is spent at most, as one in so many: by what is regular, and on demand. */
#define REGULAR_SHARE 100
#define DEMAND_SHARE 20

/* Hands over the records that wait in the ring buffer; call when collector_ring_fd() is readable. */
int collector_drain(struct collector *collector);
int collector_ring_fd(const struct collector *collector);

/*
 * Time from one snapshot to the next: the option, stretched where a snapshot would pass its share of a
 * CPU.
 */
__u64 collector_interval_ns(const struct collector *collector);

#endif
