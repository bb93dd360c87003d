/* SPDX-License-Identifier: MIT */
/*
 * Rows: what inflate and inflateBack do with data that is made on purpose, each mistake
 * there is, and bits that come one after the other. They are put together here after
 * RFC 1951.
 */
#include "zrows.h"

#include <stdlib.h>
#include <string.h>

/* ---- bits ------------------------------------------------------------------- */

struct bits {
	uint8_t *p;
	size_t count;
};

static void put(struct bits *b, unsigned int value, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++, b->count++) {
		if (b->count % 8 == 0)
			b->p[b->count / 8] = 0;
		b->p[b->count / 8] |= (uint8_t)((value >> i & 1) << b->count % 8);
	}
}

/* Huffman codes go with their first bit first. */
static void put_code(struct bits *b, unsigned int code, unsigned int n)
{
	while (n--)
		put(b, code >> n & 1, 1);
}

static size_t whole(struct bits *b)
{
	b->count = (b->count + 7) / 8 * 8;
	return b->count / 8;
}

static void put_stored(struct bits *b, const uint8_t *data, size_t n)
{
	while (n) {
		size_t part = n < 65535 ? n : 65535;

		put(b, 0, 3);
		whole(b);
		put(b, (unsigned int)part, 16);
		put(b, ~(unsigned int)part & 0xffff, 16);
		memcpy(b->p + b->count / 8, data, part);
		b->count += part * 8;
		data += part;
		n -= part;
	}
}

#define FIXED	1
#define DYNAMIC	2

static void put_block(struct bits *b, unsigned int type)
{
	put(b, 1, 1);
	put(b, type, 2);
}

/* Lengths of the codes of the code lengths, in the order that they are sent in. */
static void put_dynamic(struct bits *b, unsigned int lit, unsigned int dist, const char *lengths)
{
	put_block(b, DYNAMIC);
	put(b, lit - 257, 5);
	put(b, dist - 1, 5);
	put(b, (unsigned int)strlen(lengths) - 4, 4);
	for (; *lengths; lengths++)
		put(b, (unsigned int)(*lengths - '0'), 3);
}

/* ---- mistakes in the body ------------------------------------------------------- */

static void bad_type(struct bits *b)
{
	put_block(b, 3);
}

static void bad_stored(struct bits *b)
{
	put_block(b, 0);
	whole(b);
	put(b, 5, 16);
	put(b, 5, 16);
}

static void too_many(struct bits *b)
{
	put_block(b, DYNAMIC);
	put(b, 30, 5);
	put(b, 0, 9);
}

static void too_many_distances(struct bits *b)
{
	put_block(b, DYNAMIC);
	put(b, 0, 5);
	put(b, 30, 5);
	put(b, 0, 4);
}

/* Three codes of one bit. */
static void bad_code_lengths(struct bits *b)
{
	put_dynamic(b, 257, 1, "1110");
}

/* Nothing to repeat: symbol 16 has the only code of a bit, with 0 the other. */
static void bad_repeat(struct bits *b)
{
	put_dynamic(b, 257, 1, "1001");
	put_code(b, 1, 1);
	put(b, 0, 2);
}

/* Symbols 18 and 0: zeros for everything, more than there are. */
static void repeats_too_far(struct bits *b)
{
	put_dynamic(b, 257, 1, "0011");
	for (int i = 0; i < 3; i++) {
		put_code(b, 1, 1);
		put(b, 127, 7);
	}
}

static void no_end(struct bits *b)
{
	put_dynamic(b, 257, 1, "0011");
	put_code(b, 1, 1);
	put(b, 127, 7);		/* 138 */
	put_code(b, 1, 1);
	put(b, 120 - 11, 7);	/* and 120 zeros: 258 */
}

