// SPDX-License-Identifier: GPL-2.0-or-later
/* The running daemon; see service.h. */
#include "service.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "../exporters/http.h"
#include "collector.h"
#include "leaktrace.h"
#include "live.h"
#include "log.h"
#include "machine.h"
#include "model/model.h"
#include "nodecheck.h"
#include "pins.h"
#include "privileges.h"
#include "probes.h"
#include "recfile.h"
#include "slab.h"
#include "tracelink.h"
#include "usersymbols.h"
#include "util.h"

/* Time between readings of live pages: what leaks does so for hours. */
#define LIVE_INTERVAL_NS (60 * NSEC_PER_SEC)

struct service {
	const struct options *options;
	uint64_t started_ns; /* CLOCK_BOOTTIME */
	struct machine machine;
	struct cube cubes[NR_METRICS];
	uint32_t nr_counted; /* cells */
	struct pins pins;
	struct probes *probes;
	struct model *model;
	struct collector *collector;
	struct stacks *stacks;
	struct live *live;
	struct slab *slab;
	struct recfile *recording; /* --record, or NULL */
	struct tracer tracer;
	struct tracelink *tracelink;
	struct usersymbols *usersymbols;
	struct leaktrace *leaktrace;
	int tcp_fd, unix_fd;
	bool has_socket; /* the file is ours */
	sd_event *event;
	struct http *http;
};

/* --- what the ways out ask for ---------------------------------------------------------------- */

static int on_refresh(void *ctx, uint64_t max_age_ns, bool with_live)
{
	struct service *service = ctx;
	int err;

	if (with_live)
		live_refresh(service->live, max_age_ns, DEMAND_SHARE);
	err = collector_refresh(service->collector, max_age_ns);
	usersymbols_want_shown(service->usersymbols, service->model);
	return err;
}

static int on_look_at_slab(void *ctx, uint64_t duration_ns, uint32_t every)
{
	const struct service *service = ctx;

	return slab_look(service->slab, service->event, duration_ns, every);
}

static int on_begin_trace(void *ctx, uint32_t pid, uint64_t duration_ns, uint32_t every_bytes)
{
	const struct service *service = ctx;

	return leaktrace_begin(service->leaktrace, pid, duration_ns, every_bytes);
}

static void on_end_trace(void *ctx)
{
	leaktrace_end(((const struct service *)ctx)->leaktrace);
}

static void on_context(void *ctx, uint32_t nr_places, struct api_context *ret)
{
	const struct service *service = ctx;
	struct tracelink_status tracer;

	usersymbols_want_places(service->usersymbols, service->model, nr_places);
	tracelink_status(service->tracelink, &tracer);
	*ret = (struct api_context){
		.model = service->model,
		.now_ns = now_ns(CLOCK_BOOTTIME),
		.started_ns = service->started_ns,
		.daemon_cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID),
		.daemon_rss_bytes = read_rss_bytes("/proc/self/statm"),
		.restarts_survived = service->pins.state->nr_restarts,
		.slab_end_ns = slab_end_ns(service->slab),
		.trace_end_ns = leaktrace_end_ns(service->leaktrace),
		.trace_pid = leaktrace_pid(service->leaktrace),
		.names_are_pending = !usersymbols_are_named(service->usersymbols),
		.trace_has_begun = leaktrace_has_begun(service->leaktrace),
		.tracer = { tracer.is_running, tracer.cpu_ns, tracer.rss_bytes, tracer.problem },
	};
}

static void on_preamble(void *ctx, void (*emit)(void *emit_ctx, const void *record, size_t size),
			void *emit_ctx)
{
	struct service *service = ctx;

	collector_preamble(service->collector, emit, emit_ctx);
	live_forget(service->live);
	usersymbols_forget(service->usersymbols);
}

/* Every record that the model took, for whoever records. */
static void on_record(void *ctx, const void *record, size_t size)
{
	struct service *service = ctx;
	int err;

	if (http_recording(service->http))
		http_record(service->http, record, size);
	err = service->recording ? recfile_write(service->recording, record, size) : 0;
	if (!err)
		return;
	log_error("cannot write to %s: %s; recording ends, the records before are whole",
		  service->options->record, strerror(-err));
	recfile_close(service->recording);
	service->recording = NULL;
}

/* --- event sources ---------------------------------------------------------------------------- */

static int on_ring(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct service *service = ctx;

	(void)source;
	(void)fd;
	(void)events;
	return collector_drain(service->collector) < 0 ? -EIO : 0;
}

/* A record of a reading of live pages, or of a look at slab allocations. */
static void on_read_record(void *ctx, const struct rec_header *record)
{
	const struct service *service = ctx;

	collector_feed(service->collector, record);
}

