/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where live pages were allocated, as the last reading tells, and a short history of each site. A history
 * has few points, which cover all of it at first: when it is full, the higher point of every two goes, so
 * that no low is forgotten, and those to come lie twice as far apart; once that is MAX_STEP_S, the oldest
 * goes.
 */
#include "internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HISTORIES 1024u
#define MAX_STEP_S (15 * 60u)
#define NSEC_PER_HOUR 3600e9

/* A site is a suspect from so many points on, over so much time. */
#define SUSPECT_MIN_POINTS 10u
#define SUSPECT_MIN_NS 60000000000ULL
#define SUSPECT_MIN_KEPT 0.9
/* ... if it kept at least so much of the largest number that it ever had in the window. */
#define SUSPECT_MAX_FALL 0.1

struct keyed_history {
	__u64 key;
	struct site_history history;
};

__u64 live_age_ns(__u32 age)
{
	static const __u64 ages[NR_LIVE_AGES] = {
#define AGE(seconds) seconds * 1000000000ULL,
		LIVE_AGES(AGE)
#undef AGE
	};

	return ages[age];
}

void live_sites_init(struct live_sites *sites)
{
	sites->histories = (struct recent){ .element_size = sizeof(struct keyed_history),
					    .max = MAX_HISTORIES };
}

void live_sites_free(struct live_sites *sites)
{
	free(sites->shown.all);
	free(sites->pending.all);
	recent_free(&sites->histories);
}

/* Whether older ages have no more pages than younger ones, and the pages' ages can be of this sum. */
static bool are_ages_possible(const struct rec_live_site *rec)
{
	__u64 nr_older = rec->nr_pages;

	for (__u32 age = 0; age < NR_LIVE_AGES; age++) {
		if (rec->nr_older[age] > nr_older)
			return false;
		nr_older = rec->nr_older[age];
	}
	return rec->youngest_ns <= rec->oldest_ns &&
	       rec->age_sum_ms / rec->nr_pages <= rec->oldest_ns / 1000000;
}

int apply_live_site(struct model *model, const struct rec_header *h)
{
	const struct rec_live_site *rec = (const struct rec_live_site *)h;
	struct site_list *pending = &model->live_sites.pending;
	struct known_site *all;

	if (pending->nr == REC_MAX_LIVE_SITES + REC_MAX_KERNEL_LIVE_SITES || !rec->nr_pages ||
	    rec->nr_pages > MAX_PAGES || !are_ages_possible(rec))
		return -EINVAL;
	all = rows_reserve(pending->all, sizeof(*all), pending->nr, &pending->capacity);
	if (!all)
		return -ENOMEM;
	pending->all = all;
	all[pending->nr] = (struct known_site){ .rec = *rec };
	terminate(all[pending->nr].rec.comm);
	pending->nr++;
	return 0;
}

/* --- history ---------------------------------------------------------------------------------- */

/* Fibonacci hashing, as of frames (bpf/stack.bpf.h); stacks are hashes already. */
static __u64 site_key(const struct rec_live_site *rec)
{
	const __u64 what[] = { rec->start_ns, (__u64)rec->tgid << 32 | rec->migratetype, rec->stack,
			       rec->user_stack };
	__u64 key = 0;

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		key = (key ^ what[i]) * 0x9e3779b97f4a7c15ULL;
		key ^= key >> 32;
	}
	return key;
}

static void forget(struct site_history *history, const struct site_point *point)
{
	if (point->nr_pages > history->most_forgotten)
		history->most_forgotten = point->nr_pages;
}

static void drop_oldest(struct site_history *history)
{
	forget(history, &history->points[0]);
	history->nr--;
	memmove(history->points, history->points + 1, history->nr * sizeof(history->points[0]));
}

/* Makes room for one more point. */
static void make_room(struct site_history *history)
{
	__u32 length_s = history->points[HISTORY_SITE_POINTS - 1].time_s - history->points[0].time_s;

	if (history->step_s >= MAX_STEP_S)
		return drop_oldest(history);
	for (__u32 i = 0; i < HISTORY_SITE_POINTS / 2; i++) {
		const struct site_point *pair = &history->points[2 * i];

		forget(history, &pair[pair[1].nr_pages >= pair[0].nr_pages]);
		history->points[i] = pair[pair[1].nr_pages < pair[0].nr_pages];
	}
	history->nr = HISTORY_SITE_POINTS / 2;
	history->step_s = length_s * 2 / (HISTORY_SITE_POINTS - 1);
	if (history->step_s > MAX_STEP_S)
		history->step_s = MAX_STEP_S;
}

