/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF file of any bytes, mapped by a process of which names and a stack are asked: what the symbolizer
 * does with it, without its confinement. Most of that is libdw, which is not built for fuzzing: it may run
 * for long, or die. The symbolizer is ended then (daemon/trace/child.h), and nothing else is lost. So each
 * input is tried by a child first, and goes on only if no signal has ended that. Our own code dies of the
 * sanitizers, which is no signal.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/trace/symbolizer/functions.h"
#include "../../daemon/trace/symbolizer/names.h"
#include "../../daemon/trace/symbolizer/unwind.h"
#include "check.h"

#define BASE 0x10000000ULL
#define MAPPED_BYTES (1ULL << 20)
#define STACK 0x20000000ULL
#define NR_ADDRESSES 16
#define CPU_SECONDS 1

static struct view view;
static int file;

/* As much memory as the symbolizer has (confine.c); more is refused, as there. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=256";
}

/* The file is all that is mapped, and where its debug information is. */
static void give(void *ctx, const struct answer_need *need, struct given *ret, int *ret_fd)
{
	(void)ctx;
	*ret = (struct given){ .type = GIVEN_NOTHING };
	*ret_fd = -1;
	if (need->need == NEED_MAPPING && need->address - BASE < MAPPED_BYTES)
		*ret = (struct given){ .type = GIVEN_FILE,
				       .start = BASE,
				       .end = BASE + MAPPED_BYTES,
				       .low = BASE,
				       .high = BASE + MAPPED_BYTES,
				       .name = "file" };
	if (ret->type == GIVEN_FILE || need->need == NEED_DEBUG)
		*ret_fd = dup(file);
}

/* Where it begins, where it says that its code begins, and all over it. */
static __u64 address(const uint8_t *data, size_t size, size_t i)
{
	__u64 entry = 0;

	if (size >= 32)
		memcpy(&entry, data + 24, sizeof(entry));
	return BASE + (i % 2 ? entry % MAPPED_BYTES + i : size * i / NR_ADDRESSES);
}

static void check_names(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < NR_ADDRESSES; i++) {
		struct answer_name name = {};

		name_address(&view, address(data, size, i), &name);
		must(memchr(name.text, '\0', sizeof(name.text)));
		must(memchr(name.module, '\0', sizeof(name.module)));
		must(memchr(name.file, '\0', sizeof(name.file)));
		must(!name.line == !*name.file);
	}
}

/* A stack on which every word may be one of a caller, or of a frame. */
static void check_stack(const uint8_t *data, size_t size)
{
	static struct question_unwind question;
	__u64 *words = (__u64 *)(void *)question.bytes;

	question.h.nr = sizeof(question.bytes);
	for (size_t i = 0; i < sizeof(question.bytes) / sizeof(*words); i++)
		words[i] = i % 3 ? address(data, size, i % NR_ADDRESSES) : STACK + (i + 4) * sizeof(*words);
	for (size_t i = 0; i < NR_ADDRESSES; i++) {
		struct answer_frames frames = {};

		for (size_t r = 0; r < TRACE_NR_REGISTERS; r++)
			question.registers[r] = STACK;
		question.registers[TRACE_PROGRAM_COUNTER] = address(data, size, i);
		if (unwind(&view, &question, &frames))
			continue;
		must(frames.h.nr && frames.h.nr <= USER_STACK_MAX_FRAMES);
		must(frames.ip[0] == question.registers[TRACE_PROGRAM_COUNTER]);
		for (__u32 frame = 1; frame < frames.h.nr; frame++)
			must(frames.ip[frame] - 1 - BASE < MAPPED_BYTES);
	}
}

static void check_functions(void)
{
	static struct answer_places places;
	int nr = functions_find(file, &places);

	must(places.h.nr <= MAX_FUNCTION_PLACES && places.nr_offered <= MAX_OFFERED_PLACES);
	must(nr < 0 || (__u64)nr == places.h.nr + places.nr_offered);
	for (__u32 i = 0; i < places.h.nr; i++)
		must(places.place[i].offset);
	for (__u32 i = 0; nr > 0 && i < places.nr_offered; i++)
		must(places.offered[i].offset && places.offered[i].offered.offer < NR_HEAP_OFFERS);
}

static void check(const uint8_t *data, size_t size)
{
	view_init(&view, give, NULL);
	view_begin(&view, 1);
	check_names(data, size);
	check_stack(data, size);
	view_forget(&view);
	check_functions();
}

/* Whether libdw neither dies of it nor takes for ever. */
static bool is_survived(const uint8_t *data, size_t size)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	pid_t pid = fork();
	int status;

	must(pid >= 0);
	if (!pid) {
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
			signal(faults[i], SIG_DFL);
		setrlimit(RLIMIT_CPU, &cpu);
		check(data, size);
		_exit(EXIT_SUCCESS);
	}
	must(TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) == pid);
	return !WIFSIGNALED(status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	elf_version(EV_CURRENT);
	file = memfd_create("file", MFD_CLOEXEC);
	must(file >= 0 && write(file, data, size) == (ssize_t)size);
	if (is_survived(data, size))
		check(data, size);
	close(file);
	return 0;
}
