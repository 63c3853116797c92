/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a stream says about its machine: the sizes and labels of the machine's own dimensions,
 * the memory for all cells, and the state of the probes. Not what the cells mean.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NODES 1024u
#define MAX_MIGRATETYPES REC_MAX_MIGRATETYPES
#define MAX_ORDERS REC_MAX_ORDERS
#define MAX_COMPACT_RESULTS 32u
#define MAX_ZONES 16u
#define MAX_CELLS (1u << 22)

void shape_free(struct shape *shape)
{
	free(shape->labels);
	free(shape->cells);
	free(shape->pending);
}

static bool is_size(__u32 size, __u32 max)
{
	return size >= 1 && size <= max;
}

static bool sizes_are_sane(const struct rec_machine *rec)
{
	return is_size(rec->nr_nodes, MAX_NODES) && is_size(rec->nr_migratetypes, MAX_MIGRATETYPES) &&
	       is_size(rec->nr_orders, MAX_ORDERS) && is_size(rec->nr_compact_results, MAX_COMPACT_RESULTS) &&
	       is_size(rec->nr_zones, MAX_ZONES);
}

static bool sizes_are_equal(const struct rec_machine *a, const struct rec_machine *b)
{
	return a->nr_nodes == b->nr_nodes && a->nr_migratetypes == b->nr_migratetypes &&
	       a->nr_orders == b->nr_orders && a->nr_compact_results == b->nr_compact_results &&
	       a->nr_zones == b->nr_zones;
}

/* Until a label record says better, a value is called by its number. */
static int shape_number_labels(struct shape *shape)
{
	__u32 nr_labels = 0;

	for (__u32 dim = 0; dim < NR_DIMS; dim++) {
		shape->first_label[dim] = nr_labels;
		if (!dim_fixed_size(dim))
			nr_labels += shape->sizes[dim];
	}
	shape->labels = calloc(nr_labels, sizeof(*shape->labels));
	if (!shape->labels)
		return -ENOMEM;
	for (__u32 dim = 0; dim < NR_DIMS; dim++) {
		for (__u32 i = 0; !dim_fixed_size(dim) && i < shape->sizes[dim]; i++)
			snprintf(shape->labels[shape->first_label[dim] + i], REC_NAME_LEN, "%u", i);
	}
	return 0;
}

static int shape_init(struct shape *shape, const struct rec_machine *rec)
{
	for (__u32 dim = 0; dim < NR_DIMS; dim++)
		shape->sizes[dim] = dim_fixed_size(dim);
	shape->sizes[DIM_NODE] = rec->nr_nodes;
	shape->sizes[DIM_MIGRATETYPE] = rec->nr_migratetypes;
	shape->sizes[DIM_ORDER] = rec->nr_orders;
	shape->sizes[DIM_COMPACT_RESULT] = rec->nr_compact_results;
	shape->sizes[DIM_ZONE] = rec->nr_zones;

	shape->nr_cells = cubes_layout(shape->cubes, shape->sizes);
	if (shape->nr_cells > MAX_CELLS)
		return -EINVAL;
	shape->cells = calloc(shape->nr_cells, sizeof(*shape->cells));
	shape->pending = calloc(shape->nr_cells, sizeof(*shape->pending));
	if (!shape->cells || !shape->pending)
		return -ENOMEM;
	return shape_number_labels(shape);
}

int apply_machine(struct model *model, const struct rec_header *h)
{
	const struct rec_machine *rec = (const struct rec_machine *)h;
	struct shape *shape = &model->shape;

	if (rec->layout != model_layout() || !sizes_are_sane(rec))
		return -EINVAL;
	if (!shape->rec.h.size) {
		int err = shape_init(shape, rec);

		if (err) {
			shape_free(shape);
			*shape = (struct shape){ 0 };
			return err;
		}
		zones_clear_cells(shape);
		if (model->groups.is_resumed && model->groups.installed_ns != rec->installed_ns)
			groups_reset(&model->groups);
	} else if (!sizes_are_equal(rec, &shape->rec)) {
		return -EINVAL;
	}
	shape->rec = *rec;
	terminate(shape->rec.kernel);
	terminate(shape->rec.version);
	model->status.machine = &shape->rec;
	return 0;
}

int apply_label(struct model *model, const struct rec_header *h)
{
	const struct rec_label *rec = (const struct rec_label *)h;
	struct shape *shape = &model->shape;
	char *label;

	if (rec->dim >= NR_DIMS || dim_fixed_size(rec->dim) || rec->index >= shape->sizes[rec->dim])
		return -EINVAL;
	label = shape->labels[shape->first_label[rec->dim] + rec->index];
	memcpy(label, rec->text, REC_NAME_LEN);
	label[REC_NAME_LEN - 1] = '\0';
	return 0;
}

int apply_probe(struct model *model, const struct rec_header *h)
{
	const struct rec_probe *rec = (const struct rec_probe *)h;
	struct shape *shape = &model->shape;
	struct rec_probe *probe;

	if (rec->index >= MAX_PROBES || rec->state >= NR_PROBE_STATES)
		return -EINVAL;
	probe = &shape->probes[rec->index];
	*probe = *rec;
	terminate(probe->name);
	terminate(probe->target);
	terminate(probe->reason);
	if (shape->nr_probes <= rec->index)
		shape->nr_probes = rec->index + 1;
	return 0;
}

/* --- accessors -------------------------------------------------------------------------------- */

__u32 model_dim_size(const struct model *model, enum dim dim)
{
	if ((__u32)dim >= NR_DIMS)
		return 0;
	return dim_fixed_size(dim) ? dim_fixed_size(dim) : model->shape.sizes[dim];
}

const char *model_dim_label(const struct model *model, enum dim dim, __u32 index)
{
	const struct shape *shape = &model->shape;

	if (index >= model_dim_size(model, dim))
		return "unknown";
	if (dim_fixed_size(dim))
		return dim_fixed_label(dim, index);
	return shape->labels[shape->first_label[dim] + index];
}

const struct cube *model_cube(const struct model *model, enum metric metric)
{
	return &model->shape.cubes[metric];
}

const __u64 *model_cells(const struct model *model, enum metric metric)
{
	const struct shape *shape = &model->shape;

	return shape->cells ? shape->cells + shape->cubes[metric].base : NULL;
}

__u32 model_nr_probes(const struct model *model)
{
	return model->shape.nr_probes;
}

const struct rec_probe *model_probe(const struct model *model, __u32 index)
{
	return index < model->shape.nr_probes ? &model->shape.probes[index] : NULL;
}

const char *probe_state_name(enum probe_state state)
{
	static const char *const names[NR_PROBE_STATES] = {
		[PROBE_ATTACHED] = "attached", [PROBE_ABSENT] = "absent", [PROBE_UNSUPPORTED] = "unsupported",
		[PROBE_REJECTED] = "rejected", [PROBE_OFF] = "off",       [PROBE_OPTIONAL] = "optional",
	};

	return (__u32)state < NR_PROBE_STATES ? names[state] : "unknown";
}
