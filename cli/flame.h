/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flame graphs: stacks with a weight each, merged into a tree, as folded text that other tools read, or as an
 * SVG that a browser shows. Pure.
 */
#ifndef MEMOIR_FLAME_H
#define MEMOIR_FLAME_H

#include <stddef.h>
#include <stdint.h>

#include "../exporters/text.h"

/* What is deeper is left out. */
#define FLAME_MAX_DEPTH 128u

/* NULL without memory. */
struct flame *flame_new(void);
/* Accepts NULL. */
void flame_free(struct flame *flame);

/*
 * Adds a stack, outermost frame first; names are of any origin. Kernel frames end in FLAME_KERNEL. 0 or
 * -ENOMEM.
 */
int flame_add(struct flame *flame, const char *const *frames, size_t nr, uint64_t bytes);

#define FLAME_KERNEL "_[k]"

/*
 * Appends a line for each different stack: its frames from the outermost on, separated by ";", a blank and
 * the bytes. In a name ";" is ":", and what cannot be shown is as visible_add() makes it.
 */
void flame_fold(const struct flame *flame, struct text *out);

/*
 * Appends an SVG document that needs nothing else: a box for each frame, as wide as its share, above the one
 * that called it; its bytes in the tooltip; a click makes it as wide as the window.
 */
void flame_draw(const struct flame *flame, const char *title, struct text *out);

#endif
