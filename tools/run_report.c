/* SPDX-License-Identifier: MIT */
/*
 * A record is a line of fields with tabs between them: the front end's name, then
 * "key=value". "WORK_COUNTER" counts what was asked for, "WORK_device_COUNTER" the
 * part of it that the device did; "path_NAME" and "out_NAME" are bytes that went in and
 * came out, and "calls_NAME" calls, by who served them; "fallback_REASON" streams that were
 * left to the system's library. pid, comm and mode say whose record it is. The file was
 * writable by every program of the tree, so nothing in it is believed.
 */
#include "run_report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_report_openssl.h"
#include "table.h"
#include "ui.h"

#define RECORD_MAX	8192
#define LIST_MAX	32
#define NAME_MAX_LEN	48

/* What is counted of each kind of work. */
enum {
	COUNT_STREAMS,
	COUNT_CALLS,
	COUNT_IN,
	COUNT_OUT,
	COUNT_DEVICE_STREAMS,
	COUNT_DEVICE_IN,
	COUNTS,
};

static const char *const count_names[COUNTS] = {
	"streams", "calls", "in", "out", "device_streams", "device_in",
};

static const char *const works[] = { "deflate", "inflate" };

#define WORKS	(sizeof(works) / sizeof(works[0]))

/* A name and a number that the record brings along. */
struct named {
	char name[NAME_MAX_LEN];
	double value;
};

struct list {
	struct named item[LIST_MAX];
	size_t count;
};

/* What is known of each path: lists of the same names. */
enum {
	PATH_CALLS,
	PATH_IN,
	PATH_OUT,
	PATH_LISTS,
};

struct record {
	char front[16];
	char pid[16];
	char program[64];
	char mode[16];
	double count[WORKS][COUNTS];	/* NAN: not told */
	struct list paths[PATH_LISTS], reasons, others;
};

enum {
	COL_PID,
	COL_PROGRAM,
	COL_MODE,
	COL_WORK,
	COL_COUNTS,
	COL_COUNT = COL_COUNTS + COUNTS,
};

static const struct column columns[] = {
	[COL_PID] = { "pid", "PID", COLUMN_TEXT, 0, false },
	[COL_PROGRAM] = { "program", "PROGRAM", COLUMN_TEXT, 0, false },
	[COL_MODE] = { "mode", "MODE", COLUMN_TEXT, 0, false },
	[COL_WORK] = { "work", "WORK", COLUMN_TEXT, 0, false },
	[COL_COUNTS + COUNT_STREAMS] = { "streams", "STREAMS", COLUMN_NUMBER, 0, false },
	[COL_COUNTS + COUNT_CALLS] = { "calls", "CALLS", COLUMN_NUMBER, 0, false },
	[COL_COUNTS + COUNT_IN] = { "in_bytes", "BYTES IN", COLUMN_NUMBER, 0, false },
	[COL_COUNTS + COUNT_OUT] = { "out_bytes", "BYTES OUT", COLUMN_NUMBER, 0, false },
	[COL_COUNTS + COUNT_DEVICE_STREAMS] = {
		"device_streams", "DEVICE STREAMS", COLUMN_NUMBER, 0, false,
	},
	[COL_COUNTS + COUNT_DEVICE_IN] = {
		"device_in_bytes", "DEVICE BYTES IN", COLUMN_NUMBER, 0, false,
	},
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

enum { SUM_NAME, SUM_VALUE, SUM_COUNT };

static const struct column path_columns[1 + PATH_LISTS] = {
	{ "path", "DONE BY", COLUMN_TEXT, 0, false },
	[1 + PATH_CALLS] = { "calls", "CALLS", COLUMN_NUMBER, 0, false },
	[1 + PATH_IN] = { "bytes", "BYTES IN", COLUMN_NUMBER, 0, false },
	[1 + PATH_OUT] = { "out_bytes", "BYTES OUT", COLUMN_NUMBER, 0, false },
};

static const struct column reason_columns[] = {
	[SUM_NAME] = { "reason", "LEFT TO ZLIB BECAUSE OF", COLUMN_TEXT, 0, false },
	[SUM_VALUE] = { "streams", "STREAMS", COLUMN_NUMBER, 0, false },
};

static const struct column other_columns[] = {
	[SUM_NAME] = { "counter", "ALSO COUNTED", COLUMN_TEXT, 0, false },
	[SUM_VALUE] = { "value", "", COLUMN_NUMBER, 0, false },
};

static const struct column note_columns[] = { { "note", "NOTE", COLUMN_TEXT, 0, false } };

/* ---- reading ------------------------------------------------------------ */

static struct named *find(struct list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!strcmp(list->item[i].name, name))
			return &list->item[i];
	}
	return NULL;
}

