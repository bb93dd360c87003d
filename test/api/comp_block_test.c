/* SPDX-License-Identifier: MIT */
/*
 * Whole buffers: every format, level, window, size and kind of data through
 * each way of sending it, judged by zlib; and what zlib makes, read by us.
 */
#include "common.h"

static const enum wd_comp_alg_type formats[] = { WD_DEFLATE, WD_ZLIB, WD_GZIP };
#define FORMATS		ARRAY_SIZE(formats)
#define LEVELS		(WD_COMP_L15 + 1)
#define WINDOWS		(WD_COMP_WS_32K + 1)

/* No output of ours is larger than this. */
static size_t bound(size_t len)
{
	return len + len / 6 + 512;
}

/* ---- one round trip ----------------------------------------------------- */

struct trip {
	enum way way;
	enum wd_comp_alg_type alg;
	int level;
	int window;
	enum data_kind kind;
	size_t len;
};

static const char *trip_text(const struct trip *t)
{
	static char text[160];

	snprintf(text, sizeof(text), "way %d, format %d, level %d, window %d, data %d, %zu bytes",
		 t->way, t->alg, t->level, t->window, t->kind, t->len);
	return text;
}

static const int window_bits[] = {
	[WD_COMP_WS_4K] = 12, [WD_COMP_WS_8K] = 13, [WD_COMP_WS_16K] = 14,
	[WD_COMP_WS_24K] = 15, [WD_COMP_WS_32K] = 15,
};

static void check_packed(const struct trip *t, const uint8_t *in, const uint8_t *packed, size_t len)
{
	uint8_t *out = malloc(t->len + 1);
	size_t used;

	ck_assert_msg(oracle_decode(t->alg, packed, len, out, t->len + 1, &used) == t->len &&
		      used == len && !memcmp(in, out, t->len), "%s: zlib reads something else",
		      trip_text(t));
	if (t->len <= 70000 && window_bits[t->window] < 15)
		ck_assert_msg(oracle_decode_window(t->alg, window_bits[t->window], packed, len, out,
						   t->len + 1) == t->len,
			      "%s: needs a larger window", trip_text(t));
	free(out);
}

/* There, checked by zlib, and back. */
static void round_trip(const struct trip *t)
{
	uint8_t *in = data_new(t->kind, t->len, t->len);
	size_t room = bound(t->len);
	uint8_t *packed = malloc(room), *out = malloc(t->len);
	handle_t c = new_sess(t->alg, WD_DIR_COMPRESS, t->level, t->window);
	handle_t d = new_sess(t->alg, WD_DIR_DECOMPRESS, 0, 0);
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, in, t->len, packed, room);
	int ret = run_block(t->way, c, &req);
	size_t len;

	ck_assert_msg(!ret && !req.status, "%s: compress returned %d, status %u", trip_text(t), ret,
		      req.status);
	ck_assert_uint_eq(req.src_len, t->len);
	len = req.dst_len;
	check_packed(t, in, packed, len);

	req = new_req(WD_DIR_DECOMPRESS, packed, len, out, t->len);
	ret = run_block(t->way, d, &req);
	ck_assert_msg(!ret && !req.status && req.src_len == len && req.dst_len == t->len,
		      "%s: decompress returned %d, status %u, %u of %zu -> %u bytes", trip_text(t),
		      ret, req.status, req.src_len, len, req.dst_len);
	ck_assert_msg(!memcmp(in, out, t->len), "%s: other data came back", trip_text(t));
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	free(in);
	free(packed);
	free(out);
}

static const size_t small_sizes[] = { 1, 2, 63, 4095, 4096, 4097 };
static const size_t large_sizes[] = { 65536, 65537 };

/* All levels and kinds in small blocks; @_i is the format and the way. */
START_TEST(small_blocks)
{
	struct trip t = { .alg = formats[_i % FORMATS], .way = (enum way)(_i / (int)FORMATS) };

	start();
	for (t.level = 0; t.level < LEVELS; t.level += slow() ? 4 : 1) {
		t.window = t.level % WINDOWS;
		for (int kind = 0; kind < DATA_KINDS; kind++) {
			t.kind = (enum data_kind)kind;
			for (size_t i = 0; i < ARRAY_SIZE(small_sizes); i++) {
				t.len = small_sizes[i];
				round_trip(&t);
			}
		}
	}
	finish();
}
END_TEST

