// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The probes; see probes.h. Loading is all or nothing for one object, so a program that the verifier
 * rejects is found by its log buffer, left out, and the rest is loaded again.
 */
#include "probes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <memoir.skel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "log.h"
#include "util.h"

/* Stalls of at least this length are recorded one by one. */
#define STALL_RECORD_MIN_NS (10 * NSEC_PER_MSEC)
#define VERIFIER_LOG_BYTES 16384
#define MAX_PROBES 64

static const char *const shared_maps[] = { "cells", "accounts", "ledgers", "ring" };

struct probe {
	char *name;   /* the program's */
	char *target; /* its section */
	enum probe_state state;
	int prog_fd; /* -1 while it is not running */
	char reason[REC_TEXT_LEN];
};

struct probes {
	struct memoir_bpf *skeleton; /* open; loaded unless the probes were running */
	bool were_running;
	int map_fds[ARRAY_SIZE(shared_maps)];
	int iterator_link_fd;
	__u32 nr;
	struct probe probe[MAX_PROBES];
	struct bpf_link *link[MAX_PROBES];
};

/* --- what a section name says ----------------------------------------------------------------- */

static const char *target_event(const char *target)
{
	const char *slash = strrchr(target, '/');

	return slash ? slash + 1 : target;
}

static bool is_iterator(const char *target)
{
	return !strncmp(target, "iter/", 5);
}

/* The programs that keep the ledgers themselves. They run before any program needs a ledger. */
static bool keeps_ledgers(const char *target)
{
	return is_iterator(target) || strstr(target, "sched_process_");
}

static bool kernel_has(const struct machine *machine, const char *target)
{
	if (is_iterator(target)) {
		char type[REC_NAME_LEN];

		snprintf(type, sizeof(type), "bpf_iter__%s", target_event(target));
		return btf__find_by_name_kind(machine->btf, type, BTF_KIND_STRUCT) >= 0;
	}
	return machine_has_tracepoint(machine, target_event(target));
}

static void set_state(struct probe *probe, enum probe_state state, const char *reason)
{
	probe->state = state;
	snprintf(probe->reason, sizeof(probe->reason), "%s", reason);
}

/* --- open and configure ----------------------------------------------------------------------- */

static int libbpf_log(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	(void)level;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("libbpf: %s", line);
	return 0;
}

static int list_probes(struct probes *probes, const struct machine *machine)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, probes->skeleton->obj) {
		struct probe *probe = &probes->probe[probes->nr];

		if (probes->nr == MAX_PROBES)
			return -E2BIG;
		probe->name = strdup(bpf_program__name(program));
		probe->target = strdup(bpf_program__section_name(program));
		probe->prog_fd = -1;
		if (!probe->name || !probe->target)
			return -ENOMEM;
		if (kernel_has(machine, probe->target))
			set_state(probe, PROBE_OFF, "");
		else
			set_state(probe, PROBE_ABSENT, "this kernel does not have it");
		probes->nr++;
	}
	return 0;
}

static int open_skeleton(struct probes *probes, const struct machine *machine,
			 const struct cube cubes[NR_METRICS], __u32 nr_cells)
{
	struct memoir_bpf *skeleton = memoir_bpf__open();

	if (!skeleton)
		return -errno;
	memcpy((void *)skeleton->rodata->cubes, cubes, sizeof(skeleton->rodata->cubes));
	skeleton->rodata->page_node_shift = machine->page_node_shift;
	skeleton->rodata->page_node_fixed = machine->page_node_fixed;
	skeleton->rodata->stall_record_min_ns = STALL_RECORD_MIN_NS;
	skeleton->rodata->compat_reclaim_order_arg = machine->reclaim_order_arg;
	skeleton->rodata->compat_preempt_count_from_rq = machine->preempt_count_from_rq;
	bpf_map__set_max_entries(skeleton->maps.cells, (nr_cells + CELLS_PER_CHUNK - 1) / CELLS_PER_CHUNK);
	memoir_bpf__destroy(probes->skeleton);
	probes->skeleton = skeleton;
	return 0;
}

/* The hash of the programs and of all that they were told: probes with the same one need not be replaced. */
static __u64 object_hash(const struct probes *probes)
{
	size_t size;
	const void *elf = memoir_bpf__elf_bytes(&size);

	return fnv1a(fnv1a(FNV1A_START, elf, size), probes->skeleton->rodata, sizeof(*probes->skeleton->rodata));
}

