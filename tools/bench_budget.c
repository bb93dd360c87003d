/* SPDX-License-Identifier: MIT */
/* The budgets that the device has to keep, each measured as a ratio. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_budget.h"
#include "bench_comp.h"
#include "bench_device.h"
#include "cmd.h"
#include "table.h"
#include "ui.h"

#define IDLE_ENOUGH	0.05			/* CPUs that may be missing */
#define MATCH_LEN	((size_t)256 << 10)	/* enough to tell levels apart by their output */

enum {
	COL_WHAT,
	COL_VALUE,
	COL_SIGN,
	COL_LIMIT,
	COL_RESULT,
	COL_DETAIL,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_WHAT] = { "what", "BUDGET", COLUMN_TEXT, 0, false },
	[COL_VALUE] = { "value", "MEASURED", COLUMN_NUMBER, 3, false },
	[COL_SIGN] = { "bound", "", COLUMN_TEXT, 0, false },
	[COL_LIMIT] = { "limit", "LIMIT", COLUMN_NUMBER, 2, false },
	[COL_RESULT] = { "result", "RESULT", COLUMN_TEXT, 0, false },
	[COL_DETAIL] = { "detail", "DETAIL", COLUMN_TEXT, 0, false },
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

/* What all budgets are measured on. */
struct field {
	const struct comp_plan *plan;
	struct sample sample;
	struct table *table;
};

struct outcome {
	double value;
	char detail[160];
};

struct table *budget_table(void)
{
	return table_new(columns, COL_COUNT);
}

void budget_row(struct table *t, const char *what, bool at_least, double limit, int err,
		double value, const char *detail)
{
	bool kept = at_least ? value >= limit : value <= limit, bound = !isnan(limit);

	table_row(t);
	table_text(t, COL_WHAT, what);
	if (bound) {
		table_text(t, COL_SIGN, at_least ? ">=" : "<=");
		table_number(t, COL_LIMIT, limit);
	}
	if (err == -EOPNOTSUPP) {
		table_text(t, COL_RESULT, "n/a");
		table_text(t, COL_DETAIL, detail);
	} else if (err) {
		table_text(t, COL_RESULT, "MISS");
		table_text(t, COL_DETAIL, strerror(-err));
	} else {
		table_number(t, COL_VALUE, value);
		table_text(t, COL_RESULT, !bound ? "" : kept ? "PASS" : "MISS");
		table_text(t, COL_DETAIL, detail);
	}
}

static void report(struct field *f, const char *what, bool at_least, double limit, int err,
		   const struct outcome *o)
{
	budget_row(f->table, what, at_least, limit, err, o->value, o->detail);
}

/* ---- libwd against the library that it uses ---------------------------- */

static size_t direct_size(const struct direct_codec *codec, int level, const struct comp_case *c)
{
	void *state = codec->open(level, false, false);
	void *out = malloc(direct_bound(c->block));
	size_t total = 0;

	for (size_t at = 0; state && out && at < c->sample->len; at += c->block) {
		size_t len = c->sample->len - at < c->block ? c->sample->len - at : c->block;

		total += codec->compress(state, c->sample->data + at, len, out,
					 direct_bound(c->block));
	}
	free(out);
	if (state)
		codec->close(state);
	return total;
}

/*
 * Which direct call does what the device did: the library is in the report, its
 * level is the one whose output is as long as ours, or next to it.
 */
static int match_direct(const struct comp_case *ours, struct comp_case *direct, char *detail,
			size_t len)
{
	struct sample part = *ours->sample;
	struct comp_case probe = *ours;
	struct bench_run run = { .config = &bench_inline, .fn = comp_measure, .arg = &probe };
	double best = INFINITY;
	int ret;

	if (part.len > MATCH_LEN && !ours->decompress)
		part.len = MATCH_LEN;
	probe.sample = &part;
	probe.how = COMP_SYNC;
	probe.depth = 1;
	probe.seconds = 0;
	ret = bench_once(&run);
	if (ret)
		return ret;
	*direct = *ours;
	direct->how = COMP_DIRECT;
	direct->codec = direct_find(run.last.engine);
	if (!direct->codec) {
		snprintf(detail, len, "no direct call of '%s' in this build", run.last.engine);
		return -EOPNOTSUPP;
	}
	direct->level = direct->codec->levels[1];
	for (int level = direct->codec->levels[0];
	     !ours->decompress && level <= direct->codec->levels[1]; level++) {
		double size = (double)direct_size(direct->codec, level, &probe);
		double off = fabs(size - run.last.value[COMP_VALUE_BYTES]) / size;

		if (off < best) {
			best = off;
			direct->level = level;
		}
	}
	if (ours->decompress)
		snprintf(detail, len, "%s", direct->codec->name);
	else
		snprintf(detail, len, "%s %d%s", direct->codec->name, direct->level,
			 best > 0.001 ? " (nearest)" : "");
	return 0;
}

