/* SPDX-License-Identifier: MIT */
/* The OpenSSL front end's part of the report. */
#ifndef WEFT_TOOLS_RUN_REPORT_OPENSSL_H
#define WEFT_TOOLS_RUN_REPORT_OPENSSL_H

#include <stdbool.h>

struct table;

struct table *run_report_openssl_new(void);

/*
 * run_report_openssl_add() - a row of @line, which is spoilt, if that is a record of the OpenSSL
 * front end; false if it is not.
 */
bool run_report_openssl_add(struct table *t, char *line);

#endif
