/* SPDX-License-Identifier: MIT */
/*
 * Rows: what inflate says of data that is wrong, each mistake made on purpose, and the
 * calls that only inflate has. The bits are put together here after RFC 1951.
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

/* ---- calls ------------------------------------------------------------------------- */

static void primed(void)
{
	/* A fixed block with nothing in it: 1, 01, 0000000. */
	uint8_t rest[] = { 0x00 }, nowhere;
	z_stream s = { .next_in = rest, .avail_in = 1, .next_out = &nowhere, .avail_out = 1 };

	IS(inflateInit2(&s, -15), Z_OK);
	IS(inflatePrime(&s, 17, 0), Z_STREAM_ERROR);
	IS(inflatePrime(&s, 16, 0), Z_OK);
	IS(inflatePrime(&s, 16, 0), Z_OK);
	IS(inflatePrime(&s, 1, 0), Z_STREAM_ERROR);
	IS(inflatePrime(&s, -1, 0), Z_OK);
	IS(inflatePrime(&s, 3, 3), Z_OK);
	IS(inflate(&s, Z_NO_FLUSH), Z_STREAM_END);
	IS(s.total_in, 1);
	IS(inflateEnd(&s), Z_OK);
}

static void stops_at_blocks(void)
{
	size_t room = 400000;
	uint8_t *p = zrows_memory_of(room), *back = zrows_memory_of(300000);
	z_stream s = { .next_in = zrows_data, .next_out = p, .avail_out = (uInt)room };
	z_stream i = { .next_in = p, .next_out = back, .avail_out = 300000 };
	int ret, blocks = 0;

	IS(deflateInit(&s, 6), Z_OK);
	for (int n = 0; n < 3; n++) {
		s.avail_in = 100000;
		IS(deflate(&s, n == 2 ? Z_FINISH : Z_SYNC_FLUSH), n == 2 ? Z_STREAM_END : Z_OK);
	}
	IS(deflateEnd(&s), Z_OK);
	i.avail_in = (uInt)s.total_out;
	IS(inflateInit(&i), Z_OK);
	IS(inflateMark(&i), -65536);
	IS(inflateSyncPoint(&i), 0);
	IS(inflate(&i, Z_BLOCK), Z_OK);
	IS(i.total_in, 2);
	HOLDS(i.data_type & 128);
	do {
		ret = inflate(&i, Z_BLOCK);
		blocks++;
	} while (ret == Z_OK && blocks < 10000);
	IS(ret, Z_STREAM_END);
	HOLDS(blocks > 3);
	IS(i.total_out, 300000);
	IS(memcmp(back, zrows_data, 300000), 0);
	IS(inflateReset(&i), Z_OK);
	i.next_in = p;
	i.avail_in = (uInt)s.total_out;
	i.next_out = back;
	i.avail_out = 300000;
	IS(inflate(&i, Z_TREES), Z_OK);
	IS(inflate(&i, Z_TREES), Z_OK);
	HOLDS(i.data_type & 256);
	HOLDS(inflateCodesUsed(&i) > 0);
	IS(inflateMark(&i), -65536);
	i.avail_out = 100;
	IS(inflate(&i, Z_NO_FLUSH), Z_OK);
	HOLDS(inflateMark(&i) >= 0);
	i.avail_out = 300000 - 100;
	IS(inflateUndermine(&i, 1), Z_DATA_ERROR);
	IS(inflate(&i, Z_FINISH), Z_STREAM_END);
	IS(memcmp(back, zrows_data, 300000), 0);
	IS(inflateEnd(&i), Z_OK);
}

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

/* A copy at every call goes to the same end; copies may end before it. */
static void copied(int bits, size_t n, size_t step)
{
	size_t len;
	uint8_t *p = zrows_pack(zrows_data, n, 6, bits, &len), *back = zrows_memory_of(n + 1);
	z_stream s = { .next_in = p, .next_out = back, .avail_out = (uInt)n + 1 }, copy;
	int ret;

	IS(inflateInit2(&s, bits), Z_OK);
	do {
		size_t left = len - s.total_in;

		IS(inflateCopy(&copy, &s), Z_OK);
		IS(inflateEnd(&s), Z_OK);
		s = (z_stream){ 0 };
		IS(inflateCopy(&s, &copy), Z_OK);
		IS(inflateEnd(&copy), Z_OK);
		s.avail_in = (uInt)(left < step ? left : step);
		ret = inflate(&s, Z_NO_FLUSH);
	} while (ret == Z_OK);
	IS(ret, Z_STREAM_END);
	IS(s.total_out, n);
	IS(memcmp(back, zrows_data, n), 0);
	IS(inflateReset2(&s, -8), Z_OK);
	IS(inflateReset2(&s, 7), Z_STREAM_ERROR);
	IS(inflateReset2(&s, 48 + 15), Z_STREAM_ERROR);
	IS(inflateReset2(&s, -16), Z_STREAM_ERROR);
	IS(inflateReset2(&s, 47), Z_OK);
	IS(inflateEnd(&s), Z_OK);
}

