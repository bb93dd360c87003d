/* SPDX-License-Identifier: MIT */
/* Streams that go wrong, are left in the middle, or are used by several threads. */
#include <pthread.h>

#include "stream.h"

static const enum wd_comp_alg_type formats[] = { WD_DEFLATE, WD_ZLIB, WD_GZIP };
#define FORMATS		ARRAY_SIZE(formats)

/* ---- what goes wrong ----------------------------------------------------- */

static void assert_stream_good(enum wd_comp_alg_type alg, handle_t c, handle_t d)
{
	static const struct cut cut = { .in = 700, .out = 900 };

	stream_round_trip(alg, c, d, &cut, DATA_TEXT, 5000);
}

/* @d has met its end early: it says so until it is reset, and then it works. */
static void assert_over_until_reset(enum wd_comp_alg_type alg, handle_t c, handle_t d)
{
	uint8_t byte = 0, out[10];
	struct wd_comp_req req;

	for (int i = 0; i < 3; i++) {
		req = new_req(WD_DIR_DECOMPRESS, &byte, 1, out, sizeof(out));
		assert_result(&req, 0, wd_do_comp_strm(d, &req), WD_IN_EPARA);
		ck_assert_uint_eq(req.src_len, 0);
		ck_assert_uint_eq(req.dst_len, 0);
	}
	/* A block does not care. */
	assert_good(WAY_SYNC, alg, c, d);
	ck_assert_int_eq(wd_comp_reset_sess(d), 0);
	assert_stream_good(alg, c, d);
}

