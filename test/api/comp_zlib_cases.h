/* SPDX-License-Identifier: MIT */
/*
 * wd_deflate*() and wd_inflate*(), for programs that know zlib's names from
 * <zlib.h> and for those that have them from us alone: each includes this.
 */
#include <limits.h>

#include <uadk/wd_zlibwrapper.h>

#include "common.h"

/* What a windowBits says: the format, or that there is none. */
static const struct bits {
	int first, last;
	enum wd_comp_alg_type alg;
} good_bits[] = {
	{ 8, 15, WD_ZLIB }, { -15, -8, WD_DEFLATE }, { 24, 31, WD_GZIP },
};

static const int bad_bits[] = { 0, 1, 7, 16, 23, 32, 40, 47, 1000, -1, -7, -16, -31, INT_MIN,
				INT_MAX };

static void set_in(z_stream *strm, const void *in, size_t len)
{
	strm->next_in = (void *)(uintptr_t)in;
	strm->avail_in = (__u32)len;
}

static void set_out(z_stream *strm, void *out, size_t len)
{
	strm->next_out = out;
	strm->avail_out = (__u32)len;
}

/* All of @in through @strm, in pieces of at most these sizes. Returns what came out. */
static size_t pump(z_stream *strm, int (*call)(z_streamp, int), const uint8_t *in, size_t len,
		   size_t in_piece, uint8_t *out, size_t room, size_t out_piece, int flush)
{
	size_t done = 0, made = 0;
	int ret;

	do {
		size_t n = len - done < in_piece ? len - done : in_piece;
		size_t m = room - made < out_piece ? room - made : out_piece;

		set_in(strm, in + done, n);
		set_out(strm, out + made, m);
		ret = call(strm, done + n == len ? Z_FINISH : flush);
		if (ret != Z_OK && ret != Z_STREAM_END)
			ck_abort_msg("returned %d after %zu and %zu bytes", ret, done, made);
		done += n - strm->avail_in;
		made += m - strm->avail_out;
		if (strm->total_in != done || strm->total_out != made)
			ck_abort_msg("totals %lu, %lu after %zu and %zu bytes",
				     (unsigned long)strm->total_in, (unsigned long)strm->total_out,
				     done, made);
	} while (ret != Z_STREAM_END);
	ck_assert_uint_eq(done, len);
	return made;
}

static const struct {
	size_t in, out;
	int flush;
} pieces[] = {
	{ 1 << 20, 1 << 20, Z_NO_FLUSH },
	{ 1000, 1000, Z_SYNC_FLUSH },
	{ 1, 5, Z_NO_FLUSH },
	{ 300, 1, Z_SYNC_FLUSH },
};

/* Each format and window, in pieces; @_i is the row of good_bits. */
START_TEST(each_window)
{
	enum { LEN = 5000, ROOM = 100000 };
	const struct bits *row = &good_bits[_i];
	uint8_t *in = data_new(DATA_MIXED, 1, LEN), *packed = malloc(ROOM), *out = malloc(LEN + 1);

	for (int bits = row->first; bits <= row->last; bits++) {
		size_t p = (size_t)(bits - row->first) % ARRAY_SIZE(pieces);
		z_stream strm = { 0 };
		size_t len;

		ck_assert_int_eq(wd_deflate_init(&strm, bits & 1 ? 1 : 6, bits), Z_OK);
		len = pump(&strm, wd_deflate, in, LEN, pieces[p].in, packed, ROOM, pieces[p].out,
			   pieces[p].flush);
		ck_assert_int_eq(wd_deflate_end(&strm), Z_OK);
		ck_assert_uint_eq(oracle_decode(row->alg, packed, len, out, LEN + 1, NULL), LEN);
		ck_assert(!memcmp(in, out, LEN));

		memset(&strm, 0, sizeof(strm));
		memset(out, 0, LEN);
		ck_assert_int_eq(wd_inflate_init(&strm, bits), Z_OK);
		ck_assert_uint_eq(pump(&strm, wd_inflate, packed, len, pieces[p].in, out, LEN + 1,
				       pieces[p].out, pieces[p].flush), LEN);
		ck_assert_int_eq(wd_inflate_end(&strm), Z_OK);
		ck_assert(!memcmp(in, out, LEN));
	}
	wd_comp_uninit2();
	free(in);
	free(packed);
	free(out);
}
END_TEST

