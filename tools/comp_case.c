/* SPDX-License-Identifier: MIT */
#include "comp_case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

#include "pool.h"

struct task;

/* A request under way. */
struct lane {
	struct task *task;
	uint8_t *out;
	handle_t sess;
	bool busy;
};

struct task {
	const struct comp_case *c;
	size_t block_count;
	size_t out_room;
	struct lane *lanes;		/* c->depth of them */
	unsigned int lane_count;
	unsigned int in_flight;
	void *state;			/* of the library */
	struct pool pool;
	handle_t sess;
	uint64_t out_bytes;
	unsigned int error;		/* WD_*, of any request */
};

static const uint8_t *block_at(const struct task *t, size_t i, size_t *len)
{
	const struct comp_case *c = t->c;
	size_t begin;

	if (c->decompress) {
		begin = i ? c->packed->ends[i - 1] : 0;
		*len = c->packed->ends[i] - begin;
		return c->packed->data + begin;
	}
	begin = i * c->block;
	*len = c->sample->len - begin < c->block ? c->sample->len - begin : c->block;
	return c->sample->data + begin;
}

static void fill_request(const struct task *t, size_t i, uint8_t *out, struct wd_comp_req *req)
{
	size_t len;

	memset(req, 0, sizeof(*req));
	req->src = (void *)(uintptr_t)block_at(t, i, &len);
	req->src_len = (__u32)len;
	req->dst = out;
	req->dst_len = (__u32)t->out_room;
	req->op_type = t->c->decompress ? WD_DIR_DECOMPRESS : WD_DIR_COMPRESS;
	req->last = 1;
}

/* ---- one pass over the sample ------------------------------------------ */

static int pass_direct(struct task *t)
{
	const struct direct_codec *codec = t->c->codec;

	for (size_t i = 0; i < t->block_count; i++) {
		size_t len;
		const uint8_t *in = block_at(t, i, &len);
		size_t n = (t->c->decompress ? codec->decompress : codec->compress)
			   (t->state, in, len, t->lanes[i % t->lane_count].out, t->out_room);

		if (!n)
			return -EIO;
		t->out_bytes += n;
	}
	return 0;
}

static int pass_sync(struct task *t)
{
	for (size_t i = 0; i < t->block_count; i++) {
		struct wd_comp_req req;
		int ret;

		fill_request(t, i, t->lanes[0].out, &req);
		ret = wd_do_comp_sync(t->sess, &req);
		if (ret || req.status)
			return -EIO;
		t->out_bytes += req.dst_len;
	}
	return 0;
}

static void *on_done(struct wd_comp_req *req, void *param)
{
	struct lane *lane = param;

	lane->busy = false;
	lane->task->in_flight--;
	lane->task->out_bytes += req->dst_len;
	if (req->status)
		lane->task->error = req->status;
	return NULL;
}

static int collect(struct task *t)
{
	int ret = pool_poll(&t->pool);

	if (!ret)
		pool_wait(&t->pool, -1);
	if (ret >= 0 && t->error)
		ret = -EIO;
	return ret;
}

static int pass_async(struct task *t)
{
	unsigned int next = 0;
	int ret;

	for (size_t i = 0; i < t->block_count; i++) {
		struct wd_comp_req req;
		struct lane *lane;

		while (t->in_flight == t->lane_count) {
			ret = collect(t);
			if (ret < 0)
				return ret;
		}
		while (t->lanes[next].busy)
			next = (next + 1) % t->lane_count;
		lane = &t->lanes[next];
		fill_request(t, i, lane->out, &req);
		req.cb = on_done;
		req.cb_param = lane;
		lane->busy = true;
		t->in_flight++;
		while ((ret = wd_do_comp_async(lane->sess, &req)) == -WD_EBUSY) {
			ret = collect(t);
			if (ret < 0)
				return ret;
		}
		if (ret)
			return ret;
	}
	return 0;
}

static int drain(struct task *t)
{
	while (t->in_flight) {
		int ret = collect(t);

		if (ret < 0)
			return ret;
	}
	return t->error ? -EIO : 0;
}

/* ---- before and after -------------------------------------------------- */

