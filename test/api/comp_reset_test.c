/* SPDX-License-Identifier: MIT */
/* A device that is reset under its users, and rings that are full. */
#include <pthread.h>
#include <sched.h>

#include "common.h"

/* ---- a table of requests, each of which ends exactly once ------------------- */

struct entry {
	uint8_t in[2000];
	uint8_t out[4000];
	struct wd_comp_req done;
	unsigned int sent, ended;
};

static void *ended(struct wd_comp_req *req, void *param)
{
	struct entry *e = param;

	e->done = *req;
	e->ended++;
	return NULL;
}

static struct entry *new_entries(unsigned int count)
{
	struct entry *e = calloc(count, sizeof(*e));

	ck_assert_ptr_nonnull(e);
	for (unsigned int i = 0; i < count; i++)
		data_fill(DATA_TEXT, i, e[i].in, sizeof(e[i].in));
	return e;
}

static int send(handle_t sess, struct entry *e)
{
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, e->in, sizeof(e->in), e->out,
					 sizeof(e->out));
	int ret;

	req.cb = ended;
	req.cb_param = e;
	ret = wd_do_comp_async(sess, &req);
	e->sent += !ret;
	return ret;
}

/* 1 if it went well, 0 if the reset took it; anything else is a failure. */
static unsigned int assert_ended(const struct entry *e)
{
	uint8_t back[sizeof(e->in)];

	ck_assert_uint_eq(e->ended, e->sent);
	if (e->done.status == WD_HW_EACCESS)
		return 0;
	ck_assert_uint_eq(e->done.status, 0);
	ck_assert_uint_eq(oracle_decode(WD_ZLIB, e->out, e->done.dst_len, back, sizeof(back), NULL),
			  sizeof(back));
	ck_assert_mem_eq(back, e->in, sizeof(back));
	return 1;
}

/* ---- full rings ------------------------------------------------------------- */

/* Nobody works but who polls, so the ring stays full until then. */
static void nobody_works(const char *depth)
{
	env("WEFT_ENGINE_THREADS", "0");
	env("WEFT_QUEUE_DEPTH", depth);
}