/* All levels and windows; @_i is the format. */
START_TEST(large_blocks)
{
	struct trip t = { .alg = formats[_i] };

	start();
	for (t.level = 0; t.level < LEVELS; t.level += slow() ? 5 : 1) {
		for (t.window = 0; t.window < WINDOWS; t.window++) {
			t.way = (enum way)((t.level + t.window) % WAYS);
			t.kind = (t.level + t.window) & 1 ? DATA_MIXED : DATA_TEXT;
			t.len = large_sizes[t.window & 1];
			round_trip(&t);
		}
	}
	finish();
}
END_TEST

static const struct trip huge[] = {
	{ WAY_SYNC, WD_DEFLATE, 0, WD_COMP_WS_32K, DATA_TEXT, 1 << 20 },
	{ WAY_SYNC2, WD_ZLIB, 1, WD_COMP_WS_32K, DATA_MIXED, 1 << 20 },
	{ WAY_ASYNC, WD_GZIP, 3, WD_COMP_WS_32K, DATA_TEXT, 1 << 20 },
	{ WAY_SYNC, WD_ZLIB, 9, WD_COMP_WS_8K, DATA_MIXED, 1 << 20 },
	{ WAY_SYNC2, WD_GZIP, 15, WD_COMP_WS_32K, DATA_RANDOM, 1 << 20 },
	{ WAY_ASYNC, WD_DEFLATE, 12, WD_COMP_WS_16K, DATA_ZEROS, 1 << 20 },
	{ WAY_SYNC2, WD_GZIP, 1, WD_COMP_WS_8K, DATA_TEXT, 5 << 20 },
	{ WAY_SYNC, WD_ZLIB, 6, WD_COMP_WS_32K, DATA_MIXED, 5 << 20 },
	{ WAY_ASYNC, WD_DEFLATE, 2, WD_COMP_WS_32K, DATA_RANDOM, 5 << 20 },
	{ WAY_SYNC, WD_GZIP, 8, WD_COMP_WS_32K, DATA_ZEROS, 5 << 20 },
};

START_TEST(huge_blocks)
{
	struct trip t = huge[_i];

	if (slow())
		t.len /= 5;
	start();
	round_trip(&t);
	finish();
}
END_TEST

/* ---- scatter lists ------------------------------------------------------ */

#define PIECES_MAX	512

/* Random pieces of @buf, some of them empty, in random places of @list. */
static struct wd_datalist *scatter(struct rng *rng, struct wd_datalist *list, uint8_t *buf,
				   size_t len)
{
	struct wd_datalist *head = NULL, **tail = &head;
	unsigned int n = 0;

	while (len || n < 3) {
		struct wd_datalist *piece = &list[n];
		size_t part = rng_below(rng, 5) ? rng_below(rng, len / 20 + 2) : 0;

		if (part > len || n > PIECES_MAX - 2)
			part = len;
		/* The address of an empty piece is nobody's business. */
		*piece = (struct wd_datalist){ .data = part ? buf : NULL, .len = (__u32)part };
		*tail = piece;
		tail = &piece->next;
		buf += part;
		len -= part;
		n++;
	}
	return head;
}

