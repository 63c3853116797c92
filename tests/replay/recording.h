/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the recording of the replay tests is written; included once. */
#ifndef MEMOIR_TEST_RECORDING_H
#define MEMOIR_TEST_RECORDING_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/model/model.h"
#include "../../daemon/recfile.h"
#include "../../daemon/util.h"

#define BOOT_NS (1000 * NSEC_PER_SEC) /* time of the first record, since boot */

static struct recfile *file;

/* A header for a record of this type, at a time after the first record's. */
#define HEADER(kind_, type, after_ns)                                                  \
	{                                                                              \
		.kind = (kind_), .size = sizeof(type), .time_ns = BOOT_NS + (after_ns) \
	}

static void put(const void *record)
{
	int err = recfile_write(file, record, ((const struct rec_header *)record)->size);

	if (err) {
		fprintf(stderr, "cannot write: %s\n", strerror(-err));
		exit(EXIT_FAILURE);
	}
}

static void copy_text(char *to, const char *from, size_t size)
{
	size_t len = strlen(from);

	memcpy(to, from, len < size ? len : size);
}

#endif