static int against_direct(struct field *f, const struct comp_case *ours, struct outcome *o)
{
	struct comp_case direct;
	struct bench_run runs[2] = {
		{ .config = &bench_inline, .fn = comp_measure, .arg = ours },
		{ .config = &bench_inline, .fn = comp_measure, .arg = &direct },
	};
	size_t at;
	int ret = match_direct(ours, &direct, o->detail, sizeof(o->detail));

	if (ret)
		return ret;
	bench_interleave(runs, 2, f->plan->rounds);
	if (runs[0].last.err || runs[1].last.err)
		return runs[0].last.err ? runs[0].last.err : runs[1].last.err;
	o->value = bench_ratio(&runs[0], &runs[1]);
	at = strlen(o->detail);
	snprintf(o->detail + at, sizeof(o->detail) - at, ", %.0f and %.0f MB/s",
		 bench_median(&runs[0], COMP_VALUE_MBS),
		 bench_median(&runs[1], COMP_VALUE_MBS));
	return 0;
}

static const struct {
	const char *name;
	enum comp_how how;
	size_t block;
	unsigned int depth;
	double limit;
} direct_budgets[] = {
	{ "async 64 KiB, depth 64", COMP_ASYNC, 64 << 10, 64, 0.95 },
	{ "sync 64 KiB", COMP_SYNC, 64 << 10, 1, 0.95 },
	{ "async 4 KiB, depth 64", COMP_ASYNC, 4 << 10, 64, 0.85 },
	{ "sync 4 KiB", COMP_SYNC, 4 << 10, 1, 0.85 },
};

/* Level 0 stands for the other direction. */
static void one_direct(struct field *f, size_t row, const struct packed *packed, int level)
{
	struct comp_case c = {
		.sample = &f->sample,
		.packed = packed,
		.block = direct_budgets[row].block,
		.decompress = !level,
		.how = direct_budgets[row].how,
		.level = level,
		.depth = direct_budgets[row].depth,
		.seconds = f->plan->seconds / f->plan->rounds,
	};
	struct outcome o = { 0 };
	char what[96];
	int ret;

	if (level)
		snprintf(what, sizeof(what), "%s, level %d: of the direct call",
			 direct_budgets[row].name, level);
	else
		snprintf(what, sizeof(what), "%s, restore: of the direct call",
			 direct_budgets[row].name);
	bench_say("measuring %s", what);
	ret = against_direct(f, &c, &o);
	report(f, what, true, direct_budgets[row].limit, ret, &o);
}

static void direct_rows(struct field *f)
{
	for (size_t i = 0; i < sizeof(direct_budgets) / sizeof(direct_budgets[0]); i++) {
		struct packed packed;

		if (packed_make(&packed, &f->sample, direct_budgets[i].block))
			continue;
		for (size_t l = 0; l < f->plan->level_count; l++)
			one_direct(f, i, &packed, f->plan->levels[l]);
		one_direct(f, i, &packed, 0);
		packed_free(&packed);
	}
}

/* ---- no-ops ------------------------------------------------------------ */

static const struct bench_config spinning_thread = {
	.env = {
		{ "WEFT_ENGINE_THREADS", "1" },
		{ "WEFT_SPIN_US", "1000000" },
		{ "WEFT_INLINE", "off" },
	},
};

static int noop_against_syscall(struct field *f, const struct bench_config *config,
				struct outcome *o)
{
	const double seconds = f->plan->seconds / f->plan->rounds;
	struct bench_run run = { .config = config, .fn = noop_measure, .arg = &seconds };

	if (!config->one_cpu && bench_cpu_count() < 2) {
		snprintf(o->detail, sizeof(o->detail), "needs two CPUs");
		return -EOPNOTSUPP;
	}
	bench_interleave(&run, 1, f->plan->rounds);
	o->value = bench_median(&run, NOOP_VALUE_RATIO);
	snprintf(o->detail, sizeof(o->detail), "%.0f ns, a system call %.0f ns",
		 bench_median(&run, NOOP_VALUE_NS), bench_median(&run, NOOP_VALUE_SYSCALL_NS));
	return run.last.err;
}

