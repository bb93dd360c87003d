/* SPDX-License-Identifier: MIT */
/* Options as rows: the parser of util/options.h, and the library's own rows. */
#include "unit.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "util/bits.h"
#include "util/options.h"

struct values {
	uint32_t before;	/* nobody writes here */
	uint32_t flag;
	uint32_t number;
	uint32_t any;
	int32_t automatic;
	uint32_t choice;
	uint32_t set;
	const char *text;
	uint32_t behind;
};

enum { FLAG, NUMBER, ANY, AUTO, CHOICE, SET, TEXT, ROWS };

static const char *const colours[] = { "red", "green", "dark green", "blue", NULL };
static const char *const parts[] = { "all", "a", "ab", "c-d", NULL };

#define AT(field)	.offset = offsetof(struct values, field), .help = "help"

static const struct wdi_opt_row rows[] = {
	[FLAG] = { .name = "T_FLAG", .type = WDI_OPT_BOOL, .fallback = "on", AT(flag) },
	[NUMBER] = { .name = "T_NUMBER", .type = WDI_OPT_UINT, .fallback = "7", .min = 5, .max = 64,
		     AT(number) },
	[ANY] = { .name = "T_ANY", .type = WDI_OPT_UINT, .fallback = "0", .max = UINT32_MAX,
		  AT(any) },
	[AUTO] = { .name = "T_AUTO", .type = WDI_OPT_AUTO, .fallback = "auto", .max = 1024,
		   AT(automatic) },
	[CHOICE] = { .name = "T_CHOICE", .type = WDI_OPT_CHOICE, .fallback = "green",
		     .names = colours, AT(choice) },
	[SET] = { .name = "T_SET", .type = WDI_OPT_SET, .fallback = "all", .names = parts,
		  AT(set) },
	[TEXT] = { .name = "T_TEXT", .type = WDI_OPT_TEXT, .fallback = "", AT(text) },
};
static_assert(wdi_array_size(rows) == ROWS, "a row for each number");

static struct values untouched(void)
{
	struct values v;

	memset(&v, 0xa5, sizeof(v));
	return v;
}

static const struct {
	unsigned int row;
	const char *text;
	int64_t value;
} good[] = {
	{ FLAG, "0", 0 }, { FLAG, "off", 0 }, { FLAG, "no", 0 }, { FLAG, "false", 0 },
	{ FLAG, "1", 1 }, { FLAG, "on", 1 }, { FLAG, "yes", 1 }, { FLAG, "true", 1 },
	{ FLAG, "OFF", 0 }, { FLAG, "Yes", 1 },
	{ NUMBER, "5", 5 }, { NUMBER, "64", 64 }, { NUMBER, "0x10", 16 },
	{ ANY, "0", 0 }, { ANY, "4294967295", UINT32_MAX }, { ANY, "0xffffffff", UINT32_MAX },
	{ AUTO, "auto", -1 }, { AUTO, "AUTO", -1 }, { AUTO, "0", 0 }, { AUTO, "1024", 1024 },
	{ CHOICE, "red", 0 }, { CHOICE, "Blue", 3 }, { CHOICE, "dark green", 2 },
	{ SET, "all", 1 }, { SET, "a", 2 }, { SET, "ab", 4 }, { SET, "c-d,a", 10 },
	{ SET, "a,ab,A,a", 6 }, { SET, "all,a,ab,c-d", 15 },
};

static int64_t value_of(const struct values *v, const struct wdi_opt_row *row)
{
	uint32_t bits;

	memcpy(&bits, (const char *)v + row->offset, sizeof(bits));
	return row->type == WDI_OPT_AUTO ? (int64_t)(int32_t)bits : (int64_t)bits;
}

START_TEST(good_values)
{
	const struct wdi_opt_row *row = &rows[good[_i].row];
	struct values v = untouched(), want = untouched();
	uint32_t bits = (uint32_t)good[_i].value;

	ck_assert_int_eq(wdi_opt_parse(row, good[_i].text, &v), 0);
	ck_assert_int_eq(value_of(&v, row), good[_i].value);
	memcpy((char *)&want + row->offset, &bits, sizeof(bits));
	ck_assert_mem_eq(&v, &want, sizeof(v));
}
END_TEST

START_TEST(text_values)
{
	static const char *const texts[] = { "", "x", "a=b:c@d,e", "  " };
	struct values v = untouched();

	for (size_t i = 0; i < wdi_array_size(texts); i++) {
		ck_assert_int_eq(wdi_opt_parse(&rows[TEXT], texts[i], &v), 0);
		ck_assert_ptr_eq(v.text, texts[i]);
	}
	ck_assert_uint_eq(v.behind, 0xa5a5a5a5);
}
END_TEST

