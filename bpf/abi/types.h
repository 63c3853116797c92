/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixed-width types that both sides use. In a BPF program they come from vmlinux.h, which
 * must be included first; in user space from the kernel's own user API header.
 */
#ifndef MEMOIR_ABI_TYPES_H
#define MEMOIR_ABI_TYPES_H

#ifndef __bpf__
#include <linux/types.h>
#include <stdbool.h>
#endif

#define MEMOIR_COMM_LEN 16

#endif
