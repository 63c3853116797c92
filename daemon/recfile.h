/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Record files: a magic header and then records as the model takes them (bpf/abi/records.h). This
 * reads and writes whole records; what they mean is the model's business.
 */
#ifndef MEMOIR_RECFILE_H
#define MEMOIR_RECFILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct recfile_header {
	char magic[16];
};

/* What every record file and record stream begins with. */
extern const struct recfile_header recfile_header;

/* No record is larger, so this is enough of a buffer for any. */
#define RECFILE_MAX_RECORD 8192

/* Checks the header. 0; -EINVAL: not a record file; -EIO. */
int recfile_read_header(FILE *file);

/*
 * Reads the next record whole into record[RECFILE_MAX_RECORD] (8-byte aligned). Returns its size;
 * 0: clean end; -EINVAL: no record can have such a size; -EPIPE: the file ends inside a record; -EIO.
 */
int recfile_read(FILE *file, void *record);

/*
 * A file being written. recfile_create() makes it, readable by its owner only, and refuses one that
 * exists (-EEXIST) or a symbolic link. recfile_write() appends one record; after a failure (-ENOSPC, ...) the
 * file is cut back to its last whole record and takes no more. recfile_close() accepts NULL.
 */
struct recfile;
int recfile_create(const char *path, struct recfile **ret);
int recfile_write(struct recfile *file, const void *record, size_t size);
uint64_t recfile_bytes(const struct recfile *file);
int recfile_close(struct recfile *file);

#endif