START_TEST(full_ring)
{
	static const char *const depths[] = { "2", "4", "16" };
	unsigned int depth = (unsigned int)atoi(depths[_i]);
	struct weft_ctx_stats stats = { .size = sizeof(stats) };
	struct entry *e = new_entries(depth + 2);
	struct rig rig;
	handle_t sess;
	__u32 count;

	nobody_works(depths[_i]);
	rig_up(&rig, 1, 1);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	for (unsigned int i = 0; i < depth; i++)
		ck_assert_int_eq(send(sess, &e[i]), 0);
	ck_assert_int_eq(send(sess, &e[depth]), -WD_EBUSY);
	ck_assert_int_eq(send(sess, &e[depth]), -WD_EBUSY);
	ck_assert_int_eq(weft_ctx_noop(rig.ctxs[1].ctx), -EBUSY);
	ck_assert_int_eq(weft_ctx_stats(rig.ctxs[1].ctx, &stats), 0);
	ck_assert_uint_eq(stats.busy, 3);
	/* The other context does not mind. */
	ck_assert_int_eq(weft_ctx_noop(rig.ctxs[0].ctx), 0);

	ck_assert_int_eq(wd_comp_poll_ctx(1, 1, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(send(sess, &e[depth]), 0);
	ck_assert_int_eq(send(sess, &e[depth + 1]), -WD_EBUSY);
	count = 0;
	while (count < depth)
		ck_assert_int_eq(wd_comp_poll(depth, &count), 0);
	ck_assert_int_eq(send(sess, &e[depth + 1]), 0);
	ck_assert_int_eq(wd_comp_poll_ctx(1, 1, &count), 0);
	for (unsigned int i = 0; i < depth + 2; i++) {
		ck_assert_uint_eq(e[i].sent, 1);
		ck_assert_uint_eq(assert_ended(&e[i]), 1);
	}
	wd_comp_free_sess(sess);
	assert_works();
	rig_down(&rig);
	free(e);
}
END_TEST

/* Where both kinds share a context, a synchronous request is refused as well. */
START_TEST(full_for_the_synchronous)
{
	struct entry *e = new_entries(4);
	struct wd_comp_req req;
	uint8_t out[100];
	handle_t sess;
	__u32 count = 0;

	nobody_works("4");
	ck_assert_int_eq(wd_comp_init2("zlib", SCHED_POLICY_NONE, TASK_MIX), 0);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(send(sess, &e[i]), 0);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	assert_result(&req, -WD_EBUSY, wd_do_comp_sync(sess, &req), UNTOUCHED);
	assert_result(&req, -WD_EBUSY, wd_do_comp_strm(sess, &req), UNTOUCHED);
	ck_assert_uint_eq(req.src_len, 3);
	while (count < 4)
		ck_assert_int_eq(wd_comp_poll(4, &count), 0);
	assert_result(&req, 0, wd_do_comp_sync(sess, &req), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(assert_ended(&e[i]), 1);
	wd_comp_free_sess(sess);
	assert_works();
	finish();
	free(e);
}
END_TEST

/* ---- resets ------------------------------------------------------------------ */

/* Accepted and not begun, in several contexts: all of it ends, once. */
START_TEST(what_waits_is_ended)
{
	enum { COUNT = 30 };
	struct entry *e = new_entries(COUNT);
	handle_t sess[3];
	struct rig rig;
	__u32 count = 0;

	nobody_works("64");
	rig_up(&rig, 1, 3);
	for (int i = 0; i < 3; i++)
		sess[i] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT; i++)
			ck_assert_int_eq(send(sess[i % 3], &e[i]), 0);
		ck_assert_int_eq(weft_ctx_reset(rig.ctxs[round].ctx), 0);
		for (count = 0; count < COUNT;)
			ck_assert_int_eq(wd_comp_poll(COUNT, &count), 0);
		ck_assert_uint_eq(count, COUNT);
		for (int i = 0; i < COUNT; i++) {
			ck_assert_uint_eq(e[i].sent, round + 1);
			ck_assert_uint_eq(assert_ended(&e[i]), 0);
		}
		assert_works();
		for (unsigned int i = 0; i < rig.config.ctx_num; i++)
			ck_assert_int_eq(weft_ctx_noop(rig.ctxs[i].ctx), 0);
	}
	for (int i = 0; i < 3; i++)
		wd_comp_free_sess(sess[i]);
	rig_down(&rig);
	free(e);
}
END_TEST

/* A full ring is reset: every one of its completions finds its way out. */
START_TEST(full_ring_is_reset)
{
	struct entry *e = new_entries(8);
	struct rig rig;
	handle_t sess;
	__u32 count;

	nobody_works("8");
	rig_up(&rig, 1, 1);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 8; i++)
			ck_assert_int_eq(send(sess, &e[i]), 0);
		/* Some are done and not collected: those keep their result. */
		ck_assert_int_eq(wd_comp_poll_ctx(1, 1, &count), 0);
		ck_assert_int_eq(weft_ctx_reset(rig.ctxs[1].ctx), 0);
		ck_assert_int_eq(wd_comp_poll_ctx(1, 7, &count), 0);
		ck_assert_int_eq(wd_comp_poll_ctx(1, 1, &count), -WD_EAGAIN);
		for (int i = 0; i < 8; i++)
			assert_ended(&e[i]);
	}
	wd_comp_free_sess(sess);
	assert_works();
	rig_down(&rig);
	free(e);
}
END_TEST

static const char *const threads[] = { "0", "1", "2" };

struct resetter {
	handle_t ctx;
	unsigned int count, failed;
	bool stop;
};

static void *reset_now_and_then(void *arg)
{
	struct resetter *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		r->failed += weft_ctx_reset(r->ctx) != 0;
		__atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED);
		for (int i = 0; i < 20; i++)
			sched_yield();
	}
	return NULL;
}