static void copies(void)
{
	copied(15, 500, 1);
	copied(31, 100000, 4000);
	copied(-15, 300000, 20000);
}

/*
 * Far behind the beginning every call does what it does near it. The stream itself is
 * asked for nothing but its window; what is done to it is done to copies of it.
 */
#define FAR_LEN	((size_t)600000)	/* packed: about a third */

struct far {
	int bits;
	uint8_t *packed, *back;
	size_t len;
};

static void far_end(const struct far *f, z_stream *s, int flush, bool good)
{
	s->next_out = f->back + s->total_out;
	s->avail_out = (uInt)(FAR_LEN + 1 - s->total_out);
	s->next_in = f->packed + s->total_in;
	s->avail_in = (uInt)(f->len - s->total_in);
	IS(inflate(s, flush), good ? Z_STREAM_END : Z_DATA_ERROR);
	if (good) {
		IS(s->avail_in, 0);
		IS(s->total_out, FAR_LEN);
		IS(memcmp(f->back, zrows_data, FAR_LEN), 0);
	}
	IS(inflateEnd(s), Z_OK);
}

static void far_block(const struct far *f, z_stream *s)
{
	int blocks = 0, ret = Z_OK;

	s->next_out = f->back + s->total_out;
	s->avail_out = (uInt)(FAR_LEN + 1 - s->total_out);
	s->next_in = f->packed + s->total_in;
	s->avail_in = (uInt)(f->len - s->total_in);
	while (ret == Z_OK && blocks < 1000) {
		ret = inflate(s, Z_BLOCK);
		HOLDS(ret != Z_OK || s->data_type & 128);
		blocks++;
	}
	IS(ret, Z_STREAM_END);
	HOLDS(blocks > 1);
	IS(memcmp(f->back, zrows_data, FAR_LEN), 0);
	IS(inflateEnd(s), Z_OK);
}

/* Behind the next full flush, of which there is one each 50,000 bytes. */
static void far_sync(const struct far *f, z_stream *s)
{
	size_t at = s->total_out;
	uint8_t *out = f->back + FAR_LEN + 1;

	s->next_in = f->packed + s->total_in;
	s->avail_in = (uInt)(f->len - s->total_in);
	IS(inflateSync(s), Z_OK);
	IS(s->total_out, at);
	s->next_out = out;
	s->avail_out = (uInt)FAR_LEN;
	IS(inflate(s, Z_FINISH), Z_STREAM_END);
	at = s->total_out - at;
	HOLDS(at && at % 50000 == 0);
	IS(memcmp(out, zrows_data + FAR_LEN - at, at), 0);
	IS(inflateEnd(s), Z_OK);
}

static void far_calls(const struct far *f, z_stream *s)
{
	uint8_t window[32768];
	uInt n = 0;
	z_stream c;

	IS(inflateGetDictionary(s, window, &n), Z_OK);
	IS(n, s->total_out < 32768 ? s->total_out : 32768);
	IS(memcmp(window, zrows_data + s->total_out - n, n), 0);

	IS(inflateCopy(&c, s), Z_OK);
	HOLDS(inflateMark(&c) >= -65536);
	IS(inflateSyncPoint(&c), 0);
	HOLDS(inflateCodesUsed(&c) < 2000);
	far_end(f, &c, Z_FINISH, true);
	IS(inflateCopy(&c, s), Z_OK);
	far_block(f, &c);
	IS(inflateCopy(&c, s), Z_OK);
	far_sync(f, &c);

	/* Programs may begin their counts anew, and the check goes on without them. */
	IS(inflateCopy(&c, s), Z_OK);
	c.next_out = f->back + c.total_out;
	c.avail_out = (uInt)(FAR_LEN + 1 - c.total_out);
	c.next_in = f->packed + c.total_in;
	c.avail_in = (uInt)(f->len - c.total_in);
	c.total_in = c.total_out = 0;
	IS(inflate(&c, Z_FINISH), Z_STREAM_END);
	IS(c.total_in + s->total_in, f->len);
	IS(inflateEnd(&c), Z_OK);

	/* Three bits of a block of type 3. */
	IS(inflateCopy(&c, s), Z_OK);
	IS(inflateReset2(&c, -15), Z_OK);
	IS(inflatePrime(&c, 3, 7), Z_OK);
	c.next_in = f->packed;
	c.avail_in = 1;
	c.next_out = f->back;
	c.avail_out = 1;
	IS(inflate(&c, Z_NO_FLUSH), Z_DATA_ERROR);
	SAYS(c.msg, "invalid block type");
	IS(inflateEnd(&c), Z_OK);
}

