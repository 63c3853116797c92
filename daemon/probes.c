// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose probes run, and what is known of them; see probes.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "probes_internal.h"
#include "util.h"

/* --- take over, or install -------------------------------------------------------------------- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Closes what take_over() has opened; what install() has opened is the skeleton's. */
static void close_taken(struct probes *probes)
{
	for (size_t i = 0; i < NR_PROBE_MAPS; i++)
		close_fd(&probes->map_fds[i]);
	close_fd(&probes->iterator_link_fd);
	for (__u32 i = 0; i < probes->nr; i++)
		close_fd(&probes->probe[i].prog_fd);
}

/* The probes of an earlier daemon of this very build, if they are all there. */
static bool take_over(struct probes *probes, const struct pins *pins)
{
	bool is_complete = true;

	if (pins->state->object_hash != probes_object_hash(probes))
		return false;
	for (size_t i = 0; i < NR_PROBE_MAPS; i++) {
		probes->map_fds[i] = pins_get(pins, "map", probes_map_names[i]);
		is_complete = is_complete && probes->map_fds[i] >= 0;
	}
	probes->iterator_link_fd = pins_get(pins, "link", "task_snapshot");
	if (!is_complete || probes->iterator_link_fd < 0) {
		close_taken(probes);
		return false;
	}
	for (__u32 i = 0; i < probes->nr; i++) {
		struct probe *probe = &probes->probe[i];
		_cleanup_close_ int link_fd = pins_get(pins, "link", probe->name);

		if (probe->state != PROBE_OFF)
			continue;
		probe->prog_fd = pins_get(pins, "prog", probe->name);
		if (probe->prog_fd >= 0 && probe_is_on_request(probe->name))
			probe_set_state(probe, PROBE_ON_REQUEST, "");
		else if (link_fd >= 0 && probe->prog_fd >= 0)
			probe_set_state(probe, PROBE_ATTACHED, "");
		else
			probe_set_state(
				probe, PROBE_REJECTED,
				"could not be attached when installed; memoird --uninstall-probes and a restart try again");
	}
	probes->were_running = true;
	pins->state->nr_restarts++;
	return true;
}

static int explain_failure(const struct machine *machine, int err)
{
	if (err == -EPERM || err == -EACCES)
		log_error("cannot load the BPF programs: %s; memoird needs root, or CAP_BPF and CAP_PERFMON",
			  strerror(-err));
	else
		log_error(
			"cannot load the BPF programs on Linux %s: %s; MEMOIRD_DEBUG=1 in the environment shows why",
			machine->record.kernel, strerror(-err));
	return err;
}

static int install(struct probes *probes, const struct machine *machine, const struct cube cubes[NR_METRICS],
		   __u32 nr_cells, struct pins *pins)
{
	struct pins_state *state = pins->state;
	bool reused = false;
	int err = probes_load(probes, machine, cubes, nr_cells, pins, &reused);

	if (err)
		return explain_failure(machine, err);
	if (!reused || !state->installed_ns) {
		memset(pins->durable, 0, pins->map_size - sizeof(*state));
		state->installed_ns = now_ns(CLOCK_REALTIME);
		state->nr_restarts = 0;
		state->has_base = 0;
		state->nr_ends_missed = 0;
	}
	state->object_hash = 0;
	pins_remove_probes(pins);
	for (size_t i = 0; i < NR_PROBE_MAPS; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(probes->skeleton->obj,
								   probes_map_names[i]);

		probes->map_fds[i] = bpf_map__fd(map);
		err = reused ? 0 : pins_put(pins, "map", probes_map_names[i], probes->map_fds[i]);
		if (err)
			log_warning("cannot pin map %s: %s; counts will not survive this daemon",
				    probes_map_names[i], strerror(-err));
	}
	probes_attach(probes, pins);
	state->object_hash = probes_object_hash(probes);
	if (pins_remove_others(pins) > 0)
		log_warning(
			"replaced probes of another version or --max-groups: counters start again from 0");
	return 0;
}

static int check_useful(const struct probes *probes)
{
	const struct probe *first = NULL;

	for (__u32 i = 0; i < probes->nr; i++) {
		const struct probe *probe = &probes->probe[i];

		if (probe->state == PROBE_ATTACHED && !probe_keeps_ledgers(probe->target) &&
		    probes->iterator_link_fd >= 0)
			return 0;
		if (!first && probe->state != PROBE_ATTACHED)
			first = probe;
	}
	log_error(
		"nothing useful can be attached, first %s: %s; memoir needs a kernel with task storage and tracepoints",
		first ? first->target : "no program", first ? first->reason : "none built in");
	return -ENODEV;
}

