/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of ledger rows and the arithmetic on ledgers. Counters are 64 bits and compared by
 * their difference, so that a hostile stream may wrap them but never break them.
 */
#include "internal.h"

const struct ledger_row ledger_rows[NR_LEDGER] = {
#define LEDGER(id_, type_, unit_, source_, help_) \
	[id_] = { .id = #id_, .type = type_, .unit = unit_, .source = source_, .help = help_ },
#include "../../bpf/abi/ledger.def"
#undef LEDGER
};

static const char *const account_names[NR_ACCOUNTS] = {
	[ACCOUNT_INTERRUPT] = "interrupt",
	[ACCOUNT_UNATTRIBUTED] = "unattributed",
	[ACCOUNT_EXITED] = "exited",
};

const char *account_name(enum account account)
{
	return (__u32)account < NR_ACCOUNTS ? account_names[account] : "unknown";
}

void counters_add(struct ledger_counts *to, const struct ledger_counts *counts)
{
	for_each_counter(row) to->v[row] += counts->v[row];
}

void counters_sub(struct ledger_counts *from, const struct ledger_counts *counts)
{
	for_each_counter(row) from->v[row] -= counts->v[row];
}

void counters_raise(struct ledger_counts *to, const struct ledger_counts *counts)
{
	for_each_counter(row) to->v[row] = counter_max(to->v[row], counts->v[row]);
}

void gauges_add(struct ledger_counts *to, const struct ledger_counts *counts)
{
	for_each_gauge(row) to->v[row] += counts->v[row];
}

void gauges_sub(struct ledger_counts *from, const struct ledger_counts *counts)
{
	for_each_gauge(row) from->v[row] -= counts->v[row];
}
