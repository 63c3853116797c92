/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of verdicts look at. */
#ifndef MEMOIR_TEST_VERDICT_H
#define MEMOIR_TEST_VERDICT_H

#include "model_groups.h"

#include "../../exporters/verdict.h"

/* The verdict on the subject, or NULL. */
static inline const struct verdict *find(const struct verdicts *verdicts, const char *subject)
{
	for (__u32 i = 0; i < verdicts->nr; i++)
		if (!strcmp(verdicts->verdict[i].subject, subject))
			return &verdicts->verdict[i];
	return NULL;
}

#endif