static void append(struct site_history *history, __u32 time_s, __u32 nr_pages)
{
	if (history->nr && time_s <= history->points[history->nr - 1].time_s)
		return;
	if (history->nr == HISTORY_SITE_POINTS)
		make_room(history);
	history->points[history->nr++] = (struct site_point){ .time_s = time_s, .nr_pages = nr_pages };
}

static bool is_due(const struct site_history *history, __u32 time_s)
{
	return !history->nr || time_s - history->points[history->nr - 1].time_s >= history->step_s;
}

/* --- growth ----------------------------------------------------------------------------------- */

/* How many pages there were at a time in the history, or since; by a line between the points around it. */
static double pages_at(const struct site_history *history, double time_s)
{
	const struct site_point *points = history->points;
	__u32 i = 1;

	while (i < history->nr && points[i].time_s < time_s)
		i++;
	if (i >= history->nr)
		return points[history->nr - 1].nr_pages;
	return points[i - 1].nr_pages + ((double)points[i].nr_pages - points[i - 1].nr_pages) *
						(time_s - points[i - 1].time_s) /
						((double)points[i].time_s - points[i - 1].time_s);
}

/* What has stayed of what was there: over the longest of the ages that the history knows. */
static void find_kept(const struct site_history *history, const struct rec_live_site *rec,
		      struct live_site_growth *ret)
{
	double now_s = history->points[history->nr - 1].time_s;

	for (__u32 age = NR_LIVE_AGES; age-- > 0;) {
		double then_s = now_s - (double)live_age_ns(age) / 1e9, then;

		if (then_s < history->points[0].time_s)
			continue;
		then = pages_at(history, then_s);
		if (then < 1)
			continue;
		ret->kept = rec->nr_older[age] < then ? rec->nr_older[age] / then : 1;
		ret->kept_ns = live_age_ns(age);
		return;
	}
}

/* Whether it grows in every quarter from that point on, and never falls by much. */
static bool grows_steadily(const struct site_history *history, __u32 first)
{
	const struct site_point *points = history->points, *last = &points[history->nr - 1];
	double length_s = (double)last->time_s - points[first].time_s;
	double growth = (double)last->nr_pages - points[first].nr_pages;
	__u32 most = 0;

	for (__u32 quarter = 0; quarter < 4; quarter++) {
		double from_s = points[first].time_s + quarter * length_s / 4;

		if (pages_at(history, from_s + length_s / 4) - pages_at(history, from_s) < growth / 16)
			return false;
	}
	for (__u32 i = first; i < history->nr; i++) {
		if (points[i].nr_pages > most)
			most = points[i].nr_pages;
		if (points[i].nr_pages < most * (1 - SUSPECT_MAX_FALL))
			return false;
	}
	return true;
}

/* Pages that came or went since that point: what the readings saw, or what the ages tell if that is more. */
static double nr_changes(const struct site_history *history, __u32 first, const struct live_site_growth *kept)
{
	const struct site_point *points = history->points, *last = &points[history->nr - 1];
	double seen = 0, told = last->nr_pages > points[first].nr_pages
					? last->nr_pages - points[first].nr_pages
					: points[first].nr_pages - last->nr_pages;

	for (__u32 i = first + 1; i < history->nr; i++)
		seen += points[i].nr_pages > points[i - 1].nr_pages
				? points[i].nr_pages - points[i - 1].nr_pages
				: points[i - 1].nr_pages - points[i].nr_pages;
	if (kept->kept_ns)
		told += 2 * (1 - kept->kept) * last->nr_pages *
			((double)last->time_s - points[first].time_s) * 1e9 / (double)kept->kept_ns;
	return seen > told ? seen : told;
}

/* The growth from that point on. */
static void find_growth(const struct site_history *history, __u32 first, struct live_site_growth *ret)
{
	const struct site_point *points = history->points, *last = &points[history->nr - 1];
	__u64 window_ns = (__u64)(last->time_s - points[first].time_s) * 1000000000ULL;
	double growth = (double)last->nr_pages - points[first].nr_pages;
	double error = (double)square_root((__u64)((nr_changes(history, first, ret) + 3) * 1e6)) / 1e3;

	if (!window_ns)
		return;
	ret->window_ns = window_ns;
	ret->per_hour = growth * NSEC_PER_HOUR / (double)window_ns;
	ret->per_hour_error = error * NSEC_PER_HOUR / (double)window_ns;
	ret->is_suspect = history->nr - first >= SUSPECT_MIN_POINTS && window_ns >= SUSPECT_MIN_NS &&
			  growth > 3 * error && ret->kept_ns && ret->kept >= SUSPECT_MIN_KEPT &&
			  grows_steadily(history, first);
}

