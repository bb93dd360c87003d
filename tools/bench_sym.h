/* SPDX-License-Identifier: MIT */
/* Ciphers, digests and AEAD: libwd against EVP and ipsec-mb. */
#ifndef WEFT_TOOLS_BENCH_SYM_H
#define WEFT_TOOLS_BENCH_SYM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * @names: parts of names of algorithms, separated by commas; NULL: all
 * @sizes, @depths: empty: 64 bytes to 64 KiB; 1, 16 and 64
 * @seconds: for each number
 * @budgets: only what the budgets need
 */
struct sym_plan {
	const char *names;
	const size_t *sizes;
	size_t size_count;
	const unsigned int *depths;
	size_t depth_count;
	double seconds;
	unsigned int turns;
	bool budgets;
};

/* Is there an algorithm for one of the words? */
bool sym_named(const char *names);

/* A table, and the budgets. An exit status. */
int sym_tables(const struct sym_plan *plan);

#endif
