// SPDX-License-Identifier: GPL-2.0-or-later
/* Flame graphs; see flame.h. */
#include "flame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/hash.h"
#include "../exporters/human.h"
#include "visible.h"

#define NONE UINT32_MAX

/* In pixels. */
#define BOX_HEIGHT 17u
#define HEAD_HEIGHT 30u
/* Boxes that are narrower than this share of the whole are not drawn. */
#define MIN_SHARE 0.0003

struct node {
	char *name; /* safe to show */
	uint64_t bytes, own_bytes;
	uint32_t first_child, last_child, next;
};

/* Node 0 is the root, which has no frame. */
struct flame {
	struct node *nodes;
	uint32_t nr, capacity;
};

/* The number of a new node, or NONE without memory; name is given away in any case. */
static uint32_t new_node(struct flame *flame, char *name)
{
	uint32_t capacity = flame->capacity ? flame->capacity * 2 : 64;

	if (name && flame->nr == flame->capacity) {
		struct node *nodes = realloc(flame->nodes, capacity * sizeof(*nodes));

		if (nodes) {
			flame->nodes = nodes;
			flame->capacity = capacity;
		}
	}
	if (!name || flame->nr == flame->capacity) {
		free(name);
		return NONE;
	}
	flame->nodes[flame->nr] = (struct node){
		.name = name, .first_child = NONE, .last_child = NONE, .next = NONE
	};
	return flame->nr++;
}

struct flame *flame_new(void)
{
	struct flame *flame = calloc(1, sizeof(*flame));

	if (flame && new_node(flame, strdup("all")) == NONE) {
		flame_free(flame);
		return NULL;
	}
	return flame;
}

void flame_free(struct flame *flame)
{
	if (!flame)
		return;
	for (uint32_t i = 0; i < flame->nr; i++)
		free(flame->nodes[i].name);
	free(flame->nodes);
	free(flame);
}

/* A name as both formats can hold it; the caller's to free, or NULL without memory. */
static char *clean(const char *name)
{
	struct text text = {};

	visible_add(&text, *name ? name : "?");
	if (text.is_failed) {
		text_free(&text);
		return NULL;
	}
	for (char *c = text.data; *c; c++)
		if (*c == ';')
			*c = ':';
	return text.data;
}

/* The child of that name, which is made if there is none. NONE without memory. */
static uint32_t child_of(struct flame *flame, uint32_t parent, const char *name)
{
	char *cleaned = clean(name);
	uint32_t child;

	if (!cleaned)
		return NONE;
	for (child = flame->nodes[parent].first_child; child != NONE; child = flame->nodes[child].next) {
		if (!strcmp(flame->nodes[child].name, cleaned)) {
			free(cleaned);
			return child;
		}
	}
	child = new_node(flame, cleaned);
	if (child == NONE)
		return NONE;
	if (flame->nodes[parent].first_child == NONE)
		flame->nodes[parent].first_child = child;
	else
		flame->nodes[flame->nodes[parent].last_child].next = child;
	flame->nodes[parent].last_child = child;
	return child;
}

int flame_add(struct flame *flame, const char *const *frames, size_t nr, uint64_t bytes)
{
	uint32_t node = 0;

	flame->nodes[0].bytes += bytes;
	for (size_t i = 0; i < nr && i < FLAME_MAX_DEPTH; i++) {
		node = child_of(flame, node, frames[i]);
		if (node == NONE)
			return -ENOMEM;
		flame->nodes[node].bytes += bytes;
	}
	flame->nodes[node].own_bytes += bytes;
	return 0;
}

/* --- folded ----------------------------------------------------------------------------------- */

/* path is what its ancestors are called; it is left as it was. */
static void fold_node(const struct flame *flame, uint32_t index, struct text *path, struct text *out)
{
	const struct node *node = &flame->nodes[index];
	size_t len = path->len;

	if (index) {
		text_add_format(path, "%s%s", len ? ";" : "", node->name);
		if (node->own_bytes && !path->is_failed)
			text_add_format(out, "%s %llu\n", path->data, (unsigned long long)node->own_bytes);
	}
	for (uint32_t child = node->first_child; child != NONE && !path->is_failed;
	     child = flame->nodes[child].next)
		fold_node(flame, child, path, out);
	path->len = len;
}

void flame_fold(const struct flame *flame, struct text *out)
{
	struct text path = {};

	fold_node(flame, 0, &path, out);
	out->is_failed |= path.is_failed;
	text_free(&path);
}

/* --- SVG -------------------------------------------------------------------------------------- */

/* Appends text, safe to show, as the content of an element or of an attribute. */
static void add_xml(struct text *out, const char *string)
{
	for (; *string; string++) {
		switch (*string) {
		case '&':
			text_add(out, "&amp;");
			break;
		case '<':
			text_add(out, "&lt;");
			break;
		case '>':
			text_add(out, "&gt;");
			break;
		case '"':
			text_add(out, "&quot;");
			break;
		default:
			text_add_bytes(out, string, 1);
		}
	}
}

