/* SPDX-License-Identifier: MIT */
/* Rows: compressing, and reading it back, as zlib's example does it. */
#include "zrows.h"

#include <string.h>

static const char greeting[] = "warp, weft, warp, weft and a shuttle";

static void whole_buffers(void)
{
	uint8_t packed[200], back[sizeof(greeting)];
	uLong len = sizeof(packed), n = sizeof(back), taken;

	IS(compress(packed, &len, (const Bytef *)greeting, sizeof(greeting)), Z_OK);
	IS(uncompress(back, &n, packed, len), Z_OK);
	IS(n, sizeof(greeting));
	SAYS((char *)back, greeting);
	HOLDS(len <= compressBound(sizeof(greeting)));

	n = sizeof(back);
	taken = len + 5;
	memset(packed + len, 0, 5);
	IS(uncompress2(back, &n, packed, &taken), Z_OK);
	IS(taken, len);

	n = sizeof(back) - 1;
	IS(uncompress(back, &n, packed, len), Z_BUF_ERROR);
	n = sizeof(back);
	IS(uncompress(back, &n, packed, len - 1), Z_BUF_ERROR);
	packed[len - 1] ^= 1;
	n = sizeof(back);
	IS(uncompress(back, &n, packed, len), Z_DATA_ERROR);
	len = 3;
	IS(compress(packed, &len, (const Bytef *)greeting, sizeof(greeting)), Z_BUF_ERROR);
	len = sizeof(packed);
	IS(compress2(packed, &len, (const Bytef *)greeting, sizeof(greeting), 10), Z_STREAM_ERROR);
	len = sizeof(packed);
	IS(compress(packed, &len, NULL, 0), Z_OK);
	n = 0;
	IS(uncompress(NULL, &n, packed, len), Z_OK);
	IS(n, 0);
}

static void large_buffers(void)
{
	size_t room = compressBound(ZROWS_DATA);
	uint8_t *packed = zrows_memory_of(room), *back = zrows_memory_of(ZROWS_DATA);

	for (int level = -1; level <= 9; level++) {
		size_t all = level == 6 ? ZROWS_DATA : ZROWS_DATA / 3;
		uLong len = room, n = all;

		IS(compress2(packed, &len, zrows_data, all, level), Z_OK);
		IS(uncompress(back, &n, packed, len), Z_OK);
		IS(n, all);
		IS(memcmp(back, zrows_data, n), 0);
		n = all - 1;
		IS(uncompress(back, &n, packed, len), Z_BUF_ERROR);
		n = all;
		IS(uncompress(back, &n, packed, len / 2), Z_DATA_ERROR);
		packed[len / 2] ^= 0x10;
		n = all;
		HOLDS(uncompress(back, &n, packed, len) < 0);
	}
}

/* A byte in and a byte out at a time. */
static void smallest_pieces(void)
{
	uint8_t packed[200], back[sizeof(greeting)];
	z_stream s = { .next_in = (Bytef *)(uintptr_t)greeting, .next_out = packed }, i = { 0 };
	int ret;

	IS(deflateInit(&s, Z_DEFAULT_COMPRESSION), Z_OK);
	while (s.total_in != sizeof(greeting)) {
		s.avail_in = s.avail_out = 1;
		IS(deflate(&s, Z_NO_FLUSH), Z_OK);
	}
	do {
		s.avail_out = 1;
		ret = deflate(&s, Z_FINISH);
	} while (ret == Z_OK);
	IS(ret, Z_STREAM_END);
	s.avail_out = 1;
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	IS(deflateEnd(&s), Z_OK);

	i.next_in = packed;
	i.next_out = back;
	IS(inflateInit(&i), Z_OK);
	do {
		i.avail_in = i.avail_out = 1;
		ret = inflate(&i, Z_NO_FLUSH);
	} while (ret == Z_OK);
	IS(ret, Z_STREAM_END);
	IS(i.total_in, s.total_out);
	IS(i.total_out, sizeof(greeting));
	SAYS((char *)back, greeting);
	IS(i.adler, s.adler);
	IS(inflateEnd(&i), Z_OK);
}