START_TEST(corrupt_stream)
{
	enum wd_comp_alg_type alg = formats[_i];
	static uint8_t in[5000], packed[6000], out[6000];
	struct wd_comp_req req;
	handle_t c, d;
	size_t len;

	data_fill(DATA_TEXT, 2, in, sizeof(in));
	start();
	c = new_sess(alg, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	len = oracle_encode(alg, NULL, in, sizeof(in), packed, sizeof(packed));
	/* A block type that does not exist; in zlib and gzip behind the header. */
	packed[alg == WD_DEFLATE ? 0 : alg == WD_ZLIB ? 2 : 10] |= 6;
	for (size_t step = 1; step <= len; step *= 50) {
		size_t done = 0;

		do {
			req = new_req(WD_DIR_DECOMPRESS, packed + done,
				      step < len - done ? step : len - done, out, sizeof(out));
			ck_assert_int_eq(wd_do_comp_strm(d, &req), 0);
			ck_assert_uint_eq(req.dst_len, 0);
			done += req.src_len;
		} while (!req.status && done < len);
		ck_assert_uint_eq(req.status, WD_IN_EPARA);
		assert_over_until_reset(alg, c, d);
	}
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

/* The checksum at the end is part of it. */
START_TEST(wrong_checksum)
{
	enum wd_comp_alg_type alg = formats[1 + _i];
	static uint8_t in[5000], packed[6000], out[6000];
	struct wd_comp_req req;
	handle_t c, d;
	size_t len;

	data_fill(DATA_TEXT, 2, in, sizeof(in));
	start();
	c = new_sess(alg, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	len = oracle_encode(alg, NULL, in, sizeof(in), packed, sizeof(packed));
	packed[len - 1] ^= 0x10;
	req = new_req(WD_DIR_DECOMPRESS, packed, len, out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_strm(d, &req), WD_IN_EPARA);
	ck_assert_uint_le(req.dst_len, sizeof(in));
	ck_assert_mem_eq(in, out, req.dst_len);
	assert_over_until_reset(alg, c, d);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

/* The input is said to end and the format has not. */
START_TEST(truncated_with_last)
{
	enum wd_comp_alg_type alg = formats[_i];
	static uint8_t in[300], packed[400], out[400];
	struct wd_comp_req req;
	handle_t c, d;
	size_t len;

	data_fill(DATA_TEXT, 2, in, sizeof(in));
	start();
	c = new_sess(alg, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	len = oracle_encode(alg, NULL, in, sizeof(in), packed, sizeof(packed));
	for (size_t cut = 0; cut < len; cut++) {
		req = new_req(WD_DIR_DECOMPRESS, packed, cut, out, sizeof(out));
		req.last = 1;
		assert_result(&req, 0, wd_do_comp_strm(d, &req), WD_IN_EPARA);
		ck_assert_mem_eq(in, out, req.dst_len);
		assert_over_until_reset(alg, c, d);
	}
	/* Whole, it ends where it should, with the flag as without. */
	req = new_req(WD_DIR_DECOMPRESS, packed, len, out, sizeof(out));
	req.last = 1;
	assert_result(&req, 0, wd_do_comp_strm(d, &req), WD_STREAM_END);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

/* A full output with the last of the input is no error: there is more to come. */
START_TEST(full_with_last)
{
	static uint8_t in[5000], packed[6000], out[5000];
	struct wd_comp_req req;
	size_t len, done = 0, made = 0;
	handle_t d;

	data_fill(DATA_TEXT, 2, in, sizeof(in));
	start();
	d = new_sess(formats[_i], WD_DIR_DECOMPRESS, 0, 0);
	len = oracle_encode(formats[_i], NULL, in, sizeof(in), packed, sizeof(packed));
	do {
		ck_assert_uint_lt(made, sizeof(out));
		req = new_req(WD_DIR_DECOMPRESS, packed + done, len - done, out + made, 100);
		req.last = 1;
		ck_assert_int_eq(wd_do_comp_strm(d, &req), 0);
		done += req.src_len;
		made += req.dst_len;
	} while (req.status == WD_EAGAIN);
	/* With exactly no room left for nothing, one more call may be needed to see the end. */
	ck_assert_uint_eq(req.status, WD_STREAM_END);
	ck_assert_uint_eq(made, sizeof(in));
	ck_assert_mem_eq(in, out, sizeof(in));
	wd_comp_free_sess(d);
	finish();
}
END_TEST

START_TEST(reset_in_the_middle)
{
	enum wd_comp_alg_type alg = formats[_i];
	static uint8_t in[5000], packed[6000], out[5000];
	struct wd_comp_req req;
	handle_t c, d;
	size_t len;

	data_fill(DATA_MIXED, 2, in, sizeof(in));
	start();
	c = new_sess(alg, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	ck_assert_int_eq(wd_comp_reset_sess(c), 0);
	len = oracle_encode(alg, NULL, in, sizeof(in), packed, sizeof(packed));
	for (size_t cut = 1; cut < len; cut = cut * 3) {
		req = new_req(WD_DIR_COMPRESS, in, cut, out, sizeof(out));
		ck_assert_int_eq(wd_do_comp_strm(c, &req), 0);
		ck_assert_int_eq(wd_comp_reset_sess(c), 0);
		ck_assert_int_eq(wd_comp_reset_sess(c), 0);
		/* With output that waits inside, too. */
		req = new_req(WD_DIR_DECOMPRESS, packed, cut, out, 1 + cut / 10);
		ck_assert_int_eq(wd_do_comp_strm(d, &req), 0);
		ck_assert_int_eq(wd_comp_reset_sess(d), 0);
		assert_stream_good(alg, c, d);
	}
	/* And left there, the session can be freed. */
	req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, 100);
	assert_result(&req, 0, wd_do_comp_strm(c, &req), WD_EAGAIN);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

/* ---- several threads ------------------------------------------------------ */

struct one_stream {
	handle_t sess;
	unsigned int good, busy, wrong;
};

static void *push(void *arg)
{
	struct one_stream *s = arg;
	uint8_t in[3000], out[5000];

	data_fill(DATA_TEXT, 3, in, sizeof(in));
	for (int i = 0; i < 300; i++) {
		struct wd_comp_req req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, sizeof(out));
		int ret = wd_do_comp_strm(s->sess, &req);

		if (ret == -WD_EBUSY && req.status == UNTOUCHED)
			s->busy++;
		else if (!ret && !req.status && req.src_len == sizeof(in))
			s->good++;
		else
			s->wrong++;
	}
	return NULL;
}

/* Of a stream there is one request at a time: whoever comes second is told. */
START_TEST(two_threads_on_one)
{
	struct one_stream s[2] = { { 0 } };
	pthread_t thread;
	handle_t d;

	start();
	s[0].sess = s[1].sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	ck_assert_int_eq(pthread_create(&thread, NULL, push, &s[1]), 0);
	push(&s[0]);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(s[0].wrong + s[1].wrong, 0);
	ck_assert_uint_gt(s[0].good + s[1].good, 0);
	ck_assert_int_eq(wd_comp_reset_sess(s[0].sess), 0);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	assert_stream_good(WD_ZLIB, s[0].sess, d);
	wd_comp_free_sess(s[0].sess);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

/* Every thread its own streams, opened and closed in contexts that they share. */
static void *many_short(void *arg)
{
	unsigned int *wrong = arg;

	for (int i = 0; i < (slow() ? 5 : 30); i++)
		*wrong += works() != 0;
	return NULL;
}

START_TEST(threads_of_streams)
{
	enum { THREADS = 4 };
	unsigned int wrong[THREADS] = { 0 };
	pthread_t thread[THREADS];

	start();
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, many_short, &wrong[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		ck_assert_uint_eq(wrong[i], 0);
	}
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_stream_errors");
	TCase *tcase = add_case(suite, "errors");

	tcase_add_loop_test(tcase, corrupt_stream, 0, FORMATS);
	tcase_add_loop_test(tcase, wrong_checksum, 0, FORMATS - 1);
	tcase_add_loop_test(tcase, truncated_with_last, 0, FORMATS);
	tcase_add_loop_test(tcase, full_with_last, 0, FORMATS);
	tcase_add_loop_test(tcase, reset_in_the_middle, 0, FORMATS);

	tcase = add_case(suite, "several");
	tcase_add_test(tcase, two_threads_on_one);
	tcase_add_test(tcase, threads_of_streams);
	return run_suite(suite);
}
