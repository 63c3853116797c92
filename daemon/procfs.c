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

__u32 vmstat_parse(const char *text, size_t size, __u64 ret_value[NR_VMSTAT_ITEMS])
{
	const char *end = text + size;
	__u32 found = 0;

	memset(ret_value, 0, NR_VMSTAT_ITEMS * sizeof(ret_value[0]));
	for (const char *line = text; line < end;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		const char *stop = eol ? eol : end;
		const char *space = memchr(line, ' ', (size_t)(stop - line));
		__u64 value;

		if (space && parse_u64(space + 1, stop, &value)) {
			for (size_t i = 0; i < ARRAY_SIZE(vmstat_keys); i++) {
				if (!key_matches(vmstat_keys[i].key, line, (size_t)(space - line)))
					continue;
				ret_value[vmstat_keys[i].item] += value;
				found |= 1u << vmstat_keys[i].item;
			}
		}
		line = stop + 1;
	}
	return found;
}

int vmstat_read(int fd, __u64 ret_value[NR_VMSTAT_ITEMS])
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
	return (int)vmstat_parse(text, size, ret_value);
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
