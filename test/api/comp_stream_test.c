/* SPDX-License-Identifier: MIT */
/* Streams: data as it comes, output as it fits, and what happens in between. */
#include <pthread.h>

#include "common.h"

static const enum wd_comp_alg_type formats[] = { WD_DEFLATE, WD_ZLIB, WD_GZIP };
#define FORMATS		ARRAY_SIZE(formats)
#define LEVELS		(WD_COMP_L15 + 1)

/* ---- one stream --------------------------------------------------------- */

/* How a stream is cut: fixed pieces, or up to this many bytes at random. */
struct cut {
	size_t in;
	size_t out;
	bool at_random;
	bool empty_last;	/* the end comes in a call of its own, without data */
};

struct stream {
	enum wd_comp_op_type dir;
	handle_t sess;
	const uint8_t *in;
	size_t in_len, in_done;
	uint8_t *out;
	size_t out_room, out_done;
	const struct cut *cut;
	struct rng rng;
	bool last;		/* the piece before was to be the last */
	__u32 status;
};

static size_t piece(struct stream *s, size_t most, size_t left)
{
	size_t n = s->cut->at_random ? 1 + rng_below(&s->rng, most) : most;

	return n < left ? n : left;
}

/* What is wrong with the result of a call that offered @in and @out bytes, or NULL. */
static const char *broken_rule(const struct stream *s, const struct wd_comp_req *req, size_t in,
			       size_t out)
{
	if (req->src_len > in || req->dst_len > out)
		return "more bytes than there were";
	switch (req->status) {
	case 0:
		if (req->src_len != in)
			return "status 0 with input left";
		return s->last ? "neither the end nor more output after the last piece" : NULL;
	case WD_EAGAIN:
		return req->dst_len != out ? "more output, and room for it" : NULL;
	case WD_STREAM_END:
		if (s->dir == WD_DIR_COMPRESS && (!s->last || s->in_done != s->in_len))
			return "the end before the last piece";
		return NULL;
	default:
		return "an error";
	}
}

/*
 * One call, held against every rule that any call has to keep. An assertion of
 * check costs more than a call, so there is none when all is well.
 */
static void stream_call(struct stream *s)
{
	static uint8_t nothing;
	size_t in = piece(s, s->cut->in, s->in_len - s->in_done);
	size_t out = piece(s, s->cut->out, s->out_room - s->out_done);
	struct wd_comp_req req = new_req(s->dir, in ? s->in + s->in_done : &nothing, in,
					 s->out + s->out_done, out);
	bool ends_here = s->in_done + in == s->in_len;
	const char *wrong;
	int ret;

	if (s->dir == WD_DIR_COMPRESS)
		req.last = ends_here && (!s->cut->empty_last || !in || s->last);
	s->last = req.last;
	ret = wd_do_comp_strm(s->sess, &req);
	s->in_done += req.src_len;
	s->out_done += req.dst_len;
	s->status = req.status;
	wrong = ret ? "not carried out" : broken_rule(s, &req, in, out);
	if (wrong)
		ck_abort_msg("%s: %zu and %zu bytes gave %d, status %u, %u and %u; %zu of %zu done",
			     wrong, in, out, ret, req.status, req.src_len, req.dst_len, s->in_done,
			     s->in_len);
}

static size_t stream_all(enum wd_comp_op_type dir, handle_t sess, const struct cut *cut,
			 const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	struct stream s = {
		.dir = dir, .sess = sess, .cut = cut,
		.in = in, .in_len = len, .out = out, .out_room = room,
		.rng = { .state = len },
	};

	do
		stream_call(&s);
	while (s.status != WD_STREAM_END);
	return s.out_done;
}

static size_t bound(size_t len, const struct cut *cut)
{
	return len + len / 6 + 512 + 32 * (len / (cut->in / 2 + 1));
}

/* There and back through sessions, each as often as asked. */
static void round_trip(enum wd_comp_alg_type alg, handle_t c, handle_t d, const struct cut *cut,
		       enum data_kind kind, size_t len)
{
	uint8_t *in = data_new(kind, len, len), *out = malloc(len + 1);
	size_t room = bound(len, cut), packed_len, used;
	uint8_t *packed = malloc(room);

	packed_len = stream_all(WD_DIR_COMPRESS, c, cut, in, len, packed, room);
	ck_assert_uint_eq(oracle_decode(alg, packed, packed_len, out, len + 1, &used), len);
	ck_assert_uint_eq(used, packed_len);
	ck_assert(!memcmp(in, out, len));
	memset(out, 0, len);
	ck_assert_uint_eq(stream_all(WD_DIR_DECOMPRESS, d, cut, packed, packed_len, out, len + 1),
			  len);
	ck_assert(!memcmp(in, out, len));
	free(in);
	free(out);
	free(packed);
}

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
	size_t sizes[] = { 1, 0, 100, 1500, 0, tiny ? (slow() ? 2000 : 5000) : 200000 };
	handle_t d;

	start();
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (int level = _i % 4; level < LEVELS; level += slow() ? 8 : 3) {
		handle_t c = new_sess(alg, WD_DIR_COMPRESS, level, level % 5);

		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
			round_trip(alg, c, d, cut, (enum data_kind)((i + (size_t)level) % DATA_KINDS),
				   sizes[i]);
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
		round_trip(alg, c, d, &cut, (enum data_kind)kind, slow() ? 70000 : 250000);
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
	round_trip(WD_GZIP, c, d, &cut, DATA_MIXED, slow() ? 1 << 20 : 5 << 20);
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
				round_trip(formats[f], c, d, &cuts[i], DATA_MIXED, 20000);
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

/* ---- what goes wrong ----------------------------------------------------- */

static void assert_stream_good(enum wd_comp_alg_type alg, handle_t c, handle_t d)
{
	static const struct cut cut = { .in = 700, .out = 900 };

	round_trip(alg, c, d, &cut, DATA_TEXT, 5000);
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

/* ---- several at once ------------------------------------------------------ */

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

	tcase = add_case(suite, "errors");
	tcase_add_loop_test(tcase, corrupt_stream, 0, FORMATS);
	tcase_add_loop_test(tcase, wrong_checksum, 0, FORMATS - 1);
	tcase_add_loop_test(tcase, truncated_with_last, 0, FORMATS);
	tcase_add_loop_test(tcase, full_with_last, 0, FORMATS);
	tcase_add_loop_test(tcase, reset_in_the_middle, 0, FORMATS);

	tcase = add_case(suite, "several");
	tcase_add_test(tcase, two_threads_on_one);
	tcase_add_test(tcase, a_hundred_interleaved);
	tcase_add_test(tcase, threads_of_streams);
	return run_suite(suite);
}
