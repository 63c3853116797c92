/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of the kernel, as they were last read. What a value means is for those who advise to know. */
#include "internal.h"

#include <errno.h>
#include <string.h>

static const char *const setting_names[NR_SETTINGS] = {
#define SETTING(id, name, path) [id] = (name),
#include "../../bpf/abi/settings.def"
#undef SETTING
};

int apply_setting(struct model *model, const struct rec_header *h)
{
	const struct rec_setting *rec = (const struct rec_setting *)h;

	if (rec->setting >= NR_SETTINGS)
		return -EINVAL;
	memcpy(model->settings.text[rec->setting], rec->text, REC_NAME_LEN);
	terminate(model->settings.text[rec->setting]);
	return 0;
}

const char *setting_name(enum setting setting)
{
	return (__u32)setting < NR_SETTINGS ? setting_names[setting] : "";
}

const char *model_setting(const struct model *model, enum setting setting)
{
	return (__u32)setting < NR_SETTINGS ? model->settings.text[setting] : "";
}
