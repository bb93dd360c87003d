/* SPDX-License-Identifier: MIT */
#include "bench_sym.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_budget.h"
#include "cmd.h"
#include "sym_case.h"
#include "table.h"
#include "ui.h"

static const size_t all_sizes[] = { 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10 };
static const unsigned int all_depths[] = { 1, 16, 64 };

/* CPU time of the process counts; whoever polls runs the engine. */
static const struct bench_config config = {
	.one_cpu = true, .env = { { "WEFT_ENGINE_THREADS", "0" } },
};

enum {
	COL_NAME,
	COL_DIR,
	COL_SIZE,
	COL_DEPTH,
	COL_EVP,
	COL_SYNC,
	COL_ASYNC,
	COL_RAW,
	COL_SYNC_VS_EVP,
	COL_ASYNC_VS_EVP,
	COL_ASYNC_VS_RAW,
	COL_RAW_VS_EVP,
	COL_CALLS,
	COL_COUNT,
};

static const struct column columns[COL_COUNT] = {
	[COL_NAME] = { "algorithm", "algorithm", COLUMN_TEXT, 0, false },
	[COL_DIR] = { "direction", "", COLUMN_TEXT, 0, false },
	[COL_SIZE] = { "bytes", "bytes", COLUMN_NUMBER, 0, false },
	[COL_DEPTH] = { "depth", "depth", COLUMN_NUMBER, 0, false },
	[COL_EVP] = { "evp_ns", "EVP ns", COLUMN_NUMBER, 0, false },
	[COL_SYNC] = { "sync_ns", "sync ns", COLUMN_NUMBER, 0, false },
	[COL_ASYNC] = { "async_ns", "async ns", COLUMN_NUMBER, 0, false },
	[COL_RAW] = { "ipsec_mb_ns", "ipsec-mb ns", COLUMN_NUMBER, 0, false },
	[COL_SYNC_VS_EVP] = { "sync_vs_evp", "sync x EVP", COLUMN_NUMBER, 2, false },
	[COL_ASYNC_VS_EVP] = { "async_vs_evp", "async x EVP", COLUMN_NUMBER, 2, false },
	[COL_ASYNC_VS_RAW] = { "async_vs_ipsec_mb", "async x ipsec-mb", COLUMN_NUMBER, 2, false },
	[COL_RAW_VS_EVP] = { "ipsec_mb_vs_evp", "ipsec-mb x EVP", COLUMN_NUMBER, 2, false },
	[COL_CALLS] = { "overhead_null_calls", "over it, null calls", COLUMN_NUMBER, 2, false },
};

/* ---- budgets: the worst of what they are about ------------------------------------------ */

struct point {
	const struct sym_row *row;
	bool decrypt;
	size_t size;
	unsigned int depth;
	double sync_evp, async_evp, async_raw, raw_evp, calls;	/* NAN: not measured */
};

/* Each is about the points that @about picks and the value that it says. */
struct budget {
	const char *what;
	double (*about)(const struct point *p);	/* NAN: not about this one */
	bool at_least;
	double limit;
};

static bool is_gcm(const struct point *p)
{
	return !strcmp(p->row->name, "gcm(aes)");
}

static double alone_sync(const struct point *p)
{
	return p->size >= 1024 ? p->sync_evp : NAN;
}

static double alone_async(const struct point *p)
{
	return p->size >= 1024 && p->depth == 1 ? p->async_evp : NAN;
}

static double near_raw(const struct point *p)
{
	return p->size >= 1024 && p->depth >= 16 ? p->async_raw : NAN;
}

static double cbc_encrypt(const struct point *p)
{
	return !strcmp(p->row->name, "cbc(aes)") && !p->decrypt && p->size == 4096 &&
	       p->depth == 16 ? p->async_evp : NAN;
}

static double digest_at(const struct point *p, const char *name)
{
	return !strcmp(p->row->name, name) && p->size >= 1024 && p->size <= 16384 &&
	       p->depth >= 16 ? p->async_evp : NAN;
}

static double sha256(const struct point *p)
{
	return digest_at(p, "sha256");
}

static double sha512(const struct point *p)
{
	return digest_at(p, "sha512");
}

static double gcm(const struct point *p)
{
	return is_gcm(p) && p->size >= 1024 ? fmin(p->sync_evp, p->async_evp) : NAN;
}

static bool small_cbc_point(const struct point *p)
{
	return !strcmp(p->row->name, "cbc(aes)") && !p->decrypt && p->size == 64 &&
	       p->depth == 64;
}