static bool is_of_kernel(const char *name)
{
	size_t len = strlen(name);

	return len >= strlen(FLAME_KERNEL) && !strcmp(name + len - strlen(FLAME_KERNEL), FLAME_KERNEL);
}

/* Warm colours for the code of processes, cold ones for the kernel's; the same name has the same one. */
static void add_colour(struct text *out, const char *name)
{
	uint32_t hash = (uint32_t)fnv1a(FNV1A_START, name, strlen(name));

	text_add_format(out, "hsl(%u,%u%%,%u%%)", is_of_kernel(name) ? 190 + hash % 40 : 15 + hash % 40,
			60 + (hash >> 8) % 20, 65 + (hash >> 16) % 12);
}

static bool is_drawn(const struct flame *flame, const struct node *node)
{
	return (double)node->bytes >= MIN_SHARE * (double)flame->nodes[0].bytes;
}

/* How many boxes lie on each other. */
static uint32_t depth_of(const struct flame *flame, uint32_t index)
{
	uint32_t deepest = 0;

	for (uint32_t child = flame->nodes[index].first_child; child != NONE;
	     child = flame->nodes[child].next) {
		uint32_t depth = is_drawn(flame, &flame->nodes[child]) ? depth_of(flame, child) : 0;

		if (depth > deepest)
			deepest = depth;
	}
	return deepest + 1;
}

/*
 * Each box is a picture in the picture, so that a name is cut where its box ends, and all widths are shares
 * of the window's. before: bytes to the left of it; level: from the top.
 */
static void draw_node(const struct flame *flame, uint32_t index, uint64_t before, uint32_t level,
		      struct text *out)
{
	const struct node *node = &flame->nodes[index];
	double whole = (double)flame->nodes[0].bytes, share = (double)node->bytes / whole;

	text_add_format(out, "<svg class=\"f\" x=\"%.4f%%\" y=\"%u\" width=\"%.4f%%\" height=\"%u\"><title>",
			(double)before / whole * 100, HEAD_HEIGHT + level * BOX_HEIGHT, share * 100,
			BOX_HEIGHT - 1);
	add_xml(out, node->name);
	text_add_format(out, ": %s, ", human_bytes(node->bytes).text);
	add_xml(out, human_percent(share).text);
	text_add(out, "</title><rect width=\"100%\" height=\"100%\" fill=\"");
	add_colour(out, node->name);
	text_add(out, "\"/><text x=\"3\" y=\"12\">");
	add_xml(out, node->name);
	text_add(out, "</text></svg>\n");
	for (uint32_t child = node->first_child; child != NONE; child = flame->nodes[child].next) {
		if (is_drawn(flame, &flame->nodes[child]))
			draw_node(flame, child, before, level - 1, out);
		before += flame->nodes[child].bytes;
	}
}

/* A click on a box makes it as wide as the window, and what is below it too. */
static const char script[] =
	"<script><![CDATA[\n"
	"const all = [...document.querySelectorAll('.f')].map(f => ({f: f,\n"
	"  x: parseFloat(f.getAttribute('x')), w: parseFloat(f.getAttribute('width'))}));\n"
	"all.forEach(to => to.f.addEventListener('click', () => all.forEach(b => {\n"
	"  const holds = b.x <= to.x + 1e-3 && b.x + b.w >= to.x + to.w - 1e-3;\n"
	"  b.f.setAttribute('x', (holds ? 0 : (b.x - to.x) / to.w * 100) + '%');\n"
	"  b.f.setAttribute('width', (holds ? 100 : b.w / to.w * 100) + '%');\n"
	"})));\n"
	"]]></script>\n";

void flame_draw(const struct flame *flame, const char *title, struct text *out)
{
	uint32_t nr_levels = flame->nodes[0].bytes ? depth_of(flame, 0) : 0;
	struct text cleaned = {};

	visible_add(&cleaned, title);
	text_add_format(out,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" height=\"%u\" "
			"font-family=\"monospace\" font-size=\"12\">\n<title>",
			HEAD_HEIGHT + nr_levels * BOX_HEIGHT + 5);
	add_xml(out, cleaned.data ? cleaned.data : "");
	text_add(out, "</title>\n<style>.f{cursor:pointer}.f:hover rect{stroke:#000}</style>\n"
		      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"3\" y=\"19\">");
	add_xml(out, cleaned.data ? cleaned.data : "");
	text_add(out, "</text>\n");
	if (nr_levels)
		draw_node(flame, 0, 0, nr_levels - 1, out);
	text_add(out, script);
	text_add(out, "</svg>\n");
	out->is_failed |= cleaned.is_failed;
	text_free(&cleaned);
}
