/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a stream says about its machine: the sizes and labels of the machine's own dimensions,
 * the memory for all cells, and the state of the probes. Not what the cells mean.
 */
#include "internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CELLS (1u << 22)

/* The dimensions that the machine decides, and where its record has their sizes. */
static const struct {
	enum dim dim;
	__u32 offset; /* of a __u32 in struct rec_machine */
	__u32 min, max;
} machine_dims[] = {
	{ DIM_NODE, offsetof(struct rec_machine, nr_nodes), 1, 1024 },
	{ DIM_MIGRATETYPE, offsetof(struct rec_machine, nr_migratetypes), 1, REC_MAX_MIGRATETYPES },
	{ DIM_FALLBACK_MIGRATETYPE, offsetof(struct rec_machine, nr_migratetypes), 1, REC_MAX_MIGRATETYPES },
	{ DIM_ORDER, offsetof(struct rec_machine, nr_orders), 1, REC_MAX_ORDERS },
	{ DIM_CPU_NODE, offsetof(struct rec_machine, nr_matrix_nodes), 1, MAX_MATRIX_NODES },
	{ DIM_MEMORY_NODE, offsetof(struct rec_machine, nr_matrix_nodes), 1, MAX_MATRIX_NODES },
	{ DIM_FROM_NODE, offsetof(struct rec_machine, nr_matrix_nodes), 1, MAX_MATRIX_NODES },
	{ DIM_TO_NODE, offsetof(struct rec_machine, nr_matrix_nodes), 1, MAX_MATRIX_NODES },
	{ DIM_ZONE, offsetof(struct rec_machine, nr_zones), 1, 16 },
	{ DIM_COMPACT_RESULT, offsetof(struct rec_machine, nr_compact_results), 1, 32 },
	{ DIM_MIGRATE_REASON, offsetof(struct rec_machine, nr_migrate_reasons), 1, 32 },
	{ DIM_SCAN_RESULT, offsetof(struct rec_machine, nr_scan_results), 1, 128 },
	{ DIM_THP_EVENT, offsetof(struct rec_machine, nr_thp_events), 0, 128 },
	{ DIM_SWAP_DIRECTION, offsetof(struct rec_machine, nr_swap_directions), 0, 128 },
	{ DIM_COMPACTION_WORK, offsetof(struct rec_machine, nr_compaction_works), 0, 128 },
	{ DIM_COMPACTION_EVENT, offsetof(struct rec_machine, nr_compaction_events), 0, 128 },
};

#define NR_MACHINE_DIMS (sizeof(machine_dims) / sizeof(machine_dims[0]))

void shape_free(struct shape *shape)
{
	free(shape->labels);
	free(shape->cells);
	free(shape->pending);
}

static __u32 machine_dim_size(const struct rec_machine *rec, __u32 i)
{
	return *(const __u32 *)(const void *)((const char *)rec + machine_dims[i].offset);
}

static bool sizes_are_sane(const struct rec_machine *rec)
{
	for (__u32 i = 0; i < NR_MACHINE_DIMS; i++) {
		__u32 size = machine_dim_size(rec, i);

		if (size < machine_dims[i].min || size > machine_dims[i].max)
			return false;
	}
	return rec->page_size <= MAX_PAGE_SIZE;
}

static bool sizes_are_equal(const struct rec_machine *a, const struct rec_machine *b)
{
	for (__u32 i = 0; i < NR_MACHINE_DIMS; i++)
		if (machine_dim_size(a, i) != machine_dim_size(b, i))
			return false;
	return true;
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
	for (__u32 i = 0; i < NR_MACHINE_DIMS; i++)
		shape->sizes[machine_dims[i].dim] = machine_dim_size(rec, i);

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

		if (!err)
			err = placement_reserve(&model->placement, shape->cubes);
		if (!err)
			err = watch_reserve(&model->watch, shape->sizes[DIM_NODE]);
		if (err) {
			placement_free(&model->placement);
			model->placement = (struct placement){ 0 };
			shape_free(shape);
			*shape = (struct shape){ 0 };
			return err;
		}
		zones_clear_cells(shape);
		holders_clear_cells(shape);
		if (model->groups.is_resumed && model->groups.installed_ns != rec->installed_ns)
			groups_reset(&model->groups);
	} else if (!sizes_are_equal(rec, &shape->rec)) {
		return -EINVAL;
	}
	shape->rec = *rec;
	terminate(shape->rec.kernel);
	terminate(shape->rec.version);
	terminate(shape->rec.boot_id);
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

bool model_sees_row(const struct model *model, enum ledger row)
{
	return !(model->shape.rec.ledger_unseen >> row & 1);
}

bool model_sees_metric(const struct model *model, enum metric metric)
{
	return !(model->shape.rec.metrics_unseen >> metric & 1);
}

__u32 model_nr_probes(const struct model *model)
{
	return model->shape.nr_probes;
}

const struct rec_probe *model_probe(const struct model *model, __u32 index)
{
	return index < model->shape.nr_probes ? &model->shape.probes[index] : NULL;
}

const struct rec_probe *model_find_probe(const struct model *model, const char *name)
{
	for (__u32 i = 0; i < model->shape.nr_probes; i++)
		if (!strcmp(model->shape.probes[i].name, name))
			return &model->shape.probes[i];
	return NULL;
}

bool probe_is_wanted(enum probe_state state)
{
	return state != PROBE_OPTIONAL && state != PROBE_ON_REQUEST;
}

const char *probe_state_name(enum probe_state state)
{
	static const char *const names[NR_PROBE_STATES] = {
		[PROBE_ATTACHED] = "attached",
		[PROBE_ABSENT] = "absent",
		[PROBE_UNSUPPORTED] = "unsupported",
		[PROBE_REJECTED] = "rejected",
		[PROBE_OFF] = "off",
		[PROBE_OPTIONAL] = "optional",
		[PROBE_ON_REQUEST] = "on_request",
	};

	return (__u32)state < NR_PROBE_STATES ? names[state] : "unknown";
}
