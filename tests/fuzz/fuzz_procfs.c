/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel shows in /proc, of any bytes. */
#include <stdlib.h>
#include <string.h>

#include "../../daemon/model/model.h"
#include "../../daemon/procfs.h"
#include "check.h"

/* Counters of one dimension come one after the other, with a name that ends. */
static void check_counter(void *ctx, const struct kernel_counter *counter)
{
	__u32 *next = ctx;

	must(counter->dim < NR_DIMS && metric_rows[counter->metric].dims[0] == counter->dim);
	must(counter->index == next[counter->dim]++ && counter->index < KERNEL_COUNTER_MAX_INDEX);
	must(memchr(counter->label, '\0', sizeof(counter->label)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__u64 value[NR_VMSTAT_ITEMS];
	char setting[REC_NAME_LEN];
	__u32 next[NR_DIMS] = { 0 };
	__u32 found;
	int order;

	memset(value, 0xff, sizeof(value));
	found = vmstat_parse((const char *)data, size, value);
	must(!(found >> NR_VMSTAT_ITEMS));
	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++)
		must(found & (1u << item) || !value[item]);
	memset(setting, 0xff, sizeof(setting));
	setting_parse((const char *)data, size, setting);
	must(!setting[REC_NAME_LEN - 1] && strlen(setting) <= size);
	kernel_counters_parse((const char *)data, size, check_counter, next);
	order = pageblock_order_parse((const char *)data, size);
	must(order < REC_MAX_ORDERS);
	return 0;
}
