/* SPDX-License-Identifier: MIT */
/*
 * Where a decoder of ISA-L is, said in deflate (RFC 1951): the header of the block
 * that it is in, and the bits that it has taken and not used. The library does not
 * keep the code lengths that the header spelled, but the tables that it made of
 * them, and a code of n bits fills the 2^-n th part of a table. That the parts of
 * all symbols are powers of two and make up a whole table shows that the tables
 * were understood.
 */
#ifdef HAVE_ISAL
#include <errno.h>
#include <string.h>

#include <isa-l.h>

#include "device/codec_internal.h"
#include "device/codec_isal_place.h"

#define LITLEN_SYMS	286
#define DIST_SYMS	30
#define END_OF_BLOCK	256
#define MAX_BITS	15
#define MATCH_MIN	3
#define MATCH_MAX	258

/* Entries of the table for literals and lengths: one to three symbols, or where longer ones are. */
#define LIT_SHORT_BITS	ISAL_DECODE_LONG_BITS
#define LIT_SYM_MASK	0x1ffffffu
#define LIT_LONG	(1u << 25)
#define LIT_COUNT(e)	((e) >> 26 & 3)
#define LIT_BITS(e)	((e) >> 28)
#define LIT_LONG_BITS(e) ((e) >> 26)
#define LONG_BITS(l)	((unsigned int)(l) >> 10)
#define LONG_SYM(l)	((l) & 0x3ffu)
/* A length is decoded with its extra bits, as this much more than itself. */
#define LENGTH_BIAS	254
#define LIT_UNIT	20	/* log2 of a table's parts: 15 bits and 5 extra */

#define DIST_SHORT_BITS	ISAL_DECODE_SHORT_BITS
#define DIST_SYM_MASK	0x1ffu
#define DIST_LONG	(1u << 10)
#define DIST_BITS(e)	((unsigned int)(e) >> 11)
#define DIST_SYM(e)	((e) & 0x1fu)

struct lengths {
	uint8_t litlen[LITLEN_SYMS];
	uint8_t dist[DIST_SYMS];
};

struct parts {
	uint32_t literal[END_OF_BLOCK + 1];
	uint32_t length[MATCH_MAX + 1];
	uint32_t dist[32];
};

static void litlen_add(struct parts *p, unsigned int sym, uint32_t part)
{
	if (sym <= END_OF_BLOCK)
		p->literal[sym] += part;
	else if (sym - LENGTH_BIAS <= MATCH_MAX)
		p->length[sym - LENGTH_BIAS] += part;
}

static bool litlen_parts(const struct inflate_huff_code_large *t, struct parts *p)
{
	for (size_t i = 0; i < wdi_array_size(t->short_code_lookup); i++) {
		uint32_t e = t->short_code_lookup[i];
		unsigned int bits, at = e & LIT_SYM_MASK;

		if (!(e & LIT_LONG)) {
			if (LIT_BITS(e) && LIT_COUNT(e))
				litlen_add(p, LIT_COUNT(e) > 1 ? at & 0xff : at,
					   UINT32_C(1) << (LIT_UNIT - LIT_SHORT_BITS));
			continue;
		}
		bits = LIT_LONG_BITS(e);
		if (bits <= LIT_SHORT_BITS || bits > LIT_UNIT ||
		    at + (1u << (bits - LIT_SHORT_BITS)) > wdi_array_size(t->long_code_lookup))
			return false;
		for (unsigned int j = 0; j < 1u << (bits - LIT_SHORT_BITS); j++) {
			if (LONG_BITS(t->long_code_lookup[at + j]))
				litlen_add(p, LONG_SYM(t->long_code_lookup[at + j]),
					   UINT32_C(1) << (LIT_UNIT - bits));
		}
	}
	return true;
}

