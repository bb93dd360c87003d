/* SPDX-License-Identifier: MIT */
/* "weft bench zlib": the front end beside the system's zlib. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_comp.h"
#include "cmd.h"
#include "front.h"
#include "table.h"
#include "ui.h"
#include "zlib_case.h"

#define SYSTEM_ZLIB	"libz.so.1"
#define LONG_STREAM	((size_t)64 << 20)
#define IDLE_STREAMS	10000
#define IDLE_QUICK	1000
#define MESSAGE_LEVEL	6

static const struct bench_config two_threads = {
	.env = { { "WEFT_ENGINE_THREADS", "2" } },
};

enum {
	COL_FILE,
	COL_LEVEL,
	COL_WHAT,
	COL_RATIO,
	COL_RATIO_VS,
	COL_MBS,
	COL_ZLIB_MBS,
	COL_VS,
	COL_OTHER_VS,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_FILE] = { "file", "FILE", COLUMN_TEXT, 0, false },
	[COL_LEVEL] = { "level", "LEVEL", COLUMN_NUMBER, 0, false },
	[COL_WHAT] = { "what", "WHAT", COLUMN_TEXT, 0, false },
	[COL_RATIO] = { "ratio", "RATIO", COLUMN_NUMBER, 3, false },
	[COL_RATIO_VS] = { "ratio_vs_zlib", "x ZLIB", COLUMN_NUMBER, 3, false },
	[COL_MBS] = { "mb_s", "MB/s", COLUMN_NUMBER, 1, false },
	[COL_ZLIB_MBS] = { "zlib_mb_s", "ZLIB MB/s", COLUMN_NUMBER, 1, false },
	[COL_VS] = { "speed_vs_zlib", "x ZLIB", COLUMN_NUMBER, 2, false },
	[COL_OTHER_VS] = { "other_vs_zlib", "OTHER x ZLIB", COLUMN_NUMBER, 2, false },
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

enum {
	BUD_WHAT,
	BUD_VALUE,
	BUD_SIGN,
	BUD_LIMIT,
	BUD_RESULT,
	BUD_DETAIL,
	BUD_COUNT,
};

static const struct column budget_columns[] = {
	[BUD_WHAT] = { "what", "BUDGET", COLUMN_TEXT, 0, false },
	[BUD_VALUE] = { "value", "MEASURED", COLUMN_NUMBER, 3, false },
	[BUD_SIGN] = { "bound", "", COLUMN_TEXT, 0, false },
	[BUD_LIMIT] = { "limit", "LIMIT", COLUMN_NUMBER, 3, false },
	[BUD_RESULT] = { "result", "RESULT", COLUMN_TEXT, 0, false },
	[BUD_DETAIL] = { "detail", "DETAIL", COLUMN_TEXT, 0, false },
};

_Static_assert(sizeof(budget_columns) / sizeof(budget_columns[0]) == BUD_COUNT,
	       "a column without a row");

/* The geometric mean of what was put in, and the least. */
struct mean {
	double log_sum, least;
	unsigned int count;
};

static void mean_add(struct mean *m, double v)
{
	if (!(v > 0) || !isfinite(v))
		return;
	m->log_sum += log(v);
	m->least = m->count && m->least < v ? m->least : v;
	m->count++;
}

static double mean_of(const struct mean *m)
{
	return m->count ? exp(m->log_sum / m->count) : NAN;
}

static double least_of(const struct mean *m)
{
	return m->count ? m->least : NAN;
}

/* What is measured of each file. */
static const struct {
	const char *what;
	enum zlib_work work;
	bool levels;		/* at each of them */
} kinds[] = {
	{ "compress, one call", ZLIB_COMPRESS, true },
	{ "deflate, 16 KiB", ZLIB_DEFLATE, true },
	{ "uncompress, one call", ZLIB_UNCOMPRESS, false },
	{ "inflate, 16 KiB", ZLIB_INFLATE, false },
};

#define KIND_COUNT	(sizeof(kinds) / sizeof(kinds[0]))

struct session {
	const struct comp_plan *plan;
	char front[4096];
	struct table *table, *budgets;
	struct mean speed[KIND_COUNT][PLAN_LIST_MAX];
	struct mean ratio[KIND_COUNT][PLAN_LIST_MAX];
	struct mean other[KIND_COUNT][PLAN_LIST_MAX];
	bool good;
};

