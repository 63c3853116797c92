// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs of a trace of the kernel; see kernelprograms.h. */
#include "kernelprograms.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "probes_internal.h"
#include "util.h"

struct kernelprograms {
	struct memoir_bpf *skeleton;
	struct bpf_link *links[MAX_PROGRAMS];
	__u32 nr_links;
	bool sees_bulk;
};

static const char *const table_names[NR_LEAK_TABLES] = {
	[LEAK_SETTINGS] = "leak_settings",
	[LEAK_COUNTS] = "leak_counts",
	[LEAK_SITES] = "leak_sites",
	[LEAK_OBJECTS] = "leak_objects",
};

int kernelprograms_table_fd(const struct kernelprograms *programs, enum kernelprograms_table table)
{
	return bpf_object__find_map_fd_by_name(programs->skeleton->obj, table_names[table]);
}

bool kernelprograms_see_bulk(const struct kernelprograms *programs)
{
	return programs->sees_bulk;
}

/* --- load and attach ---------------------------------------------------------------------------- */

static bool is_own(const char *map_name)
{
	for (size_t i = 0; i < NR_LEAK_TABLES; i++)
		if (!strcmp(map_name, table_names[i]))
			return true;
	return false;
}

/* Tables that others have are shared with them; what only others need is not made. 0 or a negative errno. */
static int share_maps(const struct probes *probes, const struct bpf_object *object)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);
		int fd = probes_map_fd(probes, name);

		if (fd >= 0)
			err = bpf_map__reuse_fd(map, fd);
		else if (!bpf_map__is_internal(map))
			err = bpf_map__set_autocreate(map, is_own(name));
		if (err)
			return err;
	}
	return 0;
}

/* Chooses the programs to load. 0, or -ENOENT with the name of one that must be and is not to be had. */
static int choose(const struct probes *probes, struct kernelprograms *programs, const char **ret_what)
{
	programs->sees_bulk = true;
	for (__u32 i = 0; i < probes->nr; i++) {
		const struct probe *probe = &probes->probe[i];
		struct bpf_program *program = bpf_object__find_program_by_name(programs->skeleton->obj,
									       probe->name);
		bool is_wanted = probe_is_of_kernel_trace(probe->name);

		bpf_program__set_autoload(program, is_wanted && probe->state == PROBE_ON_REQUEST);
		if (!is_wanted || probe->state == PROBE_ON_REQUEST)
			continue;
		*ret_what = bpf_program__name(program);
		if (probe->state != PROBE_OPTIONAL)
			return -ENOENT;
		programs->sees_bulk = false;
	}
	return 0;
}

static int attach(struct kernelprograms *programs, const struct bpf_object *object, const char **ret_what)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_link *link;

		if (!bpf_program__autoload(program))
			continue;
		*ret_what = bpf_program__name(program);
		link = bpf_program__attach(program);
		if (!link)
			return -errno;
		programs->links[programs->nr_links++] = link;
	}
	return 0;
}

static int last_error(void)
{
	return errno ? -errno : -EINVAL;
}

static int load_and_attach(const struct probes *probes, struct kernelprograms *programs,
			   const char **ret_what)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct memoir_bpf *skeleton;
	int err;

	if (!kernel)
		return last_error();
	skeleton = skeleton_open(kernel);
	err = skeleton ? 0 : last_error();
	btf__free(kernel);
	if (!skeleton)
		return err;
	programs->skeleton = skeleton;
	memcpy((void *)skeleton->rodata, probes->skeleton->rodata, sizeof(*skeleton->rodata));
	err = choose(probes, programs, ret_what);
	if (!err)
		err = share_maps(probes, skeleton->obj);
	if (!err)
		err = memoir_bpf__load(skeleton);
	/* Loading needed a lot of memory for a moment. */
	malloc_trim(0);
	return err ? err : attach(programs, skeleton->obj, ret_what);
}

/* --- begin and end ---------------------------------------------------------------------------- */

int kernelprograms_begin(const struct probes *probes, struct kernelprograms **ret, const char **ret_what)
{
	struct kernelprograms *programs = calloc(1, sizeof(*programs));
	int err;

	*ret_what = "the programs that trace the kernel";
	if (!programs)
		return -ENOMEM;
	err = load_and_attach(probes, programs, ret_what);
	if (err) {
		kernelprograms_free(programs);
		return err;
	}
	*ret = programs;
	return 0;
}

void kernelprograms_end(struct kernelprograms *programs)
{
	while (programs->nr_links)
		bpf_link__destroy(programs->links[--programs->nr_links]);
}

void kernelprograms_free(struct kernelprograms *programs)
{
	if (!programs)
		return;
	kernelprograms_end(programs);
	memoir_bpf__destroy(programs->skeleton);
	free(programs);
}

__u64 kernelprograms_nr_missed(const struct kernelprograms *programs)
{
	struct bpf_program *program;
	__u64 nr = 0;

	bpf_object__for_each_program(program, programs->skeleton->obj)
	{
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (bpf_program__autoload(program) &&
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0)
			nr += info.recursion_misses;
	}
	return nr;
}
