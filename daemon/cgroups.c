// SPDX-License-Identifier: GPL-2.0-or-later
/* From cgroup ids to unit names; see cgroups.h. */
#include "cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "known.h"
#include "log.h"
#include "unitname.h"
#include "util.h"

/* Cgroup ids are never used again, so a set that is full can be emptied and learnt anew. */
#define MAX_KNOWN 4096u

struct cgroups {
	int root_fd;
	char root[32];
	struct known known;
	struct rec_cgroup record;
};

struct cgroups *cgroups_new(void)
{
	const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));

	if (!cgroups)
		return NULL;
	if (known_init(&cgroups->known, MAX_KNOWN)) {
		free(cgroups);
		return NULL;
	}
	cgroups->root_fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		struct statfs fs;

		if (statfs(roots[i], &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
			continue;
		cgroups->root_fd = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		snprintf(cgroups->root, sizeof(cgroups->root), "%s", roots[i]);
		break;
	}
	if (cgroups->root_fd < 0)
		log_warning(
			"no cgroup v2 hierarchy under /sys/fs/cgroup: the units of processes are not visible");
	return cgroups;
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	if (cgroups->root_fd >= 0)
		close(cgroups->root_fd);
	known_free(&cgroups->known);
	free(cgroups);
}

void cgroups_forget(struct cgroups *cgroups)
{
	known_forget(&cgroups->known);
}

/* A kernfs file handle is the id alone (fs/kernfs/mount.c, FILEID_KERNFS). */
static int open_by_id(const struct cgroups *cgroups, __u64 id)
{
	struct {
		struct file_handle handle;
		__u64 id;
	} kernfs = { .handle = { .handle_bytes = sizeof(__u64), .handle_type = 0xfe } };

	memcpy(kernfs.handle.f_handle, &id, sizeof(id));
	return open_by_handle_at(cgroups->root_fd, &kernfs.handle, O_PATH | O_CLOEXEC);
}

bool cgroups_path(const struct cgroups *cgroups, __u64 cgroup_id, char ret[CGROUP_PATH_MAX])
{
	size_t root_len = strlen(cgroups->root);
	char link[64];
	ssize_t len;

	if (!cgroup_id || cgroups->root_fd < 0)
		return false;
	_cleanup_close_ int fd = open_by_id(cgroups, cgroup_id);

	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, ret, CGROUP_PATH_MAX - 1);
	if (len < 0)
		return false;
	ret[len] = '\0';
	if (!strncmp(ret, cgroups->root, root_len))
		memmove(ret, ret + root_len, (size_t)len - root_len + 1);
	return true;
}

const struct rec_cgroup *cgroups_meet(struct cgroups *cgroups, __u64 cgroup_id)
{
	char path[CGROUP_PATH_MAX];

	if (!cgroup_id || cgroups->root_fd < 0 || !known_learn(&cgroups->known, cgroup_id) ||
	    !cgroups_path(cgroups, cgroup_id, path))
		return NULL;
	cgroups->record = (struct rec_cgroup){ .h = { REC_CGROUP, sizeof(cgroups->record), 0 },
					       .cgroup_id = cgroup_id };
	unit_name(cgroups->record.unit, path);
	return &cgroups->record;
}