static void noop_rows(struct field *f)
{
	struct outcome o = { 0 };
	int ret;

	bench_say("measuring no-ops");
	ret = noop_against_syscall(f, &bench_inline, &o);
	report(f, "no-op, inline: null system calls", false, 1.0, ret, &o);
	memset(&o, 0, sizeof(o));
	ret = noop_against_syscall(f, &spinning_thread, &o);
	report(f, "no-op, spinning engine thread: null system calls", false, 15.0, ret, &o);
}

/* ---- engine threads ---------------------------------------------------- */

static const struct bench_config engine_threads[] = {
	{ .env = { { "WEFT_ENGINE_THREADS", "2" }, { "WEFT_INLINE", "off" } } },
	{ .env = { { "WEFT_ENGINE_THREADS", "1" }, { "WEFT_INLINE", "off" } } },
};

/*
 * Medians of the rounds in which both had the CPUs that they could use: the
 * budget is about idle CPUs, and on a busy machine there are few such rounds.
 */
static int scale(struct field *f, struct bench_run *two, struct bench_run *one, struct outcome *o)
{
	double ratios[BENCH_ROUNDS_MAX], waited = 0;
	unsigned int rounds = 0;

	for (unsigned int i = 0; i < 2 * f->plan->rounds; i++) {
		double wait;

		if (bench_once(two) || bench_once(one))
			return two->last.err ? two->last.err : one->last.err;
		wait = two->last.value[COMP_VALUE_WAIT] + one->last.value[COMP_VALUE_WAIT];
		waited += wait;
		if (wait < IDLE_ENOUGH)
			ratios[rounds++] = two->last.value[0] / one->last.value[0];
	}
	if (!rounds) {
		snprintf(o->detail, sizeof(o->detail),
			 "the CPUs are not idle: %.1f of them were missing", waited /
			 (2 * f->plan->rounds));
		return -EOPNOTSUPP;
	}
	o->value = bench_median_of(ratios, rounds);
	snprintf(o->detail, sizeof(o->detail), "level 6, 64 KiB: %.0f and %.0f MB/s",
		 bench_median(two, COMP_VALUE_MBS), bench_median(one, COMP_VALUE_MBS));
	return 0;
}

static void scaling_row(struct field *f)
{
	/* Engine threads and nothing else: a slow level keeps the caller out of the way. */
	const struct comp_case c = {
		.sample = &f->sample,
		.block = 64 << 10,
		.how = COMP_ASYNC,
		.level = 6,
		.depth = 64,
		.sleep = true,
		.seconds = f->plan->seconds / f->plan->rounds,
	};
	struct bench_run two = { .config = &engine_threads[0], .fn = comp_measure, .arg = &c };
	struct bench_run one = { .config = &engine_threads[1], .fn = comp_measure, .arg = &c };
	struct outcome o = { 0 };
	int ret = -EOPNOTSUPP;

	bench_say("measuring two engine threads and one");
	if (bench_cpu_count() < 2)
		snprintf(o.detail, sizeof(o.detail), "needs two CPUs");
	else
		ret = scale(f, &two, &one, &o);
	report(f, "two engine threads: of one", true, 1.8, ret, &o);
}

/* ---- idling ------------------------------------------------------------ */

static void idle_row(struct field *f)
{
	const double seconds = f->plan->quick ? 2 : 10;
	struct bench_run run = { .fn = idle_measure, .arg = &seconds };
	struct outcome o = { 0 };
	int ret;

	bench_say("watching an idle device for %.0f s", seconds);
	ret = bench_once(&run);
	o.value = run.last.value[IDLE_VALUE_CPU_MS] + run.last.value[IDLE_VALUE_WAKEUPS];
	snprintf(o.detail, sizeof(o.detail), "%.0f ms, %.0f wake-ups of %.0f threads in %.0f s",
		 run.last.value[IDLE_VALUE_CPU_MS], run.last.value[IDLE_VALUE_WAKEUPS],
		 run.last.value[IDLE_VALUE_THREADS], seconds);
	report(f, "idle device: CPU ms and wake-ups", false, 0, ret, &o);
}

int comp_budgets(const struct comp_plan *plan)
{
	struct field f = { .plan = plan };
	int ret = sample_join(&f.sample, plan->samples, plan->sample_count, PLAN_SAMPLE_LEN);

	if (ret) {
		ui_error("%s", strerror(-ret));
		return CMD_FAILED;
	}
	f.table = budget_table();
	direct_rows(&f);
	noop_rows(&f);
	scaling_row(&f);
	idle_row(&f);
	bench_quiet();
	out_line("budgets, on %s", f.sample.name);
	out_table("budgets", f.table);
	table_free(f.table);
	sample_free(&f.sample);
	return CMD_OK;
}