static double small_cbc(const struct point *p)
{
	return small_cbc_point(p) ? p->async_raw : NAN;
}

static double overhead(const struct point *p)
{
	return small_cbc_point(p) ? p->calls : NAN;
}

static const struct budget budgets[] = {
	{ "sync, 1 KiB and up: of EVP", alone_sync, true, 0.9 },
	{ "async, depth 1, 1 KiB and up: of EVP", alone_async, true, 0.9 },
	{ "async, depth 16 and 64, 1 KiB and up: of ipsec-mb", near_raw, true, 0.9 },
	{ "AES-128-CBC encryption, 4 KiB, depth 16: of EVP", cbc_encrypt, true, 6 },
	{ "SHA-256, depth 16 and 64, 1 to 16 KiB: of EVP", sha256, true, 2.7 },
	{ "SHA-512, depth 16 and 64, 1 to 16 KiB: of EVP", sha512, true, 3.5 },
	{ "AES-GCM, 1 KiB and up: of EVP", gcm, true, 1 },
	{ "AES-128-CBC encryption, 64 bytes, depth 64: of ipsec-mb", small_cbc, true, 0.7 },
	{ "overhead of a job at depth 64: null system calls", overhead, false, 0.5 },
};
#define BUDGETS	(sizeof(budgets) / sizeof(budgets[0]))

static struct worst {
	double value;
	unsigned int points, kept;
	struct point at;
} worst[BUDGETS];

static void budgets_meet(const struct point *p)
{
	for (size_t i = 0; i < BUDGETS; i++) {
		double value = budgets[i].about(p);
		struct worst *w = &worst[i];

		if (isnan(value))
			continue;
		w->kept += budgets[i].at_least ? value >= budgets[i].limit :
						 value <= budgets[i].limit;
		if (!w->points++ || (budgets[i].at_least ? value < w->value : value > w->value)) {
			w->value = value;
			w->at = *p;
		}
	}
}

static bool is_about(const struct sym_row *row, size_t size)
{
	for (unsigned int decrypt = 0; decrypt < 2; decrypt++) {
		for (size_t i = 0; i < sizeof(all_depths) / sizeof(all_depths[0]); i++) {
			const struct point p = { row, decrypt, size, all_depths[i], 1, 1, 1, 1, 1 };

			for (size_t b = 0; b < BUDGETS; b++) {
				if (!isnan(budgets[b].about(&p)))
					return true;
			}
		}
	}
	return false;
}

static const char *direction(const struct sym_row *row, bool decrypt)
{
	return row->class == SYM_DIGEST ? "" : decrypt ? "decrypt" : "encrypt";
}

/* What ipsec-mb reaches by itself, where that is less than the budget asks of us. */
static void ceiling_add(char *detail, size_t size, const struct budget *b, const struct worst *w)
{
	size_t len = strlen(detail);

	if (b->about(&w->at) == w->at.async_evp && w->at.depth > 1 && w->at.raw_evp < b->limit)
		snprintf(detail + len, size - len, "; ipsec-mb itself: %.2f", w->at.raw_evp);
}

static void budgets_show(void)
{
	struct table *t = budget_table();
	char detail[200], size[32];

	for (size_t i = 0; i < BUDGETS; i++) {
		const struct worst *w = &worst[i];

		if (!w->points)
			continue;
		snprintf(detail, sizeof(detail), "%u of %u; worst: %s %s%s%s, depth %u", w->kept,
			 w->points, w->at.row->name, direction(w->at.row, w->at.decrypt),
			 w->at.row->class == SYM_DIGEST ? "" : " ",
			 ui_size(w->at.size, size, sizeof(size)), w->at.depth);
		ceiling_add(detail, sizeof(detail), &budgets[i], w);
		budget_row(t, budgets[i].what, budgets[i].at_least, budgets[i].limit, 0, w->value,
			   detail);
	}
	out_line("%s", "");
	out_line("budgets");
	out_table("budgets", t);
	table_free(t);
}

/* ---- the table ---------------------------------------------------------------------------- */

/* a / b, where both are there. */
static double quotient(double a, double b)
{
	return a > 0 && b > 0 ? a / b : NAN;
}

static void row_number(struct table *t, size_t column, double value)
{
	if (value > 0 || column == COL_CALLS)
		table_number(t, column, value);
}

