#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes the vmlinux.h that memoir's BPF programs need: of the running kernel's types, the members
# that are used and nothing else. CO-RE finds where they really are when a program is loaded.
# Usage: vmlinux-reduce.sh [BPFTOOL] > vmlinux.h
set -eu

bpftool=${1:-bpftool}

cat <<'HEAD'
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that memoir's BPF programs use, with the members that they use. Made by
 * bpf/vmlinux-reduce.sh (`make vmlinux`): to use another member, add it to the list there.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u8 u8;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef int pid_t;
typedef u32 dev_t;
typedef unsigned long vm_flags_t;
typedef _Bool bool;

enum { false = 0, true = 1 };

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

HEAD

"$bpftool" btf dump file /sys/kernel/btf/vmlinux format c | awk -v machine="$(uname -m)" '
BEGIN {
	want["task_struct"] = "flags tgid pid group_leader start_boottime cgroups comm mm min_flt maj_flt se signal exit_state"
	want["signal_struct"] = "min_flt maj_flt oom_score_adj"
	want["sched_entity"] = "cfs_rq"
	want["cfs_rq"] = "rq"
	want["css_set"] = "dfl_cgrp"
	want["cgroup"] = "kn"
	want["kernfs_node"] = "id"
	want["compact_control"] = "zone order direct_compaction proactive_compaction"
	want["zone"] = "zone_pgdat"
	want["pglist_data"] = "node_id"
	want["kmem_cache"] = "size object_size name"
	want["super_block"] = "s_dev s_magic"
	want["inode"] = "i_ino i_sb"
	want["qstr"] = "name"
	want["dentry"] = "d_name d_inode"
	want["path"] = "dentry"
	want["file"] = "f_inode f_path"
	want["mm_struct"] = "start_brk brk start_stack"
	want["vm_area_struct"] = "vm_start vm_end vm_mm vm_flags vm_file"
	want["vm_fault"] = "vma address real_address flags"
	# Registers of a program are of the architecture: on arm64 those of user_pt_regs are read.
	registers = machine == "aarch64" ? "user_pt_regs" : "pt_regs"
	want[registers] = "ax bx cx dx si di bp sp r8 r9 r10 r11 r12 r13 r14 r15 ip regs pc"
	want["bpf_iter_meta"] = "seq"
	want["bpf_iter__task"] = "meta task"
	# A type is written before the ones that contain it.
	nr = split(registers " kernfs_node cgroup css_set cfs_rq sched_entity signal_struct task_struct pglist_data zone " \
		   "compact_control kmem_cache super_block inode qstr dentry path file mm_struct vm_area_struct vm_fault " \
		   "bpf_iter_meta bpf_iter__task", order, " ")
	# Anonymous enums are taken by one of their enumerators.
	split("BPF_F_NO_PREALLOC BPF_LOCAL_STORAGE_GET_F_CREATE BPF_RB_NO_WAKEUP BPF_RB_AVAIL_DATA " \
	      "BPF_MAP_TYPE_RINGBUF BPF_NOEXIST BPF_F_USER_STACK VM_FAULT_OOM FAULT_FLAG_WRITE", picked, " ")
	for (i in picked)
		is_picked[picked[i]] = 1
}

# Members of anonymous structs and unions count as members of the type itself.
function member_name(line,    name) {
	name = line
	sub(/[:;].*/, "", name)
	sub(/\[.*/, "", name)
	sub(/.*[ *]/, "", name)
	return name
}

/^struct [a-z_]+ \{$/ && ($2 in want) {
	type = $2
	split(want[type], names, " ")
	delete is_wanted
	for (i in names)
		is_wanted[names[i]] = 1
	next
}

type != "" && /^\}/ { type = ""; next }

type != "" {
	name = member_name($0)
	if (/;/ && !/\}/ && (name in is_wanted)) {
		sub(/^\t+/, "\t")
		text[type] = text[type] $0 "\n"
		delete is_wanted[name]
	}
	next
}

/^enum .*\{$/ { block = $0 "\n"; keep = 0; in_enum = 1; next }
in_enum {
	block = block $0 "\n"
	name = $1
	if (name in is_picked)
		keep = 1
	if (/^\}/) {
		if (keep)
			enums = enums block "\n"
		in_enum = 0
	}
}

END {
	printf "%s", enums
	for (i = 1; i <= nr; i++) {
		if (text[order[i]] == "") {
			print "struct " order[i] " is not in this kernel" > "/dev/stderr"
			exit 1
		}
		printf "struct %s {\n%s};\n\n", order[i], text[order[i]]
	}
}'

cat <<'TAIL'
#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif
TAIL