__u64 probes_layout(const struct cube cubes[NR_METRICS])
{
	size_t size;
	const void *elf = memoir_bpf__elf_bytes(&size);
	struct bpf_object *object = bpf_object__open_mem(elf, size, NULL);
	const __u32 nr_metrics = NR_METRICS;
	__u64 layout = fnv1a(FNV1A_START, &nr_metrics, sizeof(nr_metrics));

	for (__u32 metric = 0; metric < NR_METRICS; metric++)
		layout = fnv1a(layout, &cubes[metric], sizeof(cubes[metric]));
	for (size_t i = 0; object && i < ARRAY_SIZE(shared_maps); i++) {
		__u32 value_size = bpf_map__value_size(bpf_object__find_map_by_name(object, shared_maps[i]));

		layout = fnv1a(layout, &value_size, sizeof(value_size));
	}
	bpf_object__close(object);
	return layout;
}

/* --- load ------------------------------------------------------------------------------------- */

/* Hands the pinned maps to the skeleton if all are there. */
static bool reuse_maps(struct probes *probes, const struct pins *pins)
{
	int fds[ARRAY_SIZE(shared_maps)];
	bool complete = true;

	for (size_t i = 0; i < ARRAY_SIZE(shared_maps); i++) {
		fds[i] = pins_get(pins, "map", shared_maps[i]);
		complete = complete && fds[i] >= 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(shared_maps); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(probes->skeleton->obj, shared_maps[i]);

		if (complete)
			complete = bpf_map__reuse_fd(map, fds[i]) == 0;
		if (fds[i] >= 0)
			close(fds[i]);
	}
	return complete;
}

/* The last line of the verifier's log that says something other than its statistics. */
static void verdict(const char *log, char ret[REC_TEXT_LEN])
{
	const char *end = log + strlen(log), *last = log;
	size_t len = 0;

	for (const char *line = log; line < end; line += strcspn(line, "\n") + 1) {
		size_t line_len = strcspn(line, "\n");

		if (!line_len || !strncmp(line, "processed ", 10) || !strncmp(line, "-- ", 3))
			continue;
		last = line;
		len = line_len;
	}
	snprintf(ret, REC_TEXT_LEN, "%.*s", (int)(len < REC_TEXT_LEN ? len : REC_TEXT_LEN - 1), last);
}

/* One try. The programs that are to load get a log buffer each; the rejected one's is not empty afterwards. */
static int try_load(struct probes *probes, char *logs)
{
	int rejected = -1, err;

	for (__u32 i = 0; i < probes->nr; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(probes->skeleton->obj, probes->probe[i].name);

		bpf_program__set_autoload(program, probes->probe[i].state == PROBE_OFF);
		bpf_program__set_log_buf(program, logs + i * VERIFIER_LOG_BYTES, VERIFIER_LOG_BYTES);
	}
	err = memoir_bpf__load(probes->skeleton);
	if (!err)
		return 0;
	for (__u32 i = 0; i < probes->nr; i++) {
		char *log = logs + i * VERIFIER_LOG_BYTES;

		log[VERIFIER_LOG_BYTES - 1] = '\0';
		if (!log[0] || probes->probe[i].state != PROBE_OFF)
			continue;
		verdict(log, probes->probe[i].reason);
		probes->probe[i].state = PROBE_REJECTED;
		rejected = (int)i;
	}
	return rejected >= 0 ? -EAGAIN : err;
}

static int load(struct probes *probes, const struct machine *machine, const struct cube cubes[NR_METRICS],
		__u32 nr_cells, const struct pins *pins, bool *ret_reused)
{
	_cleanup_free_ char *logs = calloc(probes->nr, VERIFIER_LOG_BYTES);
	int err = -EAGAIN;

	if (!logs)
		return -ENOMEM;
	/* Every further try leaves out a program, so there are at most as many tries as programs. */
	for (__u32 try = 0; err == -EAGAIN && try < probes->nr; try++) {
		err = open_skeleton(probes, machine, cubes, nr_cells);
		if (err)
			return err;
		*ret_reused = reuse_maps(probes, pins);
		memset(logs, 0, (size_t)probes->nr * VERIFIER_LOG_BYTES);
		err = try_load(probes, logs);
	}
	return err;
}

