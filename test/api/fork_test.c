/* SPDX-License-Identifier: MIT */
/*
 * fork(): the child starts as if nothing had been initialised, opens its own
 * when it uses a context, and does not disturb its parent.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "jobs.h"

static const char *const threads[] = { "0", "1", "2" };

/* From here on functions run in children: expect(), and nothing of check. */

static int own_class(void *arg)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB, .op_type = WD_DIR_COMPRESS };

	(void)arg;
	errno = 0;
	expect(!wd_comp_alloc_sess(&setup) && errno == EINVAL);
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == -WD_EEXIST);
	expect(!works());
	wd_comp_uninit2();
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	expect(!works());
	return 0;	/* without cleaning up */
}

START_TEST(child_starts_afresh)
{
	env("WEFT_ENGINE_THREADS", threads[_i]);
	start();
	assert_works();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(in_child(own_class, NULL), 0);
		assert_works();
	}
	finish();
	/* And without anything there to be forgotten. */
	ck_assert_int_eq(in_child(own_class, NULL), 0);
	start();
	assert_works();
	finish();
}
END_TEST

static int generation(void *depth)
{
	int more = *(int *)depth - 1;

	if (own_class(NULL))
		return 1;
	if (more) {
		expect(!in_child(generation, &more));
		expect(!works());
	}
	return 0;
}

START_TEST(grandchildren)
{
	int depth = slow() ? 2 : 4;

	env("WEFT_ENGINE_THREADS", threads[_i]);
	start();
	assert_works();
	ck_assert_int_eq(in_child(generation, &depth), 0);
	assert_works();
	finish();
}
END_TEST

/* ---- contexts and sessions of the parent ------------------------------------------ */

static int own_queue(void *arg)
{
	struct rig *rig = arg;

	for (unsigned int i = 0; i < rig->config.ctx_num; i++) {
		handle_t ctx = rig->ctxs[i].ctx;

		expect(weft_ctx_noop(ctx) == 0);
		expect(weft_ctx_pasid(ctx) > 0);
		expect(wd_ctx_mmap_qfr(ctx, UACCE_QFRT_DUS));
		expect(wd_ctx_get_dev_name(ctx));
	}
	return 0;
}

/* A class of the child's own over handles that it has inherited; used before, or not. */
static int same_contexts(void *arg)
{
	struct rig *rig = arg;

	expect(wd_comp_init(&rig->config, rig->sched) == 0);
	expect(!works());
	wd_comp_uninit();
	if (own_queue(rig))
		return 1;
	expect(wd_comp_init(&rig->config, rig->sched) == 0);
	expect(!works());
	wd_comp_uninit();
	for (unsigned int i = 0; i < rig->config.ctx_num; i++)
		wd_release_ctx(rig->ctxs[i].ctx);
	wd_sched_rr_release(rig->sched);
	return 0;
}

START_TEST(contexts_of_the_parent)
{
	struct weft_ctx_stats before = { .size = sizeof(before) }, after = before;
	struct rig rig;

	env("WEFT_ENGINE_THREADS", threads[_i]);
	rig_up(&rig, 2, 1);
	assert_works();
	ck_assert_int_eq(weft_ctx_stats(rig.ctxs[0].ctx, &before), 0);
	ck_assert_int_eq(in_child(own_queue, &rig), 0);
	ck_assert_int_eq(in_child(same_contexts, &rig), 0);
	ck_assert_int_eq(weft_ctx_stats(rig.ctxs[0].ctx, &after), 0);
	ck_assert_uint_eq(before.submitted, after.submitted);
	ck_assert_uint_eq(before.completed, after.completed);
	assert_works();
	rig_down(&rig);
}
END_TEST

static handle_t sess[2];

static int sessions_of_the_parent(void *arg)
{
	struct weft_report report = { .size = sizeof(report) };
	uint8_t out[100];
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));

	(void)arg;
	expect(wd_do_comp_sync(sess[0], &req) == -WD_EINVAL && req.status == UNTOUCHED);
	expect(wd_do_comp_strm(sess[0], &req) == -WD_EINVAL && req.status == UNTOUCHED);
	expect(weft_sess_report(sess[0], &report) == 0);
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	expect(wd_do_comp_sync(sess[0], &req) == -WD_EINVAL);
	wd_comp_free_sess(sess[0]);
	expect(weft_sess_report(sess[0], &report) == -EINVAL);
	expect(!works());
	wd_comp_free_sess(sess[1]);
	wd_comp_free_sess(sess[1]);
	expect(!works());
	wd_comp_uninit2();
	return 0;
}

