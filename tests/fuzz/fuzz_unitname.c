/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cgroup path of any bytes. */
#include <stdlib.h>
#include <string.h>

#include "../../daemon/unitname.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = strndup((const char *)data, size), *unit = malloc(REC_NAME_LEN);

	must(path && unit);
	memset(unit, 'X', REC_NAME_LEN);
	unit_name(unit, path);
	must(memchr(unit, '\0', REC_NAME_LEN));
	must(*unit);
	free(path);
	free(unit);
	return 0;
}