/* --- attach ----------------------------------------------------------------------------------- */

static void attach(struct probes *probes, __u32 index, const struct pins *pins)
{
	struct probe *probe = &probes->probe[index];
	struct bpf_program *program = bpf_object__find_program_by_name(probes->skeleton->obj, probe->name);
	struct bpf_link *link;
	int err;

	if (probe->state != PROBE_OFF)
		return;
	link = bpf_program__attach(program);
	if (!link) {
		char reason[REC_TEXT_LEN];

		snprintf(reason, sizeof(reason), "cannot attach: %s%s", strerror(errno),
			 errno == ENOENT && !strncmp(probe->target, "tp/", 3) ? " (is tracefs mounted?)" : "");
		set_state(probe, PROBE_UNSUPPORTED, reason);
		return;
	}
	probes->link[index] = link;
	probe->prog_fd = bpf_program__fd(program);
	set_state(probe, PROBE_ATTACHED, "");
	err = pins_put(pins, "link", probe->name, bpf_link__fd(link));
	if (!err)
		err = pins_put(pins, "prog", probe->name, probe->prog_fd);
	if (err)
		log_warning("cannot pin %s: %s; it will stop with this daemon", probe->name, strerror(-err));
	if (is_iterator(probe->target))
		probes->iterator_link_fd = bpf_link__fd(link);
}

/* Runs the iterator to its end, so that every living task gets a ledger. */
static void create_ledgers(const struct probes *probes)
{
	_cleanup_close_ int fd = bpf_iter_create(probes->iterator_link_fd);
	static char discarded[65536];

	while (fd >= 0 && read(fd, discarded, sizeof(discarded)) > 0)
		;
}

static void attach_all(struct probes *probes, const struct pins *pins)
{
	for (__u32 i = 0; i < probes->nr; i++)
		if (keeps_ledgers(probes->probe[i].target))
			attach(probes, i, pins);
	create_ledgers(probes);
	for (__u32 i = 0; i < probes->nr; i++)
		if (!keeps_ledgers(probes->probe[i].target))
			attach(probes, i, pins);
}

/* --- take over, or install -------------------------------------------------------------------- */

/* The probes of an earlier daemon of this very build, if they are all there. */
static bool take_over(struct probes *probes, const struct pins *pins)
{
	if (pins->state->object_hash != object_hash(probes))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(shared_maps); i++) {
		probes->map_fds[i] = pins_get(pins, "map", shared_maps[i]);
		if (probes->map_fds[i] < 0)
			return false;
	}
	probes->iterator_link_fd = pins_get(pins, "link", "task_snapshot");
	if (probes->iterator_link_fd < 0)
		return false;
	for (__u32 i = 0; i < probes->nr; i++) {
		struct probe *probe = &probes->probe[i];
		_cleanup_close_ int link_fd = pins_get(pins, "link", probe->name);

		if (probe->state != PROBE_OFF)
			continue;
		probe->prog_fd = pins_get(pins, "prog", probe->name);
		if (link_fd >= 0 && probe->prog_fd >= 0)
			set_state(probe, PROBE_ATTACHED, "");
		else
			set_state(probe, PROBE_REJECTED, "could not be attached when the probes were installed");
	}
	probes->were_running = true;
	pins->state->nr_restarts++;
	return true;
}

static int explain_failure(int err)
{
	if (err == -EPERM || err == -EACCES)
		log_error("cannot load the BPF programs: %s; memoird needs root, or CAP_BPF and CAP_PERFMON", strerror(-err));
	else
		log_error("cannot load the BPF programs: %s; MEMOIRD_DEBUG=1 in the environment shows why", strerror(-err));
	return err;
}

