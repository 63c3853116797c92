/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tracer and its symbolizer say to each other, a message each. The tracer asks one question at a
 * time. The symbolizer, which can open nothing, says what it needs for it, one thing after the other, and
 * is given a file or a reason why not; then it answers, and says that it is done. It has read hostile
 * files: whatever comes from it is checked.
 */
#ifndef MEMOIR_TRACE_QUESTIONS_H
#define MEMOIR_TRACE_QUESTIONS_H

#include "../../bpf/abi/heap.h"
#include "protocol.h"

enum question_kind {
	QUESTION_NAMES,     /* from the tracer: struct question_names */
	QUESTION_UNWIND,    /* likewise: struct question_unwind */
	QUESTION_FUNCTIONS, /* likewise: struct question_names, of addresses in files */
	QUESTION_GIVEN,     /* likewise: struct question_given, perhaps with a file */
	ANSWER_NEED,        /* from the symbolizer: struct answer_need */
	ANSWER_NAME,        /* struct answer_name */
	ANSWER_FRAMES,      /* struct answer_frames */
	ANSWER_PLACES,      /* struct answer_places */
	ANSWER_DONE,        /* struct answer_done */
};

struct question_header {
	__u32 kind; /* enum question_kind */
	__u32 nr;   /* of what follows */
	__u64 view; /* what the process has mapped is as it was while this is the same */
};

struct question_names {
	struct question_header h;
	__u64 ip[TRACE_MAX_ADDRESSES];
};

struct question_unwind {
	struct question_header h;
	__u64 registers[TRACE_NR_REGISTERS];
	unsigned char bytes[TRACE_STACK_BYTES] __attribute__((aligned(8)));
};

enum need {
	NEED_MAPPING, /* what is mapped at an address, and the file */
	NEED_DEBUG,   /* the file of debug information with a build id */
	NEED_JIT,     /* the file in which a just-in-time compiler names its code */
};

#define MAX_BUILD_ID 64
#define MAX_NEEDS 512 /* for one question */
struct answer_need {
	struct question_header h; /* nr: bytes of the build id */
	__u64 address;
	__u32 need; /* enum need */
	__u32 pad;
	unsigned char build_id[MAX_BUILD_ID];
};

enum given_type {
	GIVEN_NOTHING,   /* err says why not */
	GIVEN_FILE,      /* with its descriptor */
	GIVEN_VDSO,      /* the kernel's, which is in every process */
	GIVEN_ANONYMOUS, /* no file is mapped there */
};

struct given {
	__u32 type; /* enum given_type */
	__s32 err;
	__u64 start, end, offset; /* of the mapping; offset in the file */
	__u64 low, high;          /* of all mappings of the file around it */
	char name[USER_SYMBOL_NAME_LEN];
};

struct question_given {
	struct question_header h;
	struct given given;
};

struct answer_name {
	struct question_header h; /* nr: which address of the question */
	__u32 line;
	__s32 err; /* why there is no name, or 0 */
	char text[USER_SYMBOL_TEXT_LEN];
	char module[USER_SYMBOL_NAME_LEN];
	char file[USER_SYMBOL_NAME_LEN];
};

struct answer_frames {
	struct question_header h; /* nr: frames */
	__u64 ip[USER_STACK_MAX_FRAMES];
	/* The stack pointer in that frame; 0: not known. */
	__u64 sp[USER_STACK_MAX_FRAMES];
};

/* One place of one function. */
struct function_place {
	__u32 name; /* index into heap_functions */
	__u32 pad;
	__u64 offset; /* in the file */
};

#define MAX_FUNCTION_PLACES 128u
/* A probe that the program offers. */
struct offered_place {
	__u64 offset;    /* in the file */
	__u64 semaphore; /* likewise: where the program looks whether somebody listens; 0: nowhere */
	struct heap_offered offered;
};

#define MAX_OFFERED_PLACES 32u
struct answer_places {
	struct question_header h; /* nr: places */
	__u64 address;            /* of the question */
	__u64 nr_offered;
	struct offered_place offered[MAX_OFFERED_PLACES];
	struct function_place place[MAX_FUNCTION_PLACES];
};

struct answer_done {
	struct question_header h;
	__s32 err;
	__u32 pad;
};

union question {
	struct question_header h;
	struct question_names names;
	struct question_unwind unwind;
	struct question_given given;
};

union answer {
	struct question_header h;
	struct answer_need need;
	struct answer_name name;
	struct answer_frames frames;
	struct answer_places places;
	struct answer_done done;
};

#endif