START_TEST(each_level)
{
	static const int bad[] = { 0, -2, 16, 100, INT_MIN, INT_MAX };
	uint8_t in[1000], packed[2000], out[1000];

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	for (int level = -1; level <= 15; level++) {
		z_stream strm = { 0 };
		size_t len;

		if (!level)
			continue;
		ck_assert_int_eq(wd_deflate_init(&strm, level, 15), Z_OK);
		len = pump(&strm, wd_deflate, in, sizeof(in), 100, packed, sizeof(packed), 100,
			   Z_NO_FLUSH);
		ck_assert_uint_eq(oracle_decode(WD_ZLIB, packed, len, out, sizeof(out), NULL),
				  sizeof(in));
		ck_assert_int_eq(wd_deflate_end(&strm), Z_OK);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		z_stream strm = { 0 };

		ck_assert_int_eq(wd_deflate_init(&strm, bad[i], 15), Z_STREAM_ERROR);
		ck_assert_int_eq(wd_deflate_end(&strm), Z_STREAM_ERROR);
	}
	wd_comp_uninit2();
}
END_TEST

START_TEST(wrong_window)
{
	z_stream strm;

	memset(&strm, 0xff, sizeof(strm));
	ck_assert_int_eq(wd_deflate_init(&strm, 1, bad_bits[_i]), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate_end(&strm), Z_STREAM_ERROR);
	memset(&strm, 0xff, sizeof(strm));
	ck_assert_int_eq(wd_inflate_init(&strm, bad_bits[_i]), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_inflate_end(&strm), Z_STREAM_ERROR);
}
END_TEST

