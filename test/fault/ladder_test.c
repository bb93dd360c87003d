/* SPDX-License-Identifier: MIT */
/*
 * Pages that fault under every policy, way and guard: the result is what it is
 * without faults, to the bit, and report and counters say what it took.
 */
#include "rig.h"

#define LEN	300000u		/* more than one piece of the device's */
#define ROOM	(LEN + LEN / 2)

static struct rig rig;
static handle_t c, d;
static uint8_t *in, *want, *got, *back;
static size_t want_len;

enum { WAY_STREAM = WAYS, WAY_LIST, ALL_WAYS };

static const struct {
	enum wd_comp_alg_type alg;
	int level;
} kinds[] = { { WD_ZLIB, 1 }, { WD_GZIP, 2 }, { WD_DEFLATE, 6 } };

static void begin(int kind, int guard)
{
	env("WEFT_GUARD", guards[guard]);
	env("WEFT_ENGINE_THREADS", "0");
	rig_up(&rig, 1, 1);
	c = new_sess(kinds[kind].alg, WD_DIR_COMPRESS, kinds[kind].level, WD_COMP_WS_32K);
	d = new_sess(kinds[kind].alg, WD_DIR_DECOMPRESS, 0, 0);
	in = data_new(DATA_MIXED, 3, LEN);
	want = malloc(ROOM);
	got = malloc(ROOM);
	back = malloc(LEN);
}

static void end(void)
{
	assert_adds_up(rig.ctxs[0].ctx);
	assert_adds_up(rig.ctxs[1].ctx);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	rig_down(&rig);
	free(in);
	free(want);
	free(got);
	free(back);
}

static void inject(const char *rules)
{
	ck_assert_int_eq(weft_ctx_inject(rig.ctxs[0].ctx, rules), 0);
	ck_assert_int_eq(weft_ctx_inject(rig.ctxs[1].ctx, rules), 0);
}

static void policy(enum weft_fault_policy p)
{
	ck_assert_int_eq(weft_sess_fault_policy(c, p), 0);
	ck_assert_int_eq(weft_sess_fault_policy(d, p), 0);
}

/* ---- ways ---------------------------------------------------------------------- */

/* One stream in pieces of all sizes; output room that ends in the middle of things. */
static size_t stream(handle_t sess, enum wd_comp_op_type dir, const uint8_t *src, size_t len,
		     uint8_t *dst, size_t room)
{
	static const size_t pieces[] = { 70000, 1, 4096, 150000, 3, 12345, 100000 };
	size_t used = 0, made = 0;
	struct wd_comp_req req = { .status = 0 };

	for (unsigned int i = 0; req.status != WD_STREAM_END; i++) {
		size_t n = pieces[i % ARRAY_SIZE(pieces)], r = 1000 + n * 2 / 3;

		n = n < len - used ? n : len - used;
		r = r < room - made ? r : room - made;
		ck_assert_uint_gt(r, 0);
		req = new_req(dir, src + used, n, dst + made, r);
		req.last = used + n == len;
		/* zlib and its like end with the data, and take no flag for it. */
		if (dir == WD_DIR_DECOMPRESS)
			req.last = 0;
		ck_assert_int_eq(wd_do_comp_strm(sess, &req), 0);
		ck_assert(req.status == 0 || req.status == WD_EAGAIN ||
			  req.status == WD_STREAM_END);
		used += req.src_len;
		made += req.dst_len;
		ck_assert_uint_lt(i, 10000);
	}
	ck_assert_int_eq(wd_comp_reset_sess(sess), 0);
	return made;
}

static size_t list(handle_t sess, enum wd_comp_op_type dir, uint8_t *src, size_t len, uint8_t *dst,
		   size_t room)
{
	enum { CUTS = 9 };
	struct wd_datalist from[CUTS], to[CUTS];
	struct wd_comp_req req = new_req(dir, from, len, to, room);

	for (size_t i = 0; i < CUTS; i++) {
		from[i] = (struct wd_datalist){ src + i * (len / CUTS), (__u32)(len / CUTS),
						&from[i + 1] };
		to[i] = (struct wd_datalist){ dst + i * (room / CUTS), (__u32)(room / CUTS),
					      &to[i + 1] };
	}
	from[CUTS - 1].len += (__u32)(len % CUTS);
	to[CUTS - 1].len += (__u32)(room % CUTS);
	from[CUTS - 1].next = to[CUTS - 1].next = NULL;
	req.data_fmt = WD_SGL_BUF;
	assert_result(&req, 0, wd_do_comp_sync(sess, &req), 0);
	return req.dst_len;
}

static size_t run(int way, enum wd_comp_op_type dir, uint8_t *src, size_t len, uint8_t *dst,
		  size_t room)
{
	handle_t sess = dir == WD_DIR_COMPRESS ? c : d;
	struct wd_comp_req req = new_req(dir, src, len, dst, room);

	memset(dst, 0, room);
	if (way == WAY_STREAM)
		return stream(sess, dir, src, len, dst, room);
	if (way == WAY_LIST)
		return list(sess, dir, src, len, dst, room);
	assert_result(&req, 0, run_block((enum way)way, sess, &req), 0);
	ck_assert_uint_eq(req.src_len, len);
	return req.dst_len;
}

