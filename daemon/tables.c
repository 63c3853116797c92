// SPDX-License-Identifier: GPL-2.0-or-later
/* All tables by process and place; see tables.h. */
#include "tables.h"

#include <stdlib.h>

#include "fallbacks.h"
#include "faultsites.h"

struct tables {
	struct fallbacks *fallbacks;
	struct faultsites *faultsites;
};

struct tables *tables_new(const struct probes *probes, struct stacks *stacks)
{
	struct tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		return NULL;
	tables->fallbacks = fallbacks_new(probes, stacks);
	tables->faultsites = faultsites_new(probes);
	if (!tables->fallbacks || !tables->faultsites) {
		tables_free(tables);
		return NULL;
	}
	return tables;
}

void tables_free(struct tables *tables)
{
	if (!tables)
		return;
	fallbacks_free(tables->fallbacks);
	faultsites_free(tables->faultsites);
	free(tables);
}

int tables_read(struct tables *tables, void (*emit)(void *ctx, const struct rec_header *record), void *ctx)
{
	int err = fallbacks_read(tables->fallbacks, emit, ctx);

	return err ? err : faultsites_read(tables->faultsites, emit, ctx);
}