START_TEST(scattered)
{
	static struct wd_datalist from[PIECES_MAX], to[PIECES_MAX];
	static const size_t sizes[] = { 1, 63, 4097, 65537, 300000 };
	enum wd_comp_alg_type alg = formats[_i % FORMATS];
	enum way way = (enum way)(_i / (int)FORMATS);
	struct rng rng = { .state = (uint64_t)_i };

	start();
	for (size_t i = 0; i < ARRAY_SIZE(sizes) * 4; i++) {
		size_t len = sizes[i / 4], room = bound(len);
		struct trip t = { way, alg, (int)i % LEVELS, WD_COMP_WS_32K, DATA_MIXED, len };
		uint8_t *in = data_new(DATA_MIXED, i, len);
		uint8_t *packed = malloc(room), *out = malloc(len);
		handle_t c = new_sess(alg, WD_DIR_COMPRESS, (int)i % LEVELS, WD_COMP_WS_32K);
		handle_t d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
		struct wd_comp_req req;

		req = new_req(WD_DIR_COMPRESS, scatter(&rng, from, in, len), len,
			      scatter(&rng, to, packed, room), room);
		req.data_fmt = WD_SGL_BUF;
		assert_result(&req, 0, run_block(way, c, &req), 0);
		ck_assert_uint_eq(req.src_len, len);
		check_packed(&t, in, packed, req.dst_len);

		req = new_req(WD_DIR_DECOMPRESS, scatter(&rng, from, packed, req.dst_len),
			      req.dst_len, scatter(&rng, to, out, len), len);
		req.data_fmt = WD_SGL_BUF;
		assert_result(&req, 0, run_block(way, d, &req), 0);
		ck_assert_uint_eq(req.dst_len, len);
		ck_assert(!memcmp(in, out, len));
		wd_comp_free_sess(c);
		wd_comp_free_sess(d);
		free(in);
		free(packed);
		free(out);
	}
	finish();
}
END_TEST

/* A list may hold more than the request uses of it. */
START_TEST(longer_lists)
{
	struct wd_datalist src[3], dst[3];
	uint8_t in[300], packed[900], out[300];
	handle_t c, d;
	struct wd_comp_req req;
	size_t len;

	data_fill(DATA_TEXT, 5, in, sizeof(in));
	for (int i = 0; i < 3; i++) {
		src[i] = (struct wd_datalist){ in + 100 * i, 100, i < 2 ? &src[i + 1] : NULL };
		dst[i] = (struct wd_datalist){ packed + 300 * i, 300, i < 2 ? &dst[i + 1] : NULL };
	}
	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 6, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	req = new_req(WD_DIR_COMPRESS, src, 150, dst, 900);
	req.data_fmt = WD_SGL_BUF;
	assert_result(&req, 0, wd_do_comp_sync(c, &req), 0);
	ck_assert_uint_eq(req.src_len, 150);
	len = req.dst_len;
	req = new_req(WD_DIR_DECOMPRESS, packed, len, out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_sync(d, &req), 0);
	ck_assert_uint_eq(req.dst_len, 150);
	ck_assert_mem_eq(in, out, 150);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

/* As long as a list can be, and one longer. */
START_TEST(longest_list)
{
	enum { MOST = 4096 };
	static struct wd_datalist src[MOST + 1];
	uint8_t in[MOST + 1], out[2 * MOST], back[MOST];
	struct wd_datalist dst = { out, sizeof(out), NULL };
	struct wd_comp_req req;
	handle_t c;

	data_fill(DATA_TEXT, 6, in, sizeof(in));
	for (int i = 0; i <= MOST; i++)
		src[i] = (struct wd_datalist){ in + i, 1, i < MOST - 1 ? &src[i + 1] : NULL };
	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 6, WD_COMP_WS_32K);
	for (int way = 0; way < WAYS; way++) {
		src[MOST - 1].next = NULL;
		req = new_req(WD_DIR_COMPRESS, src, MOST, &dst, sizeof(out));
		req.data_fmt = WD_SGL_BUF;
		assert_result(&req, 0, run_block((enum way)way, c, &req), 0);
		ck_assert_uint_eq(oracle_decode(WD_ZLIB, out, req.dst_len, back, MOST, NULL), MOST);
		ck_assert_mem_eq(in, back, MOST);
		src[MOST - 1].next = &src[MOST];
		req = new_req(WD_DIR_COMPRESS, src, MOST, &dst, sizeof(out));
		req.data_fmt = WD_SGL_BUF;
		assert_result(&req, -WD_SGL_ERR, run_block((enum way)way, c, &req), WD_SGL_ERR);
	}
	wd_comp_free_sess(c);
	finish();
}
END_TEST

