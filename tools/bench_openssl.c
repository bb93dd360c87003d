/* SPDX-License-Identifier: MIT */
#include "bench_openssl.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "bench_comp.h"
#include "cmd.h"
#include "front.h"
#include "ossl_case.h"
#include "table.h"
#include "ui.h"

/* Those of "openssl speed", and the one that budgets are about. */
static const size_t sizes[] = { 16, 64, 256, 1024, 4096, 8192, 16384 };
#define SIZES		(sizeof(sizes) / sizeof(sizes[0]))
#define BUDGET_SIZE	4096
#define SYNC_FROM	1024
#define LEAST		0.95	/* of OpenSSL's speed, where there is no other budget */

/*
 * @jobs_budget: how much faster 64 jobs are to be at 4 KiB; 0: at least as the sync budget
 * @engine: by the engine, not the provider
 */
static const struct kind_row {
	const char *shown;
	enum ossl_kind kind;
	const char *name;
	const char *sub;
	double jobs_budget;
	bool engine;
} rows[] = {
	{ "AES-128-CBC encrypt", OSSL_ENCRYPT, "AES-128-CBC", NULL, 4, false },
	{ "AES-128-CBC decrypt", OSSL_DECRYPT, "AES-128-CBC", NULL, 0, false },
	{ "AES-256-CBC encrypt", OSSL_ENCRYPT, "AES-256-CBC", NULL, 0, false },
	{ "AES-128-CTR", OSSL_ENCRYPT, "AES-128-CTR", NULL, 0, false },
	{ "AES-128-XTS", OSSL_ENCRYPT, "AES-128-XTS", NULL, 0, false },
	{ "AES-128-GCM seal", OSSL_SEAL, "AES-128-GCM", NULL, 0, false },
	{ "AES-128-GCM open", OSSL_OPEN, "AES-128-GCM", NULL, 0, false },
	{ "AES-256-GCM seal", OSSL_SEAL, "AES-256-GCM", NULL, 0, false },
	{ "AES-128-CCM seal", OSSL_SEAL, "AES-128-CCM", NULL, 0, false },
	{ "SHA1", OSSL_DIGEST, "SHA1", NULL, 0, false },
	{ "SHA256", OSSL_DIGEST, "SHA256", NULL, 2, false },
	{ "SHA256 in pieces", OSSL_PIECES, "SHA256", NULL, 0, false },
	{ "SHA512", OSSL_DIGEST, "SHA512", NULL, 0, false },
	{ "SM3", OSSL_DIGEST, "SM3", NULL, 0, false },
	{ "HMAC-SHA1", OSSL_MAC, "HMAC", "SHA1", 0, false },
	{ "HMAC-SHA256", OSSL_MAC, "HMAC", "SHA256", 2, false },
	{ "HMAC-SHA512", OSSL_MAC, "HMAC", "SHA512", 0, false },
	{ "CMAC-AES-128", OSSL_MAC, "CMAC", "AES-128-CBC", 0, false },
	{ "RSA-2048 sign", OSSL_SIGN, "RSA", "2048", 0, false },
	{ "RSA-2048 verify", OSSL_VERIFY, "RSA", "2048", 0, false },
	{ "ECDSA P-256 sign", OSSL_SIGN, "EC", "P-256", 0, false },
	{ "ECDSA P-256 verify", OSSL_VERIFY, "EC", "P-256", 0, false },
	{ "ECDH P-256", OSSL_DERIVE, "EC", "P-256", 0, false },
	{ "X25519", OSSL_DERIVE, "X25519", NULL, 0, false },
	{ "ffdhe2048", OSSL_DERIVE, "DH", "ffdhe2048", 0, false },
	{ "engine: AES-128-CBC encrypt", OSSL_ENCRYPT, "AES-128-CBC", NULL, 0, true },
	{ "engine: AES-128-CBC decrypt", OSSL_DECRYPT, "AES-128-CBC", NULL, 0, true },
	{ "engine: AES-128-CTR", OSSL_ENCRYPT, "AES-128-CTR", NULL, 0, true },
	{ "engine: AES-128-XTS", OSSL_ENCRYPT, "AES-128-XTS", NULL, 0, true },
	{ "engine: AES-128-GCM seal", OSSL_SEAL, "AES-128-GCM", NULL, 0, true },
	{ "engine: AES-128-GCM open", OSSL_OPEN, "AES-128-GCM", NULL, 0, true },
	{ "engine: AES-128-CCM seal", OSSL_SEAL, "AES-128-CCM", NULL, 0, true },
	{ "engine: SHA1", OSSL_DIGEST, "SHA1", NULL, 0, true },
	{ "engine: SHA256", OSSL_DIGEST, "SHA256", NULL, 0, true },
	{ "engine: SHA512", OSSL_DIGEST, "SHA512", NULL, 0, true },
	{ "pause and resume", OSSL_PAUSE, "", NULL, 0, false },
};
#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static bool has_size(const struct kind_row *row)
{
	return row->kind < OSSL_SIGN;
}

