/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process allocates while its heap is traced: the calls that are looked at, the tables that the
 * programs of bpf/heap.bpf.c fill, and how allocations are sampled.
 */
#ifndef MEMOIR_ABI_HEAP_H
#define MEMOIR_ABI_HEAP_H

#include "types.h"

/* What a function of an allocator does, by the arguments that it takes. */
enum heap_call {
	HEAP_MALLOC,         /* (size, ...) */
	HEAP_CALLOC,         /* (n, size) */
	HEAP_REALLOC,        /* (address, size, ...) */
	HEAP_REALLOCARRAY,   /* (address, n, size) */
	HEAP_MEMALIGN,       /* (alignment, size) */
	HEAP_POSIX_MEMALIGN, /* (where the address goes, alignment, size); returns 0 or an error */
	HEAP_FREE,           /* (address, ...) */
	HEAP_DELETE,         /* the same, and may call free() itself */
	HEAP_IN_PLACE, /* (address, size, ...); returns the size that there is, which may be too small */
	NR_HEAP_CALLS
};

/*
 * The cookie of a probe: which call it is, whether it may hand on to another one that has a probe too,
 * whether it fails by an exception, whether its arguments come after one more, which says in what heap, and
 * which of the probes it is.
 */
#define HEAP_HANDS_ON 0x80u
#define HEAP_THROWS 0x40u
#define HEAP_OF_HEAP 0x20u
#define HEAP_COOKIE(call, flags, index) ((__u64)(index) << 8 | (flags) | (call))
#define HEAP_COOKIE_CALL(cookie) ((__u32)(cookie)&0x1f)

/*
 * An exception cannot pass the return of a call that is probed: it ends the program. A call that fails so is
 * followed up to this size only, and only in a process whose memory has no limit of its own.
 */
#define HEAP_MAX_SURE_BYTES (1u << 26)

/*
 * The probes that a program may offer instead: otel_memory:alloc(address, size, weighted bytes) and
 * otel_memory:free(address). A program that samples says by the weight how many bytes the allocation
 * stands for; 0: itself.
 */
enum heap_offer { HEAP_OFFERS_ALLOC, HEAP_OFFERS_FREE, NR_HEAP_OFFERS };

enum heap_argument_kind { HEAP_CONSTANT, HEAP_IN_REGISTER, HEAP_IN_MEMORY, NR_HEAP_ARGUMENT_KINDS };

#define NR_HEAP_WORDS 21u /* of struct pt_regs */

/* Where an argument of such a probe is. */
struct heap_argument {
	__s64 value; /* the constant, or what is added to the register for the place in memory */
	__u8 kind;   /* enum heap_argument_kind */
	__u8 size;   /* 1, 2, 4 or 8 bytes */
	__u8 is_signed;
	__u8 word; /* of struct pt_regs: the register */
	__u32 pad;
};

#define NR_ALLOC_ARGUMENTS 3u
#define NR_FREE_ARGUMENTS 1u
#define MAX_HEAP_OFFERS 64u /* a power of two */

struct heap_offered {
	__u32 offer; /* enum heap_offer */
	__u32 pad;
	struct heap_argument argument[NR_ALLOC_ARGUMENTS];
};

#define MAX_HEAP_STACKS 8192u
/* So many keys are for whole stacks; the rest is kept for call sites, which are few. */
#define MAX_HEAP_WHOLE_STACKS (MAX_HEAP_STACKS / 4 * 3)
#define HEAP_MAX_FRAMES 32u
#define MAX_HEAP_OBJECTS (1u << 20)
#define HEAP_COPY_BYTES 16384u
/*
 * So many callers are part of a stack's key where frame pointers do not tell them, by what the tracer has
 * learnt of the code: how far up the stack the frame of the caller begins. There are so many places.
 */
#define HEAP_KEY_CALLERS 4u
#define MAX_HEAP_UPS 16384u
#define HEAP_UP_VARIES 0u
#define HEAP_MAX_REGISTERS 33u
#define MAX_HEAP_EVERY_BYTES (1u << 24)

/* An allocation that was not freed since, by its address. */
struct heap_object {
	__u64 size;    /* as asked for */
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 stack;   /* key of its struct heap_stack */
	/* What it stands for: its size, or more where it is a sample. */
	__u64 weighted_bytes;
};

