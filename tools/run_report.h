/* SPDX-License-Identifier: MIT */
/* What "weft run --report" shows: the records that the processes of the tree left. */
#ifndef WEFT_TOOLS_RUN_REPORT_H
#define WEFT_TOOLS_RUN_REPORT_H

#include <stdbool.h>

/*
 * run_report() - read the records at @path and show them with @notes, a list that ends
 * with NULL. @ending says how the program ended. 0 or a negative errno.
 */
int run_report(const char *path, const char *program, const char *ending,
	       const char *const *notes, bool json);

#endif
