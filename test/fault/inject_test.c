/* SPDX-License-Identifier: MIT */
/*
 * <weft/inject.h> and what the library makes of each failure: deadlines, cancel,
 * late, lost and doubled completions, resets in the middle of a job.
 */
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "rig.h"

#define LEN	20000u

static struct rig rig;
static handle_t sync_ctx, async_ctx, c, d;
static uint8_t in[LEN], packed[2 * LEN], *out;
static struct given {
	struct given *next;
	uint8_t data[LEN];
} *given;

static size_t packed_len;

/*
 * Each request that runs out of time keeps its buffer until the contexts are gone:
 * the device may still have it.
 */
static void out_new(void)
{
	struct given *g = calloc(1, sizeof(*g));

	ck_assert_ptr_nonnull(g);
	g->next = given;
	given = g;
	out = g->data;
}

static void out_free(void)
{
	while (given) {
		struct given *next = given->next;

		free(given);
		given = next;
	}
}

static void begin(const char *threads)
{
	out_new();
	env("WEFT_ENGINE_THREADS", threads);
	rig_up(&rig, 1, 1);
	sync_ctx = rig.ctxs[0].ctx;
	async_ctx = rig.ctxs[1].ctx;
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	data_fill(DATA_MIXED, 1, in, LEN);
	packed_len = oracle_encode(WD_ZLIB, NULL, in, LEN, packed, sizeof(packed));
}

static void end(void)
{
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, NULL), 0);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, ""), 0);
	weft_sess_deadline(c, 0);
	assert_good(WAY_SYNC, WD_ZLIB, c, d);
	assert_good(WAY_ASYNC, WD_ZLIB, c, d);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	rig_down(&rig);
	out_free();
}

static struct wd_comp_req unpack(void)
{
	memset(out, 0, LEN);
	return new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, LEN);
}

static int unpack_sync(void)
{
	struct wd_comp_req req = unpack();
	int ret = wd_do_comp_sync(d, &req);

	if (!ret && (req.status || req.dst_len != LEN || memcmp(out, in, LEN)))
		ck_abort_msg("returned %d, status %u: not what was packed", ret, req.status);
	if (ret == -WD_ETIMEDOUT)
		out_new();
	return ret;
}

/* ---- rules ------------------------------------------------------------------ */

START_TEST(rules)
{
	static const char *const good[] = {
		"", "fault:1", "fault:3/0", "delay:1/0", "lose:2147483647", "late:1/2,dup:3",
		"fault:1,delay:1,lose:1,late:1,dup:1,prq-full:1,reset:1,isolate:1,seed:7",
	};
	static const char *const bad[] = {
		",", "fault", "fault:", "fault:0", "fault:x", "fault:1,", ",fault:1", "fault:1/",
		"fault:1/x", "fault:1/2/3", "lose:1/2", "fault:-1", "fault: 1", "Fault:1", "seed:0",
		"fault:1,fault:2", "fault:2147483648", "fault:99999999999999999999", "seed", "x:1",
		"prq:1", "prq-full:1/1",
	};
	uint64_t count;

	begin("0");
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_msg(!weft_ctx_inject(sync_ctx, good[i]), "%s", good[i]);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(weft_ctx_inject(sync_ctx, bad[i]) == -EINVAL, "%s", bad[i]);
	/* What was refused changed nothing. */
	ck_assert_int_eq(unpack_sync(), 0);
	ck_assert_int_eq(weft_ctx_inject(0, "fault:1"), -EINVAL);
	ck_assert_int_eq(weft_ctx_injected(sync_ctx, WEFT_INJECT_COUNT, &count), -EINVAL);
	ck_assert_int_eq(weft_ctx_injected(sync_ctx, WEFT_INJECT_FAULT, NULL), -EINVAL);
	ck_assert_int_eq(weft_ctx_injected(0, WEFT_INJECT_FAULT, &count), -EINVAL);
	end();
}
END_TEST

START_TEST(rules_of_the_environment)
{
	struct uacce_dev *dev = any_device();
	handle_t ctx;

	env("WEFT_INJECT", "fault:1,nonsense");
	errno = 0;
	ck_assert_uint_eq(wd_request_ctx(dev), 0);
	ck_assert_int_eq(errno, EINVAL);
	env("WEFT_INJECT", "delay:1/1");
	ctx = wd_request_ctx(dev);
	ck_assert_uint_ne(ctx, 0);
	start();
	assert_works();
	ck_assert_uint_eq(injected(ctx, WEFT_INJECT_DELAY), 0);	/* each its own */
	finish();
	wd_release_ctx(ctx);
	free(dev);
}
END_TEST

