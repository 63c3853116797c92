// SPDX-License-Identifier: GPL-2.0-or-later
/* Traces of what the kernel allocates; see kerneltrace.h. */
#include "kerneltrace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "batch.h"
#include "kernelprograms.h"
#include "kernelread.h"
#include "log.h"
#include "util.h"

#define BATCH 256u
/* Those that are known, and those of objects whose site was forgotten. */
#define MAX_SITES (4 * MAX_LEAK_SITES)
#define TIMER_ACCURACY_US 1000

/* So long events are counted only. */
#define COUNTING_NS (250 * NSEC_PER_MSEC)
/* At some three microseconds for an allocation that is followed this is a twentieth of a CPU. */
#define MAX_FOLLOWED_PER_SECOND 30000u
/* Stacks that are not met again for longer than that are marked meanwhile. */
#define MARK_NS (30 * NSEC_PER_SEC)
/* Of what is seen to be freed, and of what is not. */
#define MAX_SEEN_ROWS 208u
#define MAX_UNSEEN_ROWS 48u

struct kerneltrace {
	sd_event *event;
	struct probes *probes;
	struct stacks *stacks;
	void (*emit)(void *ctx, const struct rec_header *record);
	void *ctx;
	struct kernelprograms *programs; /* NULL: no trace goes on */
	struct leak_counts *per_cpu;     /* as many as the kernel has possible CPUs */
	__u32 nr_cpus;
	__u64 seed;                          /* of struct leak_settings, for one trace */
	__u32 every;                         /* 0: events are counted only */
	__u64 duration_ns, begin_ns, end_ns; /* CLOCK_BOOTTIME; end_ns 0: none goes on */
	bool is_automatic;
	__u64 nr_early_events;  /* before it began, when not all programs were there */
	sd_event_source *timer; /* NULL before the first trace */
	__u64 keys[BATCH];
	struct leak_object objects[BATCH];
};

struct kerneltrace *kerneltrace_new(sd_event *event, struct probes *probes, struct stacks *stacks,
				    void (*emit)(void *ctx, const struct rec_header *record), void *ctx)
{
	struct kerneltrace *trace = calloc(1, sizeof(*trace));
	int nr_cpus = libbpf_num_possible_cpus();

	if (!trace)
		return NULL;
	trace->event = event;
	trace->probes = probes;
	trace->stacks = stacks;
	trace->emit = emit;
	trace->ctx = ctx;
	trace->nr_cpus = nr_cpus > 0 ? (__u32)nr_cpus : 1;
	trace->per_cpu = calloc(trace->nr_cpus, sizeof(*trace->per_cpu));
	if (trace->per_cpu)
		return trace;
	free(trace);
	return NULL;
}

__u64 kerneltrace_end_ns(const struct kerneltrace *trace)
{
	return trace->end_ns;
}

bool kerneltrace_has_begun(const struct kerneltrace *trace)
{
	return trace->end_ns && trace->every;
}

/* --- tables ----------------------------------------------------------------------------------- */

/*
 * 0 or a negative errno. every 0: events are counted only. Programs that run meanwhile may see one member of
 * the settings before the other, so that the seed is there first, and stays as it is.
 */
static int set_out(const struct kerneltrace *trace, __u32 every)
{
	const struct leak_settings settings = { .seed = trace->seed, .every = every };
	const __u32 first = 0;

	return bpf_map_update_elem(kernelprograms_table_fd(trace->programs, LEAK_SETTINGS), &first, &settings,
				   BPF_ANY) < 0
		       ? -errno
		       : 0;
}

/* Everything goes: programs and tables. */
static void clean_up(struct kerneltrace *trace)
{
	kernelprograms_free(trace->programs);
	trace->programs = NULL;
	stacks_begin(trace->stacks, STACKS_OF_TRACE);
	trace->end_ns = 0;
}

void kerneltrace_free(struct kerneltrace *trace)
{
	if (!trace)
		return;
	if (trace->end_ns)
		clean_up(trace);
	sd_event_source_disable_unref(trace->timer);
	free(trace->per_cpu);
	free(trace);
}

static struct leak_counts counts_now(const struct kerneltrace *trace)
{
	struct leak_counts sum = {};
	const __u32 first = 0;

	if (bpf_map_lookup_elem(kernelprograms_table_fd(trace->programs, LEAK_COUNTS), &first,
				trace->per_cpu) < 0)
		return sum;
	for (__u32 cpu = 0; cpu < trace->nr_cpus; cpu++) {
		const struct leak_counts *counts = &trace->per_cpu[cpu];

		sum.nr_events += counts->nr_events;
		sum.nr_freed += counts->nr_freed;
		sum.nr_unknown += counts->nr_unknown;
		sum.nr_lost += counts->nr_lost;
		sum.nr_reused += counts->nr_reused;
		sum.nr_followed += counts->nr_followed;
	}
	return sum;
}