static void add(struct list *list, const char *name, double value)
{
	struct named *item = find(list, name);

	if (item) {
		item->value += value;
		return;
	}
	if (list->count == LIST_MAX || strlen(name) >= NAME_MAX_LEN)
		return;
	item = &list->item[list->count++];
	strcpy(item->name, name);
	item->value = value;
}

static void add_all(struct list *sum, const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		add(sum, list->item[i].name, list->item[i].value);
}

/* "deflate_in" of a work and a counter. */
static bool take_count(struct record *r, const char *key, double value)
{
	for (size_t w = 0; w < WORKS; w++) {
		size_t len = strlen(works[w]);

		if (strncmp(key, works[w], len) || key[len] != '_')
			continue;
		for (size_t c = 0; c < COUNTS; c++) {
			if (strcmp(key + len + 1, count_names[c]))
				continue;
			r->count[w][c] = value;
			return true;
		}
	}
	return false;
}

static void take_number(struct record *r, const char *key, double value)
{
	const struct {
		const char *prefix;
		struct list *list;
	} lists[] = {
		{ "calls_", &r->paths[PATH_CALLS] },
		{ "path_", &r->paths[PATH_IN] },
		{ "out_", &r->paths[PATH_OUT] },
		{ "fallback_", &r->reasons },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		size_t len = strlen(lists[i].prefix);

		if (!strncmp(key, lists[i].prefix, len)) {
			add(lists[i].list, key + len, value);
			return;
		}
	}
	if (!take_count(r, key, value))
		add(&r->others, key, value);
}

static void take_field(struct record *r, char *field)
{
	static const struct {
		const char *key;
		size_t at, size;
	} texts[] = {
		{ "pid", offsetof(struct record, pid), sizeof(r->pid) },
		{ "comm", offsetof(struct record, program), sizeof(r->program) },
		{ "mode", offsetof(struct record, mode), sizeof(r->mode) },
	};
	char *value = strchr(field, '='), *end;
	double number;

	if (!value)
		return;
	*value++ = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!strcmp(field, texts[i].key)) {
			snprintf((char *)r + texts[i].at, texts[i].size, "%s", value);
			return;
		}
	}
	number = strtod(value, &end);
	if (end != value && !*end && number >= 0 && isfinite(number))
		take_number(r, field, number);
}

/* False when it is no record. */
static bool parse(struct record *r, char *line)
{
	char *word, *save = NULL;

	memset(r, 0, sizeof(*r));
	for (size_t w = 0; w < WORKS; w++) {
		for (size_t c = 0; c < COUNTS; c++)
			r->count[w][c] = NAN;
	}
	for (char *c = line; *c; c++) {
		if (*c != '\t' && ((unsigned char)*c < ' ' || *c == 0x7f))
			*c = *c == '\n' ? 0 : '?';
	}
	word = strtok_r(line, "\t", &save);
	if (!word || strcmp(word, "zlib"))
		return false;
	snprintf(r->front, sizeof(r->front), "%s", word);
	while ((word = strtok_r(NULL, "\t", &save)))
		take_field(r, word);
	return *r->pid;
}

/* ---- showing ------------------------------------------------------------ */

static bool is_idle(const double *count)
{
	for (size_t i = 0; i < COUNTS; i++) {
		if (count[i] > 0)
			return false;
	}
	return true;
}

static void begin_row(struct table *t, const struct record *r, const char *work)
{
	table_row(t);
	table_text(t, COL_PID, r->pid);
	table_text(t, COL_PROGRAM, r->program);
	table_text(t, COL_MODE, r->mode);
	table_text(t, COL_WORK, work);
}