/* Whether more is held than ever before that point, by more than the error of so much. */
static bool is_more_than_before(const struct site_history *history, __u32 first)
{
	double now = history->points[history->nr - 1].nr_pages, before = history->most_forgotten, growth;

	for (__u32 i = 0; i <= first; i++)
		if (history->points[i].nr_pages > before)
			before = history->points[i].nr_pages;
	growth = now - before;
	return growth > 0 && growth * growth > 9 * (growth + 3);
}

/* What began late is told by the last points alone; but not what was there before, and went. */
static void judge(const struct site_history *history, struct known_site *site)
{
	__u32 nr_recent = history->nr / 3 > SUSPECT_MIN_POINTS ? history->nr / 3 : SUSPECT_MIN_POINTS;
	struct live_site_growth recent;

	site->growth = (struct live_site_growth){};
	find_kept(history, &site->rec, &site->growth);
	recent = site->growth;
	find_growth(history, 0, &site->growth);
	if (site->growth.is_suspect || history->nr <= nr_recent ||
	    !is_more_than_before(history, history->nr - nr_recent))
		return;
	find_growth(history, history->nr - nr_recent, &recent);
	if (recent.is_suspect)
		site->growth = recent;
}

/* --- a reading -------------------------------------------------------------------------------- */

/*
 * Brings a site's history to this reading. If it was in none of the last ones, it held less than they had
 * room for then.
 */
static void follow(struct live_sites *sites, struct known_site *site, __u32 time_s)
{
	const struct rec_live_site *rec = &site->rec;
	__u32 nr_pages = rec->nr_pages < UINT32_MAX ? (__u32)rec->nr_pages : UINT32_MAX;
	__u32 least = rec->tgid ? sites->least_pages : sites->least_kernel_pages;
	struct keyed_history keyed = { .key = site_key(rec) };
	const struct keyed_history *known = recent_find(&sites->histories, keyed.key);
	struct site_history now;

	if (known)
		keyed.history = known->history;
	if (known && known->history.reading != sites->nr_readings)
		append(&keyed.history, sites->time_s, least);
	/* What it holds now is known, whether its next point is due or not. */
	now = keyed.history;
	if (now.nr == HISTORY_SITE_POINTS)
		drop_oldest(&now);
	append(&now, time_s, nr_pages);
	judge(&now, site);
	if (is_due(&keyed.history, time_s))
		append(&keyed.history, time_s, nr_pages);
	keyed.history.reading = sites->nr_readings + 1;
	/* Without memory it has no history, and is judged by this reading alone. */
	recent_put(&sites->histories, &keyed);
}

void live_sites_end(struct live_sites *sites, const struct rec_live *rec)
{
	struct site_list shown = sites->shown;
	__u32 time_s = (__u32)(rec->h.time_ns / 1000000000);

	sites->shown = sites->pending;
	sites->pending = shown;
	sites->pending.nr = 0;
	for (__u32 i = 0; i < sites->shown.nr; i++)
		follow(sites, &sites->shown.all[i], time_s);
	sites->nr_readings++;
	sites->time_s = time_s;
	sites->least_pages = rec->least_site_pages;
	sites->least_kernel_pages = rec->least_kernel_site_pages;
}

bool live_sites_are_possible(const struct live_sites *sites, __u32 step_pages)
{
	for (__u32 i = 0; step_pages && i < sites->pending.nr; i++)
		if (sites->pending.all[i].rec.nr_pages > MAX_PAGES / step_pages)
			return false;
	return true;
}

__u32 model_nr_live_sites(const struct model *model)
{
	return model->live_sites.shown.nr;
}

const struct rec_live_site *model_live_site(const struct model *model, __u32 index)
{
	return &model->live_sites.shown.all[index].rec;
}

const struct live_site_growth *model_live_site_growth(const struct model *model, __u32 index)
{
	return &model->live_sites.shown.all[index].growth;
}
