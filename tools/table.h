/* SPDX-License-Identifier: MIT */
/*
 * Results as rows of typed cells, shown as aligned text or as one JSON object.
 * A command fills tables and never asks which of the two it is.
 */
#ifndef WEFT_TOOLS_TABLE_H
#define WEFT_TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum column_type {
	COLUMN_TEXT,	/* left-aligned */
	COLUMN_NUMBER,	/* right-aligned, with @decimals */
	COLUMN_WORDS,	/* a list, its items separated by newlines; JSON: an array */
};

/*
 * @key:      name in JSON
 * @title:    heading of the text column; NULL keeps it out of the text
 * @below:    shown under the row, "title: value", not as a column
 */
struct column {
	const char *key;
	const char *title;
	enum column_type type;
	unsigned int decimals;
	bool below;
};

struct table;

/* @columns has to outlive the table. Tables end the program when memory is out. */
struct table *table_new(const struct column *columns, size_t count);
void table_free(struct table *t);
void table_row(struct table *t);	/* start a row; its cells are empty */
void table_text(struct table *t, size_t column, const char *text);
void table_number(struct table *t, size_t column, double value);

/* ---- where tables go ---- */

/*
 * out_begin() - text on stdout as it comes, or JSON in one piece at the end.
 * False, after a message, when this build cannot write JSON.
 */
bool out_begin(bool json);
bool out_is_json(void);
/* A fact about the whole run. JSON only; "key" at the top level. */
void out_fact(const char *key, const char *value);
/* A line for the reader. Text only. */
void out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* @key: member of the JSON object; tables of the same key are joined. */
void out_table(const char *key, const struct table *t);
void out_end(void);

#endif