/* A row for each kind of work; a process that did none has one that says so. */
static void add_rows(struct table *t, const struct record *r)
{
	bool any = false;

	for (size_t w = 0; w < WORKS; w++) {
		if (is_idle(r->count[w]))
			continue;
		begin_row(t, r, works[w]);
		for (size_t c = 0; c < COUNTS; c++)
			table_number(t, COL_COUNTS + c, r->count[w][c]);
		any = true;
	}
	if (!any)
		begin_row(t, r, "other");
}

static void show_table(const char *key, struct table *t, bool any)
{
	if (any)
		out_line("%s", "");
	if (any || out_is_json())
		out_table(key, t);
	table_free(t);
}

/* Who did what all processes asked for. */
static void show_paths(struct list *paths)
{
	struct table *t = table_new(path_columns, 1 + PATH_LISTS);
	bool any = false;

	for (size_t i = 0; i < paths[PATH_IN].count; i++) {
		const char *name = paths[PATH_IN].item[i].name;
		const struct named *of[PATH_LISTS];
		bool idle = true;

		for (size_t l = 0; l < PATH_LISTS; l++) {
			of[l] = find(&paths[l], name);
			idle &= !of[l] || !(of[l]->value > 0);
		}
		if (idle)
			continue;
		table_row(t);
		table_text(t, 0, name);
		for (size_t l = 0; l < PATH_LISTS; l++)
			table_number(t, 1 + l, of[l] ? of[l]->value : NAN);
		any = true;
	}
	show_table("paths", t, any);
}

/* What all processes did together; text has no table of nothing. */
static void show_sum(const char *key, const struct column *cols, const struct list *sum)
{
	struct table *t = table_new(cols, SUM_COUNT);
	bool any = false;

	for (size_t i = 0; i < sum->count; i++) {
		if (!(sum->item[i].value > 0))
			continue;
		table_row(t);
		table_text(t, SUM_NAME, sum->item[i].name);
		table_number(t, SUM_VALUE, sum->item[i].value);
		any = true;
	}
	show_table(key, t, any);
}

static void show(const struct table *processes, size_t count, struct record *sum,
		 const struct table *openssl, size_t openssl_count, const char *const *notes)
{
	struct table *remarks = table_new(note_columns, 1);

	if (!count && !openssl_count)
		out_line("no process has called a front end");
	if (count || out_is_json())
		out_table("processes", processes);
	show_paths(sum->paths);
	show_sum("fallbacks", reason_columns, &sum->reasons);
	show_sum("others", other_columns, &sum->others);
	if (count && openssl_count)
		out_line("%s", "");
	if (openssl_count || out_is_json())
		out_table("openssl", openssl);
	for (size_t i = 0; notes[i]; i++) {
		out_line("%s", notes[i]);
		table_row(remarks);
		table_text(remarks, 0, notes[i]);
	}
	if (out_is_json())
		out_table("notes", remarks);
	table_free(remarks);
}

int run_report(const char *path, const char *program, const char *ending,
	       const char *const *notes, bool json)
{
	static struct record r, sum;
	struct table *processes, *openssl;
	static char line[RECORD_MAX];
	FILE *f = fopen(path, "re");
	size_t count = 0, openssl_count = 0;

	if (!f)
		return -errno;
	if (!out_begin(json)) {
		fclose(f);
		return -ENOTSUP;
	}
	processes = table_new(columns, COL_COUNT);
	openssl = run_report_openssl_new();
	out_fact("program", program);
	out_fact("ended", ending);
	out_line("weft run: %s: %s", program, ending);
	while (fgets(line, sizeof(line), f)) {
		if (run_report_openssl_add(openssl, line)) {
			openssl_count++;
			continue;
		}
		if (!parse(&r, line))
			continue;
		add_rows(processes, &r);
		for (size_t l = 0; l < PATH_LISTS; l++)
			add_all(&sum.paths[l], &r.paths[l]);
		add_all(&sum.reasons, &r.reasons);
		add_all(&sum.others, &r.others);
		count++;
	}
	fclose(f);
	show(processes, count, &sum, openssl, openssl_count, notes);
	out_end();
	table_free(processes);
	table_free(openssl);
	return 0;
}
