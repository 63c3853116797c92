/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an address of a process to what people call it. */
#ifndef MEMOIR_SYMBOLIZER_NAMES_H
#define MEMOIR_SYMBOLIZER_NAMES_H

#include "view.h"

/* Names an address; texts are empty where nothing is known. ret->h is the caller's. */
void name_address(struct view *view, __u64 address, struct answer_name *ret);

/* Names an address in a module, by the file's own addresses; likewise. */
void name_in_module(struct module *module, __u64 address, struct answer_name *ret);

#endif
