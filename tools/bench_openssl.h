/* SPDX-License-Identifier: MIT */
/* "weft bench openssl": the provider beside OpenSSL's own. */
#ifndef WEFT_TOOLS_BENCH_OPENSSL_H
#define WEFT_TOOLS_BENCH_OPENSSL_H

#include <stdbool.h>

/*
 * openssl_tables() - a table, unless only the @budgets are wanted, and the budgets. @names: only
 * algorithms in whose names this is, or NULL. @seconds: for each number. An exit status.
 */
int openssl_tables(const char *names, double seconds, bool quick, bool budgets);

#endif
