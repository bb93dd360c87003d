/* SPDX-License-Identifier: MIT */
/* The checks of "weft selftest": one request each, sent in three ways. */
#include "selftest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <weft/weft.h>

#include "ui.h"

#define ROOM		SELFTEST_ROOM
#define FILLER		0xa5
#define WAIT_MS		10000	/* a device that takes longer has lost the job */

bool selftest_wrong(struct test *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(t->detail, sizeof(t->detail), fmt, args);
	va_end(args);
	return false;
}

/* ---- three ways to send one request ------------------------------------ */

/* What is to be done, and how it ended: @ret, and the rest as in wd_comp_req. */
struct call {
	handle_t sess;
	unsigned int dir;
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
	int ret;
	unsigned int status;
	size_t consumed;
	size_t produced;
};

static void fill_request(const struct call *c, struct wd_comp_req *req)
{
	memset(req, 0, sizeof(*req));
	req->src = (void *)(uintptr_t)c->in;
	req->src_len = (__u32)c->in_len;
	req->dst = c->out;
	req->dst_len = (__u32)c->out_len;
	req->op_type = c->dir;
	req->data_fmt = WD_FLAT_BUF;
	req->last = 1;
}

static void take_result(struct call *c, int ret, const struct wd_comp_req *req)
{
	c->ret = ret;
	c->status = req->status;
	c->consumed = req->src_len;
	c->produced = req->dst_len;
}

static void run_sync(struct test *t, struct call *c)
{
	struct wd_comp_req req;

	(void)t;
	fill_request(c, &req);
	take_result(c, wd_do_comp_sync(c->sess, &req), &req);
}

/* Outlives the call: should the device answer too late, it must not answer into the stack. */
static struct {
	struct call result;
	bool done;
} async;

static void *on_done(struct wd_comp_req *req, void *param)
{
	(void)param;
	take_result(&async.result, 0, req);
	async.done = true;
	return NULL;
}

static void run_async(struct test *t, struct call *c)
{
	double until = ui_now() + WAIT_MS / 1e3;
	struct wd_comp_req req;
	int ret;

	fill_request(c, &req);
	req.cb = on_done;
	async.done = false;
	ret = wd_do_comp_async(c->sess, &req);
	while (!ret && !async.done) {
		int n = pool_poll(&t->pool);

		if (n < 0)
			ret = n;
		else if (!n && ui_now() > until)
			ret = -ETIMEDOUT;
		else if (!n)
			pool_wait(&t->pool, 10);
	}
	c->ret = ret;
	if (ret)
		return;
	c->status = async.result.status;
	c->consumed = async.result.consumed;
	c->produced = async.result.produced;
}

/* In pieces small enough that headers, blocks and checksums are torn apart. */
static void run_strm(struct test *t, struct call *c)
{
	size_t piece = c->in_len < 4096 ? 1 : 4093, room = c->in_len < 4096 ? 3 : 5003;

	(void)t;
	c->consumed = 0;
	c->produced = 0;
	do {
		struct wd_comp_req req;
		size_t left = c->in_len - c->consumed;

		fill_request(c, &req);
		req.src = (void *)(uintptr_t)(c->in + c->consumed);
		req.src_len = (__u32)(left < piece ? left : piece);
		req.dst = c->out + c->produced;
		req.dst_len = (__u32)(c->out_len - c->produced < room ? c->out_len - c->produced :
				      room);
		req.last = left <= piece;
		c->ret = wd_do_comp_strm(c->sess, &req);
		c->status = req.status;
		if (c->ret)
			return;
		c->consumed += req.src_len;
		c->produced += req.dst_len;
		/* Nothing moved and no reason given: that is for ever. */
		if (!c->status && req.last && !req.src_len && !req.dst_len)
			c->ret = -EIO;
	} while (!c->ret && (!c->status || c->status == WD_EAGAIN));
	if (c->status == WD_STREAM_END)
		c->status = 0;
}

static const struct {
	const char *name;
	void (*run)(struct test *t, struct call *c);
} ways[] = {
	{ "sync", run_sync },
	{ "async", run_async },
	{ "stream", run_strm },
};

#define WAY_COUNT	(sizeof(ways) / sizeof(ways[0]))

/* ---- known answers ----------------------------------------------------- */

static bool check_plain(struct test *t, const char *way, const struct vector *v,
			const struct call *c)
{
	if (c->ret || c->status)
		return selftest_wrong(t, "%s: returned %d, status %u", way, c->ret, c->status);
	if (c->produced != v->plain_len)
		return selftest_wrong(t, "%s: %zu bytes instead of %zu", way, c->produced, v->plain_len);
	if (c->consumed != v->in_len - v->tail)
		return selftest_wrong(t, "%s: %zu bytes taken instead of %zu", way, c->consumed,
			     v->in_len - v->tail);
	for (size_t i = 0; i < v->plain_len; i++) {
		if (c->out[i] != v->plain(i))
			return selftest_wrong(t, "%s: byte %zu is %#x instead of %#x", way, i, c->out[i],
				     v->plain(i));
	}
	return true;
}

