// SPDX-License-Identifier: GPL-2.0-or-later
/* Histograms; see histogram.h. */
#include "histogram.h"

#include <stdio.h>

#include "../exporters/human.h"

/* "  <= 2.05ms  12345  " */
#define BAR_X 21
#define MAX_BAR 50

void histogram_read(const json_t *reply, const json_t *object, struct histogram *ret)
{
	const json_t *bounds = reply_member(reply, "bounds_ns"), *buckets = reply_member(object, "buckets");

	ret->nr_buckets = json_array_size(buckets);
	if (ret->nr_buckets > HISTOGRAM_MAX_BUCKETS || ret->nr_buckets != json_array_size(bounds) + 1)
		ret->nr_buckets = 0;
	for (size_t i = 0; i < ret->nr_buckets; i++) {
		ret->count[i] = human_round(json_number_value(json_array_get(buckets, i)));
		ret->bound_ns[i] = human_round(json_number_value(json_array_get(bounds, i)));
	}
}

void histogram_add(struct histogram *sum, const struct histogram *other)
{
	if (!sum->nr_buckets)
		*sum = (struct histogram){ .nr_buckets = other->nr_buckets };
	for (size_t i = 0; i < other->nr_buckets && i < sum->nr_buckets; i++) {
		sum->bound_ns[i] = other->bound_ns[i];
		sum->count[i] += other->count[i];
	}
}

uint64_t histogram_total(const struct histogram *histogram)
{
	uint64_t total = 0;

	for (size_t i = 0; i < histogram->nr_buckets; i++)
		total += histogram->count[i];
	return total;
}

size_t histogram_percentile(const struct histogram *histogram, double fraction)
{
	double rank = (double)histogram_total(histogram) * fraction;
	uint64_t below = 0;

	for (size_t i = 0; i < histogram->nr_buckets; i++) {
		below += histogram->count[i];
		if (below && (double)below >= rank)
			return i;
	}
	return histogram->nr_buckets;
}

void histogram_range(const struct histogram *histogram, size_t bucket, char *ret, size_t size)
{
	if (bucket >= histogram->nr_buckets)
		snprintf(ret, size, "-");
	else if (bucket + 1 < histogram->nr_buckets)
		snprintf(ret, size, "<= %s", human_ns(histogram->bound_ns[bucket]).text);
	else
		snprintf(ret, size, "> %s", bucket ? human_ns(histogram->bound_ns[bucket - 1]).text : "0");
}

void histogram_bar(uint64_t count, uint64_t largest, size_t room, struct text *text)
{
	size_t len = (size_t)((double)count / (double)largest * (double)room + 0.5);

	len = len > room ? room : len || !count ? len : 1;
	while (len--)
		text_add(text, "#");
}

void histogram_draw(const struct histogram *histogram, size_t width, struct text *text)
{
	size_t room = width > BAR_X ? width - BAR_X : 0;
	size_t first = 0, last = 0;
	uint64_t largest = 0;

	for (size_t i = 0; i < histogram->nr_buckets; i++) {
		if (!histogram->count[i])
			continue;
		first = largest ? first : i;
		last = i;
		largest = histogram->count[i] > largest ? histogram->count[i] : largest;
	}
	if (!largest)
		return;
	for (size_t i = first; i <= last; i++) {
		char range[32];

		histogram_range(histogram, i, range, sizeof(range));
		text_add_format(text, "  %-9s  %6s", range, human_count(histogram->count[i]).text);
		if (histogram->count[i] && room) {
			text_add(text, "  ");
			histogram_bar(histogram->count[i], largest, room < MAX_BAR ? room : MAX_BAR, text);
		}
		text_add(text, "\n");
	}
}