/* By count: exactly every n-th; by seed: the same ones each time. */
START_TEST(by_count_and_by_seed)
{
	uint64_t by_seed[2];

	begin("0");
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, "delay:3/0"), 0);
	for (unsigned int i = 1; i <= 10; i++) {
		ck_assert_int_eq(unpack_sync(), 0);
		ck_assert_uint_eq(injected(sync_ctx, WEFT_INJECT_DELAY), i / 3);
	}
	for (int round = 0; round < 2; round++) {
		uint64_t before = injected(sync_ctx, WEFT_INJECT_DELAY), pattern = 0;

		ck_assert_int_eq(weft_ctx_inject(sync_ctx, "delay:3/0,seed:5"), 0);
		for (unsigned int i = 0; i < 60; i++) {
			uint64_t now;

			ck_assert_int_eq(unpack_sync(), 0);
			now = injected(sync_ctx, WEFT_INJECT_DELAY);
			pattern = pattern << 1 | (now - before);
			before = now;
		}
		by_seed[round] = pattern;
		ck_assert_int_ge(__builtin_popcountll(pattern), 8);
		ck_assert_int_le(__builtin_popcountll(pattern), 35);
	}
	ck_assert_uint_eq(by_seed[0], by_seed[1]);
	assert_adds_up(sync_ctx);
	end();
}
END_TEST

/* ---- completions that go astray ------------------------------------------------ */

static const char *const threads[] = { "0", "2" };

/* What was lost is known to be lost, and its buffers are ours again. */
static void have_back(handle_t ctx)
{
	ck_assert_int_eq(weft_ctx_inject(ctx, ""), 0);
	ck_assert_int_eq(weft_ctx_reset(ctx), 0);
	while (stats_of(ctx).quarantined)
		ck_assert_int_eq(weft_ctx_noop(ctx), 0);
}

/* The waiter gets away, the place in the ring is found again, the next request works. */
START_TEST(lost)
{
	unsigned int timeouts = 0;
	int ret;

	begin(threads[_i]);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, "lose:2"), 0);
	ck_assert_int_eq(unpack_sync(), 0);
	ck_assert_int_eq(weft_sess_deadline(d, 5 * MS), 0);
	/*
	 * On a busy machine the deadline may come before the engine does, which then does
	 * not even begin; so it may take more than one.
	 */
	do {
		ret = unpack_sync();
		ck_assert(ret == -WD_ETIMEDOUT || (timeouts && !ret));
		timeouts += ret != 0;
	} while (injected(sync_ctx, WEFT_INJECT_LOSE) < 1);
	ck_assert_uint_eq(stats_of(sync_ctx).timeouts, timeouts);
	ck_assert_uint_ge(stats_of(sync_ctx).quarantined, 1);
	assert_adds_up(sync_ctx);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, ""), 0);
	weft_sess_deadline(d, 0);
	ck_assert_int_eq(unpack_sync(), 0);
	/* A reset is the device's last word. */
	ck_assert_int_eq(weft_ctx_reset(sync_ctx), 0);
	while (stats_of(sync_ctx).quarantined)
		ck_assert_int_eq(weft_ctx_noop(sync_ctx), 0);
	ck_assert_uint_eq(stats_of(sync_ctx).lost, injected(sync_ctx, WEFT_INJECT_LOSE));
	assert_adds_up(sync_ctx);
	end();
}
END_TEST

/* More are lost than the ring has places: drains find them all. */
START_TEST(lost_again_and_again)
{
	unsigned int gone = 0, jobs = slow() ? 60 : 200;

	env("WEFT_QUEUE_DEPTH", "16");
	begin(threads[_i]);
	ck_assert_int_eq(weft_sess_deadline(d, 2 * MS), 0);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, "lose:3"), 0);
	for (unsigned int i = 0; i < jobs; i++) {
		int ret = unpack_sync();

		if (ret == -WD_EBUSY) {
			i--;
			continue;
		}
		/* Under a sanitizer 2 ms may not be enough. */
		ck_assert(!ret || ret == -WD_ETIMEDOUT);
		gone += ret != 0;
	}
	ck_assert_uint_ge(gone, jobs / 3);
	ck_assert_uint_ge(stats_of(sync_ctx).lost + stats_of(sync_ctx).late, gone - 16);
	assert_adds_up(sync_ctx);
	weft_sess_deadline(d, 0);
	end();
}
END_TEST

