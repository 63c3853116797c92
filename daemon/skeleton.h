/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF programs as the running kernel can load them. There are two objects, alike but for how an
 * address is read (see bpf_rdonly_cast() in compat.bpf.h): libbpf looks for a kernel function that the
 * kernel does not have in its modules too, which only CAP_SYS_ADMIN may list, and then refuses the
 * whole object, however weak the reference.
 */
#ifndef MEMOIR_SKELETON_H
#define MEMOIR_SKELETON_H

/* The skeleton names structures of this one. */
#include "../bpf/abi/metrics.h"

#include <memoir.skel.h>

struct btf;

/* Opens the object for a kernel of these types; memoir_bpf__destroy() frees it. Or NULL, and errno. */
struct memoir_bpf *skeleton_open(const struct btf *kernel);

#endif
