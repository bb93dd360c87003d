/* SPDX-License-Identifier: MIT */
#include "zdiff_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FENCE		64
#define FENCE_BYTE	0xc9

/* ---- what went wrong ---------------------------------------------------- */

void zdiff_fail(struct zdiff *d, const char *fmt, ...)
{
	va_list args;
	int at;

	if (d->failed)
		return;
	d->failed = true;
	at = snprintf(d->why, sizeof(d->why), "operation %zu: ", d->at);
	va_start(args, fmt);
	vsnprintf(d->why + at, sizeof(d->why) - (size_t)at, fmt, args);
	va_end(args);
	if (d->trace)
		fprintf(stderr, "    DIFFERENT: %s\n", d->why);
}

void zdiff_note(struct zdiff *d, const char *fmt, ...)
{
	va_list args;

	if (!d->trace)
		return;
	fprintf(stderr, "    ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void zdiff_same(struct zdiff *d, const char *what, long long theirs, long long ours)
{
	if (theirs != ours)
		zdiff_fail(d, "%s: theirs %lld, ours %lld", what, theirs, ours);
}

void zdiff_same_text(struct zdiff *d, const char *what, const char *theirs, const char *ours)
{
	if (!theirs != !ours || (theirs && strcmp(theirs, ours)))
		zdiff_fail(d, "%s: theirs '%s', ours '%s'", what, theirs ? theirs : "(null)",
			   ours ? ours : "(null)");
}

void zdiff_same_bytes(struct zdiff *d, const char *what, const void *theirs, const void *ours,
		      size_t len)
{
	const uint8_t *t = theirs, *o = ours;

	for (size_t i = 0; i < len; i++) {
		if (t[i] != o[i]) {
			zdiff_fail(d, "%s: byte %zu of %zu: theirs %02x, ours %02x", what, i, len,
				   t[i], o[i]);
			return;
		}
	}
}

/* ---- numbers ------------------------------------------------------------ */

size_t zdiff_size(uint32_t arg)
{
	static const uint32_t limit[16] = {
		1, 4, 4, 17, 17, 300, 300, 300, 3000, 3000, 3000, 20000, 20000, 40000, 70000, 0,
	};
	uint32_t n = limit[arg & 15], rest = arg >> 4;

	if (n)
		return rest % n;
	return rest & 7 ? 0 : rest % 200000;
}

size_t zdiff_room(uint32_t arg)
{
	static const uint32_t limit[16] = {
		1, 2, 2, 8, 8, 64, 64, 600, 600, 5000, 5000, 20000, 40000, 70000, 300000, 300000,
	};

	return (arg >> 4) % limit[arg & 15] + ((arg >> 4 & 63) != 0);
}

/* ---- data --------------------------------------------------------------- */

uint8_t zpool[POOLS][POOL_LEN];

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void fill_text(uint8_t *p, size_t len, uint32_t *state)
{
	static const char words[][12] = {
		"the ", "queue ", "of ", "a ", "device ", "warp ", "weft, ", "and ", "shuttle ",
		"page ", "fault.\n", "context ", "is ", "bound ", "to ", "memory ", "map; ",
	};

	for (size_t at = 0; at < len; ) {
		const char *w = words[next(state) % ARRAY_SIZE(words)];
		size_t n = MIN(strlen(w), len - at);

		memcpy(p + at, w, n);
		at += n;
	}
}

static void fill_records(uint8_t *p, size_t len, uint32_t *state)
{
	for (size_t at = 0; at + 16 <= len; at += 16) {
		uint32_t record[4] = { (uint32_t)at, 0xc0ffee, next(state) % 100, next(state) };

		memcpy(p + at, record, 16);
	}
}

static void fill_noise(uint8_t *p, size_t len, uint32_t *state)
{
	for (size_t at = 0; at < len; at++)
		p[at] = (uint8_t)next(state);
}

static void fill_runs(uint8_t *p, size_t len, uint32_t *state)
{
	for (size_t at = 0; at < len; ) {
		size_t n = MIN(1 + next(state) % (1u << next(state) % 12), len - at);

		memset(p + at, (int)next(state), n);
		at += n;
	}
}

/* Repeats what was 20 to 40,000 bytes ago, which is about where windows end. */
static void fill_far(uint8_t *p, size_t len, uint32_t *state)
{
	size_t at = 0;

	fill_noise(p, MIN(len, 2000), state);
	for (at = MIN(len, 2000); at < len; ) {
		size_t back = MIN(20 + next(state) % 40000, at);
		size_t n = MIN(3 + next(state) % 400, len - at);

		for (size_t i = 0; i < n; i++)
			p[at + i] = p[at + i - back];
		at += n;
		if (at < len)
			p[at++] = (uint8_t)next(state);
	}
}

static void fill_changing(uint8_t *p, size_t len, uint32_t *state)
{
	for (size_t at = 0; at < len; ) {
		size_t n = MIN(1000 + next(state) % 30000, len - at);

		switch (next(state) % 4) {
		case 0: fill_text(p + at, n, state); break;
		case 1: fill_noise(p + at, n, state); break;
		case 2: fill_runs(p + at, n, state); break;
		default: fill_records(p + at, n, state); break;
		}
		at += n;
	}
}

void zpool_fill(void)
{
	static void (*const fill[POOLS])(uint8_t *, size_t, uint32_t *) = {
		fill_text, fill_records, fill_noise, fill_runs, fill_far, fill_changing,
	};
	static bool done;
	uint32_t state = 7;

	for (size_t i = 0; !done && i < POOLS; i++)
		fill[i](zpool[i], POOL_LEN, &state);
	done = true;
}

const uint8_t *zdiff_data(uint32_t arg, size_t len)
{
	return zpool[arg % POOLS] + (arg >> 4) % (POOL_LEN - len);
}

struct piece piece_of(const uint8_t *data, size_t len)
{
	struct piece p = { malloc(len ? len : 1), len };

	if (!p.data)
		abort();
	if (len)
		memcpy(p.data, data, len);
	return p;
}

void piece_drop(struct piece *p)
{
	memset(p->data, 0xdd, p->len);
	free(p->data);
	p->data = NULL;
}

uint8_t *room_make(struct zdiff *d, size_t len)
{
	memset(d->scratch + len, FENCE_BYTE, FENCE);
	return d->scratch;
}

void room_check(struct zdiff *d, int side, size_t len)
{
	for (size_t i = 0; i < FENCE; i++) {
		if (d->scratch[len + i] != FENCE_BYTE) {
			zdiff_fail(d, "%s wrote behind its %zu bytes of output", side_name(side),
				   len);
			return;
		}
	}
}

/* ---- allocator ---------------------------------------------------------- */

#define ZMEM_MAGIC	0x7a6d656du
#define BLOCK_FENCE	32

/* In front of each block. */
struct block {
	struct zmem *owner;
	size_t len;
	uint64_t magic;
	uint64_t pad;
};

static voidpf zmem_alloc(voidpf opaque, uInt items, uInt size)
{
	struct zmem *m = opaque;
	size_t len = (size_t)items * size;
	struct block *b;

	if (m->magic != ZMEM_MAGIC)
		abort();
	m->requests++;
	if ((m->mode == ZMEM_FAIL && m->requests == m->fail_at) ||
	    (m->mode == ZMEM_ARENA && m->given + len > m->limit)) {
		m->failed = true;
		return Z_NULL;
	}
	b = malloc(sizeof(*b) + len + BLOCK_FENCE);
	if (!b)
		abort();
	*b = (struct block){ .owner = m, .len = len, .magic = ~(uint64_t)(uintptr_t)b };
	/* Nothing may be taken for zero; large blocks would cost too much time. */
	memset(b + 1, 0xa5, len < 8192 ? len : 8192);
	memset((uint8_t *)(b + 1) + len, FENCE_BYTE, BLOCK_FENCE);
	m->live++;
	m->given += len;
	if (m->given > m->peak)
		m->peak = m->given;
	return b + 1;
}

static void zmem_free(voidpf opaque, voidpf address)
{
	struct zmem *m = opaque;
	struct block *b = (struct block *)address - 1;

	if (m->magic != ZMEM_MAGIC)
		abort();
	if (b->magic != ~(uint64_t)(uintptr_t)b || b->owner != m) {
		m->damage = "freed what it had not allocated from this allocator";
		return;
	}
	for (size_t i = 0; i < BLOCK_FENCE; i++) {
		if (((uint8_t *)(b + 1))[b->len + i] != FENCE_BYTE)
			m->damage = "wrote behind a block";
	}
	m->live--;
	m->given -= b->len;
	b->magic = 0;
	free(b);
}

struct zmem *zmem_new(enum zmem_mode mode, size_t limit, unsigned int fail_at)
{
	struct zmem *m = malloc(sizeof(*m));

	if (!m)
		abort();
	*m = (struct zmem){
		.magic = ZMEM_MAGIC, .mode = mode, .arena = limit, .limit = limit,
		.fail_at = fail_at, .users = 1,
	};
	return m;
}

enum zmem_mode zmem_mode_of(uint32_t arg)
{
	static const enum zmem_mode modes[16] = {
		[9] = ZMEM_COUNT, [10] = ZMEM_COUNT, [11] = ZMEM_COUNT,
		[12] = ZMEM_ARENA, [13] = ZMEM_ARENA, [14] = ZMEM_ARENA, [15] = ZMEM_FAIL,
	};

	return modes[arg & 15];
}

void zmem_use(struct zmem *m, z_stream *strm)
{
	if (m->mode == ZMEM_NONE) {
		strm->zalloc = Z_NULL;
		strm->zfree = Z_NULL;
		strm->opaque = Z_NULL;
		return;
	}
	strm->zalloc = zmem_alloc;
	strm->zfree = zmem_free;
	strm->opaque = m;
}

void zmem_drop(struct zdiff *d, int side, struct zmem *m)
{
	if (--m->users)
		return;
	if (m->damage)
		zdiff_fail(d, "allocator: %s %s", side_name(side), m->damage);
	if (m->live)
		zdiff_fail(d, "allocator: %s left %u blocks", side_name(side), m->live);
	m->magic = 0;
	free(m);
}

/* ---- operations --------------------------------------------------------- */

static const struct {
	const struct zop_row *rows;
	const size_t *count;
} groups[] = {
	{ zops_deflate, &zops_deflate_count },
	{ zops_inflate, &zops_inflate_count },
	{ zops_calls, &zops_calls_count },
	{ zops_gz, &zops_gz_count },
};

static const struct zop_row *row_of(unsigned int kind)
{
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		if (kind < *groups[g].count)
			return &groups[g].rows[kind];
		kind -= (unsigned int)*groups[g].count;
	}
	return NULL;
}

static uint64_t random64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A kind of @group by weight. */
static uint8_t random_kind(uint64_t *state, size_t group)
{
	unsigned int total = 0, base = 0, pick;

	for (size_t g = 0; g < group; g++)
		base += (unsigned int)*groups[g].count;
	for (size_t i = 0; i < *groups[group].count; i++)
		total += groups[group].rows[i].weight;
	pick = (unsigned int)(random64(state) % total);
	for (size_t i = 0; ; i++) {
		if (pick < groups[group].rows[i].weight)
			return (uint8_t)(base + i);
		pick -= groups[group].rows[i].weight;
	}
}

void zseq_random(struct zseq *seq, uint64_t seed)
{
	/* What a sequence is mostly about: deflate, inflate, calls, files, or everything. */
	static const uint8_t mix[8][4] = {
		{ 8, 1, 1, 0 }, { 10, 0, 0, 0 }, { 10, 1, 0, 0 }, { 1, 10, 0, 0 }, { 0, 10, 1, 0 },
		{ 5, 5, 1, 0 }, { 0, 0, 10, 1 }, { 0, 1, 1, 8 },
	};
	uint64_t state = seed * 0x2545f4914f6cdd1du + 1;
	static const uint8_t inflate_alone[4] = { 0, 10, 0, 0 };
	const uint8_t *m = mix[random64(&state) % ARRAY_SIZE(mix)];

	memset(seq, 0, sizeof(*seq));
	seq->lengthy = seed >= ZDIFF_LENGTHY;
	if (seq->lengthy)
		m = inflate_alone;
	seq->count = 4 + random64(&state) % (ZDIFF_OPS_MAX - 4);
	if (random64(&state) % 2)
		seq->count = MIN(seq->count, 16);
	for (size_t i = 0; i < seq->count; i++) {
		struct zop *op = &seq->op[i];
		unsigned int pick = (unsigned int)(random64(&state) % (m[0] + m[1] + m[2] + m[3]));
		size_t group = 0;

		while (pick >= m[group])
			pick -= m[group++];
		op->kind = random_kind(&state, group);
		op->slot = random64(&state) % 4 == 0;
		for (size_t a = 0; a < ZDIFF_ARGS; a++)
			op->arg[a] = (uint32_t)random64(&state);
	}
}

void zseq_decode(struct zseq *seq, const uint8_t *data, size_t len)
{
	unsigned int kinds = 0;

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		kinds += (unsigned int)*groups[g].count;
	memset(seq, 0, sizeof(*seq));
	while (len >= 2 && seq->count < ZDIFF_OPS_MAX) {
		struct zop *op = &seq->op[seq->count++];
		uint8_t buf[1 + 2 * ZDIFF_ARGS] = { 0 };
		size_t n = MIN(sizeof(buf), len);

		memcpy(buf, data, n);
		data += n;
		len -= n;
		op->kind = (uint8_t)((buf[0] & 127) % kinds);
		op->slot = buf[0] >> 7;
		for (size_t a = 0; a < ZDIFF_ARGS; a++) {
			uint32_t v = buf[1 + 2 * a] | (uint32_t)buf[2 + 2 * a] << 8;

			/* The upper half follows from the lower one. */
			op->arg[a] = v | (v * 40503u & 0xffff) << 16;
		}
	}
}

/* ---- a run -------------------------------------------------------------- */

bool zdiff_run(struct zdiff *d, const struct zseq *seq)
{
	d->failed = false;
	d->why[0] = 0;
	d->lengthy = seq->lengthy;
	for (size_t i = 0; i < seq->count && !d->failed; i++) {
		const struct zop_row *row = row_of(seq->op[i].kind);

		if (seq->op[i].off)
			continue;
		d->at = i;
		d->now = &seq->op[i];
		if (d->trace)
			fprintf(stderr, "%3zu %s[%u]\n", i, row->name, seq->op[i].slot);
		zdiff_play(d, d->now, row->fn);
	}
	d->at = seq->count;
	zdiff_end_deflate(d);
	zdiff_end_inflate(d);
	zdiff_end_gz(d);
	return !d->failed;
}

const char *zdiff_why(const struct zdiff *d)
{
	return d->why;
}

struct zdiff *zdiff_new(const struct zapi *theirs, const struct zapi *ours, const char *folder)
{
	struct zdiff *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->api[THEIRS] = theirs;
	d->api[OURS] = ours;
	d->folder = folder;
	d->scratch = malloc(SCRATCH_LEN + FENCE);
	if (!d->scratch)
		abort();
	zpool_fill();
	return d;
}

void zdiff_free(struct zdiff *d)
{
	free(d->scratch);
	free(d);
}

void zdiff_set_trace(struct zdiff *d, bool on)
{
	d->trace = on;
}

void zdiff_set_exact(struct zdiff *d, bool on)
{
	d->exact = on;
}

uint64_t zdiff_calls(const struct zdiff *d)
{
	return d->calls;
}
