/* SPDX-License-Identifier: MIT */
/*
 * The sleepers of core/wait.c: several threads on one queue, and a device in a
 * thread of its own that completes in any order and with any number of
 * interrupts. A wake-up that gets lost shows as a case that does not end.
 */
#include "unit.h"

#include <poll.h>
#include <errno.h>
#include <sched.h>
#include <semaphore.h>

#include "fake_driver.h"
#include "util/bits.h"
#include "util/io.h"

#define DEPTH		64u
#define FOR_EVER	3600000u	/* ms; a case has ended long before */

static struct fake dev;

static void set_up(void)
{
	fake_init(&dev, DEPTH);
}

/* ---- the device ---------------------------------------------------------- */

/* What the device does with a message, by its object. */
enum {
	PROMPT,
	LONG,		/* completes once somebody lets it */
};

struct engine {
	struct fake *f;
	pthread_t thread;
	unsigned int seed;
	bool parks;
	bool stop;		/* atomic */
	bool let_go;		/* atomic: long ones may complete */
	sem_t kicked;
};

static bool flag(const bool *f)
{
	return __atomic_load_n(f, __ATOMIC_ACQUIRE);
}

static void raise_flag(bool *f)
{
	__atomic_store_n(f, true, __ATOMIC_RELEASE);
}

/* Complete some of what is held, in any order, with one interrupt or several. */
static unsigned int engine_complete(struct engine *e, struct fake_desc *held, unsigned int *n)
{
	unsigned int tries = *n ? 1 + unit_random(&e->seed) % *n : 0, done = 0;

	while (tries-- && *n) {
		unsigned int i = unit_random(&e->seed) % *n;

		if (held[i].object == LONG && !flag(&e->let_go))
			continue;
		fake_post(e->f, held[i].tag, WDI_ST_DONE);
		held[i] = held[--*n];
		done++;
		if (unit_random(&e->seed) % 4 == 0)
			fake_signal(e->f);
	}
	if (done)
		fake_signal(e->f);
	return done;
}

static void engine_park(struct engine *e)
{
	struct fake *f = e->f;

	__atomic_store_n(&f->need_kick, true, __ATOMIC_RELAXED);
	wdi_io_sleep_barrier();
	if (wdi_io_load32(&f->sq_tail) == f->sq_head && !flag(&e->stop))
		sem_wait(&e->kicked);
	__atomic_store_n(&f->need_kick, false, __ATOMIC_RELAXED);
}

static void *engine_main(void *arg)
{
	struct engine *e = arg;
	struct fake_desc held[DEPTH];
	unsigned int n = 0;

	for (;;) {
		bool stop = flag(&e->stop);

		while (fake_take(e->f, &held[n]))
			n++;
		if (engine_complete(e, held, &n))
			continue;
		if (!n && stop)
			return NULL;
		if (!n && e->parks)
			engine_park(e);
		else
			sched_yield();
	}
}

static void engine_kick(struct fake *f)
{
	struct engine *e = f->context;

	sem_post(&e->kicked);
}

static void engine_start(struct engine *e, struct fake *f, bool parks)
{
	*e = (struct engine){ .f = f, .seed = 12345, .parks = parks };
	sem_init(&e->kicked, 0, 0);
	f->context = e;
	f->on_kick = engine_kick;
	ck_assert_int_eq(pthread_create(&e->thread, NULL, engine_main, e), 0);
}

static void engine_stop(struct engine *e)
{
	raise_flag(&e->let_go);
	raise_flag(&e->stop);
	sem_post(&e->kicked);
	pthread_join(e->thread, NULL);
	sem_destroy(&e->kicked);
}

/* ---- several threads: nobody sleeps through its completion --------------- */

#define RUNNERS	4
#define RUNS	1500u

struct runner {
	struct fake *f;
	unsigned int seed;
	unsigned int runs;
	uint32_t object;
	unsigned int bad;
};

static void *run_many(void *arg)
{
	struct runner *r = arg;

	for (unsigned int i = 0; i < r->runs; i++) {
		struct wdi_msg msg = { .object = r->object, .status = WDI_ST_COUNT };
		bool sleep_now = unit_random(&r->seed) % 4;

		if (wdi_core_run(r->f->q, &msg, sleep_now) || msg.status != WDI_ST_DONE)
			r->bad++;
	}
	return NULL;
}

static struct runner runner(struct fake *f, uint32_t object, unsigned int runs)
{
	static unsigned int seed;

	return (struct runner){ .f = f, .object = object, .runs = runs, .seed = ++seed };
}

static const struct {
	uint32_t inline_steps, spin_us;
	bool parks;
} ways[] = {
	{ 1, 0, false }, { 1, 20, false }, { 0, 0, false }, { 0, 0, true }, { 1, 0, true },
	{ 1, 5, true },
};

