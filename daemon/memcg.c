// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory of cgroups; see memcg.h. */
#include "memcg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "model/growth.h"
#include "procfs.h"
#include "util.h"

/* The names of both versions. */
static const struct {
	const char *root, *proof, *usage, *limit, *kernel;
} hierarchies[] = {
	[MEMCG_V1] = { "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
		       "memory.limit_in_bytes", "memory.kmem.usage_in_bytes" },
	[MEMCG_V2] = { "/sys/fs/cgroup", "memory.stat", "memory.current", "memory.max", NULL },
};

void memcg_open(struct memcg *memcg)
{
	*memcg = (struct memcg){ .root_fd = -1 };
	for (size_t i = 0; i < ARRAY_SIZE(hierarchies) && memcg->root_fd < 0; i++) {
		memcg->root_fd = open(hierarchies[i].root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		memcg->version = (enum memcg_version)i;
		if (memcg->root_fd >= 0 && faccessat(memcg->root_fd, hierarchies[i].proof, R_OK, 0) < 0)
			cleanup_close(&memcg->root_fd);
	}
}

void memcg_close(struct memcg *memcg)
{
	cleanup_close(&memcg->root_fd);
}

static bool read_value(int dir_fd, const char *name, __u64 *ret)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));

	return size > 0 && memcg_value_parse(text, (size_t)size, ret);
}

struct stat_reader {
	enum memcg_version version;
	struct memcg_stat *stat;
};

static void take_stat(void *ctx, const char *line, size_t size)
{
	const struct stat_reader *reader = ctx;

	memcg_stat_take(reader->version, line, size, reader->stat);
}

static void read_stat(const struct memcg *memcg, int dir_fd, struct memcg_stat *ret)
{
	struct stat_reader reader = { memcg->version, ret };
	_cleanup_close_ int fd = openat(dir_fd, "memory.stat", O_RDONLY | O_CLOEXEC);

	*ret = MEMCG_STAT_UNKNOWN;
	if (fd >= 0)
		lines_read(fd, take_stat, &reader);
	if (hierarchies[memcg->version].kernel)
		read_value(dir_fd, hierarchies[memcg->version].kernel, &ret->kernel);
}

/* What is left until the limit of one cgroup, if it has one. */
static void read_limit(const struct memcg *memcg, int dir_fd, __u64 *ret_usage, __u64 *ret_limit,
		       __u64 *ret_left)
{
	*ret_usage = *ret_limit = *ret_left = KERNEL_MEMORY_UNKNOWN;
	if (!read_value(dir_fd, hierarchies[memcg->version].usage, ret_usage) ||
	    !read_value(dir_fd, hierarchies[memcg->version].limit, ret_limit) ||
	    *ret_limit == KERNEL_MEMORY_UNKNOWN)
		return;
	*ret_left = *ret_limit > *ret_usage ? *ret_limit - *ret_usage : 0;
}

/* Limits hold for all that is below: path is cut to those above, up to the root, which has none. */
static void read_limits_above(const struct memcg *memcg, char *path, struct rec_cgroup_memory *record)
{
	for (;;) {
		char *slash = strrchr(path, '/');
		__u64 usage, limit, left;

		if (!slash || slash == path)
			return;
		*slash = '\0';
		_cleanup_close_ int fd = openat(memcg->root_fd, path + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return;
		read_limit(memcg, fd, &usage, &limit, &left);
		if (left < record->left_bytes)
			record->left_bytes = left;
	}
}

/* The folder of a cgroup, and its path; -1 where it is gone, or the root. */
static int open_cgroup(const struct memcg *memcg, const struct cgroups *cgroups, __u64 id,
		       char ret_path[CGROUP_PATH_MAX])
{
	if (!cgroups_path(cgroups, id, ret_path) || ret_path[0] != '/' || !ret_path[1])
		return -1;
	return openat(memcg->root_fd, ret_path + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void read_cgroup(struct memcg *memcg, const struct cgroups *cgroups, __u64 id)
{
	struct rec_cgroup_memory record = { .h = { REC_CGROUP_MEMORY, sizeof(record), 0 }, .cgroup_id = id };
	char path[CGROUP_PATH_MAX];
	_cleanup_close_ int fd = open_cgroup(memcg, cgroups, id, path);
	struct memcg_stat stat;

	if (fd < 0)
		return;
	read_limit(memcg, fd, &record.usage_bytes, &record.limit_bytes, &record.left_bytes);
	if (record.usage_bytes == KERNEL_MEMORY_UNKNOWN)
		return;
	read_stat(memcg, fd, &stat);
	record.anon_bytes = stat.anon;
	record.file_bytes = stat.file;
	record.shmem_bytes = stat.shmem;
	record.kernel_bytes = stat.kernel;
	read_limits_above(memcg, path, &record);
	memcg->records[memcg->nr++] = record;
}

static void read_kernel(struct memcg *memcg, const struct cgroups *cgroups, __u64 id)
{
	struct rec_cgroup_kernel record = { .h = { REC_CGROUP_KERNEL, sizeof(record), 0 }, .cgroup_id = id };
	char path[CGROUP_PATH_MAX];
	_cleanup_close_ int fd = open_cgroup(memcg, cgroups, id, path);
	struct memcg_stat stat;

	if (fd < 0)
		return;
	read_stat(memcg, fd, &stat);
	record.bytes = memcg_stat_held(&stat);
	if (record.bytes != KERNEL_MEMORY_UNKNOWN)
		memcg->kernels[memcg->nr_kernels++] = record;
}

/* So many at a time, in turn: a file of a cgroup makes the kernel add up what each CPU has counted. */
static void read_kernels(struct memcg *memcg, const struct cgroups *cgroups, const struct model *model)
{
	if (!model_growth_cgroup(model, memcg->next))
		memcg->next = 0;
	for (__u32 i = 0; i < MEMCG_KERNELS; i++) {
		__u64 id = model_growth_cgroup(model, memcg->next);

		if (!id)
			return;
		memcg->next++;
		read_kernel(memcg, cgroups, id);
	}
}

void memcg_read(struct memcg *memcg, const struct cgroups *cgroups, const struct model *model, bool is_due)
{
	__u64 ids[REC_MAX_CGROUP_MEMORIES];
	__u32 nr;

	memcg->nr = memcg->nr_kernels = 0;
	if (!is_due || memcg->root_fd < 0)
		return;
	if (memcg->version == MEMCG_V2)
		read_kernels(memcg, cgroups, model);
	nr = model_limiting_cgroups(model, ids, ARRAY_SIZE(ids));
	for (__u32 i = 0; i < nr; i++)
		read_cgroup(memcg, cgroups, ids[i]);
}

void memcg_emit(const struct memcg *memcg, void (*emit)(void *ctx, const struct rec_header *record),
		void *ctx)
{
	for (__u32 i = 0; i < memcg->nr; i++)
		emit(ctx, &memcg->records[i].h);
	for (__u32 i = 0; i < memcg->nr_kernels; i++)
		emit(ctx, &memcg->kernels[i].h);
}
