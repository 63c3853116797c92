// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * allocate [SEED]: a process that allocates and frees by every function of its allocator, with several
 * threads that free each other's memory, and counts itself what it asked for. Each line of standard
 * input is a command; the counts follow it as one line of JSON, and come once at the begin. It ends
 * when standard input ends.
 *
 *	run N    N steps in each thread
 *	fail     calls that must fail
 *	free     frees all that is left
 *	fork     a child frees all that is left, in its copy
 *	jump, vanish, again, fail-own, signal
 *	         what an allocator of its own does: it is left by longjmp(), by the end of the thread;
 *	         gives an address again that it was never given back; fails; and is interrupted by a handler
 *	         that allocates as well
 *	exec     begins again
 *	plain    no operator new from now on
 *	leak N   N times 100 bytes and 1,000 bytes from two functions, in one thread
 *	deep     64 times 3,000 and 4,000 bytes from two functions, each time from another depth of the stack
 *	callers N
 *	         N times 700 bytes from each of three callers at one depth, over N milliseconds at least
 *	from-nothing N
 *	         N times 500 bytes by realloc(), which hands that on to malloc()
 *
 * Nothing else is on the heap while it counts: threads begin before, and end after.
 */
#include <alloca.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "usage.h"

#define NR_THREADS 4
#define NR_SLOTS 2048
#define NR_BEFORE 64
#define ALIGNMENT 64

/* An allocation, or none; whoever holds the lock may change it. */
struct slot {
	atomic_flag lock;
	void *address;
	size_t size;
	bool is_from_before; /* it was allocated before the first count */
};

static struct slot slots[NR_SLOTS];
static struct {
	atomic_ulong nr, bytes, live, live_bytes, frees, before, failed;
} counts;

static pthread_barrier_t begin, end;
static unsigned long nr_steps, seed;

extern void *operator_new(size_t size) __asm__("_Znwm") __attribute__((weak));
static bool is_plain; /* without it */
extern void operator_delete(void *address) __asm__("_ZdlPv") __attribute__((weak));

/* --- counts ----------------------------------------------------------------------------------- */

static void count_kept(unsigned long nr, unsigned long bytes)
{
	counts.nr += nr;
	counts.live += nr;
	counts.bytes += bytes;
	counts.live_bytes += bytes;
}

static void count_given(struct slot *slot, void *address, size_t size)
{
	slot->address = address;
	slot->size = size;
	slot->is_from_before = false;
	count_kept(1, size);
}

static void count_taken(struct slot *slot)
{
	if (slot->is_from_before) {
		counts.before++;
	} else {
		counts.frees++;
		counts.live--;
		counts.live_bytes -= slot->size;
	}
	slot->address = NULL;
}

static void say(void)
{
	char line[256]; /* dprintf() allocates */
	int len;

	len = snprintf(
		line, sizeof(line),
		"{\"pid\": %d, \"nr\": %lu, \"bytes\": %lu, \"live\": %lu, \"live_bytes\": %lu, \"frees\": %lu, "
		"\"before\": %lu, \"failed\": %lu}\n",
		getpid(), counts.nr, counts.bytes, counts.live, counts.live_bytes, counts.frees,
		counts.before, counts.failed);
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		die("write");
}

/* --- steps ------------------------------------------------------------------------------------ */

