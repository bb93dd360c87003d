/* SPDX-License-Identifier: MIT */
/*
 * Bad input: data, arguments, handles, lists. Each ends that one request with
 * the documented result, and the next good one works. Addresses are in
 * comp_address_test.c.
 */
#include "common.h"

static const enum wd_comp_alg_type formats[] = { WD_DEFLATE, WD_ZLIB, WD_GZIP };
#define FORMATS		ARRAY_SIZE(formats)

/* A session for each direction; most cases need no more. */
static handle_t c, d;
static enum wd_comp_alg_type alg;

static void pair_up(enum wd_comp_alg_type format)
{
	alg = format;
	start();
	c = new_sess(alg, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
}

static void pair_down(void)
{
	assert_good(WAY_SYNC, alg, c, d);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	assert_works();
	finish();
}

/* ---- data ---------------------------------------------------------------- */

/* A good request after each bad one, with little ceremony because there are thousands. */
static void assert_still_good(const uint8_t *packed, size_t packed_len, const uint8_t *want,
			      size_t len)
{
	uint8_t out[1000];
	struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, sizeof(out));
	int ret = wd_do_comp_sync(d, &req);

	if (ret || req.status || req.dst_len != len || memcmp(out, want, len))
		ck_abort_msg("a good request returned %d, status %u", ret, req.status);
}

/*
 * Each bit of a small stream once: we and zlib agree on what is left of it. Of
 * raw deflate, which has no checksum, the standard lets a reader take a little
 * more than zlib does.
 */
START_TEST(flipped_bits)
{
	uint8_t in[400], good[600], bad[600], out[1000], want[1000];
	size_t len, want_len;

	pair_up(formats[_i]);
	data_fill(DATA_TEXT, 3, in, sizeof(in));
	len = oracle_encode(alg, NULL, in, sizeof(in), good, sizeof(good));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct wd_comp_req req;
		bool agreed;
		int ret;

		memcpy(bad, good, len);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		want_len = oracle_decode(alg, bad, len, want, sizeof(want), NULL);
		req = new_req(WD_DIR_DECOMPRESS, bad, len, out, sizeof(out));
		ret = run_block((enum way)(bit % WAYS), d, &req);
		if (want_len == ORACLE_FAILED)
			agreed = !ret && (req.status == WD_IN_EPARA || alg == WD_DEFLATE);
		else
			agreed = !ret && !req.status && req.dst_len == want_len &&
				 !memcmp(out, want, want_len);
		if (!agreed)
			ck_abort_msg("bit %zu: zlib %zd, we %d, status %u, %u bytes", bit,
				     (ssize_t)want_len, ret, req.status, req.dst_len);
		assert_still_good(good, len, in, sizeof(in));
	}
	pair_down();
}
END_TEST

/* Not even a header of anything. */
START_TEST(rubbish)
{
	uint8_t in[5000], out[5000], want[5000];
	struct rng rng = { .state = 1 };

	pair_up(formats[_i]);
	for (int i = 0; i < 300; i++) {
		size_t len = 1 + rng_below(&rng, sizeof(in)), want_len;
		struct wd_comp_req req;

		data_fill(i % 10 ? DATA_RANDOM : DATA_ZEROS, (uint64_t)i, in, len);
		want_len = oracle_decode(alg, in, len, want, sizeof(want), NULL);
		req = new_req(WD_DIR_DECOMPRESS, in, len, out, sizeof(out));
		assert_result(&req, 0, run_block((enum way)(i % WAYS), d, &req),
			      want_len == ORACLE_FAILED ? WD_IN_EPARA : 0);
		ck_assert_uint_le(req.src_len, len);
		ck_assert_uint_le(req.dst_len, sizeof(out));
	}
	pair_down();
}
END_TEST

