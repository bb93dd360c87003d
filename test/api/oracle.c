/* SPDX-License-Identifier: MIT */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- data --------------------------------------------------------------- */

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

size_t rng_below(struct rng *rng, size_t limit)
{
	return (size_t)(rng_next(rng) % limit);
}

static void fill_random(struct rng *rng, uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(rng_next(rng) >> 32);
}

/* Short syllables make words; few of the words make most of the text. */
static void fill_text(struct rng *rng, uint8_t *buf, size_t len)
{
	static const char syllables[] = "tanolireshkumi";
	size_t at = 0;

	while (at < len) {
		size_t word = rng_below(rng, 4) ? rng_below(rng, 60) : rng_below(rng, 5000);
		struct rng letters = { .state = word };
		size_t count = 1 + rng_below(&letters, 4);

		for (size_t i = 0; i < count && at + 2 <= len; i++) {
			memcpy(buf + at, syllables + 2 * rng_below(&letters, 7), 2);
			at += 2;
		}
		if (at < len)
			buf[at++] = rng_below(rng, 12) ? ' ' : '\n';
	}
}

static void fill_mixed(struct rng *rng, uint8_t *buf, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t n = 1 + rng_below(rng, 700), back;

		if (n > len - at)
			n = len - at;
		switch (rng_below(rng, 5)) {
		case 0:
			fill_random(rng, buf + at, n);
			break;
		case 1:
			memset(buf + at, (int)rng_below(rng, 4), n);
			break;
		case 2:
			fill_text(rng, buf + at, n);
			break;
		default:
			back = 1 + rng_below(rng, at && at < 40000 ? at : 40000);
			for (size_t i = 0; i < n; i++, at++)
				buf[at] = back <= at ? buf[at - back] : (uint8_t)at;
			continue;
		}
		at += n;
	}
}

void data_fill(enum data_kind kind, uint64_t seed, void *buf, size_t len)
{
	struct rng rng = { .state = seed * 1000 + kind };

	switch (kind) {
	case DATA_TEXT:
		fill_text(&rng, buf, len);
		break;
	case DATA_RANDOM:
		fill_random(&rng, buf, len);
		break;
	case DATA_MIXED:
		fill_mixed(&rng, buf, len);
		break;
	default:
		memset(buf, 0, len);
	}
}

uint8_t *data_new(enum data_kind kind, uint64_t seed, size_t len)
{
	uint8_t *buf = malloc(len ? len : 1);

	if (!buf)
		abort();
	data_fill(kind, seed, buf, len);
	return buf;
}

/* ---- zlib --------------------------------------------------------------- */

int oracle_bits(enum wd_comp_alg_type alg, int bits)
{
	if (alg == WD_DEFLATE)
		return -bits;
	return alg == WD_GZIP ? bits + 16 : bits;
}

/* Memory for one inflate(): tests run it in callbacks by the thousand. */
#define ARENA_SIZE	(64u << 10)
static _Thread_local struct arena {
	size_t used;
	_Alignas(16) uint8_t bytes[ARENA_SIZE];
} arena;

static voidpf arena_alloc(voidpf opaque, uInt items, uInt size)
{
	struct arena *a = opaque;
	size_t at = a->used, len = ((size_t)items * size + 15) & ~(size_t)15;

	if (len > ARENA_SIZE - at)
		return Z_NULL;
	a->used += len;
	return a->bytes + at;
}

static void arena_free(voidpf opaque, voidpf p)
{
	(void)opaque;
	(void)p;
}

/* @step: room that zlib gets in one call; it must use its window between two calls. */
static size_t decode(int bits, const void *src, size_t len, void *dst, size_t cap, size_t step,
		     size_t *used)
{
	z_stream strm = { .next_in = (z_const Bytef *)src, .avail_in = (uInt)len,
			  .zalloc = arena_alloc, .zfree = arena_free, .opaque = &arena };
	size_t made = 0;
	int ret;

	arena.used = 0;
	if (inflateInit2(&strm, bits) != Z_OK)
		return ORACLE_FAILED;
	strm.next_out = dst;
	do {
		strm.avail_out = (uInt)(cap - made < step ? cap - made : step);
		ret = inflate(&strm, Z_NO_FLUSH);
		made = strm.total_out;
	} while (ret == Z_OK);
	if (used)
		*used = strm.total_in;
	inflateEnd(&strm);
	return ret == Z_STREAM_END ? made : ORACLE_FAILED;
}

size_t oracle_decode(enum wd_comp_alg_type alg, const void *src, size_t len, void *dst, size_t cap,
		     size_t *used)
{
	return decode(oracle_bits(alg, 15), src, len, dst, cap, cap ? cap : 1, used);
}

size_t oracle_decode_window(enum wd_comp_alg_type alg, int bits, const void *src, size_t len,
			    void *dst, size_t cap)
{
	return decode(oracle_bits(alg, bits), src, len, dst, cap, 1, NULL);
}

size_t oracle_bound(size_t len)
{
	return len + len / 8 + 1024;
}

size_t oracle_encode(enum wd_comp_alg_type alg, const struct oracle_how *how, const void *src,
		     size_t len, void *dst, size_t cap)
{
	z_stream strm = { .next_in = (z_const Bytef *)src, .avail_in = (uInt)len,
			  .next_out = dst, .avail_out = (uInt)cap };
	gz_header header = { .text = 1, .time = 1234567890, .os = 3, .hcrc = 1,
			     .extra = (Bytef *)"ab\4\0abcd", .extra_len = 8,
			     .name = (Bytef *)"a name", .comment = (Bytef *)"a comment" };
	static const struct oracle_how defaults;
	size_t made = ORACLE_FAILED;
	int level;

	if (!how)
		how = &defaults;
	level = how->level ? how->level : 6;
	if (deflateInit2(&strm, level == ORACLE_STORED ? 0 : level, Z_DEFLATED,
			 oracle_bits(alg, how->bits ? how->bits : 15),
			 how->mem_level ? how->mem_level : 8, how->strategy) != Z_OK)
		return made;
	if (how->full_header)
		deflateSetHeader(&strm, &header);
	if (deflate(&strm, Z_FINISH) == Z_STREAM_END)
		made = strm.total_out;
	deflateEnd(&strm);
	return made;
}

struct oracle_stream {
	z_stream strm;
	bool ended;
};

struct oracle_stream *oracle_stream_new(enum wd_comp_alg_type alg)
{
	struct oracle_stream *s = calloc(1, sizeof(*s));

	if (!s || inflateInit2(&s->strm, oracle_bits(alg, 15)) != Z_OK)
		abort();
	return s;
}

size_t oracle_stream_feed(struct oracle_stream *s, const void *src, size_t len, void *dst,
			  size_t cap)
{
	int ret;

	s->strm.next_in = (z_const Bytef *)src;
	s->strm.avail_in = (uInt)len;
	s->strm.next_out = dst;
	s->strm.avail_out = (uInt)cap;
	ret = inflate(&s->strm, Z_SYNC_FLUSH);
	s->ended = ret == Z_STREAM_END;
	if ((ret != Z_OK && ret != Z_BUF_ERROR && ret != Z_STREAM_END) || s->strm.avail_in)
		return ORACLE_FAILED;
	return cap - s->strm.avail_out;
}

bool oracle_stream_ended(const struct oracle_stream *s)
{
	return s->ended;
}

void oracle_stream_free(struct oracle_stream *s)
{
	inflateEnd(&s->strm);
	free(s);
}
