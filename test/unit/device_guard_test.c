/* SPDX-License-Identifier: MIT */
/* The device and the process around it: other handlers of its signals, threads, fork. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "../quiet_fork.h"
#include "device_rig.h"

static const struct sdev_config config = {
	.max_queues = 4, .max_depth = 128, .guard = SDEV_GUARD_SIGNAL,
};

/* Fails with BAD_ADDRESS at 16, if the guard is where it should be. */
static void expect_guarded(struct rig *rig)
{
	static uint8_t out[1000];
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, (void *)16, 100, out,
				      sizeof(out));
	struct sdev_cpl cpl = rig_run(&rig->q, &d);

	rig_assert(cpl, SDEV_ST_BAD_ADDRESS, 0);
	ck_assert_uint_eq(cpl.fault_va, 16);
}

/* ---- handlers of the application --------------------------------------------------- */

static sigjmp_buf app_env;
static volatile sig_atomic_t app_calls;
static volatile sig_atomic_t app_mask_ok;
static void *volatile app_addr;
static struct sigaction app_saved;

static void app_jump(int sig, siginfo_t *info, void *uc)
{
	sigset_t mask;

	(void)uc;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	app_mask_ok = sigismember(&mask, SIGUSR1) && sigismember(&mask, sig);
	app_addr = info->si_addr;
	app_calls++;
	siglongjmp(app_env, 1);
}

static void app_plain(int sig)
{
	(void)sig;
	app_calls++;
	siglongjmp(app_env, 1);
}

/* Counts, and leaves the rest to whoever was there before: our guard, perhaps. */
static void app_passes_on(int sig, siginfo_t *info, void *uc)
{
	app_calls++;
	if (app_saved.sa_flags & SA_SIGINFO)
		app_saved.sa_sigaction(sig, info, uc);
}

static void app_install(void (*fn)(int, siginfo_t *, void *), struct sigaction *old)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO };

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGUSR1);
	ck_assert_int_eq(sigaction(SIGSEGV, &sa, old), 0);
}

/* A fault that is not the device's business, at an address that no compiler looks at. */
static void poke(void)
{
	static void *volatile nowhere = (void *)32;

	*(volatile char *)nowhere = 1;
}

static void app_faults(void)
{
	int before = app_calls;

	if (!sigsetjmp(app_env, 1)) {
		poke();
		ck_abort_msg("no fault");
	}
	ck_assert_int_eq(app_calls, before + 1);
}

START_TEST(earlier_handler_is_called)
{
	struct sigaction now;
	struct rig rig;

	if (rig_valgrind())
		return;
	app_install(app_jump, NULL);
	rig_open_config(&rig, &config, 8);
	for (unsigned int i = 0; i < 10; i++) {
		app_faults();
		ck_assert_ptr_eq(app_addr, (void *)32);
		ck_assert(app_mask_ok);
		expect_guarded(&rig);
	}
	rig_close(&rig);

	/* and it is back when the device has gone */
	ck_assert_int_eq(sigaction(SIGSEGV, NULL, &now), 0);
	ck_assert(now.sa_sigaction == app_jump);
}
END_TEST

START_TEST(earlier_plain_handler_is_called)
{
	struct sigaction sa = { .sa_handler = app_plain };
	struct rig rig;

	if (rig_valgrind())
		return;
	sigemptyset(&sa.sa_mask);
	ck_assert_int_eq(sigaction(SIGSEGV, &sa, NULL), 0);
	rig_open_config(&rig, &config, 8);
	app_faults();
	expect_guarded(&rig);
	app_faults();
	rig_close(&rig);
}
END_TEST

/* The application installs its handler over ours; the device gets on top again. */
START_TEST(replaced_handler_is_noticed)
{
	struct sdev_file *file;
	struct rig_queue q;
	struct rig rig;

	if (rig_valgrind())
		return;
	rig_open_config(&rig, &config, 8);
	expect_guarded(&rig);
	app_install(app_jump, NULL);
	if (_i)
		ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 8, &q), 0);
	else
		ck_assert_int_eq(sdev_open(rig.dev, &file), 0);
	expect_guarded(&rig);
	app_faults();
	if (!_i)
		sdev_close(file);
	rig_close(&rig);
}
END_TEST

/* Also without any call that looks for it, in time. */
START_TEST(replaced_handler_is_noticed_by_steps)
{
	static uint8_t in[100], out[1000];
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, in, sizeof(in), out,
				      sizeof(out));
	struct rig rig;

	if (rig_valgrind())
		return;
	rig_open_config(&rig, &config, 8);
	app_install(app_jump, NULL);
	for (unsigned int i = 0; i < 1024; i++)
		rig_run(&rig.q, &d);
	expect_guarded(&rig);
	app_faults();
	rig_close(&rig);
}
END_TEST

