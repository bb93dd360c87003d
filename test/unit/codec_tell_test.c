/* SPDX-License-Identifier: MIT */
/*
 * A decompressing stream tells where it is: at any point where it does, zlib goes on
 * from what it told, and comes to the same end.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "device/codec.h"
#include "hw/sdev_hw.h"
#include "util/bits.h"

#define PLAIN		((size_t)120 << 10)
#define ROOM		(PLAIN + (PLAIN >> 2))
#define WINDOW		((size_t)32 << 10)

enum kind { TEXT, NOISE, RUNS, SKEWED, KINDS };

static uint8_t plain[PLAIN], packed[ROOM], ours[PLAIN + 1], theirs[PLAIN + 1];

static void fill(enum kind kind)
{
	static const char words[] = "a stream is where its window and its next bit are; ";
	uint32_t seed = 0x2545f491u + kind;

	for (size_t i = 0; i < PLAIN; i++) {
		uint32_t r;

		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		r = seed >> 8;
		switch (kind) {
		case TEXT:
			/* Matches near and as far as a window. */
			plain[i] = i > WINDOW && r % 3 ? plain[i - WINDOW + r % 2] :
				   (uint8_t)words[(i + r % 4) % (sizeof(words) - 1)];
			break;
		case NOISE:
			plain[i] = (uint8_t)r;
			break;
		case RUNS:
			plain[i] = i && r % 300 ? plain[i - 1] : (uint8_t)(r >> 9);
			break;
		default:
			/* Codes of every length. */
			plain[i] = (uint8_t)__builtin_clz(r << 8 | 1);
			if (!(r % 61))
				plain[i] = (uint8_t)(r >> 7);
			break;
		}
	}
}

static size_t pack(int level, int strategy, int mem_level)
{
	z_stream z = { .next_in = plain, .avail_in = PLAIN, .next_out = packed,
		       .avail_out = sizeof(packed) };

	ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, -15, mem_level, strategy), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

/* zlib goes on from @place, behind @in bytes of input and @out of output. */
static void go_on(const struct sdev_place *place, size_t n, size_t in, size_t out)
{
	size_t at = out - place->behind, window = wdi_min(at, WINDOW);
	unsigned int odd = place->bits % 8;
	z_stream z = { .next_out = theirs, .avail_out = sizeof(theirs) };
	int ret = Z_OK;

	ck_assert_uint_le(place->behind, out);
	ck_assert_uint_le(place->bits, 8 * SDEV_PLACE_DATA);
	ck_assert_int_eq(inflateInit2(&z, -15), Z_OK);
	if (window)
		ck_assert_int_eq(inflateSetDictionary(&z, plain + at - window, (uInt)window), Z_OK);
	if (odd)
		ck_assert_int_eq(inflatePrime(&z, (int)odd, place->data[0] >> (8 - odd)), Z_OK);
	z.next_in = place->data + !!odd;
	z.avail_in = place->bits / 8;
	if (z.avail_in)
		ret = inflate(&z, Z_NO_FLUSH);
	if (ret == Z_OK || ret == Z_BUF_ERROR) {
		ck_assert_uint_eq(z.avail_in, 0);
		z.next_in = packed + in;
		z.avail_in = (uInt)(n - in);
		ret = inflate(&z, Z_NO_FLUSH);
	}
	if (ret != Z_STREAM_END || z.avail_in || z.total_out != PLAIN - at ||
	    memcmp(theirs, plain + at, PLAIN - at))
		ck_abort_msg("behind %zu bytes and %zu of output: %d (%s), %lu bytes, %u left", in,
			     out, ret, z.msg ? z.msg : "", z.total_out, z.avail_in);
	inflateEnd(&z);
}

/* How often it told. */
static unsigned int tell_all(const struct codec_row *row, void *state, size_t n, size_t in_piece,
			     size_t out_piece, unsigned int every)
{
	enum codec_rc rc = CODEC_OK;
	size_t in = 0, out = 0;
	unsigned int told = 0;

	codec_stream_reset(row, state);
	for (unsigned int call = 0; rc == CODEC_OK; call++) {
		struct codec_io io = { .in = packed + in, .in_len = wdi_min(in_piece, n - in),
				       .out = ours + out, .out_len = wdi_min(out_piece,
									     sizeof(ours) - out) };
		struct sdev_place place = { .bits = UINT32_MAX };
		int ret;

		rc = codec_stream_run(row, state, &io);
		in += io.consumed;
		out += io.produced;
		if (call % every)
			continue;
		ret = codec_stream_tell(row, state, &place);
		ck_assert(ret == 0 || ret == -EAGAIN);
		ck_assert(ret || rc == CODEC_OK);
		/* With room left over, nothing is held back. */
		if (rc == CODEC_OK && io.produced < io.out_len && in < n)
			ck_assert_int_eq(ret, 0);
		if (!ret) {
			told++;
			go_on(&place, n, in, out);
		}
	}
	ck_assert_int_eq(rc, CODEC_END);
	ck_assert(out == PLAIN && !memcmp(ours, plain, PLAIN));
	return told;
}

START_TEST(tells)
{
	static const struct {
		int level, strategy, mem_level;
	} kinds[] = {
		{ 0, Z_DEFAULT_STRATEGY, 8 }, { 1, Z_FIXED, 8 }, { 1, Z_DEFAULT_STRATEGY, 1 },
		{ 6, Z_DEFAULT_STRATEGY, 8 }, { 9, Z_DEFAULT_STRATEGY, 9 },
		{ 6, Z_HUFFMAN_ONLY, 4 }, { 6, Z_RLE, 8 },
	};
	struct codec_params p = { .dir = CODEC_DECOMPRESS, .format = SDEV_FMT_DEFLATE };
	const struct codec_row *row = codec_pick_stream(&p, 1u << SDEV_ENGINE_ISAL |
							    1u << SDEV_ENGINE_ZLIB);
	struct sdev_place place;
	unsigned int told = 0;
	void *state;

	ck_assert_int_eq(codec_stream_open(row, &p, &state), 0);
	if (codec_row_engine(row) != SDEV_ENGINE_ISAL) {
		ck_assert_int_eq(codec_stream_tell(row, state, &place), -ENOTSUP);
		codec_stream_close(row, state);
		return;
	}
	fill(_i);
	for (size_t k = 0; k < wdi_array_size(kinds); k++) {
		size_t n = pack(kinds[k].level, kinds[k].strategy, kinds[k].mem_level);

		told += tell_all(row, state, n, 1, PLAIN, 1 + (unsigned int)n / 150);
		told += tell_all(row, state, n, 577, PLAIN, 1);
		told += tell_all(row, state, n, 1000, 700, 3);
		told += tell_all(row, state, n, 9000, 1, 1 + PLAIN / 90);
	}
	ck_assert_uint_gt(told, 1000);
	codec_stream_close(row, state);
}
END_TEST

static Suite *codec_tell_suite(void)
{
	Suite *s = suite_create("codec_tell");
	TCase *tc = tcase_create("places");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, tells, 0, KINDS);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_run(codec_tell_suite());
}
