// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks at the slab allocators; see slab.h. */
#include "slab.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/abi/slab.h"
#include "batch.h"
#include "log.h"
#include "procfs.h"
#include "slabtext.h"
#include "util.h"

#define BATCH 256u
#define TIMER_ACCURACY_US 1000

struct slab {
	struct probes *probes;
	struct stacks *stacks;
	slab_emit_fn emit;
	void *ctx;
	int cpus_fd, sites_fd;
	__u32 nr_cpu_ids, page_size;
	__u32 every;
	__u64 begin_ns, end_ns; /* CLOCK_BOOTTIME; end_ns 0: no look goes on */
	sd_event_source *timer; /* of the end; NULL before the first look */
	struct slab_key keys[BATCH];
	struct slab_count counts[BATCH];
};

struct slab *slab_new(struct probes *probes, const struct machine *machine, struct stacks *stacks,
		      slab_emit_fn emit, void *ctx)
{
	struct slab *slab = calloc(1, sizeof(*slab));

	if (!slab)
		return NULL;
	slab->probes = probes;
	slab->stacks = stacks;
	slab->emit = emit;
	slab->ctx = ctx;
	slab->cpus_fd = probes_map_fd(probes, "slab_cpus");
	slab->sites_fd = probes_map_fd(probes, "slab_sites");
	slab->nr_cpu_ids = machine->nr_cpu_ids;
	slab->page_size = machine->record.page_size;
	return slab;
}

void slab_free(struct slab *slab)
{
	if (!slab)
		return;
	if (slab->end_ns)
		probes_end_request(slab->probes);
	sd_event_source_disable_unref(slab->timer);
	free(slab);
}

__u64 slab_end_ns(const struct slab *slab)
{
	return slab->end_ns;
}

/* --- begin ------------------------------------------------------------------------------------ */

/* Empties the table, some entries at a time. 0 or a negative errno. */
static int forget_sites(struct slab *slab)
{
	struct batch batch;

	/* What is removed moves what is read, so that every batch is the first. */
	do {
		batch = (struct batch){
			.fd = slab->sites_fd, .keys = slab->keys, .values = slab->counts, .max = BATCH
		};
		if (!batch_next(&batch))
			return batch.err;
		for (__u32 i = 0; i < batch.nr; i++)
			bpf_map_delete_elem(slab->sites_fd, &slab->keys[i]);
	} while (!batch.has_ended);
	return 0;
}

/*
 * The gap to the first allocation that a CPU looks at, as if it had looked for long: of gaps that are even
 * from 1 to n = 2 * every - 1, what is left at a random moment is k with the probability (n + 1 - k) / (1
 * + ... + n), as the smaller of two different numbers up to n + 1 is.
 */
static __u32 first_gap(__u32 every)
{
	__u32 a = 1 + (__u32)random() % (2 * every), b = 1 + (__u32)random() % (2 * every - 1);

	b += b >= a;
	return a < b ? a : b;
}