enum {
	COL_WHAT,
	COL_SIZE,
	COL_SECONDS,			/* of each side, as nanoseconds */
	COL_OURS = COL_SECONDS + OSSL_SIDES,
	COL_16,
	COL_64,
	COL_64_FD,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_WHAT] = { "algorithm", "ALGORITHM", COLUMN_TEXT, 0, false },
	[COL_SIZE] = { "bytes", "BYTES", COLUMN_NUMBER, 0, false },
	[COL_SECONDS + OSSL_DEFAULT] = { "default_ns", "OPENSSL ns", COLUMN_NUMBER, 0, false },
	[COL_SECONDS + OSSL_OURS] = { "weft_ns", "WEFT ns", COLUMN_NUMBER, 0, false },
	[COL_SECONDS + OSSL_JOBS_16] = { "jobs_16_ns", "16 JOBS ns", COLUMN_NUMBER, 0, false },
	[COL_SECONDS + OSSL_JOBS_64] = { "jobs_64_ns", "64 JOBS ns", COLUMN_NUMBER, 0, false },
	[COL_SECONDS + OSSL_JOBS_64_FD] = { "jobs_64_fd_ns", "64, FD ns", COLUMN_NUMBER, 0, false },
	[COL_OURS] = { "weft_vs_default", "x", COLUMN_NUMBER, 2, false },
	[COL_16] = { "jobs_16_vs_default", "16 x", COLUMN_NUMBER, 2, false },
	[COL_64] = { "jobs_64_vs_default", "64 x", COLUMN_NUMBER, 2, false },
	[COL_64_FD] = { "jobs_64_fd_vs_default", "FD x", COLUMN_NUMBER, 2, false },
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");
_Static_assert(COL_64_FD - COL_OURS == OSSL_JOBS_64_FD - OSSL_OURS, "ratios in the order of sides");

enum {
	BUD_WHAT,
	BUD_VALUE,
	BUD_LIMIT,
	BUD_RESULT,
	BUD_COUNT,
};

static const struct column budget_columns[] = {
	[BUD_WHAT] = { "what", "BUDGET", COLUMN_TEXT, 0, false },
	[BUD_VALUE] = { "value", "MEASURED", COLUMN_NUMBER, 3, false },
	[BUD_LIMIT] = { "limit", "AT LEAST", COLUMN_NUMBER, 2, false },
	[BUD_RESULT] = { "result", "RESULT", COLUMN_TEXT, 0, false },
};

_Static_assert(sizeof(budget_columns) / sizeof(budget_columns[0]) == BUD_COUNT,
	       "a column without a row");

/* All CPUs and engine threads, as programs have them: on one there is nobody to wait for. */
static const struct bench_config all_cpus = { .one_cpu = false };

struct session {
	char module[PATH_MAX], engine[PATH_MAX];
	double seconds;
	struct table *table, *budgets;
	bool good;
};

/* @threads: 0: one, on one CPU */
static int measure(struct session *s, const struct kind_row *row, size_t size,
		   unsigned int threads, struct bench_result *res)
{
	const struct ossl_case c = {
		.module = row->engine ? s->engine : s->module, .engine = row->engine, .kind = row->kind, .name = row->name, .sub = row->sub,
		.size = size, .seconds = s->seconds, .threads = threads ? threads : 1,
	};
	struct bench_run run = {
		.config = threads ? &all_cpus : &bench_inline, .fn = ossl_measure, .arg = &c,
	};
	int ret;

	bench_say("measuring %s, %zu bytes", row->shown, size);
	ret = bench_once(&run);
	*res = run.last;
	if (ret && ret != -ENOTSUP) {
		bench_quiet();
		ui_error("%s, %zu bytes: %s", row->shown, size, strerror(-ret));
		s->good = false;
	}
	return ret;
}

static double ratio(const struct bench_result *res, enum ossl_side side)
{
	double v = res->value[OSSL_DEFAULT] / res->value[side];

	return v > 0 && isfinite(v) ? v : NAN;
}

static void add_row(struct session *s, const struct kind_row *row, size_t size,
		    const struct bench_result *res)
{
	table_row(s->table);
	table_text(s->table, COL_WHAT, row->shown);
	table_number(s->table, COL_SIZE, has_size(row) ? (double)size : NAN);
	for (int side = 0; side < OSSL_SIDES; side++) {
		double ns = res->value[side] * 1e9;

		table_number(s->table, COL_SECONDS + (size_t)side, isfinite(ns) ? ns : NAN);
		/* Of a pause there is nothing to compare with. */
		if (side != OSSL_DEFAULT && row->kind != OSSL_PAUSE)
			table_number(s->table, COL_OURS + (size_t)side - OSSL_OURS,
				     ratio(res, (enum ossl_side)side));
	}
}