START_TEST(truncated)
{
	uint8_t in[400], packed[600], out[1000];
	size_t len;

	pair_up(formats[_i]);
	data_fill(DATA_TEXT, 3, in, sizeof(in));
	len = oracle_encode(alg, NULL, in, sizeof(in), packed, sizeof(packed));
	for (size_t cut = 1; cut < len; cut++) {
		uint8_t *end = fenced(cut);
		struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, end, cut, out, sizeof(out));

		memcpy(end, packed, cut);
		assert_result(&req, 0, run_block((enum way)(cut % WAYS), d, &req), WD_IN_EPARA);
		ck_assert_uint_le(req.src_len, cut);
		ck_assert_uint_le(req.dst_len, sizeof(in));
		ck_assert_mem_eq(out, in, req.dst_len);
		assert_still_good(packed, len, in, sizeof(in));
		fenced_free(end, cut);
	}
	pair_down();
}
END_TEST

/* Sixty-four megabytes in a few thousand bytes of input, and room for one. */
START_TEST(bomb)
{
	size_t len = slow() ? 8 << 20 : 64 << 20, room = 1 << 20;
	uint8_t *zeros = calloc(1, len), *packed = malloc(len / 100), *out = malloc(room);
	const struct oracle_how how = { .level = 1 };
	size_t packed_len;

	pair_up(formats[_i]);
	packed_len = oracle_encode(alg, &how, zeros, len, packed, len / 100);
	ck_assert_uint_ne(packed_len, ORACLE_FAILED);
	for (int way = 0; way < WAYS; way++) {
		struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, room);

		memset(out, 1, room);
		assert_result(&req, 0, run_block((enum way)way, d, &req), WD_IN_EPARA);
		ck_assert_uint_le(req.src_len, packed_len);
		ck_assert_uint_le(req.dst_len, room);
		ck_assert(!memcmp(out, zeros, req.dst_len));
	}
	pair_down();
	free(zeros);
	free(packed);
	free(out);
}
END_TEST

/* The same as a stream: room is made as often as the reader likes, and no more. */
START_TEST(endless_stream)
{
	size_t len = 8 << 20, done = 0;
	uint8_t *zeros = calloc(1, len), *packed = malloc(len / 50), out[4096];
	size_t packed_len;

	pair_up(formats[_i]);
	packed_len = oracle_encode(alg, NULL, zeros, len, packed, len / 50);
	for (int i = 0; i < 200; i++) {
		struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, packed + done,
						 packed_len - done, out, sizeof(out));

		assert_result(&req, 0, wd_do_comp_strm(d, &req), WD_EAGAIN);
		ck_assert_uint_eq(req.dst_len, sizeof(out));
		done += req.src_len;
	}
	ck_assert_int_eq(wd_comp_reset_sess(d), 0);
	pair_down();
	free(zeros);
	free(packed);
}
END_TEST

static const size_t room_sizes[] = { 2, 1000, 65536, 150000 };

START_TEST(output_too_small_by_one)
{
	pair_up(formats[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(room_sizes) * DATA_KINDS; i++) {
		size_t len = room_sizes[i / DATA_KINDS], room = len + len / 8 + 500, packed_len;
		uint8_t *in = data_new((enum data_kind)(i % DATA_KINDS), i, len);
		uint8_t *packed = malloc(room), *out = fenced(len - 1);
		enum way way = (enum way)(i % WAYS);
		struct wd_comp_req req;

		packed_len = oracle_encode(alg, NULL, in, len, packed, room);
		req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, len - 1);
		assert_result(&req, 0, run_block(way, d, &req), WD_IN_EPARA);
		ck_assert_uint_le(req.src_len, packed_len);
		ck_assert_uint_le(req.dst_len, len - 1);
		ck_assert(!memcmp(out, in, req.dst_len));
		fenced_free(out, len - 1);
		free(in);
		free(packed);
	}
	pair_down();
}
END_TEST

