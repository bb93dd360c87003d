/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_JSON_C
#include <json-c/json.h>
#endif

#include "ui.h"

struct cell {
	char *text;		/* NULL: empty, or a number */
	double number;		/* NAN: empty */
};

struct table {
	const struct column *columns;
	size_t column_count;
	struct cell *cells;	/* row after row */
	size_t row_count;
};

static void *need(void *memory)
{
	if (!memory) {
		ui_error("out of memory");
		exit(EXIT_FAILURE);
	}
	return memory;
}

struct table *table_new(const struct column *columns, size_t count)
{
	struct table *t = need(calloc(1, sizeof(*t)));

	t->columns = columns;
	t->column_count = count;
	return t;
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->row_count * t->column_count; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

static struct cell *cell_at(const struct table *t, size_t row, size_t column)
{
	return &t->cells[row * t->column_count + column];
}

void table_row(struct table *t)
{
	size_t count = (t->row_count + 1) * t->column_count;

	t->cells = need(reallocarray(t->cells, count, sizeof(*t->cells)));
	t->row_count++;
	for (size_t i = 0; i < t->column_count; i++)
		*cell_at(t, t->row_count - 1, i) = (struct cell){ NULL, NAN };
}

void table_text(struct table *t, size_t column, const char *text)
{
	struct cell *cell = cell_at(t, t->row_count - 1, column);

	free(cell->text);
	cell->text = need(strdup(text));
}

void table_number(struct table *t, size_t column, double value)
{
	cell_at(t, t->row_count - 1, column)->number = value;
}

/* ---- text -------------------------------------------------------------- */

static const char *cell_text(const struct table *t, size_t row, size_t column, char *buf,
			     size_t len)
{
	const struct cell *cell = cell_at(t, row, column);

	if (cell->text) {
		snprintf(buf, len, "%s", cell->text);
		for (char *c = buf; *c; c++) {
			if (*c == '\n')
				*c = c[1] ? ' ' : '\0';
		}
		return buf;
	}
	if (isnan(cell->number))
		return "-";
	snprintf(buf, len, "%.*f", (int)t->columns[column].decimals, cell->number);
	return buf;
}

static bool in_line(const struct column *column)
{
	return column->title && !column->below;
}

/* What strlen() is on a terminal: bytes that continue a UTF-8 sequence take no room. */
static int text_width(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_cell(const struct column *column, const char *text, int width, bool *first)
{
	int pad = width > text_width(text) ? width - text_width(text) : 0;

	fputs(*first ? "" : "  ", stdout);
	*first = false;
	if (column->type == COLUMN_NUMBER)
		printf("%*s%s", pad, "", text);
	else
		printf("%s%*s", text, pad, "");
}

static void print_below(const struct table *t, size_t row)
{
	char buf[1024];

	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].title && t->columns[i].below)
			printf("  %s: %s\n", t->columns[i].title,
			       cell_text(t, row, i, buf, sizeof(buf)));
	}
}

static void print_table(const struct table *t)
{
	int *width = need(calloc(t->column_count + 1, sizeof(*width)));
	char buf[1024];
	size_t last = 0;
	bool first = true;

	for (size_t i = 0; i < t->column_count; i++) {
		if (!in_line(&t->columns[i]))
			continue;
		last = i;
		width[i] = text_width(t->columns[i].title);
		for (size_t row = 0; row < t->row_count; row++) {
			int w = text_width(cell_text(t, row, i, buf, sizeof(buf)));

			width[i] = w > width[i] ? w : width[i];
		}
	}
	if (t->columns[last].type != COLUMN_NUMBER)
		width[last] = 0;	/* nothing follows that would have to line up */

	for (size_t i = 0; i < t->column_count; i++) {
		if (in_line(&t->columns[i]))
			print_cell(&t->columns[i], t->columns[i].title, width[i], &first);
	}
	putchar('\n');
	for (size_t row = 0; row < t->row_count; row++) {
		first = true;
		for (size_t i = 0; i < t->column_count; i++) {
			if (in_line(&t->columns[i]))
				print_cell(&t->columns[i], cell_text(t, row, i, buf, sizeof(buf)),
					   width[i], &first);
		}
		putchar('\n');
		print_below(t, row);
	}
	free(width);
}

/* ---- JSON -------------------------------------------------------------- */

#ifdef HAVE_JSON_C

static struct json_object *root;

static struct json_object *json_words(const char *text)
{
	struct json_object *array = json_object_new_array();

	while (*text) {
		size_t len = strcspn(text, "\n");

		json_object_array_add(array, json_object_new_string_len(text, (int)len));
		text += len + (text[len] == '\n');
	}
	return array;
}

static struct json_object *json_cell(const struct column *column, const struct cell *cell)
{
	char buf[64];

	if (cell->text && column->type == COLUMN_WORDS)
		return json_words(cell->text);
	if (cell->text)
		return json_object_new_string(cell->text);
	if (isnan(cell->number))
		return NULL;
	if (!column->decimals)
		return json_object_new_int64((int64_t)cell->number);
	/* As many digits as the text shows: the rest would be noise. */
	snprintf(buf, sizeof(buf), "%.*f", (int)column->decimals, cell->number);
	return json_object_new_double_s(cell->number, buf);
}

static bool json_begin(void)
{
	root = need(json_object_new_object());
	return true;
}

static void json_fact(const char *key, const char *value)
{
	json_object_object_add(root, key, json_object_new_string(value));
}

static void json_table(const char *key, const struct table *t)
{
	struct json_object *array;

	if (!json_object_object_get_ex(root, key, &array)) {
		array = json_object_new_array();
		json_object_object_add(root, key, array);
	}
	for (size_t row = 0; row < t->row_count; row++) {
		struct json_object *object = json_object_new_object();

		for (size_t i = 0; i < t->column_count; i++)
			json_object_object_add(object, t->columns[i].key,
					       json_cell(&t->columns[i], cell_at(t, row, i)));
		json_object_array_add(array, object);
	}
}

static void json_end(void)
{
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	root = NULL;
}

#else

static bool json_begin(void)
{
	/* No command's name in front: it is the build that lacks it, not the command. */
	ui_note("weft: built without json-c; --json is not available");
	return false;
}

static void json_fact(const char *key, const char *value)
{
	(void)key;
	(void)value;
}

static void json_table(const char *key, const struct table *t)
{
	(void)key;
	(void)t;
}

static void json_end(void)
{
}

#endif

/* ---- where tables go --------------------------------------------------- */

static bool as_json;

bool out_begin(bool json)
{
	as_json = json;
	return !json || json_begin();
}

bool out_is_json(void)
{
	return as_json;
}

void out_fact(const char *key, const char *value)
{
	if (as_json)
		json_fact(key, value);
}

void out_line(const char *fmt, ...)
{
	va_list args;

	if (as_json)
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	ui_flush();
}

void out_table(const char *key, const struct table *t)
{
	if (as_json)
		json_table(key, t);
	else
		print_table(t);
	ui_flush();
}

void out_end(void)
{
	if (as_json)
		json_end();
}
