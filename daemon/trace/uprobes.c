// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes on functions of one process's files; see uprobes.h. */
#include "uprobes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../util.h"

#define MAX_PLACES 256u
/* The kernel's own ENOTSUPP, which no libc knows. */
#define KERNEL_ENOTSUPP 524

/* What libbpf 1.1 does not know yet (include/uapi/linux/bpf.h). */
#define UPROBE_MULTI_ATTACH_TYPE 48
#define UPROBE_SESSION_ATTACH_TYPE 57
#define UPROBE_MULTI_RETURN 1

/* That part of the argument of BPF_LINK_CREATE which is for it (include/uapi/linux/bpf.h, 6.6). */
struct uprobe_multi_attr {
	__u32 prog_fd, target_fd, attach_type, flags;
	__u64 path, offsets, ref_ctr_offsets, cookies;
	__u32 cnt, uprobe_multi_flags, pid;
	__u32 pad;
};

static int keep(struct uprobes *probes, int fd)
{
	if (fd < 0)
		return -errno;
	probes->link[probes->nr++] = fd;
	return 0;
}

bool uprobes_are_events(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has_many = !btf || btf__find_by_name_kind(btf, "bpf_uprobe_multi_link", BTF_KIND_STRUCT) >= 0;

	btf__free(btf);
	return !has_many;
}

const char *uprobes_strerror(int err, bool are_events)
{
	/* The verifier, too, says EACCES. */
	if (err == -EACCES && are_events)
		return "before Linux 6.6 that takes CAP_SYS_ADMIN; see SECURITY in memoird(8)";
	if (err == -KERNEL_ENOTSUPP)
		return "no instruction begins there that can be probed";
	return strerror(-err);
}

void uprobes_set_type(struct bpf_program *program, enum uprobe_kind kind)
{
	if (kind == UPROBES_OF_EVENTS)
		return;
	bpf_program__set_type(program, BPF_PROG_TYPE_KPROBE);
	bpf_program__set_expected_attach_type(program, kind == UPROBES_OF_SESSIONS
							       ? UPROBE_SESSION_ATTACH_TYPE
							       : UPROBE_MULTI_ATTACH_TYPE);
}

/* is_return: at the return of those places that are to have it. */
static int add_many(struct uprobes *probes, const struct bpf_program *program, __u32 tgid, const char *path,
		    const struct uprobe_place *places, __u32 nr, bool is_return)
{
	__u64 offsets[MAX_PLACES], cookies[MAX_PLACES], semaphores[MAX_PLACES];
	struct uprobe_multi_attr attr = { .prog_fd = (__u32)bpf_program__fd(program),
					  .attach_type = bpf_program__expected_attach_type(program),
					  .path = (__u64)(uintptr_t)path,
					  .offsets = (__u64)(uintptr_t)offsets,
					  .ref_ctr_offsets = (__u64)(uintptr_t)semaphores,
					  .cookies = (__u64)(uintptr_t)cookies,
					  .uprobe_multi_flags = is_return ? UPROBE_MULTI_RETURN : 0,
					  .pid = tgid };

	for (__u32 i = 0; i < nr; i++) {
		if (is_return && !places[i].returns)
			continue;
		offsets[attr.cnt] = places[i].offset;
		cookies[attr.cnt] = places[i].cookie;
		semaphores[attr.cnt++] = places[i].semaphore;
	}
	return attr.cnt ? keep(probes, (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr))) : 0;
}

/* The number of the kernel's source of such events, or a negative errno. */
static int perf_type(void)
{
	_cleanup_fclose_ FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type;

	if (!file)
		return -errno;
	return fscanf(file, "%d", &type) == 1 ? type : -EINVAL;
}

static int add_event(struct uprobes *probes, const struct bpf_program *program, __u32 tgid, const char *path,
		     const struct uprobe_place *place, bool is_return)
{
	int type = perf_type(), err;
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = (__u32)type,
					/* The format's bit 0, and its upper half. */
					.config = is_return | place->semaphore << 32,
					.uprobe_path = (__u64)(uintptr_t)path,
					.probe_offset = place->offset };
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event.bpf_cookie = place->cookie);
	_cleanup_close_ int event = -1;

	if (type < 0)
		return type;
	if (place->semaphore > UINT32_MAX)
		return -EFBIG;
	event = (int)syscall(SYS_perf_event_open, &attr, tgid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return -errno;
	err = keep(probes, bpf_link_create(bpf_program__fd(program), event, BPF_PERF_EVENT, &options));
	if (!err && ioctl(event, PERF_EVENT_IOC_ENABLE, 0) < 0)
		err = -errno;
	return err;
}

/* The return first: a begin without a return would wait for it. */
static int add_begin_and_return(struct uprobes *probes, const struct uprobe_programs *programs, __u32 tgid,
				const char *path, const struct uprobe_place *places, __u32 nr)
{
	int err = 0;

	if (programs->kind == UPROBES_OF_MANY) {
		err = add_many(probes, programs->end, tgid, path, places, nr, true);
		return err ?: add_many(probes, programs->begin, tgid, path, places, nr, false);
	}
	for (__u32 i = 0; !err && i < nr; i++) {
		if (places[i].returns)
			err = add_event(probes, programs->end, tgid, path, &places[i], true);
		if (!err)
			err = add_event(probes, programs->begin, tgid, path, &places[i], false);
	}
	return err;
}

int uprobes_add(struct uprobes *probes, const struct uprobe_programs *programs, __u32 tgid, const char *path,
		const struct uprobe_place *places, __u32 nr)
{
	if (!nr)
		return 0;
	if (nr > MAX_PLACES || probes->nr + 2 * nr > MAX_UPROBE_LINKS)
		return -E2BIG;
	if (programs->kind == UPROBES_OF_SESSIONS)
		return add_many(probes, programs->begin, tgid, path, places, nr, false);
	return add_begin_and_return(probes, programs, tgid, path, places, nr);
}

void uprobes_close(struct uprobes *probes)
{
	while (probes->nr)
		close(probes->link[--probes->nr]);
}
