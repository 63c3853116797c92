// SPDX-License-Identifier: GPL-2.0-or-later
/* From addresses of the kernel to names; see symbols.h. */
#include "symbols.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "known.h"
#include "log.h"
#include "util.h"

/* Half of what the model keeps, so that it still has what is not sent again. */
#define MAX_KNOWN 4096u

struct symbols {
	int prog_fd; /* -1: addresses stay numbers */
	char *text;  /* that the program has written */
	struct known known;
	struct rec_symbol record;
};

/* As a backtrace shows it: the caller, not what follows the call. */
static const char format[8] = "%pB";

/* A map of one value. The descriptor, or a negative errno. */
static int new_map(const char *name, __u32 value_size, __u32 flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(__u32), value_size, 1, &options);

	return fd < 0 ? -errno : fd;
}

/* bpf_snprintf() takes its format from memory that no program may write to. */
static int new_format_map(void)
{
	const __u32 first = 0;
	int fd = new_map("memoir_format", sizeof(format), BPF_F_RDONLY_PROG);

	if (fd < 0)
		return fd;
	if (bpf_map_update_elem(fd, &first, format, BPF_ANY) < 0 || bpf_map_freeze(fd) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* Loads bpf_snprintf(text, REC_SYMBOL_LEN, format, &ip, sizeof(ip)), ip being what the program is given. */
static int load_program(int text_fd, int format_fd)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 1 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 10, .src_reg = 2, .off = -8 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = text_fd },
		{ .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = REC_SYMBOL_LEN },
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 3,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = format_fd },
		{ .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 4, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 4, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 5, .imm = 8 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_snprintf },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_SLEEPABLE);
	int fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "memoir_symbol", "GPL", insns, ARRAY_SIZE(insns),
			       &options);

	return fd < 0 ? -errno : fd;
}

static int start(struct symbols *symbols)
{
	_cleanup_close_ int text_fd = new_map("memoir_text", REC_SYMBOL_LEN, BPF_F_MMAPABLE);
	_cleanup_close_ int format_fd = new_format_map();
	void *text;

	if (text_fd < 0 || format_fd < 0)
		return text_fd < 0 ? text_fd : format_fd;
	text = mmap(NULL, REC_SYMBOL_LEN, PROT_READ, MAP_SHARED, text_fd, 0);
	if (text == MAP_FAILED)
		return -errno;
	symbols->text = text;
	symbols->prog_fd = load_program(text_fd, format_fd);
	return symbols->prog_fd < 0 ? symbols->prog_fd : 0;
}

struct symbols *symbols_new(void)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	int err;

	if (!symbols)
		return NULL;
	symbols->prog_fd = -1;
	if (known_init(&symbols->known, MAX_KNOWN)) {
		free(symbols);
		return NULL;
	}
	err = start(symbols);
	if (err)
		log_warning("cannot ask the kernel for its symbols: %s; stacks are shown as numbers",
			    strerror(-err));
	return symbols;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	if (symbols->text)
		munmap(symbols->text, REC_SYMBOL_LEN);
	if (symbols->prog_fd >= 0)
		close(symbols->prog_fd);
	known_free(&symbols->known);
	free(symbols);
}

void symbols_name(const struct symbols *symbols, __u64 ip, char ret[REC_SYMBOL_LEN])
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &ip, .ctx_size_in = sizeof(ip));

	if (symbols->prog_fd >= 0 && bpf_prog_test_run_opts(symbols->prog_fd, &run) == 0)
		snprintf(ret, REC_SYMBOL_LEN, "%.*s", REC_SYMBOL_LEN - 1, symbols->text);
	else
		snprintf(ret, REC_SYMBOL_LEN, "0x%llx", (unsigned long long)ip);
}

const struct rec_symbol *symbols_meet(struct symbols *symbols, __u64 ip)
{
	struct rec_symbol *record = &symbols->record;

	if (!known_learn(&symbols->known, ip))
		return NULL;
	*record = (struct rec_symbol){ .h = { REC_SYMBOL, sizeof(*record), now_ns(CLOCK_BOOTTIME) },
				       .ip = ip };
	symbols_name(symbols, ip, record->text);
	return record;
}

void symbols_forget(struct symbols *symbols)
{
	known_forget(&symbols->known);
}