static void assert_same(int way, const char *what)
{
	size_t len = run(way, WD_DIR_COMPRESS, in, LEN, got, ROOM);

	if (len != want_len || memcmp(got, want, len))
		ck_abort_msg("way %d, %s: %zu bytes instead of %zu, or others", way, what, len,
			     want_len);
	len = run(way, WD_DIR_DECOMPRESS, want, want_len, back, LEN);
	if (len != LEN || memcmp(back, in, LEN))
		ck_abort_msg("way %d, %s: restored to %zu bytes, or others", way, what, len);
}

static void make_want(int way)
{
	inject("");
	policy(WEFT_FAULT_BLOCK);
	want_len = run(way, WD_DIR_COMPRESS, in, LEN, want, ROOM);
}

/* ---- the same to the bit ---------------------------------------------------------- */

static const char *const rules[] = {
	"fault:1", "fault:2", "fault:3", "fault:7/2", "fault:17/3", "fault:5/4", "fault:2/9",
	"fault:1/0", "fault:40/0", "fault:3,seed:1", "fault:9/2,seed:2",
};

START_TEST(same_to_the_bit)
{
	static const enum weft_fault_policy policies[] = {
		WEFT_FAULT_BLOCK, WEFT_FAULT_RESOLVE, WEFT_FAULT_POPULATE,
	};

	const size_t step = in_full() ? 1 : slow() ? 5 : 2;

	begin(_i % 3, _i / 3);
	for (int way = 0; way < ALL_WAYS; way++) {
		make_want(way);
		for (size_t p = 0; p < ARRAY_SIZE(policies); p++) {
			for (size_t r = 0; r < ARRAY_SIZE(rules); r += step) {
				policy(policies[p]);
				inject(rules[r]);
				assert_same(way, rules[r]);
			}
		}
	}
	end();
}
END_TEST

/* ---- rungs ------------------------------------------------------------------------ */

struct rung {
	const char *rules;
	enum weft_path path;
	unsigned int retries;	/* at least */
};

static void assert_rung(int way, const struct rung *r)
{
	struct weft_ctx_stats before = stats_of(rig.ctxs[way == WAY_ASYNC].ctx), after;
	struct weft_report report;

	inject(r->rules);
	ck_assert_uint_eq(run(way, WD_DIR_COMPRESS, in, LEN, got, ROOM), want_len);
	report = report_of(c);
	ck_assert_uint_eq(report.status, 0);
	ck_assert_uint_eq(report.path, r->path);
	ck_assert_uint_ge(report.retries, r->retries);
	ck_assert_uint_ge(report.faults, r->retries);
	ck_assert_uint_eq(report.in_bytes, LEN);
	ck_assert_uint_eq(report.out_bytes, want_len);
	ck_assert_uint_eq(report.fault_addr, 0);
	after = stats_of(rig.ctxs[way == WAY_ASYNC].ctx);
	ck_assert_uint_eq(after.retries - before.retries, report.retries);
	ck_assert_uint_eq(after.redone_bytes - before.redone_bytes, report.redone_bytes);
	ck_assert_uint_eq(after.by_cpu - before.by_cpu, r->path == WEFT_PATH_CPU);
	ck_assert_uint_eq(after.faults - before.faults, report.faults);
	ck_assert_uint_eq(after.submitted - before.submitted, 1 + report.retries);
	ck_assert_uint_eq(after.errors, before.errors);
}

START_TEST(rungs)
{
	static const struct rung block[] = {
		{ "", WEFT_PATH_DEVICE, 0 },
		{ "fault:30", WEFT_PATH_DEVICE, 1 },
		{ "fault:30/3", WEFT_PATH_DEVICE, 3 },
		{ "fault:30/0", WEFT_PATH_CPU, 4 },
		{ "fault:1/0", WEFT_PATH_CPU, 4 },
	};

	begin(0, _i);
	for (int way = 0; way < WAYS; way++) {
		make_want(way);
		policy(WEFT_FAULT_RESOLVE);
		for (size_t i = 0; i < ARRAY_SIZE(block); i++)
			assert_rung(way, &block[i]);
		/* A block that began anew worked on some of its source in vain. */
		inject("fault:30/2");
		run(way, WD_DIR_COMPRESS, in, LEN, got, ROOM);
		ck_assert_uint_gt(report_of(c).redone_bytes, 0);
		/* Who waits in the device needs no rung. */
		policy(WEFT_FAULT_BLOCK);
		inject("fault:30/2");
		run(way, WD_DIR_COMPRESS, in, LEN, got, ROOM);
		ck_assert_uint_eq(report_of(c).retries, 0);
		ck_assert_uint_gt(report_of(c).faults, 0);
	}
	end();
}
END_TEST