/* Symbols 1 and 18, the last places of the order but one: lengths 1 for three literals. */
static void bad_literals(struct bits *b)
{
	put_dynamic(b, 257, 1, "001000000000000001");
	for (int i = 0; i < 3; i++)
		put_code(b, 0, 1);
	put_code(b, 1, 1);
	put(b, 127, 7);
	put_code(b, 1, 1);
	put(b, 256 - 3 - 138 - 11, 7);
	put_code(b, 0, 1);	/* 256 */
	put_code(b, 0, 1);
}

static void bad_distances(struct bits *b)
{
	put_dynamic(b, 257, 3, "001000000000000001");
	put_code(b, 0, 1);
	put_code(b, 1, 1);
	put(b, 127, 7);
	put_code(b, 1, 1);
	put(b, 256 - 1 - 138 - 11, 7);
	for (int i = 0; i < 4; i++)
		put_code(b, 0, 1);
}

static void bad_literal(struct bits *b)
{
	put_block(b, FIXED);
	put_code(b, 0x30 + 'a', 8);
	put_code(b, 0xc6, 8);	/* 286 */
}

static void bad_distance(struct bits *b)
{
	put_block(b, FIXED);
	put_code(b, 0x30 + 'a', 8);
	put_code(b, 1, 7);	/* 257: length 3 */
	put_code(b, 30, 5);
}

static void too_far_back(struct bits *b)
{
	put_block(b, FIXED);
	put_code(b, 1, 7);
	put_code(b, 29, 5);	/* 24577 and 13 bits more */
	put(b, 8191, 13);
}

/* @only_at_first: with a window in front it is no mistake */
static const struct mistake {
	const char *msg;
	void (*put)(struct bits *b);
	bool only_at_first;
} mistakes[] = {
	{ "invalid block type", bad_type, false },
	{ "invalid stored block lengths", bad_stored, false },
	{ "too many length or distance symbols", too_many, false },
	{ "too many length or distance symbols", too_many_distances, false },
	{ "invalid code lengths set", bad_code_lengths, false },
	{ "invalid bit length repeat", bad_repeat, false },
	{ "invalid bit length repeat", repeats_too_far, false },
	{ "invalid code -- missing end-of-block", no_end, false },
	{ "invalid literal/lengths set", bad_literals, false },
	{ "invalid distances set", bad_distances, false },
	{ "invalid literal/length code", bad_literal, false },
	{ "invalid distance code", bad_distance, false },
	{ "invalid distance too far back", too_far_back, true },
};

#define MISTAKES	(sizeof(mistakes) / sizeof(mistakes[0]))
#define LONGEST		((size_t)50000)

/* @front bytes of good data, the mistake, and some bytes that nobody should look at. */
static size_t with_mistake(uint8_t *p, const struct mistake *m, size_t front)
{
	struct bits b = { .p = p };
	size_t len;

	put_stored(&b, zrows_data, front);
	m->put(&b);
	len = whole(&b);
	memset(p + len, 0, 20);
	return len + 20;
}

/* @in_step, @out_step: bytes a call. Ends with Z_DATA_ERROR, and stays there. */
static void meets(const struct mistake *m, uint8_t *p, size_t len, size_t front, size_t in_step,
		  size_t out_step)
{
	uint8_t *back = zrows_memory_of(LONGEST + 1000);
	z_stream s = { .next_in = p, .next_out = back };
	int ret = Z_OK;

	IS(inflateInit2(&s, -15), Z_OK);
	while (ret == Z_OK) {
		size_t left = len - s.total_in, room = LONGEST + 1000 - s.total_out;

		s.avail_in = (uInt)(left < in_step ? left : in_step);
		s.avail_out = (uInt)(room < out_step ? room : out_step);
		ret = inflate(&s, Z_NO_FLUSH);
	}
	IS(ret, Z_DATA_ERROR);
	SAYS(s.msg, m->msg);
	HOLDS(s.total_out >= front && s.total_out <= front + 1);
	IS(memcmp(back, zrows_data, front), 0);
	IS(inflate(&s, Z_FINISH), Z_DATA_ERROR);
	SAYS(s.msg, m->msg);
	IS(inflateReset(&s), Z_OK);
	SAYS(s.msg, NULL);
	IS(inflateEnd(&s), Z_OK);
}

