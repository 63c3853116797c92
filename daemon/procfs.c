// SPDX-License-Identifier: GPL-2.0-or-later
/* Text that the kernel shows in /proc; see procfs.h. */
#include "procfs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

/* Keys ending in '_' are summed over zones. */
static const struct {
	const char *key;
	enum vmstat_item item;
} vmstat_keys[] = {
	{ "pgalloc_", VMSTAT_PGALLOC },
	{ "pgfree", VMSTAT_PGFREE },
	{ "pgfault", VMSTAT_PGFAULT },
	{ "allocstall_", VMSTAT_ALLOCSTALL },
	{ "compact_stall", VMSTAT_COMPACT_STALL },
	{ "oom_kill", VMSTAT_OOM_KILL },
	{ "pgmigrate_success", VMSTAT_PGMIGRATE_SUCCESS },
	{ "pgmigrate_fail", VMSTAT_PGMIGRATE_FAIL },
	{ "pswpin", VMSTAT_PSWPIN },
	{ "numa_hint_faults", VMSTAT_NUMA_HINT_FAULTS },
	{ "numa_hint_faults_local", VMSTAT_NUMA_HINT_FAULTS_LOCAL },
	{ "numa_pages_migrated", VMSTAT_NUMA_PAGES_MIGRATED },
	{ "pgmajfault", VMSTAT_PGMAJFAULT },
};

/* Counters that are shown as they are, by how their keys begin and end; the first row that fits decides. */
static const struct {
	const char *begin, *end;
	enum metric metric;
	enum dim dim;
} counter_keys[] = {
	{ "thp_", "", METRIC_THP, DIM_THP_EVENT },
	{ "pswp", "", METRIC_SWAPPED, DIM_SWAP_DIRECTION },
	{ "compact_", "_scanned", METRIC_COMPACTION_WORK, DIM_COMPACTION_WORK },
	{ "compact_", "isolated", METRIC_COMPACTION_WORK, DIM_COMPACTION_WORK },
	{ "compact_", "", METRIC_COMPACTION_EVENTS, DIM_COMPACTION_EVENT },
};

static bool key_matches(const char *key, const char *name, size_t name_len)
{
	size_t len = strlen(key);

	if (key[len - 1] == '_')
		return name_len > len && !memcmp(name, key, len);
	return name_len == len && !memcmp(name, key, len);
}

bool parse_u64(const char *text, const char *end, __u64 *ret)
{
	__u64 value = 0;

	if (text == end)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (__u64)(*text - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

/* One "name number" of the text, and where the next one is looked for. */
struct line {
	const char *name;
	size_t name_len;
	__u64 value;
	const char *next;
};

/* The first such line from text on; false where there is none before end. */
static bool next_line(const char *text, const char *end, struct line *ret)
{
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		const char *stop = eol ? eol : end;
		const char *space = memchr(text, ' ', (size_t)(stop - text));

		*ret = (struct line){ .name = text, .next = eol ? eol + 1 : end };
		text = ret->next;
		if (!space || !parse_u64(space + 1, stop, &ret->value))
			continue;
		ret->name_len = (size_t)(space - ret->name);
		return true;
	}
	return false;
}

__u32 vmstat_parse(const char *text, size_t size, __u64 ret_value[NR_VMSTAT_ITEMS])
{
	const char *end = text + size;
	struct line line;
	__u32 found = 0;

	memset(ret_value, 0, NR_VMSTAT_ITEMS * sizeof(ret_value[0]));
	for (; next_line(text, end, &line); text = line.next) {
		for (size_t i = 0; i < ARRAY_SIZE(vmstat_keys); i++) {
			if (!key_matches(vmstat_keys[i].key, line.name, line.name_len))
				continue;
			ret_value[vmstat_keys[i].item] += line.value;
			found |= 1u << vmstat_keys[i].item;
		}
	}
	return found;
}

/* The row of counter_keys that a line belongs to, or -1. */
static int counter_key_of(const struct line *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(counter_keys); i++) {
		size_t begin = strlen(counter_keys[i].begin), end = strlen(counter_keys[i].end);

		if (line->name_len > begin && line->name_len >= begin + end &&
		    line->name_len - begin < REC_NAME_LEN &&
		    !memcmp(line->name, counter_keys[i].begin, begin) &&
		    !memcmp(line->name + line->name_len - end, counter_keys[i].end, end))
			return (int)i;
	}
	return -1;
}

