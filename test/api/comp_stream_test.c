/* SPDX-License-Identifier: MIT */
/* Streams: data as it comes, output as it fits, and what each call promises. */
#include "stream.h"

static const enum wd_comp_alg_type formats[] = { WD_DEFLATE, WD_ZLIB, WD_GZIP };
#define FORMATS		ARRAY_SIZE(formats)
#define LEVELS		(WD_COMP_L15 + 1)

static const struct cut cuts[] = {
	{ .in = 1, .out = 1 },
	{ .in = 1, .out = 1000 },
	{ .in = 1000, .out = 1 },
	{ .in = 4096, .out = 16 },
	{ .in = 4096, .out = 4096, .empty_last = true },
	{ .in = 300, .out = 300, .at_random = true },
	{ .in = 20000, .out = 20000, .at_random = true, .empty_last = true },
	{ .in = 1 << 20, .out = 2 << 20 },
};

/* @_i: the way it is cut, and the format. Each session does one stream after the other. */
START_TEST(cut_streams)
{
	enum wd_comp_alg_type alg = formats[_i % FORMATS];
	const struct cut *cut = &cuts[_i / FORMATS];
	bool tiny = cut->in == 1 || cut->out < 300;
	size_t sizes[] = { 1, 0, 100, 1500, 0, tiny ? (slow() ? 2000 : 3000) : 100000 };
	handle_t d;

	start();
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (int level = _i % 4; level < LEVELS; level += slow() ? 8 : 3) {
		handle_t c = new_sess(alg, WD_DIR_COMPRESS, level, level % 5);

		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			size_t kind = (i + (size_t)level) % DATA_KINDS;

			stream_round_trip(alg, c, d, cut, (enum data_kind)kind, sizes[i]);
		}
		wd_comp_free_sess(c);
	}
	wd_comp_free_sess(d);
	finish();
}
END_TEST

