// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/btf.h>
#include <errno.h>

#include "skeleton.h"
#include <memoir_by_helper.skel.h>

struct memoir_bpf *skeleton_open(const struct btf *kernel)
{
	struct memoir_bpf *skeleton = calloc(1, sizeof(*skeleton));
	int err = skeleton ? memoir_bpf__create_skeleton(skeleton) : -ENOMEM;

	if (!err) {
		if (btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) < 0)
			skeleton->skeleton->data = memoir_by_helper__elf_bytes(&skeleton->skeleton->data_sz);
		err = bpf_object__open_skeleton(skeleton->skeleton, NULL);
	}
	if (err) {
		memoir_bpf__destroy(skeleton);
		errno = -err;
		return NULL;
	}
	return skeleton;
}
