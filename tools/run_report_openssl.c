/* SPDX-License-Identifier: MIT */
/*
 * A record is "openssl", then "key=value": pid, comm, algorithm, and for each way that an
 * operation can take its calls ("WAY") and bytes ("WAY_bytes"). Nothing in it is believed.
 */
#include "run_report_openssl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define TEXT_MAX	64

enum {
	COL_PID,
	COL_PROGRAM,
	COL_ALGORITHM,
	COL_CPU,
	COL_CPU_BYTES,
	COL_SYNC,
	COL_SYNC_BYTES,
	COL_ASYNC,
	COL_ASYNC_BYTES,
	COL_REDONE,
	COL_REDONE_BYTES,
	COL_COUNT,
	TEXTS = COL_CPU,
};

static const struct column columns[] = {
	[COL_PID] = { "pid", "PID", COLUMN_TEXT, 0, false },
	[COL_PROGRAM] = { "program", "PROGRAM", COLUMN_TEXT, 0, false },
	[COL_ALGORITHM] = { "algorithm", "ALGORITHM", COLUMN_TEXT, 0, false },
	[COL_CPU] = { "cpu", "CPU", COLUMN_NUMBER, 0, false },
	[COL_CPU_BYTES] = { "cpu_bytes", "BYTES", COLUMN_NUMBER, 0, false },
	[COL_SYNC] = { "sync", "DEVICE", COLUMN_NUMBER, 0, false },
	[COL_SYNC_BYTES] = { "sync_bytes", "BYTES", COLUMN_NUMBER, 0, false },
	[COL_ASYNC] = { "async", "DEVICE, JOBS", COLUMN_NUMBER, 0, false },
	[COL_ASYNC_BYTES] = { "async_bytes", "BYTES", COLUMN_NUMBER, 0, false },
	[COL_REDONE] = { "redone", "REDONE", COLUMN_NUMBER, 0, false },
	[COL_REDONE_BYTES] = { "redone_bytes", NULL, COLUMN_NUMBER, 0, false },
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

/* What the texts are called in a record. */
static const char *const text_keys[TEXTS] = {
	[COL_PID] = "pid", [COL_PROGRAM] = "comm", [COL_ALGORITHM] = "algorithm",
};

struct record {
	char text[TEXTS][TEXT_MAX];
	double count[COL_COUNT];	/* NAN: not told */
};

static void take_field(struct record *r, char *field)
{
	char *value = strchr(field, '='), *end;
	double number;

	if (!value)
		return;
	*value++ = 0;
	for (size_t i = 0; i < TEXTS; i++) {
		if (!strcmp(field, text_keys[i])) {
			snprintf(r->text[i], TEXT_MAX, "%s", value);
			return;
		}
	}
	number = strtod(value, &end);
	if (end == value || *end || !(number >= 0) || !isfinite(number))
		return;
	for (size_t i = TEXTS; i < COL_COUNT; i++) {
		if (!strcmp(field, columns[i].key))
			r->count[i] = number;
	}
}

struct table *run_report_openssl_new(void)
{
	return table_new(columns, COL_COUNT);
}

bool run_report_openssl_add(struct table *t, char *line)
{
	static const char front[] = "openssl\t";
	struct record r;
	char *word, *save = NULL;

	if (strncmp(line, front, sizeof(front) - 1))
		return false;
	memset(&r, 0, sizeof(r));
	for (size_t i = 0; i < COL_COUNT; i++)
		r.count[i] = NAN;
	for (char *c = line; *c; c++) {
		if (*c != '\t' && ((unsigned char)*c < ' ' || *c == 0x7f))
			*c = *c == '\n' ? 0 : '?';
	}
	for (word = strtok_r(line, "\t", &save); word; word = strtok_r(NULL, "\t", &save))
		take_field(&r, word);
	if (!*r.text[COL_PID] || !*r.text[COL_ALGORITHM])
		return false;
	table_row(t);
	for (size_t i = 0; i < TEXTS; i++)
		table_text(t, i, r.text[i]);
	for (size_t i = TEXTS; i < COL_COUNT; i++)
		table_number(t, i, r.count[i]);
	return true;
}