static bool check_vector(struct test *t, const struct vector *v)
{
	bool good = true;

	for (size_t i = 0; i < WAY_COUNT && good; i++) {
		struct call c = {
			.sess = pool_session(&t->pool, v->alg, WD_DIR_DECOMPRESS, 0),
			.dir = WD_DIR_DECOMPRESS,
			.in = v->in,
			.in_len = v->in_len,
			.out = t->out,
			.out_len = ROOM,
		};

		if (!c.sess)
			return selftest_wrong(t, "no session: %s", strerror(errno));
		memset(t->out, FILLER, v->plain_len + 1024);
		ways[i].run(t, &c);
		if (!v->bad)
			good = check_plain(t, ways[i].name, v, &c);
		else if (c.ret || c.status != WD_IN_EPARA)
			good = selftest_wrong(t, "%s: returned %d, status %u instead of %u", ways[i].name,
				     c.ret, c.status, WD_IN_EPARA);
		for (size_t j = 0; j < 64 && good; j++) {
			if (t->out[c.produced + j] != FILLER)
				good = selftest_wrong(t, "%s: wrote behind the output", ways[i].name);
		}
		wd_comp_free_sess(c.sess);
	}
	return good;
}

/* ---- there and back ---------------------------------------------------- */

static const struct {
	const char *name;
	enum wd_comp_alg_type alg;
} formats[] = {
	{ "deflate", WD_DEFLATE },
	{ "zlib", WD_ZLIB },
	{ "gzip", WD_GZIP },
};

static const size_t trip_sizes[] = { 1, 100, 4096, 65537, 300000 };
static const unsigned int trip_levels[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15 };

void selftest_fill(uint8_t *to, size_t len)
{
	uint32_t state = 7;

	for (size_t i = 0; i < len; i++) {
		state = state * 1664525 + 1013904223;
		to[i] = i & 1024 ? (uint8_t)(state >> 24) : (uint8_t)"shuttle warp weft "[i % 18];
	}
}

static bool run_trip(struct test *t, const char *way, struct call *c, handle_t back, size_t len)
{
	struct call d = {
		.sess = back,
		.dir = WD_DIR_DECOMPRESS,
		.in = t->packed,
		.out = t->out,
		.out_len = ROOM,
	};

	if (c->ret || c->status)
		return selftest_wrong(t, "%s, %zu bytes: returned %d, status %u", way, len, c->ret,
			     c->status);
	if (c->consumed != len)
		return selftest_wrong(t, "%s: %zu bytes taken instead of %zu", way, c->consumed, len);
	d.in_len = c->produced;
	run_sync(t, &d);
	if (d.ret || d.status)
		return selftest_wrong(t, "%s, %zu bytes, back: returned %d, status %u", way, len, d.ret,
			     d.status);
	if (d.produced != len || memcmp(t->out, t->plain, len))
		return selftest_wrong(t, "%s, %zu bytes, back: not what it was", way, len);
	return true;
}

static bool check_trip(struct test *t, enum wd_comp_alg_type alg, unsigned int level)
{
	handle_t sess = pool_session(&t->pool, alg, WD_DIR_COMPRESS, level);
	handle_t back = pool_session(&t->pool, alg, WD_DIR_DECOMPRESS, 0);
	bool good = true;

	if (!sess || !back)
		good = selftest_wrong(t, "no session: %s", strerror(errno));
	for (size_t s = 0; s < sizeof(trip_sizes) / sizeof(trip_sizes[0]) && good; s++) {
		for (size_t i = 0; i < WAY_COUNT && good; i++) {
			struct call c = {
				.sess = sess,
				.dir = WD_DIR_COMPRESS,
				.in = t->plain,
				.in_len = trip_sizes[s],
				.out = t->packed,
				.out_len = ROOM,
			};

			ways[i].run(t, &c);
			good = run_trip(t, ways[i].name, &c, back, trip_sizes[s]);
		}
	}
	if (sess)
		wd_comp_free_sess(sess);
	if (back)
		wd_comp_free_sess(back);
	return good;
}

/* ---- mistakes ---------------------------------------------------------- */

/* The last thing each of them does: a good request after the bad one. */
static bool still_works(struct test *t, struct call *c)
{
	c->in = t->plain;
	c->in_len = 4096;
	c->out = t->packed;
	c->out_len = ROOM;
	run_sync(t, c);
	if (c->ret || c->status)
		return selftest_wrong(t, "the good request after it: returned %d, status %u", c->ret,
			     c->status);
	return true;
}

static bool expect(struct test *t, const char *what, const struct call *c, int ret,
		   unsigned int status)
{
	if (c->ret != ret || (status && c->status != status))
		return selftest_wrong(t, "%s: returned %d, status %u instead of %d, %u", what, c->ret,
			     c->status, ret, status);
	return true;
}

static bool check_room(struct test *t, struct call *c)
{
	size_t need;

	if (!still_works(t, c))
		return false;
	need = c->produced;
	c->out_len = need - 1;
	t->packed[need - 1] = FILLER;
	run_sync(t, c);
	if (!expect(t, "one byte too few", c, 0, WD_IN_EPARA))
		return false;
	if (t->packed[need - 1] != FILLER)
		return selftest_wrong(t, "wrote behind the room it had");
	return still_works(t, c);
}