START_TEST(sleepers)
{
	struct runner runners[RUNNERS];
	struct engine e;

	dev.dev.env.inline_steps = ways[_i].inline_steps;
	dev.dev.env.spin_us = ways[_i].spin_us;
	fake_open(&dev);
	engine_start(&e, &dev, ways[_i].parks);
	for (unsigned int i = 0; i < RUNNERS; i++)
		runners[i] = runner(&dev, PROMPT, RUNS);
	unit_threads(RUNNERS, run_many, runners, sizeof(runners[0]));
	engine_stop(&e);
	for (unsigned int i = 0; i < RUNNERS; i++)
		ck_assert_uint_eq(runners[i].bad, 0);
	ck_assert_uint_eq(dev.q->completed, RUNNERS * RUNS);
	fake_close(&dev);
}
END_TEST

/* The ring is smaller than the number of threads: some are refused, none is lost. */
START_TEST(sleepers_and_refused)
{
	struct runner runners[RUNNERS];
	struct engine e;
	unsigned int bad = 0;

	fake_init(&dev, 2);
	fake_open(&dev);
	engine_start(&e, &dev, false);
	for (unsigned int i = 0; i < RUNNERS; i++)
		runners[i] = runner(&dev, PROMPT, RUNS);
	unit_threads(RUNNERS, run_many, runners, sizeof(runners[0]));
	engine_stop(&e);
	for (unsigned int i = 0; i < RUNNERS; i++)
		bad += runners[i].bad;
	ck_assert_uint_eq(bad, dev.q->busy);
	ck_assert_uint_eq(dev.q->completed + dev.q->busy, RUNNERS * RUNS);
	fake_close(&dev);
}
END_TEST

struct sleeper {
	struct runner runner;
	pthread_t thread;
};

/* A thread in a request that ends when @e lets it; it sleeps beside what follows. */
static void long_start(struct sleeper *s, struct fake *f)
{
	s->runner = runner(f, LONG, 1);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, run_many, &s->runner), 0);
}

static void long_stop(struct sleeper *s, struct engine *e)
{
	raise_flag(&e->let_go);
	pthread_join(s->thread, NULL);
	ck_assert_uint_eq(s->runner.bad, 0);
}

/* Who sleeps on a long request takes nobody else's wake-up with it. */
START_TEST(prompt_beside_long)
{
	struct runner runners[2];
	struct sleeper lazy[3];
	struct engine e;

	fake_open(&dev);
	engine_start(&e, &dev, false);
	for (unsigned int i = 0; i < 3; i++)
		long_start(&lazy[i], &dev);
	for (unsigned int i = 0; i < 2; i++)
		runners[i] = runner(&dev, PROMPT, RUNS);
	unit_threads(2, run_many, runners, sizeof(runners[0]));
	for (unsigned int i = 0; i < 3; i++)
		long_stop(&lazy[i], &e);
	engine_stop(&e);
	ck_assert_uint_eq(runners[0].bad + runners[1].bad, 0);
	fake_close(&dev);
}
END_TEST

START_TEST(waiter_beside_long)
{
	struct sleeper lazy[2];
	struct engine e;

	fake_open(&dev);
	engine_start(&e, &dev, false);
	for (unsigned int i = 0; i < 2; i++)
		long_start(&lazy[i], &dev);
	for (unsigned int i = 0; i < RUNS; i++) {
		ck_assert(fake_send(&dev, PROMPT, 0));
		ck_assert_int_eq(wdi_core_wait(dev.q, FOR_EVER), 1);
		ck_assert_uint_eq(fake_poll_all(&dev), 1);
	}
	for (unsigned int i = 0; i < 2; i++)
		long_stop(&lazy[i], &e);
	engine_stop(&e);
	fake_close(&dev);
}
END_TEST

/* An event loop: sleep on the descriptor until it is readable, poll until nothing comes. */
static void event_round(struct fake *f, int fd, unsigned int count)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	unsigned int got = 0;

	while (got < count) {
		ck_assert_int_eq(poll(&pfd, 1, -1), 1);
		got += fake_poll_all(f);
	}
	ck_assert_uint_eq(got, count);
}

static void *event_rounds(void *arg)
{
	struct runner *r = arg;
	int fd = wdi_core_event_fd(r->f->q);

	for (unsigned int i = 0; i < r->runs; i++) {
		unsigned int count = 1 + unit_random(&r->seed) % 3;

		for (unsigned int k = 0; k < count; k++)
			r->bad += !fake_send(r->f, r->object, 0);
		event_round(r->f, fd, count);
	}
	return NULL;
}