/* An engine thread looks when it wakes. */
START_TEST(replaced_handler_is_noticed_by_engines)
{
	struct sdev_config threaded = config;
	static uint8_t out[1000];
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, (void *)16, 100, out,
				      sizeof(out));
	struct sdev_cpl cpl;
	struct rig rig;

	if (rig_valgrind())
		return;
	threaded.engine_threads = 1;
	rig_open_config(&rig, &threaded, 8);
	while (!wdi_io_load32(&rig.q.status->need_kick))
		sched_yield();
	app_install(app_jump, NULL);
	rig_submit(&rig.q, &d);
	while (!rig_take(&rig.q, &cpl))
		sched_yield();
	rig_assert(cpl, SDEV_ST_BAD_ADDRESS, 0);
	rig_close(&rig);
}
END_TEST

/*
 * A handler that passes on to what it replaced, which is ours, on top of one
 * that was there first: each is called once, and nothing goes in circles.
 */
START_TEST(handlers_in_a_circle)
{
	struct sdev_file *file;
	struct rig rig;

	if (rig_valgrind())
		return;
	app_install(app_jump, NULL);
	rig_open_config(&rig, &config, 8);
	app_install(app_passes_on, &app_saved);
	ck_assert_int_eq(sdev_open(rig.dev, &file), 0);
	for (unsigned int i = 0; i < 3; i++) {
		expect_guarded(&rig);
		app_calls = 0;
		if (!sigsetjmp(app_env, 1)) {
			poke();
			ck_abort_msg("no fault");
		}
		ck_assert_int_eq(app_calls, 2);
	}
	sdev_close(file);
	rig_close(&rig);
}
END_TEST

/* Its own faults, unguarded, still kill a process that has no handler. */
START_TEST(default_action_kills)
{
	struct rig rig;
	int status;
	pid_t pid;

	if (rig_valgrind())
		return;
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	rig_open_config(&rig, &config, 8);
	expect_guarded(&rig);
	pid = quiet_fork();
	if (!pid) {
		if (_i == 0)
			poke();
		else if (_i == 1)
			kill(getpid(), SIGSEGV);
		else
			raise(SIGBUS);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), _i == 2 ? SIGBUS : SIGSEGV);
	rig_close(&rig);
}
END_TEST

/* SIG_IGN covers signals that somebody sends. */
START_TEST(ignored_signal)
{
	struct rig rig;

	if (rig_valgrind())
		return;
	signal(SIGSEGV, SIG_IGN);
	rig_open_config(&rig, &config, 8);
	raise(SIGSEGV);
	expect_guarded(&rig);
	rig_close(&rig);
}
END_TEST