static void resetter_stop(struct resetter *r, pthread_t thread)
{
	__atomic_store_n(&r->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(r->failed, 0);
}

/* Until this many resets have come, and so many requests. */
static bool enough(const struct resetter *r, unsigned int requests)
{
	if (requests < (slow() ? 300u : 1000u))
		return false;
	return __atomic_load_n(&r->count, __ATOMIC_RELAXED) >= 4;
}

START_TEST(under_asynchronous_load)
{
	enum { COUNT = 64 };
	struct entry *e = new_entries(COUNT);
	struct resetter r = { 0 };
	unsigned int requests = 0, in_flight = 0;
	handle_t sess[2];
	pthread_t thread;
	struct rig rig;
	__u32 count;

	env("WEFT_ENGINE_THREADS", threads[_i]);
	rig_up(&rig, 1, 2);
	for (int i = 0; i < 2; i++)
		sess[i] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	r.ctx = rig.ctxs[0].ctx;
	ck_assert_int_eq(pthread_create(&thread, NULL, reset_now_and_then, &r), 0);
	while (!enough(&r, requests)) {
		for (unsigned int i = 0; i < COUNT; i++) {
			if (e[i].sent != e[i].ended)
				continue;
			if (send(sess[i & 1], &e[i]))
				ck_abort_msg("request %u was refused", i);
			requests++;
			in_flight++;
		}
		count = 0;
		if (wd_comp_poll(COUNT / 2, &count))
			ck_abort_msg("poll failed");
		in_flight -= count;
		if (!count)
			sched_yield();
	}
	while (in_flight) {
		count = 0;
		if (wd_comp_poll(COUNT, &count))
			ck_abort_msg("poll failed");
		in_flight -= count;
	}
	resetter_stop(&r, thread);
	for (unsigned int i = 0; i < COUNT; i++)
		assert_ended(&e[i]);
	for (int i = 0; i < 2; i++)
		wd_comp_free_sess(sess[i]);
	assert_works();
	rig_down(&rig);
	free(e);
}
END_TEST

START_TEST(under_synchronous_load)
{
	struct entry *e = new_entries(1);
	struct resetter r = { 0 };
	unsigned int requests = 0;
	struct wd_comp_req req;
	pthread_t thread;
	struct rig rig;
	handle_t sess;

	env("WEFT_ENGINE_THREADS", threads[_i]);
	rig_up(&rig, 2, 1);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	r.ctx = rig.ctxs[1].ctx;
	ck_assert_int_eq(pthread_create(&thread, NULL, reset_now_and_then, &r), 0);
	for (; !enough(&r, requests); requests++) {
		int ret;

		req = new_req(WD_DIR_COMPRESS, e->in, sizeof(e->in), e->out, sizeof(e->out));
		ret = wd_do_comp_sync(sess, &req);
		if ((ret || req.status) &&
		    (ret != -WD_HW_EACCESS || req.status != WD_HW_EACCESS))
			ck_abort_msg("returned %d, status %u", ret, req.status);
	}
	resetter_stop(&r, thread);
	wd_comp_free_sess(sess);
	assert_works();
	rig_down(&rig);
	free(e);
}
END_TEST

/* ---- streams ------------------------------------------------------------------ */

/* The stream is lost: one answer or the other to the next piece, then only this. */
static void assert_lost(handle_t sess, enum wd_comp_op_type dir)
{
	uint8_t out[100];
	struct wd_comp_req req;
	int ret;

	req = new_req(dir, "\x78\x9c", 2, out, sizeof(out));
	ret = wd_do_comp_strm(sess, &req);
	ck_assert(ret == -WD_HW_EACCESS || (!ret && req.status == WD_IN_EPARA));
	for (int i = 0; i < 3; i++) {
		req = new_req(dir, "\x78\x9c", 2, out, sizeof(out));
		assert_result(&req, 0, wd_do_comp_strm(sess, &req), WD_IN_EPARA);
		ck_assert_uint_eq(req.dst_len, 0);
	}
	ck_assert_int_eq(wd_comp_reset_sess(sess), 0);
}

START_TEST(streams_are_lost)
{
	uint8_t in[3000], packed[4000], out[3000];
	handle_t c, d, fresh;
	struct wd_comp_req req;
	struct rig rig;
	size_t len;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	len = oracle_encode(WD_ZLIB, NULL, in, sizeof(in), packed, sizeof(packed));
	rig_up(&rig, 1, 1);
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	fresh = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	for (int round = 0; round < 3; round++) {
		req = new_req(WD_DIR_COMPRESS, in, 1000, out, sizeof(out));
		assert_result(&req, 0, wd_do_comp_strm(c, &req), 0);
		req = new_req(WD_DIR_DECOMPRESS, packed, len / 2, out, sizeof(out));
		assert_result(&req, 0, wd_do_comp_strm(d, &req), 0);
		ck_assert_int_eq(weft_ctx_reset(rig.ctxs[0].ctx), 0);
		/* Blocks go on, and so does a session whose stream had not begun. */
		assert_good(WAY_SYNC, WD_ZLIB, c, d);
		req = new_req(WD_DIR_DECOMPRESS, packed, len, out, sizeof(out));
		assert_result(&req, 0, wd_do_comp_strm(fresh, &req), WD_STREAM_END);
		assert_lost(c, WD_DIR_COMPRESS);
		assert_lost(d, WD_DIR_DECOMPRESS);
		req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, sizeof(out));
		req.last = 1;
		assert_result(&req, 0, wd_do_comp_strm(c, &req), WD_STREAM_END);
		req = new_req(WD_DIR_DECOMPRESS, packed, len, out, sizeof(out));
		assert_result(&req, 0, wd_do_comp_strm(d, &req), WD_STREAM_END);
		ck_assert_mem_eq(in, out, sizeof(in));
	}
	/* After a reset, freeing a session whose stream is gone is nothing special. */
	req = new_req(WD_DIR_COMPRESS, in, 1000, out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_strm(c, &req), 0);
	ck_assert_int_eq(weft_ctx_reset(rig.ctxs[0].ctx), 0);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	wd_comp_free_sess(fresh);
	assert_works();
	rig_down(&rig);
}
END_TEST

