// SPDX-License-Identifier: GPL-2.0-or-later
/* Record files; see recfile.h. */
#include "recfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../bpf/abi/records.h"
#include "util.h"

const struct recfile_header recfile_header = { "memoir-record\n" };

_Static_assert(RECFILE_MAX_RECORD >= sizeof(struct rec_cells), "the largest record fits");

int recfile_read_header(FILE *file)
{
	struct recfile_header header;

	if (fread(&header, sizeof(header), 1, file) != 1)
		return ferror(file) ? -EIO : -EINVAL;
	return memcmp(&header, &recfile_header, sizeof(header)) ? -EINVAL : 0;
}

int recfile_read(FILE *file, void *record)
{
	struct rec_header *header = record;
	size_t got = fread(header, 1, sizeof(*header), file);
	size_t rest;

	if (ferror(file))
		return -EIO;
	if (got == 0)
		return 0;
	if (got < sizeof(*header))
		return -EPIPE;
	if (header->size < sizeof(*header) || header->size > RECFILE_MAX_RECORD || header->size % 8)
		return -EINVAL;
	rest = header->size - sizeof(*header);
	if (fread(header + 1, 1, rest, file) < rest)
		return ferror(file) ? -EIO : -EPIPE;
	return (int)header->size;
}

#define RECFILE_BUFFER_BYTES 65536

struct recfile {
	int fd;
	int error;              /* of the write that failed; no more are taken */
	uint64_t written_bytes; /* by complete flushes: the file up to here is whole records */
	size_t nr_buffered_bytes;
	unsigned char buffer[RECFILE_BUFFER_BYTES];
};

static int recfile_flush(struct recfile *file)
{
	size_t done = 0;

	while (done < file->nr_buffered_bytes) {
		ssize_t n = write(file->fd, file->buffer + done, file->nr_buffered_bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			file->error = -errno;
			break;
		}
		done += (size_t)n;
	}
	if (file->error)
		/* What is left ends with the last record that an earlier flush wrote whole. */
		return ftruncate(file->fd, (off_t)file->written_bytes) < 0 ? -errno : file->error;
	file->written_bytes += done;
	file->nr_buffered_bytes = 0;
	return 0;
}

int recfile_create(const char *path, struct recfile **ret)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct recfile *file;

	if (fd < 0)
		return -errno;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->fd = fd;
	fd = -1;
	memcpy(file->buffer, &recfile_header, sizeof(recfile_header));
	file->nr_buffered_bytes = sizeof(recfile_header);
	*ret = file;
	return 0;
}

int recfile_write(struct recfile *file, const void *record, size_t size)
{
	if (!file->error && file->nr_buffered_bytes + size > RECFILE_BUFFER_BYTES)
		recfile_flush(file);
	if (file->error)
		return file->error;
	memcpy(file->buffer + file->nr_buffered_bytes, record, size);
	file->nr_buffered_bytes += size;
	return 0;
}

uint64_t recfile_bytes(const struct recfile *file)
{
	return file->written_bytes + file->nr_buffered_bytes;
}

int recfile_close(struct recfile *file)
{
	int err;

	if (!file)
		return 0;
	err = file->error ? file->error : recfile_flush(file);
	close(file->fd);
	free(file);
	return err;
}
