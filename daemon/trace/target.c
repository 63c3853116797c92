// SPDX-License-Identifier: GPL-2.0-or-later
/* A process as the tracer sees it; see target.h. */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "../hash.h"
#include "../processfolder.h"
#include "../util.h"
#include "files.h"

/* Lines of what is mapped: half a million. */
#define MAX_MAPS_BYTES (64u << 20)
#define MAX_STATUS_BYTES (64u << 10)
#define MAX_AGE_NS NSEC_PER_SEC

#define DEBUG_FOLDER "usr/lib/debug/.build-id"

void target_close(struct target *target)
{
	if (target->folder >= 0)
		close(target->folder);
	mappings_free(&target->mappings);
	text_free(&target->text);
	*target = (struct target){ .folder = -1, .view = target->view };
}

static int open_process(struct target *target, __u32 tgid, __u64 start_ns)
{
	int folder = processfolder_open(tgid, start_ns);

	target_close(target);
	if (folder < 0)
		return folder;
	target->folder = folder;
	target->tgid = tgid;
	target->start_ns = start_ns;
	return 0;
}

static __u64 hash_of(const struct mappings *mappings)
{
	__u64 hash = FNV1A_START;

	for (size_t i = 0; i < mappings->nr; i++) {
		const struct mapping *mapping = &mappings->mapping[i];

		if (!mapping->is_executable)
			continue;
		hash = fnv1a(hash, &mapping->start, sizeof(mapping->start));
		hash = fnv1a(hash, &mapping->end, sizeof(mapping->end));
		hash = fnv1a(hash, &mapping->offset, sizeof(mapping->offset));
		hash = fnv1a(hash, &mapping->dev, sizeof(mapping->dev));
		hash = fnv1a(hash, &mapping->ino, sizeof(mapping->ino));
	}
	return hash;
}

static int read_maps(struct target *target)
{
	__u64 hash;
	int err;

	mappings_free(&target->mappings);
	text_clear(&target->text);
	err = processfolder_read(target->folder, "maps", MAX_MAPS_BYTES, &target->text);
	if (!err)
		err = mappings_parse(target->text.data, target->text.len, (uint64_t)sysconf(_SC_PAGESIZE),
				     &target->mappings);
	if (err)
		return err;
	if (!target->mappings.nr)
		return -ESRCH;
	hash = hash_of(&target->mappings);
	if (!target->read_ns || hash != target->hash)
		target->view++;
	target->hash = hash;
	target->read_ns = now_ns(CLOCK_BOOTTIME);
	return 0;
}

int target_look(struct target *target, __u32 tgid, __u64 start_ns)
{
	bool is_same = target->tgid == tgid && target->start_ns == start_ns;
	int err = is_same ? 0 : open_process(target, tgid, start_ns);

	if (!err && now_ns(CLOCK_BOOTTIME) - target->read_ns > MAX_AGE_NS)
		err = read_maps(target);
	if (err)
		target_close(target);
	return err;
}