START_TEST(under_streams)
{
	uint8_t in[5000], out[10000], back[5000];
	unsigned int requests = 0;
	struct resetter r = { 0 };
	struct wd_comp_req req;
	pthread_t thread;
	struct rig rig;
	handle_t sess;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	env("WEFT_ENGINE_THREADS", threads[_i]);
	rig_up(&rig, 2, 1);
	sess = new_sess(WD_GZIP, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	r.ctx = rig.ctxs[1].ctx;
	ck_assert_int_eq(pthread_create(&thread, NULL, reset_now_and_then, &r), 0);
	while (!enough(&r, requests)) {
		size_t made = 0;
		int ret = 0;

		for (size_t i = 0; i < 5; i++, requests++) {
			req = new_req(WD_DIR_COMPRESS, in + 1000 * i, 1000, out + made, 2000);
			req.last = i == 4;
			ret = wd_do_comp_strm(sess, &req);
			if (ret || (req.status && req.status != WD_STREAM_END))
				break;
			made += req.dst_len;
		}
		if (!ret && req.status == WD_STREAM_END) {
			if (oracle_decode(WD_GZIP, out, made, back, sizeof(back), NULL) !=
			    sizeof(back) || memcmp(in, back, sizeof(back)))
				ck_abort_msg("a stream that ended well is not the data");
			continue;
		}
		if (ret ? ret != -WD_HW_EACCESS : req.status != WD_IN_EPARA)
			ck_abort_msg("returned %d, status %u", ret, req.status);
		if (wd_comp_reset_sess(sess))
			ck_abort_msg("the session cannot be reset");
	}
	resetter_stop(&r, thread);
	wd_comp_free_sess(sess);
	assert_works();
	rig_down(&rig);
}
END_TEST

/* ---- what is not the device's fault -------------------------------------------- */

/* However bad the requests are, the device does not count them against itself. */
START_TEST(bad_requests_do_not_isolate)
{
	uint8_t in[100], out[100];
	struct uacce_dev *dev;
	handle_t d;

	env("WEFT_ISOLATE", "1");
	start();
	dev = any_device();
	memset(in, 0xff, sizeof(in));
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	for (int i = 0; i < 50; i++) {
		void *src = i & 1 ? (void *)(uintptr_t)0x4000 : in;
		struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, src, sizeof(in), out,
						 sizeof(out));

		ck_assert_int_eq(wd_do_comp_sync(d, &req), i & 1 ? -WD_ADDR_ERR : 0);
	}
	ck_assert_int_eq(wd_is_isolate(dev), 0);
	wd_comp_free_sess(d);
	assert_works();
	finish();
	free(dev);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_reset");
	TCase *tcase = add_case(suite, "full rings");

	tcase_add_loop_test(tcase, full_ring, 0, 3);
	tcase_add_test(tcase, full_for_the_synchronous);

	tcase = add_case(suite, "resets");
	tcase_add_test(tcase, what_waits_is_ended);
	tcase_add_test(tcase, full_ring_is_reset);
	tcase_add_loop_test(tcase, under_asynchronous_load, 0, ARRAY_SIZE(threads));
	tcase_add_loop_test(tcase, under_synchronous_load, 0, ARRAY_SIZE(threads));
	tcase_add_test(tcase, streams_are_lost);
	tcase_add_loop_test(tcase, under_streams, 0, ARRAY_SIZE(threads));
	tcase_add_test(tcase, bad_requests_do_not_isolate);
	return run_suite(suite);
}
