/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether growth is a leak; the method is told in leak.h. */
#include "leak.h"

#include <stdint.h>
#include <string.h>

#include "floors.h"
#include "internal.h"

#define SECONDS_PER_HOUR 3600.0
#define SLOWING 0.75
#define SLOWING_DOWN 0.5
#define SLOWING_CHANCE 1.5
#define STOPPED 0.3
/* So many of the largest steps must have been expected in a window before it can say that growth stopped. */
#define STOPPED_STEPS 3
/* Held before: so much of the growth above the earlier most, at most. */
#define RECURRING 0.25
/* A day of points that grow irregularly is enough to know that it is no leak. */
#define ENOUGH_POINTS 30u
/* A window is able to see growth that is so many times what it asks for. */
#define ABLE 2
#define MAX_OTHER_CONFIDENCE 0.4
/* A ramp that ends looks like a leak until it does; few last for most of a day. */
#define RAMP_HOURS 20
#define MAX_RAMP_CONFIDENCE 0.8

/* By Newton; the model needs no library for one root. */
static double root(double square)
{
	double x = square > 1 ? square : 1;

	if (!(square > 0))
		return 0;
	for (int i = 0; i < 64; i++)
		x = (x + square / x) / 2;
	return x;
}

/* --- one window ------------------------------------------------------------------------------- */

static __u64 time_of(const struct growth *growth, enum growth_window window, __u32 back)
{
	const struct window_clock *clock = &growth->windows[window];

	return clock->time_ns[(clock->next - 1 - back) % GROWTH_POINTS];
}

/* What the rises from block to block say. */
static void judge_blocks(const struct trend_point *points, __u32 nr, struct leak_window *ret)
{
	double error, first, second, chance, per_second;
	struct blocks blocks;
	__u32 nr_rises, half;

	floors_blocks(points, nr, &blocks);
	nr_rises = blocks.nr - 1;
	half = nr_rises / 2;
	error = root(blocks.variance);
	ret->min_steps = blocks.min_steps;
	ret->is_steady = blocks.is_steady;
	if (error > 0)
		ret->steps = blocks.mean / error;
	else
		ret->steps = blocks.mean > 0 ? __builtin_inf() : 0;
	per_second = floors_per_second(&blocks, points, nr);
	ret->low = (blocks.mean - blocks.t99 * error) * per_second;
	ret->high = (blocks.mean + blocks.t99 * error) * per_second;
	ret->widest_high = ret->high > ret->trend.high ? ret->high : ret->trend.high;
	if (ret->low < ret->trend.low)
		ret->low = ret->trend.low;
	if (ret->high > ret->trend.high)
		ret->high = ret->trend.high;
	if (ret->low > ret->trend.slope)
		ret->low = ret->trend.slope;
	if (ret->high < ret->trend.slope)
		ret->high = ret->trend.slope;
	first = blocks.floor[half] - blocks.floor[0];
	second = blocks.floor[nr_rises] - blocks.floor[nr_rises - half];
	ret->halves = first > 0 ? second / first : 0;
	chance = SLOWING_CHANCE * error * nr_rises;
	if (first <= 0 || first - second <= chance)
		return;
	ret->is_slowing = second < SLOWING * first;
	ret->is_slowing_down = second < SLOWING_DOWN * first;
}

static void judge_window(const struct model *model, const struct series *series, enum growth_window window,
			 struct leak_window *ret)
{
	struct trend_point points[GROWTH_POINTS];
	__u32 nr = floors_points(model, series, window, points);

	*ret = (struct leak_window){ .nr = nr, .span_s = nr ? points[nr - 1].t : 0 };
	if (nr < floors_min_points(window) || !trend_estimate(points, nr, &ret->trend))
		return;
	ret->is_told = true;
	ret->grown_pages = ret->trend.slope * ret->span_s;
	judge_blocks(points, nr, ret);
	ret->grows = ret->trend.slope > 0 && ret->is_steady &&
		     ret->grown_pages * model->shape.rec.page_size >= LEAK_MIN_BYTES;
}

/* --- windows that contradict each other ------------------------------------------------------- */

static double largest_rise(const struct model *model, const struct series *series, enum growth_window window)
{
	struct trend_point points[GROWTH_POINTS];
	__u32 nr = floors_points(model, series, window, points);
	double largest = 0;

	for (__u32 i = 1; i < nr; i++)
		if (points[i].value - points[i - 1].value > largest)
			largest = points[i].value - points[i - 1].value;
	return largest;
}

