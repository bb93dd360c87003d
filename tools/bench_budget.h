/* SPDX-License-Identifier: MIT */
/* A table of what was measured against what it may be. */
#ifndef WEFT_TOOLS_BENCH_BUDGET_H
#define WEFT_TOOLS_BENCH_BUDGET_H

#include <stdbool.h>

#include "table.h"

struct table *budget_table(void);

/*
 * budget_row() - @limit: NAN when there is none. @err: 0 or a negative errno;
 * -EOPNOTSUPP: not here, and @detail says why.
 */
void budget_row(struct table *t, const char *what, bool at_least, double limit, int err,
		double value, const char *detail);

#endif
