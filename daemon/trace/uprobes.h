/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes on functions of one process's files. They are file descriptors: the kernel removes them when
 * these are closed, also where the holder is killed.
 */
#ifndef MEMOIR_TRACE_UPROBES_H
#define MEMOIR_TRACE_UPROBES_H

#include <bpf/libbpf.h>
#include <stdbool.h>

/* How the kernel puts probes in their places, the cheapest first. */
enum uprobe_kind {
	UPROBES_OF_SESSIONS, /* at many places, and one program for begin and return (6.13) */
	UPROBES_OF_MANY,     /* at many places at once (6.6) */
	UPROBES_OF_EVENTS,   /* a perf event each, for which kernels since July 2025 want CAP_SYS_ADMIN */
	NR_UPROBE_KINDS
};

/* Loaded with the type of their kind. A session has no end: its begin is called for the return, too. */
struct uprobe_programs {
	enum uprobe_kind kind;
	const struct bpf_program *begin, *end;
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

/* Whether the kernel is known to have none but those of events. */
bool uprobes_are_events(void);

/* Why probes could not be put in their places, for people. are_events: that of the above. */
const char *uprobes_strerror(int err, bool are_events);

/* Has a program loaded with the type that a kind of probes wants. */
void uprobes_set_type(struct bpf_program *program, enum uprobe_kind kind);

/*
 * Puts probes on places of a file, of which path is a name, for the process only. What exists already
 * stays on an error: the caller closes it. 0 or a negative errno.
 */
int uprobes_add(struct uprobes *probes, const struct uprobe_programs *programs, __u32 tgid, const char *path,
		const struct uprobe_place *places, __u32 nr);

/* Removes all of them, those that were added last first. */
void uprobes_close(struct uprobes *probes);

#endif