/* --- the result ------------------------------------------------------------------------------- */

/*
 * An object is followed with the probability 1/every, and stands for `every` of them: of a sum of sizes the
 * variance is estimated by the sum of every * (every - 1) * size^2 (Horvitz and Thompson, 1952).
 */
static __u64 standard_error(__u32 every, double squares)
{
	return (__u64)llround(sqrt((double)every * (every - 1) * squares));
}

static void emit_site(struct kerneltrace *trace, const struct kernelsite *row, __u64 now)
{
	const struct leak_site *site = &row->site;
	const __u32 every = trace->every;
	struct rec_trace_stack record = { .h = { REC_TRACE_STACK, sizeof(record), now },
					  .stack = stacks_place(trace->stacks, site->stack),
					  .start_ns = site->start_ns,
					  .tgid = site->tgid,
					  .kind = site->kind,
					  .nr = site->nr * every,
					  .bytes = site->bytes * every,
					  .nr_live = row->nr_live * every,
					  .live_bytes = row->live_bytes * every,
					  .live_error = standard_error(every, row->squares),
					  .nr_samples = site->nr,
					  .oldest_ns = row->oldest_ns,
					  .nr_reused = site->nr_reused,
					  .is_unseen = row->is_unseen };

	if (row->nr_live)
		record.mean_age_ns = (__u64)(row->age_ns / (double)row->nr_live);
	memcpy(record.comm, site->comm, sizeof(record.comm));
	memcpy(record.cache, site->cache_name, sizeof(record.cache));
	stacks_meet(trace->stacks, record.stack, trace->emit, trace->ctx);
	trace->emit(trace->ctx, &record.h);
}

static struct rec_trace new_record(const struct kerneltrace *trace, enum trace_ending ending, __u64 now)
{
	return (struct rec_trace){ .h = { REC_TRACE, sizeof(struct rec_trace), now },
				   .is_kernel = 1,
				   .is_automatic = trace->is_automatic,
				   .ending = ending };
}

static void emit_why_not(struct kerneltrace *trace, const char *why_not)
{
	struct rec_trace record = new_record(trace, TRACE_NEVER_BEGAN, now_ns(CLOCK_BOOTTIME));

	snprintf(record.why_not, sizeof(record.why_not), "%s", why_not);
	trace->emit(trace->ctx, &record.h);
}

static void refuse(struct kerneltrace *trace, const char *what, int err)
{
	char why_not[TRACE_TEXT_LEN];

	snprintf(why_not, sizeof(why_not), "%s: %s", what,
		 err == -ENOENT ? "it is not loaded, see memoir probes" : strerror(-err));
	log_error("the kernel cannot be traced: %s", why_not);
	emit_why_not(trace, why_not);
}

static void emit_result(struct kerneltrace *trace, const struct kernelsites *sites, struct rec_trace *record)
{
	static const __u32 max_rows[] = { [false] = MAX_SEEN_ROWS, [true] = MAX_UNSEEN_ROWS };
	const __u32 every = trace->every;
	__u32 nr_rows[ARRAY_SIZE(max_rows)] = {};
	double squares = 0;

	for (__u32 i = 0; i < sites->nr; i++) {
		const struct kernelsite *row = &sites->rows[i];

		record->nr += row->site.nr * every;
		record->bytes += row->site.bytes * every;
		if (row->is_unseen) {
			record->nr_unseen += row->nr_live * every;
			record->unseen_bytes += row->live_bytes * every;
		} else {
			record->nr_live += row->nr_live * every;
			record->live_bytes += row->live_bytes * every;
			squares += row->squares;
		}
		if (nr_rows[row->is_unseen] < max_rows[row->is_unseen]) {
			nr_rows[row->is_unseen]++;
			emit_site(trace, row, record->h.time_ns);
		}
	}
	record->live_error = standard_error(every, squares);
	record->nr_stacks = sites->nr;
	trace->emit(trace->ctx, &record->h);
}