static void budget(struct session *s, double limit, double value, const char *what)
{
	table_row(s->budgets);
	table_text(s->budgets, BUD_WHAT, what);
	table_number(s->budgets, BUD_VALUE, value);
	table_number(s->budgets, BUD_LIMIT, limit);
	table_text(s->budgets, BUD_RESULT, isnan(value) ? "n/a" : value >= limit ? "PASS" : "MISS");
}

static void budgets_of(struct session *s, const struct kind_row *row, size_t size,
		       const struct bench_result *res)
{
	char what[128], at[32] = "";

	if (row->kind == OSSL_PAUSE)
		return;
	if (has_size(row)) {
		if (size < SYNC_FROM)
			return;
		snprintf(at, sizeof(at), ", %zu bytes", size);
	}
	snprintf(what, sizeof(what), "%s%s: speed of OpenSSL's", row->shown, at);
	budget(s, LEAST, ratio(res, OSSL_OURS), what);
	snprintf(what, sizeof(what), "%s%s, 16 jobs: speed of OpenSSL's", row->shown, at);
	budget(s, LEAST, ratio(res, OSSL_JOBS_16), what);
	snprintf(what, sizeof(what), "%s%s, 64 jobs: speed of OpenSSL's", row->shown, at);
	budget(s, row->jobs_budget && size == BUDGET_SIZE ? row->jobs_budget : LEAST,
	       ratio(res, OSSL_JOBS_64), what);
	snprintf(what, sizeof(what), "%s%s, 64 jobs by descriptor: speed of OpenSSL's", row->shown, at);
	budget(s, LEAST, ratio(res, OSSL_JOBS_64_FD), what);
}

/*
 * With engine threads beside them, which may take nothing away; and threads share nothing that grows
 * with them: as many operations for their CPU time as one alone.
 */
static void threads_budget(struct session *s, const struct kind_row *row)
{
	size_t size = has_size(row) ? BUDGET_SIZE : 32;
	struct bench_result one, four;
	char what[128], at[32] = "";

	if (measure(s, row, size, 1, &one) || measure(s, row, size, 4, &four))
		return;
	if (has_size(row))
		snprintf(at, sizeof(at), ", %zu bytes", size);
	snprintf(what, sizeof(what), "%s%s, 64 jobs beside engine threads: speed of OpenSSL's",
		 row->shown, at);
	budget(s, row->jobs_budget ? row->jobs_budget : LEAST, ratio(&one, OSSL_JOBS_64), what);
	for (int side = OSSL_OURS; side <= OSSL_JOBS_64; side += OSSL_JOBS_64 - OSSL_OURS) {
		snprintf(what, sizeof(what), "%s%s%s: four threads to one, of OpenSSL's",
			 row->shown, at, side == OSSL_OURS ? "" : ", 64 jobs each");
		budget(s, LEAST, one.value[side] / four.value[side] /
		       (one.value[OSSL_DEFAULT] / four.value[OSSL_DEFAULT]), what);
	}
}

static void one_kind(struct session *s, const struct kind_row *row, bool quick)
{
	for (size_t i = 0; i < (has_size(row) ? SIZES : 1); i++) {
		size_t size = has_size(row) ? sizes[i] : 32;
		struct bench_result res;

		if (row->kind == OSSL_PIECES && size <= SYNC_FROM)
			continue;
		if (quick && has_size(row) && size != SYNC_FROM && size != BUDGET_SIZE)
			continue;
		if (measure(s, row, size, 0, &res))
			break;
		add_row(s, row, size, &res);
		budgets_of(s, row, size, &res);
	}
}

int openssl_tables(const char *names, double seconds, bool quick, bool budgets)
{
	static struct session s;
	bool any = false;

	s.seconds = seconds;
	s.good = true;
	if (!front_openssl.installed) {
		ui_error("this build has no OpenSSL front end");
		return CMD_FAILED;
	}
	if (!front_find(s.module, sizeof(s.module), &front_openssl) ||
	    (front_engine.installed && !front_find(s.engine, sizeof(s.engine), &front_engine)))
		return CMD_FAILED;
	s.table = table_new(columns, COL_COUNT);
	s.budgets = table_new(budget_columns, BUD_COUNT);
	for (size_t i = 0; i < ROWS; i++) {
		if (!bench_named(rows[i].shown, names) || (rows[i].engine && !front_engine.installed))
			continue;
		any = true;
		one_kind(&s, &rows[i], quick);
		if (!quick && rows[i].kind != OSSL_PAUSE &&
		    (rows[i].jobs_budget || !has_size(&rows[i])))
			threads_budget(&s, &rows[i]);
	}
	bench_quiet();
	if (!any) {
		ui_error("--algorithm '%s': there is none", names);
		s.good = false;
	} else {
		if (!budgets) {
			out_table("throughput", s.table);
			out_line("%s", "");
		}
		out_table("budgets", s.budgets);
	}
	table_free(s.table);
	table_free(s.budgets);
	return s.good ? CMD_OK : CMD_FAILED;
}