/* Whatever a compressor can make of it, it is complete or it is refused. */
START_TEST(no_room_to_compress)
{
	pair_up(formats[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(room_sizes) * DATA_KINDS; i++) {
		size_t len = room_sizes[i / DATA_KINDS], room = len + len / 8 + 500, full;
		uint8_t *in = data_new((enum data_kind)(i % DATA_KINDS), i, len);
		uint8_t *packed = malloc(room), *out = malloc(len), *tight;
		handle_t sess = new_sess(alg, WD_DIR_COMPRESS, (int)(i * 7 % 16), WD_COMP_WS_32K);
		struct wd_comp_req req = new_req(WD_DIR_COMPRESS, in, len, packed, room);

		assert_result(&req, 0, wd_do_comp_sync(sess, &req), 0);
		full = req.dst_len;
		tight = fenced(full - 1);
		req = new_req(WD_DIR_COMPRESS, in, len, tight, full - 1);
		ck_assert_int_eq(run_block((enum way)(i % WAYS), sess, &req), 0);
		if (req.status == WD_IN_EPARA)
			ck_assert_uint_le(req.dst_len, full - 1);
		else
			ck_assert_uint_eq(oracle_decode(alg, tight, req.dst_len, out, len, NULL),
					  len);
		for (size_t none = 1; none < 4; none++) {
			req = new_req(WD_DIR_COMPRESS, in, len, tight, none);
			assert_result(&req, 0, run_block((enum way)(i % WAYS), sess, &req),
				      WD_IN_EPARA);
			ck_assert_uint_le(req.dst_len, none);
		}
		wd_comp_free_sess(sess);
		fenced_free(tight, full - 1);
		free(in);
		free(packed);
		free(out);
	}
	pair_down();
}
END_TEST

/* ---- arguments ----------------------------------------------------------- */

static void *never(struct wd_comp_req *req, void *param)
{
	(void)req;
	(void)param;
	abort();
}

static struct wd_datalist some_list;

static const struct wrong {
	const char *what;
	size_t offset, size;
	uint64_t value;
	bool stream_too;
} wrongs[] = {
#define WRONG(field, value_, stream_) \
	{ #field " " #value_, offsetof(struct wd_comp_req, field), \
	  sizeof(((struct wd_comp_req *)0)->field), (uint64_t)(value_), stream_ }
	WRONG(src, 0, true),
	WRONG(dst, 0, true),
	WRONG(src_len, 0, false),
	WRONG(dst_len, 0, true),
	WRONG(data_fmt, 2, true),
	WRONG(data_fmt, 0x7fffffff, true),
	WRONG(data_fmt, -1, true),
	WRONG(op_type, WD_DIR_DECOMPRESS, true),
	WRONG(op_type, WD_DIR_MAX, true),
	WRONG(op_type, -1, true),
};

static bool same(const struct wd_comp_req *a, const struct wd_comp_req *b)
{
	return a->src == b->src && a->src_len == b->src_len && a->dst == b->dst &&
	       a->dst_len == b->dst_len && a->cb == b->cb && a->cb_param == b->cb_param &&
	       a->op_type == b->op_type && a->data_fmt == b->data_fmt && a->last == b->last &&
	       a->status == b->status && a->priv == b->priv;
}

/* The return value says that it was not sent, and the request is as it was. */
static void assert_refused(const char *what, handle_t sess, const struct wd_comp_req *wrong,
			   int (*call)(handle_t, struct wd_comp_req *))
{
	struct wd_comp_req req = *wrong;
	int ret = call(sess, &req);

	if (ret != -WD_EINVAL || !same(&req, wrong))
		ck_abort_msg("%s: returned %d, status %u", what, ret, req.status);
}

START_TEST(wrong_argument)
{
	const struct wrong *wrong = &wrongs[_i];
	uint8_t in[100] = { 0 }, out[200];
	struct wd_comp_req req;

	pair_up(WD_ZLIB);
	req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, sizeof(out));
	memcpy((char *)&req + wrong->offset, &wrong->value, wrong->size);
	assert_refused(wrong->what, c, &req, wd_do_comp_sync);
	assert_refused(wrong->what, c, &req, wd_do_comp_sync2);
	if (wrong->stream_too)
		assert_refused(wrong->what, c, &req, wd_do_comp_strm);
	req.cb = never;
	assert_refused(wrong->what, c, &req, wd_do_comp_async);
	pair_down();
}
END_TEST