START_TEST(wrong_flush)
{
	static const int bad[] = { Z_PARTIAL_FLUSH, Z_FULL_FLUSH, 5, -1, INT_MAX };
	uint8_t in[10] = { 0 }, out[100];
	z_stream strm = { 0 };

	ck_assert_int_eq(wd_deflate_init(&strm, 1, 15), Z_OK);
	set_in(&strm, in, sizeof(in));
	set_out(&strm, out, sizeof(out));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(wd_deflate(&strm, bad[i]), Z_STREAM_ERROR);
	ck_assert_uint_eq(strm.avail_in, sizeof(in));
	ck_assert_int_eq(wd_deflate_end(&strm), Z_OK);

	ck_assert_int_eq(wd_inflate_init(&strm, 15), Z_OK);
	set_in(&strm, "\x78\x9c", 2);
	for (size_t i = 2; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(wd_inflate(&strm, bad[i]), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_inflate_end(&strm), Z_OK);
	wd_comp_uninit2();
}
END_TEST

/* Every flush value means the same to wd_inflate(). */
START_TEST(inflate_flushes)
{
	uint8_t in[3000], packed[4000], out[3001];
	size_t len;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	len = oracle_encode(WD_GZIP, NULL, in, sizeof(in), packed, sizeof(packed));
	for (int flush = Z_NO_FLUSH; flush <= Z_FINISH; flush++) {
		z_stream strm = { 0 };

		ck_assert_int_eq(wd_inflate_init(&strm, 31), Z_OK);
		ck_assert_uint_eq(pump(&strm, wd_inflate, packed, len, 100, out, sizeof(out), 700,
				       flush), sizeof(in));
		ck_assert_mem_eq(in, out, sizeof(in));
		ck_assert_int_eq(wd_inflate_end(&strm), Z_OK);
	}
	wd_comp_uninit2();
}
END_TEST

/* Nothing to do and nowhere to put it: said, and not an error of the stream. */
START_TEST(no_progress)
{
	uint8_t in[3000], packed[4000], out[3000];
	z_stream strm = { 0 };
	size_t len;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	ck_assert_int_eq(wd_deflate_init(&strm, 1, 15), Z_OK);
	set_in(&strm, in, sizeof(in));
	set_out(&strm, packed, 0);
	ck_assert_int_eq(wd_deflate(&strm, Z_NO_FLUSH), Z_BUF_ERROR);
	ck_assert_int_eq(wd_deflate(&strm, Z_FINISH), Z_BUF_ERROR);
	set_out(&strm, packed, sizeof(packed));
	ck_assert_int_eq(wd_deflate(&strm, Z_FINISH), Z_STREAM_END);
	len = strm.total_out;
	ck_assert_int_eq(wd_deflate_end(&strm), Z_OK);

	ck_assert_int_eq(wd_inflate_init(&strm, 15), Z_OK);
	set_in(&strm, packed, len / 2);
	set_out(&strm, out, sizeof(out));
	ck_assert_int_eq(wd_inflate(&strm, Z_NO_FLUSH), Z_OK);
	ck_assert_uint_eq(strm.avail_in, 0);
	/* The end is missing: that is for whoever knows that there is no more to say. */
	ck_assert_int_eq(wd_inflate(&strm, Z_NO_FLUSH), Z_BUF_ERROR);
	ck_assert_int_eq(wd_inflate(&strm, Z_FINISH), Z_BUF_ERROR);
	strm.next_in = NULL;
	ck_assert_int_eq(wd_inflate(&strm, Z_NO_FLUSH), Z_BUF_ERROR);
	set_in(&strm, packed + len / 2, len - len / 2);
	ck_assert_int_eq(wd_inflate(&strm, Z_NO_FLUSH), Z_STREAM_END);
	ck_assert_uint_eq(strm.total_out, sizeof(in));
	ck_assert_mem_eq(in, out, sizeof(in));
	ck_assert_int_eq(wd_inflate_end(&strm), Z_OK);
	wd_comp_uninit2();
}
END_TEST

START_TEST(input_behind_the_end)
{
	uint8_t packed[1000], out[1000];
	z_stream strm = { 0 };
	size_t len;

	len = oracle_encode(WD_DEFLATE, NULL, "some text", 9, packed, sizeof(packed));
	memset(packed + len, 0xff, sizeof(packed) - len);
	ck_assert_int_eq(wd_inflate_init(&strm, -15), Z_OK);
	for (int i = 0; i < 3; i++) {
		set_in(&strm, packed, sizeof(packed));
		set_out(&strm, out, sizeof(out));
		ck_assert_int_eq(wd_inflate(&strm, Z_NO_FLUSH), Z_STREAM_END);
		ck_assert_uint_eq(strm.avail_in, sizeof(packed) - len);
		ck_assert_ptr_eq(strm.next_in, packed + len);
		ck_assert_uint_eq(strm.total_in, len);
		ck_assert_uint_eq(strm.total_out, 9);
		ck_assert_int_eq(wd_inflate_reset(&strm), Z_OK);
		ck_assert_uint_eq(strm.total_in, 0);
		ck_assert_uint_eq(strm.total_out, 0);
	}
	ck_assert_int_eq(wd_inflate_end(&strm), Z_OK);
	wd_comp_uninit2();
}
END_TEST

START_TEST(corrupt)
{
	uint8_t in[3000], packed[4000], out[3000];
	z_stream strm = { 0 };
	size_t len;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	len = oracle_encode(WD_ZLIB, NULL, in, sizeof(in), packed, sizeof(packed));
	ck_assert_int_eq(wd_inflate_init(&strm, 15), Z_OK);
	ck_assert_ptr_null(strm.msg);
	for (int i = 0; i < 3; i++) {
		packed[len - 1] ^= 0x55;
		set_in(&strm, packed, len);
		set_out(&strm, out, sizeof(out));
		ck_assert_int_eq(wd_inflate(&strm, Z_FINISH), Z_DATA_ERROR);
		ck_assert_ptr_nonnull(strm.msg);
		ck_assert_int_lt(wd_inflate(&strm, Z_FINISH), 0);
		ck_assert_int_eq(wd_inflate_reset(&strm), Z_OK);
		ck_assert_ptr_null(strm.msg);
		packed[len - 1] ^= 0x55;
		ck_assert_uint_eq(pump(&strm, wd_inflate, packed, len, 50, out, sizeof(out), 50,
				       Z_NO_FLUSH), sizeof(in));
		ck_assert_int_eq(wd_inflate_reset(&strm), Z_OK);
	}
	ck_assert_int_eq(wd_inflate_end(&strm), Z_OK);
	wd_comp_uninit2();
}
END_TEST

START_TEST(bad_memory)
{
	uint8_t out[100], *gone = fenced(0);
	z_stream strm = { 0 };

	ck_assert_int_eq(wd_deflate_init(&strm, 1, 15), Z_OK);
	set_in(&strm, gone, 10);
	set_out(&strm, out, sizeof(out));
	ck_assert_int_eq(wd_deflate(&strm, Z_FINISH), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate_reset(&strm), Z_OK);
	set_in(&strm, NULL, 10);
	ck_assert_int_eq(wd_deflate(&strm, Z_FINISH), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate_reset(&strm), Z_OK);
	set_in(&strm, "abc", 3);
	set_out(&strm, NULL, 10);
	ck_assert_int_eq(wd_deflate(&strm, Z_FINISH), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate_reset(&strm), Z_OK);
	ck_assert_uint_gt(pump(&strm, wd_deflate, out, 20, 20, out + 20, 80, 80, Z_NO_FLUSH), 0);
	ck_assert_int_eq(wd_deflate_end(&strm), Z_OK);
	wd_comp_uninit2();
	fenced_free(gone, 0);
}
END_TEST

/* Resets and ends in the middle, and streams that are none. */
START_TEST(in_the_middle)
{
	uint8_t in[3000], packed[4000], out[3000];
	z_stream c = { 0 }, d = { 0 };
	size_t len;

	data_fill(DATA_MIXED, 1, in, sizeof(in));
	ck_assert_int_eq(wd_deflate_init(&c, 1, -15), Z_OK);
	ck_assert_int_eq(wd_inflate_init(&d, -15), Z_OK);
	for (int i = 0; i < 5; i++) {
		set_in(&c, in, 1000);
		set_out(&c, packed, 100);
		ck_assert_int_eq(wd_deflate(&c, i & 1 ? Z_FINISH : Z_NO_FLUSH), Z_OK);
		ck_assert_int_eq(wd_deflate_reset(&c), Z_OK);
		len = pump(&c, wd_deflate, in, sizeof(in), 999, packed, sizeof(packed), 999,
			   Z_NO_FLUSH);
		set_in(&d, packed, len / 2);
		set_out(&d, out, 100);
		ck_assert_int_eq(wd_inflate(&d, Z_NO_FLUSH), Z_OK);
		ck_assert_int_eq(wd_inflate_reset(&d), Z_OK);
		ck_assert_uint_eq(pump(&d, wd_inflate, packed, len, 77, out, sizeof(out), 3000,
				       Z_NO_FLUSH), sizeof(in));
		ck_assert_mem_eq(in, out, sizeof(in));
		ck_assert_int_eq(wd_inflate_reset(&d), Z_OK);
		ck_assert_int_eq(wd_deflate_reset(&c), Z_OK);
	}
	/* Of the other direction. */
	ck_assert_int_eq(wd_inflate(&c, Z_NO_FLUSH), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate(&d, Z_NO_FLUSH), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_inflate_reset(&c), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate_reset(&d), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_inflate_end(&c), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate_end(&d), Z_STREAM_ERROR);
	set_in(&c, in, 1000);
	set_out(&c, packed, 10);
	ck_assert_int_eq(wd_deflate(&c, Z_NO_FLUSH), Z_OK);
	ck_assert_int_eq(wd_deflate_end(&c), Z_OK);
	ck_assert_int_eq(wd_deflate_end(&c), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate(&c, Z_NO_FLUSH), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_deflate_reset(&c), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_inflate_end(&d), Z_OK);
	ck_assert_int_eq(wd_inflate_end(&d), Z_STREAM_ERROR);
	wd_comp_uninit2();
}
END_TEST

START_TEST(no_stream)
{
	z_stream strm = { 0 };

	ck_assert_int_eq(wd_deflate_init(NULL, 1, 15), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_inflate_init(NULL, 15), Z_STREAM_ERROR);
	for (int i = 0; i < 2; i++) {
		z_streamp none = i ? &strm : NULL;

		ck_assert_int_eq(wd_deflate(none, Z_NO_FLUSH), Z_STREAM_ERROR);
		ck_assert_int_eq(wd_inflate(none, Z_NO_FLUSH), Z_STREAM_ERROR);
		ck_assert_int_eq(wd_deflate_reset(none), Z_STREAM_ERROR);
		ck_assert_int_eq(wd_inflate_reset(none), Z_STREAM_ERROR);
		ck_assert_int_eq(wd_deflate_end(none), Z_STREAM_ERROR);
		ck_assert_int_eq(wd_inflate_end(none), Z_STREAM_ERROR);
	}
}
END_TEST

START_TEST(no_device)
{
	z_stream strm = { 0 };

	env("WEFT_CTX_MAX", "1");
	ck_assert_int_eq(wd_deflate_init(&strm, 1, 15), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_inflate_init(&strm, 15), Z_STREAM_ERROR);
	ck_assert_int_eq(wd_inflate_end(&strm), Z_STREAM_ERROR);
}
END_TEST

/* Beside a program that uses the class itself. */
START_TEST(class_is_up_already)
{
	uint8_t in[1000], packed[2000], out[1000];
	z_stream strm = { 0 };
	size_t len;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	start();
	ck_assert_int_eq(wd_deflate_init(&strm, -1, 31), Z_OK);
	assert_works();
	finish();
	/* A stream is a session: it goes on. */
	len = pump(&strm, wd_deflate, in, sizeof(in), 10, packed, sizeof(packed), 10, Z_NO_FLUSH);
	ck_assert_uint_eq(oracle_decode(WD_GZIP, packed, len, out, sizeof(out), NULL), sizeof(in));
	ck_assert_int_eq(wd_deflate_end(&strm), Z_OK);
	start();
	assert_works();
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_zlib");
	TCase *tcase = add_case(suite, "streams");

	tcase_add_loop_test(tcase, each_window, 0, ARRAY_SIZE(good_bits));
	tcase_add_test(tcase, each_level);
	tcase_add_test(tcase, inflate_flushes);
	tcase_add_test(tcase, no_progress);
	tcase_add_test(tcase, input_behind_the_end);
	tcase_add_test(tcase, in_the_middle);

	tcase = add_case(suite, "errors");
	tcase_add_loop_test(tcase, wrong_window, 0, ARRAY_SIZE(bad_bits));
	tcase_add_test(tcase, wrong_flush);
	tcase_add_test(tcase, corrupt);
	tcase_add_test(tcase, bad_memory);
	tcase_add_test(tcase, no_stream);
	tcase_add_test(tcase, no_device);
	tcase_add_test(tcase, class_is_up_already);
	return run_suite(suite);
}