/* Data that does not compress, then none at all, then data that does. */
static void parameters_change(void)
{
	size_t third = ZROWS_DATA / 3, room = ZROWS_DATA * 2;
	uint8_t *packed = zrows_memory_of(room);
	z_stream s = { .next_out = packed, .avail_out = (uInt)room };

	IS(deflateInit(&s, Z_BEST_SPEED), Z_OK);
	s.next_in = zrows_data;
	s.avail_in = (uInt)third;
	IS(deflate(&s, Z_NO_FLUSH), Z_OK);
	IS(s.avail_in, 0);
	IS(deflateParams(&s, Z_NO_COMPRESSION, Z_DEFAULT_STRATEGY), Z_OK);
	s.avail_in = (uInt)third;
	IS(deflate(&s, Z_NO_FLUSH), Z_OK);
	IS(deflateParams(&s, Z_BEST_COMPRESSION, Z_FILTERED), Z_OK);
	s.avail_in = (uInt)(ZROWS_DATA - 2 * third);
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	IS(deflateParams(&s, 10, Z_FILTERED), Z_STREAM_ERROR);
	IS(deflateParams(&s, 1, 5), Z_STREAM_ERROR);
	IS(deflateEnd(&s), Z_OK);
	zrows_is_pack_of(packed, s.total_out, 15, zrows_data, ZROWS_DATA);
}

/* A reset keeps them. */
static void parameters_stay(void)
{
	size_t room = 60000;
	uint8_t *packed = zrows_memory_of(room);
	z_stream s = { .next_in = zrows_data, .avail_in = 30000, .next_out = packed,
		       .avail_out = (uInt)room };

	IS(deflateInit(&s, 6), Z_OK);
	IS(deflate(&s, Z_NO_FLUSH), Z_OK);
	IS(deflateParams(&s, Z_NO_COMPRESSION, Z_DEFAULT_STRATEGY), Z_OK);
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	IS(deflateReset(&s), Z_OK);
	s.next_in = zrows_data;
	s.avail_in = 50000;
	s.next_out = packed;
	s.avail_out = (uInt)room;
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	HOLDS(s.total_out > 50000);
	IS(deflateEnd(&s), Z_OK);
	zrows_is_pack_of(packed, s.total_out, 15, zrows_data, 50000);
}

/* Reading into one buffer again and again, until the end is met. */
static void read_and_forget(void)
{
	size_t len;
	uint8_t *packed = zrows_pack(zrows_data, ZROWS_DATA, 9, 15, &len);
	uint8_t *once = zrows_memory_of(30000);
	z_stream s = { .next_in = packed, .avail_in = (uInt)len };
	int ret;

	IS(inflateInit(&s), Z_OK);
	do {
		s.next_out = once;
		s.avail_out = 30000;
		ret = inflate(&s, Z_NO_FLUSH);
	} while (ret == Z_OK);
	IS(ret, Z_STREAM_END);
	IS(s.total_out, ZROWS_DATA);
	IS(s.adler, adler32(1, zrows_data, ZROWS_DATA));
	IS(inflateEnd(&s), Z_OK);
}

/* What lies behind a full flush is found again when what lies before it is spoilt. */
static void sync_behind(size_t before, size_t behind, size_t spoilt)
{
	size_t room = before + behind + 1000, flushed;
	uint8_t *packed = zrows_memory_of(room), *back = zrows_memory_of(before + behind);
	z_stream s = { .next_in = zrows_data, .avail_in = (uInt)before, .next_out = packed,
		       .avail_out = (uInt)room }, i = { .next_in = packed, .next_out = back };
	int ret;

	IS(deflateInit(&s, 6), Z_OK);
	IS(deflate(&s, Z_FULL_FLUSH), Z_OK);
	flushed = s.total_out;
	s.avail_in = (uInt)behind;
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	IS(deflateEnd(&s), Z_OK);
	memset(packed + spoilt, 0xff, 3);

	IS(inflateInit(&i), Z_OK);
	i.avail_in = (uInt)spoilt;
	i.avail_out = (uInt)(before + behind);
	HOLDS((ret = inflate(&i, Z_NO_FLUSH)) == Z_OK || ret == Z_BUF_ERROR);
	i.avail_in = (uInt)(s.total_out - i.total_in);
	IS(inflateSync(&i), Z_OK);
	IS(i.total_in, flushed);
	SAYS(i.msg, NULL);
	IS(i.adler, 1);
	i.next_out = back;
	i.avail_out = (uInt)(before + behind);
	IS(inflate(&i, Z_FINISH), Z_STREAM_END);
	IS(i.avail_in, 0);
	IS(before + behind - i.avail_out, behind);
	IS(memcmp(back, zrows_data + before, behind), 0);
	IS(inflateEnd(&i), Z_OK);
}

