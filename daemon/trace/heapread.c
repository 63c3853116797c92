// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what a trace has counted; see heapread.h. */
#include "heapread.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../batch.h"
#include "../util.h"

#define BATCH 4096u

/* --- stacks ----------------------------------------------------------------------------------- */

__u64 heapread_number(double value)
{
	return value < (double)TRACE_MAX_NUMBER ? (__u64)(value + 0.5) : TRACE_MAX_NUMBER;
}

static void read_row(struct heaptrace_row *row, __u64 key, const struct heap_stack *stack)
{
	*row = (struct heaptrace_row){
		.stack = key,
		.nr = (stack->nr_weighted + 0x8000) >> 16,
		.bytes = heapread_number((double)stack->bytes_weighted),
		.bytes_error = heapread_number(sqrt((double)stack->variance_high * 0x1p64 +
						    (double)stack->variance_low)),
		.nr_samples = stack->nr,
		.nr_frames = stack->nr_frames <= HEAP_MAX_FRAMES ? stack->nr_frames : 0,
		.how = stack->nr_frames > 1 ? STACK_BY_FRAME_POINTERS : STACK_BY_CALL_SITE,
	};
	memcpy(row->ip, stack->ip, row->nr_frames * sizeof(row->ip[0]));
}

static int compare_keys(const void *a, const void *b)
{
	__u64 key_a = ((const struct heaptrace_row *)a)->stack,
	      key_b = ((const struct heaptrace_row *)b)->stack;

	return key_a < key_b ? -1 : key_a > key_b;
}

static int read_stacks(const struct heapread_tables *tables, struct heaptrace_result *ret)
{
	_cleanup_free_ __u64 *keys = calloc(MAX_HEAP_STACKS, sizeof(*keys));
	_cleanup_free_ struct heap_stack *stacks = calloc(MAX_HEAP_STACKS, sizeof(*stacks));
	struct batch batch = {
		.fd = tables->stacks_fd, .keys = keys, .values = stacks, .max = MAX_HEAP_STACKS
	};

	ret->rows = calloc(MAX_HEAP_STACKS, sizeof(*ret->rows));
	if (!ret->rows || !keys || !stacks)
		return -ENOMEM;
	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr && ret->nr < MAX_HEAP_STACKS; i++) {
			if (!stacks[i].nr)
				continue;
			ret->nr_not_copied += stacks[i].needs_copy;
			read_row(&ret->rows[ret->nr++], keys[i], &stacks[i]);
		}
	qsort(ret->rows, ret->nr, sizeof(*ret->rows), compare_keys);
	return batch.err;
}

/* --- objects ---------------------------------------------------------------------------------- */

/* What one row has that is not freed, before it is rounded. */
struct sums {
	double nr, bytes, variance;
};

static void add_object(struct heaptrace_result *ret, struct sums *sums, const struct heap_object *object)
{
	const struct heaptrace_row key = { .stack = object->stack };
	struct heaptrace_row *row = ret->nr ? bsearch(&key, ret->rows, ret->nr, sizeof(key), compare_keys)
					    : NULL;
	double bytes = (double)object->weighted_bytes, size = (double)object->size;
	double weight = size > 0 ? bytes / size : 1;

	if (!row)
		return;
	sums += row - ret->rows;
	sums->nr += weight;
	sums->bytes += bytes;
	/* As in the kernel, see bpf/abi/heap.h. */
	if (bytes > size)
		sums->variance += bytes * (bytes - size);
	if (!row->oldest_ns || object->time_ns < row->oldest_ns)
		row->oldest_ns = object->time_ns;
	if (object->time_ns > row->newest_ns)
		row->newest_ns = object->time_ns;
	if (object->time_ns < ret->end_ns)
		row->age_sum_ns += weight * (double)(ret->end_ns - object->time_ns);
}

static int read_objects(const struct heapread_tables *tables, struct heaptrace_result *ret)
{
	_cleanup_free_ __u64 *keys = calloc(BATCH, sizeof(*keys));
	_cleanup_free_ struct heap_object *objects = calloc(BATCH, sizeof(*objects));
	_cleanup_free_ struct sums *sums = calloc(ret->nr + 1, sizeof(*sums));
	struct batch batch = { .fd = tables->objects_fd, .keys = keys, .values = objects, .max = BATCH };

	if (!keys || !objects || !sums)
		return -ENOMEM;
	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++)
			add_object(ret, sums, &objects[i]);
	for (__u32 i = 0; i < ret->nr; i++) {
		ret->rows[i].nr_live = heapread_number(sums[i].nr);
		ret->rows[i].live_bytes = heapread_number(sums[i].bytes);
		ret->rows[i].live_error = heapread_number(sqrt(sums[i].variance));
	}
	return batch.err;
}

/* --- all of it -------------------------------------------------------------------------------- */

int heapread_sum(int table_fd, __u64 *sum, size_t nr)
{
	int nr_cpus = libbpf_num_possible_cpus();
	_cleanup_free_ __u64 *numbers = calloc(nr_cpus > 0 ? (size_t)nr_cpus : 1, nr * sizeof(*numbers));
	const __u32 zero = 0;

	if (nr_cpus < 0)
		return nr_cpus;
	if (!numbers)
		return -ENOMEM;
	if (bpf_map_lookup_elem(table_fd, &zero, numbers) < 0)
		return -errno;
	for (size_t i = 0; i < (size_t)nr_cpus * nr; i++)
		sum[i % nr] += numbers[i];
	return 0;
}

static int compare_live(const void *a, const void *b)
{
	__u64 live_a = ((const struct heaptrace_row *)a)->live_bytes;
	__u64 live_b = ((const struct heaptrace_row *)b)->live_bytes;

	return live_a > live_b ? -1 : live_a < live_b;
}

int heapread(const struct heapread_tables *tables, struct heaptrace_result *ret)
{
	int err = heapread_sum(tables->counts_fd, (__u64 *)&ret->counts, sizeof(ret->counts) / sizeof(__u64));

	if (!err)
		err = read_stacks(tables, ret);
	if (!err)
		err = read_objects(tables, ret);
	if (ret->nr)
		qsort(ret->rows, ret->nr, sizeof(*ret->rows), compare_live);
	return err;
}
