/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes on functions of one process's files. They are file descriptors: the kernel removes them when
 * these are closed, also where the holder is killed.
 */
#ifndef MEMOIR_TRACE_UPROBES_H
#define MEMOIR_TRACE_UPROBES_H

#include <bpf/libbpf.h>
#include <stdbool.h>

/* How the begin and the return of a function are seen. */
struct uprobe_programs {
	/* At all places at once, of one of the types below; NULL where the kernel has no such probes. */
	const struct bpf_program *multi;
	const struct bpf_program *begin, *end; /* else one for each */
};

struct uprobe_place {
	__u64 offset;    /* in the file */
	__u64 semaphore; /* likewise: a counter of 16 bits that the kernel keeps up; 0: none */
	__u64 cookie;
	bool returns; /* the return is to be seen, too */
};

#define MAX_UPROBE_LINKS 512u
struct uprobes {
	int link[MAX_UPROBE_LINKS]; /* in the order in which they were made */
	__u32 nr;
};

/* The types that programs are loaded with: for begin and return (6.13), and for places (6.6). */
#define UPROBE_SESSION_ATTACH_TYPE 57
#define UPROBE_MULTI_ATTACH_TYPE 48

/*
 * Puts probes on places of a file, of which path is a name, for the process only. What exists already
 * stays on an error: the caller closes it. 0 or a negative errno.
 */
int uprobes_add(struct uprobes *probes, const struct uprobe_programs *programs, __u32 tgid, const char *path,
		const struct uprobe_place *places, __u32 nr);

/* Removes all of them, those that were added last first. */
void uprobes_close(struct uprobes *probes);

#endif