static void mistakes_in(size_t front)
{
	static const size_t steps[][2] = {
		{ LONGEST * 2, LONGEST * 2 }, { 1, LONGEST * 2 }, { 3000, 700 }, { 600, 50000 },
	};

	for (size_t i = 0; i < MISTAKES * 4; i++) {
		const struct mistake *m = &mistakes[i / 4];
		uint8_t *p;

		if (m->only_at_first && front >= 32768)
			continue;
		p = zrows_memory_of(front + 1000);
		meets(m, p, with_mistake(p, m, front), front, steps[i % 4][0], steps[i % 4][1]);
	}
}

static void mistakes_at_first(void)
{
	mistakes_in(0);
}

static void mistakes_later(void)
{
	mistakes_in(5000);
}

static void mistakes_behind_a_window(void)
{
	mistakes_in(LONGEST);
}

/* ---- mistakes in the wrapper ------------------------------------------------------- */

static void wrapper_says(const uint8_t *p, size_t n, int bits, const char *msg)
{
	uint8_t back[100];

	for (int step = 0; step < 2; step++) {
		z_stream s = { .next_in = (Bytef *)(uintptr_t)p, .next_out = back,
			       .avail_out = sizeof(back) };
		int ret = Z_OK;

		IS(inflateInit2(&s, bits), Z_OK);
		while (ret == Z_OK && s.total_in < n) {
			s.avail_in = step ? 1 : (uInt)n;
			ret = inflate(&s, Z_NO_FLUSH);
		}
		IS(ret, Z_DATA_ERROR);
		SAYS(s.msg, msg);
		IS(inflateEnd(&s), Z_OK);
	}
}