bool target_mounts_are_trusted(const struct target *target)
{
	_cleanup_close_ int mounts = openat(target->folder, "ns/mnt", O_RDONLY | O_CLOEXEC);
	/* Fails for a namespace that is not below ours. */
	_cleanup_close_ int owner = mounts < 0 ? -1 : ioctl(mounts, NS_GET_USERNS);
	struct stat theirs, ours;

	return owner >= 0 && !fstat(owner, &theirs) && !stat("/proc/self/ns/user", &ours) &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

/* --- files ------------------------------------------------------------------------------------ */

static bool is_same_file(const struct mapping *a, const struct mapping *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

/* From the first to the last mapping of a file, with nothing of another file between them. */
static void find_range(const struct mappings *mappings, const struct mapping *mapping, struct given *ret)
{
	size_t first = (size_t)(mapping - mappings->mapping), last = first;
	const struct mapping *all = mappings->mapping;

	while (first && (is_same_file(&all[first - 1], mapping) || !all[first - 1].ino) && all[first].offset)
		first--;
	while (first < last && !is_same_file(&all[first], mapping))
		first++;
	while (last + 1 < mappings->nr && is_same_file(&all[last + 1], mapping) && all[last + 1].offset)
		last++;
	ret->low = all[first].start;
	ret->high = all[last].end;
}

/* The last part of a mapping's name. */
static const char *short_name(const struct mapping *mapping, int *ret_len)
{
	const char *slash = memrchr(mapping->name, '/', mapping->name_len);
	const char *name = slash ? slash + 1 : mapping->name;
	size_t len = mapping->name_len - (size_t)(name - mapping->name);
	static const char deleted[] = " (deleted)";

	if (slash && len > sizeof(deleted) - 1 &&
	    !memcmp(name + len - (sizeof(deleted) - 1), deleted, sizeof(deleted) - 1))
		len -= sizeof(deleted) - 1;
	*ret_len = (int)(len < USER_SYMBOL_NAME_LEN ? len : USER_SYMBOL_NAME_LEN - 1);
	return name;
}

static bool has_name(const struct mapping *mapping, const char *name)
{
	return mapping->name_len == strlen(name) && !memcmp(mapping->name, name, mapping->name_len);
}

void target_open_mapping(const struct target *target, __u64 address, struct given *ret, int *ret_fd)
{
	const struct mapping *mapping = mappings_find(&target->mappings, address);
	const char *name;
	char path[64];
	int len, fd;

	*ret = (struct given){ .type = GIVEN_NOTHING, .err = -EFAULT };
	*ret_fd = -1;
	if (!mapping || !mapping->is_executable)
		return;
	*ret = (struct given){ .type = mapping->ino                  ? GIVEN_FILE
				       : has_name(mapping, "[vdso]") ? GIVEN_VDSO
								     : GIVEN_ANONYMOUS,
			       .start = mapping->start,
			       .end = mapping->end,
			       .low = mapping->start,
			       .high = mapping->end,
			       .offset = mapping->offset };
	name = short_name(mapping, &len);
	memcpy(ret->name, name, (size_t)len);
	if (ret->type != GIVEN_FILE)
		return;
	find_range(&target->mappings, mapping, ret);
	snprintf(path, sizeof(path), "map_files/%llx-%llx", (unsigned long long)mapping->start,
		 (unsigned long long)mapping->end);
	fd = file_is_of_stranger(target->folder, mapping->dev) ? -EREMOTE
							       : file_open_regular(target->folder, path, 0);
	*ret_fd = fd < 0 ? -1 : fd;
	if (fd < 0) {
		ret->type = GIVEN_NOTHING;
		ret->err = fd;
	}
}

int target_open_debug(const struct target *target, const unsigned char *build_id, __u32 nr)
{
	char path[sizeof(DEBUG_FOLDER) + 2 * MAX_BUILD_ID + 16];
	size_t len;
	int fd;

	if (nr < 2 || nr > MAX_BUILD_ID)
		return -EINVAL;
	len = (size_t)snprintf(path, sizeof(path), "%s/%02x/", DEBUG_FOLDER, build_id[0]);
	for (__u32 i = 1; i < nr; i++)
		len += (size_t)snprintf(path + len, sizeof(path) - len, "%02x", build_id[i]);
	snprintf(path + len, sizeof(path) - len, ".debug");
	fd = file_open_in_root(target->folder, path, true);
	return fd < 0 ? file_open_here(path) : fd;
}

/* The last number of the line of a status file that begins with key; false where there is none. */
static bool last_of_line(const char *text, const char *key, unsigned int *ret)
{
	const char *at = strstr(text, key);
	const char *end = at ? at + strlen(key) + strcspn(at + strlen(key), "\n") : NULL;

	for (at = end; at && at > text && at[-1] >= '0' && at[-1] <= '9'; at--)
		;
	return at && at < end && sscanf(at, "%u", ret) == 1;
}

int target_open_jit(const struct target *target)
{
	struct text text = {};
	unsigned int pid, uid;
	char path[64];
	int err = processfolder_read(target->folder, "status", MAX_STATUS_BYTES, &text);

	/* The last numbers are that in its own namespace, and that by which it has to do with files. */
	if (!err && (!last_of_line(text.data, "\nNSpid:", &pid) || !last_of_line(text.data, "\nUid:", &uid)))
		err = -EINVAL;
	text_free(&text);
	if (err)
		return err;
	snprintf(path, sizeof(path), "tmp/perf-%u.map", pid);
	return file_check_owner(file_open_in_root(target->folder, path, false), uid);
}

void target_place(const struct target *target, __u64 address, char *ret, size_t size)
{
	const struct mapping *mapping = mappings_find(&target->mappings, address);
	int len = 0;
	const char *name = mapping ? short_name(mapping, &len) : NULL;

	if (!mapping)
		*ret = '\0';
	else
		snprintf(ret, size, "%.*s+0x%llx", len ? len : (int)strlen("anonymous"),
			 len ? name : "anonymous",
			 (unsigned long long)(address - mapping->start +
					      (mapping->ino ? mapping->offset : 0)));
}