START_TEST(event_loop_alone)
{
	struct engine e;
	struct runner loop = runner(&dev, PROMPT, RUNS);

	fake_open(&dev);
	engine_start(&e, &dev, _i);
	event_rounds(&loop);
	engine_stop(&e);
	ck_assert_uint_eq(loop.bad, 0);
	fake_close(&dev);
}
END_TEST

/* Synchronous requests on a context whose descriptor is in an event loop, long ones first. */
START_TEST(event_loop_beside_long)
{
	struct runner loop = runner(&dev, PROMPT, RUNS);
	struct sleeper lazy;
	struct engine e;

	fake_open(&dev);
	engine_start(&e, &dev, false);
	long_start(&lazy, &dev);
	event_rounds(&loop);
	long_stop(&lazy, &e);
	engine_stop(&e);
	ck_assert_uint_eq(loop.bad, 0);
	fake_close(&dev);
}
END_TEST

/* The loop has nothing, and the others have their completions meanwhile. */
START_TEST(event_loop_of_long)
{
	struct runner loop = runner(&dev, LONG, 1), runners[2];
	struct engine e;
	pthread_t thread;

	fake_open(&dev);
	engine_start(&e, &dev, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, event_rounds, &loop), 0);
	for (unsigned int i = 0; i < 2; i++)
		runners[i] = runner(&dev, PROMPT, RUNS / 4);
	unit_threads(2, run_many, runners, sizeof(runners[0]));
	raise_flag(&e.let_go);
	pthread_join(thread, NULL);
	engine_stop(&e);
	ck_assert_uint_eq(loop.bad + runners[0].bad + runners[1].bad, 0);
	fake_close(&dev);
}
END_TEST

/* It is asked for while others sleep, and nobody polls after that: they look for themselves. */
START_TEST(event_fd_among_sleepers)
{
	struct runner runners[2];
	struct sleeper lazy[3];
	struct engine e;

	fake_open(&dev);
	engine_start(&e, &dev, _i);
	for (unsigned int i = 0; i < 3; i++)
		long_start(&lazy[i], &dev);
	while (__atomic_load_n(&dev.q->sleeps, __ATOMIC_SEQ_CST) < 3)
		sched_yield();
	ck_assert_int_ge(wdi_core_event_fd(dev.q), 0);
	for (unsigned int i = 0; i < 2; i++)
		runners[i] = runner(&dev, PROMPT, RUNS / 30);
	unit_threads(2, run_many, runners, sizeof(runners[0]));
	for (unsigned int i = 0; i < 3; i++)
		long_stop(&lazy[i], &e);
	engine_stop(&e);
	ck_assert_uint_eq(runners[0].bad + runners[1].bad, 0);
	fake_close(&dev);
}
END_TEST

static void *wait_and_poll(void *arg)
{
	struct runner *r = arg;
	unsigned int sent = 0, got = 0;

	while (got < r->runs) {
		while (sent < r->runs && sent - got < 8 && fake_send(r->f, PROMPT, 0))
			sent++;
		if (wdi_core_wait(r->f->q, FOR_EVER) != 1)
			r->bad++;
		got += fake_poll_all(r->f);
	}
	return NULL;
}

static void *any_of_both(void *arg)
{
	struct runner *r = arg;

	return r->object == LONG ? wait_and_poll(r) : run_many(r);
}

/* Both kinds from several threads, over every way to sleep. */
START_TEST(mixed)
{
	struct runner runners[RUNNERS];
	struct engine e;

	dev.dev.env.inline_steps = ways[_i].inline_steps;
	dev.dev.env.spin_us = ways[_i].spin_us;
	fake_open(&dev);
	engine_start(&e, &dev, ways[_i].parks);
	for (unsigned int i = 0; i < RUNNERS; i++)
		runners[i] = runner(&dev, i ? PROMPT : LONG, RUNS);
	unit_threads(RUNNERS, any_of_both, runners, sizeof(runners[0]));
	engine_stop(&e);
	for (unsigned int i = 0; i < RUNNERS; i++)
		ck_assert_uint_eq(runners[i].bad, 0);
	ck_assert_uint_eq(wdi_slots_used(&dev.q->slots), 0);
	fake_close(&dev);
}
END_TEST

/* ---- a look that finds nothing while somebody goes to sleep -------------- */

static struct {
	sem_t inside, go_on;
} gate;
static __thread bool stops_in_poll;

static void stop_in_poll(struct fake *f)
{
	(void)f;
	if (!stops_in_poll)
		return;
	stops_in_poll = false;
	sem_post(&gate.inside);
	sem_wait(&gate.go_on);
}