static void sync_small(void)
{
	sync_behind(30, 50, 3);
}

static void sync_large(void)
{
	sync_behind(200000, 300000, 5000);
}

/* The same after zlib has seen for itself that the data is bad, and with nothing to find. */
static void sync_after_error(void)
{
	size_t len;
	uint8_t *packed = zrows_pack(zrows_data, 100000, 6, 15, &len), *back = zrows_memory_of(100000);
	z_stream s = { .next_in = packed, .avail_in = (uInt)len + 50, .next_out = back,
		       .avail_out = 100000 };

	memset(packed + len - 1, 0x5f, 51);
	IS(inflateInit(&s), Z_OK);
	IS(inflate(&s, Z_NO_FLUSH), Z_DATA_ERROR);
	SAYS(s.msg, "incorrect data check");
	IS(inflateSync(&s), Z_DATA_ERROR);
	IS(s.avail_in, 0);
	IS(inflateSync(&s), Z_BUF_ERROR);
	IS(inflateReset(&s), Z_OK);
	SAYS(s.msg, NULL);
	IS(inflateEnd(&s), Z_OK);
}

/* Behind its end a stream goes on where it is told to, and checks nothing. */
static void sync_behind_the_end(void)
{
	static const uint8_t rest[] = { 9, 9, 0, 0, 0xff, 0xff, 3, 0, 1, 2, 3, 4 };
	size_t len;
	uint8_t *packed = zrows_pack(zrows_data, 3000, 6, 15, &len), *back = zrows_memory_of(3001);
	z_stream s = { .next_in = packed, .avail_in = (uInt)(len + sizeof(rest)), .next_out = back,
		       .avail_out = 3001 };

	memcpy(packed + len, rest, sizeof(rest));
	IS(inflateInit(&s), Z_OK);
	IS(inflate(&s, Z_NO_FLUSH), Z_STREAM_END);
	IS(inflateSync(&s), Z_OK);
	IS(s.avail_in, 6);
	IS(inflate(&s, Z_NO_FLUSH), Z_STREAM_END);
	IS(s.avail_in, 0);
	IS(s.adler, 1);
	IS(inflateEnd(&s), Z_OK);
}

static void dictionaries(size_t n)
{
	static const char words[] = "shed of the warp, the shuttle carries the weft";
	uint8_t *packed = zrows_memory_of(n + 1000), *back = zrows_memory_of(n), got[100];
	z_stream s = { .next_in = zrows_data, .avail_in = (uInt)n, .next_out = packed,
		       .avail_out = (uInt)n + 1000 };
	z_stream i = { .next_in = packed, .next_out = back, .avail_out = (uInt)n };
	uLong id = adler32(1, (const Bytef *)words, sizeof(words));
	uInt got_len = sizeof(got);

	IS(deflateInit(&s, 9), Z_OK);
	IS(deflateSetDictionary(&s, (const Bytef *)words, sizeof(words)), Z_OK);
	IS(s.adler, id);
	IS(deflateGetDictionary(&s, got, &got_len), Z_OK);
	IS(got_len, sizeof(words));
	IS(memcmp(got, words, sizeof(words)), 0);
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	IS(deflateSetDictionary(&s, NULL, 3), Z_STREAM_ERROR);
	IS(deflateEnd(&s), Z_OK);

	i.avail_in = (uInt)s.total_out;
	IS(inflateInit(&i), Z_OK);
	IS(inflateSetDictionary(&i, (const Bytef *)words, sizeof(words)), Z_STREAM_ERROR);
	IS(inflate(&i, Z_NO_FLUSH), Z_NEED_DICT);
	IS(i.adler, id);
	IS(inflateSetDictionary(&i, (const Bytef *)words, 5), Z_DATA_ERROR);
	IS(inflateSetDictionary(&i, (const Bytef *)words, sizeof(words)), Z_OK);
	IS(inflate(&i, Z_NO_FLUSH), Z_STREAM_END);
	IS(i.total_out, n);
	IS(memcmp(back, zrows_data, n), 0);
	IS(inflateEnd(&i), Z_OK);
}

