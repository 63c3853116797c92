// SPDX-License-Identifier: GPL-2.0-or-later
/* Pinned objects and shared state; see pins.h. */
#include "pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hash.h"
#include "log.h"
#include "util.h"

#define PINS_MAGIC 0x31736e6970726d65ULL

static bool is_pinned(const struct pins *pins)
{
	return pins->path != NULL;
}

/* Elsewhere, what bears the names of pins is somebody's files. */
static int check_bpffs(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) == 0 && fs.f_type == BPF_FS_MAGIC)
		return 0;
	log_error("%s is not on bpffs: mount it (mount -t bpf bpf /sys/fs/bpf), or run with --pin none",
		  path);
	return -ENOTDIR;
}

/* Makes a folder of bpffs, which must be on bpffs, owned by us and closed to others. */
static int make_folder(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		int err = -errno;

		log_error("cannot make %s: %s; is bpffs mounted there (mount -t bpf bpf /sys/fs/bpf)? "
			  "--pin none runs without it",
			  path, strerror(-err));
		return err;
	}
	if (check_bpffs(path))
		return -ENOTDIR;
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077) {
		log_error(
			"%s must be a directory of this user with mode 0700; remove it, or choose another with --pin",
			path);
		return -EPERM;
	}
	return 0;
}

static int lock_folder(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int locked;

	if (fd < 0) {
		int err = -errno;

		log_error("cannot open %s: %s", path, strerror(-err));
		return err;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		log_error(
			"%s is in use by another memoird; stop that one, or choose another folder with --pin",
			path);
		return -EBUSY;
	}
	locked = fd;
	fd = -1;
	return locked;
}

/* Maps the shared state; a map of its own, so that it is pinned and shared like the others. */
static int open_state(struct pins *pins, size_t size)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory;
	int fd = pins_get(pins, "map", "state");

	pins->map_size = (size + page - 1) / page * page;
	if (fd < 0) {
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "memoir_state", sizeof(__u32), (__u32)pins->map_size,
				    1, &options);
		if (fd < 0) {
			int err = -errno;

			log_error(
				"cannot create a BPF map: %s; memoird needs root, or CAP_BPF and CAP_PERFMON",
				strerror(-err));
			return err;
		}
		if (pins_put(pins, "map", "state", fd) < 0)
			log_warning("cannot pin the state map; counts will not survive this daemon");
	}
	memory = mmap(NULL, pins->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pins->state_fd = fd;
	if (memory == MAP_FAILED) {
		int err = -errno;

		log_error("cannot map the pinned state in %s: %s; remove it with memoird --uninstall-probes",
			  pins->path, strerror(-err));
		return err;
	}
	pins->state = memory;
	pins->durable = pins->state + 1;
	if (pins->state->magic != PINS_MAGIC) {
		memset(memory, 0, size);
		pins->state->magic = PINS_MAGIC;
	}
	return 0;
}

int pins_open(struct pins *ret, const char *root, __u64 layout, size_t durable_size)
{
	size_t size = sizeof(struct pins_state) + durable_size;
	int err;

	*ret = (struct pins){ .lock_fd = -1, .state_fd = -1 };
	if (strcmp(root, "none") != 0) {
		err = make_folder(root);
		if (err)
			return err;
		ret->lock_fd = lock_folder(root);
		if (ret->lock_fd < 0)
			return ret->lock_fd;
		ret->root = strdup(root);
		if (!ret->root || asprintf(&ret->path, "%s/v%016llx", root,
					   (unsigned long long)fnv1a(layout, &size, sizeof(size))) < 0)
			return -ENOMEM;
		err = make_folder(ret->path);
		if (err)
			return err;
	}
	return open_state(ret, size);
}

void pins_close(struct pins *pins)
{
	if (pins->state)
		munmap(pins->state, pins->map_size);
	if (pins->state_fd >= 0)
		close(pins->state_fd);
	if (pins->lock_fd >= 0)
		close(pins->lock_fd);
	free(pins->path);
	free(pins->root);
	*pins = (struct pins){ .lock_fd = -1, .state_fd = -1 };
}

static int pin_path(const struct pins *pins, const char *kind, const char *name, char ret[4096])
{
	return snprintf(ret, 4096, "%s/%s_%s", pins->path, kind, name) < 4096 ? 0 : -ENAMETOOLONG;
}

int pins_get(const struct pins *pins, const char *kind, const char *name)
{
	char path[4096];
	int fd;

	if (!is_pinned(pins) || pin_path(pins, kind, name, path))
		return -ENOENT;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pins_put(const struct pins *pins, const char *kind, const char *name, int fd)
{
	char path[4096];
	int err;

	if (!is_pinned(pins))
		return 0;
	err = pin_path(pins, kind, name, path);
	if (err)
		return err;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(fd, path) < 0 ? -errno : 0;
}

/* Unlinks the entries of a folder whose names begin with prefix. */
static void remove_entries(const char *path, const char *prefix)
{
	DIR *dir = opendir(path);

	if (!dir)
		return;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (entry->d_name[0] != '.' && !strncmp(entry->d_name, prefix, strlen(prefix)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

void pins_remove_probes(const struct pins *pins)
{
	if (!is_pinned(pins))
		return;
	remove_entries(pins->path, "link_");
	remove_entries(pins->path, "prog_");
}

/* "v" and a layout in hexadecimal digits, as pins_open() names it. */
static bool is_layout_folder(const char *name)
{
	return name[0] == 'v' && strspn(name + 1, "0123456789abcdef") == 16 && !name[17];
}

/* Removes the layouts' folders below root but for the one named keep. */
static int remove_layouts(const char *root, const char *keep)
{
	DIR *dir = opendir(root);
	int removed = 0;

	if (!dir)
		return -errno;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		char path[4096];

		if (!is_layout_folder(entry->d_name) || (keep && !strcmp(entry->d_name, keep)) ||
		    snprintf(path, sizeof(path), "%s/%s", root, entry->d_name) >= (int)sizeof(path))
			continue;
		remove_entries(path, "");
		if (rmdir(path) == 0)
			removed++;
		else
			log_warning("cannot remove %s: %s; remove it by hand", path, strerror(errno));
	}
	closedir(dir);
	return removed;
}

int pins_remove_others(const struct pins *pins)
{
	return is_pinned(pins) ? remove_layouts(pins->root, strrchr(pins->path, '/') + 1) : 0;
}

void pins_discard(const struct pins *pins)
{
	if (!is_pinned(pins))
		return;
	remove_entries(pins->path, "");
	if (rmdir(pins->path) < 0)
		log_warning("cannot remove %s: %s; remove it by hand", pins->path, strerror(errno));
	/* Probes of another version may be there, which go on. */
	rmdir(pins->root);
}

int pins_uninstall(const char *root)
{
	struct stat st;
	int lock_fd, removed;

	if (!strcmp(root, "none") || (lstat(root, &st) < 0 && errno == ENOENT)) {
		log_info("no probes are installed under %s", root);
		return 0;
	}
	if (check_bpffs(root))
		return -ENOTDIR;
	lock_fd = lock_folder(root);
	if (lock_fd < 0)
		return lock_fd;
	removed = remove_layouts(root, NULL);
	close(lock_fd);
	if (removed < 0 || rmdir(root) < 0) {
		int err = removed < 0 ? removed : -errno;

		log_error("cannot remove %s: %s", root, strerror(-err));
		return err;
	}
	log_info("removed the probes under %s", root);
	return 0;
}
