/* SPDX-License-Identifier: MIT */
/*
 * A library that compresses whole buffers marks its last block as the last of
 * the stream. To go on behind it, that mark has to be found and taken back: a
 * walk over the block headers (RFC 1951, 3.2.3) and, because only the codes tell
 * where a block ends, over the codes, of which none is decoded into anything.
 */
#include <string.h>

#include "device/codec_internal.h"

#define MAX_BITS	15
#define FAST_BITS	11
#define LITLEN_SYMS	288
#define DIST_SYMS	32
#define CLEN_SYMS	19
#define END_OF_BLOCK	256

/* What a code that fits into FAST_BITS means; 0: it is longer, or there is none. */
#define STEP_BITS	0x3f	/* the code and its extra bits */
#define STEP_MATCH	0x40	/* a distance follows */
#define STEP_END	0x80

struct code {
	uint16_t count[MAX_BITS + 1];
	uint16_t sorted[LITLEN_SYMS];	/* symbols by length, then by value */
	uint8_t fast[1 << FAST_BITS];
};

struct walk {
	const uint8_t *buf;
	size_t len;
	size_t next;		/* byte that is not in @hold yet */
	uint64_t hold;
	unsigned int bits;	/* in @hold; more than there are when the input ends */
};

static void refill(struct walk *w)
{
	if (wdi_likely(w->len - w->next >= sizeof(uint64_t) && w->next <= w->len)) {
		uint64_t word;

		memcpy(&word, w->buf + w->next, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		word = __builtin_bswap64(word);
#endif
		w->hold |= word << w->bits;
		w->next += (63 - w->bits) >> 3;
		w->bits |= 56;
		return;
	}
	while (w->bits <= 56) {
		if (w->next < w->len)
			w->hold |= (uint64_t)w->buf[w->next] << w->bits;
		w->next++;
		w->bits += 8;
	}
}

static size_t position(const struct walk *w)
{
	return w->next * 8 - w->bits;
}

static void drop(struct walk *w, unsigned int n)
{
	w->hold >>= n;
	w->bits -= n;
}

/* At most 32 of them, after a refill that covers them. */
static unsigned int take(struct walk *w, unsigned int n)
{
	unsigned int value = (unsigned int)(w->hold & (((uint64_t)1 << n) - 1));

	drop(w, n);
	return value;
}

static unsigned int litlen_extra(unsigned int symbol)
{
	if (symbol < 265 || symbol == 285)
		return 0;
	return (symbol - 261) / 4;
}

static unsigned int dist_extra(unsigned int symbol)
{
	return symbol < 4 ? 0 : symbol / 2 - 1;
}

static unsigned int litlen_step(unsigned int symbol, unsigned int len)
{
	if (symbol < END_OF_BLOCK)
		return len;
	if (symbol == END_OF_BLOCK)
		return len | STEP_END;
	return (len + litlen_extra(symbol)) | STEP_MATCH;
}

static unsigned int dist_step(unsigned int symbol, unsigned int len)
{
	return len + dist_extra(symbol);
}

static unsigned int clen_step(unsigned int symbol, unsigned int len)
{
	(void)symbol;
	return len;
}

typedef unsigned int step_fn(unsigned int symbol, unsigned int len);

static unsigned int reverse(unsigned int code, unsigned int len)
{
	unsigned int out = 0;

	for (; len; len--, code >>= 1)
		out = out << 1 | (code & 1);
	return out;
}

/* Lengths to codes (3.2.2). */
static void code_make(struct code *c, const uint8_t *lens, unsigned int n, step_fn *step)
{
	unsigned int code = 0, at[MAX_BITS + 2] = { 0 }, next[MAX_BITS + 1];

	memset(c->count, 0, sizeof(c->count));
	memset(c->fast, 0, sizeof(c->fast));
	for (unsigned int i = 0; i < n; i++)
		c->count[lens[i]]++;
	c->count[0] = 0;
	for (unsigned int len = 1; len <= MAX_BITS; len++) {
		code = (code + c->count[len - 1]) << 1;
		next[len] = code;
		at[len + 1] = at[len] + c->count[len];
	}
	for (unsigned int i = 0; i < n; i++) {
		unsigned int len = lens[i];

		if (!len)
			continue;
		c->sorted[at[len]++] = (uint16_t)i;
		code = next[len]++;
		if (len > FAST_BITS)
			continue;
		for (unsigned int k = reverse(code, len); k < 1u << FAST_BITS; k += 1u << len)
			c->fast[k] = (uint8_t)step(i, len);
	}
}

/* A code of any length, bit by bit: its symbol, or -1. */
static int code_slow(const struct code *c, const struct walk *w, unsigned int *len)
{
	unsigned int code = 0, first = 0, index = 0;

	for (unsigned int n = 1; n <= MAX_BITS; n++) {
		code |= (unsigned int)(w->hold >> (n - 1)) & 1;
		if (code < first + c->count[n]) {
			*len = n;
			return c->sorted[index + code - first];
		}
		index += c->count[n];
		first = (first + c->count[n]) << 1;
		code <<= 1;
	}
	return -1;
}

/* What the next code means; 0: it is none. */
static unsigned int code_step(const struct code *c, const struct walk *w, step_fn *step)
{
	unsigned int fast = c->fast[w->hold & ((1u << FAST_BITS) - 1)], len = 0;
	int symbol;

	if (wdi_likely(fast))
		return fast;
	symbol = code_slow(c, w, &len);
	return symbol < 0 ? 0 : step((unsigned int)symbol, len);
}

struct tables {
	struct code litlen;
	struct code dist;
};

static void fixed_codes(struct tables *t)
{
	uint8_t lens[LITLEN_SYMS];

	memset(lens, 8, 144);
	memset(lens + 144, 9, 112);
	memset(lens + 256, 7, 24);
	memset(lens + 280, 8, 8);
	code_make(&t->litlen, lens, LITLEN_SYMS, litlen_step);
	memset(lens, 5, DIST_SYMS);
	code_make(&t->dist, lens, DIST_SYMS, dist_step);
}

/* 3.2.7 */
static bool dynamic_codes(struct walk *w, struct tables *t)
{
	static const uint8_t order[CLEN_SYMS] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
	};
	uint8_t clens[CLEN_SYMS] = { 0 }, lens[LITLEN_SYMS + DIST_SYMS];
	unsigned int nlit, ndist, nclen, n = 0;

	refill(w);
	nlit = take(w, 5) + 257;
	ndist = take(w, 5) + 1;
	nclen = take(w, 4) + 4;
	for (unsigned int i = 0; i < nclen; i++) {
		if (i % 8 == 0)
			refill(w);
		clens[order[i]] = (uint8_t)take(w, 3);
	}
	code_make(&t->dist, clens, CLEN_SYMS, clen_step);	/* its place is free yet */
	while (n < nlit + ndist) {
		unsigned int len, repeat = 1;
		uint8_t value;
		int symbol;

		refill(w);
		symbol = code_slow(&t->dist, w, &len);
		if (symbol < 0 || (symbol == 16 && !n))
			return false;
		drop(w, len);
		value = symbol < 16 ? (uint8_t)symbol : symbol == 16 ? lens[n - 1] : 0;
		if (symbol == 16)
			repeat = 3 + take(w, 2);
		else if (symbol == 17)
			repeat = 3 + take(w, 3);
		else if (symbol == 18)
			repeat = 11 + take(w, 7);
		if (n + repeat > nlit + ndist)
			return false;
		memset(lens + n, value, repeat);
		n += repeat;
	}
	if (nlit > LITLEN_SYMS || ndist > DIST_SYMS)
		return false;
	code_make(&t->litlen, lens, nlit, litlen_step);
	code_make(&t->dist, lens + nlit, ndist, dist_step);
	return true;
}