static void on_tracer(void *ctx, const struct rec_header *record)
{
	const struct service *service = ctx;

	on_read_record(ctx, record);
	leaktrace_see(service->leaktrace, record);
	if (record->kind == REC_TRACE)
		live_forget(service->live); /* the model may have dropped stacks for those of the trace */
}

/* The ring is not to fill up while live pages are read. An error is met again by the next snapshot. */
static void on_live_pause(void *ctx)
{
	const struct service *service = ctx;

	collector_drain(service->collector);
}

/* state is more for the service manager, each line ended, or "". */
static void notify(const struct service *service, const char *state)
{
	struct model_status status;

	model_status(service->model, &status);
	sd_notifyf(0, "%sSTATUS=%u processes, %u tasks; snapshots every %.1f s take %.1f ms", state,
		   status.nr_processes, status.nr_tasks,
		   (double)collector_interval_ns(service->collector) / NSEC_PER_SEC,
		   (double)status.duration_ns / NSEC_PER_MSEC);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct service *service = ctx;

	(void)usec;
	collector_snapshot(service->collector);
	live_refresh(service->live, LIVE_INTERVAL_NS, REGULAR_SHARE);
	usersymbols_want_shown(service->usersymbols, service->model);
	leaktrace_follow(service->leaktrace, service->model, service->options->trace_suspects_ns);
	notify(service, "");
	sd_event_source_set_time_relative(source, collector_interval_ns(service->collector) / NSEC_PER_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* Signals are blocked from the start; without a handler sd-event ends the loop. */
static int block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &signals, NULL) < 0 ? -errno : 0;
}