static void *poll_once(void *arg)
{
	struct fake *f = arg;
	struct wdi_msg *msg;

	stops_in_poll = true;
	wdi_core_poll(f->q, &msg, 1);
	return NULL;
}

/*
 * One thread has found the ring empty and still holds the lock. A completion
 * comes, which nobody has asked an interrupt for, and then its owner goes to
 * sleep. It must not take "somebody else is looking" for "nothing is there".
 */
START_TEST(sleep_while_polled)
{
	struct sleeper s = { .runner = runner(&dev, PROMPT, 1) };
	pthread_t poller;

	sem_init(&gate.inside, 0, 0);
	sem_init(&gate.go_on, 0, 0);
	dev.on_empty = stop_in_poll;
	dev.on_step = fake_step_serves;
	fake_open(&dev);
	ck_assert_int_eq(pthread_create(&poller, NULL, poll_once, &dev), 0);
	sem_wait(&gate.inside);
	ck_assert_int_eq(pthread_create(&s.thread, NULL, run_many, &s.runner), 0);
	/* The first step made the completion, after the second there is only sleep. */
	while (__atomic_load_n(&dev.steps, __ATOMIC_SEQ_CST) < 2)
		sched_yield();
	for (unsigned int i = 0; i < 1000; i++)
		sched_yield();
	sem_post(&gate.go_on);
	pthread_join(poller, NULL);
	pthread_join(s.thread, NULL);
	ck_assert_uint_eq(s.runner.bad, 0);
	fake_close(&dev);
}
END_TEST

/* A process without a descriptor to spare: who sleeps looks from time to time. */
START_TEST(no_descriptor_left)
{
	struct runner runners[2];
	struct engine e;

	dev.irq_error = -EMFILE;
	fake_open(&dev);
	engine_start(&e, &dev, true);
	for (unsigned int i = 0; i < 2; i++)
		runners[i] = runner(&dev, PROMPT, 50);
	unit_threads(2, run_many, runners, sizeof(runners[0]));
	engine_stop(&e);
	ck_assert_uint_eq(runners[0].bad + runners[1].bad, 0);
	ck_assert_int_eq(dev.q->efd, -1);
	fake_close(&dev);
}
END_TEST

/* As in a reset: it refuses until the waiter sleeps, takes work again, and calls nobody. */
static unsigned int refuses_first(struct fake *f)
{
	return __atomic_load_n(&f->q->sleeps, __ATOMIC_RELAXED) ? fake_step_serves(f) : 0;
}

START_TEST(takes_work_again)
{
	struct wdi_msg msg = { 0 };

	dev.dev.caps.engine_threads = 0;
	dev.on_step = refuses_first;
	fake_open(&dev);
	ck_assert_int_eq(wdi_core_run(dev.q, &msg, _i), 0);
	ck_assert_uint_eq(msg.status, WDI_ST_DONE);
	ck_assert_uint_gt(dev.q->sleeps, 0);
	fake_close(&dev);
}
END_TEST

static void set_up_word(void)
{
	set_up();
	dev.wakes = true;
}

static TCase *requests(const char *name, void (*fixture)(void))
{
	TCase *sync = tcase_create(name);
	const int all_ways = wdi_array_size(ways);

	tcase_add_checked_fixture(sync, fixture, NULL);
	tcase_add_loop_test(sync, sleepers, 0, all_ways);
	tcase_add_test(sync, sleepers_and_refused);
	tcase_add_test(sync, prompt_beside_long);
	tcase_add_test(sync, waiter_beside_long);
	tcase_add_loop_test(sync, mixed, 0, all_ways);
	tcase_add_test(sync, sleep_while_polled);
	tcase_add_loop_test(sync, takes_work_again, 0, 2);
	return sync;
}

static TCase *loops(const char *name, void (*fixture)(void))
{
	TCase *events = tcase_create(name);

	tcase_add_checked_fixture(events, fixture, NULL);
	tcase_add_loop_test(events, event_loop_alone, 0, 2);
	tcase_add_test(events, event_loop_beside_long);
	tcase_add_test(events, event_loop_of_long);
	tcase_add_loop_test(events, event_fd_among_sleepers, 0, 2);
	return events;
}

int main(void)
{
	Suite *suite = suite_create("wait");
	TCase *words = requests("requests, word", set_up_word);
	TCase *eventfd = requests("requests, eventfd", set_up);

	tcase_add_test(eventfd, no_descriptor_left);
	suite_add_tcase(suite, eventfd);
	suite_add_tcase(suite, words);
	suite_add_tcase(suite, loops("events, eventfd", set_up));
	suite_add_tcase(suite, loops("events, word", set_up_word));
	return unit_run(suite);
}