/* ---- what zlib makes ---------------------------------------------------- */

static const struct oracle_how hows[] = {
	{ .level = ORACLE_STORED }, { .level = 1 }, { .level = 3 }, { .level = 6 }, { .level = 9 },
	{ .level = 9, .bits = 9 }, { .level = 6, .bits = 10 }, { .level = 6, .bits = 11 },
	{ .level = 6, .bits = 12 }, { .level = 6, .bits = 13 }, { .level = 6, .bits = 14 },
	{ .level = 6, .mem_level = 1 }, { .level = 6, .mem_level = 9 },
	{ .level = 6, .strategy = 1 /* filtered */ }, { .level = 6, .strategy = 2 /* Huffman */ },
	{ .level = 6, .strategy = 3 /* run length */ }, { .level = 6, .strategy = 4 /* fixed */ },
	{ .level = 6, .full_header = true },
};

START_TEST(made_by_zlib)
{
	static const size_t sizes[] = { 0, 1, 100, 30000, 100000 };
	struct wd_comp_req req;

	start();
	for (size_t f = 0; f < FORMATS; f++) {
		handle_t sess = new_sess(formats[f], WD_DIR_DECOMPRESS, 0, 0);

		for (size_t i = 0; i < ARRAY_SIZE(sizes) * DATA_KINDS; i++) {
			size_t len = sizes[i / DATA_KINDS], room = oracle_bound(len);
			uint8_t *in = data_new((enum data_kind)(i % DATA_KINDS), i, len);
			uint8_t *packed = malloc(room), *out = malloc(len + 1);
			size_t packed_len = oracle_encode(formats[f], &hows[_i], in, len, packed,
							  room);

			ck_assert_uint_ne(packed_len, ORACLE_FAILED);
			req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, len + 1);
			assert_result(&req, 0, run_block((enum way)(i % WAYS), sess, &req), 0);
			ck_assert_uint_eq(req.src_len, packed_len);
			ck_assert_uint_eq(req.dst_len, len);
			ck_assert(!memcmp(in, out, len));
			free(in);
			free(packed);
			free(out);
		}
		wd_comp_free_sess(sess);
	}
	finish();
}
END_TEST

/* ---- lengths ------------------------------------------------------------ */

/* What stands behind the end of the format is not ours. */
START_TEST(input_behind_the_end)
{
	enum wd_comp_alg_type alg = formats[_i % FORMATS];
	size_t len = _i < (int)FORMATS ? 5000 : 300000, room = oracle_bound(len);
	uint8_t *in = data_new(DATA_MIXED, 3, len), *packed = malloc(room + 5000);
	uint8_t *out = malloc(2 * len);
	size_t packed_len = oracle_encode(alg, NULL, in, len, packed, room);
	struct wd_comp_req req;
	handle_t sess;

	data_fill(DATA_RANDOM, 4, packed + packed_len, 5000);
	start();
	sess = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (size_t extra = 0; extra <= 5000; extra = extra * 3 + 1) {
		for (int way = 0; way < WAYS; way++) {
			req = new_req(WD_DIR_DECOMPRESS, packed, packed_len + extra, out, 2 * len);
			assert_result(&req, 0, run_block((enum way)way, sess, &req), 0);
			ck_assert_uint_eq(req.src_len, packed_len);
			ck_assert_uint_eq(req.dst_len, len);
			ck_assert(!memcmp(in, out, len));
		}
	}
	wd_comp_free_sess(sess);
	finish();
	free(in);
	free(packed);
	free(out);
}
END_TEST

