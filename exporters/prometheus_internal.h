/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the Prometheus exposition share. */
#ifndef MEMOIR_PROMETHEUS_INTERNAL_H
#define MEMOIR_PROMETHEUS_INTERNAL_H

#include "../daemon/model/growth.h"
#include "../daemon/model/model.h"
#include "prometheus.h"

struct writer {
	const struct model *model;
	struct text *text;
	enum prometheus_format format;
	__u64 page_size;
};

/* OpenMetrics names a counter's family without _total; in text 0.0.4 the family is the sample's name. */
void write_header(struct writer *writer, const char *name, enum value_type type, enum value_unit unit,
		  const char *help);

/* The brace behind the last one, and the value, are the caller's. */
void write_label(struct writer *writer, bool is_first, const char *name, const char *value);

/* --- prometheus_leaks.c: what leaks ----------------------------------------------------------- */

#define NR_LEAK_METRICS 6
struct leak_metric {
	const char *name;
	enum value_unit unit; /* NSEC: the time until a limit; else a rate */
	/* OWNER_GROUP: with the labels comm, unit, kind; OWNER_CGROUP: unit, kind; OWNER_KERNEL: kind. */
	enum growth_owner owner;
	const char *help;
};
extern const struct leak_metric leak_metrics[NR_LEAK_METRICS];

void write_leaks(struct writer *writer);

#endif
