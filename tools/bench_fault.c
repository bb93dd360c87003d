/* SPDX-License-Identifier: MIT */
/*
 * "weft bench fault": what it costs when memory is not there, and what the guard
 * costs when it is. Both sides of a ratio run in one process by turns, but where
 * a guard is chosen, which is done when a device opens.
 */
#include "bench_fault.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <weft/fault.h>

#include "bench_budget.h"
#include "bench_comp.h"
#include "cmd.h"
#include "pool.h"
#include "ui.h"

#define BLOCK		((size_t)1 << 20)
#define SAMPLES		2000
#define PERCENT_OF	100	/* one page of so many */

/* What the memory of a job is like before it begins. */
enum memory {
	MEM_WARM,
	MEM_COLD,	/* none of it is there */
	MEM_TOUCHED,	/* none of it is there, and the CPU touches it first, in our time */
	MEM_PERCENT,	/* some pages are not there */
	MEM_COUNT,
};

/* Two states against each other under one policy. */
struct duel {
	const char *what;
	enum memory ours, theirs;
	enum weft_fault_policy policy;
	double limit;			/* NAN: none */
	bool compress;
	struct bench_config config;
};

#define STALL	{ .one_cpu = true, .env = { { "WEFT_ENGINE_THREADS", "0" } } }
#define PRI	{ .one_cpu = true, .env = { { "WEFT_ENGINE_THREADS", "0" }, \
					    { "WEFT_FAULT_MODE", "pri" } } }

static const struct duel duels[] = {
	{ "cold, stall: of touching it first", MEM_COLD, MEM_TOUCHED, WEFT_FAULT_BLOCK, 1.2, false,
	  STALL },
	{ "cold, page requests: of touching it first", MEM_COLD, MEM_TOUCHED, WEFT_FAULT_BLOCK, 1.2,
	  false, PRI },
	{ "cold, resolved by the library: of touching it first", MEM_COLD, MEM_TOUCHED,
	  WEFT_FAULT_RESOLVE, 1.2, false, STALL },
	{ "cold, populated: of touching it first", MEM_COLD, MEM_TOUCHED, WEFT_FAULT_POPULATE, 1.2,
	  false, STALL },
	{ "cold, stall, level 1: of touching it first", MEM_COLD, MEM_TOUCHED, WEFT_FAULT_BLOCK, 1.2,
	  true, STALL },
	{ "cold, page requests, level 1: of touching it first", MEM_COLD, MEM_TOUCHED,
	  WEFT_FAULT_BLOCK, 1.2, true, PRI },
	{ "1 % of pages absent, stall: of none", MEM_PERCENT, MEM_WARM, WEFT_FAULT_BLOCK, NAN, false,
	  STALL },
	{ "1 % of pages absent, page requests: of none", MEM_PERCENT, MEM_WARM, WEFT_FAULT_BLOCK,
	  NAN, false, PRI },
	{ "1 % of pages absent, resolved: of none", MEM_PERCENT, MEM_WARM, WEFT_FAULT_RESOLVE, NAN,
	  false, STALL },
};

/* ---- one job ------------------------------------------------------------------ */

struct bed {
	handle_t sess;
	uint8_t *src, *dst;
	size_t src_len, dst_len, src_room;
	size_t page;
	unsigned int turn;
	bool compress;
};

static double cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Every page in a run of @of that begins anywhere: 1 for all. */
static void discard(struct bed *b, size_t of)
{
	const size_t step = of * b->page, first = (b->turn++ % of) * b->page;

	if (of == 1) {
		madvise(b->src, b->src_room, MADV_DONTNEED);
		madvise(b->dst, b->dst_len, MADV_DONTNEED);
		return;
	}
	for (size_t at = first; at < b->src_room; at += step)
		madvise(b->src + at, b->page, MADV_DONTNEED);
	for (size_t at = first; at < b->dst_len; at += step)
		madvise(b->dst + at, b->page, MADV_DONTNEED);
}

static void touch(const struct bed *b, size_t dst_used)
{
	for (size_t at = 0; at < b->src_len; at += b->page)
		*(volatile uint8_t *)(b->src + at);
	for (size_t at = 0; at < dst_used; at += b->page)
		*(volatile uint8_t *)(b->dst + at) = 0;
}

/* CPU seconds of one job, or a negative errno. @used: what the last one wrote. */
static double job(struct bed *b, enum memory memory, size_t *used)
{
	struct wd_comp_req req = {
		.src = b->src, .src_len = (__u32)b->src_len, .dst = b->dst,
		.dst_len = (__u32)b->dst_len,
		.op_type = b->compress ? WD_DIR_COMPRESS : WD_DIR_DECOMPRESS,
	};
	double begin;
	int ret;

	if (memory == MEM_COLD || memory == MEM_TOUCHED)
		discard(b, 1);
	else if (memory == MEM_PERCENT)
		discard(b, PERCENT_OF);
	begin = cpu_now();
	if (memory == MEM_TOUCHED)
		touch(b, *used);
	ret = wd_do_comp_sync(b->sess, &req);
	begin = cpu_now() - begin;
	if (ret || req.status)
		return -EIO;
	*used = req.dst_len;
	return begin;
}