static void headers(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		int bits;
		const char *msg;
	} rows[] = {
		{ "\x78\x9d", 2, 15, "incorrect header check" },
		{ "\x77\x85", 2, 15, "unknown compression method" },
		{ "\x88\x98", 2, 15, "invalid window size" },
		{ "\x78\x9c", 2, 9, "invalid window size" },
		{ "\x1f\x8b\x07\x00", 4, 31, "unknown compression method" },
		{ "\x1f\x8b\x08\x80", 4, 47, "unknown header flags set" },
		{ "\x1f\x8b\x08\x02\0\0\0\0\0\0\x1d\x27", 12, 31, "header crc mismatch" },
		{ "\x78\x9c", 2, 31, "incorrect header check" },
		{ "\x1f\x8b", 2, 15, "incorrect header check" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		wrapper_says((const uint8_t *)rows[i].bytes, rows[i].n, rows[i].bits, rows[i].msg);
}

static void again(z_stream *s, uint8_t *p, size_t len, uint8_t *back, size_t n)
{
	s->next_in = p;
	s->avail_in = (uInt)len;
	s->next_out = back;
	s->avail_out = (uInt)n + 1;
}

static void trailer_says(size_t n, int bits, size_t from_end, const char *msg)
{
	static const size_t steps[] = { 1, 700, 16384, (size_t)1 << 30 };
	static const int wraps[] = { 0, 47, 32 };	/* 0: @bits again */
	uint8_t *back = zrows_memory_of(n + 1);
	size_t len;
	uint8_t *p = zrows_pack(zrows_data, n, 6, bits, &len);

	p[len - from_end] ^= 0x40;
	for (size_t i = n > 100000; i < sizeof(steps) / sizeof(steps[0]); i++) {
		z_stream s = { .next_in = p, .next_out = back, .avail_out = (uInt)n + 1 };
		int ret = Z_OK, type;

		IS(inflateInit2(&s, bits), Z_OK);
		while (ret == Z_OK) {
			size_t left = len - s.total_in;

			s.avail_in = (uInt)(left < steps[i] ? left : steps[i]);
			ret = inflate(&s, Z_NO_FLUSH);
		}
		IS(ret, Z_DATA_ERROR);
		SAYS(s.msg, msg);
		IS(s.total_out, n);
		IS(memcmp(back, zrows_data, n), 0);
		/* A search that finds nothing leaves a stream that does nothing. */
		type = s.data_type;
		s.avail_in = 0;
		IS(inflateSync(&s), Z_DATA_ERROR);
		IS(inflate(&s, Z_NO_FLUSH), Z_STREAM_ERROR);
		IS(s.data_type, type);
		/* Who does not want to know is not told, until the wrapper is chosen anew. */
		for (size_t wrap = 0; wrap < sizeof(wraps) / sizeof(wraps[0]); wrap++) {
			IS(inflateReset(&s), Z_OK);
			IS(inflateValidate(&s, 0), Z_OK);
			again(&s, p, len, back, n);
			IS(inflate(&s, Z_FINISH), Z_STREAM_END);
			IS(s.avail_in, 0);
			IS(inflateReset(&s), Z_OK);
			IS(inflateReset2(&s, wraps[wrap] ? wraps[wrap] : bits), Z_OK);
			again(&s, p, len, back, n);
			IS(inflate(&s, Z_FINISH), Z_DATA_ERROR);
			SAYS(s.msg, msg);
		}
		IS(inflateEnd(&s), Z_OK);
	}
}

static void trailers(void)
{
	static const size_t sizes[] = { 10, 60000, 400000 };

	for (size_t i = 0; i < 3; i++) {
		trailer_says(sizes[i], 15, 1, "incorrect data check");
		trailer_says(sizes[i], 31, 7, "incorrect data check");
		trailer_says(sizes[i], 31, 2, "incorrect length check");
	}
}

/*
 * The code of the block has a gap that nothing meets, and the check value is wrong: what is
 * wrong first is the code, and nothing of the block has come out.
 */
static void gap_and_trailer(void)
{
	enum { FRONT = 3000 };
	struct bits b = { .p = zrows_memory_of(FRONT + 100) };
	uint8_t got[FRONT + 10];
	z_stream s = { .next_in = b.p, .next_out = got, .avail_out = sizeof(got) };

	put(&b, 0x78, 8);
	put(&b, 0x9c, 8);
	put_stored(&b, zrows_data, FRONT);
	/* The code of the lengths: 18 is 0, 1 is 10, 2 is 11. */
	put_dynamic(&b, 257, 1, "001000000000000202");
	put_code(&b, 0, 1);
	put(&b, 'a' - 11, 7);
	put_code(&b, 2, 2);	/* 'a' is 0 */
	put_code(&b, 0, 1);
	put(&b, 127, 7);
	put_code(&b, 0, 1);
	put(&b, 256 - 'b' - 138 - 11, 7);
	put_code(&b, 3, 2);	/* the end of the block is 10 */
	put_code(&b, 2, 2);
	put_code(&b, 0, 3);
	put_code(&b, 2, 2);
	whole(&b);
	put(&b, 0, 32);
	s.avail_in = (uInt)whole(&b);
	IS(inflateInit(&s), Z_OK);
	IS(inflate(&s, Z_NO_FLUSH), Z_DATA_ERROR);
	SAYS(s.msg, "invalid literal/lengths set");
	IS(s.total_out, FRONT);
	IS(memcmp(got, zrows_data, FRONT), 0);
	IS(inflate(&s, Z_NO_FLUSH), Z_DATA_ERROR);
	IS(inflateEnd(&s), Z_OK);
}

/* ---- bits that come little by little ----------------------------------------------------- */

/*
 * The input ends in the header of a block, and a decoder that looks ahead has it all after
 * the first call: zlib takes it when it has given the block before, and has then done something.
 */
static void stops_behind_what_was_taken(void)
{
	enum { LITERALS = 900, ROOM = 600 };
	struct bits b = { .p = zrows_memory_of(LITERALS + 100) };
	uint8_t got[LITERALS + 1];
	z_stream s = { .next_in = b.p, .next_out = got, .avail_out = ROOM };

	put(&b, 0, 1);
	put(&b, FIXED, 2);
	for (int i = 0; i < LITERALS; i++)
		put_code(&b, 0x30 + zrows_data[i] % 128, 8);
	put_code(&b, 0, 7);
	put_dynamic(&b, 257, 1, "0012000000000002");
	s.avail_in = (uInt)whole(&b);
	IS(inflateInit2(&s, -15), Z_OK);
	IS(inflate(&s, Z_NO_FLUSH), Z_OK);
	IS(s.total_out, ROOM);
	s.avail_out = LITERALS + 1 - ROOM;
	IS(inflate(&s, Z_BLOCK), Z_OK);
	IS(s.total_out, LITERALS);
	HOLDS(s.data_type & 128);
	IS(inflate(&s, Z_BLOCK), Z_OK);
	HOLDS(!(s.data_type & 128));
	IS(s.avail_in, 0);
	IS(inflate(&s, Z_BLOCK), Z_BUF_ERROR);
	IS(s.total_out, LITERALS);
	for (int i = 0; i < LITERALS; i++)
		IS(got[i], zrows_data[i] % 128);
	IS(inflateEnd(&s), Z_OK);
}

/*
 * Literals of three bits each, which decoders look up in groups: what comes out is all whose
 * bits are there, however little room there is.
 */
static void literals_at_once(void)
{
	enum { FIRST = 9000, BYTES = 9300, LITERALS = 7 };
	struct bits b = { .p = zrows_memory_of(BYTES + 200) };
	uint8_t *want = zrows_memory_of(BYTES * 3), *got = zrows_memory_of(BYTES * 3);
	z_stream s = { .next_in = b.p, .avail_in = FIRST, .next_out = got,
		       .avail_out = BYTES * 3 };
	size_t head, n = 0;

	/* The code of the lengths: 18 is 0, 0 is 10, 3 is 11. */
	put_dynamic(&b, 257, 1, "00120000000002");
	put_code(&b, 0, 1);
	put(&b, 'a' - 11, 7);
	for (int i = 0; i < LITERALS; i++)
		put_code(&b, 3, 2);
	put_code(&b, 0, 1);
	put(&b, 127, 7);
	put_code(&b, 0, 1);
	put(&b, 256 - 'a' - LITERALS - 138 - 11, 7);
	put_code(&b, 3, 2);	/* the end of the block */
	put_code(&b, 2, 2);	/* no distances */
	for (head = b.count; b.count + 3 <= BYTES * 8; n++) {
		want[n] = zrows_data[n] % LITERALS;
		put_code(&b, want[n], 3);
		want[n] += 'a';
	}
	IS(inflateInit2(&s, -15), Z_OK);
	IS(inflate(&s, Z_NO_FLUSH), Z_OK);
	for (size_t in = FIRST; ; in++) {
		IS(s.total_in, in);
		IS(s.total_out, (in * 8 - head) / 3);
		IS(memcmp(got, want, s.total_out), 0);
		if (in == BYTES)
			break;
		s.avail_in = 1;
		/* One at a time, two, three, or as many as there are. */
		do {
			s.avail_out = (uInt)(in % 4 ? in % 4 : 100);
		} while (inflate(&s, in % 3 ? Z_NO_FLUSH : Z_SYNC_FLUSH) == Z_OK);
	}
	IS(inflateEnd(&s), Z_OK);
}

/* ---- inflateBack ---------------------------------------------------------------------- */

struct back {
	uint8_t *in;
	size_t len, step, calls;
	uint8_t *out;
	size_t made, room;
};

static unsigned int give(void *arg, z_const unsigned char **at)
{
	struct back *b = arg;
	size_t n = b->len < b->step ? b->len : b->step;

	*at = b->in;
	b->in += n;
	b->len -= n;
	b->calls++;
	return (unsigned int)n;
}

static int take(void *arg, unsigned char *p, unsigned int n)
{
	struct back *b = arg;

	if (b->made + n > b->room)
		return 1;
	memcpy(b->out + b->made, p, n);
	b->made += n;
	return 0;
}

static void called_back(void)
{
	size_t len;
	uint8_t *p = zrows_pack(zrows_data, 200000, 6, -15, &len), *window = zrows_memory_of(32768);
	uint8_t *out = zrows_memory_of(200000), mistake[1100];
	z_stream s = { 0 };

	IS(inflateBackInit_(&s, 15, window, NULL, (int)sizeof(s)), Z_VERSION_ERROR);
	IS(inflateBackInit(NULL, 15, window), Z_STREAM_ERROR);
	IS(inflateBackInit(&s, 7, window), Z_STREAM_ERROR);
	IS(inflateBackInit(&s, 15, NULL), Z_STREAM_ERROR);
	IS(inflateBack(NULL, give, NULL, take, NULL), Z_STREAM_ERROR);
	IS(inflateBackEnd(NULL), Z_STREAM_ERROR);
	IS(inflateBackInit(&s, 15, window), Z_OK);
	for (size_t step = 1; step < 300000; step = step * 50 + 1) {
		struct back b = { .in = p, .len = len, .step = step, .out = out, .room = 200000 };

		s.next_in = NULL;
		s.avail_in = 0;
		IS(inflateBack(&s, give, &b, take, &b), Z_STREAM_END);
		IS(b.made, 200000);
		IS(memcmp(out, zrows_data, 200000), 0);
		IS(b.len + s.avail_in, 0);

		/* Input ends too early: no next_in. Output is refused: there is one. */
		b = (struct back){ .in = p, .len = len / 2, .step = step, .out = out, .room = 200000 };
		s.next_in = NULL;
		s.avail_in = 0;
		IS(inflateBack(&s, give, &b, take, &b), Z_BUF_ERROR);
		HOLDS(s.next_in == NULL);
		b = (struct back){ .in = p, .len = len, .step = step, .out = out, .room = 40000 };
		s.next_in = NULL;
		s.avail_in = 0;
		IS(inflateBack(&s, give, &b, take, &b), Z_BUF_ERROR);
		HOLDS(s.next_in != NULL);
	}
	for (size_t i = 0; i < MISTAKES; i++) {
		struct back b = { .in = mistake, .step = 7, .out = out, .room = 200000 };

		b.len = with_mistake(mistake, &mistakes[i], 1000);
		s.next_in = NULL;
		s.avail_in = 0;
		IS(inflateBack(&s, give, &b, take, &b), Z_DATA_ERROR);
		SAYS(s.msg, mistakes[i].msg);
	}
	IS(inflateBackEnd(&s), Z_OK);
	IS(inflateBackEnd(&s), Z_STREAM_ERROR);
}

const struct zrow zrows_bits[] = {
	{ "every mistake in the first block", mistakes_at_first },
	{ "every mistake behind some data", mistakes_later },
	{ "every mistake behind a window of data", mistakes_behind_a_window },
	{ "every mistake in a header", headers },
	{ "every mistake in a trailer", trailers },
	{ "a mistake in the body and one in the trailer", gap_and_trailer },
	{ "Z_BLOCK behind what was taken", stops_behind_what_was_taken },
	{ "literals come at once", literals_at_once },
	{ "inflateBack()", called_back },
};
const size_t zrows_bits_count = sizeof(zrows_bits) / sizeof(zrows_bits[0]);