static int open_library(struct task *t)
{
	t->state = t->c->codec->open(t->c->level, false, t->c->decompress);
	return t->state ? 0 : -ENOMEM;
}

static int open_device(struct task *t)
{
	unsigned int dir = t->c->decompress ? WD_DIR_DECOMPRESS : WD_DIR_COMPRESS;
	struct pool_want want = { 0 };
	int ret;

	if (t->c->how == COMP_SYNC)
		want.count[dir][CTX_MODE_SYNC] = 1;
	else
		want.count[dir][CTX_MODE_ASYNC] = t->c->sleep ? pool_width() : 1;
	ret = pool_open(&t->pool, "deflate", NULL, &want, t->c->sleep);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < t->lane_count; i++) {
		unsigned int ctxs = t->pool.ctx_count;

		/* One session a context: lanes that share a context share it. */
		t->lanes[i].sess = i < ctxs ? pool_session(&t->pool, WD_DEFLATE, dir,
							   (unsigned int)t->c->level) :
					      t->lanes[i % ctxs].sess;
		if (!t->lanes[i].sess)
			return -EIO;
	}
	t->sess = t->lanes[0].sess;
	return 0;
}

static const struct {
	int (*open)(struct task *t);
	int (*pass)(struct task *t);
} ways[] = {
	[COMP_DIRECT] = { open_library, pass_direct },
	[COMP_SYNC] = { open_device, pass_sync },
	[COMP_ASYNC] = { open_device, pass_async },
};

_Static_assert(sizeof(ways) / sizeof(ways[0]) == COMP_HOW_COUNT, "a way without a row");

static int make_lanes(struct task *t)
{
	t->lane_count = t->c->depth;
	t->out_room = t->c->decompress ? t->c->block : direct_bound(t->c->block);
	t->lanes = calloc(t->lane_count, sizeof(*t->lanes));
	if (!t->lanes)
		return -ENOMEM;
	for (unsigned int i = 0; i < t->lane_count; i++) {
		t->lanes[i].task = t;
		t->lanes[i].out = malloc(t->out_room);
		if (!t->lanes[i].out)
			return -ENOMEM;
		/* Page faults of fresh memory are another measurement. */
		memset(t->lanes[i].out, 1, t->out_room);
	}
	return 0;
}

/*
 * With all the work in one thread, its CPU time is what it would take on an
 * idle machine, and what else runs on this one does not count.
 */
static double now_of(const struct comp_case *c)
{
	struct timespec ts;

	clock_gettime(c->sleep ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/*
 * Runs in a process of its own that ends with it; nothing is given back. The
 * requests of one pass are still under way when the next begins, and all are
 * done before the clock is stopped.
 */
int comp_measure(const void *arg, struct bench_result *res)
{
	struct weft_report report = { .size = sizeof(report) };
	struct task *t = calloc(1, sizeof(*t));
	struct bench_sched before, after;
	unsigned int passes = 0;
	double begin, now;
	int ret;

	if (!t)
		return -ENOMEM;
	t->c = arg;
	t->block_count = (t->c->sample->len + t->c->block - 1) / t->c->block;
	ret = make_lanes(t);
	if (!ret)
		ret = ways[t->c->how].open(t);
	/* Once for the caches, and to know what comes out. */
	if (!ret)
		ret = ways[t->c->how].pass(t);
	if (!ret)
		ret = drain(t);
	if (!ret)
		ret = bench_sched_others(&before);
	if (ret)
		return ret;
	res->value[COMP_VALUE_BYTES] = (double)t->out_bytes;

	begin = now_of(t->c);
	do {
		ret = ways[t->c->how].pass(t);
		if (ret)
			return ret;
		passes++;
		now = now_of(t->c);
	} while (now - begin < t->c->seconds);
	ret = drain(t);
	now = now_of(t->c);
	res->value[COMP_VALUE_MBS] = (double)t->c->sample->len * passes / 1e6 / (now - begin);
	if (!ret)
		ret = bench_sched_others(&after);
	res->value[COMP_VALUE_WAIT] = (after.wait - before.wait) / (now - begin);
	if (!ret && t->sess && !weft_sess_report(t->sess, &report))
		memcpy(res->engine, report.engine, sizeof(report.engine));
	return ret;
}
