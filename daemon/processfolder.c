// SPDX-License-Identifier: GPL-2.0-or-later
/* The folder of a process in /proc; see processfolder.h. */
#include "processfolder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "mappings.h"
#include "util.h"

#define MAX_STAT_BYTES (64u << 10)

int processfolder_read(int folder, const char *name, size_t max_bytes, struct text *ret)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	char buffer[16384];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0)
			return -errno;
		text_add_bytes(ret, buffer, (size_t)n);
		if (ret->len > max_bytes)
			return -EFBIG;
	} while (n > 0);
	text_add_bytes(ret, "", 1);
	if (ret->is_failed)
		return -ENOMEM;
	ret->len--;
	return 0;
}

static uint64_t ns_per_tick(void)
{
	return NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* Of the process of a folder, in clock ticks since boot. 0 or a negative errno. */
static int read_start(int folder, uint64_t *ret_ticks)
{
	struct text text = {};
	int err = processfolder_read(folder, "stat", MAX_STAT_BYTES, &text);

	if (!err)
		*ret_ticks = stat_start_ticks(text.data);
	text_free(&text);
	return err;
}

static int open_folder(uint32_t pid)
{
	char path[32];
	int folder;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return folder;
}

int processfolder_open(uint32_t pid, uint64_t start_ns)
{
	int folder = open_folder(pid), err;
	uint64_t ticks;

	if (folder < 0)
		return folder;
	err = read_start(folder, &ticks);
	if (!err && ticks != start_ns / ns_per_tick())
		err = -ESRCH;
	if (err) {
		close(folder);
		return err;
	}
	return folder;
}

uint64_t processfolder_start_ns(uint32_t pid)
{
	_cleanup_close_ int folder = open_folder(pid);
	uint64_t ticks;

	return folder < 0 || read_start(folder, &ticks) ? 0 : ticks * ns_per_tick();
}