static const struct {
	unsigned int row;
	const char *text;
} bad[] = {
	{ FLAG, "" }, { FLAG, "2" }, { FLAG, "-1" }, { FLAG, "maybe" }, { FLAG, "on " },
	{ FLAG, "00" }, { FLAG, "o" },
	{ NUMBER, "" }, { NUMBER, "4" }, { NUMBER, "65" }, { NUMBER, "7x" }, { NUMBER, "7 " },
	{ NUMBER, " 7" }, { NUMBER, "+7" }, { NUMBER, "-7" }, { NUMBER, "0x" }, { NUMBER, "7.0" },
	{ NUMBER, "x10" }, { NUMBER, "auto" }, { NUMBER, "08" },
	/* 7 in 32 and in 64 bits. */
	{ NUMBER, "4294967303" }, { NUMBER, "18446744073709551623" },
	{ ANY, "4294967296" }, { ANY, "18446744073709551616" }, { ANY, "-1" },
	{ ANY, "99999999999999999999999999999999999" },
	{ AUTO, "" }, { AUTO, "-1" }, { AUTO, "1025" }, { AUTO, "aut" }, { AUTO, "auto " },
	{ CHOICE, "" }, { CHOICE, "gree" }, { CHOICE, "greens" }, { CHOICE, "red,blue" },
	{ CHOICE, "1" }, { CHOICE, "dark  green" },
	{ SET, "" }, { SET, "," }, { SET, "a," }, { SET, ",a" }, { SET, "a,,ab" }, { SET, "a ab" },
	{ SET, "abc" }, { SET, "a,b" }, { SET, "a, ab" },
};

/* Nothing is stored, not even half of a set. */
START_TEST(bad_values)
{
	struct values v = untouched(), want = untouched();

	ck_assert_int_eq(wdi_opt_parse(&rows[bad[_i].row], bad[_i].text, &v), -EINVAL);
	ck_assert_mem_eq(&v, &want, sizeof(v));
}
END_TEST

static void unset_all(void)
{
	for (size_t i = 0; i < ROWS; i++)
		unsetenv(rows[i].name);
}

static void assert_fallbacks(const struct values *v)
{
	ck_assert_uint_eq(v->flag, 1);
	ck_assert_uint_eq(v->number, 7);
	ck_assert_uint_eq(v->any, 0);
	ck_assert_int_eq(v->automatic, -1);
	ck_assert_uint_eq(v->choice, 1);
	ck_assert_uint_eq(v->set, 1);
	ck_assert_str_eq(v->text, "");
	ck_assert_uint_eq(v->before, 0xa5a5a5a5);
	ck_assert_uint_eq(v->behind, 0xa5a5a5a5);
}

START_TEST(load_unset)
{
	struct values v = untouched();

	unset_all();
	wdi_opt_load(rows, ROWS, &v);
	assert_fallbacks(&v);
}
END_TEST

START_TEST(load_set)
{
	struct values v = untouched();

	setenv("T_FLAG", "off", 1);
	setenv("T_NUMBER", "64", 1);
	setenv("T_ANY", "4294967295", 1);
	setenv("T_AUTO", "3", 1);
	setenv("T_CHOICE", "BLUE", 1);
	setenv("T_SET", "a,c-d", 1);
	setenv("T_TEXT", "sync:2@0", 1);
	wdi_opt_load(rows, ROWS, &v);
	ck_assert_uint_eq(v.flag, 0);
	ck_assert_uint_eq(v.number, 64);
	ck_assert_uint_eq(v.any, UINT32_MAX);
	ck_assert_int_eq(v.automatic, 3);
	ck_assert_uint_eq(v.choice, 3);
	ck_assert_uint_eq(v.set, 10);
	ck_assert_str_eq(v.text, "sync:2@0");
}
END_TEST

/* What does not fit counts as unset; neighbours are not affected. */
START_TEST(load_bad)
{
	struct values v = untouched();

	unset_all();
	setenv("T_FLAG", "2", 1);
	setenv("T_NUMBER", "65", 1);
	setenv("T_ANY", "", 1);
	setenv("T_AUTO", "automatic", 1);
	setenv("T_CHOICE", "dark", 1);
	setenv("T_SET", "a,b", 1);
	wdi_opt_load(rows, ROWS, &v);
	assert_fallbacks(&v);
}
END_TEST

START_TEST(type_texts)
{
	static const char *const want[] = {
		[FLAG] = "bool",
		[NUMBER] = "uint 5..64",
		[ANY] = "uint 0..4294967295",
		[AUTO] = "auto or uint 0..1024",
		[CHOICE] = "choice:red,green,dark green,blue",
		[SET] = "set:all,a,ab,c-d",
		[TEXT] = "text",
	};
	char buf[160];

	for (size_t i = 0; i < ROWS; i++) {
		ck_assert_ptr_eq(wdi_opt_type_text(&rows[i], buf, sizeof(buf)), buf);
		ck_assert_str_eq(buf, want[i]);
	}
}
END_TEST

