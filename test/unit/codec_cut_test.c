/* SPDX-License-Identifier: MIT */
/*
 * A decoder gives out all that its input says: wherever the input is cut, every
 * engine that streams has produced exactly as much as zlib.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "device/codec.h"
#include "hw/sdev_hw.h"

#define PLAIN	6000
#define ROOM	(PLAIN + 300)

static uint8_t plain[PLAIN], packed[ROOM], theirs[ROOM], ours[ROOM];
static size_t made[ROOM];	/* bytes that zlib has from so much input */

enum kind { TEXT, NOISE, FEW, KINDS };

static void fill(enum kind kind)
{
	static const char words[] = "a device completes every descriptor that it has accepted; ";
	uint32_t seed = 2463534242u + kind;

	for (size_t i = 0; i < PLAIN; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		plain[i] = kind == NOISE ? (uint8_t)seed : kind == FEW ? "aab"[seed % 3] :
			   (uint8_t)words[(i + (seed % 7 == 0)) % (sizeof(words) - 1)];
	}
}

static size_t pack(int level, int strategy)
{
	z_stream z = { .next_in = plain, .avail_in = PLAIN, .next_out = packed, .avail_out = ROOM };

	ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, -15, 9, strategy), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static void ask_zlib(size_t n)
{
	z_stream z = { .next_out = theirs, .avail_out = ROOM };

	ck_assert_int_eq(inflateInit2(&z, -15), Z_OK);
	for (size_t i = 0; i < n; i++) {
		z.next_in = packed + i;
		z.avail_in = 1;
		inflate(&z, Z_NO_FLUSH);
		made[i + 1] = z.total_out;
	}
	ck_assert_uint_eq(z.total_out, PLAIN);
	inflateEnd(&z);
}

/* The stream in pieces; after each there is what zlib has. */
static void check_pieces(const struct codec_row *row, void *state, size_t n, size_t first,
			 size_t piece)
{
	size_t in = 0, out = 0;

	codec_stream_reset(row, state);
	for (size_t len = first; in < n; len = piece) {
		struct codec_io io = { .in = packed + in, .in_len = len < n - in ? len : n - in,
				       .out = ours + out, .out_len = ROOM - out };
		enum codec_rc rc = codec_stream_run(row, state, &io);

		in += io.consumed;
		out += io.produced;
		if (out != made[in] || io.consumed != io.in_len)
			ck_abort_msg("%zu of %zu bytes (first %zu, then %zu): made %zu, zlib %zu", in,
				     n, first, piece, out, made[in]);
		if (rc != (in == n ? CODEC_END : CODEC_OK))
			ck_abort_msg("%zu of %zu bytes: %d", in, n, rc);
	}
	ck_assert(!memcmp(ours, plain, PLAIN));
}

START_TEST(cuts)
{
	static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_FIXED, Z_RLE };
	struct codec_params p = { .dir = CODEC_DECOMPRESS, .format = SDEV_FMT_DEFLATE };
	const struct codec_row *row = codec_pick_stream(&p, 1u << _i | 1u << SDEV_ENGINE_ZLIB);
	void *state;

	ck_assert_int_eq(codec_stream_open(row, &p, &state), 0);
	for (enum kind kind = 0; kind < KINDS; kind++) {
		fill(kind);
		for (size_t s = 0; s < sizeof(strategies) / sizeof(*strategies); s++) {
			size_t n = pack(6, strategies[s]);

			ask_zlib(n);
			for (size_t cut = 1; cut < n; cut += 1 + n / 700)
				check_pieces(row, state, n, cut, n);
			for (size_t piece = 1; piece < 40; piece += 3)
				check_pieces(row, state, n, piece, piece);
		}
	}
	codec_stream_close(row, state);
}
END_TEST

static Suite *codec_cut_suite(void)
{
	Suite *s = suite_create("codec_cut");
	TCase *tc = tcase_create("cuts");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, cuts, SDEV_ENGINE_ZLIB, SDEV_ENGINE_CODECS);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_run(codec_cut_suite());
}