START_TEST(lost_async)
{
	struct weft_ctx_stats s;
	struct job *jobs;

	begin(threads[_i]);
	jobs = new_jobs(20, c);
	ck_assert_int_eq(weft_sess_deadline(c, 20 * MS), 0);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, "lose:4"), 0);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	poll_for(20);
	s = stats_of(async_ctx);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(jobs[i].ended, 1);
	ck_assert_uint_ge(s.timeouts, 5);
	assert_adds_up(async_ctx);
	weft_sess_deadline(c, 0);
	weft_ctx_inject(async_ctx, "");
	have_back(async_ctx);
	assert_adds_up(async_ctx);
	free(jobs);
	end();
}
END_TEST

/* Late for one, in time for the others: nothing is delivered twice or to the wrong one. */
START_TEST(late)
{
	/* On a busy machine the deadline may come before the engine does: then once more. */
	for (uint64_t ms = 10;; ms *= 4) {
		begin(threads[_i]);
		ck_assert_int_eq(weft_ctx_inject(sync_ctx, "late:2/3"), 0);
		ck_assert_int_eq(unpack_sync(), 0);
		ck_assert_int_eq(weft_sess_deadline(d, ms * MS), 0);
		ck_assert_int_eq(unpack_sync(), -WD_ETIMEDOUT);
		if (injected(sync_ctx, WEFT_INJECT_LATE) == 1)
			break;
		weft_sess_deadline(d, 0);
		have_back(sync_ctx);
		end();
	}
	ck_assert_uint_eq(stats_of(sync_ctx).quarantined, 1);
	weft_sess_deadline(d, 0);
	/* Completions overtake it one by one; the third brings it. */
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, "late:1000000"), 0);
	for (unsigned int i = 1; i <= 3; i++) {
		ck_assert_uint_eq(stats_of(sync_ctx).late, 0);
		ck_assert_int_eq(unpack_sync(), 0);
	}
	ck_assert_int_eq(unpack_sync(), 0);
	ck_assert_uint_eq(stats_of(sync_ctx).late, 1);
	ck_assert_uint_eq(stats_of(sync_ctx).quarantined, 0);
	assert_adds_up(sync_ctx);
	end();
}
END_TEST

START_TEST(late_async)
{
	struct job *jobs;

	begin(threads[_i]);
	jobs = new_jobs(50, c);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, "late:3/7"), 0);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 50; i++)
			ck_assert_int_eq(job_send(&jobs[i]), 0);
		/* The last of them are held until somebody asks. */
		while (stats_of(async_ctx).completed + 7 < 50u * (unsigned int)(round + 1)) {
			__u32 count;

			wd_comp_poll_ctx(1, 50, &count);
		}
		ck_assert_int_eq(weft_ctx_inject(async_ctx, ""), 0);
		while (jobs[49].ended + jobs[0].ended < 2u * (unsigned int)(round + 1) ||
		       stats_of(async_ctx).completed < 50u * (unsigned int)(round + 1)) {
			__u32 count;

			wd_comp_poll_ctx(1, 50, &count);
		}
		assert_jobs(jobs, 50);
		ck_assert_int_eq(weft_ctx_inject(async_ctx, "late:3/7"), 0);
	}
	ck_assert_uint_gt(injected(async_ctx, WEFT_INJECT_LATE), 0);
	ck_assert_uint_eq(stats_of(async_ctx).late, 0);
	free(jobs);
	end();
}
END_TEST

START_TEST(twice)
{
	struct job *jobs;

	env("WEFT_QUEUE_DEPTH", "64");
	begin(threads[_i]);
	jobs = new_jobs(60, c);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, "dup:1"), 0);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, "dup:2"), 0);
	for (int round = 0; round < 20; round++) {
		ck_assert_int_eq(unpack_sync(), 0);
		for (int i = 0; i < 60; i++) {
			while (job_send(&jobs[i]))
				poll_for(1);
		}
		while (jobs[0].ended < (unsigned int)round + 1 ||
		       stats_of(async_ctx).completed < stats_of(async_ctx).submitted) {
			__u32 count;

			wd_comp_poll_ctx(1, 60, &count);
		}
		assert_jobs(jobs, 60);
	}
	ck_assert_uint_eq(injected(sync_ctx, WEFT_INJECT_DUP), 20);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, ""), 0);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, ""), 0);
	ck_assert_int_eq(weft_ctx_noop(sync_ctx), 0);
	ck_assert_int_eq(weft_ctx_noop(async_ctx), 0);
	ck_assert_uint_eq(stats_of(sync_ctx).strays, 20);
	ck_assert_uint_eq(stats_of(async_ctx).strays, injected(async_ctx, WEFT_INJECT_DUP));
	ck_assert_uint_gt(stats_of(async_ctx).strays, 100);
	assert_adds_up(sync_ctx);
	assert_adds_up(async_ctx);
	free(jobs);
	end();
}
END_TEST