/* Where the names do not all fit, what is there is their beginning. */
START_TEST(type_text_short)
{
	static const char whole[] = "choice:red,green,dark green,blue";
	char buf[64];

	for (size_t len = 16; len < sizeof(whole); len++) {
		memset(buf, 'x', sizeof(buf));
		wdi_opt_type_text(&rows[CHOICE], buf, len);
		ck_assert_mem_eq(buf, whole, len - 1);
		ck_assert_int_eq(buf[len - 1], '\0');
		ck_assert_int_eq(buf[len], 'x');
	}
}
END_TEST

/* ---- the library's rows -------------------------------------------------- */

static unsigned int env_rows(void)
{
	unsigned int n = 0;

	while (wdi_core_env_row(n))
		n++;
	return n;
}

START_TEST(env_rows_whole)
{
	unsigned int count = env_rows();

	ck_assert_uint_ge(count, 10);
	for (unsigned int i = 0; i < count; i++) {
		const struct wdi_opt_row *row = wdi_core_env_row(i);
		char type[160];

		ck_assert_msg(row->name && (!strncmp(row->name, "WD_", 3) ||
					    !strncmp(row->name, "WEFT_", 5)), "row %u", i);
		ck_assert_msg(row->help && strlen(row->help) > 10, "%s has no help", row->name);
		ck_assert_msg(row->fallback != NULL, "%s has no default", row->name);
		ck_assert_uint_le(row->min, row->max);
		ck_assert_uint_le(row->offset, sizeof(struct wdi_env) - sizeof(uint32_t));
		if (row->type == WDI_OPT_CHOICE || row->type == WDI_OPT_SET)
			ck_assert_msg(row->names && row->names[0], "%s has no words", row->name);
		wdi_opt_type_text(row, type, sizeof(type));
		ck_assert_uint_lt(strlen(type), sizeof(type) - 1);
		for (unsigned int k = 0; k < i; k++) {
			ck_assert_str_ne(wdi_core_env_row(k)->name, row->name);
			ck_assert_uint_ne(wdi_core_env_row(k)->offset, row->offset);
		}
	}
	ck_assert_ptr_null(wdi_core_env_row(count));
	ck_assert_ptr_null(wdi_core_env_row(UINT32_MAX));
}
END_TEST

START_TEST(env_rows_parse_fallbacks)
{
	unsigned int count = env_rows();
	struct wdi_env env;

	for (unsigned int i = 0; i < count; i++) {
		const struct wdi_opt_row *row = wdi_core_env_row(i);

		ck_assert_msg(!wdi_opt_parse(row, row->fallback, &env), "%s=%s", row->name,
			      row->fallback);
	}
}
END_TEST

/* A reading leaves no field as it was, and the values are in their limits. */
START_TEST(env_loaded)
{
	unsigned int count = env_rows();
	struct wdi_env env, other;

	for (unsigned int i = 0; i < count; i++)
		unsetenv(wdi_core_env_row(i)->name);
	memset(&env, 0xa5, sizeof(env));
	memset(&other, 0x5a, sizeof(other));
	wdi_core_env_load(&env);
	wdi_core_env_load(&other);
	for (unsigned int i = 0; i < count; i++) {
		const struct wdi_opt_row *row = wdi_core_env_row(i);
		size_t size = row->type == WDI_OPT_TEXT ? sizeof(char *) : sizeof(uint32_t);

		ck_assert_mem_eq((char *)&env + row->offset, (char *)&other + row->offset, size);
	}
	ck_assert_str_eq(env.log, "");
	ck_assert_str_eq(env.comp.ctx_num, "");
	ck_assert_int_eq(env.engine_threads, -1);
	ck_assert_uint_eq(env.inline_steps, 1);
	ck_assert_uint_eq(env.comp.async_poll_num, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *parser = tcase_create("parser");
	TCase *library = tcase_create("library");

	tcase_add_loop_test(parser, good_values, 0, wdi_array_size(good));
	tcase_add_test(parser, text_values);
	tcase_add_loop_test(parser, bad_values, 0, wdi_array_size(bad));
	tcase_add_test(parser, load_unset);
	tcase_add_test(parser, load_set);
	tcase_add_test(parser, load_bad);
	tcase_add_test(parser, type_texts);
	tcase_add_test(parser, type_text_short);
	suite_add_tcase(suite, parser);
	tcase_add_test(library, env_rows_whole);
	tcase_add_test(library, env_rows_parse_fallbacks);
	tcase_add_test(library, env_loaded);
	suite_add_tcase(suite, library);
	return unit_run(suite);
}
