// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the settings of the kernel; see settings.h. */
#include "settings.h"

#include <fcntl.h>
#include <string.h>

#include "procfs.h"
#include "util.h"

#define PERIOD_NS (10 * NSEC_PER_SEC)

static const char *const paths[NR_SETTINGS] = {
#define SETTING(id, name, path) [id] = (path),
#include "../bpf/abi/settings.def"
#undef SETTING
};

/* Leaves ret empty where there is nothing to be read. */
static void read_setting(enum setting setting, char ret[REC_NAME_LEN])
{
	_cleanup_close_ int fd = open(paths[setting], O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof(text));

	setting_parse(text, size > 0 ? (size_t)size : 0, ret);
}

void settings_read(struct settings_reader *reader, void (*emit)(void *ctx, const struct rec_header *record),
		   void *ctx)
{
	__u64 now = now_ns(CLOCK_BOOTTIME);

	if (now < reader->next_ns)
		return;
	reader->next_ns = now + PERIOD_NS;
	for (__u32 setting = 0; setting < NR_SETTINGS; setting++) {
		struct rec_setting *known = &reader->known[setting];
		struct rec_setting record = { .h = { REC_SETTING, sizeof(record), now }, .setting = setting };

		read_setting(setting, record.text);
		if (known->h.size && !memcmp(known->text, record.text, sizeof(record.text)))
			continue;
		*known = record;
		emit(ctx, &record.h);
	}
}