/* 0 or a negative errno. */
static int set_out(const struct slab *slab, __u32 every)
{
	for (__u32 cpu = 0; cpu < slab->nr_cpu_ids; cpu++) {
		struct slab_cpu value = { .every = every, .gap = first_gap(every) };

		if (bpf_map_update_elem(slab->cpus_fd, &cpu, &value, BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

static void emit_failure(struct slab *slab, const char *what, int err)
{
	struct rec_slab record = { .h = { REC_SLAB, sizeof(record), now_ns(CLOCK_BOOTTIME) } };

	snprintf(record.why_not, sizeof(record.why_not), "cannot run %s: %s", what,
		 err == -ENOENT ? "it is not loaded, see memoir probes" : strerror(-err));
	log_error("slab allocations cannot be looked at: %s", record.why_not);
	slab->emit(slab->ctx, &record.h);
}

static int begin(struct slab *slab, __u64 duration_ns, __u32 every)
{
	const char *what = "the tables of slab_kmalloc";
	int err;

	err = forget_sites(slab);
	if (!err)
		err = set_out(slab, every);
	if (!err)
		err = probes_begin_request(slab->probes, &what);
	if (err) {
		emit_failure(slab, what, err);
		return err;
	}
	slab->every = every;
	slab->begin_ns = now_ns(CLOCK_BOOTTIME);
	slab->end_ns = slab->begin_ns + duration_ns;
	return 0;
}

/* --- end -------------------------------------------------------------------------------------- */

static void emit_site(struct slab *slab, const struct slab_key *key, const struct slab_count *count,
		      __u64 time_ns)
{
	struct rec_slab_site record = { .h = { REC_SLAB_SITE, sizeof(record), time_ns },
					.id = count->id,
					.call_site = key->call_site,
					.nr_samples = count->nr,
					.requested_bytes = count->requested_bytes,
					.given_bytes = count->given_bytes,
					.wasted_squares = count->wasted_squares };

	memcpy(record.cache, count->cache, sizeof(record.cache));
	stacks_meet_address(slab->stacks, key->call_site, slab->emit, slab->ctx);
	slab->emit(slab->ctx, &record.h);
}

static int emit_sites(struct slab *slab, __u64 time_ns)
{
	struct batch batch = {
		.fd = slab->sites_fd, .keys = slab->keys, .values = slab->counts, .max = BATCH
	};

	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++)
			emit_site(slab, &slab->keys[i], &slab->counts[i], time_ns);
	return batch.err;
}

static void on_line(void *ctx, const char *line, size_t size)
{
	struct slab *slab = ctx;
	struct rec_slab_cache record = { .h = { REC_SLAB_CACHE, sizeof(record), slab->end_ns } };

	if (slab_line_parse(line, size, slab->page_size, &record))
		slab->emit(slab->ctx, &record.h);
}

static void emit_caches(struct slab *slab)
{
	_cleanup_close_ int fd = open("/proc/slabinfo", O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : lines_read(fd, on_line, slab);

	if (err)
		log_warning("cannot read /proc/slabinfo: %s; what slab caches hold is not visible",
			    strerror(-err));
}

static __u64 nr_lost(const struct slab *slab)
{
	__u64 nr = 0;

	for (__u32 cpu = 0; cpu < slab->nr_cpu_ids; cpu++) {
		struct slab_cpu value;

		if (!bpf_map_lookup_elem(slab->cpus_fd, &cpu, &value))
			nr += value.nr_lost;
	}
	return nr;
}

static void end(struct slab *slab)
{
	struct rec_slab record = { .h = { REC_SLAB, sizeof(record), 0 }, .every = slab->every };
	int err;

	probes_end_request(slab->probes);
	slab->end_ns = record.h.time_ns = now_ns(CLOCK_BOOTTIME);
	record.duration_ns = slab->end_ns - slab->begin_ns;
	err = emit_sites(slab, slab->end_ns);
	emit_caches(slab);
	record.nr_lost = nr_lost(slab);
	slab->end_ns = 0;
	if (err)
		emit_failure(slab, "slab_kmalloc", err);
	else
		slab->emit(slab->ctx, &record.h);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	(void)source;
	(void)usec;
	end(ctx);
	return 0;
}

int slab_look(struct slab *slab, sd_event *event, __u64 duration_ns, __u32 every)
{
	int err;

	if (slab->end_ns)
		return 0;
	slab->timer = sd_event_source_disable_unref(slab->timer);
	err = begin(slab, duration_ns, every);
	if (err)
		return err;
	err = sd_event_add_time(event, &slab->timer, CLOCK_BOOTTIME, slab->end_ns / NSEC_PER_USEC + 1,
				TIMER_ACCURACY_US, on_timer, slab);
	if (err < 0) {
		log_error("cannot set a timer for a look at slab allocations: %s", strerror(-err));
		end(slab);
	}
	return err < 0 ? err : 0;
}
