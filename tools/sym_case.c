/* SPDX-License-Identifier: MIT */
/*
 * One algorithm at one size: every contestant first makes the same of the same
 * jobs, and then they take turns.
 */
#include "sym_case.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALLS	64	/* null calls between two looks at the clock */
#define SLOW	4	/* so many times more than was asked for is enough */

static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* ---- the jobs ----------------------------------------------------------------------------- */

static void fill(uint8_t *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

static void ivs_set(struct sym_data *d)
{
	for (unsigned int i = 0; i < SYM_JOBS; i++) {
		memset(d->job[i].iv, 0, sizeof(d->job[i].iv));
		fill(d->job[i].iv, d->row->iv, 1000 + i);
	}
}

static bool data_make(struct sym_data *d)
{
	/* Apart by more than they are long, and by no power of two. */
	size_t each = (sym_aad(d) + d->size + 63) / 64 * 64 + 64;
	uint8_t *memory = aligned_alloc(64, 2 * each * SYM_JOBS);

	if (!memory)
		return false;
	fill(memory, 2 * each * SYM_JOBS, 1);
	fill(d->key, sizeof(d->key), 2);
	fill(d->akey, sizeof(d->akey), 3);
	for (unsigned int i = 0; i < SYM_JOBS; i++) {
		d->job[i].src = memory + 2 * i * each;
		d->job[i].dst = memory + (2 * i + 1) * each;
	}
	ivs_set(d);
	return true;
}

/* What they all have to make of it: @want is that of the first. 0, or -EBADMSG. */
static int results_compare(const struct sym_data *d, uint8_t *want, bool first)
{
	size_t len = d->row->class == SYM_DIGEST ? 0 : d->size;

	for (unsigned int i = 0; i < SYM_JOBS; i++, want += len + sizeof(d->job[i].mac)) {
		const struct sym_job *j = &d->job[i];

		if (first) {
			memcpy(want, j->dst + sym_aad(d), len);
			memcpy(want + len, j->mac, d->row->out);
		} else if (memcmp(want, j->dst + sym_aad(d), len) ||
			   memcmp(want + len, j->mac, d->row->out)) {
			return -EBADMSG;
		}
	}
	return 0;
}

static void results_wipe(struct sym_data *d)
{
	for (unsigned int i = 0; i < SYM_JOBS; i++) {
		memset(d->job[i].dst, 0, sym_aad(d) + d->size);
		if (!d->decrypt)
			memset(d->job[i].mac, 0, sizeof(d->job[i].mac));
	}
	ivs_set(d);
}

/* To decrypt there has to be something encrypted. */
static int data_encrypt(struct sym_data *d)
{
	void *state = sym_side_sync.open(d);
	int ret = state ? sym_side_sync.run(state, 1) : -ENOTSUP;

	for (unsigned int i = 0; i < SYM_JOBS && !ret; i++)
		memcpy(d->job[i].src + sym_aad(d), d->job[i].dst + sym_aad(d), d->size);
	return ret;
}

/* ---- the contest -------------------------------------------------------------------------- */

/* Who, at which depth, and where the result goes. */
struct entry {
	const struct sym_side *side;
	void *state;
	unsigned int depth;
	unsigned int value;
	double best;
};

struct contest {
	struct sym_data d;
	struct entry list[SYM_VALUE_COUNT];
	unsigned int count;
};

static void enter(struct contest *c, const struct sym_side *side, void *state, unsigned int depth,
		  unsigned int value)
{
	if (state)
		c->list[c->count++] = (struct entry){ side, state, depth, value, INFINITY };
}

static int contest_make(struct contest *c, const struct sym_case *want)
{
	void *sync = sym_side_sync.open(&c->d), *async = sync ? sym_side_async.open(&c->d) : NULL;
	void *raw;

	if (!sync || !async)
		return -ENOTSUP;
	raw = sym_side_raw.open(&c->d);
	enter(c, &sym_side_sync, sync, 1, SYM_VALUE_SYNC);
	enter(c, &sym_side_evp, sym_side_evp.open(&c->d), 1, SYM_VALUE_EVP);
	for (unsigned int i = 0; i < want->depth_count; i++) {
		enter(c, &sym_side_async, async, want->depths[i], SYM_VALUE_ASYNC + i);
		enter(c, &sym_side_raw, raw, want->depths[i], SYM_VALUE_RAW + i);
	}
	return 0;
}

static int contest_check(struct contest *c)
{
	uint8_t *want = calloc(SYM_JOBS, c->d.size + sizeof(c->d.job[0].mac));
	int ret = want ? 0 : -ENOMEM;

	for (unsigned int i = 0; i < c->count && !ret; i++) {
		struct entry *e = &c->list[i];

		results_wipe(&c->d);
		ret = e->side->run(e->state, e->depth);
		/* In place, only the first run has the right input. */
		if (!ret && (e->side != &sym_side_raw || e->value == SYM_VALUE_RAW))
			ret = results_compare(&c->d, want, !i);
	}
	free(want);
	return ret;
}

static int entry_turn(struct entry *e, double ns)
{
	double begin = cpu_ns(), took;
	unsigned int passes = 0;

	do {
		int ret = e->side->run(e->state, e->depth);

		if (ret)
			return ret;
		passes++;
		took = cpu_ns() - begin;
	} while (took < ns);
	e->best = fmin(e->best, took / passes / SYM_JOBS);
	return 0;
}

int sym_measure(const void *arg, struct bench_result *res)
{
	const struct sym_case *want = arg;
	struct contest *c = calloc(1, sizeof(*c));
	double begin, ns = want->seconds * 1e9 / want->turns;
	int ret;

	if (!c)
		return -ENOMEM;
	c->d.row = want->row;
	c->d.size = want->size;
	if (!data_make(&c->d))
		return -ENOMEM;
	ret = want->decrypt ? data_encrypt(&c->d) : 0;
	c->d.decrypt = want->decrypt;
	if (!ret)
		ret = contest_make(c, want);
	if (!ret)
		ret = contest_check(c);
	begin = cpu_ns();
	for (unsigned int turn = 0; turn < want->turns && !ret; turn++) {
		for (unsigned int i = 0; i < c->count && !ret; i++)
			ret = entry_turn(&c->list[i], ns);
		if (cpu_ns() - begin > SLOW * want->seconds * 1e9 * c->count)
			break;
	}
	for (unsigned int i = 0; i < c->count && !ret; i++)
		res->value[c->list[i].value] = c->list[i].best;
	return ret;
}

int sym_null_measure(const void *arg, struct bench_result *res)
{
	double seconds = *(const double *)arg, begin = cpu_ns(), last = begin;

	res->value[0] = INFINITY;
	do {
		for (unsigned int i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		res->value[0] = fmin(res->value[0], (cpu_ns() - last) / CALLS);
		last = cpu_ns();
	} while (last - begin < seconds * 1e9);
	return 0;
}
