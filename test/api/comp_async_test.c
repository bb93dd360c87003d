/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous requests: every one ends exactly once with its own result,
 * whoever does the work and whoever polls.
 */
#include <pthread.h>
#include <sched.h>

#include "jobs.h"

/* ---- depth ------------------------------------------------------------------- */

static const unsigned int depths[] = { 1, 16, 64, 1024 };

START_TEST(at_depth)
{
	unsigned int depth = depths[_i / WORKERS];
	unsigned int left = depth + (slow() ? 500 : 2500), in_flight = 0;
	struct job *jobs;
	struct rig rig;
	handle_t sess;

	work_by(_i % WORKERS);
	rig_up(&rig, 1, 1);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(depth, sess);
	while (left || in_flight) {
		__u32 count;
		int ret;

		for (unsigned int i = 0; i < depth && left && in_flight < depth; i++) {
			if (jobs[i].sent != jobs[i].ended)
				continue;
			if (job_send(&jobs[i]))
				ck_abort_msg("refused with %u in flight", in_flight);
			in_flight++;
			left--;
		}
		ret = wd_comp_poll_ctx(1, depth, &count);
		if ((ret && ret != -WD_EAGAIN) || count > in_flight || (!ret && count != depth))
			ck_abort_msg("poll returned %d, %u of %u", ret, count, in_flight);
		in_flight -= count;
		if (!count)
			sched_yield();
	}
	assert_jobs(jobs, depth);
	wd_comp_free_sess(sess);
	assert_works();
	rig_down(&rig);
	free(jobs);
}
END_TEST

/* Each callback sends the next request. */
START_TEST(sent_from_callbacks)
{
	enum { JOBS = 20, TIMES = 50 };
	struct job *jobs;
	struct rig rig;
	handle_t sess;

	work_by(_i);
	rig_up(&rig, 1, 2);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(JOBS, sess);
	for (int i = 0; i < JOBS; i++) {
		jobs[i].again = TIMES;
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	}
	poll_for(JOBS * (TIMES + 1));
	assert_jobs(jobs, JOBS);
	wd_comp_free_sess(sess);
	rig_down(&rig);
	free(jobs);
}
END_TEST

/* In a callback, the ring of a full context has not yet got its place back. */
START_TEST(sent_from_callbacks_of_a_full_ring)
{
	struct job *jobs;
	struct rig rig;
	handle_t sess;

	env("WEFT_ENGINE_THREADS", "0");
	env("WEFT_QUEUE_DEPTH", "8");
	rig_up(&rig, 1, 1);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(8, sess);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	jobs[0].again = 1;
	poll_for(8);
	/* It was sent, or refused as it would have been outside. */
	ck_assert_uint_le(jobs[0].wrong, 1);
	poll_for(jobs[0].sent - jobs[0].ended);
	jobs[0].wrong = 0;
	assert_jobs(jobs, 8);
	wd_comp_free_sess(sess);
	rig_down(&rig);
	free(jobs);
}
END_TEST

/* ---- what polling promises ------------------------------------------------------ */

START_TEST(count_and_limit)
{
	struct job *jobs;
	struct rig rig;
	handle_t sess;
	__u32 count;

	env("WEFT_ENGINE_THREADS", "0");
	rig_up(&rig, 1, 2);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);	/* on context 1 */
	jobs = new_jobs(100, sess);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	count = 50;
	ck_assert_int_eq(wd_comp_poll_ctx(1, 3, &count), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(wd_comp_poll_ctx(2, 3, &count), -WD_EAGAIN);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(wd_comp_poll_ctx(1, 60, &count), 0);
	ck_assert_uint_eq(count, 60);
	count = 50;
	ck_assert_int_eq(wd_comp_poll(1, &count), 0);
	ck_assert_uint_eq(count, 51);
	ck_assert_int_eq(wd_comp_poll(7, &count), 0);
	ck_assert_uint_eq(count, 58);
	ck_assert_int_eq(wd_comp_poll_ctx(1, 1000, &count), -WD_EAGAIN);
	ck_assert_uint_eq(count, 29);
	count = 5;
	ck_assert_int_eq(wd_comp_poll(1, &count), 0);
	ck_assert_uint_eq(count, 5);
	assert_jobs(jobs, 100);
	wd_comp_free_sess(sess);
	rig_down(&rig);
	free(jobs);
}
END_TEST

