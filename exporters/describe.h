/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference of all metrics, docs/metrics.md, written from the tables. Pure. */
#ifndef MEMOIR_DESCRIBE_H
#define MEMOIR_DESCRIBE_H

#include "text.h"

/* Appends the reference as Markdown. */
void metrics_describe(struct text *text);

#endif
