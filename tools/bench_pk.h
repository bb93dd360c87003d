/* SPDX-License-Identifier: MIT */
/* Public keys: the device against EVP, operation by operation. */
#ifndef WEFT_TOOLS_BENCH_PK_H
#define WEFT_TOOLS_BENCH_PK_H

/* A table, and the budgets. @seconds: for each number. An exit status. */
int pk_tables(double seconds, unsigned int rounds);

#endif