static int measure(struct session *s, struct zlib_case *c, const struct bench_config *config,
		   struct bench_result *res)
{
	struct bench_run run = { .config = config, .fn = zlib_measure, .arg = c };
	int ret;

	c->paths[ZLIB_SYSTEM] = SYSTEM_ZLIB;
	c->paths[ZLIB_FRONT] = s->front;
	c->paths[ZLIB_OTHER] = s->plan->against;
	c->seconds = s->plan->seconds;
	c->rounds = s->plan->rounds;
	ret = bench_once(&run);
	*res = run.last;
	if (ret) {
		bench_quiet();
		ui_error("%s, level %d: %s", c->sample->name, c->level, strerror(-ret));
		s->good = false;
	}
	return ret;
}

static double speed_vs(const struct bench_result *res, unsigned int lib)
{
	double t = res->value[ZLIB_VALUE_SECONDS(lib)];

	return isfinite(t) ? res->value[ZLIB_VALUE_SECONDS(ZLIB_SYSTEM)] / t : NAN;
}

/* How much better than zlib's the ratio is. */
static double ratio_vs(const struct bench_result *res)
{
	return res->value[ZLIB_VALUE_BYTES(ZLIB_SYSTEM)] / res->value[ZLIB_VALUE_BYTES(ZLIB_FRONT)];
}

/* ---- the tables ---------------------------------------------------------- */

static void one_row(struct session *s, size_t kind, size_t level, const struct sample *sample)
{
	struct zlib_case c = {
		.work = kinds[kind].work, .level = s->plan->levels[level], .sample = sample,
	};
	struct bench_result res;
	double mb = (double)sample->len / 1e6;
	bool packs = kinds[kind].levels;

	bench_say("measuring %s, %s, level %d", sample->name, kinds[kind].what, c.level);
	if (measure(s, &c, &bench_inline, &res))
		return;
	table_row(s->table);
	table_text(s->table, COL_FILE, sample->name);
	table_text(s->table, COL_WHAT, kinds[kind].what);
	if (packs) {
		table_number(s->table, COL_LEVEL, c.level);
		table_number(s->table, COL_RATIO, (double)sample->len /
			     res.value[ZLIB_VALUE_BYTES(ZLIB_FRONT)]);
		table_number(s->table, COL_RATIO_VS, ratio_vs(&res));
		mean_add(&s->ratio[kind][level], ratio_vs(&res));
	}
	table_number(s->table, COL_MBS, mb / res.value[ZLIB_VALUE_SECONDS(ZLIB_FRONT)]);
	table_number(s->table, COL_ZLIB_MBS, mb / res.value[ZLIB_VALUE_SECONDS(ZLIB_SYSTEM)]);
	table_number(s->table, COL_VS, speed_vs(&res, ZLIB_FRONT));
	table_number(s->table, COL_OTHER_VS, speed_vs(&res, ZLIB_OTHER));
	mean_add(&s->speed[kind][level], speed_vs(&res, ZLIB_FRONT));
	mean_add(&s->other[kind][level], speed_vs(&res, ZLIB_OTHER));
}

static void mean_row(struct session *s, size_t kind, size_t level)
{
	table_row(s->table);
	table_text(s->table, COL_FILE, "geometric mean");
	table_text(s->table, COL_WHAT, kinds[kind].what);
	if (kinds[kind].levels) {
		table_number(s->table, COL_LEVEL, s->plan->levels[level]);
		table_number(s->table, COL_RATIO_VS, mean_of(&s->ratio[kind][level]));
	}
	table_number(s->table, COL_VS, mean_of(&s->speed[kind][level]));
	table_number(s->table, COL_OTHER_VS, mean_of(&s->other[kind][level]));
}

static void all_rows(struct session *s, bool show)
{
	for (size_t kind = 0; kind < KIND_COUNT; kind++) {
		size_t levels = kinds[kind].levels ? s->plan->level_count : 1;

		for (size_t level = 0; level < levels; level++) {
			for (size_t i = 0; i < s->plan->sample_count; i++)
				one_row(s, kind, level, &s->plan->samples[i]);
			mean_row(s, kind, level);
		}
	}
	bench_quiet();
	if (!show)
		return;
	out_table("throughput", s->table);
	out_line("%s", "");
}

