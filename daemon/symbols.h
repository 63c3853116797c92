/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel calls its addresses. The kernel is asked itself, by a program of BPF that formats one
 * address, because /proc/kallsyms shows no addresses without CAP_SYSLOG, and holds them all.
 */
#ifndef MEMOIR_SYMBOLS_H
#define MEMOIR_SYMBOLS_H

#include "../bpf/abi/records.h"

struct symbols;

/* NULL without memory. Where the kernel refuses the program, which is logged, addresses stay numbers. */
struct symbols *symbols_new(void);
void symbols_free(struct symbols *symbols);

/*
 * The record of an address that is met for the first time since symbols_forget(), else NULL. Valid
 * until the next call.
 */
const struct rec_symbol *symbols_meet(struct symbols *symbols, __u64 ip);

/* Its name as the kernel writes it ("vfs_write+0x398/0x450"), or the address as a number. */
void symbols_name(const struct symbols *symbols, __u64 ip, char ret[REC_SYMBOL_LEN]);

/* A new stream begins. */
void symbols_forget(struct symbols *symbols);

#endif