/* A busy context does not keep the others from being polled. */
START_TEST(fair_polling)
{
	enum { JOBS = 64 };
	unsigned int in_flight = 0;
	struct job *busy, *quiet;
	struct rig rig;
	handle_t sess[2];
	__u32 count;

	env("WEFT_ENGINE_THREADS", "0");
	rig_up(&rig, 1, 2);
	sess[0] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	sess[1] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	busy = new_jobs(JOBS, sess[_i]);
	quiet = new_jobs(1, sess[!_i]);
	for (int i = 0; i < JOBS; i++) {
		busy[i].again = 50;
		ck_assert_int_eq(job_send(&busy[i]), 0);
	}
	ck_assert_int_eq(job_send(quiet), 0);
	for (int i = 0; i < 40 && !quiet->ended; i++) {
		count = 0;
		ck_assert_int_eq(wd_comp_poll(JOBS, &count), 0);
	}
	ck_assert_uint_eq(quiet->ended, 1);
	for (int i = 0; i < JOBS; i++) {
		busy[i].again = 0;
		in_flight += busy[i].sent - busy[i].ended;
	}
	poll_for(in_flight);
	assert_jobs(busy, JOBS);
	assert_jobs(quiet, 1);
	wd_comp_free_sess(sess[0]);
	wd_comp_free_sess(sess[1]);
	rig_down(&rig);
	free(busy);
	free(quiet);
}
END_TEST

/* ---- several threads -------------------------------------------------------------- */

struct crowd {
	struct job *jobs;	/* of this thread */
	unsigned int count;
	unsigned int *total, want;
	__u32 from, to;		/* contexts that it polls */
	unsigned int bad;
};

static void *sender(void *arg)
{
	struct crowd *crowd = arg;

	for (unsigned int i = 0; i < crowd->count; i++) {
		while (job_send(&crowd->jobs[i]))
			sched_yield();
	}
	return NULL;
}

static void *poller(void *arg)
{
	struct crowd *crowd = arg;

	while (__atomic_load_n(crowd->total, __ATOMIC_ACQUIRE) < crowd->want) {
		bool any = false;

		for (__u32 ctx = crowd->from; ctx <= crowd->to; ctx++) {
			__u32 count;
			int ret = wd_comp_poll_ctx(ctx, 5, &count);

			crowd->bad += ret ? ret != -WD_EAGAIN : count != 5;
			any |= count != 0;
		}
		if (!any)
			sched_yield();
	}
	return NULL;
}

/* @_i: who works, and whether everybody polls everything or each their own. */
START_TEST(crowded)
{
	enum { SENDERS = 3, JOBS = 600 };	/* and as many pollers */
	bool shared = _i / WORKERS;
	struct crowd senders[SENDERS], pollers[SENDERS];
	unsigned int count = slow() ? 100 : JOBS, total = 0;
	pthread_t send_threads[SENDERS], poll_threads[SENDERS];
	struct rig rig;

	work_by(_i % WORKERS);
	env("WEFT_QUEUE_DEPTH", "128");
	rig_up(&rig, 1, SENDERS);
	for (unsigned int i = 0; i < SENDERS; i++) {
		struct job *jobs = new_jobs(count, new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1,
							    WD_COMP_WS_32K));

		for (unsigned int j = 0; j < count; j++)
			jobs[j].total = &total;
		senders[i] = (struct crowd){ .jobs = jobs, .count = count };
		pollers[i] = (struct crowd){
			.total = &total,
			.want = SENDERS * count,
			.from = shared ? 1 : 1 + i,
			.to = shared ? SENDERS : 1 + i,
		};
	}
	for (int i = 0; i < SENDERS; i++) {
		ck_assert_int_eq(pthread_create(&poll_threads[i], NULL, poller, &pollers[i]), 0);
		ck_assert_int_eq(pthread_create(&send_threads[i], NULL, sender, &senders[i]), 0);
	}
	for (int i = 0; i < SENDERS; i++) {
		pthread_join(poll_threads[i], NULL);
		pthread_join(send_threads[i], NULL);
	}
	ck_assert_uint_eq(total, SENDERS * count);
	for (int i = 0; i < SENDERS; i++) {
		ck_assert_uint_eq(pollers[i].bad, 0);
		assert_jobs(senders[i].jobs, count);
		wd_comp_free_sess(senders[i].jobs[0].sess);
		free(senders[i].jobs);
	}
	rig_down(&rig);
}
END_TEST

struct mixed {
	handle_t c, d;
	unsigned int rounds, wrong;
};

