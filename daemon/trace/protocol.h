/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memoird and the tracer say to each other over their pair of sockets, a message each. memoird asks;
 * the tracer answers with records (bpf/abi/records.h), and with a struct trace_done when it is ready for
 * the next question. Neither believes the other: sizes and numbers are checked at both ends.
 */
#ifndef MEMOIR_TRACE_PROTOCOL_H
#define MEMOIR_TRACE_PROTOCOL_H

#include <stddef.h>

#include "../../bpf/abi/heap.h"
#include "../../bpf/abi/records.h"

enum trace_request {
	TRACE_NAMES,  /* struct trace_names: a REC_USER_SYMBOL for each address */
	TRACE_UNWIND, /* struct trace_unwind: a REC_USER_STACK, found by unwind tables */
	TRACE_HEAP,   /* struct trace_heap: begins a trace of a heap, which ends with a REC_TRACE */
	TRACE_END,    /* struct trace_end: ends the trace that goes on before its time */
	NR_TRACE_REQUESTS,
	TRACE_FUNCTIONS = NR_TRACE_REQUESTS /* the tracer's own: struct trace_names, of addresses in files */
};

/* Every request begins with it. */
struct trace_header {
	__u32 kind;     /* enum trace_request */
	__u32 size;     /* bytes, header included */
	__u64 start_ns; /* of the process, since boot; with tgid it names the process */
	__u32 tgid;
	__u32 nr; /* of what follows */
};

#define TRACE_MAX_ADDRESSES 64
struct trace_names {
	struct trace_header h;
	__u64 ip[TRACE_MAX_ADDRESSES];
};

/*
 * A thread as it was: its registers by their DWARF numbers, the program counter behind them, and a copy
 * of the top of its stack, from the stack pointer on.
 */
#define TRACE_STACK_BYTES 16384
#if defined(__x86_64__)
#define TRACE_NR_REGISTERS 17
#define TRACE_STACK_POINTER 7
#define TRACE_PROGRAM_COUNTER 16
#elif defined(__aarch64__)
#define TRACE_NR_REGISTERS 33
#define TRACE_STACK_POINTER 31
#define TRACE_PROGRAM_COUNTER 32
#else
#error "which registers does this architecture unwind by?"
#endif
struct trace_unwind {
	struct trace_header h; /* nr: bytes of the copy */
	__u64 stack;           /* key of the record, not 0 */
	__u64 registers[TRACE_NR_REGISTERS];
	unsigned char bytes[TRACE_STACK_BYTES] __attribute__((aligned(8)));
};

/* nr is 1; start_ns of 0: whichever process has that tgid now, which memoird may not be able to see. */
struct trace_heap {
	struct trace_header h;
	__u64 duration_ns;
	__u32 every_bytes; /* 1: every allocation is looked at; 0: likewise, until there are too many */
	__u32 is_automatic;
};

/* nr is 1; the process is not looked at. */
struct trace_end {
	struct trace_header h;
};

#define TRACE_MAX_DURATION_NS (3600ULL * 1000000000)

union trace_message {
	struct trace_header h;
	struct trace_names names;
	struct trace_unwind unwind;
	struct trace_heap heap;
	struct trace_end end;
};

/* Whether size bytes are a request of which every part may be read. */
static inline _Bool trace_request_is_right(const union trace_message *message, size_t size)
{
	const struct trace_header *h = &message->h;

	if (size < sizeof(*h) || h->size != size || !h->tgid || !h->nr)
		return 0;
	switch (h->kind) {
	case TRACE_NAMES:
		return size == sizeof(message->names) && h->nr <= TRACE_MAX_ADDRESSES;
	case TRACE_UNWIND:
		return size == sizeof(message->unwind) && h->nr <= TRACE_STACK_BYTES && message->unwind.stack;
	case TRACE_HEAP:
		return size == sizeof(message->heap) && message->heap.duration_ns &&
		       message->heap.duration_ns <= TRACE_MAX_DURATION_NS &&
		       message->heap.every_bytes <= MAX_HEAP_EVERY_BYTES;
	case TRACE_END:
		return size == sizeof(message->end);
	default:
		return 0;
	}
}

/* A question is answered; its kind is none of a record. */
#define TRACE_DONE NR_RECORDS
struct trace_done {
	struct rec_header h;
	__u64 cpu_ns;           /* that the tracer and its children have used */
	__u64 rss_bytes;        /* that they hold */
	__u32 nr_unnamed;       /* addresses without a name */
	__s32 err;              /* 0, or a negative errno: nothing could be said of the process */
	char why[REC_TEXT_LEN]; /* of the last thing that went wrong; else empty */
};

#endif
