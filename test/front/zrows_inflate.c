/* SPDX-License-Identifier: MIT */
/* Rows about the calls that only inflate has. */
#include "zrows.h"

#include <stdlib.h>
#include <string.h>

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
	{ "inflatePrime()", primed },
	{ "Z_BLOCK and Z_TREES", stops_at_blocks },
	{ "inflateCopy() between any two calls", copies },
	{ "inflateGetDictionary()", dictionaries_asked_for },
	{ "every call far behind the beginning", far_behind },
	{ "inflate() without room", without_room },
	{ "arguments that are wrong", wrong_arguments },
};
const size_t zrows_inflate_count = sizeof(zrows_inflate) / sizeof(zrows_inflate[0]);