/* ---- the clock ------------------------------------------------------------------ */

/* A job that takes longer than it may; its completion comes and is nobody's. */
START_TEST(too_slow)
{
	unsigned int us = 60000;
	const uint8_t *had;
	int ret;

	begin("1");
	ck_assert_int_eq(weft_sess_deadline(d, 5 * MS), 0);
	/* On a busy machine the completion may be there before who waits looks at the clock. */
	do {
		char rule[32];

		snprintf(rule, sizeof(rule), "delay:1/%u", us);
		ck_assert_int_eq(weft_ctx_inject(sync_ctx, rule), 0);
		had = out;
		ret = unpack_sync();
		ck_assert(!ret || ret == -WD_ETIMEDOUT);
		us *= 2;
	} while (!ret);
	weft_sess_deadline(d, 0);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, ""), 0);
	while (stats_of(sync_ctx).quarantined)
		ck_assert_int_eq(weft_ctx_noop(sync_ctx), 0);
	ck_assert_uint_eq(stats_of(sync_ctx).late, 1);
	/* It was told to leave it alone before it began to write. */
	for (size_t i = 0; i < LEN; i++)
		ck_assert_uint_eq(had[i], 0);
	assert_adds_up(sync_ctx);
	end();
}
END_TEST

START_TEST(bad_calls)
{
	begin("0");
	ck_assert_int_eq(weft_sess_deadline(12345, 1), -EINVAL);
	ck_assert_int_eq(weft_sess_cancel(12345), -EINVAL);
	ck_assert_int_eq(weft_sess_fault_policy(12345, WEFT_FAULT_BLOCK), -EINVAL);
	ck_assert_int_eq(weft_sess_fault_policy(c, WEFT_FAULT_POLICIES), -EINVAL);
	ck_assert_int_eq(weft_sess_fault_policy(c, (enum weft_fault_policy)-1), -EINVAL);
	ck_assert_int_eq(weft_sess_cancel(c), 0);
	ck_assert_int_eq(weft_sess_deadline(c, UINT64_MAX), 0);
	assert_good(WAY_SYNC, WD_ZLIB, c, d);
	end();
}
END_TEST

static void wait_for(int fd, unsigned int *ended, unsigned int want)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	__u32 count;

	while (*ended < want) {
		ck_assert_int_eq(poll(&pfd, 1, -1), 1);
		wd_comp_poll_ctx(1, 1, &count);
	}
}

static void *cancels(void *unused)
{
	(void)unused;
	while (!injected(async_ctx, WEFT_INJECT_LOSE))
		sched_yield();
	ck_assert_int_eq(weft_sess_cancel(c), 1);
	return NULL;
}

/* An event loop that sleeps on the context hears of ends that the device says nothing about. */
START_TEST(wakes_the_loop)
{
	struct job *jobs;
	pthread_t thread;
	int fd;

	begin("2");
	jobs = new_jobs(1, c);
	fd = weft_ctx_wait_fd(async_ctx);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, "lose:1"), 0);
	ck_assert_int_eq(weft_sess_deadline(c, 5 * MS), 0);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_int_eq(job_send(jobs), 0);
		wait_for(fd, &jobs->ended, i + 1);
	}
	ck_assert_uint_eq(stats_of(async_ctx).timeouts, 3);
	ck_assert_int_eq(weft_sess_deadline(c, 0), 0);
	have_back(async_ctx);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, "lose:1"), 0);
	ck_assert_int_eq(job_send(jobs), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancels, NULL), 0);
	wait_for(fd, &jobs->ended, 4);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(stats_of(async_ctx).cancelled, 1);
	have_back(async_ctx);
	free(jobs);
	end();
}
END_TEST