/* The check of a stream whose data is not what it was is refused, or it is not looked at. */
static void far_checks(const struct far *f, const z_stream *at, z_stream *s)
{
	z_stream c;

	if (f->bits < 0)
		return;
	f->packed[f->len - (f->bits > 15 ? 5 : 1)] ^= 1;
	IS(inflateCopy(&c, s), Z_OK);
	IS(inflateValidate(&c, 0), Z_OK);
	far_end(f, &c, Z_FINISH, true);
	IS(inflateCopy(&c, s), Z_OK);
	far_end(f, &c, Z_NO_FLUSH, false);
	SAYS(c.msg, "incorrect data check");
	f->packed[f->len - (f->bits > 15 ? 5 : 1)] ^= 1;
	IS(s->total_in, at->total_in);
}

static void far_with(int bits, size_t in_step, size_t out_step, size_t apart)
{
	struct far f = { .bits = bits, .packed = zrows_memory_of(FAR_LEN), .back =
			 zrows_memory_of(2 * FAR_LEN + 2) };
	z_stream d = { .next_in = zrows_data, .next_out = f.packed, .avail_out = (uInt)FAR_LEN };
	z_stream s = { .next_in = f.packed };
	size_t next = 40000;

	IS(deflateInit2(&d, 6, Z_DEFLATED, bits > 31 ? 31 : bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	for (size_t n = 0; n < FAR_LEN; n += 50000) {
		d.avail_in = 50000;
		IS(deflate(&d, n + 50000 < FAR_LEN ? Z_FULL_FLUSH : Z_FINISH),
		   n + 50000 < FAR_LEN ? Z_OK : Z_STREAM_END);
	}
	f.len = d.total_out;
	IS(deflateEnd(&d), Z_OK);
	HOLDS(f.len > 150000);
	IS(inflateInit2(&s, bits), Z_OK);
	while (s.total_out + 70000 < FAR_LEN) {
		size_t left = f.len - s.total_in;
		z_stream at;

		s.avail_in = (uInt)(left < in_step ? left : in_step);
		s.avail_out = (uInt)out_step;
		s.next_out = f.back + s.total_out;
		IS(inflate(&s, Z_NO_FLUSH), Z_OK);
		if (s.total_out < next)
			continue;
		next = s.total_out + apart;
		at = s;
		far_calls(&f, &s);
		far_checks(&f, &at, &s);
	}
	far_end(&f, &s, Z_NO_FLUSH, true);
}

static void far_behind(void)
{
	far_with(-15, 9000, 70000, 190000);
	far_with(15, FAR_LEN, 20000, 190000);
	far_with(31, 7000, 70000, 230000);
	if (!getenv("WEFT_TEST_LONG"))
		return;
	for (size_t step = 1000; step < 70000; step *= 3) {
		far_with(-15, step, 5000, 50000);
		far_with(15, step, 70000, 50000);
		far_with(47, FAR_LEN, step, 50000);
	}
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

/* Without room, zlib goes as far as it can. */
static void without_room(void)
{
	size_t len;
	uint8_t *p = zrows_pack(zrows_data, 100000, 6, 15, &len), *back = zrows_memory_of(100000);
	z_stream s = { .next_in = p, .avail_in = 5000, .next_out = back, .avail_out = 100000 };

	IS(inflateInit(&s), Z_OK);
	IS(inflate(&s, Z_NO_FLUSH), Z_OK);
	IS(s.avail_in, 0);
	s.avail_in = 10;
	s.avail_out = 0;
	IS(inflate(&s, Z_NO_FLUSH), Z_OK);
	HOLDS(s.avail_in < 10);
	s.avail_in += (uInt)(len - 5010);
	s.avail_out = (uInt)(100000 - s.total_out);
	IS(inflate(&s, Z_NO_FLUSH), Z_STREAM_END);
	IS(memcmp(back, zrows_data, 100000), 0);
	IS(inflateEnd(&s), Z_OK);
}

static void dictionaries_asked_for(void)
{
	uInt n = 40000;
	uint8_t *got = zrows_memory_of(32768), *back = zrows_memory_of(100000);
	size_t len;
	uint8_t *p = zrows_pack(zrows_data, 100000, 6, 15, &len);
	z_stream s = { .next_in = p, .avail_in = (uInt)len, .next_out = back,
		       .avail_out = 50000 };

	IS(inflateInit(&s), Z_OK);
	IS(inflate(&s, Z_NO_FLUSH), Z_OK);
	IS(inflateGetDictionary(&s, NULL, &n), Z_OK);
	IS(n, 32768);
	IS(inflateGetDictionary(&s, got, &n), Z_OK);
	IS(memcmp(got, zrows_data + 50000 - 32768, 32768), 0);
	IS(inflateEnd(&s), Z_OK);

	/* One that was read in one call has none, unless nothing follows its data. */
	for (int i = 0; i < 4; i++) {
		int bits = i & 1 ? -15 : 15, flush = i & 2 ? Z_FINISH : Z_SYNC_FLUSH;

		p = zrows_pack(zrows_data, 400000, 6, bits, &len);
		back = zrows_memory_of(400000);
		s = (z_stream){ .next_in = p, .avail_in = (uInt)len, .next_out = back,
				.avail_out = 400000 };
		IS(inflateInit2(&s, bits), Z_OK);
		IS(inflate(&s, flush), Z_STREAM_END);
		IS(inflateGetDictionary(&s, NULL, &n), Z_OK);
		IS(n, i == 1 ? 32768 : 0);
		IS(inflateEnd(&s), Z_OK);
	}
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

static void wrong_arguments(void)
{
	uint8_t byte = 0;
	z_stream s = { 0 };

	IS(inflateInit_(&s, NULL, (int)sizeof(s)), Z_VERSION_ERROR);
	IS(inflateInit_(&s, "!", (int)sizeof(s)), Z_VERSION_ERROR);
	IS(inflateInit_(&s, ZLIB_VERSION, (int)sizeof(s) - 1), Z_VERSION_ERROR);
	IS(inflateInit_(NULL, ZLIB_VERSION, (int)sizeof(s)), Z_STREAM_ERROR);
	IS(inflateInit2(&s, 7), Z_STREAM_ERROR);
	IS(inflateInit2(&s, -7), Z_STREAM_ERROR);
	IS(inflateInit2(&s, -16), Z_STREAM_ERROR);
	IS(inflate(NULL, Z_NO_FLUSH), Z_STREAM_ERROR);
	IS(inflateEnd(NULL), Z_STREAM_ERROR);
	IS(inflateCopy(NULL, NULL), Z_STREAM_ERROR);
	IS(inflateInit2(&s, 0), Z_OK);
	s.next_out = NULL;
	s.avail_out = 0;
	IS(inflate(&s, Z_NO_FLUSH), Z_STREAM_ERROR);
	s.next_out = &byte;
	s.next_in = NULL;
	s.avail_in = 1;
	IS(inflate(&s, Z_NO_FLUSH), Z_STREAM_ERROR);
	s.avail_in = 0;
	IS(inflate(&s, Z_NO_FLUSH), Z_BUF_ERROR);
	IS(inflateGetDictionary(&s, NULL, NULL), Z_OK);
	IS(inflateSync(&s), Z_BUF_ERROR);
	IS(inflateEnd(&s), Z_OK);
	SAYS(zError(Z_DATA_ERROR), "data error");
	SAYS(zError(Z_NEED_DICT), "need dictionary");
	SAYS(zError(Z_VERSION_ERROR), "incompatible version");
}

const struct zrow zrows_inflate[] = {
	{ "every mistake in the first block", mistakes_at_first },
	{ "every mistake behind some data", mistakes_later },
	{ "every mistake behind a window of data", mistakes_behind_a_window },
	{ "every mistake in a header", headers },
	{ "every mistake in a trailer", trailers },
	{ "inflatePrime()", primed },
	{ "Z_BLOCK and Z_TREES", stops_at_blocks },
	{ "Z_BLOCK behind what was taken", stops_behind_what_was_taken },
	{ "inflateCopy() between any two calls", copies },
	{ "inflateGetDictionary()", dictionaries_asked_for },
	{ "every call far behind the beginning", far_behind },
	{ "inflate() without room", without_room },
	{ "literals come at once", literals_at_once },
	{ "inflateBack()", called_back },
	{ "arguments that are wrong", wrong_arguments },
};
const size_t zrows_inflate_count = sizeof(zrows_inflate) / sizeof(zrows_inflate[0]);