/* Whether a shorter window shows that growth has stopped. */
static bool has_stopped(const struct model *model, const struct series *series,
			const struct leak_window windows[NR_GROWTH_WINDOWS], enum growth_window window)
{
	double slope = windows[window].trend.slope, step = largest_rise(model, series, window);

	for (int shorter = 0; shorter < (int)window; shorter++) {
		const struct leak_window *recent = &windows[shorter];

		if (recent->is_told && slope * recent->span_s >= STOPPED_STEPS * step &&
		    recent->widest_high < STOPPED * slope)
			return true;
	}
	return false;
}

/* Whether as much was held before the window began. */
static bool is_recurring(const struct model *model, const struct series *series,
			 const struct leak_window windows[NR_GROWTH_WINDOWS], enum growth_window window)
{
	double begin_s, most = -1, now;

	for (int longer = (int)window + 1; longer < NR_GROWTH_WINDOWS; longer++) {
		struct trend_point points[GROWTH_POINTS];
		__u32 nr = floors_points(model, series, (enum growth_window)longer, points);

		if (nr < 2)
			continue;
		begin_s = points[nr - 1].t - windows[window].span_s;
		now = points[nr - 1].value;
		for (__u32 i = 0; i < nr && points[i].t < begin_s; i++)
			if (points[i].value > most)
				most = points[i].value;
		if (most >= 0 && now <= most + RECURRING * windows[window].grown_pages)
			return true;
	}
	return false;
}

static bool is_slowing_over(const struct leak_window windows[NR_GROWTH_WINDOWS], enum growth_window from)
{
	for (int window = (int)from; window < NR_GROWTH_WINDOWS; window++)
		if (windows[window].is_told && windows[window].is_slowing)
			return true;
	return false;
}

/* --- the verdict ------------------------------------------------------------------------------ */

/* The longest window that grows; else the longest in which a trend is seen; else the longest that tells. */
static enum growth_window pick_window(const struct leak_window windows[NR_GROWTH_WINDOWS])
{
	for (int window = NR_GROWTH_WINDOWS - 1; window > 0; window--)
		if (windows[window].grows)
			return (enum growth_window)window;
	for (int window = NR_GROWTH_WINDOWS - 1; window >= 0; window--)
		if (windows[window].is_told && windows[window].trend.is_significant &&
		    windows[window].trend.slope > 0)
			return (enum growth_window)window;
	for (int window = NR_GROWTH_WINDOWS - 1; window > 0; window--)
		if (windows[window].is_told)
			return (enum growth_window)window;
	return WINDOW_QUARTER_HOUR;
}

static bool is_sizeable(const struct model *model, const struct leak_window *window)
{
	return window->is_told && (window->trend.is_significant || window->is_steady) &&
	       window->grown_pages * model->shape.rec.page_size >= LEAK_MIN_BYTES;
}

/* What it is, where no window tells of a leak. */
static void decide_other(const struct model *model, struct leak_judgement *ret)
{
	const struct leak_window *windows = ret->windows;
	bool is_any = false, is_slowing_down = false;

	for (int window = 0; window < NR_GROWTH_WINDOWS; window++) {
		is_any |= is_sizeable(model, &windows[window]);
		is_slowing_down |= windows[window].is_told && windows[window].is_slowing_down;
	}
	ret->verdict = LEAK_CANNOT_TELL;
	if (!is_any) {
		ret->verdict = LEAK_NONE;
		ret->reason = LEAK_BECAUSE_SMALL;
		if (!windows[WINDOW_QUARTER_HOUR].is_told) {
			ret->verdict = LEAK_CANNOT_TELL;
			ret->reason = LEAK_BECAUSE_TOO_SHORT;
		}
	} else if (!windows[WINDOW_TWO_HOURS].is_told) {
		ret->reason = LEAK_BECAUSE_TOO_SHORT;
	} else if (is_slowing_over(windows, WINDOW_TWO_HOURS)) {
		ret->reason = LEAK_BECAUSE_SLOWING;
		ret->verdict = is_slowing_down ? LEAK_WORKING_SET : LEAK_CANNOT_TELL;
	} else {
		ret->reason = LEAK_BECAUSE_IRREGULAR;
		if (windows[WINDOW_DAY].nr >= ENOUGH_POINTS)
			ret->verdict = LEAK_WORKING_SET;
	}
}