static void change_terms(struct pest *pest)
{
	static const enum weft_fault_policy policies[] = { WEFT_FAULT_BLOCK, WEFT_FAULT_POPULATE };

	if (weft_sess_fault_policy(c, policies[pest->rounds % 2]) ||
	    weft_sess_deadline(c, pest->rounds % 3 * 3600 * 1000 * MS))
		ck_abort_msg("the session does not take its terms");
	sched_yield();
}

/* Any thread may say what a session's requests are to have, also while they are being sent. */
START_TEST(terms_change_meanwhile)
{
	struct pest pest = { .rounds = 0 };
	struct job *jobs;

	begin(threads[_i]);
	jobs = new_jobs(10, c);
	pest_start(&pest, change_terms, NULL, 0);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 10; i++)
			ck_assert_int_eq(job_send(&jobs[i]), 0);
		poll_for(10);
		assert_good(WAY_SYNC, WD_ZLIB, c, d);
	}
	pest_stop(&pest);
	assert_jobs(jobs, 10);
	ck_assert_int_eq(weft_sess_fault_policy(c, WEFT_FAULT_BLOCK), 0);
	free(jobs);
	end();
}
END_TEST

static void *waits(void *ret)
{
	*(int *)ret = unpack_sync();
	return NULL;
}

/* 0 where the C library cannot tell. */
static size_t heap(void)
{
	size_t size = 0;
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
	struct mallinfo2 m = mallinfo2();

	size = m.uordblks + m.hblkhd;
#endif
#endif
	return size;
}

static int stream_piece(bool last)
{
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, in, LEN, out, LEN);
	int ret;

	req.last = last;
	ret = wd_do_comp_strm(c, &req);
	return ret || req.status == WD_STREAM_END ? ret : -(int)req.status;
}

/* The state of a stream that ran out of time goes when the session begins another. */
START_TEST(streams_left_behind)
{
	size_t had = 0, one = 0;

	begin(threads[_i]);
	for (int i = 0; i < 20; i++) {
		size_t before = heap();

		ck_assert_int_eq(wd_comp_reset_sess(c), 0);
		ck_assert_int_eq(stream_piece(false), 0);
		if (!i)
			one = heap() - before;
		if (i == 2)
			had = heap();
		ck_assert_int_eq(weft_ctx_inject(sync_ctx, "lose:1"), 0);
		ck_assert_int_eq(weft_sess_deadline(c, MS), 0);
		ck_assert_int_eq(stream_piece(false), -WD_ETIMEDOUT);
		ck_assert_int_eq(weft_ctx_inject(sync_ctx, ""), 0);
		ck_assert_int_eq(weft_sess_deadline(c, 0), 0);
	}
	ck_assert_int_eq(wd_comp_reset_sess(c), 0);
	ck_assert_int_eq(stream_piece(true), 0);
	ck_assert_uint_le(heap(), had + 5 * one);
	have_back(sync_ctx);
	assert_adds_up(sync_ctx);
	end();
}
END_TEST

/* Of a synchronous caller that waits for what never comes, and of asynchronous requests. */
START_TEST(cancel)
{
	struct job *jobs;
	pthread_t thread;
	int ret = 1;

	begin(threads[_i]);
	jobs = new_jobs(10, c);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, "lose:1"), 0);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, "lose:1"), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, waits, &ret), 0);
	while (!injected(sync_ctx, WEFT_INJECT_LOSE))
		sched_yield();
	ck_assert_int_eq(weft_sess_cancel(d), 1);
	pthread_join(thread, NULL);
	ck_assert_int_eq(ret, -WD_HW_EACCESS);

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	ck_assert_int_eq(weft_sess_cancel(d), 0);
	ck_assert_int_eq(weft_sess_cancel(c), 10);
	poll_for(10);
	for (int i = 0; i < 10; i++)
		ck_assert(jobs[i].ended == 1 && jobs[i].wrong == 1);
	ck_assert_uint_eq(stats_of(async_ctx).cancelled, 10);
	assert_adds_up(sync_ctx);
	assert_adds_up(async_ctx);
	have_back(sync_ctx);
	have_back(async_ctx);
	free(jobs);
	end();
}
END_TEST

START_TEST(released_with_lost_requests)
{
	struct job *jobs;
	__u32 count;

	begin(threads[_i]);
	jobs = new_jobs(10, c);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, "lose:2,late:3/100,dup:2"), 0);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	wd_comp_poll_ctx(1, 2, &count);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	rig_down(&rig);
	out_free();
	free(jobs);
	start();
	assert_works();
	finish();
}
END_TEST