/* Of one stack: what was looked at there, and what it stands for. */
struct heap_stack {
	__u64 nr;          /* allocations that were looked at */
	__u64 nr_weighted; /* in units of 1/65536 */
	__u64 bytes_weighted;
	__u64 variance_low, variance_high; /* of bytes_weighted; a number of 128 bits */
	__u32 nr_frames;
	__u16 is_call_site;        /* there was no room for the whole stack: ip[0] is all that is known */
	__u16 needs_copy;          /* it has not been copied; while the ring is full it waits for its turn */
	__u64 ip[HEAP_MAX_FRAMES]; /* the caller first */
};

/*
 * Allocations of `size` bytes are looked at with the probability p = 1 - exp(-size / every_bytes), as
 * if one byte in every_bytes were marked at random and an allocation with a marked byte were looked at.
 * Each then stands for 1/p of its like (Horvitz and Thompson, 1952): sums are unbiased, and the
 * variance of bytes is estimated by the sum of (1 - p) / p^2 * size^2, which is weight * (weight - size)
 * with weight = size / p. p is computed for classes of sizes, from the smallest of each, which changes how
 * often each is looked at but no expectation, as the weights are of the same p. Its unit here is 2^-32.
 */
#define HEAP_CERTAIN (1ULL << 32)

/*
 * The bytes that one of `size` stands for, which was chosen with p; it is certain for sizes from 2^30 on.
 * `random`, of 32 bits, decides what a part of a byte becomes: small ones are many, and whatever is cut off
 * of each would be missing in their sum.
 */
static inline __u64 heap_weighted_bytes(__u64 size, __u64 p, __u32 random)
{
	return p < HEAP_CERTAIN ? ((size << 32) + (p * random >> 32)) / p : size;
}

/* Of how many it is one, in units of 1/65536. */
static inline __u64 heap_weighted_nr(__u64 p)
{
	return (1ULL << 48) / p;
}

/* Sizes below 32 have a class each, and from there each power of two has 16. */
#define NR_HEAP_CLASSES 976u

static inline __u32 heap_class(__u64 size)
{
	__u32 shift = 0;

	if (size >> 36)
		shift += 32;
	if (size >> shift >> 20)
		shift += 16;
	if (size >> shift >> 12)
		shift += 8;
	if (size >> shift >> 8)
		shift += 4;
	if (size >> shift >> 6)
		shift += 2;
	if (size >> shift >> 5)
		shift += 1;
	return (__u32)(size >> shift) + 16 * shift;
}

/* The smallest size of a class. */
static inline __u64 heap_class_begin(__u32 class)
{
	__u32 shift = class < 32 ? 0 : class / 16 - 1;

	return (__u64)(class - 16 * shift) << shift;
}

/* Allocations by size, looked at or not, one of these for each CPU: 16 classes of sizes have one number. */
#define NR_HEAP_OCTAVES (NR_HEAP_CLASSES / 16)
struct heap_sizes {
	__u64 nr[NR_HEAP_OCTAVES];
};

/* Of the whole trace, one for each CPU. */
struct heap_counts {
	__u64 nr_failed;       /* allocations that returned nothing */
	__u64 nr_frees;        /* of objects that are known */
	__u64 nr_unknown;      /* frees of others: allocated before the trace, or not looked at */
	__u64 nr_lost;         /* allocations that found no place among the objects */
	__u64 nr_reused;       /* addresses that were given out again and not seen to be freed */
	__u64 nr_interrupted;  /* calls that began and did not return, as by longjmp() */
	__u64 nr_folded;       /* allocations whose stack is known by its call site only, for lack of room */
	__u64 nr_unplaced;     /* allocations that are in the stack 0, for lack of room */
	__u64 nr_spared;       /* calls that were not followed, because they might have thrown an exception */
	__u64 nr_threads_lost; /* calls of threads for which no memory was to be had */
	__u64 nr_children;     /* processes that the process forked */
	__u64 nr_execs;
	__u64 nr_weighted; /* allocations that stand for others, as the program says */
};

/* An allocation from a stack, the first that could be copied: what is needed to unwind it. */
struct heap_copy {
	__u64 stack;                         /* its key; 0: the process has called exec() */
	__u64 registers[HEAP_MAX_REGISTERS]; /* by their DWARF numbers, of the caller at its return address */
	__u64 ip, sp;
	__u32 nr_registers;
	__u32 size; /* of bytes, from sp on */
	__u8 bytes[HEAP_COPY_BYTES];
};

#endif
