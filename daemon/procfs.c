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

/* A decimal number that fills [text, end) and fits 64 bits. */
static bool parse_u64(const char *text, const char *end, __u64 *ret)
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