static void decide(const struct model *model, const struct grower *grower, struct leak_judgement *ret)
{
	const struct leak_window *windows = ret->windows;
	bool is_leak = ret->window != WINDOW_QUARTER_HOUR && windows[ret->window].grows &&
		       !is_slowing_over(windows, ret->window);

	if (!is_leak) {
		decide_other(model, ret);
	} else if (has_stopped(model, grower->series, windows, ret->window)) {
		ret->verdict = LEAK_WORKING_SET;
		ret->reason = LEAK_BECAUSE_STOPPED;
	} else if (is_recurring(model, grower->series, windows, ret->window)) {
		ret->verdict = LEAK_WORKING_SET;
		ret->reason = LEAK_BECAUSE_RECURRING;
	} else {
		ret->verdict = LEAK_CERTAIN;
		ret->reason = LEAK_BECAUSE_IT_GROWS;
	}
	if (grower_is_given_back(grower) && ret->verdict != LEAK_NONE) {
		ret->verdict = LEAK_CACHE;
		ret->reason = LEAK_BECAUSE_CACHE;
	}
}

/* --- figures ---------------------------------------------------------------------------------- */

double leak_detection_limit(const struct model *model, enum growth_window window)
{
	__u32 nr = model_nr_growth_points(model, window);
	double span_ns;

	if (nr < floors_min_points(window))
		return __builtin_inf();
	span_ns = (double)(time_of(&model->growth, window, 0) - time_of(&model->growth, window, nr - 1));
	return (double)LEAK_MIN_BYTES / model->shape.rec.page_size / (span_ns / 1e9) * SECONDS_PER_HOUR;
}

/* The largest of what each of the conditions asks of a slope. */
static double limit_of(const struct model *model, const struct leak_window *window)
{
	double size, steps = 0, interval, limit;

	if (!window->is_told || window->span_s <= 0)
		return __builtin_inf();
	size = (double)LEAK_MIN_BYTES / model->shape.rec.page_size / window->span_s;
	/* The rises' standard error would be the same; their mean goes with the slope. */
	if (window->steps > 0 && window->steps < __builtin_inf())
		steps = window->trend.slope * window->min_steps / window->steps;
	interval = window->trend.slope - window->low;
	limit = size > steps ? size : steps;
	return (interval > limit ? interval : limit) * SECONDS_PER_HOUR;
}

/* When the floor was at its lowest for the last time, in the longest window that was looked at all along. */
static __u64 lowest_ns(const struct model *model, const struct series *series, enum growth_window window)
{
	struct trend_point points[GROWTH_POINTS];
	__u32 nr = floors_points(model, series, window, points), lowest = 0;

	for (__u32 i = 1; i < nr; i++)
		if (points[i].value <= points[lowest].value)
			lowest = i;
	return nr ? time_of(&model->growth, window, nr - 1 - lowest) : 0;
}

static double clarity_of(const struct leak_window *window)
{
	return window->trend.slope > 0 ? window->trend.slope / (2 * window->trend.slope - window->low) : 0;
}

static double confidence_of(const struct model *model, const struct leak_judgement *judgement)
{
	const struct leak_window *window = &judgement->windows[judgement->window];
	double hours = judgement->since_ns ? (double)(model->growth.look_ns - judgement->since_ns) / 1e9 /
						     SECONDS_PER_HOUR
					   : 0;
	double clarity = clarity_of(window), confidence;
	__u32 nr_able = 0, nr_grow = 0;

	if (!window->is_told || window->trend.slope <= 0)
		return 0;
	for (int i = 0; i < NR_GROWTH_WINDOWS; i++) {
		const struct leak_window *other = &judgement->windows[i];
		double expected = window->trend.slope * other->span_s * model->shape.rec.page_size;

		nr_grow += other->grows;
		if (other->grows && clarity_of(other) > clarity)
			clarity = clarity_of(other);
		nr_able += other->grows || (other->is_told && expected >= ABLE * LEAK_MIN_BYTES);
	}
	confidence = hours / (hours + 0.5) * clarity * nr_grow / (nr_able ? nr_able : 1);
	if (judgement->verdict != LEAK_CERTAIN && confidence > MAX_OTHER_CONFIDENCE)
		return MAX_OTHER_CONFIDENCE;
	if (hours < RAMP_HOURS && confidence > MAX_RAMP_CONFIDENCE)
		return MAX_RAMP_CONFIDENCE;
	return confidence;
}

