/* SPDX-License-Identifier: MIT */
/* "weft bench comp": what its three parts have in common. */
#ifndef WEFT_TOOLS_BENCH_COMP_H
#define WEFT_TOOLS_BENCH_COMP_H

#include <stdbool.h>
#include <stddef.h>

#include "bench.h"
#include "comp_case.h"
#include "sample.h"

#define PLAN_LIST_MAX	8
#define PLAN_SAMPLE_LEN	((size_t)2 << 20)	/* of a file, and of all files together */

/*
 * @seconds: for each number that is measured, all rounds together
 * @paths:   as given; none: the built-in mix
 * @depths, @names: of "crypto"
 * @against: another library with zlib's interface for "zlib", or NULL
 * @samples: of the files that could be read; not for comp_quick()
 */
struct comp_plan {
	char **paths;
	size_t path_count;
	struct sample *samples;
	size_t sample_count;
	size_t blocks[PLAN_LIST_MAX];
	size_t block_count;
	bool blocks_given;
	unsigned int depths[PLAN_LIST_MAX];
	size_t depth_count;
	const char *names;
	int levels[PLAN_LIST_MAX];
	size_t level_count;
	const char *against;
	double seconds;
	bool seconds_given;
	unsigned int rounds;
	bool quick;
};

/* All the work on one CPU, in the thread that polls. */
extern const struct bench_config bench_inline;

/* Each prints its tables and returns an exit status. */
int comp_tables(const struct comp_plan *plan);
int comp_budgets(const struct comp_plan *plan);
int comp_quick(const struct comp_plan *plan);
/* "bench zlib": tables and budgets of the zlib front end. */
int zlib_tables(const struct comp_plan *plan, bool budgets);

#endif