/* The parent's streams are in the middle, and go on as if nothing had been. */
START_TEST(streams_of_the_parent)
{
	uint8_t in[3000], packed[5000], out[3000];
	struct wd_comp_req req;
	size_t made = 0, done = 0;

	env("WEFT_ENGINE_THREADS", threads[_i]);
	data_fill(DATA_MIXED, 1, in, sizeof(in));
	start();
	sess[0] = new_sess(WD_GZIP, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	sess[1] = new_sess(WD_GZIP, WD_DIR_DECOMPRESS, 0, 0);
	for (size_t i = 0; i < 3; i++) {
		size_t from = made;

		req = new_req(WD_DIR_COMPRESS, in + 1000 * i, 1000, packed + made,
			      sizeof(packed) - made);
		req.last = i == 2;
		assert_result(&req, 0, wd_do_comp_strm(sess[0], &req), i < 2 ? 0 : WD_STREAM_END);
		made += req.dst_len;
		ck_assert_int_eq(in_child(sessions_of_the_parent, NULL), 0);
		req = new_req(WD_DIR_DECOMPRESS, packed + from, made - from, out + done,
			      sizeof(out) - done);
		assert_result(&req, 0, wd_do_comp_strm(sess[1], &req), i < 2 ? 0 : WD_STREAM_END);
		done += req.dst_len;
	}
	ck_assert_uint_eq(done, sizeof(in));
	ck_assert_mem_eq(in, out, sizeof(in));
	wd_comp_free_sess(sess[0]);
	wd_comp_free_sess(sess[1]);
	finish();
}
END_TEST

/* ---- requests in flight ----------------------------------------------------------------- */

enum { JOBS = 100 };
static struct job *jobs;

static void jobs_send(void)
{
	for (int i = 0; i < JOBS; i++) {
		if (job_send(&jobs[i]))
			ck_abort_msg("job %d was refused", i);
	}
}

static unsigned int jobs_ended(void)
{
	unsigned int sum = 0;

	for (int i = 0; i < JOBS; i++)
		sum += jobs[i].ended;
	return sum;
}

/* In the child nothing is in flight: its callbacks never run. */
static int nothing_in_flight(void *arg)
{
	unsigned int before = jobs_ended();
	__u32 count = 0;

	(void)arg;
	expect(wd_comp_poll(1, &count) == -WD_EINVAL);
	if (own_class(NULL))
		return 1;
	expect(wd_comp_poll(JOBS, &count) == 0 && count == 0);
	expect(jobs_ended() == before);
	return 0;
}

START_TEST(in_flight)
{
	env("WEFT_ENGINE_THREADS", threads[_i]);
	start();
	sess[0] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(JOBS, sess[0]);
	for (int round = 0; round < 3; round++) {
		jobs_send();
		ck_assert_int_eq(in_child(nothing_in_flight, NULL), 0);
		/* Half collected, half not. */
		poll_for(JOBS / 2);
		ck_assert_int_eq(in_child(nothing_in_flight, NULL), 0);
		poll_for(JOBS / 2);
		assert_jobs(jobs, JOBS);
	}
	wd_comp_free_sess(sess[0]);
	assert_works();
	finish();
	free(jobs);
}
END_TEST

struct forker {
	int forks, failed;
	bool done;
};

static void *fork_and_wait(void *arg)
{
	struct forker *f = arg;

	for (int i = 0; i < f->forks; i++)
		f->failed += in_child(own_class, NULL) != 0;
	__atomic_store_n(&f->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* From another thread, while this one sends, polls and streams. */
START_TEST(from_another_thread)
{
	struct forker f = { .forks = slow() ? 5 : 25 };
	pthread_t thread;

	if (!can_fork_beside_threads())
		return;
	env("WEFT_ENGINE_THREADS", threads[_i]);
	start();
	sess[0] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(JOBS, sess[0]);
	ck_assert_int_eq(pthread_create(&thread, NULL, fork_and_wait, &f), 0);
	do {
		jobs_send();
		if (works())
			ck_abort_msg("the parent was disturbed");
		poll_for(JOBS);
	} while (!__atomic_load_n(&f.done, __ATOMIC_ACQUIRE));
	pthread_join(thread, NULL);
	ck_assert_int_eq(f.failed, 0);
	assert_jobs(jobs, JOBS);
	wd_comp_free_sess(sess[0]);
	finish();
	free(jobs);
}
END_TEST

/* A child that is in the middle of everything when it goes. */
static int leave_it_all(void *arg)
{
	uint8_t out[700];
	struct wd_comp_req req;

	(void)arg;
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	sess[0] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	expect(wd_do_comp_strm(sess[0], &req) == 0);
	jobs = new_jobs(JOBS, sess[0]);
	jobs_send();
	return 0;
}

START_TEST(child_leaves_it_all)
{
	int left = free_ctxs();

	env("WEFT_ENGINE_THREADS", threads[_i]);
	start();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(in_child(leave_it_all, NULL), 0);
	assert_works();
	finish();
	ck_assert_int_eq(free_ctxs(), left);
}
END_TEST

static void *ended(struct wd_comp_req *req, void *count)
{
	__atomic_fetch_add((unsigned int *)count, req->status ? 100 : 1, __ATOMIC_RELEASE);
	return NULL;
}

/* The library's polling threads do not exist in the child; it may have its own. */
static int own_pollers(void *arg)
{
	static unsigned int count;
	uint8_t out[100];
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));

	(void)arg;
	expect(wd_comp_env_init(NULL) == 0);
	sess[0] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req.cb = ended;
	req.cb_param = &count;
	expect(wd_do_comp_async(sess[0], &req) == 0);
	while (!__atomic_load_n(&count, __ATOMIC_ACQUIRE))
		sched_yield();
	wd_comp_free_sess(sess[0]);
	expect(!works());
	wd_comp_env_uninit();
	expect(wd_comp_init2("zlib", 0, 0) == 0);
	expect(!works());
	return 0;
}

START_TEST(polling_threads)
{
	if (!can_fork_beside_threads())
		return;
	env("WEFT_ENGINE_THREADS", "2");
	env("WD_COMP_ASYNC_POLL_EN", "1");
	ck_assert_int_eq(wd_comp_env_init(NULL), 0);
	assert_works();
	ck_assert_int_eq(in_child(own_class, NULL), 0);
	ck_assert_int_eq(in_child(own_pollers, NULL), 0);
	assert_works();
	wd_comp_env_uninit();
	ck_assert_int_eq(in_child(own_pollers, NULL), 0);
}
END_TEST

/* ---- descriptors -------------------------------------------------------------------------- */

static int count_fds(void *arg)
{
	(void)arg;
	return (int)open_fds();
}

START_TEST(child_inherits_no_descriptor)
{
	int before;
	handle_t ctx;

	env("WEFT_ENGINE_THREADS", "2");
	wd_release_ctx(new_ctx());
	before = in_child(count_fds, NULL);
	ctx = new_ctx();
	start();
	assert_works();
	ck_assert_int_eq(in_child(count_fds, NULL), before);
	finish();
	wd_release_ctx(ctx);
}
END_TEST

/* "fd -> what it is" of each descriptor that is open now. */
static size_t list_fds(char *text, size_t len)
{
	char path[64], target[256];
	size_t at = 0;

	for (int fd = 3; fd < 1024 && at < len; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		at += (size_t)snprintf(text + at, len - at, "%d -> %s\n", fd, target);
	}
	return at;
}

static int exec_ls(void *fd)
{
	dup2(*(int *)fd, STDOUT_FILENO);
	execlp("ls", "ls", "-l", "/proc/self/fd", (char *)NULL);
	return 127;
}

/* A program that is executed has none of ours, whatever way it came to be. */
START_TEST(exec_inherits_no_descriptor)
{
	static char before[8192], after[16384], listed[16384];
	char *line, *save = NULL;
	handle_t ctx;
	ssize_t len;
	size_t at = 0;
	int ends[2];

	env("WEFT_ENGINE_THREADS", "2");
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	list_fds(before, sizeof(before));
	ctx = new_ctx();
	start();
	assert_works();
	/* Without this there would be none to inherit. */
	ck_assert_int_ge(weft_ctx_wait_fd(ctx), 0);
	list_fds(after, sizeof(after));
	ck_assert_int_eq(in_child(exec_ls, &ends[1]), -1);	/* it became another program */
	close(ends[1]);
	while ((len = read(ends[0], listed + at, sizeof(listed) - 1 - at)) > 0)
		at += (size_t)len;
	close(ends[0]);
	ck_assert_uint_gt(at, 0);
	ck_assert_str_ne(before, after);
	for (line = strtok_r(after, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char whole[400];

		snprintf(whole, sizeof(whole), " %s\n", line);
		if (!strstr(before, line))
			ck_assert_msg(!strstr(listed, whole), "inherited: %s", line);
	}
	finish();
	wd_release_ctx(ctx);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fork");
	TCase *tcase = add_case(suite, "own");

	tcase_add_loop_test(tcase, child_starts_afresh, 0, 3);
	tcase_add_loop_test(tcase, grandchildren, 0, 3);

	tcase = add_case(suite, "inherited");
	tcase_add_loop_test(tcase, contexts_of_the_parent, 0, 3);
	tcase_add_loop_test(tcase, streams_of_the_parent, 0, 3);

	tcase = add_case(suite, "in flight");
	tcase_add_loop_test(tcase, in_flight, 0, 3);
	tcase_add_loop_test(tcase, from_another_thread, 0, 3);
	tcase_add_loop_test(tcase, child_leaves_it_all, 0, 3);
	tcase_add_test(tcase, polling_threads);

	tcase = add_case(suite, "descriptors");
	tcase_add_test(tcase, child_inherits_no_descriptor);
	tcase_add_test(tcase, exec_inherits_no_descriptor);
	return run_suite(suite);
}