static int install(struct probes *probes, const struct machine *machine, const struct cube cubes[NR_METRICS],
		   __u32 nr_cells, struct pins *pins)
{
	struct pins_state *state = pins->state;
	bool reused = false;
	int err = load(probes, machine, cubes, nr_cells, pins, &reused);

	if (err)
		return explain_failure(err);
	if (!reused) {
		memset(pins->durable, 0, pins->map_size - sizeof(*state));
		state->installed_ns = now_ns(CLOCK_REALTIME);
		state->nr_restarts = 0;
		state->has_base = 0;
	}
	state->object_hash = 0;
	pins_remove_probes(pins);
	for (size_t i = 0; i < ARRAY_SIZE(shared_maps); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(probes->skeleton->obj, shared_maps[i]);

		probes->map_fds[i] = bpf_map__fd(map);
		err = reused ? 0 : pins_put(pins, "map", shared_maps[i], probes->map_fds[i]);
		if (err)
			log_warning("cannot pin map %s: %s; counts will not survive this daemon", shared_maps[i], strerror(-err));
	}
	attach_all(probes, pins);
	state->object_hash = object_hash(probes);
	if (pins_remove_others(pins) > 0)
		log_warning("replaced the probes of another version: counters start again from 0");
	return 0;
}

static int check_useful(const struct probes *probes)
{
	const struct probe *first = NULL;

	for (__u32 i = 0; i < probes->nr; i++) {
		const struct probe *probe = &probes->probe[i];

		if (probe->state == PROBE_ATTACHED && !keeps_ledgers(probe->target) && probes->iterator_link_fd >= 0)
			return 0;
		if (!first && probe->state != PROBE_ATTACHED)
			first = probe;
	}
	log_error("nothing useful can be attached, first %s: %s; memoir needs Linux 6.1 or newer with CONFIG_DEBUG_INFO_BTF, "
		  "task storage and tracepoints", first ? first->target : "no program", first ? first->reason : "none built in");
	return -ENODEV;
}

int probes_start(const struct machine *machine, const struct cube cubes[NR_METRICS], __u32 nr_cells,
		 struct pins *pins, struct probes **ret)
{
	struct probes *probes = calloc(1, sizeof(*probes));
	int err;

	if (!probes)
		return -ENOMEM;
	libbpf_set_print(libbpf_log);
	probes->iterator_link_fd = -1;
	err = open_skeleton(probes, machine, cubes, nr_cells);
	if (!err)
		err = list_probes(probes, machine);
	if (!err && !take_over(probes, pins))
		err = install(probes, machine, cubes, nr_cells, pins);
	if (!err)
		err = check_useful(probes);
	if (err) {
		probes_free(probes);
		return err;
	}
	*ret = probes;
	return 0;
}

void probes_free(struct probes *probes)
{
	if (!probes)
		return;
	for (__u32 i = 0; i < probes->nr; i++) {
		bpf_link__destroy(probes->link[i]);
		if (probes->were_running && probes->probe[i].prog_fd >= 0)
			close(probes->probe[i].prog_fd);
		free(probes->probe[i].name);
		free(probes->probe[i].target);
	}
	if (probes->were_running) {
		for (size_t i = 0; i < ARRAY_SIZE(shared_maps); i++)
			close(probes->map_fds[i]);
		close(probes->iterator_link_fd);
	}
	memoir_bpf__destroy(probes->skeleton);
	free(probes);
}

/* --- read ------------------------------------------------------------------------------------- */

bool probes_were_running(const struct probes *probes)
{
	return probes->were_running;
}

int probes_map_fd(const struct probes *probes, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared_maps); i++)
		if (!strcmp(shared_maps[i], name))
			return probes->map_fds[i];
	return -ENOENT;
}

int probes_iterator_link_fd(const struct probes *probes)
{
	return probes->iterator_link_fd;
}

__u32 probes_count(const struct probes *probes)
{
	return probes->nr;
}

void probes_status(const struct probes *probes, __u32 index, struct rec_probe *ret)
{
	const struct probe *probe = &probes->probe[index];
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	*ret = (struct rec_probe){ .h = { REC_PROBE, sizeof(*ret), 0 }, .index = index, .state = probe->state };
	snprintf(ret->name, sizeof(ret->name), "%s", probe->name);
	snprintf(ret->target, sizeof(ret->target), "%s", probe->target);
	snprintf(ret->reason, sizeof(ret->reason), "%s", probe->reason);
	if (probe->prog_fd < 0 || bpf_obj_get_info_by_fd(probe->prog_fd, &info, &size) < 0)
		return;
	ret->run_count = info.run_cnt;
	ret->run_time_ns = info.run_time_ns;
	ret->recursion_misses = info.recursion_misses;
}