/* ---- the budgets --------------------------------------------------------- */

static void report(struct session *s, const char *what, bool at_least, double limit, double value,
		   const char *detail)
{
	table_row(s->budgets);
	table_text(s->budgets, BUD_WHAT, what);
	table_number(s->budgets, BUD_VALUE, value);
	table_text(s->budgets, BUD_DETAIL, detail);
	if (isnan(limit))	/* a figure, no budget */
		return;
	table_text(s->budgets, BUD_SIGN, at_least ? ">=" : "<=");
	table_number(s->budgets, BUD_LIMIT, limit);
	table_text(s->budgets, BUD_RESULT, isnan(value) ? "n/a" :
		   (at_least ? value >= limit : value <= limit) ? "PASS" : "MISS");
}

/* Of the means over all files; level 0: of no level. */
static const struct {
	const char *what;
	size_t kind;
	int level;
	double limit;
} mean_budgets[] = {
	{ "one call, level 1: speed of zlib's", 0, 1, 3 },
	{ "one call, level 6: speed of zlib's", 0, 6, 2.2 },
	{ "uncompress, one call: speed of zlib's", 2, 0, 2.3 },
	{ "inflate, 16 KiB: speed of zlib's", 3, 0, 1.9 },
};

static void report_means(struct session *s)
{
	char what[96], detail[96];

	for (size_t i = 0; i < sizeof(mean_budgets) / sizeof(mean_budgets[0]); i++) {
		size_t kind = mean_budgets[i].kind;

		for (size_t level = 0; level < s->plan->level_count; level++) {
			if (mean_budgets[i].level ? s->plan->levels[level] != mean_budgets[i].level :
			    level != 0)
				continue;
			snprintf(detail, sizeof(detail), "mean of %u files, the least %.2f",
				 s->speed[kind][level].count, least_of(&s->speed[kind][level]));
			report(s, mean_budgets[i].what, true, mean_budgets[i].limit,
			       mean_of(&s->speed[kind][level]), detail);
		}
	}
	for (size_t kind = 0; kind < KIND_COUNT; kind++) {
		for (size_t level = 0; kinds[kind].levels && level < s->plan->level_count; level++) {
			snprintf(what, sizeof(what), "%s, level %d: ratio of zlib's", kinds[kind].what,
				 s->plan->levels[level]);
			report(s, what, true, 0.995, mean_of(&s->ratio[kind][level]), "mean");
			report(s, what, true, 0.96, least_of(&s->ratio[kind][level]), "worst file");
		}
	}
}

/* Work that has nothing to do with how the files look. */
static const struct {
	const char *what;
	enum zlib_work work;
	double limit;
} small_budgets[] = {
	{ "100-byte messages, compress: speed of zlib's", ZLIB_MESSAGES, 0.9 },
	{ "100-byte messages, uncompress: speed of zlib's", ZLIB_MESSAGES_BACK, 0.9 },
	{ "deflateInit and End: speed of zlib's", ZLIB_INIT, 1 },
	{ "inflateInit and End: speed of zlib's", ZLIB_INIT_BACK, 1 },
};

static void report_small(struct session *s)
{
	for (size_t i = 0; i < sizeof(small_budgets) / sizeof(small_budgets[0]); i++) {
		struct zlib_case c = {
			.work = small_budgets[i].work, .level = MESSAGE_LEVEL,
			.sample = &s->plan->samples[0],
		};
		struct bench_result res;
		char detail[96];

		bench_say("measuring %s", small_budgets[i].what);
		if (s->plan->samples[0].len <= 200) {
			report(s, small_budgets[i].what, true, small_budgets[i].limit, NAN,
			       "the first file is too short");
			continue;
		}
		if (measure(s, &c, &bench_inline, &res))
			continue;
		snprintf(detail, sizeof(detail), "%.2f and %.2f us",
			 res.value[ZLIB_VALUE_SECONDS(ZLIB_FRONT)] / 2000 * 1e6,
			 res.value[ZLIB_VALUE_SECONDS(ZLIB_SYSTEM)] / 2000 * 1e6);
		report(s, small_budgets[i].what, true, small_budgets[i].limit,
		       speed_vs(&res, ZLIB_FRONT), detail);
	}
}

