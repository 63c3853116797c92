/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process as the tracer sees it: what it has mapped, and the files of that. Everything is opened
 * through its folder in /proc, which is opened once, so that a pid that is used again is no danger.
 */
#ifndef MEMOIR_TRACE_TARGET_H
#define MEMOIR_TRACE_TARGET_H

#include "../../exporters/text.h"
#include "../mappings.h"
#include "questions.h"

/* Start with TARGET_NONE. */
struct target {
	__u64 start_ns; /* with tgid it names the process; tgid 0: none */
	__u32 tgid;
	int folder;
	struct text text; /* of maps */
	struct mappings mappings;
	__u64 read_ns; /* when they were read */
	__u64 hash;    /* of what is executable */
	__u64 view;    /* a number that is another one whenever the process is, or hash */
};

#define TARGET_NONE ((struct target){ .folder = -1 })

void target_close(struct target *target);

/*
 * Looks at a process from now on, if it is not the one already, and at what it has mapped, if the last
 * look is too long ago. 0; -ESRCH where it has ended, has no memory or is another one, and other negative
 * errnos.
 */
int target_look(struct target *target, __u32 tgid, __u64 start_ns);

/*
 * Whether what it sees of file systems was mounted in our user namespace, so by those whom we trust with
 * that: a file system of its own user's could make us wait without end. False where that cannot be told.
 */
bool target_mounts_are_trusted(const struct target *target);

/*
 * What is mapped at an address. ret->type is GIVEN_NOTHING, with ret->err, where nothing is or it cannot
 * be opened. *ret_fd is the caller's, -1 where ret->type is not GIVEN_FILE.
 */
void target_open_mapping(const struct target *target, __u64 address, struct given *ret, int *ret_fd);

/*
 * The file of debug information with that build id, as the process sees it or as we do. A descriptor, or
 * a negative errno.
 */
int target_open_debug(const struct target *target, const unsigned char *build_id, __u32 nr);

/*
 * The map of code that was compiled at run time, where the process's own user has written one. Likewise.
 */
int target_open_jit(const struct target *target);

/* "libc.so.6+0x1234": the place of an address in its file, or from the begin of other memory. */
void target_place(const struct target *target, __u64 address, char *ret, size_t size);

#endif