/* Step over the codes of a block. */
static bool skip_codes(struct walk *w, const struct tables *t)
{
	while (w->next <= w->len + sizeof(uint64_t)) {
		unsigned int step;

		/* At least 56 bits; the longest match takes 15 + 5 + 15 + 13 of them. */
		refill(w);
		step = code_step(&t->litlen, w, litlen_step);
		if (wdi_likely(step && step < STEP_MATCH)) {
			drop(w, step);
			if (w->bits < 48)
				continue;
			step = code_step(&t->litlen, w, litlen_step);
		}
		if (!step)
			return false;
		drop(w, step & STEP_BITS);
		if (step & STEP_END)
			return true;
		if (!(step & STEP_MATCH))
			continue;
		step = code_step(&t->dist, w, dist_step);
		if (!step)
			return false;
		drop(w, step);
	}
	return false;
}

static bool skip_stored(struct walk *w)
{
	size_t at = (position(w) + 7) / 8;
	unsigned int n;

	if (at + 4 > w->len)
		return false;
	n = w->buf[at] | (unsigned int)w->buf[at + 1] << 8;
	w->next = at + 4 + n;
	w->hold = 0;
	w->bits = 0;
	return w->next <= w->len;
}

/* Where the header of the last block is and where the block ends, in bits. */
static bool find_last(const uint8_t *buf, size_t len, size_t *header, size_t *end)
{
	struct walk w = { .buf = buf, .len = len };
	struct tables t;
	bool last, good;

	do {
		refill(&w);
		*header = position(&w);
		last = take(&w, 1);
		switch (take(&w, 2)) {
		case 0:
			good = skip_stored(&w);
			break;
		case 1:
			fixed_codes(&t);
			good = skip_codes(&w, &t);
			break;
		case 2:
			good = dynamic_codes(&w, &t) && skip_codes(&w, &t);
			break;
		default:
			good = false;
		}
		*end = position(&w);
		if (!good || *end > len * 8)
			return false;
	} while (!last);
	return true;
}

size_t codec_reopen(uint8_t *buf, size_t len, size_t room)
{
	static const uint8_t empty[] = { 0x00, 0x00, 0xff, 0xff };
	size_t header, end, at;

	if (!find_last(buf, len, &header, &end))
		return 0;
	at = (end + 3 + 7) / 8;		/* the empty block's header, up to the next byte */
	if (at + sizeof(empty) > room)
		return 0;
	buf[header / 8] &= (uint8_t)~(1u << header % 8);
	if (end % 8)
		buf[end / 8] &= (uint8_t)((1u << end % 8) - 1);
	if (at > (end + 7) / 8)
		buf[at - 1] = 0;
	memcpy(buf + at, empty, sizeof(empty));
	return at + sizeof(empty);
}
