/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of processes that may be hostile: they are opened so that nothing but a regular file of bounded
 * size is, nothing is opened outside of the root of the process, and no file system that its owner may
 * stop is asked. folder is that of the process in /proc. Descriptors are the caller's.
 */
#ifndef MEMOIR_TRACE_FILES_H
#define MEMOIR_TRACE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../exporters/text.h"

/* Whether a device is a file system that answers at somebody's pleasure: of FUSE, or over a network. */
bool file_is_of_stranger(int folder, uint64_t dev);

/* A regular file below a folder. flags: more for open(). A descriptor to read, or a negative errno. */
int file_open_regular(int folder, const char *path, int flags);

/* A regular file by its path from the root of the process, which stays inside of it; likewise. */
int file_open_in_root(int folder, const char *path, bool may_follow_links);

/* A regular file by its path from our own root. */
int file_open_here(const char *path);

/* fd if it is one, and the file is that user's; else it is closed. */
int file_check_owner(int fd, unsigned int uid);

#endif
