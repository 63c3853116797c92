/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model as Prometheus text 0.0.4 or OpenMetrics 1.0. Pure; knows no metric by name. */
#ifndef MEMOIR_PROMETHEUS_H
#define MEMOIR_PROMETHEUS_H

#include "../daemon/model/model.h"
#include "text.h"

enum prometheus_format { PROMETHEUS_TEXT, PROMETHEUS_OPENMETRICS };

/* Appends the whole exposition. */
void prometheus_write(const struct model *model, enum prometheus_format format, struct text *text);

#endif