START_TEST(wrong_callback)
{
	uint8_t in[100] = { 0 }, out[200];
	struct wd_comp_req req;
	__u32 count = 0;

	pair_up(WD_ZLIB);
	req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, sizeof(out));
	assert_refused("no callback", c, &req, wd_do_comp_async);
	req.cb = never;
	assert_refused("a callback", c, &req, wd_do_comp_sync);
	assert_refused("a callback", c, &req, wd_do_comp_sync2);
	assert_refused("a callback", c, &req, wd_do_comp_strm);
	ck_assert_int_eq(wd_comp_poll(1, &count), 0);
	ck_assert_uint_eq(count, 0);
	pair_down();
}
END_TEST

START_TEST(lists_in_a_stream)
{
	uint8_t out[200];
	struct wd_comp_req req;

	pair_up(WD_ZLIB);
	req = new_req(WD_DIR_COMPRESS, &some_list, 10, out, sizeof(out));
	req.data_fmt = WD_SGL_BUF;
	assert_refused("a list", c, &req, wd_do_comp_strm);
	pair_down();
}
END_TEST

START_TEST(no_request)
{
	pair_up(WD_ZLIB);
	ck_assert_int_eq(wd_do_comp_sync(c, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_do_comp_sync2(c, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_do_comp_async(c, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_do_comp_strm(c, NULL), -WD_EINVAL);
	pair_down();
}
END_TEST

/* ---- sessions ------------------------------------------------------------ */

static const struct {
	int alg, level, window, dir;
	int error;
} setups[] = {
	{ WD_COMP_ALG_MAX, 1, 0, WD_DIR_COMPRESS, EINVAL },
	{ -1, 1, 0, WD_DIR_COMPRESS, EINVAL },
	{ 1000, 1, 0, WD_DIR_DECOMPRESS, EINVAL },
	{ WD_ZLIB, WD_COMP_L15 + 1, 0, WD_DIR_COMPRESS, EINVAL },
	{ WD_ZLIB, -1, 0, WD_DIR_COMPRESS, EINVAL },
	{ WD_ZLIB, 1 << 30, 0, WD_DIR_COMPRESS, EINVAL },
	{ WD_ZLIB, 1, WD_COMP_WS_32K + 1, WD_DIR_COMPRESS, EINVAL },
	{ WD_ZLIB, 1, -1, WD_DIR_COMPRESS, EINVAL },
	{ WD_ZLIB, 1, 0, WD_DIR_MAX, EINVAL },
	{ WD_ZLIB, 1, 0, -1, EINVAL },
	{ WD_LZ4, 1, 0, WD_DIR_COMPRESS, ENOTSUP },
	{ WD_LZ77_ZSTD, 1, 0, WD_DIR_COMPRESS, ENOTSUP },
	{ WD_LZ77_ONLY, 1, 0, WD_DIR_COMPRESS, ENOTSUP },
	{ WD_LZ4, 1, 0, WD_DIR_DECOMPRESS, ENOTSUP },
	{ WD_LZ77_ZSTD, 1, 0, WD_DIR_DECOMPRESS, ENOTSUP },
	{ WD_LZ77_ONLY, 1, 0, WD_DIR_DECOMPRESS, ENOTSUP },
};

START_TEST(wrong_setup)
{
	struct wd_comp_sess_setup setup = {
		.alg_type = (enum wd_comp_alg_type)setups[_i].alg,
		.comp_lv = (enum wd_comp_level)setups[_i].level,
		.win_sz = (enum wd_comp_winsz_type)setups[_i].window,
		.op_type = (enum wd_comp_op_type)setups[_i].dir,
	};

	start();
	errno = 0;
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
	ck_assert_int_eq(errno, setups[_i].error);
	ck_assert_uint_eq(wd_comp_alloc_sess(NULL), 0);
	ck_assert_int_eq(errno, EINVAL);
	assert_works();
	finish();
}
END_TEST

/* Programs leave what does not matter as they find it. */
START_TEST(careless_setup)
{
	struct wd_comp_sess_setup setup;
	handle_t sess[2];

	start();
	memset(&setup, 0xff, sizeof(setup));
	setup.alg_type = WD_GZIP;
	setup.op_type = WD_DIR_DECOMPRESS;
	setup.sched_param = NULL;
	sess[1] = wd_comp_alloc_sess(&setup);
	ck_assert_uint_ne(sess[1], 0);
	setup.op_type = WD_DIR_COMPRESS;
	setup.comp_lv = (enum wd_comp_level)0;
	setup.win_sz = WD_COMP_WS_8K;
	sess[0] = wd_comp_alloc_sess(&setup);
	ck_assert_uint_ne(sess[0], 0);
	memset(&setup, 0, sizeof(setup));
	assert_good(WAY_SYNC, WD_GZIP, sess[0], sess[1]);
	assert_good(WAY_ASYNC, WD_GZIP, sess[0], sess[1]);
	wd_comp_free_sess(sess[0]);
	wd_comp_free_sess(sess[1]);
	finish();
}
END_TEST

static void assert_no_session(handle_t h)
{
	uint8_t in[100] = { 0 }, out[200];
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, sizeof(out));
	struct weft_report report = { .size = sizeof(report) };

	assert_refused("no session", h, &req, wd_do_comp_sync);
	assert_refused("no session", h, &req, wd_do_comp_sync2);
	assert_refused("no session", h, &req, wd_do_comp_strm);
	req.cb = never;
	assert_refused("no session", h, &req, wd_do_comp_async);
	ck_assert_int_eq(wd_comp_reset_sess(h), -WD_EINVAL);
	ck_assert_int_eq(weft_sess_report(h, &report), -EINVAL);
	wd_comp_free_sess(h);
}

START_TEST(freed_session)
{
	handle_t old, now;

	pair_up(WD_ZLIB);
	old = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, 0);
	wd_comp_free_sess(old);
	assert_no_session(old);
	/* Not even when another one has its place. */
	for (int i = 0; i < 10; i++) {
		now = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, 0);
		ck_assert_uint_ne(now, old);
		assert_no_session(old);
		assert_good(WAY_SYNC, WD_ZLIB, now, d);
		wd_comp_free_sess(now);
		assert_no_session(now);
	}
	pair_down();
}
END_TEST