/* A handler for one time only has its one time. */
START_TEST(reset_hand)
{
	struct sigaction sa = { .sa_handler = app_plain, .sa_flags = SA_RESETHAND };
	struct rig rig;
	int status;
	pid_t pid;

	if (rig_valgrind())
		return;
	sigemptyset(&sa.sa_mask);
	ck_assert_int_eq(sigaction(SIGSEGV, &sa, NULL), 0);
	rig_open_config(&rig, &config, 8);
	pid = quiet_fork();
	if (!pid) {
		if (!sigsetjmp(app_env, 1))
			poke();
		if (app_calls != 1)
			_exit(1);
		poke();
		_exit(2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	rig_close(&rig);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------- */

static void *poller_main(void *arg)
{
	struct rig *rig = arg;
	stack_t stack;

	expect_guarded(rig);
	ck_assert_int_eq(sigaltstack(NULL, &stack), 0);
	ck_assert(!(stack.ss_flags & SS_DISABLE));
	return NULL;
}

/* Lanes come and go with their threads. */
START_TEST(poller_threads)
{
	pthread_t thread;
	struct rig rig;

	if (rig_valgrind())
		return;
	rig_open_config(&rig, &config, 8);
	for (unsigned int i = 0; i < 50; i++) {
		ck_assert_int_eq(pthread_create(&thread, NULL, poller_main, &rig), 0);
		pthread_join(thread, NULL);
	}
	rig_close(&rig);
}
END_TEST

static void *deaf_main(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	expect_guarded(arg);
	return NULL;
}

/* A fault in a thread that blocks the signal would kill the process. */
START_TEST(thread_that_blocks_signals)
{
	pthread_t thread;
	struct rig rig;

	if (rig_valgrind())
		return;
	rig_open_config(&rig, &config, 8);
	ck_assert_int_eq(pthread_create(&thread, NULL, deaf_main, &rig), 0);
	pthread_join(thread, NULL);
	rig_close(&rig);
}
END_TEST

/* Several devices share the handler. */
START_TEST(two_devices)
{
	struct sigaction before, now;
	struct rig a, b;

	if (rig_valgrind())
		return;
	ck_assert_int_eq(sigaction(SIGSEGV, NULL, &before), 0);
	rig_open_config(&a, &config, 8);
	rig_open_config(&b, &config, 8);
	rig_close(&a);
	expect_guarded(&b);
	rig_close(&b);
	ck_assert_int_eq(sigaction(SIGSEGV, NULL, &now), 0);
	ck_assert(now.sa_handler == before.sa_handler);
}
END_TEST

START_TEST(guard_chosen)
{
	struct sdev_config any = config;
	struct rig rig;

	any.guard = -1;
	rig_open_config(&rig, &any, 8);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_GUARD),
			  rig_valgrind() ? SDEV_GUARD_COPY : SDEV_GUARD_SIGNAL);
	rig_close(&rig);
}
END_TEST

/* ---- fork ------------------------------------------------------------------------------ */

static atomic_bool busy_stop;
static pthread_mutex_t pause_lock = PTHREAD_MUTEX_INITIALIZER;	/* held: it does nothing */

static void *busy_main(void *arg)
{
	static uint8_t in[50000], out[100000];
	struct rig_queue *q = arg;
	struct sdev_desc d = { .opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS,
			       .comp.level = 9, .comp.window = SDEV_WIN_32K };
	uint32_t object = rig_run(q, &d).object;

	rig_fill(in, sizeof(in));
	while (!atomic_load(&busy_stop)) {
		d = rig_comp(SDEV_OP_COMPRESS, 0, in, sizeof(in), out, sizeof(out));
		d.object = object;
		pthread_mutex_lock(&pause_lock);
		rig_run(q, &d);
		pthread_mutex_unlock(&pause_lock);
	}
	return NULL;
}

static void child_main(struct rig *rig)
{
	struct rig again;

	sdev_forget(rig->dev);
	rig_open_config(&again, &config, 8);
	expect_guarded(&again);
	rig_close(&again);
	_exit(0);
}

/* With engines at work and streams open, whatever locks are held at that moment. */
START_TEST(forget_in_child)
{
	struct sdev_config threaded = config;
	struct rig_queue q;
	pthread_t thread;
	struct rig rig;
	int status;

	if (rig_valgrind())
		return;
	threaded.engine_threads = 2;
	rig_open_config(&rig, &threaded, 8);
	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 8, &q), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, busy_main, &q), 0);
	for (unsigned int i = 0; i < 20; i++) {
		pid_t pid;

		expect_guarded(&rig);
		if (QUIET_FORK)
			pthread_mutex_lock(&pause_lock);
		pid = quiet_fork();
		if (!pid)
			child_main(&rig);
		if (QUIET_FORK)
			pthread_mutex_unlock(&pause_lock);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	atomic_store(&busy_stop, true);
	pthread_join(thread, NULL);
	expect_guarded(&rig);
	rig_close(&rig);
}
END_TEST

/* The child has none of the rings. */
START_TEST(mappings_stay_behind)
{
	struct rig rig;
	int status;
	pid_t pid;

	if (rig_valgrind())
		return;
	rig_open_config(&rig, &config, 8);
	pid = quiet_fork();
	if (!pid) {
		unsigned char resident;

		if (mincore(rig.q.sq, 4096, &resident) != -1 || errno != ENOMEM ||
		    mincore(rig.q.db, 4096, &resident) != -1 ||
		    mincore((void *)rig.q.status, 4096, &resident) != -1)
			_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device_guard");
	TCase *tcase = tcase_create("guard");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, earlier_handler_is_called);
	tcase_add_test(tcase, earlier_plain_handler_is_called);
	tcase_add_loop_test(tcase, replaced_handler_is_noticed, 0, 2);
	tcase_add_test(tcase, replaced_handler_is_noticed_by_steps);
	tcase_add_test(tcase, replaced_handler_is_noticed_by_engines);
	tcase_add_test(tcase, handlers_in_a_circle);
	tcase_add_loop_test(tcase, default_action_kills, 0, 3);
	tcase_add_test(tcase, ignored_signal);
	tcase_add_test(tcase, reset_hand);
	tcase_add_test(tcase, poller_threads);
	tcase_add_test(tcase, thread_that_blocks_signals);
	tcase_add_test(tcase, two_devices);
	tcase_add_test(tcase, guard_chosen);
	tcase_add_test(tcase, forget_in_child);
	tcase_add_test(tcase, mappings_stay_behind);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