static double seconds_until(double left_pages, double per_hour)
{
	return per_hour > 0 ? left_pages / per_hour * SECONDS_PER_HOUR : __builtin_inf();
}

/* Where page cache is in the way of a limit, it goes first. */
static double cgroup_left_pages(const struct model *model, __u64 cgroup_id)
{
	const struct rec_cgroup_memory *memory = model_cgroup_memory(model, cgroup_id);
	double bytes;

	if (!memory || memory->left_bytes == KERNEL_MEMORY_UNKNOWN)
		return __builtin_inf();
	bytes = (double)memory->left_bytes;
	if (memory->file_bytes != KERNEL_MEMORY_UNKNOWN && memory->shmem_bytes <= memory->file_bytes)
		bytes += (double)(memory->file_bytes - memory->shmem_bytes);
	return bytes / model->shape.rec.page_size;
}

static double machine_left_pages(const struct model *model)
{
	const struct rec_kernel_memory *memory = model_kernel_memory(model);

	if (!memory || memory->available_pages == KERNEL_MEMORY_UNKNOWN)
		return __builtin_inf();
	return (double)memory->available_pages +
	       (memory->swap_free_pages == KERNEL_MEMORY_UNKNOWN ? 0 : (double)memory->swap_free_pages);
}

void leak_note_left_pages(struct model *model)
{
	struct groups *groups = &model->groups;

	if (!model->growth.nr_cgroup_memories)
		return;
	for (__u32 i = 0; i < groups->nr; i++)
		groups->all[i].left_pages = __builtin_inf();
	for (__u32 i = 0; i < model->processes.nr_alive; i++) {
		const struct process *process = &model->processes.all[i];
		double left = cgroup_left_pages(model, process->cgroup_id);

		if (left < groups->all[process->group].left_pages)
			groups->all[process->group].left_pages = left;
	}
}

static double group_left_pages(const struct model *model, __u32 group)
{
	return model->growth.nr_cgroup_memories ? model->groups.all[group].left_pages : __builtin_inf();
}

double leak_left_pages(const struct model *model, const struct grower *grower, enum leak_limit *ret_limit)
{
	double machine = machine_left_pages(model), cgroup = __builtin_inf();

	if (grower->owner == OWNER_PROCESS || grower->owner == OWNER_CGROUP)
		cgroup = cgroup_left_pages(model, grower->cgroup_id);
	else if (grower->owner == OWNER_GROUP)
		cgroup = group_left_pages(model, grower->group);
	*ret_limit = LEAK_NO_LIMIT;
	if (cgroup < machine)
		*ret_limit = LEAK_LIMIT_CGROUP;
	else if (machine < __builtin_inf())
		*ret_limit = LEAK_LIMIT_MACHINE;
	return cgroup < machine ? cgroup : machine;
}

static void tell_time_left(const struct model *model, const struct grower *grower, struct leak_judgement *ret)
{
	ret->seconds_left = ret->seconds_left_low = ret->seconds_left_high = __builtin_inf();
	ret->left_pages = leak_left_pages(model, grower, &ret->limit);
	if (ret->limit == LEAK_NO_LIMIT || !is_sizeable(model, &ret->windows[ret->window]))
		return;
	ret->seconds_left = seconds_until(ret->left_pages, ret->pages_per_hour);
	ret->seconds_left_low = seconds_until(ret->left_pages, ret->high_per_hour);
	ret->seconds_left_high = seconds_until(ret->left_pages, ret->low_per_hour);
}

void leak_judge(const struct model *model, const struct grower *grower, struct leak_judgement *ret)
{
	const struct leak_window *window;

	*ret = (struct leak_judgement){ 0 };
	for (int i = 0; i < NR_GROWTH_WINDOWS; i++)
		judge_window(model, grower->series, (enum growth_window)i, &ret->windows[i]);
	ret->window = pick_window(ret->windows);
	window = &ret->windows[ret->window];
	ret->has_rate = window->is_told;
	ret->pages_per_hour = window->trend.slope * SECONDS_PER_HOUR;
	ret->low_per_hour = window->low * SECONDS_PER_HOUR;
	ret->high_per_hour = window->high * SECONDS_PER_HOUR;
	ret->detection_limit_per_hour = limit_of(model, window);
	ret->since_ns = lowest_ns(model, grower->series, ret->window);
	decide(model, grower, ret);
	ret->confidence = confidence_of(model, ret);
	tell_time_left(model, grower, ret);
}
