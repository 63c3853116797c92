/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring of the last events. An event keeps its number until it is overwritten; who was too late
 * to read it is the reader's to know.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int events_init(struct events *events, __u32 max_events)
{
	events->max = max_events;
	events->ring = calloc(max_events, sizeof(*events->ring));
	return events->ring ? 0 : -ENOMEM;
}

void events_free(struct events *events)
{
	free(events->ring);
}

static union event *event_store(struct events *events, const struct rec_header *h)
{
	union event *event = &events->ring[events->nr_stored++ % events->max];

	memcpy(event, h, h->size);
	return event;
}

int apply_stall(struct model *model, const struct rec_header *h)
{
	const struct rec_stall *rec = (const struct rec_stall *)h;
	union event *event;

	if (rec->kind >= NR_STALL_KINDS)
		return -EINVAL;
	event = event_store(&model->events, h);
	terminate(event->stall.id.comm);
	return 0;
}

int apply_oom_kill(struct model *model, const struct rec_header *h)
{
	union event *event = event_store(&model->events, h);

	terminate(event->oom_kill.id.comm);
	terminate(event->oom_kill.victim_comm);
	return 0;
}

int apply_alloc_failure(struct model *model, const struct rec_header *h)
{
	union event *event = event_store(&model->events, h);

	terminate(event->alloc_failure.id.comm);
	return 0;
}

void model_event_range(const struct model *model, __u64 *ret_first, __u64 *ret_last)
{
	const struct events *events = &model->events;

	*ret_last = events->nr_stored;
	*ret_first = events->nr_stored > events->max ? events->nr_stored - events->max + 1 : 1;
}

const union event *model_event(const struct model *model, __u64 number)
{
	__u64 first, last;

	model_event_range(model, &first, &last);
	if (number < first || number > last)
		return NULL;
	return &model->events.ring[(number - 1) % model->events.max];
}