/* A second gzip member is behind the end, too: one request, one member. */
START_TEST(gzip_members)
{
	uint8_t packed[1000], out[1000];
	size_t first, second;
	struct wd_comp_req req;
	handle_t sess;

	first = oracle_encode(WD_GZIP, NULL, "one", 3, packed, 500);
	second = oracle_encode(WD_GZIP, &hows[ARRAY_SIZE(hows) - 1], "second", 6, packed + first,
			       500);
	start();
	sess = new_sess(WD_GZIP, WD_DIR_DECOMPRESS, 0, 0);
	req = new_req(WD_DIR_DECOMPRESS, packed, first + second, out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_sync(sess, &req), 0);
	ck_assert_uint_eq(req.src_len, first);
	ck_assert_uint_eq(req.dst_len, 3);
	req = new_req(WD_DIR_DECOMPRESS, packed + first, second, out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_sync(sess, &req), 0);
	ck_assert_uint_eq(req.src_len, second);
	ck_assert_mem_eq(out, "second", 6);
	wd_comp_free_sess(sess);
	finish();
}
END_TEST

static const size_t fit_sizes[] = { 1, 100, 4096, 65536, 400000 };

/*
 * Room for exactly the output is enough, and behind the last byte may be no
 * memory at all, whatever dst_len says. @_i: format, and claim or not.
 */
START_TEST(output_that_just_fits)
{
	enum wd_comp_alg_type alg = formats[_i % FORMATS];
	size_t claim = _i < (int)FORMATS ? 0 : 100000;
	struct wd_comp_req req;
	handle_t d;

	start();
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(fit_sizes) * DATA_KINDS; i++) {
		size_t len = fit_sizes[i / DATA_KINDS], room = bound(len), packed_len;
		uint8_t *in = data_new((enum data_kind)(i % DATA_KINDS), i, len);
		uint8_t *packed = malloc(room), *tight, *back;
		handle_t c = new_sess(alg, WD_DIR_COMPRESS, (int)i % LEVELS, WD_COMP_WS_32K);

		req = new_req(WD_DIR_COMPRESS, in, len, packed, room);
		assert_result(&req, 0, wd_do_comp_sync(c, &req), 0);
		packed_len = req.dst_len;
		tight = fenced(packed_len);
		req = new_req(WD_DIR_COMPRESS, in, len, tight, packed_len + claim);
		assert_result(&req, 0, run_block((enum way)(i % WAYS), c, &req), 0);
		ck_assert_uint_le(req.dst_len, packed_len);

		back = fenced(len);
		req = new_req(WD_DIR_DECOMPRESS, tight, req.dst_len, back, len + claim);
		assert_result(&req, 0, run_block((enum way)(i % WAYS), d, &req), 0);
		ck_assert_uint_eq(req.dst_len, len);
		ck_assert(!memcmp(in, back, len));
		fenced_free(tight, packed_len);
		fenced_free(back, len);
		wd_comp_free_sess(c);
		free(in);
		free(packed);
	}
	wd_comp_free_sess(d);
	finish();
}
END_TEST

/* Input that ends where memory ends: nothing behind it is read. */
START_TEST(input_that_just_fits)
{
	enum wd_comp_alg_type alg = formats[_i];
	struct wd_comp_req req;
	handle_t d;

	start();
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(fit_sizes) * DATA_KINDS; i++) {
		size_t len = fit_sizes[i / DATA_KINDS], room = bound(len), packed_len;
		uint8_t *in = fenced(len), *packed = malloc(room), *tight, *out = malloc(len);
		handle_t c = new_sess(alg, WD_DIR_COMPRESS, (int)i % LEVELS, WD_COMP_WS_32K);

		data_fill((enum data_kind)(i % DATA_KINDS), i, in, len);
		req = new_req(WD_DIR_COMPRESS, in, len, packed, room);
		assert_result(&req, 0, run_block((enum way)(i % WAYS), c, &req), 0);
		packed_len = req.dst_len;
		tight = fenced(packed_len);
		memcpy(tight, packed, packed_len);
		req = new_req(WD_DIR_DECOMPRESS, tight, packed_len, out, len);
		assert_result(&req, 0, run_block((enum way)(i % WAYS), d, &req), 0);
		ck_assert_uint_eq(req.dst_len, len);
		ck_assert(!memcmp(in, out, len));
		fenced_free(tight, packed_len);
		fenced_free(in, len);
		wd_comp_free_sess(c);
		free(packed);
		free(out);
	}
	wd_comp_free_sess(d);
	finish();
}
END_TEST

