/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel shows in /proc, of any bytes. */
#include <stdlib.h>
#include <string.h>

#include "../../daemon/procfs.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__u64 value[NR_VMSTAT_ITEMS];
	char setting[REC_NAME_LEN];
	__u32 found;

	memset(value, 0xff, sizeof(value));
	found = vmstat_parse((const char *)data, size, value);
	must(!(found >> NR_VMSTAT_ITEMS));
	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++)
		must(found & (1u << item) || !value[item]);
	memset(setting, 0xff, sizeof(setting));
	setting_parse((const char *)data, size, setting);
	must(!setting[REC_NAME_LEN - 1] && strlen(setting) <= size);
	return 0;
}