static void case_rows(struct table *t, const struct sym_case *c, const double *value, double null)
{
	for (unsigned int i = 0; i < c->depth_count; i++) {
		double sync = value[SYM_VALUE_SYNC], evp = value[SYM_VALUE_EVP];
		double async = value[SYM_VALUE_ASYNC + i], raw = value[SYM_VALUE_RAW + i];
		struct point p = {
			.row = c->row, .decrypt = c->decrypt, .size = c->size,
			.depth = c->depths[i], .sync_evp = quotient(evp, sync),
			.async_evp = quotient(evp, async), .async_raw = quotient(raw, async),
			.raw_evp = quotient(evp, raw),
			.calls = raw > 0 ? (async - raw) / null : NAN,
		};

		table_row(t);
		table_text(t, COL_NAME, c->row->name);
		table_text(t, COL_DIR, direction(c->row, c->decrypt));
		table_number(t, COL_SIZE, (double)c->size);
		table_number(t, COL_DEPTH, c->depths[i]);
		row_number(t, COL_EVP, evp);
		row_number(t, COL_SYNC, sync);
		row_number(t, COL_ASYNC, async);
		row_number(t, COL_RAW, raw);
		table_number(t, COL_SYNC_VS_EVP, p.sync_evp);
		table_number(t, COL_ASYNC_VS_EVP, p.async_evp);
		table_number(t, COL_ASYNC_VS_RAW, p.async_raw);
		table_number(t, COL_RAW_VS_EVP, p.raw_evp);
		row_number(t, COL_CALLS, p.calls);
		budgets_meet(&p);
	}
}

bool sym_named(const char *names)
{
	for (size_t i = 0; i < sym_row_count; i++) {
		if (bench_named(sym_rows[i].name, names))
			return true;
	}
	return false;
}

/* What is wanted, in the order of the table. @c->row NULL: the first. False: no more. */
static bool case_next(const struct sym_plan *plan, struct sym_case *c, size_t *size)
{
	const size_t *sizes = plan->size_count ? plan->sizes : all_sizes;
	size_t size_count = plan->size_count ? plan->size_count :
					       sizeof(all_sizes) / sizeof(all_sizes[0]);

	do {
		if (!c->row) {
			c->row = sym_rows;
		} else if (++*size == size_count) {
			*size = 0;
			c->decrypt = !c->decrypt && c->row->class != SYM_DIGEST;
			c->row += !c->decrypt;
		}
		if (c->row == sym_rows + sym_row_count)
			return false;
		c->size = sizes[*size];
	} while (!bench_named(c->row->name, plan->names) ||
		 (plan->budgets && !is_about(c->row, c->size)));
	return true;
}

/* False, after a message: it could not be measured. */
static bool case_measure(struct table *t, const struct sym_case *c, double null)
{
	struct bench_run run = { .config = &config, .fn = sym_measure, .arg = c };
	int ret = bench_once(&run);

	if (!ret) {
		case_rows(t, c, run.last.value, null);
		return true;
	}
	bench_quiet();
	if (ret == -ENOTSUP) {
		out_line("%s: the device does not have it", c->row->name);
		return true;
	}
	ui_error("%s %s %zu: %s", c->row->name, direction(c->row, c->decrypt), c->size,
		 ret == -EBADMSG ? "the libraries make different things of it" : strerror(-ret));
	return false;
}

int sym_tables(const struct sym_plan *plan)
{
	struct bench_run null = { .config = &config, .fn = sym_null_measure,
				  .arg = &plan->seconds };
	struct table *t = table_new(columns, COL_COUNT);
	struct sym_case c = { .seconds = plan->seconds, .turns = plan->turns };
	size_t size = 0;
	bool good;

	c.depth_count = (unsigned int)(plan->depth_count ? plan->depth_count :
				       sizeof(all_depths) / sizeof(all_depths[0]));
	memcpy(c.depths, plan->depth_count ? plan->depths : all_depths,
	       c.depth_count * sizeof(c.depths[0]));
	good = !bench_once(&null);
	while (case_next(plan, &c, &size)) {
		bench_say("measuring %s %s, %zu bytes", c.row->name,
			  direction(c.row, c.decrypt), c.size);
		good &= case_measure(t, &c, null.last.value[0]);
	}
	bench_quiet();
	out_line("symmetric algorithms; nanoseconds of CPU a job, the fastest of %u turns; EVP one "
		 "job after the other,", plan->turns);
	out_line("ipsec-mb called directly with as many jobs at hand; a null system call takes %.0f",
		 null.last.value[0]);
	out_table("symmetric", t);
	table_free(t);
	budgets_show();
	return good ? CMD_OK : CMD_FAILED;
}