#define CANARY	0xa5

static size_t first_change(const uint8_t *buf, size_t from, size_t to)
{
	while (from < to && buf[from] == CANARY)
		from++;
	return from;
}

/* Bytes behind the output keep their value. */
START_TEST(canaries)
{
	enum { LEN = 100000, ROOM = 200000 };
	enum wd_comp_alg_type alg = formats[_i];
	uint8_t *in = malloc(LEN), *packed = malloc(ROOM), *out = malloc(ROOM);
	struct wd_comp_req req;
	handle_t d;

	start();
	d = new_sess(alg, WD_DIR_DECOMPRESS, 0, 0);
	for (int level = 0; level < LEVELS; level++) {
		size_t len = (size_t)LEN >> (level % 8), packed_len;
		handle_t c = new_sess(alg, WD_DIR_COMPRESS, level, level % WINDOWS);

		data_fill((enum data_kind)(level % DATA_KINDS), 9, in, len);
		memset(packed, CANARY, ROOM);
		memset(out, CANARY, ROOM);
		req = new_req(WD_DIR_COMPRESS, in, len, packed, ROOM);
		assert_result(&req, 0, run_block((enum way)(level % WAYS), c, &req), 0);
		packed_len = req.dst_len;
		ck_assert_uint_eq(first_change(packed, packed_len, ROOM), ROOM);
		req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, ROOM);
		assert_result(&req, 0, run_block((enum way)(level % WAYS), d, &req), 0);
		ck_assert_uint_eq(req.dst_len, len);
		ck_assert_uint_eq(first_change(out, len, ROOM), ROOM);
		wd_comp_free_sess(c);
	}
	wd_comp_free_sess(d);
	finish();
	free(in);
	free(packed);
	free(out);
}
END_TEST

/* ---- with less of the device --------------------------------------------- */

static const char *const codecs[] = { "zlib", "isa-l", "libdeflate", "isa-l,libdeflate", "all" };

/* Whatever libraries the device may use, the result is valid. */
START_TEST(each_library)
{
	struct trip t = { .alg = WD_GZIP };

	env("WEFT_CODECS", codecs[_i]);
	start();
	for (t.level = 0; t.level < LEVELS; t.level += slow() ? 7 : 3) {
		t.way = (enum way)(t.level % WAYS);
		t.alg = formats[t.level % (int)FORMATS];
		t.window = t.level % WINDOWS;
		t.kind = DATA_MIXED;
		for (t.len = 1; t.len < 200000; t.len *= 13)
			round_trip(&t);
	}
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_block");
	TCase *tcase = add_case(suite, "round trips");

	tcase_add_loop_test(tcase, small_blocks, 0, FORMATS * WAYS);
	tcase_add_loop_test(tcase, large_blocks, 0, FORMATS);
	tcase_add_loop_test(tcase, huge_blocks, 0, ARRAY_SIZE(huge));
	tcase_add_loop_test(tcase, each_library, 0, ARRAY_SIZE(codecs));

	tcase = add_case(suite, "scatter lists");
	tcase_add_loop_test(tcase, scattered, 0, FORMATS * WAYS);
	tcase_add_test(tcase, longer_lists);
	tcase_add_test(tcase, longest_list);

	tcase = add_case(suite, "made by zlib");
	tcase_add_loop_test(tcase, made_by_zlib, 0, ARRAY_SIZE(hows));

	tcase = add_case(suite, "lengths");
	tcase_add_loop_test(tcase, input_behind_the_end, 0, FORMATS * 2);
	tcase_add_test(tcase, gzip_members);
	tcase_add_loop_test(tcase, output_that_just_fits, 0, FORMATS * 2);
	tcase_add_loop_test(tcase, input_that_just_fits, 0, FORMATS);
	tcase_add_loop_test(tcase, canaries, 0, FORMATS);
	return run_suite(suite);
}