int probes_start(const struct machine *machine, const struct cube cubes[NR_METRICS], __u32 nr_cells,
		 struct pins *pins, struct probes **ret)
{
	struct probes *probes = calloc(1, sizeof(*probes));
	int err;

	if (!probes)
		return -ENOMEM;
	probes->iterator_link_fd = -1;
	err = probes_open(probes, machine, cubes, nr_cells);
	if (!err && !take_over(probes, pins))
		err = install(probes, machine, cubes, nr_cells, pins);
	if (!err) {
		err = check_useful(probes);
		/* The next daemon shall try to attach them again, not take over what is of no use. */
		if (err)
			pins->state->object_hash = 0;
	}
	if (err) {
		if (!pins->state->installed_ns)
			pins_discard(pins);
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
	probes_end_request(probes);
	if (probes->were_running)
		close_taken(probes);
	for (__u32 i = 0; i < probes->nr; i++) {
		bpf_link__destroy(probes->link[i]);
		free(probes->probe[i].name);
		free(probes->probe[i].target);
	}
	memoir_bpf__destroy(probes->skeleton);
	free(probes);
}

/* --- on request ------------------------------------------------------------------------------- */

int probes_begin_request(struct probes *probes, const char **ret_missing)
{
	int err = 0;

	for (__u32 i = 0; !err && i < probes->nr; i++) {
		struct probe *probe = &probes->probe[i];

		if (!probe_is_on_request(probe->name))
			continue;
		*ret_missing = probe->name;
		if (probe->state != PROBE_ON_REQUEST) {
			err = -ENOENT;
			continue;
		}
		probe->request_link_fd = bpf_raw_tracepoint_open(probe_event(probe->target), probe->prog_fd);
		if (probe->request_link_fd < 0)
			err = -errno;
	}
	if (err)
		probes_end_request(probes);
	return err;
}

void probes_end_request(struct probes *probes)
{
	for (__u32 i = 0; i < probes->nr; i++)
		close_fd(&probes->probe[i].request_link_fd);
}

/* --- read ------------------------------------------------------------------------------------- */

bool probes_were_running(const struct probes *probes)
{
	return probes->were_running;
}

int probes_map_fd(const struct probes *probes, const char *name)
{
	for (size_t i = 0; i < NR_PROBE_MAPS; i++)
		if (!strcmp(probes_map_names[i], name))
			return probes->map_fds[i];
	return -ENOENT;
}

int probes_iterator_link_fd(const struct probes *probes)
{
	return probes->iterator_link_fd;
}

/* What only optional programs count, each of which is enough; all else is counted everywhere. */
static const struct {
	enum ledger row;
	const char *program;
} optional_rows[] = {
	{ LEDGER_ANONYMOUS_FAULTS, "fault_end" },
	{ LEDGER_FILE_FAULTS, "fault_end" },
	{ LEDGER_COPY_ON_WRITE_FAULTS, "fault_end" },
	{ LEDGER_SWAP_FAULTS, "fault_swap_end" },
	{ LEDGER_SHARED_MEMORY_FAULTS, "fault_end" },
	{ LEDGER_HUGE_PAGE_FAULTS, "fault_huge_end" },
	{ LEDGER_HUGE_PAGE_FAULTS, "fault_hugetlb_end" },
	{ LEDGER_USERFAULTFD_FAULTS, "fault_user_end" },
	{ LEDGER_MAJOR_FILE_FAULTS, "fault_file_end" },
	{ LEDGER_OOM_FAULTS, "fault_end" },
	{ LEDGER_SIGBUS_FAULTS, "fault_end" },
	{ LEDGER_HWPOISON_FAULTS, "fault_end" },
	{ LEDGER_SIGSEGV_FAULTS, "fault_end" },
	{ LEDGER_FAULT_TIME, "fault_end" },
	{ LEDGER_MAJOR_FAULT_TIME, "fault_file_end" },
	{ LEDGER_SWAPPED_IN, "swap_read" },
	{ LEDGER_SWAPPED_IN, "swap_read_page" },
	{ LEDGER_NUMA_LOCAL_FAULTS, "numa_hint_fault" },
	{ LEDGER_NUMA_LOCAL_FAULTS, "numa_hint_fault_page" },
	{ LEDGER_NUMA_REMOTE_FAULTS, "numa_hint_fault" },
	{ LEDGER_NUMA_REMOTE_FAULTS, "numa_hint_fault_page" },
	{ LEDGER_NUMA_REFUSED, "numa_refused" },
};

static const struct {
	enum metric metric;
	const char *program;
} optional_metrics[] = {
	{ METRIC_PAGE_FAULT, "fault_end" },
	{ METRIC_STORAGE_FAULTS, "fault_end" },
	{ METRIC_FAULT_ERRORS, "fault_end" },
	{ METRIC_NUMA_HINT_FAULTS, "numa_hint_fault" },
	{ METRIC_NUMA_HINT_FAULTS, "numa_hint_fault_page" },
	{ METRIC_NUMA_REFUSED, "numa_refused" },
	{ METRIC_MIGRATED, "folio_migrated" },
};

/* The items of /proc/vmstat that have nothing to be compared with where such a metric is not counted. */
static const struct {
	enum vmstat_item item;
	enum metric metric;
} optional_items[] = {
	{ VMSTAT_PGMAJFAULT, METRIC_STORAGE_FAULTS },
	{ VMSTAT_NUMA_HINT_FAULTS, METRIC_NUMA_HINT_FAULTS },
};

/* ... and where such a row is not: because of the programs, or because the node of a page cannot be told. */
static const struct {
	enum vmstat_item item;
	enum ledger row;
} items_of_tasks[] = {
	{ VMSTAT_PSWPIN, LEDGER_SWAPPED_IN },
	{ VMSTAT_NUMA_HINT_FAULTS_LOCAL, LEDGER_NUMA_LOCAL_FAULTS },
};

void probes_tell_unseen(const struct probes *probes, struct rec_machine *record)
{
	__u64 rows = 0, seen_rows = 0, metrics = 0, seen_metrics = 0;

	for (size_t i = 0; i < ARRAY_SIZE(optional_rows); i++) {
		rows |= 1ULL << optional_rows[i].row;
		if (probes_is_attached(probes, optional_rows[i].program))
			seen_rows |= 1ULL << optional_rows[i].row;
	}
	for (size_t i = 0; i < ARRAY_SIZE(optional_metrics); i++) {
		metrics |= 1ULL << optional_metrics[i].metric;
		if (probes_is_attached(probes, optional_metrics[i].program))
			seen_metrics |= 1ULL << optional_metrics[i].metric;
	}
	record->ledger_unseen |= rows & ~seen_rows;
	record->metrics_unseen |= metrics & ~seen_metrics;
	for (size_t i = 0; i < ARRAY_SIZE(optional_items); i++)
		if (record->metrics_unseen & 1ULL << optional_items[i].metric)
			record->vmstat_known &= ~(1u << optional_items[i].item);
	for (size_t i = 0; i < ARRAY_SIZE(items_of_tasks); i++)
		if (record->ledger_unseen & 1ULL << items_of_tasks[i].row)
			record->vmstat_known &= ~(1u << items_of_tasks[i].item);
}

__u32 probes_count(const struct probes *probes)
{
	return probes->nr;
}

bool probes_is_attached(const struct probes *probes, const char *name)
{
	for (__u32 i = 0; i < probes->nr; i++)
		if (!strcmp(probes->probe[i].name, name))
			return probes->probe[i].state == PROBE_ATTACHED;
	return false;
}

void probes_status(const struct probes *probes, __u32 index, struct rec_probe *ret)
{
	const struct probe *probe = &probes->probe[index];
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	*ret = (struct rec_probe){ .h = { REC_PROBE, sizeof(*ret), 0 },
				   .index = index,
				   .state = probe->state };
	snprintf(ret->name, sizeof(ret->name), "%s", probe->name);
	snprintf(ret->target, sizeof(ret->target), "%s", probe->target);
	snprintf(ret->reason, sizeof(ret->reason), "%s", probe->reason);
	if (probe->prog_fd < 0 || bpf_obj_get_info_by_fd(probe->prog_fd, &info, &size) < 0)
		return;
	ret->run_count = info.run_cnt;
	ret->run_time_ns = info.run_time_ns;
	ret->recursion_misses = info.recursion_misses;
}
