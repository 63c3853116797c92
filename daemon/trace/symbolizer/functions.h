/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the functions of an ELF file are, by their names, so that probes can be put on them. The file is
 * hostile: what is read is bounded, and every offset is checked.
 */
#ifndef MEMOIR_SYMBOLIZER_FUNCTIONS_H
#define MEMOIR_SYMBOLIZER_FUNCTIONS_H

#include "../questions.h"

/*
 * Finds the functions of heaps (../heapfunctions.h) in a file, from its table of symbols or of those
 * that it exports; each place once, under the first of its names; and the probes of the provider
 * otel_memory that it offers, if all of them are understood and there is one of each kind: else none.
 * Fills the numbers and places of ret. How many there are of both, or a negative errno; -ENOEXEC where
 * the file is no ELF file of this machine.
 *
 * A probe takes the place of one instruction, which the kernel then imitates or else executes alone,
 * which costs a second trap. So the place is that of the first instruction of the function that is
 * imitated, if nothing before it changes an argument or the stack pointer; else it is the begin of the
 * function.
 */
int functions_find(int fd, struct answer_places *ret);

/* The number of bytes at the begin of a function to pass over for a cheaper place; for the tests. */
__u32 functions_bytes_before_cheap(const __u8 *code, __u32 size);

#endif