void kernel_counters_parse(const char *text, size_t size, kernel_counter_fn on_counter, void *ctx)
{
	__u32 nr_of[NR_DIMS] = { 0 };
	const char *end = text + size;
	struct line line;

	for (; next_line(text, end, &line); text = line.next) {
		int key = counter_key_of(&line);
		size_t begin = key < 0 ? 0 : strlen(counter_keys[key].begin);
		struct kernel_counter counter = { .value = line.value };

		if (key >= 0 && nr_of[counter_keys[key].dim] < KERNEL_COUNTER_MAX_INDEX) {
			counter.metric = counter_keys[key].metric;
			counter.dim = counter_keys[key].dim;
			counter.index = nr_of[counter.dim]++;
			memcpy(counter.label, line.name + begin, line.name_len - begin);
			on_counter(ctx, &counter);
		}
	}
}

int vmstat_read(int fd, __u64 ret_value[NR_VMSTAT_ITEMS], kernel_counter_fn on_counter, void *ctx)
{
	static char text[32768]; /* some 200 lines of 40 bytes; one thread reads */
	size_t size = 0;

	while (size < sizeof(text)) {
		ssize_t n = pread(fd, text + size, sizeof(text) - size, (off_t)size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
	}
	if (on_counter)
		kernel_counters_parse(text, size, on_counter, ctx);
	return (int)vmstat_parse(text, size, ret_value);
}

void setting_parse(const char *text, size_t size, char ret[REC_NAME_LEN])
{
	const char *eol = memchr(text, '\n', size);
	size_t len = eol ? (size_t)(eol - text) : size;
	const char *open = memchr(text, '[', len);
	const char *close = open ? memchr(open, ']', len - (size_t)(open - text)) : NULL;

	if (close) {
		text = open + 1;
		len = (size_t)(close - text);
	}
	if (len > REC_NAME_LEN - 1)
		len = REC_NAME_LEN - 1;
	memset(ret, 0, REC_NAME_LEN);
	memcpy(ret, text, len);
}

int pageblock_order_parse(const char *text, size_t size)
{
	static const char begin[] = "Page block order: ";
	const char *number = text + sizeof(begin) - 1;
	const char *eol = memchr(text, '\n', size);
	__u64 order;

	if (!eol || eol < number || memcmp(text, begin, sizeof(begin) - 1) != 0 ||
	    !parse_u64(number, eol, &order) || order >= REC_MAX_ORDERS)
		return -ENOENT;
	return (int)order;
}

int lines_read(int fd, line_fn take, void *ctx)
{
	static char text[LINES_MAX]; /* one thread reads */
	off_t offset = 0;
	size_t kept = 0;
	bool is_cut = false; /* the line that is being read is too long */

	for (;;) {
		ssize_t n = pread(fd, text + kept, sizeof(text) - kept, offset);
		const char *line = text, *end = text + kept + (n > 0 ? n : 0), *eol;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		offset += n;
		if (offset > FILE_MAX)
			return -EFBIG;
		for (; (eol = memchr(line, '\n', (size_t)(end - line))); line = eol + 1) {
			if (!is_cut)
				take(ctx, line, (size_t)(eol - line));
			is_cut = false;
		}
		kept = (size_t)(end - line);
		if (!n) {
			if (kept && !is_cut)
				take(ctx, line, kept);
			return 0;
		}
		if (kept == sizeof(text)) {
			is_cut = true;
			kept = 0;
		}
		memmove(text, line, kept);
	}
}
