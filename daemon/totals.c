// SPDX-License-Identifier: GPL-2.0-or-later
/* The system-wide totals; see totals.h. */
#include "totals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "nodes.h"
#include "procfs.h"
#include "util.h"

struct totals {
	struct collector_options options;
	const struct plane *plane;
	struct nodes *nodes;
	int vmstat_fd;
	__u64 *cells;       /* nr_cells: what the programs counted, and behind it what is not theirs */
	__u64 *cells_after; /* nr_counted: the first part once more */
};

int totals_open(const struct collector_options *options, const struct plane *plane, struct totals **ret)
{
	struct totals *totals = calloc(1, sizeof(*totals));

	if (!totals)
		return -ENOMEM;
	totals->options = *options;
	totals->plane = plane;
	totals->nodes = nodes_new(options->machine, options->probes);
	totals->cells = calloc(options->nr_cells, sizeof(__u64));
	totals->cells_after = calloc(options->nr_counted, sizeof(__u64));
	totals->vmstat_fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	if (totals->vmstat_fd < 0)
		log_warning("cannot open /proc/vmstat: %s; totals cannot be compared with the kernel's",
			    strerror(errno));
	if (!totals->nodes || !totals->cells || !totals->cells_after) {
		log_error("out of memory");
		totals_free(totals);
		return -ENOMEM;
	}
	*ret = totals;
	return 0;
}

void totals_free(struct totals *totals)
{
	if (!totals)
		return;
	cleanup_close(&totals->vmstat_fd);
	nodes_free(totals->nodes);
	free(totals->cells);
	free(totals->cells_after);
	free(totals);
}

bool totals_have_vmstat(const struct totals *totals)
{
	return totals->vmstat_fd >= 0;
}

int totals_read_vmstat(struct totals *totals, __u64 ret[NR_VMSTAT_ITEMS])
{
	return vmstat_read(totals->vmstat_fd, ret, NULL, NULL);
}

void totals_read_accounts(struct totals *totals, struct ledger_counts ret[NR_ACCOUNTS])
{
	for (enum account account = 0; account < NR_ACCOUNTS; account++)
		plane_read_account(totals->plane, account, &ret[account]);
}

static void keep_kernel_counter(void *ctx, const struct kernel_counter *counter)
{
	struct totals *totals = ctx;
	const struct cube *cube = model_cube(totals->options.model, counter->metric);

	if (counter->index < cube->size[0])
		totals->cells[cube->base + counter->index] = counter->value;
}

/* The cells of a metric that is not counted by programs, as 0. */
static __u64 *own_cells(struct totals *totals, enum metric metric)
{
	const struct cube *cube = model_cube(totals->options.model, metric);
	__u64 *cells = totals->cells + cube->base;

	memset(cells, 0, (size_t)cube->size[0] * cube->stride[0] * sizeof(*cells));
	return cells;
}

static void read_nodes(struct totals *totals)
{
	const struct model *model = totals->options.model;

	nodes_refresh(totals->nodes);
	plane_read_matrix(totals->plane, nodes_of_cpus(totals->nodes), model_cube(model, METRIC_ALLOCATED),
			  model_dim_size(model, DIM_CPU_NODE), own_cells(totals, METRIC_NUMA_ALLOCATED),
			  own_cells(totals, METRIC_NUMA_ALLOCATIONS));
	memcpy(own_cells(totals, METRIC_NODE_CPUS), nodes_nr_cpus(totals->nodes),
	       model_dim_size(model, DIM_NODE) * sizeof(__u64));
	nodes_read_numastat(totals->nodes, own_cells(totals, METRIC_NUMASTAT));
}

void totals_read(struct totals *totals, struct totals_reading *ret)
{
	size_t counted_size = totals->options.nr_counted * sizeof(__u64);

	read_nodes(totals);
	plane_read_cells(totals->plane, totals->cells);
	ret->has_vmstat = vmstat_read(totals->vmstat_fd, ret->vmstat, keep_kernel_counter, totals) >= 0;
	plane_read_cells(totals->plane, totals->cells_after);
	ret->cells_quiet = !memcmp(totals->cells, totals->cells_after, counted_size);
}

bool totals_are_unchanged(struct totals *totals, const struct totals_reading *reading)
{
	struct totals_reading now;

	if (!reading->has_vmstat || !reading->cells_quiet)
		return false;
	totals_read_accounts(totals, now.accounts);
	return totals_read_vmstat(totals, now.vmstat) >= 0 &&
	       !memcmp(now.accounts[ACCOUNT_EXITED].v, reading->accounts[ACCOUNT_EXITED].v,
		       sizeof(now.accounts[0].v)) &&
	       now.vmstat[VMSTAT_PGFAULT] == reading->vmstat[VMSTAT_PGFAULT] &&
	       now.vmstat[VMSTAT_PSWPIN] == reading->vmstat[VMSTAT_PSWPIN];
}

const __u64 *totals_cells(const struct totals *totals)
{
	return totals->cells;
}

__u64 totals_of_tasks(const struct totals *totals, enum metric metric)
{
	const struct cube *cube = model_cube(totals->options.model, metric);
	__u64 nr = 0;

	for (__u32 kind = 0; kind < cube->size[0]; kind++)
		nr += totals->cells[cube->base + kind * cube->stride[0]];
	return nr;
}
