/* SPDX-License-Identifier: MIT */
/*
 * New processes, in every way that they are made: forks eight deep and sixteen
 * wide, from a thread that is not the main one and with jobs in flight, daemons,
 * programs that are executed, and children that end without cleaning up. Each has
 * contexts and PASIDs of its own on first use, and the parent does not notice.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../quiet_fork.h"
#include "rig.h"

#define JOBS	60

static const char *const threads[] = { "0", "2" };
static handle_t sess;
static struct job *jobs;
static char self[4096];

/* ---- the parent: always in the middle of something --------------------------------- */

static void begin(int i)
{
	env("WEFT_ENGINE_THREADS", threads[i % 2]);
	start();
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	jobs = new_jobs(JOBS, sess);
}

static void in_flight(void)
{
	for (int i = 0; i < JOBS; i++) {
		if (job_send(&jobs[i]))
			ck_abort_msg("job %d was refused", i);
	}
}

static void landed(void)
{
	poll_for(JOBS);
	assert_jobs(jobs, JOBS);
}

static void end(void)
{
	wd_comp_free_sess(sess);
	assert_works();
	finish();
	free(jobs);
}

/* ---- children: expect(), and nothing of check ---------------------------------------- */

/* Requests in flight, a stream in the middle, a context more; and it is right. */
static int live(void)
{
	uint8_t out[700];
	struct wd_comp_req req;
	handle_t own, ctx;
	struct job *mine;
	struct uacce_dev *dev;
	__u32 count = 0;

	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	expect(!works());
	dev = wd_get_accel_dev("zlib");
	expect(dev);
	ctx = wd_request_ctx(dev);
	free(dev);
	expect(ctx && weft_ctx_pasid(ctx) > 0 && !weft_ctx_noop(ctx));
	own = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	expect(wd_do_comp_strm(own, &req) == 0);
	mine = new_jobs(10, own);
	for (int i = 0; i < 10; i++)
		expect(!job_send(&mine[i]));
	while (count < 5) {
		__u32 n = 0;

		expect(!wd_comp_poll(1, &n));
		count += n;
	}
	return 0;
}

static int generation(void *depth)
{
	int more = *(int *)depth - 1;

	if (live())
		return 1;
	if (more) {
		expect(!in_child(generation, &more));
		expect(!works());
	}
	return 0;
}

START_TEST(eight_deep)
{
	int depth = on_valgrind() ? 2 : 8;

	begin(_i);
	in_flight();
	ck_assert_int_eq(in_child(generation, &depth), 0);
	landed();
	end();
}
END_TEST

static int live_once(void *arg)
{
	(void)arg;
	return live();
}

