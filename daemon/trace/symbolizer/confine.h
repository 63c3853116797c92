/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the symbolizer may still do before it reads the first file: it works on what it has been handed,
 * with bounded memory, and has no way to anything else.
 */
#ifndef MEMOIR_SYMBOLIZER_CONFINE_H
#define MEMOIR_SYMBOLIZER_CONFINE_H

/* Bounds memory and open files; no core is dumped of what was read. 0 or a negative errno. */
int confine_resources(void);

/*
 * From now on the kernel ends this process at any system call that is not needed to read files that are
 * open, to have memory, and to talk over sockets that are open. Opening a file fails with EACCES, because
 * libraries try to. 0 or a negative errno.
 */
int confine_calls(void);

#endif
