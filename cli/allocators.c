// SPDX-License-Identifier: GPL-2.0-or-later
/* Which allocators are mapped; see allocators.h. */
#include "allocators.h"

#include <string.h>

/* Since attached_threads is in struct malloc_state. Until 2.33 the version is in the name of the file. */
#define OLDEST_GLIBC 23

/* Names of files, as far as they are the same in all versions. */
const char *const other_allocator_names[NR_OTHER_ALLOCATORS] = {
	"libjemalloc", "libtcmalloc", "libmimalloc", "libsnmalloc", "librpmalloc", "libhoard", "libtbbmalloc",
	"libscudo",    "libasan",     "libtsan",     "libmsan",     "ld-musl",     "libjvm",   "libgo.so",
};

/* The name of the file without its folders, and without what the kernel adds when it was replaced. */
static const char *file_name(const struct mapping *mapping, size_t *ret_len)
{
	static const char deleted[] = " (deleted)";
	const char *slash = memrchr(mapping->name, '/', mapping->name_len);
	const char *name = slash ? slash + 1 : mapping->name;
	size_t len = mapping->name_len - (size_t)(name - mapping->name), suffix = sizeof(deleted) - 1;

	if (len > suffix && !memcmp(name + len - suffix, deleted, suffix))
		len -= suffix;
	*ret_len = slash && mapping->has_file ? len : 0;
	return name;
}

static bool begins_with(const char *name, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && !memcmp(name, prefix, strlen(prefix));
}

bool is_glibc(const struct mapping *mapping)
{
	static const char current[] = "libc.so.6", prefix[] = "libc-2.", suffix[] = ".so";
	unsigned int version = 0;
	size_t len, at = sizeof(prefix) - 1;
	const char *name = file_name(mapping, &len);

	if (len == sizeof(current) - 1 && !memcmp(name, current, len))
		return true;
	if (!begins_with(name, len, prefix))
		return false;
	for (; at < len && name[at] >= '0' && name[at] <= '9' && version < OLDEST_GLIBC; at++)
		version = version * 10 + (unsigned int)(name[at] - '0');
	return version >= OLDEST_GLIBC && begins_with(name + at, len - at, suffix);
}

unsigned int other_allocators(const struct mappings *mappings)
{
	unsigned int found = 0;

	for (size_t i = 0; i < mappings->nr; i++) {
		size_t len;
		const char *name = file_name(&mappings->mapping[i], &len);

		for (int other = 0; len && other < NR_OTHER_ALLOCATORS; other++)
			if (begins_with(name, len, other_allocator_names[other]))
				found |= 1u << other;
	}
	return found;
}