static int add_sources(struct service *service)
{
	uint64_t interval_us = collector_interval_ns(service->collector) / NSEC_PER_USEC;
	int err = sd_event_add_signal(service->event, NULL, SIGTERM, NULL, NULL);

	if (err >= 0)
		err = sd_event_add_signal(service->event, NULL, SIGINT, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_io(service->event, NULL, collector_ring_fd(service->collector), EPOLLIN,
				      on_ring, service);
	if (err >= 0)
		err = sd_event_add_time_relative(service->event, NULL, CLOCK_MONOTONIC, interval_us, 0,
						 on_timer, service);
	if (err >= 0)
		err = sd_event_set_watchdog(service->event, true);
	return err < 0 ? err : 0;
}

/* --- start ------------------------------------------------------------------------------------ */

/* What can be refused is asked for before the kernel is touched. */
static int open_outside(struct service *service)
{
	const struct options *options = service->options;
	int err = http_listen_tcp(options->listen, &service->tcp_fd);

	if (!err) {
		err = http_listen_unix(options->socket, &service->unix_fd);
		service->has_socket = !err;
	}
	if (!err && options->record) {
		err = recfile_create(options->record, &service->recording);
		if (err)
			log_error("cannot create %s: %s; --record wants a new file", options->record,
				  strerror(-err));
	}
	return err;
}

static int start_probes(struct service *service)
{
	const struct options *options = service->options;
	struct machine *machine = &service->machine;
	int err = machine_read(machine);

	if (err)
		return err;
	if (machine->nodes_are_many && !nodecheck_passes(machine))
		machine_refuse_page_nodes(machine);
	cubes_layout(service->cubes, machine->dim_sizes);
	service->nr_counted = cubes_nr_cells(service->cubes, BPF);
	err = pins_open(&service->pins, options->pin, probes_layout(machine, service->cubes),
			model_durable_size(options->max_groups));
	if (!err)
		err = probes_start(machine, service->cubes, service->nr_counted, &service->pins,
				   &service->probes);
	machine_forget_types(machine);
	return err;
}

static int out_of_memory(void)
{
	log_error("out of memory");
	return -ENOMEM;
}

static int start_collecting(struct service *service)
{
	const struct model_options model_options = { .max_groups = service->options->max_groups,
						     .max_processes = MODEL_DEFAULT_PROCESSES,
						     .max_events = MODEL_DEFAULT_EVENTS,
						     .durable = service->pins.durable };
	struct collector_options options = { .machine = &service->machine,
					     .probes = service->probes,
					     .pins = &service->pins,
					     .nr_cells = cubes_nr_cells(service->cubes, KERNEL),
					     .nr_counted = service->nr_counted,
					     .interval_ns = service->options->interval_ns };
	int err;

	service->model = model_new(&model_options);
	service->stacks = stacks_new(probes_map_fd(service->probes, "stacks"));
	if (!service->model || !service->stacks)
		return out_of_memory();
	options.model = service->model;
	options.stacks = service->stacks;
	err = collector_start(&options, &service->collector);
	if (err)
		return err;
	service->live = live_new(service->probes, &service->machine, service->stacks, on_read_record,
				 on_live_pause, service);
	if (!service->live)
		return out_of_memory();
	service->slab = slab_new(service->probes, &service->machine, service->stacks, on_read_record,
				 service);
	if (!service->slab)
		return out_of_memory();
	live_refresh(service->live, LIVE_INTERVAL_NS, REGULAR_SHARE);
	return 0;
}

static int start_ways_out(struct service *service)
{
	const struct http_backend backend = {
		.ctx = service,
		.refresh = on_refresh,
		.look_at_slab = on_look_at_slab,
		.begin_trace = on_begin_trace,
		.end_trace = on_end_trace,
		.context = on_context,
		.preamble = on_preamble,
	};
	const struct http_options options = { .tcp_fd = service->tcp_fd, .unix_fd = service->unix_fd };
	int err = sd_event_default(&service->event);

	if (err >= 0)
		service->tracelink = tracelink_new(service->event, &service->tracer, TRACELINK_PATIENCE_US,
						   on_tracer, service);
	if (service->tracelink)
		service->usersymbols = usersymbols_new(service->tracelink);
	if (service->usersymbols)
		service->leaktrace = leaktrace_new(service->event, service->tracelink, service->usersymbols,
						   service->probes, service->stacks, on_read_record, service);
	if (err >= 0 && !service->leaktrace)
		err = -ENOMEM;
	if (err >= 0)
		err = http_new(service->event, &options, &backend, &service->http);
	if (err >= 0)
		err = add_sources(service);
	if (err < 0) {
		log_error("cannot start the event loop: %s", strerror(-err));
		return err;
	}
	collector_set_sink(service->collector, on_record, service);
	if (service->recording)
		on_preamble(service, on_record, service);
	return 0;
}

static void announce(const struct service *service)
{
	const char *how = probes_were_running(service->probes) ? "took over running probes"
							       : "installed probes";
	__u32 nr_attached = 0, nr_wanted = 0;

	for (__u32 i = 0; i < probes_count(service->probes); i++) {
		struct rec_probe probe;

		probes_status(service->probes, i, &probe);
		nr_attached += probe.state == PROBE_ATTACHED;
		nr_wanted += probe_is_wanted(probe.state);
		if (probe.state != PROBE_ATTACHED && probe_is_wanted(probe.state))
			log_warning("probe %s (%s) is not attached: %s", probe.name, probe.target,
				    probe.reason);
	}
	if (!service->machine.tells_interrupts)
		log_warning(
			"interrupts cannot be told from tasks on this kernel: their work is charged to the task they interrupt");
	if (!privileges_see_all_processes())
		log_warning(
			"memoird runs in a PID namespace and sees no process outside it: run it on the host, or in its namespace");
	log_info("%s, %u of %u; metrics at %s, live view: memoir top", how, nr_attached, nr_wanted,
		 service->options->listen);
	notify(service, "READY=1\n");
}

static int start(struct service *service)
{
	int err = block_signals();

	if (!err)
		err = open_outside(service);
	/* Before the probes are loaded, so that whoever starts it by hand tries what the service has. */
	if (!err)
		err = privileges_drop(PRIVILEGES_OF_DAEMON);
	if (!err)
		err = start_probes(service);
	if (!err)
		err = start_collecting(service);
	if (!err)
		err = start_ways_out(service);
	return err;
}

static void stop(struct service *service)
{
	/* While we still listen, so that it is not the file of a daemon that starts now. */
	if (service->has_socket)
		unlink(service->options->socket);
	http_free(service->http);
	leaktrace_free(service->leaktrace);
	usersymbols_free(service->usersymbols);
	tracelink_free(service->tracelink);
	sd_event_unref(service->event);
	if (service->recording && recfile_close(service->recording) < 0)
		log_error("cannot complete %s: the last records are missing", service->options->record);
	live_free(service->live);
	slab_free(service->slab);
	collector_free(service->collector);
	stacks_free(service->stacks);
	model_free(service->model);
	probes_free(service->probes);
	pins_close(&service->pins);
	machine_free(&service->machine);
}

int service_run(const struct options *options)
{
	struct service service = { .options = options,
				   .tcp_fd = -1,
				   .unix_fd = -1,
				   .started_ns = now_ns(CLOCK_BOOTTIME),
				   .pins = { .lock_fd = -1, .state_fd = -1 } };
	/* Before anything is opened or grown. */
	int err = tracer_start(&service.tracer);

	if (!err)
		err = start(&service);
	if (!err) {
		/* Loading needed a lot of memory for a moment. */
		malloc_trim(0);
		announce(&service);
		err = sd_event_loop(service.event);
		sd_notify(0, "STOPPING=1");
		if (err < 0)
			log_error("the event loop failed: %s", strerror(-err));
	} else if (service.recording) {
		/* Nothing was recorded, and the next start wants a new file. */
		unlink(options->record);
	}
	stop(&service);
	return err < 0 ? err : 0;
}