static unsigned long next(unsigned long *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void *allocate(unsigned long kind, size_t *size)
{
	void *address = NULL;

	switch (kind % 10) {
	case 0:
		return calloc(*size, 1);
	case 1:
		return realloc(NULL, *size);
	case 2:
		return posix_memalign(&address, ALIGNMENT, *size) ? NULL : address;
	case 3:
		*size = (*size + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
		return aligned_alloc(ALIGNMENT, *size);
	case 4:
		return memalign(ALIGNMENT, *size);
	case 5:
		*size = (*size + 7) / 8 * 8;
		return reallocarray(NULL, *size / 8, 8);
#ifdef __GLIBC__
	case 6:
		return valloc(*size);
	case 7:
		/* Not every library that takes the place of malloc() has it. */
		return operator_new ? valloc(*size) : pvalloc(*size);
#endif
	case 8:
		return operator_new && operator_delete && !is_plain ? operator_new(*size) : malloc(*size);
	default:
		return malloc(*size);
	}
}

static void reallocate(struct slot *slot, size_t size)
{
	void *address = realloc(slot->address, size);

	if (!address && size)
		die("realloc");
	count_taken(slot);
	if (address)
		count_given(slot, address, size);
}

static void give_back(struct slot *slot, unsigned long kind)
{
	if (kind % 8 == 0 && operator_delete)
		operator_delete(slot->address);
	else
		free(slot->address);
	count_taken(slot);
}

static size_t some_size(unsigned long number)
{
	return number % 64 ? 1 + number / 64 % 2000 : 1 + number / 64 % 300000;
}

static void step(unsigned long *state)
{
	struct slot *slot = &slots[next(state) % NR_SLOTS];
	unsigned long kind = next(state) >> 8;
	size_t size = some_size(next(state) >> 8);

	while (atomic_flag_test_and_set(&slot->lock))
		;
	if (!slot->address) {
		void *address = allocate(kind, &size);

		if (!address)
			die("malloc");
		count_given(slot, address, size);
	} else if (kind % 3 == 0) {
		reallocate(slot, kind % 33 ? size : 0);
	} else {
		give_back(slot, kind);
	}
	atomic_flag_clear(&slot->lock);
}

static void *work(void *arg)
{
	unsigned long state = seed + 0x9e3779b97f4a7c15UL * ((unsigned long)(uintptr_t)arg + 1);

	for (;;) {
		pthread_barrier_wait(&begin);
		for (unsigned long i = 0; i < nr_steps; i++)
			step(&state);
		pthread_barrier_wait(&end);
	}
	return NULL;
}

static void run(unsigned long nr)
{
	nr_steps = nr;
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&end);
}

/* --- other commands --------------------------------------------------------------------------- */

static void free_all(void)
{
	for (size_t i = 0; i < NR_SLOTS; i++)
		if (slots[i].address)
			give_back(&slots[i], i);
}

static void fail(void)
{
	/* Of many times many a number has only zeroes. */
	volatile size_t many = (size_t)1 << 32;
	volatile size_t huge = SIZE_MAX / 2;
	struct slot *slot = &slots[0];
	void *none = NULL;

	if (!slot->address)
		count_given(slot, malloc(100), 100);
	if (malloc(huge) || calloc(huge, 4) || realloc(slot->address, huge) || reallocarray(NULL, huge, 4) ||
	    !posix_memalign(&none, ALIGNMENT, huge) || !posix_memalign(&none, 3, 100))
		die("a call that must fail did not");
	counts.failed += 6;
#ifdef __GLIBC__
	/* A library that takes the place of malloc() is not asked. */
	if (operator_new)
		return;
	if (reallocarray(slot->address, many, many))
		die("a call that must fail did not");
	counts.failed++;
#endif
}

static void fork_and_free(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		for (size_t i = 0; i < NR_SLOTS; i++)
			free(slots[i].address);
		_exit(0);
	}
	if (waitpid(pid, NULL, 0) < 0)
		die("waitpid");
}

/* An allocator that does what the others only do at bad moments. Its names make it one. */
static enum { GIVE, GIVE_AGAIN, FAIL, JUMP, VANISH, SIGNAL } own_mood;
static char own_memory[4096];
static size_t own_used;
static jmp_buf own_jump;

void *je_malloc(size_t size);
void je_free(void *address);

__attribute__((noinline)) void *je_malloc(size_t size)
{
	if (own_mood == JUMP)
		longjmp(own_jump, 1);
	if (own_mood == VANISH)
		pthread_exit(NULL);
	if (own_mood == FAIL)
		return NULL;
	if (own_mood == SIGNAL) {
		own_mood = GIVE;
		raise(SIGUSR1);
	}
	if (own_mood == GIVE)
		own_used += (size + 15) / 16 * 16;
	return own_memory + own_used % sizeof(own_memory);
}

__attribute__((noinline)) void je_free(void *address)
{
	__asm__ volatile("" ::"r"(address));
}

static struct slot own_slot;

static void on_signal(int signal)
{
	(void)signal;
	je_malloc(90);
}

/* In its callers, so that the depth of the stack is theirs. */
static inline __attribute__((always_inline)) void give_own(size_t size)
{
	void *address = je_malloc(size);

	if (address)
		count_given(&own_slot, address, size);
	else
		counts.failed++;
}

/* A call that was left is none; the next ones count. */
static void jump(void)
{
	own_mood = JUMP;
	if (!setjmp(own_jump))
		je_malloc(10);
	own_mood = GIVE;
	give_own(20);
	je_free(own_slot.address);
	count_taken(&own_slot);
	give_own(30);
}

static void *vanish(void *arg)
{
	pthread_barrier_wait(arg);
	je_malloc(40);
	return NULL;
}

static pthread_barrier_t vanishing;
static pthread_t vanishing_thread;

static void end_a_thread_inside(void)
{
	own_mood = VANISH;
	pthread_barrier_wait(&vanishing);
	if (pthread_join(vanishing_thread, NULL))
		die("pthread_join");
	own_mood = GIVE;
	give_own(50);
}

/* Nobody is told that the first was given back. */
static void give_again(void)
{
	give_own(60);
	counts.live--;
	counts.live_bytes -= 60;
	own_mood = GIVE_AGAIN;
	give_own(70);
	own_mood = GIVE;
}

static void fail_own(void)
{
	own_mood = FAIL;
	give_own(80);
	own_mood = GIVE;
}

/* The handler allocates within an allocation, on a stack of its own, which is above: in a frame of main(). */
static char *signal_stack;
#define SIGNAL_STACK_BYTES 65536u

static void be_plain(void)
{
	is_plain = true;
}

static void signal_within(void)
{
	const stack_t stack = { .ss_sp = signal_stack, .ss_size = SIGNAL_STACK_BYTES };
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	if (sigaltstack(&stack, NULL) < 0 || sigaction(SIGUSR1, &action, NULL) < 0)
		die("sigaltstack");
	own_mood = SIGNAL;
	give_own(80);
}