/* A private file for the source, so that it comes back as it was. */
static int bed_make(struct bed *b, const struct sample *sample)
{
	const size_t room = direct_bound(BLOCK);
	int fd = memfd_create("bench", MFD_CLOEXEC), ret = 0;
	struct packed packed = { 0 };
	const void *data = sample->data;

	if (fd < 0)
		return -errno;
	b->page = (size_t)sysconf(_SC_PAGESIZE);
	b->src_len = BLOCK;
	if (!b->compress) {
		struct sample one = *sample;

		one.len = BLOCK;
		ret = packed_make(&packed, &one, BLOCK);
		if (ret)
			goto close_fd;
		data = packed.data;
		b->src_len = packed.ends[0];
	}
	b->src_room = (b->src_len + b->page - 1) / b->page * b->page;
	b->dst_len = ((b->compress ? room : BLOCK) + b->page - 1) / b->page * b->page;
	if (ftruncate(fd, (off_t)b->src_room) ||
	    pwrite(fd, data, b->src_len, 0) != (ssize_t)b->src_len) {
		ret = -EIO;
		goto free_packed;
	}
	b->src = mmap(NULL, b->src_room, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	b->dst = mmap(NULL, b->dst_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->src == MAP_FAILED || b->dst == MAP_FAILED)
		ret = -ENOMEM;
	else	/* A page is a page here. */
		madvise(b->dst, b->dst_len, MADV_NOHUGEPAGE);
free_packed:
	if (!b->compress)
		packed_free(&packed);
close_fd:
	close(fd);
	return ret;
}

/* ---- a measurement: in a child ---------------------------------------------------- */

enum {
	DUEL_RATIO,		/* of the medians of value 1 and 2 */
	DUEL_OURS_US,
	DUEL_THEIRS_US,
	DUEL_WARM_US,
	DUEL_PAGES,		/* that a cold job needs */
};

struct measure {
	const struct duel *duel;
	const struct sample *sample;
	double seconds;
};

static int duel_measure(const void *arg, struct bench_result *res)
{
	const struct measure *m = arg;
	struct bed b = { .compress = m->duel->compress };
	struct pool_want want = { 0 };
	static double times[3][SAMPLES];
	const enum memory order[] = { m->duel->ours, m->duel->theirs, MEM_WARM };
	unsigned int dir = b.compress ? WD_DIR_COMPRESS : WD_DIR_DECOMPRESS;
	size_t n = 0, used = 0;
	struct pool pool;
	double begin;
	int ret;

	want.count[dir][CTX_MODE_SYNC] = 1;
	ret = pool_open(&pool, "zlib", NULL, &want, false);
	if (!ret)
		ret = bed_make(&b, m->sample);
	if (ret)
		return ret;
	b.sess = pool_session(&pool, WD_DEFLATE, dir, 1);
	if (!b.sess)
		return -ENOMEM;
	ret = weft_sess_fault_policy(b.sess, m->duel->policy);
	for (int i = 0; i < 3 && !ret; i++)
		ret = job(&b, MEM_WARM, &used) < 0 ? -EIO : 0;
	begin = ui_now();
	while (!ret && n < SAMPLES && (n < 5 || ui_now() - begin < m->seconds)) {
		for (size_t i = 0; i < 3 && !ret; i++) {
			/* One that is not counted makes the next one warm. */
			if (order[i] == MEM_WARM)
				job(&b, MEM_WARM, &used);
			times[i][n] = job(&b, order[i], &used);
			ret = times[i][n] < 0 ? -EIO : 0;
		}
		n++;
	}
	if (ret)
		return ret;
	for (unsigned int i = 0; i < 3; i++)
		res->value[DUEL_OURS_US + i] = bench_median_of(times[i], n) * 1e6;
	res->value[DUEL_RATIO] = res->value[DUEL_OURS_US] / res->value[DUEL_THEIRS_US];
	res->value[DUEL_PAGES] = (double)((b.src_room + used + b.page - 1) / b.page);
	wd_comp_free_sess(b.sess);
	pool_close(&pool);
	return 0;
}

/* ---- rows ----------------------------------------------------------------------- */

struct field {
	struct sample sample;
	struct table *table;
	double seconds;
	unsigned int rounds;
};

static void duel_row(struct field *f, const struct duel *duel, struct bench_run *run)
{
	const struct measure m = { duel, &f->sample, f->seconds / f->rounds };
	char detail[160];

	*run = (struct bench_run){ .config = &duel->config, .fn = duel_measure, .arg = &m };
	bench_say("measuring %s", duel->what);
	bench_interleave(run, 1, f->rounds);
	snprintf(detail, sizeof(detail), "%s 1 MiB: %.0f us, %.0f us",
		 duel->compress ? "compress" : "restore", bench_median(run, DUEL_OURS_US),
		 bench_median(run, DUEL_THEIRS_US));
	budget_row(f->table, duel->what, false, duel->limit, run->last.err,
		   bench_median(run, DUEL_RATIO), detail);
}

/* Out of what the duels over cold memory have found: a page, of the same by the CPU. */
static void page_row(struct field *f, const struct duel *duel, const struct bench_run *run)
{
	double warm = bench_median(run, DUEL_WARM_US), pages = bench_median(run, DUEL_PAGES);
	double ours = (bench_median(run, DUEL_OURS_US) - warm) / pages * 1e3;
	double theirs = (bench_median(run, DUEL_THEIRS_US) - warm) / pages * 1e3;
	char what[96], detail[96];

	if (duel->ours != MEM_COLD || run->last.err)
		return;
	snprintf(what, sizeof(what), "a page, %.*s: of a touch",
		 (int)strcspn(duel->what, ":"), duel->what);
	snprintf(detail, sizeof(detail), "%.0f ns, %.0f ns", ours, theirs);
	budget_row(f->table, what, false, NAN, 0, ours / theirs, detail);
}

/* ---- the guard ------------------------------------------------------------------ */

static const struct bench_config guard_configs[] = {
	{ .one_cpu = true, .env = { { "WEFT_ENGINE_THREADS", "0" }, { "WEFT_GUARD", "signal" } } },
	{ .one_cpu = true, .env = { { "WEFT_ENGINE_THREADS", "0" }, { "WEFT_GUARD", "off" } } },
	{ .one_cpu = true, .env = { { "WEFT_ENGINE_THREADS", "0" }, { "WEFT_GUARD", "copy" } } },
};

static void guard_rows(struct field *f, bool decompress)
{
	struct packed packed;
	struct comp_case c = {
		.sample = &f->sample, .packed = &packed, .block = 64 << 10,
		.decompress = decompress, .how = COMP_SYNC, .level = 1, .depth = 1,
		/* A ratio so near to one takes more than others. */
		.seconds = 4 * f->seconds / (3 * f->rounds),
	};
	struct bench_run runs[3];
	char what[96], detail[96];
	int ret = packed_make(&packed, &f->sample, c.block);

	bench_say("measuring guards");
	for (size_t i = 0; i < 3 && !ret; i++)
		runs[i] = (struct bench_run){ .config = &guard_configs[i], .fn = comp_measure,
					      .arg = &c };
	if (!ret)
		bench_interleave(runs, 3, 3 * f->rounds <= BENCH_ROUNDS_MAX ? 3 * f->rounds :
				 BENCH_ROUNDS_MAX);
	for (size_t i = 0; i < 3; i += 2) {
		int err = ret ? ret : runs[i].last.err ? runs[i].last.err : runs[1].last.err;

		snprintf(what, sizeof(what), "guard %s, warm, %s 64 KiB: of none",
			 guard_configs[i].env[1].value, decompress ? "restore" : "compress");
		snprintf(detail, sizeof(detail), "%.0f, %.0f MB/s",
			 err ? NAN : bench_median(&runs[i], COMP_VALUE_MBS),
			 err ? NAN : bench_median(&runs[1], COMP_VALUE_MBS));
		budget_row(f->table, what, false, i ? NAN : 1.02, err,
			   err ? NAN : bench_ratio(&runs[1], &runs[i]), detail);
	}
	if (!ret)
		packed_free(&packed);
}

int fault_budgets(double seconds, unsigned int rounds)
{
	struct field f = { .seconds = seconds, .rounds = rounds };
	static struct bench_run runs[sizeof(duels) / sizeof(duels[0])];
	int ret = sample_builtin(&f.sample, PLAN_SAMPLE_LEN);

	if (ret) {
		ui_error("%s", strerror(-ret));
		return CMD_FAILED;
	}
	f.table = budget_table();
	for (size_t i = 0; i < sizeof(duels) / sizeof(duels[0]); i++)
		duel_row(&f, &duels[i], &runs[i]);
	for (size_t i = 0; i < sizeof(duels) / sizeof(duels[0]); i++)
		page_row(&f, &duels[i], &runs[i]);
	guard_rows(&f, false);
	guard_rows(&f, true);
	bench_quiet();
	out_line("faults, on %s, CPU time", f.sample.name);
	out_table("faults", f.table);
	table_free(f.table);
	sample_free(&f.sample);
	for (size_t i = 0; i < sizeof(duels) / sizeof(duels[0]); i++) {
		if (runs[i].last.err)
			return CMD_FAILED;
	}
	return CMD_OK;
}