static bool dist_parts(const struct inflate_huff_code_small *t, struct parts *p)
{
	for (size_t i = 0; i < wdi_array_size(t->short_code_lookup); i++) {
		unsigned int e = t->short_code_lookup[i], bits = DIST_BITS(e);
		unsigned int at = e & DIST_SYM_MASK;

		if (!(e & DIST_LONG)) {
			if (bits)
				p->dist[DIST_SYM(e)] += UINT32_C(1) << (MAX_BITS - DIST_SHORT_BITS);
			continue;
		}
		if (bits <= DIST_SHORT_BITS || bits > MAX_BITS ||
		    at + (1u << (bits - DIST_SHORT_BITS)) > wdi_array_size(t->long_code_lookup))
			return false;
		for (unsigned int j = 0; j < 1u << (bits - DIST_SHORT_BITS); j++) {
			if (LONG_BITS(t->long_code_lookup[at + j]))
				p->dist[DIST_SYM(t->long_code_lookup[at + j])] +=
					UINT32_C(1) << (MAX_BITS - bits);
		}
	}
	return true;
}

/* The length of a code that fills @part of 2^@unit. 0: none does. False: it is no such part. */
static bool length_of(uint32_t part, unsigned int unit, uint8_t *len)
{
	*len = 0;
	if (!part)
		return true;
	if (part & (part - 1))
		return false;
	*len = (uint8_t)(unit - (unsigned int)__builtin_ctz(part));
	return *len >= 1 && *len <= MAX_BITS;
}

/* The base and the extra bits of the symbol for a length of match, RFC 1951, 3.2.5. */
static unsigned int length_base(unsigned int sym, unsigned int *extra)
{
	unsigned int n = sym - END_OF_BLOCK - 1;

	*extra = n < 8 || n == 28 ? 0 : n / 4 - 1;
	return n < 8 ? n + MATCH_MIN : n == 28 ? MATCH_MAX :
	       MATCH_MIN + ((4 + n % 4) << *extra);
}

/* All codes of a table make up the whole, but for a table of one code or none. */
static bool whole(const uint8_t *lens, unsigned int n)
{
	unsigned int sum = 0, codes = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (lens[i]) {
			sum += 1u << (MAX_BITS - lens[i]);
			codes++;
		}
	}
	return sum == 1u << MAX_BITS || codes <= 1;
}

static bool lengths_find(const struct inflate_state *z, struct lengths *l)
{
	struct parts p;
	unsigned int extra, base;

	memset(&p, 0, sizeof(p));
	if (!litlen_parts(&z->lit_huff_code, &p) || !dist_parts(&z->dist_huff_code, &p))
		return false;
	/* The symbol before the last can spell the longest match as well. */
	if (p.length[MATCH_MAX] < p.length[MATCH_MAX - 1])
		return false;
	p.length[MATCH_MAX] -= p.length[MATCH_MAX - 1];
	for (unsigned int i = 0; i < LITLEN_SYMS; i++) {
		if (i <= END_OF_BLOCK) {
			if (!length_of(p.literal[i], LIT_UNIT, &l->litlen[i]))
				return false;
			continue;
		}
		base = length_base(i, &extra);
		if (!length_of(p.length[base] << extra, LIT_UNIT, &l->litlen[i]))
			return false;
	}
	for (unsigned int i = 0; i < DIST_SYMS; i++) {
		if (!length_of(p.dist[i], MAX_BITS, &l->dist[i]))
			return false;
	}
	return l->litlen[END_OF_BLOCK];
}

/* The code that needs no header, RFC 1951, 3.2.6. */
static bool lengths_fixed(const struct lengths *l)
{
	for (unsigned int i = 0; i < LITLEN_SYMS; i++) {
		if (l->litlen[i] != (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))
			return false;
	}
	for (unsigned int i = 0; i < DIST_SYMS; i++) {
		if (l->dist[i] != 5)
			return false;
	}
	return true;
}

/* ---- writing ---------------------------------------------------------------------- */

