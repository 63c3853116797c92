// SPDX-License-Identifier: GPL-2.0-or-later
/* What an operator calls a cgroup; see unitname.h. */
#include "unitname.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

#define CONTAINER_ID_DIGITS 64
#define CONTAINER_SHOWN_DIGITS 12

/* How the runtimes name a container's cgroup before its id; without a prefix the parent folder tells. */
static const struct {
	const char *prefix;
	const char *runtime;
} runtimes[] = {
	{ "docker-", "docker" }, { "libpod-", "podman" },      { "cri-containerd-", "containerd" },
	{ "crio-", "crio" },     { "nerdctl-", "containerd" },
};

static bool is_container_id(const char *text)
{
	for (int i = 0; i < CONTAINER_ID_DIGITS; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return text[CONTAINER_ID_DIGITS] == '\0' || text[CONTAINER_ID_DIGITS] == '.' ||
	       text[CONTAINER_ID_DIGITS] == '/';
}

static bool container_name(char ret[REC_NAME_LEN], const char *path, const char *component)
{
	const char *runtime = "container";

	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		size_t len = strlen(runtimes[i].prefix);

		if (!strncmp(component, runtimes[i].prefix, len)) {
			runtime = runtimes[i].runtime;
			component += len;
			break;
		}
	}
	if (!is_container_id(component))
		return false;
	if (strstr(path, "/docker/"))
		runtime = "docker";
	snprintf(ret, REC_NAME_LEN, "%s:%.*s", runtime, CONTAINER_SHOWN_DIGITS, component);
	return true;
}

static bool ends_with(const char *text, size_t len, const char *suffix)
{
	size_t suffix_len = strlen(suffix);

	return len > suffix_len && !memcmp(text + len - suffix_len, suffix, suffix_len);
}

void unit_name(char ret[REC_NAME_LEN], const char *cgroup_path)
{
	const char *unit = NULL;
	size_t unit_len = 0, len = strlen(cgroup_path);

	for (const char *slash = cgroup_path; slash && *slash; slash = strchr(slash + 1, '/')) {
		const char *component = *slash == '/' ? slash + 1 : slash;
		size_t component_len = strcspn(component, "/");

		if (container_name(ret, cgroup_path, component))
			return;
		if (ends_with(component, component_len, ".service") ||
		    ends_with(component, component_len, ".scope")) {
			unit = component;
			unit_len = component_len;
		}
	}
	if (unit && unit_len < REC_NAME_LEN)
		snprintf(ret, REC_NAME_LEN, "%.*s", (int)unit_len, unit);
	else if (len < REC_NAME_LEN)
		snprintf(ret, REC_NAME_LEN, "%s", len ? cgroup_path : "/");
	else
		snprintf(ret, REC_NAME_LEN, "...%s", cgroup_path + len - (REC_NAME_LEN - 4));
}