static void dictionary_small(void)
{
	dictionaries(60);
}

static void dictionary_large(void)
{
	dictionaries(400000);
}

static void flush_points(void)
{
	static const int flushes[] = { Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH,
				       Z_BLOCK };
	static const int formats[] = { -15, 15, 31 };
	uint8_t *packed = zrows_memory_of(ZROWS_DATA), *back = zrows_memory_of(ZROWS_DATA);

	for (size_t f = 0; f < 15; f++) {
		int flush = flushes[f % 5], bits = formats[f / 5];
		z_stream s = { .next_in = zrows_data, .next_out = packed }, i = { .next_in = packed };
		size_t fed = 0;

		s.avail_out = (uInt)ZROWS_DATA;
		IS(deflateInit2(&s, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
		IS(inflateInit2(&i, bits), Z_OK);
		i.next_out = back;
		i.avail_out = (uInt)ZROWS_DATA;
		for (size_t n = 1; fed + n < 300000; n = n * 5 + 1) {
			s.avail_in = (uInt)n;
			fed += n;
			IS(deflate(&s, flush), Z_OK);
			IS(s.avail_in, 0);
			if (flush == Z_NO_FLUSH || flush == Z_BLOCK)
				continue;
			/* Everything so far can be read. */
			i.avail_in = (uInt)(s.total_out - i.total_in);
			IS(inflate(&i, Z_SYNC_FLUSH), Z_OK);
			IS(i.total_out, fed);
			IS(i.avail_in, 0);
			IS(deflate(&s, flush), Z_BUF_ERROR);
		}
		IS(deflate(&s, Z_FINISH), Z_STREAM_END);
		i.avail_in = (uInt)(s.total_out - i.total_in);
		IS(inflate(&i, Z_FINISH), Z_STREAM_END);
		IS(i.total_out, fed);
		IS(memcmp(back, zrows_data, fed), 0);
		IS(deflateEnd(&s), Z_OK);
		IS(inflateEnd(&i), Z_OK);
	}
}

/* A flush that adds nothing to the last one fails, whatever was asked in between. */
static void flush_twice(void)
{
	uint8_t *packed = zrows_memory_of(20000);

	for (int how = 0; how < 4; how++) {
		z_stream s = { .next_in = zrows_data, .avail_in = 14000, .next_out = packed };
		int ret;

		IS(deflateInit(&s, 7), Z_OK);
		do {
			s.avail_out = how & 1 ? 8 : 10000;
			ret = deflate(&s, Z_FULL_FLUSH);
		} while (ret == Z_OK && !s.avail_out);
		IS(ret, Z_OK);
		s.avail_out = 5000;
		if (how & 2)
			IS(deflateTune(&s, 8, 16, 128, 256), Z_OK);
		else
			IS(deflateParams(&s, 6, Z_DEFAULT_STRATEGY), Z_OK);
		IS(s.avail_out, 5000);
		IS(deflate(&s, Z_BLOCK), Z_BUF_ERROR);
		IS(deflate(&s, Z_FULL_FLUSH), Z_OK);	/* the last one was a Z_BLOCK */
		IS(deflate(&s, Z_FULL_FLUSH), Z_BUF_ERROR);
		SAYS(s.msg, "buffer error");
		/* Another method begins with a flush of its own. */
		IS(deflateParams(&s, 1, Z_DEFAULT_STRATEGY), Z_OK);
		IS(deflate(&s, Z_BLOCK), Z_BUF_ERROR);
		IS(deflate(&s, Z_SYNC_FLUSH), Z_OK);
		IS(deflate(&s, Z_SYNC_FLUSH), Z_BUF_ERROR);
		/* One that was refused is the last one all the same. */
		IS(deflate(&s, Z_NO_FLUSH), Z_BUF_ERROR);
		IS(deflate(&s, Z_SYNC_FLUSH), Z_OK);
		IS(deflate(&s, Z_FINISH), Z_STREAM_END);
		IS(deflateEnd(&s), Z_OK);
		zrows_is_pack_of(packed, s.total_out, 15, zrows_data, 14000);
	}
}

/* Bits that were put in are something new. */
static void flush_of_bits(void)
{
	uint8_t *packed = zrows_memory_of(20000);
	z_stream s = { .next_in = zrows_data, .avail_in = 30000, .next_out = packed,
		       .avail_out = 20000 };
	unsigned int bytes;
	int bits;

	IS(deflateInit2(&s, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	IS(deflate(&s, Z_FULL_FLUSH), Z_OK);
	/* An empty block with fixed codes, and half of another one. */
	IS(deflatePrime(&s, 16, 2 | 2 << 10), Z_OK);
	IS(deflatePrime(&s, 4, 0), Z_OK);
	IS(deflatePending(&s, &bytes, &bits), Z_OK);
	IS(bytes * 8 + (unsigned int)bits, 20);
	IS(deflate(&s, Z_SYNC_FLUSH), Z_OK);
	IS(deflate(&s, Z_SYNC_FLUSH), Z_BUF_ERROR);
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	IS(deflateEnd(&s), Z_OK);
	zrows_is_pack_of(packed, s.total_out, -15, zrows_data, 30000);
}

/* What deflateBound() says before data is enough, however little memory the stream has. */
static void bound_is_enough(void)
{
	uint8_t noise[1000], packed[2000];
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(noise); i++) {
		x = x * 1103515245 + 12345;
		noise[i] = (uint8_t)(x >> 16);
	}
	for (int mem_level = 1; mem_level <= 9; mem_level++) {
		for (int bits = -15; bits <= 31; bits += bits < 0 ? 30 : 16) {
			z_stream s = { .next_in = noise, .avail_in = sizeof(noise),
				       .next_out = packed };

			IS(deflateInit2(&s, 7, Z_DEFLATED, bits, mem_level, Z_DEFAULT_STRATEGY),
			   Z_OK);
			IS(deflateReset(&s), Z_OK);
			s.avail_out = (uInt)deflateBound(&s, sizeof(noise));
			IS(deflate(&s, Z_FINISH), Z_STREAM_END);
			IS(deflateEnd(&s), Z_OK);
			zrows_is_pack_of(packed, s.total_out, bits, noise, sizeof(noise));
		}
	}
}

static void gzip_headers(void)
{
	uint8_t extra[3] = { 1, 2, 3 }, got_extra[5], name[20], comment[20];
	uint8_t *packed = zrows_memory_of(60000), *back = zrows_memory_of(50000);
	gz_header head = { .text = 1, .time = 77, .os = 3, .extra = extra, .extra_len = 3,
			   .name = (Bytef *)(uintptr_t)"name", .comment = (Bytef *)(uintptr_t)"why",
			   .hcrc = 1 };
	gz_header got = { .extra = got_extra, .extra_max = 5, .name = name, .name_max = 20,
			  .comment = comment, .comm_max = 20 };
	z_stream s = { .next_in = zrows_data, .avail_in = 50000, .next_out = packed,
		       .avail_out = 60000 };
	z_stream i = { .next_in = packed, .next_out = back, .avail_out = 50000 };

	IS(deflateInit2(&s, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	IS(deflateSetHeader(&s, &head), Z_OK);
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	IS(deflateEnd(&s), Z_OK);
	i.avail_in = (uInt)s.total_out;
	IS(inflateInit2(&i, 47), Z_OK);
	IS(inflateGetHeader(&i, &got), Z_OK);
	IS(inflate(&i, Z_FINISH), Z_STREAM_END);
	IS(got.done, 1);
	IS(got.time, 77);
	IS(got.os, 3);
	IS(got.text, 1);
	IS(got.hcrc, 1);
	IS(got.extra_len, 3);
	IS(memcmp(got_extra, extra, 3), 0);
	SAYS((char *)name, "name");
	SAYS((char *)comment, "why");
	IS(inflateEnd(&i), Z_OK);

	/* Data of zlib's own format has none, and that is told. */
	packed = zrows_pack(zrows_data, 50000, 6, 15, &(size_t){ 0 });
	memset(&i, 0, sizeof(i));
	i.next_in = packed;
	i.avail_in = 2000;
	i.next_out = back;
	i.avail_out = 50000;
	IS(inflateInit2(&i, 47), Z_OK);
	IS(inflateGetHeader(&i, &got), Z_OK);
	IS(inflate(&i, Z_NO_FLUSH), Z_OK);
	IS(got.done, -1);
	IS(inflateEnd(&i), Z_OK);
	IS(inflateInit2(&i, 15), Z_OK);
	IS(inflateGetHeader(&i, &got), Z_STREAM_ERROR);
	IS(inflateEnd(&i), Z_OK);
	IS(deflateInit(&s, 6), Z_OK);
	IS(deflateSetHeader(&s, &head), Z_STREAM_ERROR);
	IS(deflateEnd(&s), Z_OK);
}

static void wrong_arguments(void)
{
	z_stream s = { 0 };

	IS(deflateInit_(&s, 6, NULL, (int)sizeof(s)), Z_VERSION_ERROR);
	IS(deflateInit_(&s, 6, "0.1", (int)sizeof(s)), Z_VERSION_ERROR);
	IS(deflateInit_(&s, 6, ZLIB_VERSION, 3), Z_VERSION_ERROR);
	IS(deflateInit_(NULL, 6, ZLIB_VERSION, (int)sizeof(s)), Z_STREAM_ERROR);
	IS(deflateInit(&s, 10), Z_STREAM_ERROR);
	IS(deflateInit(&s, -2), Z_STREAM_ERROR);
	IS(deflateInit2(&s, 6, 7, 15, 8, 0), Z_STREAM_ERROR);
	IS(deflateInit2(&s, 6, Z_DEFLATED, 7, 8, 0), Z_STREAM_ERROR);
	IS(deflateInit2(&s, 6, Z_DEFLATED, 16, 8, 0), Z_STREAM_ERROR);
	IS(deflateInit2(&s, 6, Z_DEFLATED, -16, 8, 0), Z_STREAM_ERROR);
	IS(deflateInit2(&s, 6, Z_DEFLATED, 15, 0, 0), Z_STREAM_ERROR);
	IS(deflateInit2(&s, 6, Z_DEFLATED, 15, 10, 0), Z_STREAM_ERROR);
	IS(deflateInit2(&s, 6, Z_DEFLATED, 15, 8, 5), Z_STREAM_ERROR);
	IS(deflate(&s, Z_FINISH), Z_STREAM_ERROR);
	IS(deflateEnd(&s), Z_STREAM_ERROR);
	IS(deflateReset(&s), Z_STREAM_ERROR);
	IS(deflateParams(&s, 1, 0), Z_STREAM_ERROR);
	IS(deflateTune(&s, 1, 1, 1, 1), Z_STREAM_ERROR);
	IS(deflatePrime(&s, 1, 1), Z_STREAM_ERROR);
	IS(deflatePending(&s, NULL, NULL), Z_STREAM_ERROR);
	IS(deflateCopy(&s, NULL), Z_STREAM_ERROR);

	IS(deflateInit(&s, 6), Z_OK);
	s.next_out = NULL;
	s.avail_out = 10;
	IS(deflate(&s, Z_FINISH), Z_STREAM_ERROR);
	SAYS(s.msg, "stream error");
	s.next_out = zrows_memory_of(10);
	s.avail_in = 1;
	s.next_in = NULL;
	IS(deflate(&s, Z_FINISH), Z_STREAM_ERROR);
	s.avail_in = 0;
	s.avail_out = 0;
	IS(deflate(&s, Z_FINISH), Z_BUF_ERROR);
	SAYS(s.msg, "buffer error");
	IS(deflatePrime(&s, 17, 1), Z_BUF_ERROR);
	IS(deflateEnd(&s), Z_OK);
}

/* A stream that was moved by assignment, ended, or is of the other kind is nobody's. */
static void stale_streams(void)
{
	z_stream s = { 0 }, moved;
	uint8_t byte[100];

	IS(deflateInit(&s, 6), Z_OK);
	moved = s;
	moved.next_out = byte;
	moved.avail_out = sizeof(byte);
	IS(deflate(&moved, Z_FINISH), Z_STREAM_ERROR);
	IS(deflateReset(&moved), Z_STREAM_ERROR);
	IS(deflateEnd(&moved), Z_STREAM_ERROR);
	IS(deflateParams(&moved, 1, 0), Z_STREAM_ERROR);
	IS(inflate(&s, Z_FINISH), Z_STREAM_ERROR);
	IS(inflateEnd(&s), Z_STREAM_ERROR);
	IS(deflateEnd(&s), Z_OK);
	IS(deflateEnd(&s), Z_STREAM_ERROR);

	IS(inflateInit(&s), Z_OK);
	moved = s;
	moved.next_out = byte;
	moved.avail_out = sizeof(byte);
	IS(inflate(&moved, Z_FINISH), Z_STREAM_ERROR);
	IS(inflateReset(&moved), Z_STREAM_ERROR);
	IS(inflateReset2(&moved, 15), Z_STREAM_ERROR);
	IS(inflateCopy(&s, &moved), Z_STREAM_ERROR);
	IS(inflateMark(&moved), -(1L << 16));
	IS(inflateSync(&moved), Z_STREAM_ERROR);
	IS(inflateSyncPoint(&moved), Z_STREAM_ERROR);
	IS(inflatePrime(&moved, 1, 0), Z_STREAM_ERROR);
	IS(inflateUndermine(&moved, 1), Z_STREAM_ERROR);
	IS(inflateValidate(&moved, 1), Z_STREAM_ERROR);
	IS(inflateCodesUsed(&moved), (unsigned long)-1);
	IS(inflateEnd(&moved), Z_STREAM_ERROR);
	IS(deflateEnd(&s), Z_STREAM_ERROR);
	IS(inflateEnd(&s), Z_OK);
	IS(inflateEnd(&s), Z_STREAM_ERROR);
}

const struct zrow zrows_deflate[] = {
	{ "compress() and uncompress()", whole_buffers },
	{ "the same with long buffers at every level", large_buffers },
	{ "one byte at a time", smallest_pieces },
	{ "deflateParams() between data of all kinds", parameters_change },
	{ "deflateReset() keeps them", parameters_stay },
	{ "output that is not kept", read_and_forget },
	{ "inflateSync() in a short stream", sync_small },
	{ "inflateSync() in a long stream", sync_large },
	{ "inflateSync() behind the end", sync_behind_the_end },
	{ "inflateSync() that finds nothing", sync_after_error },
	{ "a dictionary of a short stream", dictionary_small },
	{ "a dictionary of a long stream", dictionary_large },
	{ "what was flushed can be read", flush_points },
	{ "a flush that adds nothing", flush_twice },
	{ "a flush of bits that were put in", flush_of_bits },
	{ "deflateBound() is enough", bound_is_enough },
	{ "gzip headers", gzip_headers },
	{ "arguments that are wrong", wrong_arguments },
	{ "streams that are not where they were", stale_streams },
};
const size_t zrows_deflate_count = sizeof(zrows_deflate) / sizeof(zrows_deflate[0]);
