// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of processes that may be hostile; see files.h. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../processfolder.h"
#include "../util.h"

/* A program with all its debug information has some GiB; it goes without names. */
#define MAX_FILE_BYTES (768ULL << 20)
#define MAX_MOUNTS_BYTES (16u << 20)

/* --- mounts ----------------------------------------------------------------------------------- */

static bool type_is_of_stranger(const char *type)
{
	static const char *const types[] = { "fuse", "nfs", "cifs", "smb", "ceph", "afs", "autofs", "coda" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strncmp(type, types[i], strlen(types[i])))
			return true;
	return false;
}

/* Whether the path, from the root and without a slash before it, is at or below the mount point. */
static bool is_below(const char *path, const char *point)
{
	const char *prefix = point + 1;

	if (!*prefix)
		return true;
	while (*prefix && *path == *prefix) {
		path++;
		prefix++;
	}
	return !*prefix && (*path == '/' || !*path);
}

/*
 * Whether a line of mountinfo is of a stranger's file system, with that device or, if path is given, on
 * the way to it.
 */
static bool line_is_of_stranger(const char *line, uint64_t dev, const char *path)
{
	unsigned int dev_major, dev_minor;
	char point[512], type[64];
	const char *separator = strstr(line, " - ");

	if (!separator || sscanf(separator, " - %63s", type) != 1 || !type_is_of_stranger(type) ||
	    sscanf(line, "%*u %*u %u:%u %*s %511s", &dev_major, &dev_minor, point) != 3)
		return false;
	return path ? is_below(path, point) : makedev(dev_major, dev_minor) == dev;
}

static bool any_is_of_stranger(int folder, uint64_t dev, const char *path)
{
	struct text text = {};
	bool is_any = processfolder_read(folder, "mountinfo", MAX_MOUNTS_BYTES, &text) != 0;
	char *place = NULL;

	for (char *line = is_any ? NULL : strtok_r(text.data, "\n", &place); line && !is_any;
	     line = strtok_r(NULL, "\n", &place))
		is_any = line_is_of_stranger(line, dev, path);
	text_free(&text);
	return is_any;
}

bool file_is_of_stranger(int folder, uint64_t dev)
{
	return any_is_of_stranger(folder, dev, NULL);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The file that was found, opened to be read if it is a regular one. */
static int reopen(int found)
{
	struct stat st;
	char path[32];
	int fd;

	if (fstat(found, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < 0 || (uint64_t)st.st_size > MAX_FILE_BYTES)
		return -EFBIG;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int file_open_regular(int folder, const char *path, int flags)
{
	_cleanup_close_ int found = openat(folder, path, O_PATH | O_CLOEXEC | flags);

	return found < 0 ? -errno : reopen(found);
}

int file_open_in_root(int folder, const char *path, bool may_follow_links)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
					   (may_follow_links ? 0 : RESOLVE_NO_SYMLINKS) };
	_cleanup_close_ int root = openat(folder, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int found = -1;

	if (root < 0)
		return -errno;
	if (any_is_of_stranger(folder, 0, path))
		return -EREMOTE;
	found = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return found < 0 ? -errno : reopen(found);
}

int file_open_here(const char *path)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? -errno : file_open_regular(root, path, 0);
}

int file_check_owner(int fd, unsigned int uid)
{
	struct stat st;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && st.st_uid == uid)
		return fd;
	close(fd);
	return -EPERM;
}