/* A health check has an answer, too. */
START_TEST(noop)
{
	handle_t ctx;

	env("WEFT_DEADLINE_MS", "10");
	env("WEFT_ENGINE_THREADS", threads[_i]);
	ctx = new_ctx();
	ck_assert_int_eq(weft_ctx_inject(ctx, "lose:1"), 0);
	ck_assert_int_eq(weft_ctx_noop(ctx), -ETIMEDOUT);
	ck_assert_int_eq(weft_ctx_inject(ctx, ""), 0);
	/* The clock of a busy machine may come first once more. */
	while (weft_ctx_noop(ctx))
		sched_yield();
	ck_assert_int_eq(weft_ctx_reset(ctx), 0);
	wd_release_ctx(ctx);
}
END_TEST

/* ---- the device ------------------------------------------------------------------- */

START_TEST(reset_in_a_job)
{
	struct job *jobs;
	unsigned int bad = 0;

	begin(threads[_i]);
	jobs = new_jobs(40, c);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, "reset:3"), 0);
	ck_assert_int_eq(unpack_sync(), 0);
	ck_assert_int_eq(unpack_sync(), 0);
	ck_assert_int_eq(unpack_sync(), -WD_HW_EACCESS);
	for (size_t i = 0; i < LEN; i++)
		ck_assert_uint_eq(out[i], 0);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, ""), 0);
	ck_assert_int_eq(weft_ctx_inject(async_ctx, "reset:7"), 0);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	poll_for(40);
	for (int i = 0; i < 40; i++) {
		ck_assert_uint_eq(jobs[i].ended, 1);
		bad += jobs[i].wrong;
	}
	/* At least the one that it happened to, each time. */
	ck_assert_uint_ge(bad, injected(async_ctx, WEFT_INJECT_RESET));
	ck_assert_uint_ge(injected(async_ctx, WEFT_INJECT_RESET), 1);
	ck_assert_uint_eq(stats_of(async_ctx).errors, bad);
	assert_adds_up(async_ctx);
	free(jobs);
	end();
}
END_TEST

/* A device that is out of service says so to everybody, until it is taken back. */
START_TEST(isolated)
{
	struct weft_device dev = { .size = sizeof(dev) };
	struct uacce_dev *u;

	begin(threads[_i]);
	ck_assert_int_eq(weft_ctx_inject(sync_ctx, "isolate:2"), 0);
	ck_assert_int_eq(unpack_sync(), 0);
	ck_assert_int_eq(unpack_sync(), -WD_HW_EACCESS);
	ck_assert_int_eq(unpack_sync(), -WD_HW_EACCESS);
	ck_assert_int_eq(weft_device_list(&dev, 1), 1);
	ck_assert_str_eq(dev.state, "isolated");
	u = any_device();
	ck_assert_uint_eq(wd_request_ctx(u), 0);
	ck_assert_int_eq(errno, WD_ENODEV);
	free(u);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	rig_down(&rig);
	out_free();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inject");
	TCase *tcase = add_case(suite, "rules");

	tcase_add_test(tcase, rules);
	tcase_add_test(tcase, rules_of_the_environment);
	tcase_add_test(tcase, by_count_and_by_seed);

	tcase = add_case(suite, "astray");
	tcase_add_loop_test(tcase, lost, 0, 2);
	tcase_add_loop_test(tcase, lost_again_and_again, 0, 2);
	tcase_add_loop_test(tcase, lost_async, 0, 2);
	tcase_add_loop_test(tcase, late, 0, 2);
	tcase_add_loop_test(tcase, late_async, 0, 2);
	tcase_add_loop_test(tcase, twice, 0, 2);

	tcase = add_case(suite, "time");
	tcase_add_test(tcase, too_slow);
	tcase_add_test(tcase, bad_calls);
	tcase_add_test(tcase, wakes_the_loop);
	tcase_add_loop_test(tcase, streams_left_behind, 0, 2);
	tcase_add_loop_test(tcase, terms_change_meanwhile, 0, 2);
	tcase_add_loop_test(tcase, cancel, 0, 2);
	tcase_add_loop_test(tcase, noop, 0, 2);
	tcase_add_loop_test(tcase, released_with_lost_requests, 0, 2);

	tcase = add_case(suite, "device");
	tcase_add_loop_test(tcase, reset_in_a_job, 0, 2);
	tcase_add_loop_test(tcase, isolated, 0, 2);
	return run_suite(suite);
}