/* The CPU path of a stream: pieces go on from where the device came to. */
START_TEST(rungs_of_a_stream)
{
	struct wd_comp_req req;

	begin(_i % 3, _i / 3);
	policy(WEFT_FAULT_RESOLVE);
	inject("fault:20/0");
	req = new_req(WD_DIR_COMPRESS, in, LEN, got, ROOM);
	req.last = 1;
	assert_result(&req, 0, wd_do_comp_strm(c, &req), WD_STREAM_END);
	ck_assert_uint_eq(req.src_len, LEN);
	ck_assert_uint_eq(report_of(c).path, WEFT_PATH_CPU);
	ck_assert_uint_eq(report_of(c).redone_bytes, 0);
	ck_assert_uint_eq(oracle_decode(kinds[_i % 3].alg, got, req.dst_len, back, LEN, NULL), LEN);
	ck_assert(!memcmp(back, in, LEN));
	end();
}
END_TEST

/* ---- the program's turn --------------------------------------------------------------- */

/* It may have been a real one. */
static void touch(uint64_t address)
{
	__atomic_fetch_or((uint8_t *)(uintptr_t)address, 0, __ATOMIC_RELAXED);
}

START_TEST(reported)
{
	struct wd_comp_req req;
	unsigned int faults = 0;
	int ret;

	begin(0, _i);
	for (int way = 0; way < WAYS; way++) {
		make_want(way);
		policy(WEFT_FAULT_REPORT);
		inject("fault:30");
		faults = 0;
		do {
			uint64_t at;

			req = new_req(WD_DIR_COMPRESS, in, LEN, got, ROOM);
			ret = run_block((enum way)way, c, &req);
			if (!ret)
				break;
			faults++;
			ck_assert_int_eq(ret, -WD_ADDR_ERR);
			ck_assert_uint_eq(req.status, WD_ADDR_ERR);
			ck_assert_uint_eq(req.src_len, 0);
			at = report_of(c).fault_addr;
			ck_assert((at - (uintptr_t)in < LEN) | (at - (uintptr_t)got < ROOM));
			ck_assert_uint_eq(report_of(c).retries, 0);
			touch(at);
		} while (faults < 1000);
		ck_assert_uint_eq(req.status, 0);
		ck_assert_uint_ge(faults, 2);
		ck_assert_uint_eq(req.dst_len, want_len);
		ck_assert(!memcmp(got, want, want_len));
	}
	end();
}
END_TEST

/* A stream goes on from where the report says that it is. */
START_TEST(reported_stream)
{
	size_t used = 0, made = 0;
	unsigned int faults = 0;
	struct wd_comp_req req;

	begin(_i % 3, _i / 3);
	req = new_req(WD_DIR_COMPRESS, in, LEN, want, ROOM);
	req.last = 1;
	assert_result(&req, 0, wd_do_comp_strm(c, &req), WD_STREAM_END);
	want_len = req.dst_len;
	policy(WEFT_FAULT_REPORT);
	inject("fault:11");
	do {
		int ret;

		req = new_req(WD_DIR_COMPRESS, in + used, LEN - used, got + made, ROOM - made);
		req.last = 1;
		ret = wd_do_comp_strm(c, &req);
		ck_assert(ret == 0 || (ret == -WD_ADDR_ERR && req.status == WD_ADDR_ERR));
		faults += ret != 0;
		if (ret)
			touch(report_of(c).fault_addr);
		used += req.src_len;
		made += req.dst_len;
		ck_assert_uint_lt(faults, 1000);
	} while (req.status != WD_STREAM_END);
	ck_assert_uint_ge(faults, 5);
	ck_assert_uint_eq(used, LEN);
	ck_assert_uint_eq(made, want_len);
	ck_assert(!memcmp(got, want, want_len));
	end();
}
END_TEST

START_TEST(from_the_environment)
{
	uint8_t small[100];
	struct wd_comp_req req;

	env("WEFT_FAULT_POLICY", "report");
	env("WEFT_INJECT", "fault:1");
	env("WEFT_ENGINE_THREADS", "0");
	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, small, sizeof(small));
	assert_result(&req, -WD_ADDR_ERR, wd_do_comp_sync(c, &req), WD_ADDR_ERR);
	wd_comp_free_sess(c);
	finish();
	env("WEFT_FAULT_POLICY", "resolve");
	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, small, sizeof(small));
	assert_result(&req, 0, wd_do_comp_sync(c, &req), 0);
	ck_assert_uint_gt(report_of(c).retries, 0);
	wd_comp_free_sess(c);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ladder");
	TCase *tcase = add_case(suite, "results");
	int count = guard_count();

	tcase_add_loop_test(tcase, same_to_the_bit, 0, 3 * count);

	tcase = add_case(suite, "rungs");
	tcase_add_loop_test(tcase, rungs, 0, count);
	tcase_add_loop_test(tcase, rungs_of_a_stream, 0, 3 * count);

	tcase = add_case(suite, "reports");
	tcase_add_loop_test(tcase, reported, 0, count);
	tcase_add_loop_test(tcase, reported_stream, 0, 3 * count);
	tcase_add_test(tcase, from_the_environment);
	return run_suite(suite);
}