START_TEST(invented_handles)
{
	struct rng rng = { .state = 9 };

	assert_no_session(0);
	assert_no_session(1);
	pair_up(WD_ZLIB);
	assert_no_session(0);
	assert_no_session(1);
	assert_no_session((handle_t)-1);
	assert_no_session((handle_t)&rng);
	for (int i = 0; i < 3 * 64; i++) {
		handle_t bit = (handle_t)1 << i % 64, h;

		h = i < 64 ? bit : i < 128 ? c ^ bit : (handle_t)rng_next(&rng);
		if (h != c && h != d)
			assert_no_session(h);
	}
	pair_down();
}
END_TEST

/* Without a class there is no session, and none that survives it works. */
START_TEST(no_class)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB, .op_type = WD_DIR_COMPRESS };
	struct rig rig;
	handle_t sess;

	errno = 0;
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
	ck_assert_int_eq(errno, EINVAL);
	rig_up(&rig, 1, 1);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, 0);
	wd_comp_uninit();
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
	ck_assert_int_eq(errno, EINVAL);
	wd_comp_free_sess(sess);
	assert_no_session(sess);
	rig_release(&rig);
}
END_TEST

/* ---- polling ------------------------------------------------------------- */

START_TEST(wrong_poll)
{
	static const __u32 no_ctx[] = { 2, 3, 100, 0x80000000, 0xffffffff };
	struct rig rig;
	__u32 count = 7;

	ck_assert_int_eq(wd_comp_poll_ctx(0, 1, &count), -WD_EINVAL);
	ck_assert_uint_eq(count, 0);
	count = 7;
	ck_assert_int_eq(wd_comp_poll(1, &count), -WD_EINVAL);
	ck_assert_uint_eq(count, 7);

	rig_up(&rig, 1, 1);
	for (size_t i = 0; i < ARRAY_SIZE(no_ctx); i++) {
		count = 7;
		ck_assert_int_eq(wd_comp_poll_ctx(no_ctx[i], 1, &count), -WD_EINVAL);
		ck_assert_uint_eq(count, 0);
	}
	count = 7;	/* a synchronous context */
	ck_assert_int_eq(wd_comp_poll_ctx(0, 1, &count), -WD_EINVAL);
	ck_assert_uint_eq(count, 0);
	count = 7;
	ck_assert_int_eq(wd_comp_poll_ctx(1, 0, &count), -WD_EINVAL);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(wd_comp_poll_ctx(1, 1, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_poll_ctx(1, 0, NULL), -WD_EINVAL);
	count = 7;
	ck_assert_int_eq(wd_comp_poll_ctx(1, 1, &count), -WD_EAGAIN);
	ck_assert_uint_eq(count, 0);
	count = 7;
	ck_assert_int_eq(wd_comp_poll(0, &count), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_poll(1, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_poll(0, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_poll(1, &count), 0);
	ck_assert_uint_eq(count, 7);
	assert_works();
	rig_down(&rig);
}
END_TEST

/* ---- lists --------------------------------------------------------------- */

START_TEST(wrong_lists)
{
	enum way way = (enum way)(_i % WAYS);
	static struct wd_datalist loop[3], two[2];
	uint8_t in[1000], out[2000];
	struct wd_datalist good = { in, sizeof(in), NULL }, room = { out, sizeof(out), NULL };
	const struct {
		struct wd_datalist *src, *dst;
		__u32 src_len;
		int ret;
		__u32 status;
	} cases[] = {
		{ loop, &room, 100, -WD_SGL_ERR, WD_SGL_ERR },
		{ loop, &room, 0xffffffff, -WD_SGL_ERR, WD_SGL_ERR },
		{ &good, loop, sizeof(in), -WD_SGL_ERR, WD_SGL_ERR },
		{ two, &room, 101, -WD_SGL_ERR, WD_SGL_ERR },
		{ two, &room, 0xffffffff, -WD_SGL_ERR, WD_SGL_ERR },
		/* Room that is less than dst_len is output that does not fit. */
		{ &good, two, sizeof(in), 0, WD_IN_EPARA },
		{ &good, &room, sizeof(in), 0, 0 },
	};

	pair_up(WD_ZLIB);
	data_fill(DATA_RANDOM, 3, in, sizeof(in));
	for (int i = 0; i < 3; i++)
		loop[i] = (struct wd_datalist){ in, 10, &loop[(i + 1) % 3] };
	for (int i = 0; i < 2; i++)
		two[i] = (struct wd_datalist){ in + 50 * i, 50, i ? NULL : &two[1] };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wd_comp_req req = new_req(WD_DIR_COMPRESS, cases[i].src, cases[i].src_len,
						 cases[i].dst, sizeof(out));

		req.data_fmt = WD_SGL_BUF;
		assert_result(&req, cases[i].ret, run_block(way, c, &req), cases[i].status);
		assert_good(WAY_SYNC, WD_ZLIB, c, d);
	}
	pair_down();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_bad");
	TCase *tcase = add_case(suite, "data");

	tcase_add_loop_test(tcase, flipped_bits, 0, FORMATS);
	tcase_add_loop_test(tcase, rubbish, 0, FORMATS);
	tcase_add_loop_test(tcase, truncated, 0, FORMATS);
	tcase_add_loop_test(tcase, bomb, 0, FORMATS);
	tcase_add_loop_test(tcase, endless_stream, 0, FORMATS);
	tcase_add_loop_test(tcase, output_too_small_by_one, 0, FORMATS);
	tcase_add_loop_test(tcase, no_room_to_compress, 0, FORMATS);

	tcase = add_case(suite, "arguments");
	tcase_add_loop_test(tcase, wrong_argument, 0, ARRAY_SIZE(wrongs));
	tcase_add_test(tcase, wrong_callback);
	tcase_add_test(tcase, lists_in_a_stream);
	tcase_add_test(tcase, no_request);

	tcase = add_case(suite, "sessions");
	tcase_add_loop_test(tcase, wrong_setup, 0, ARRAY_SIZE(setups));
	tcase_add_test(tcase, careless_setup);
	tcase_add_test(tcase, freed_session);
	tcase_add_test(tcase, invented_handles);
	tcase_add_test(tcase, no_class);

	tcase = add_case(suite, "polling");
	tcase_add_test(tcase, wrong_poll);

	tcase = add_case(suite, "lists");
	tcase_add_loop_test(tcase, wrong_lists, 0, WAYS);
	return run_suite(suite);
}