static void end(struct kerneltrace *trace, enum trace_ending ending)
{
	_cleanup_free_ struct kernelsite *rows = calloc(MAX_SITES, sizeof(*rows));
	struct kernelsites sites = { .rows = rows, .max = MAX_SITES };
	/* Before the first is detached, so that none sees what another does not. */
	int err = rows ? set_out(trace, 0) : -ENOMEM;
	struct rec_trace record = new_record(trace, ending, now_ns(CLOCK_BOOTTIME));
	struct leak_counts counts;

	record.nr_missed = kernelprograms_nr_missed(trace->programs);
	kernelprograms_end(trace->programs);
	counts = counts_now(trace);
	record.duration_ns = record.h.time_ns - trace->begin_ns;
	record.every = trace->every;
	record.misses_bulk = !kernelprograms_see_bulk(trace->programs);
	record.nr_frees = counts.nr_freed;
	record.nr_unknown = counts.nr_unknown;
	record.nr_lost = counts.nr_lost;
	record.nr_reused = counts.nr_reused;
	if (!err)
		err = kernelread(trace->programs, trace->stacks, record.h.time_ns, &sites);
	record.nr_unplaced = sites.nr_unplaced;
	record.is_partial = sites.nr_known != counts.nr_followed;
	if (err) {
		refuse(trace, "cannot read the tables of leak_kmalloc", err);
	} else {
		kernelsites_judge(&sites);
		emit_result(trace, &sites, &record);
	}
	kernelsites_free(&sites);
	clean_up(trace);
}

void kerneltrace_end(struct kerneltrace *trace)
{
	if (kerneltrace_has_begun(trace)) {
		end(trace, TRACE_WAS_STOPPED);
	} else if (trace->end_ns) {
		emit_why_not(trace, "it was ended before anything was followed");
		clean_up(trace);
	}
}

/* --- begin ------------------------------------------------------------------------------------ */

static void mark_stacks(struct kerneltrace *trace)
{
	struct batch batch = { .fd = kernelprograms_table_fd(trace->programs, LEAK_OBJECTS),
			       .keys = trace->keys,
			       .values = trace->objects,
			       .max = BATCH };

	stacks_begin(trace->stacks, STACKS_OF_TRACE);
	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++)
			stacks_mark(trace->stacks, STACKS_OF_TRACE, trace->objects[i].stack);
}

/* Of how many objects one is followed at so many events in so much time. */
static __u32 choose_every(__u64 nr_events, __u64 ns)
{
	double rate = ns ? (double)nr_events * (double)NSEC_PER_SEC / (double)ns : 0;
	__u32 every = 1;

	while (every < MAX_LEAK_EVERY && rate / every > MAX_FOLLOWED_PER_SECOND)
		every *= 2;
	return every;
}

/* From counting events to following objects. 0 or a negative errno. */
static int begin_following(struct kerneltrace *trace, __u64 now)
{
	__u32 every = choose_every(counts_now(trace).nr_events - trace->nr_early_events,
				   now - trace->begin_ns);
	int err = set_out(trace, every);

	if (err)
		return err;
	trace->every = every;
	trace->begin_ns = now;
	trace->end_ns = now + trace->duration_ns;
	return 0;
}

static int set_timer(struct kerneltrace *trace, __u64 at_ns)
{
	int err = sd_event_source_set_time(trace->timer, at_ns / NSEC_PER_USEC + 1);

	return err < 0 ? err : sd_event_source_set_enabled(trace->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct kerneltrace *trace = ctx;
	__u64 now = now_ns(CLOCK_BOOTTIME);
	int err = 0;

	(void)source;
	(void)usec;
	if (!trace->end_ns)
		return 0;
	if (trace->every && now >= trace->end_ns) {
		end(trace, TRACE_HAS_ENDED);
		return 0;
	}
	if (trace->every)
		mark_stacks(trace);
	else
		err = begin_following(trace, now);
	if (!err)
		err = set_timer(trace, trace->end_ns - now < MARK_NS ? trace->end_ns : now + MARK_NS);
	if (err) {
		refuse(trace, "cannot go on", err);
		clean_up(trace);
	}
	return 0;
}

int kerneltrace_begin(struct kerneltrace *trace, __u64 duration_ns, bool is_automatic)
{
	const char *what = "cannot begin";
	int err;

	if (trace->end_ns)
		return -EBUSY;
	trace->timer = sd_event_source_disable_unref(trace->timer);
	trace->every = 0;
	trace->duration_ns = duration_ns;
	trace->is_automatic = is_automatic;
	err = getrandom(&trace->seed, sizeof(trace->seed), 0) == sizeof(trace->seed) ? 0 : -errno;
	if (!err)
		err = kernelprograms_begin(trace->probes, &trace->programs, &what);
	if (!err)
		err = set_out(trace, 0);
	if (!err)
		trace->nr_early_events = counts_now(trace).nr_events;
	trace->begin_ns = now_ns(CLOCK_BOOTTIME);
	trace->end_ns = trace->begin_ns + COUNTING_NS + duration_ns;
	if (!err)
		err = sd_event_add_time(trace->event, &trace->timer, CLOCK_BOOTTIME,
					(trace->begin_ns + COUNTING_NS) / NSEC_PER_USEC + 1,
					TIMER_ACCURACY_US, on_timer, trace);
	if (err < 0) {
		refuse(trace, what, err);
		clean_up(trace);
	}
	return 0;
}
