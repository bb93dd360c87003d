/* SPDX-License-Identifier: MIT */
/* "weft bench fault". */
#ifndef WEFT_TOOLS_BENCH_FAULT_H
#define WEFT_TOOLS_BENCH_FAULT_H

/* @seconds: for each number, all rounds together. Prints its table; an exit status. */
int fault_budgets(double seconds, unsigned int rounds);

#endif