static bool check_arguments(struct test *t, struct call *c)
{
	const struct {
		const char *what;
		const uint8_t *in;
		size_t in_len;
		uint8_t *out;
		size_t out_len;
	} cases[] = {
		{ "src NULL", NULL, 100, t->packed, ROOM },
		{ "src_len 0", t->plain, 0, t->packed, ROOM },
		{ "dst NULL", t->plain, 100, NULL, ROOM },
		{ "dst_len 0", t->plain, 100, t->packed, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c->in = cases[i].in;
		c->in_len = cases[i].in_len;
		c->out = cases[i].out;
		c->out_len = cases[i].out_len;
		run_sync(t, c);
		if (!expect(t, cases[i].what, c, -WD_EINVAL, 0))
			return false;
	}
	return still_works(t, c);
}

/* Three pages: data, data, nothing; the last two are what a bad pointer finds. */
static bool check_pointers(struct test *t, struct call *c)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map;
	bool good;

	if (!strcmp(t->guard, "off"))
		return selftest_wrong(t, "not possible: WEFT_GUARD is off");
	map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return selftest_wrong(t, "%s", strerror(errno));
	memcpy(map, t->plain, page);
	if (mprotect(map + page, page, PROT_READ) || mprotect(map + 2 * page, page, PROT_NONE)) {
		good = selftest_wrong(t, "%s", strerror(errno));
		goto unmap;
	}
	c->in = map + page;
	c->in_len = 2 * page;
	c->out = t->packed;
	c->out_len = ROOM;
	run_sync(t, c);
	good = expect(t, "source runs into nothing", c, -WD_ADDR_ERR, WD_ADDR_ERR);
	if (good) {
		c->in = t->plain + ROOM / 2;	/* does not compress to nothing */
		c->in_len = page;
		c->out = map + page;
		c->out_len = page;
		run_sync(t, c);
		good = expect(t, "read-only destination", c, -WD_ADDR_ERR, WD_ADDR_ERR);
	}
	if (good) {
		c->in = (const uint8_t *)(uintptr_t)(UINT64_MAX << 47);
		c->out = t->packed;
		run_sync(t, c);
		good = expect(t, "kernel address", c, -WD_ADDR_ERR, WD_ADDR_ERR);
	}
	good = good && still_works(t, c);

unmap:
	munmap(map, 3 * page);
	return good;
}

static bool check_report(struct test *t, struct call *c)
{
	struct weft_report r = { .size = sizeof(r) };
	int ret;

	if (!still_works(t, c))
		return false;
	ret = weft_sess_report(c->sess, &r);
	if (ret)
		return selftest_wrong(t, "returned %d", ret);
	if (r.path != WEFT_PATH_DEVICE || strcmp(r.device, t->device))
		return selftest_wrong(t, "path %u, device '%s'", r.path, r.device);
	if (r.in_bytes != c->consumed || r.out_bytes != c->produced || r.status)
		return selftest_wrong(t, "%llu in, %llu out, status %u instead of %zu, %zu, 0",
			     (unsigned long long)r.in_bytes, (unsigned long long)r.out_bytes,
			     r.status, c->consumed, c->produced);
	return true;
}

static bool check_context(struct test *t, struct call *c)
{
	handle_t ctx = pool_first_ctx(&t->pool, WD_DIR_COMPRESS, CTX_MODE_SYNC);
	int ret = weft_ctx_pasid(ctx);

	(void)c;
	if (ret < 1 || ret >= 1 << 20)
		return selftest_wrong(t, "PASID %d", ret);
	ret = weft_ctx_noop(ctx);
	return ret ? selftest_wrong(t, "no-op returned %d", ret) : true;
}

static const struct {
	const char *name;
	bool (*check)(struct test *t, struct call *c);
} mistakes[] = {
	{ "no-op, PASID", check_context },
	{ "report of a request", check_report },
	{ "output too small by one byte", check_room },
	{ "missing pointers and lengths", check_arguments },
	{ "bad pointers", check_pointers },
};

/* ---- all of them ------------------------------------------------------- */

void selftest_checks(struct test *t)
{
	char name[96];

	for (size_t i = 0; i < vector_count; i++)
		t->report(t, vectors[i].name, check_vector(t, &vectors[i]));
	for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
		for (size_t l = 0; l < sizeof(trip_levels) / sizeof(trip_levels[0]); l++) {
			snprintf(name, sizeof(name), "%s, level %u, there and back",
				 formats[f].name, trip_levels[l]);
			t->report(t, name, check_trip(t, formats[f].alg, trip_levels[l]));
		}
	}
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct call c = {
			.sess = pool_session(&t->pool, WD_ZLIB, WD_DIR_COMPRESS, 6),
			.dir = WD_DIR_COMPRESS,
		};

		t->report(t, mistakes[i].name, c.sess ? mistakes[i].check(t, &c) :
		       selftest_wrong(t, "no session: %s", strerror(errno)));
		if (c.sess)
			wd_comp_free_sess(c.sess);
	}
}
