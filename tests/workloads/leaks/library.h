/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shared library that is built without frame pointers, as most libraries are, and leaks. */
#ifndef MEMOIR_TESTS_WORKLOADS_LEAKS_LIBRARY_H
#define MEMOIR_TESTS_WORKLOADS_LEAKS_LIBRARY_H

#include <stddef.h>

/* Stores something that is never given back. Returns its bytes. */
size_t library_store(void);

#endif