START_TEST(each_level)
{
	static const struct cut cut = { .in = 30000, .out = 50000 };
	enum wd_comp_alg_type alg = formats[_i % (int)FORMATS];
	handle_t c, d;

	start();
	c = new_sess(alg, WD_DIR_COMPRESS, _i, _i % 5);
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (int kind = 0; kind < DATA_KINDS; kind++)
		stream_round_trip(alg, c, d, &cut, (enum data_kind)kind, slow() ? 70000 : 150000);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

START_TEST(long_stream)
{
	static const struct cut cut = { .in = 65536, .out = 65536 };
	handle_t c, d;

	start();
	c = new_sess(WD_GZIP, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_GZIP, WD_DIR_DECOMPRESS, 0, 0);
	stream_round_trip(WD_GZIP, c, d, &cut, DATA_MIXED, slow() ? 1 << 20 : 5 << 20);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

static const char *const codecs[] = { "zlib", "isa-l", "libdeflate" };

START_TEST(each_library)
{
	handle_t c, d;

	env("WEFT_CODECS", codecs[_i]);
	start();
	for (size_t f = 0; f < FORMATS; f++) {
		d = new_sess(formats[f], WD_DIR_DECOMPRESS, 0, 0);
		for (int level = 0; level < LEVELS; level += 7) {
			c = new_sess(formats[f], WD_DIR_COMPRESS, level, WD_COMP_WS_32K);
			for (size_t i = 3; i < 7; i++)
				stream_round_trip(formats[f], c, d, &cuts[i], DATA_MIXED, 20000);
			wd_comp_free_sess(c);
		}
		wd_comp_free_sess(d);
	}
	finish();
}
END_TEST

/* Streams that zlib made, in pieces. */
START_TEST(made_by_zlib)
{
	enum wd_comp_alg_type alg = formats[_i];
	const struct oracle_how hows[] = {
		{ .level = ORACLE_STORED }, { .level = 9 }, { .level = 6, .bits = 9 },
		{ .level = 6, .strategy = 4 }, { .level = 1, .full_header = true },
	};
	size_t whole = slow() ? 2000 : 12000, room = oracle_bound(whole);
	uint8_t *in = data_new(DATA_MIXED, 8, whole), *packed = malloc(room);
	uint8_t *out = malloc(whole + 1);
	handle_t d;

	start();
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(hows) * ARRAY_SIZE(cuts); i++) {
		size_t len = oracle_encode(alg, &hows[i % ARRAY_SIZE(hows)], in, whole, packed,
					   room);

		memset(out, 0, whole);
		ck_assert_uint_eq(stream_all(WD_DIR_DECOMPRESS, d, &cuts[i / ARRAY_SIZE(hows)],
					     packed, len, out, whole + 1), whole);
		ck_assert(!memcmp(in, out, whole));
	}
	wd_comp_free_sess(d);
	finish();
	free(in);
	free(packed);
	free(out);
}
END_TEST

/* ---- what a call promises ------------------------------------------------ */

/* Without @last and with room, all that was given so far can be decompressed. */
START_TEST(flushed_pieces)
{
	enum wd_comp_alg_type alg = formats[_i % FORMATS];
	int level = _i / (int)FORMATS * 3;
	enum { LEN = 150000, ROOM = 200000 };
	uint8_t *in = data_new(DATA_TEXT, 6, LEN), *packed = malloc(ROOM), *out = malloc(LEN);
	struct oracle_stream *zlib = oracle_stream_new(alg);
	struct rng rng = { .state = (uint64_t)_i };
	size_t done = 0;
	handle_t c;

	start();
	c = new_sess(alg, WD_DIR_COMPRESS, level, WD_COMP_WS_32K);
	while (done < LEN) {
		size_t n = 1 + rng_below(&rng, rng_below(&rng, 2) ? 100 : 20000);
		struct wd_comp_req req;

		n = n < LEN - done ? n : LEN - done;
		req = new_req(WD_DIR_COMPRESS, in + done, n, packed, ROOM);
		assert_result(&req, 0, wd_do_comp_strm(c, &req), 0);
		ck_assert_uint_eq(req.src_len, n);
		ck_assert_uint_eq(oracle_stream_feed(zlib, packed, req.dst_len, out, LEN), n);
		ck_assert(!memcmp(in + done, out, n));
		done += n;
	}
	wd_comp_free_sess(c);
	oracle_stream_free(zlib);
	finish();
	free(in);
	free(packed);
	free(out);
}
END_TEST

/* A piece without data and without an end changes nothing for the reader. */
START_TEST(empty_pieces)
{
	enum wd_comp_alg_type alg = formats[_i];
	struct oracle_stream *zlib = oracle_stream_new(alg);
	uint8_t in[100], packed[1000], out[100];
	struct wd_comp_req req;
	handle_t c;

	data_fill(DATA_TEXT, 6, in, sizeof(in));
	start();
	c = new_sess(alg, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	for (int i = 0; i < 10; i++) {
		size_t n = i & 1 ? 10 : 0;

		req = new_req(WD_DIR_COMPRESS, in, n, packed, sizeof(packed));
		assert_result(&req, 0, wd_do_comp_strm(c, &req), 0);
		ck_assert_uint_eq(oracle_stream_feed(zlib, packed, req.dst_len, out, sizeof(out)),
				  n);
	}
	req = new_req(WD_DIR_COMPRESS, in, 0, packed, sizeof(packed));
	req.last = 1;
	assert_result(&req, 0, wd_do_comp_strm(c, &req), WD_STREAM_END);
	ck_assert_uint_eq(oracle_stream_feed(zlib, packed, req.dst_len, out, sizeof(out)), 0);
	ck_assert(oracle_stream_ended(zlib));
	oracle_stream_free(zlib);
	wd_comp_free_sess(c);
	finish();
}
END_TEST

/* Input behind the end is not consumed, wherever the pieces are cut. */
START_TEST(input_behind_the_end)
{
	enum wd_comp_alg_type alg = formats[_i];
	uint8_t packed[2000], out[3000];
	struct wd_comp_req req;
	size_t len;
	handle_t d;

	start();
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	data_fill(DATA_TEXT, 1, out, sizeof(out));
	len = oracle_encode(alg, NULL, out, 1000, packed, sizeof(packed));
	memset(packed + len, 0xee, sizeof(packed) - len);
	for (size_t cut = 0; cut <= len; cut++) {
		size_t made;

		req = new_req(WD_DIR_DECOMPRESS, packed, cut, out, sizeof(out));
		ck_assert_int_eq(wd_do_comp_strm(d, &req), 0);
		ck_assert_uint_eq(req.status, cut == len ? WD_STREAM_END : 0);
		ck_assert_uint_eq(req.src_len, cut);
		made = req.dst_len;
		if (cut == len)
			break;
		req = new_req(WD_DIR_DECOMPRESS, packed + cut, sizeof(packed) - cut, out + made,
			      sizeof(out) - made);
		assert_result(&req, 0, wd_do_comp_strm(d, &req), WD_STREAM_END);
		ck_assert_uint_eq(req.src_len, len - cut);
		ck_assert_uint_eq(made + req.dst_len, 1000);
	}
	wd_comp_free_sess(d);
	finish();
}
END_TEST

/* A block request in between does not disturb the stream of its session. */
START_TEST(blocks_in_between)
{
	enum wd_comp_alg_type alg = formats[_i];
	uint8_t in[20000], packed[30000], out[20000];
	struct wd_comp_req req;
	size_t made = 0;
	handle_t c, d;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	start();
	c = new_sess(alg, WD_DIR_COMPRESS, 3, WD_COMP_WS_32K);
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (size_t i = 0; i < 20; i++) {
		req = new_req(WD_DIR_COMPRESS, in + 1000 * i, 1000, packed + made,
			      sizeof(packed) - made);
		req.last = i == 19;
		ck_assert_int_eq(wd_do_comp_strm(c, &req), 0);
		made += req.dst_len;
		assert_good(WAY_SYNC, alg, c, d);
		assert_good(WAY_ASYNC, alg, c, d);
	}
	ck_assert_uint_eq(oracle_decode(alg, packed, made, out, sizeof(out), NULL), sizeof(in));
	ck_assert_mem_eq(in, out, sizeof(in));
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

START_TEST(a_hundred_interleaved)
{
	enum { STREAMS = 100, LEN = 20000 };
	static const struct cut cut = { .in = 1500, .out = 1500, .at_random = true };
	struct stream s[STREAMS], *one;
	struct rng rng = { .state = 1 };
	unsigned int open = STREAMS;
	uint8_t out[LEN];

	start();
	memset(s, 0, sizeof(s));
	for (unsigned int i = 0; i < STREAMS; i++) {
		enum wd_comp_alg_type alg = formats[i % FORMATS];
		uint8_t *in = data_new(DATA_MIXED, i, LEN);

		one = &s[i];
		one->dir = (enum wd_comp_op_type)(i & 1);
		one->sess = new_sess(alg, one->dir, (int)i % LEVELS, (int)i % 5);
		one->cut = &cut;
		one->rng.state = i;
		one->in = in;
		one->in_len = LEN;
		one->out_room = LEN + 10000;
		one->out = malloc(one->out_room);
		if (one->dir == WD_DIR_DECOMPRESS) {
			uint8_t *packed = malloc(LEN + 1000);

			one->in_len = oracle_encode(alg, NULL, in, LEN, packed, LEN + 1000);
			one->in = packed;
			free(in);
		}
	}
	while (open) {
		one = &s[rng_below(&rng, STREAMS)];
		if (one->status == WD_STREAM_END)
			continue;
		stream_call(one);
		open -= one->status == WD_STREAM_END;
	}
	for (unsigned int i = 0; i < STREAMS; i++) {
		uint8_t *want = data_new(DATA_MIXED, i, LEN);

		one = &s[i];
		if (one->dir == WD_DIR_COMPRESS) {
			ck_assert_uint_eq(oracle_decode(formats[i % FORMATS], one->out,
							one->out_done, out, LEN, NULL), LEN);
			ck_assert(!memcmp(want, out, LEN));
		} else {
			ck_assert_uint_eq(one->out_done, LEN);
			ck_assert(!memcmp(want, one->out, LEN));
		}
		wd_comp_free_sess(one->sess);
		free(want);
		free(one->out);
		free((void *)(uintptr_t)one->in);
	}
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_stream");
	TCase *tcase = add_case(suite, "round trips");

	tcase_add_loop_test(tcase, cut_streams, 0, ARRAY_SIZE(cuts) * FORMATS);
	tcase_add_loop_test(tcase, each_level, 0, LEVELS);
	tcase_add_test(tcase, long_stream);
	tcase_add_loop_test(tcase, each_library, 0, ARRAY_SIZE(codecs));
	tcase_add_loop_test(tcase, made_by_zlib, 0, FORMATS);

	tcase = add_case(suite, "promises");
	tcase_add_loop_test(tcase, flushed_pieces, 0, FORMATS * 6);
	tcase_add_loop_test(tcase, empty_pieces, 0, FORMATS);
	tcase_add_loop_test(tcase, input_behind_the_end, 0, FORMATS);
	tcase_add_loop_test(tcase, blocks_in_between, 0, FORMATS);
	tcase_add_test(tcase, a_hundred_interleaved);
	return run_suite(suite);
}
