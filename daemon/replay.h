/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers from a record file instead of the kernel. */
#ifndef MEMOIR_REPLAY_H
#define MEMOIR_REPLAY_H

#include <stdint.h>

#include "model/model.h"

/*
 * Builds a model from a record file. A file that ends inside a record still gives what came before:
 * then -EPIPE, and ret_model is set all the same. 0, or another negative errno and no model; one
 * line about any error is written to standard error, behind program's name.
 */
int replay_file(const char *program, const char *path, uint32_t max_groups, struct model **ret_model);

#endif