static void report_long(struct session *s)
{
	struct zlib_case c = {
		.work = ZLIB_DEFLATE, .level = 6, .sample = &s->plan->samples[0],
		.len = LONG_STREAM, .wall = true,
	};
	static const char what[] = "64 MiB stream, level 6, two engine threads: speed of zlib's";
	struct sample all;
	struct bench_result res;
	char detail[96];

	if (bench_cpu_count() < 2) {
		report(s, what, true, 3.5, NAN, "one CPU");
		return;
	}
	if (sample_join(&all, s->plan->samples, s->plan->sample_count, PLAN_SAMPLE_LEN)) {
		s->good = false;
		return;
	}
	c.sample = &all;
	bench_say("measuring %s", what);
	if (!measure(s, &c, &two_threads, &res)) {
		snprintf(detail, sizeof(detail), "%.0f and %.0f MB/s, time that passes",
			 (double)LONG_STREAM / 1e6 / res.value[ZLIB_VALUE_SECONDS(ZLIB_FRONT)],
			 (double)LONG_STREAM / 1e6 / res.value[ZLIB_VALUE_SECONDS(ZLIB_SYSTEM)]);
		report(s, what, true, 3.5, speed_vs(&res, ZLIB_FRONT), detail);
	}
	sample_free(&all);
}

static const struct {
	const char *what;
	bool inflate;
	bool idle;
} memory_budgets[] = {
	{ "idle deflate streams: memory of zlib's", false, true },
	{ "idle inflate streams: memory of zlib's", true, true },
	{ "one deflate stream, peak: memory of zlib's", false, false },
	{ "one inflate stream, peak: memory of zlib's", true, false },
};

static void report_memory(struct session *s)
{
	for (size_t i = 0; i < sizeof(memory_budgets) / sizeof(memory_budgets[0]); i++) {
		struct zlib_memory m[2];
		struct bench_run runs[2];
		double bytes[2];
		char a[32], b[32], detail[96], what[96];
		unsigned int streams = !memory_budgets[i].idle ? 0 :
			s->plan->quick ? IDLE_QUICK : IDLE_STREAMS;

		snprintf(what, sizeof(what), streams ? "%u %s" : "%.0u%s", streams,
			 memory_budgets[i].what);
		bench_say("measuring %s", what);
		for (size_t lib = 0; lib < 2; lib++) {
			m[lib] = (struct zlib_memory){
				.path = lib ? s->front : SYSTEM_ZLIB,
				.streams = streams,
				.inflate = memory_budgets[i].inflate,
				.sample = &s->plan->samples[0],
			};
			runs[lib] = (struct bench_run){
				.config = &bench_inline, .fn = zlib_measure_memory, .arg = &m[lib],
			};
			bytes[lib] = bench_once(&runs[lib]) ? NAN : runs[lib].last.value[0];
		}
		snprintf(detail, sizeof(detail), "%s and %s",
			 isnan(bytes[1]) ? "?" : ui_size((uint64_t)bytes[1], a, sizeof(a)),
			 isnan(bytes[0]) ? "?" : ui_size((uint64_t)bytes[0], b, sizeof(b)));
		/* Only the idle ones have a budget; of the one, the figures are what counts. */
		report(s, what, false, streams ? 1 : NAN,
		       bytes[1] / bytes[0], detail);
	}
}

int zlib_tables(const struct comp_plan *plan, bool budgets)
{
	static struct session s;

	s = (struct session){ .plan = plan, .good = true };
	if (!front_find(s.front, sizeof(s.front), &front_zlib))
		return CMD_FAILED;
	s.table = table_new(columns, COL_COUNT);
	s.budgets = table_new(budget_columns, BUD_COUNT);
	all_rows(&s, !budgets);
	report_means(&s);
	report_small(&s);
	report_memory(&s);
	if (!plan->quick)
		report_long(&s);
	bench_quiet();
	out_table("budgets", s.budgets);
	table_free(s.table);
	table_free(s.budgets);
	return s.good ? CMD_OK : CMD_FAILED;
}
