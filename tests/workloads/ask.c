// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks a tracer of its own about a process, as memoird does, and prints the answer.
 *
 *	ask names PID ADDRESS...   a line for each: address, name, module, file:line
 *	ask each PID ADDRESS...    likewise, by a question for each
 *	ask unwind PID             likewise, the frames of its only thread, found from a copy of its stack
 *	ask measure PID            unwinds it 1000 times, and says what one costs
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "../../daemon/processfolder.h"
#include "../../daemon/trace/protocol.h"
#include "../../daemon/trace/tracer.h"
#include "../../daemon/util.h"

#define NR_MEASURED 1000

static struct tracer tracer;
static __u64 start_ns;
static __u32 pid;

static void fail(const char *what)
{
	fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* The next message; there is room for any. */
static struct rec_header *hear(void)
{
	static __u64 message[1024];
	struct pollfd wait = { .fd = tracer.fd, .events = POLLIN };

	if (poll(&wait, 1, -1) < 0 || recv(tracer.fd, message, sizeof(message), 0) <= 0)
		fail("the tracer has died");
	return (struct rec_header *)message;
}

static void ask(const void *request, size_t size)
{
	if (send(tracer.fd, request, size, 0) != (ssize_t)size)
		fail("the tracer does not listen");
}

static int is_done(const struct rec_header *record)
{
	const struct trace_done *done = (const struct trace_done *)record;

	if (record->kind != TRACE_DONE)
		return 0;
	if (done->err || *done->why)
		printf("done: %s%s%s\n", done->why, done->err ? " " : "",
		       done->err ? strerror(-done->err) : "");
	return 1;
}

static void ask_names(const __u64 *ip, __u32 nr)
{
	struct trace_names request = { .h = { TRACE_NAMES, sizeof(request), start_ns, pid, nr } };
	const struct rec_header *record;

	memcpy(request.ip, ip, nr * sizeof(*ip));
	ask(&request, sizeof(request));
	while (!is_done(record = hear())) {
		const struct rec_user_symbol *symbol = (const struct rec_user_symbol *)record;

		printf("%#llx %s %s %s:%u\n", symbol->ip, symbol->text, symbol->module, symbol->file,
		       symbol->line);
	}
}

/* Of a process that waits, and is left as it was. */
static void copy_stack(struct trace_unwind *ret)
{
	struct user_regs_struct regs;
	struct iovec here, there;
	int status;

	*ret = (struct trace_unwind){ .h = { TRACE_UNWIND, sizeof(*ret), start_ns, pid, 0 }, .stack = 1 };
	if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0 || waitpid((pid_t)pid, &status, 0) < 0)
		fail("cannot stop it");
#if defined(__x86_64__)
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		fail("cannot read its registers");
	const __u64 registers[] = { regs.rax, regs.rdx, regs.rcx, regs.rbx, regs.rsi, regs.rdi,
				    regs.rbp, regs.rsp, regs.r8,  regs.r9,  regs.r10, regs.r11,
				    regs.r12, regs.r13, regs.r14, regs.r15, regs.rip };
#else
	here = (struct iovec){ &regs, sizeof(regs) };
	if (ptrace(PTRACE_GETREGSET, pid, 1, &here) < 0)
		fail("cannot read its registers");
	__u64 registers[TRACE_NR_REGISTERS];
	memcpy(registers, &regs, sizeof(registers));
#endif
	memcpy(ret->registers, registers, sizeof(registers));
	there = (struct iovec){ (void *)ret->registers[TRACE_STACK_POINTER], sizeof(ret->bytes) };
	here = (struct iovec){ ret->bytes, sizeof(ret->bytes) };
	/* Above the bottom of the stack there may be less. */
	for (ssize_t n = -1; n < 0 && there.iov_len; there.iov_len -= 8) {
		n = process_vm_readv((pid_t)pid, &here, 1, &there, 1, 0);
		ret->h.nr = n > 0 ? (__u32)n : 0;
	}
	ptrace(PTRACE_DETACH, pid, 0, 0);
}

static __u32 ask_frames(const struct trace_unwind *request, __u64 ip[USER_STACK_MAX_FRAMES])
{
	const struct rec_header *record;
	__u32 nr = 0;

	ask(request, sizeof(*request));
	while (!is_done(record = hear())) {
		const struct rec_user_stack *stack = (const struct rec_user_stack *)record;

		nr = stack->nr;
		memcpy(ip, stack->ip, nr * sizeof(*ip));
	}
	return nr;
}

static void measure(const struct trace_unwind *request)
{
	__u64 ip[USER_STACK_MAX_FRAMES], begin_ns;
	__u32 nr = ask_frames(request, ip);

	begin_ns = now_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < NR_MEASURED; i++)
		if (ask_frames(request, ip) != nr)
			fail("an answer differs");
	printf("%u frames, %llu ns each time\n", nr, (now_ns(CLOCK_MONOTONIC) - begin_ns) / NR_MEASURED);
}

int main(int argc, char **argv)
{
	static struct trace_unwind request;
	__u64 ip[TRACE_MAX_ADDRESSES];
	char path[64];
	__u32 nr = 0;

	if (argc < 3 || tracer_start(&tracer))
		return EXIT_FAILURE;
	pid = (__u32)atoi(argv[2]);
	start_ns = processfolder_start_ns(pid);
	if (!start_ns) {
		snprintf(path, sizeof(path), "/proc/%u/stat", pid);
		fail(path);
	}
	if (!strcmp(argv[1], "names")) {
		while (argv[3 + nr] && nr < TRACE_MAX_ADDRESSES) {
			ip[nr] = strtoull(argv[3 + nr], NULL, 0);
			nr++;
		}
	} else if (!strcmp(argv[1], "each")) {
		for (int i = 3; argv[i]; i++) {
			ip[0] = strtoull(argv[i], NULL, 0);
			ask_names(ip, 1);
		}
	} else {
		copy_stack(&request);
		if (!strcmp(argv[1], "measure"))
			measure(&request);
		else
			nr = ask_frames(&request, ip);
	}
	if (nr)
		ask_names(ip, nr);
	tracer_end(&tracer);
	return EXIT_SUCCESS;
}