static void *synchronous(void *arg)
{
	struct mixed *m = arg;
	uint8_t in[3000], packed[4000], out[3000];

	data_fill(DATA_TEXT, 5, in, sizeof(in));
	for (unsigned int i = 0; i < m->rounds; i++) {
		struct wd_comp_req req = new_req(WD_DIR_COMPRESS, in, sizeof(in), packed,
						 sizeof(packed));
		int ret = wd_do_comp_sync(m->c, &req);

		if (!ret && !req.status) {
			req = new_req(WD_DIR_DECOMPRESS, packed, req.dst_len, out, sizeof(out));
			ret = wd_do_comp_sync(m->d, &req);
		}
		m->wrong += ret || req.status || memcmp(in, out, sizeof(in));
	}
	return NULL;
}

/* Many threads, one context, blocks of one session at once; @_i: who works, and how they wait. */
START_TEST(one_context_many_threads)
{
	enum { THREADS = 5 };
	struct mixed m[THREADS];
	pthread_t threads[THREADS];
	struct job *jobs;
	handle_t c, d;

	work_by(_i % WORKERS);
	env("WEFT_SPIN_US", _i < WORKERS ? "20" : "0");
	/* Both modes on one context: those who wait and those who poll take from one ring. */
	ck_assert_int_eq(wd_comp_init2("zlib", SCHED_POLICY_NONE, TASK_MIX), 0);
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	jobs = new_jobs(50, c);
	for (int i = 0; i < THREADS; i++) {
		m[i] = (struct mixed){ .c = c, .d = d, .rounds = slow() ? 40 : 200 };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, synchronous, &m[i]), 0);
	}
	for (int i = 0; i < 50; i++) {
		jobs[i].again = 5;
		if (job_send(&jobs[i]))
			ck_abort_msg("job %d was refused", i);
	}
	poll_for(300);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_uint_eq(m[i].wrong, 0);
	}
	assert_jobs(jobs, 50);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
	free(jobs);
}
END_TEST

/* ---- results ---------------------------------------------------------------------------- */

static void *keep(struct wd_comp_req *req, void *param)
{
	*(struct wd_comp_req *)param = *req;
	return NULL;
}

/* Good and bad ones side by side, each with its own end. */
START_TEST(errors_among_good_ones)
{
	static const __u32 want[] = { 0, WD_IN_EPARA, WD_ADDR_ERR, WD_IN_EPARA, 0 };
	uint8_t in[1000], packed[1500], bad[1500], out[50][1000];
	struct wd_comp_req req, done[50];
	struct rig rig;
	size_t len;
	handle_t d;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	len = oracle_encode(WD_GZIP, NULL, in, sizeof(in), packed, sizeof(packed));
	memcpy(bad, packed, sizeof(bad));
	bad[len - 5] ^= 1;
	work_by(_i);
	rig_up(&rig, 1, 1);
	d = new_sess(WD_GZIP, WD_DIR_DECOMPRESS, 0, 0);
	for (size_t i = 0; i < 50; i++) {
		req = new_req(WD_DIR_DECOMPRESS, packed, len, out[i], sizeof(out[i]));
		if (i % 5 == 1)
			req.src = bad;
		else if (i % 5 == 2)
			req.src = (void *)(uintptr_t)0x4000;
		else if (i % 5 == 3)
			req.dst_len = 999;
		req.cb = keep;
		req.cb_param = &done[i];
		done[i].status = UNTOUCHED;
		ck_assert_int_eq(wd_do_comp_async(d, &req), 0);
	}
	poll_for(50);
	for (size_t i = 0; i < 50; i++) {
		ck_assert_uint_eq(done[i].status, want[i % 5]);
		if (!want[i % 5])
			ck_assert_mem_eq(out[i], in, sizeof(in));
	}
	wd_comp_free_sess(d);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_async");
	TCase *tcase = add_case(suite, "depth");

	tcase_add_loop_test(tcase, at_depth, 0, WORKERS * ARRAY_SIZE(depths));
	tcase_add_loop_test(tcase, sent_from_callbacks, 0, WORKERS);
	tcase_add_test(tcase, sent_from_callbacks_of_a_full_ring);

	tcase = add_case(suite, "polling");
	tcase_add_test(tcase, count_and_limit);
	tcase_add_loop_test(tcase, fair_polling, 0, 2);
	tcase_add_loop_test(tcase, errors_among_good_ones, 0, WORKERS);

	tcase = add_case(suite, "threads");
	tcase_add_loop_test(tcase, crowded, 0, WORKERS * 2);
	tcase_add_loop_test(tcase, one_context_many_threads, 0, WORKERS * 2);
	return run_suite(suite);
}