struct writer {
	uint8_t *to;		/* zeroed; NULL: only count */
	unsigned int at;	/* in bits */
};

static void put(struct writer *w, uint32_t value, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++, w->at++) {
		if (w->to && value >> i & 1 && w->at / 8 < SDEV_PLACE_DATA)
			w->to[w->at / 8] |= (uint8_t)(1u << w->at % 8);
	}
}

/* Every length as a code of four bits, which are the order of the lengths themselves. */
static void put_lengths(struct writer *w, const uint8_t *lens, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int bit = 0; bit < 4; bit++)
			put(w, lens[i] >> (3 - bit) & 1, 1);
	}
}

static void put_dynamic(struct writer *w, const struct lengths *l)
{
	put(w, 2, 2);
	put(w, LITLEN_SYMS - 257, 5);
	put(w, DIST_SYMS - 1, 5);
	put(w, 19 - 4, 4);
	/* In the order of 3.2.7, which begins with the three that repeat. */
	for (unsigned int i = 0; i < 19; i++)
		put(w, i < 3 ? 0 : 4, 3);
	put_lengths(w, l->litlen, LITLEN_SYMS);
	put_lengths(w, l->dist, DIST_SYMS);
}

static void put_stored(struct writer *w, unsigned int start, uint32_t len)
{
	put(w, 0, 2);
	while ((w->at - start) % 8)
		put(w, 0, 1);
	put(w, len, 16);
	put(w, ~len & 0xffff, 16);
}

/* All of it, from bit @start of the data on. The number of bits. */
static unsigned int put_place(const struct inflate_state *z, const struct lengths *l,
			      uint8_t *to, unsigned int start)
{
	struct writer w = { .to = to, .at = start };
	uint64_t held = z->read_in;

	if (z->block_state == ISAL_BLOCK_TYPE0 || z->block_state == ISAL_BLOCK_CODED)
		put(&w, !!z->bfinal, 1);
	if (z->block_state == ISAL_BLOCK_TYPE0)
		put_stored(&w, start, (uint32_t)z->type0_block_len);
	else if (z->block_state == ISAL_BLOCK_CODED && lengths_fixed(l))
		put(&w, 1, 2);
	else if (z->block_state == ISAL_BLOCK_CODED)
		put_dynamic(&w, l);
	for (int32_t i = 0; i < z->read_in_length; i++)
		put(&w, held >> i & 1, 1);
	/* A header that is not complete, in order behind the bits. */
	for (int16_t i = 0; i < z->tmp_in_size; i++)
		put(&w, z->tmp_in_buffer[i], 8);
	return w.at - start;
}

int codec_isal_place(const struct inflate_state *z, struct sdev_place *place)
{
	struct lengths l = { 0 };
	unsigned int bits, start;

	if (z->read_in_length < 0 || z->read_in_length > 64 || z->copy_overflow_length ||
	    z->write_overflow_len || z->tmp_in_size < 0)
		return -EAGAIN;
	switch (z->block_state) {
	case ISAL_BLOCK_NEW_HDR:
	case ISAL_BLOCK_HDR:
		break;
	case ISAL_BLOCK_TYPE0:
		if (z->read_in_length % 8 || z->type0_block_len < 0 ||
		    z->type0_block_len > UINT16_MAX)
			return -EAGAIN;
		break;
	case ISAL_BLOCK_CODED:
		if (!lengths_find(z, &l) || (!lengths_fixed(&l) && (!whole(l.litlen, LITLEN_SYMS) ||
								    !whole(l.dist, DIST_SYMS))))
			return -ENOTSUP;
		break;
	default:
		return -EAGAIN;
	}
	bits = put_place(z, &l, NULL, 0);
	if (bits > 8 * SDEV_PLACE_DATA)
		return -ENOTSUP;
	start = (8 - bits % 8) % 8;
	memset(place->data, 0, sizeof(place->data));
	place->bits = put_place(z, &l, place->data, start);
	return 0;
}
#endif
