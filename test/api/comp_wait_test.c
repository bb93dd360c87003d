/* SPDX-License-Identifier: MIT */
/* Waiting for asynchronous requests, and ends that come while they are out. */
#include <poll.h>

#include "jobs.h"

/* ---- waiting ------------------------------------------------------------------------ */

/* wd_ctx_wait() says that something has come, and leaves it to be polled. */
START_TEST(wait_then_poll)
{
	struct job *jobs;
	struct rig rig;
	handle_t sess;
	__u32 count;

	work_by(_i % WORKERS);
	env("WEFT_SPIN_US", _i < WORKERS ? "20" : "0");
	rig_up(&rig, 1, 1);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(1, sess);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(job_send(jobs), 0);
		ck_assert_int_gt(wd_ctx_wait(rig.ctxs[1].ctx, 60000), 0);
		ck_assert_int_gt(wd_ctx_wait(rig.ctxs[1].ctx, 0), 0);
		ck_assert_uint_eq(jobs->ended, (unsigned int)i);
		ck_assert_int_eq(wd_comp_poll_ctx(1, 1, &count), 0);
		ck_assert_int_eq(wd_ctx_wait(rig.ctxs[1].ctx, 0), 0);
	}
	assert_jobs(jobs, 1);
	wd_comp_free_sess(sess);
	rig_down(&rig);
	free(jobs);
}
END_TEST

static int readable(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) > 0;
}

/* A call for what has been taken already may come late; there is nothing behind it. */
static void assert_quiet(int fd)
{
	__u32 count;

	while (readable(fd, 0))
		ck_assert_int_eq(wd_comp_poll_ctx(1, 1, &count), -WD_EAGAIN);
}

START_TEST(wait_fd)
{
	struct job *jobs;
	struct rig rig;
	handle_t sess;
	__u32 count;
	int fd;

	env("WEFT_ENGINE_THREADS", _i & 1 ? "2" : "1");
	env("WEFT_INLINE", _i & 2 ? "1" : "0");
	rig_up(&rig, 1, 1);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(10, sess);
	/* What was sent before anybody asked counts, too. */
	ck_assert_int_eq(job_send(&jobs[0]), 0);
	fd = weft_ctx_wait_fd(rig.ctxs[1].ctx);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(weft_ctx_wait_fd(rig.ctxs[1].ctx), fd);
	ck_assert_int_eq(readable(fd, -1), 1);
	while (wd_comp_poll_ctx(1, 1, &count) != -WD_EAGAIN)
		;
	assert_quiet(fd);
	for (int round = 0; round < 50; round++) {
		unsigned int got = 0;

		for (int i = 0; i < 10; i++)
			ck_assert_int_eq(job_send(&jobs[i]), 0);
		while (got < 10) {
			ck_assert_int_eq(readable(fd, -1), 1);
			while (wd_comp_poll_ctx(1, 3, &count) == 0)
				got += count;
			got += count;
		}
		ck_assert_uint_eq(got, 10);
		assert_quiet(fd);
	}
	assert_jobs(jobs, 10);
	wd_comp_free_sess(sess);
	rig_down(&rig);
	free(jobs);
}
END_TEST

START_TEST(no_wait_fd)
{
	handle_t ctx;

	ck_assert_int_eq(weft_ctx_wait_fd(0), -EINVAL);
	env("WEFT_ENGINE_THREADS", "0");
	ctx = new_ctx();
	ck_assert_int_eq(weft_ctx_wait_fd(ctx), -EOPNOTSUPP);
	wd_release_ctx(ctx);
}
END_TEST

/* ---- ends in the middle --------------------------------------------------------------- */

/* A session that is freed with requests out lives until the last one has ended. */
START_TEST(session_is_freed)
{
	struct job *jobs;
	struct rig rig;
	handle_t sess;

	work_by(_i);
	rig_up(&rig, 1, 1);
	for (int round = 0; round < 5; round++) {
		sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
		jobs = new_jobs(101, sess);
		for (int i = 0; i < 100; i++)
			ck_assert_int_eq(job_send(&jobs[i]), 0);
		wd_comp_free_sess(sess);
		ck_assert_int_eq(job_send(&jobs[100]), -WD_EINVAL);
		poll_for(100);
		assert_jobs(jobs, 100);
		free(jobs);
	}
	rig_down(&rig);
}
END_TEST

START_TEST(session_is_freed_in_its_callback)
{
	struct job *jobs;
	handle_t sess;

	work_by(_i);
	start();
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(2, sess);
	jobs[0].again = 1;
	ck_assert_int_eq(job_send(&jobs[0]), 0);
	wd_comp_free_sess(sess);
	finish();
	/* Its callback tries to send, and is refused; the class goes with it. */
	poll_for(1);
	ck_assert_uint_eq(jobs[0].ended, 1);
	ck_assert_uint_eq(jobs[0].wrong, 1);
	start();
	assert_works();
	finish();
	free(jobs);
}
END_TEST

/* Contexts that are released with requests out: no callback, and nothing leaks. */
START_TEST(contexts_are_released)
{
	int left = free_ctxs();
	unsigned int fds;
	struct job *jobs;
	struct rig rig;
	handle_t sess;

	work_by(_i % WORKERS);
	wd_release_ctx(new_ctx());
	fds = open_fds();
	rig_up(&rig, 1, 2);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(200, sess);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	if (_i / WORKERS)
		poll_for(20);
	wd_comp_uninit();
	wd_comp_free_sess(sess);
	rig_release(&rig);
	for (int i = 0; i < 200; i++)
		ck_assert_uint_le(jobs[i].ended, 1);
	ck_assert_int_eq(free_ctxs(), left);
	ck_assert_uint_eq(open_fds(), fds);
	start();
	assert_works();
	finish();
	free(jobs);
}
END_TEST

/*
 * Programs close descriptors that they do not know: contexts at work have none. Page
 * requests need one, for all contexts: the kernel is asked through it what is there.
 */
START_TEST(no_descriptor_is_open)
{
	const char *mode = getenv("WEFT_FAULT_MODE");
	unsigned int fds = open_fds() + (mode && !strcmp(mode, "pri"));
	struct job *jobs;
	handle_t sess;

	work_by(_i);
	start();
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(50, sess);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(job_send(&jobs[i]), 0);
	poll_for(50);
	assert_works();
	ck_assert_uint_eq(open_fds(), fds);
	assert_jobs(jobs, 50);
	wd_comp_free_sess(sess);
	finish();
	free(jobs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_wait");
	TCase *tcase = add_case(suite, "waiting");

	tcase_add_loop_test(tcase, wait_then_poll, 0, WORKERS * 2);
	tcase_add_loop_test(tcase, wait_fd, 0, 4);
	tcase_add_test(tcase, no_wait_fd);

	tcase = add_case(suite, "ends");
	tcase_add_loop_test(tcase, session_is_freed, 0, WORKERS);
	tcase_add_loop_test(tcase, session_is_freed_in_its_callback, 0, WORKERS);
	tcase_add_loop_test(tcase, contexts_are_released, 0, WORKERS * 2);
	tcase_add_loop_test(tcase, no_descriptor_is_open, 0, WORKERS);
	return run_suite(suite);
}
