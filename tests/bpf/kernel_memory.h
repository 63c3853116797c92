/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that the test writes and the programs read as the kernel's own: structures of the kernel that
 * a tracepoint would point to, made up by the test. Their layout is read from the kernel's BTF.
 */
#ifndef MEMOIR_TESTS_BPF_KERNEL_MEMORY_H
#define MEMOIR_TESTS_BPF_KERNEL_MEMORY_H

#include <sys/mman.h>

#include "harness.h"

#define KERNEL_MEMORY_BYTES 4096

struct lab_memory {
	unsigned char *bytes; /* as this task sees it */
	__u64 address;        /* as the kernel sees it */
	int map_fd;
};

/* An array map that this task has mapped, and a program that writes down where the kernel has it. */
static inline struct lab_memory lab_memory_new(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct lab_memory memory = { .map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "kernel_memory", 4,
							      KERNEL_MEMORY_BYTES, 1, &options) };
	struct bpf_insn tell_address[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = memory.map_fd },
		{ .imm = 0 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_test_run_opts, run);
	_cleanup_close_ int program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "tell_address", "GPL",
						    tell_address, ARRAY_SIZE(tell_address), NULL);

	assert_true(memory.map_fd >= 0);
	assert_true(program >= 0);
	memory.bytes = mmap(NULL, KERNEL_MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory.map_fd, 0);
	assert_ptr_not_equal(memory.bytes, MAP_FAILED);
	assert_int_equal(bpf_prog_test_run_opts(program, &run), 0);
	memcpy(&memory.address, memory.bytes, sizeof(memory.address));
	assert_int_not_equal(memory.address, 0);
	memset(memory.bytes, 0, KERNEL_MEMORY_BYTES);
	return memory;
}

static inline void lab_memory_free(struct lab_memory *memory)
{
	munmap(memory->bytes, KERNEL_MEMORY_BYTES);
	close(memory->map_fd);
}

/* Writes a value there; fails the test outside. */
static inline void lab_memory_put(struct lab_memory *memory, __u32 offset, const void *value, size_t size)
{
	assert_true(offset + size <= KERNEL_MEMORY_BYTES);
	memcpy(memory->bytes + offset, value, size);
}

/* The offset in bytes of a direct member; fails the test where there is none. */
static inline __u32 member_offset(const struct btf *btf, const char *type_name, const char *wanted)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_STRUCT);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);

	for (__u32 i = 0; type && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, btf_members(type)[i].name_off);

		if (name && !strcmp(name, wanted))
			return btf_member_bit_offset(type, i) / 8;
	}
	fail_msg("struct %s has no member %s", type_name, wanted);
	return 0;
}

/* The same in the running kernel. */
static inline __u32 kernel_offset(const char *type_name, const char *member)
{
	struct btf *btf = btf__load_vmlinux_btf();
	__u32 offset;

	assert_non_null(btf);
	offset = member_offset(btf, type_name, member);
	btf__free(btf);
	return offset;
}

/* An enumerator's number in the running kernel; fails the test where there is none. */
static inline __u32 kernel_enumerator(const char *enum_name, const char *wanted)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, enum_name, BTF_KIND_ENUM) : -1;
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	__s64 number = -1;

	for (__u32 i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), wanted))
			number = btf_enum(type)[i].val;
	btf__free(btf);
	if (number < 0)
		fail_msg("enum %s has no %s", enum_name, wanted);
	return (__u32)number;
}

#endif