/* Two callers of one function, as most programs have it. */
static __attribute__((noinline)) void *wrapped(size_t size)
{
	void *address = malloc(size);

	__asm__ volatile("" ::"r"(address) : "memory");
	return address;
}

static __attribute__((noinline)) void leak_small(void)
{
	void *address = wrapped(100);

	__asm__ volatile("" ::"r"(address) : "memory");
}

static __attribute__((noinline)) void leak_large(void)
{
	char room[64];
	void *address = wrapped(1000);

	__asm__ volatile("" ::"r"(address), "r"(room) : "memory");
}

/*
 * From two places in one page that are a multiple of 16 apart, as depths of stacks are: each place at all
 * depths of a quarter of a page.
 */
#define NR_DEPTHS 64u
#define DEPTH_STEP 16u

static __attribute__((noinline, aligned(256))) void leak_deep_red(size_t depth)
{
	char *room = alloca(DEPTH_STEP + depth);
	void *address = malloc(3000);

	__asm__ volatile("" ::"r"(address), "r"(room) : "memory");
}

static __attribute__((noinline, aligned(16))) void leak_deep_blue(size_t depth)
{
	char *room = alloca(DEPTH_STEP + depth);
	void *address = malloc(4000);

	__asm__ volatile("" ::"r"(address), "r"(room) : "memory");
}

static void leak_deep(void)
{
	/* By one call, so that only the places differ. */
	static void (*const volatile leaks[])(size_t depth) = { leak_deep_red, leak_deep_blue };

	for (size_t i = 0; i < 2 * NR_DEPTHS; i++)
		leaks[i % 2](i / 2 * DEPTH_STEP);
	count_kept(2 * NR_DEPTHS, 7000 * NR_DEPTHS);
}

/* Callers of one function at one depth of the stack, as those of operator new are. */
#define CALLER(name)                                               \
	static __attribute__((noinline)) void leak_by_##name(void) \
	{                                                          \
		void *address = wrapped(700);                      \
                                                                   \
		__asm__ volatile("" ::"r"(address) : "memory");    \
	}
CALLER(ann)
CALLER(bob)
CALLER(cid)

static void leak_by_all(unsigned long nr)
{
	static void (*const volatile callers[])(void) = { leak_by_ann, leak_by_bob, leak_by_cid };

	for (unsigned long i = 0; i < 3 * nr; i++) {
		callers[i % 3]();
		usleep(300);
	}
	count_kept(3 * nr, 2100 * nr);
}

static void leak(unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++) {
		leak_small();
		leak_large();
	}
	count_kept(2 * nr, 1100 * nr);
}

static void reallocate_nothing(unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++) {
		void *address = realloc(NULL, 500);

		__asm__ volatile("" ::"r"(address) : "memory");
	}
	count_kept(nr, 500 * nr);
}

static void obey(const char *line, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} commands[] = {
		{ "fail", fail },
		{ "free", free_all },
		{ "deep", leak_deep },
		{ "fork", fork_and_free },
		{ "jump", jump },
		{ "again", give_again },
		{ "fail-own", fail_own },
		{ "vanish", end_a_thread_inside },
		{ "signal", signal_within },
		{ "plain", be_plain },
	};

	if (!strncmp(line, "run ", 4))
		return run(strtoul(line + 4, NULL, 10));
	if (!strncmp(line, "leak ", 5))
		return leak(strtoul(line + 5, NULL, 10));
	if (!strncmp(line, "callers ", 8))
		return leak_by_all(strtoul(line + 8, NULL, 10));
	if (!strncmp(line, "from-nothing ", 13))
		return reallocate_nothing(strtoul(line + 13, NULL, 10));
	if (!strcmp(line, "exec"))
		execv("/proc/self/exe", argv);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(line, commands[i].name))
			return commands[i].run();
	errno = EINVAL;
	die(line);
}

static void *exit_thread(void *arg)
{
	pthread_exit(arg);
}

/* The first thread that ends by pthread_exit() makes the library load another one. */
static void begin_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exit_thread, NULL) || pthread_join(thread, NULL))
		die("pthread_create");
	pthread_barrier_init(&begin, NULL, NR_THREADS + 1);
	pthread_barrier_init(&end, NULL, NR_THREADS + 1);
	pthread_barrier_init(&vanishing, NULL, 2);
	for (uintptr_t i = 0; i < NR_THREADS; i++)
		if (pthread_create(&thread, NULL, work, (void *)i))
			die("pthread_create");
	if (pthread_create(&vanishing_thread, NULL, vanish, &vanishing))
		die("pthread_create");
}

int main(int argc, char **argv)
{
	char line[64], above[SIGNAL_STACK_BYTES];

	signal_stack = above;
	seed = argc > 1 ? number(argv[1]) : 1;
	begin_threads();
	for (size_t i = 0; i < NR_BEFORE; i++) {
		slots[i * 16].address = malloc(200);
		slots[i * 16].is_from_before = true;
	}
	say();
	while (read_line(line, sizeof(line))) {
		obey(line, argv);
		say();
	}
	return 0;
}