/* The children are all there before the first one is waited for. */
static void *sixteen(void *failed)
{
	pid_t pids[16];
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = quiet_fork();
		if (!pids[i])
			_exit(live());
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		waitpid(pids[i], &status, 0);
		if (pids[i] < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			__atomic_fetch_add((int *)failed, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

START_TEST(sixteen_from_another_thread)
{
	pthread_t thread;
	int failed = 0;

	begin(_i);
	ck_assert_int_eq(pthread_create(&thread, NULL, sixteen, &failed), 0);
	for (int i = 0; i < 20; i++) {
		in_flight();
		landed();
	}
	in_flight();
	pthread_join(thread, NULL);
	landed();
	ck_assert_int_eq(failed, 0);
	end();
}
END_TEST

/* ---- each has its own ------------------------------------------------------------------ */

struct shared {
	uint8_t *src, *dst;
	handle_t ctx;
	struct rig *rig;
};

/* The child's jobs write the child's memory, through a PASID and rings of its own. */
static int writes_its_own(void *arg)
{
	struct shared *s = arg;
	struct weft_ctx_stats stats = { .size = sizeof(stats) };
	struct wd_comp_req req;
	handle_t own;

	expect(wd_comp_init(&s->rig->config, s->rig->sched) == 0);
	own = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	memset(s->src, 'c', 10000);
	req = new_req(WD_DIR_COMPRESS, s->src, 10000, s->dst, 20000);
	expect(wd_do_comp_sync(own, &req) == 0 && !req.status && s->dst[0] == 0x78);
	expect(weft_ctx_stats(s->ctx, &stats) == 0);
	expect(stats.submitted == stats.completed && stats.submitted <= 2);
	return 0;
}

START_TEST(memory_and_rings)
{
	struct rig rig;
	struct shared s = { .rig = &rig };
	uint64_t before;

	env("WEFT_ENGINE_THREADS", threads[_i]);
	rig_up(&rig, 1, 0);
	s.ctx = rig.ctxs[0].ctx;
	s.src = calloc(1, 10000);
	s.dst = calloc(1, 20000);
	ck_assert_int_eq(weft_ctx_noop(s.ctx), 0);
	before = stats_of(s.ctx).submitted;
	ck_assert_int_eq(in_child(writes_its_own, &s), 0);
	ck_assert_uint_eq(stats_of(s.ctx).submitted, before);
	for (size_t i = 0; i < 20000; i++)
		ck_assert_uint_eq(s.dst[i] | s.src[i / 2], 0);
	rig_down(&rig);
	free(s.src);
	free(s.dst);
}
END_TEST

/* ---- ends ------------------------------------------------------------------------------- */

static int leave_by_exit(void *arg)
{
	(void)arg;
	if (live())
		return 1;
	/* Destructors of the library run, with everything open and in flight. */
	exit(0);
}

static int leave_by_signal(void *arg)
{
	(void)arg;
	if (live())
		return 1;
	kill(getpid(), SIGKILL);
	return 1;
}

START_TEST(without_cleaning_up)
{
	int status;
	pid_t pid;

	begin(_i);
	in_flight();
	ck_assert_int_eq(in_child(live_once, NULL), 0);	/* by _exit() */
	ck_assert_int_eq(in_child(leave_by_signal, NULL), -1);
	fflush(NULL);
	pid = quiet_fork();
	if (!pid)
		_exit(leave_by_exit(NULL));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* A leak checker may object to what it leaves; it may not crash or hang. */
	ck_assert(WIFEXITED(status));
	landed();
	end();
}
END_TEST

/* ---- daemons and programs ------------------------------------------------------------------ */

/* As the book says: two forks, a session of its own, no descriptor left but the report. */
static int daemonise(int report)
{
	signed char result;
	pid_t pid = quiet_fork();

	if (pid)
		return pid < 0;
	setsid();
	pid = quiet_fork();
	if (pid)
		_exit(pid < 0);
	umask(0);
	result = (signed char)(chdir("/") != 0);
	for (int fd = 0; fd < 1024; fd++) {
		if (fd != report)
			close(fd);
	}
	if (open("/dev/null", O_RDWR) || dup(0) != 1 || dup(0) != 2)
		result = 2;
	if (!result)
		result = (signed char)live();
	if (write(report, &result, 1) != 1)
		_exit(1);
	_exit(0);
}

START_TEST(daemon_of_ours)
{
	signed char result = -1;
	int ends[2], status;

	begin(_i);
	in_flight();
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	ck_assert_int_eq(daemonise(ends[1]), 0);
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &result, 1), 1);
	ck_assert_int_eq(result, 0);
	close(ends[0]);
	while (waitpid(-1, &status, WNOHANG) > 0)
		;
	landed();
	end();
}
END_TEST

static bool ended_well(pid_t pid)
{
	int status = -1;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

/* The same program anew, by fork, vfork and posix_spawn. */
START_TEST(executed)
{
	char *argv[] = { self, (char *)"--live", NULL };
	pid_t pid;

	/* valgrind does not follow, and leak checkers have their own mind. */
	if (on_valgrind())
		return;
	begin(_i);
	in_flight();
	fflush(NULL);
	pid = quiet_fork();
	if (!pid) {
		execv(self, argv);
		_exit(127);
	}
	ck_assert(ended_well(pid));
	pid = vfork();
	if (!pid) {
		execv(self, argv);
		_exit(127);
	}
	ck_assert(ended_well(pid));
	ck_assert_int_eq(posix_spawn(&pid, self, NULL, NULL, argv, environ), 0);
	ck_assert(ended_well(pid));
	landed();
	end();
}
END_TEST

/* In a program of its own, where check has nobody to report to. */
static int live_alone(void)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB, .op_type = WD_DIR_COMPRESS };
	uint8_t in[5000], out[8000], back[5000];
	struct wd_comp_req req;
	handle_t own;

	data_fill(DATA_MIXED, 1, in, sizeof(in));
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	own = wd_comp_alloc_sess(&setup);
	expect(own);
	req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, sizeof(out));
	expect(wd_do_comp_sync(own, &req) == 0 && !req.status);
	expect(oracle_decode(WD_ZLIB, out, req.dst_len, back, sizeof(back), NULL) == sizeof(in));
	expect(!memcmp(in, back, sizeof(in)));
	wd_comp_free_sess(own);
	wd_comp_uninit2();
	return 0;
}

int main(int argc, char **argv)
{
	Suite *suite;
	TCase *tcase;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc == 2 && !strcmp(argv[1], "--live"))
		_exit(live_alone());
	if (len < 0)
		return 1;
	/*
	 * It looks for leaks in every child that ends: for minutes, in memory that was not
	 * inherited, and it finds what threads of the parent held when the child was made.
	 */
	if (on_valgrind()) {
		printf("1..0 # SKIP valgrind takes what other threads held for leaks of a child\n");
		return 0;
	}
	suite = suite_create("process");
	tcase = add_case(suite, "forks");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, eight_deep, 0, 2);
	tcase_add_loop_test(tcase, sixteen_from_another_thread, 0, 2);
	tcase_add_loop_test(tcase, memory_and_rings, 0, 2);

	tcase = add_case(suite, "ends");
	tcase_add_loop_test(tcase, without_cleaning_up, 0, 2);
	tcase_add_loop_test(tcase, daemon_of_ours, 0, 2);
	tcase_add_loop_test(tcase, executed, 0, 2);
	return run_suite(suite);
}
