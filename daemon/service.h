/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running daemon: one event loop that wires the collector, the model and the ways out
 * together, and tells the service manager how it is.
 */
#ifndef MEMOIR_SERVICE_H
#define MEMOIR_SERVICE_H

#include "options.h"

/* Runs until SIGTERM or SIGINT. Returns 0 after a clean end, or a negative errno after one logged line. */
int service_run(const struct options *options);

#endif
