// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers for people; see human.h. */
#include "human.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"

#define EXACT_COUNT_MAX 99999

uint64_t human_round(double value)
{
	if (!(value > 0))
		return 0;
	return value >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(value + 0.5);
}

/*
 * value in the largest unit of which there is at least one, rounded to three significant digits.
 * What rounds up to a whole next unit is shown as that.
 */
static struct human scaled(double value, double step, const char *const units[], size_t nr_units)
{
	struct human ret;
	size_t unit = 0;
	int decimals;

	while (unit + 1 < nr_units && value >= step - 0.5) {
		value /= step;
		unit++;
	}
	decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(ret.text, sizeof(ret.text), "%.*f%s", unit ? decimals : 0, value, units[unit]);
	return ret;
}

struct human human_bytes(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

	return bytes ? scaled((double)bytes, 1024, units, ARRAY_SIZE(units)) : (struct human){ "0" };
}

struct human human_ns(uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };

	return ns ? scaled((double)ns, 1000, units, ARRAY_SIZE(units)) : (struct human){ "0" };
}

struct human human_count(uint64_t count)
{
	static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };
	struct human ret;

	if (count > EXACT_COUNT_MAX)
		return scaled((double)count, 1000, units, ARRAY_SIZE(units));
	snprintf(ret.text, sizeof(ret.text), "%" PRIu64, count);
	return ret;
}

struct human human_about(struct human number)
{
	struct human ret;

	snprintf(ret.text, sizeof(ret.text), "%s%.24s", strcmp(number.text, "0") ? "~" : "", number.text);
	return ret;
}

struct human human_estimate(uint64_t count)
{
	return human_about(human_count(count));
}

struct human human_rate(double per_second)
{
	struct human ret;

	if (!(per_second > 0))
		return (struct human){ "0" };
	if (per_second < 0.1)
		return (struct human){ "<0.1" };
	if (per_second >= 99.95)
		return human_count(human_round(per_second));
	snprintf(ret.text, sizeof(ret.text), "%.1f", per_second);
	return ret;
}

struct human human_byte_rate(double per_second)
{
	return human_bytes(human_round(per_second));
}

struct human human_percent(double fraction)
{
	double percent = fraction * 100;
	struct human ret;

	if (!(percent > 0))
		return (struct human){ "0%" };
	if (percent < 0.1)
		return (struct human){ "<0.1%" };
	if (percent < 99.95)
		snprintf(ret.text, sizeof(ret.text), "%.1f%%", percent);
	else
		snprintf(ret.text, sizeof(ret.text), "%.24s%%", human_count(human_round(percent)).text);
	return ret;
}

struct human human_duration(uint64_t ns)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
	uint64_t seconds = ns / NSEC_PER_SEC;
	struct human ret;

	for (size_t i = 0; i + 1 < ARRAY_SIZE(units); i++) {
		if (seconds < units[i].seconds)
			continue;
		snprintf(ret.text, sizeof(ret.text), "%" PRIu64 "%s %" PRIu64 "%s",
			 seconds / units[i].seconds, units[i].name,
			 seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
		return ret;
	}
	snprintf(ret.text, sizeof(ret.text), "%" PRIu64 "s", seconds);
	return ret;
}
