// SPDX-License-Identifier: GPL-2.0-or-later
/* Struct pages of the kernel; see structpages.h. */
#include "structpages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>

#include "../bpf/abi/live.h"
#include "util.h"

struct structpages {
	int prog_fd;
	const unsigned char *block; /* that the program has copied */
	__u32 block_bytes;
	__u32 refcount_offset;
};

/* Loads bpf_probe_read_kernel(block, block_bytes, address), address being what the program is given. */
static int load_program(int block_fd, __u32 block_bytes)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 3, .src_reg = 1 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = block_fd },
		{ .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = (__s32)block_bytes },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_SLEEPABLE);
	int fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "memoir_pages", "GPL", insns, ARRAY_SIZE(insns),
			       &options);

	return fd < 0 ? -errno : fd;
}

int structpages_new(__u32 refcount_offset, __u32 order, struct structpages **ret)
{
	const __u32 block_bytes = 1u << (order + LIVE_PAGE_SHIFT);
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int block_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "memoir_block", sizeof(__u32),
						      block_bytes, 1, &options);
	struct structpages *pages;
	void *block;
	int prog_fd;

	if (block_fd < 0)
		return -errno;
	prog_fd = load_program(block_fd, block_bytes);
	if (prog_fd < 0)
		return prog_fd;
	block = mmap(NULL, block_bytes, PROT_READ, MAP_SHARED, block_fd, 0);
	pages = block == MAP_FAILED ? NULL : calloc(1, sizeof(*pages));
	if (!pages) {
		if (block != MAP_FAILED)
			munmap(block, block_bytes);
		close(prog_fd);
		return -ENOMEM;
	}
	*pages = (struct structpages){ .prog_fd = prog_fd,
				       .block = block,
				       .block_bytes = block_bytes,
				       .refcount_offset = refcount_offset };
	*ret = pages;
	return 0;
}

void structpages_free(struct structpages *pages)
{
	if (!pages)
		return;
	munmap((void *)pages->block, pages->block_bytes);
	close(pages->prog_fd);
	free(pages);
}

bool structpages_read(struct structpages *pages, __u64 address, __u32 *ret_refcounts)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &address, .ctx_size_in = sizeof(address));

	if (bpf_prog_test_run_opts(pages->prog_fd, &run) < 0 || run.retval)
		return false;
	for (__u32 i = 0; i < pages->block_bytes >> LIVE_PAGE_SHIFT; i++)
		memcpy(&ret_refcounts[i],
		       pages->block + ((size_t)i << LIVE_PAGE_SHIFT) + pages->refcount_offset,
		       sizeof(ret_refcounts[i]));
	return true;
}
