/* SPDX-License-Identifier: MIT */
/*
 * Engine threads. One looks for work over all queues, runs what it finds, spins
 * a while when there is none, and parks. A parked thread sees no doorbell, so
 * clients kick: need_kick in the status page tells them when.
 *
 * A thread counts as searching from when it has found nothing until it finds
 * something or parks. While one searches, nobody else has to be woken: what is
 * submitted now will be seen, because who stops searching looks once more.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/io.h"
#include "util/log.h"

/* Turns of the idle loop between two looks at the clock. */
#define SPIN_TURNS	64

/* The first claimable queue at or after @from, wrapping around; max_queues: none. */
static uint32_t find_work(struct sdev *dev, uint32_t from, bool leave)
{
	uint32_t words = atomic_load(&dev->open_words);

	for (uint32_t i = 0; i <= words; i++) {
		uint32_t w = words ? (from / 64 + i) % words : 0;
		uint64_t bits = atomic_load_explicit(&dev->open[w], memory_order_acquire);

		if (!i)
			bits &= ~UINT64_C(0) << from % 64;
		for (; bits; bits &= bits - 1) {
			uint32_t index = w * 64 + (uint32_t)__builtin_ctzll(bits);
			struct sdev_queue *q = &dev->queues[index];

			if (!atomic_load_explicit(&q->polled, memory_order_relaxed) &&
			    sdev_queue_claimable(q, leave))
				return index;
		}
	}
	return dev->max_queues;
}

/* ---- parking: under sdev_engines.lock ----------------------------------------- */

static void need_kick_update(struct sdev *dev)
{
	wdi_io_store32(&dev->status->need_kick, atomic_load(&dev->engines.parked) > 0);
}

static void search_begin(struct sdev_runner *e)
{
	e->searching = true;
	atomic_fetch_add(&e->dev->engines.searching, 1);
}

/*
 * Announce that no doorbell will be seen, look once more, sleep. The woken
 * thread is searching: who woke it has counted it.
 */
static void engine_park(struct sdev_runner *e)
{
	struct sdev *dev = e->dev;
	struct sdev_engines *all = &dev->engines;

	pthread_mutex_lock(&all->lock);
	atomic_fetch_sub(&all->searching, 1);
	atomic_fetch_add(&all->parked, 1);
	need_kick_update(dev);
	wdi_io_sleep_barrier();		/* pairs with the client's, between doorbell and need_kick */
	if (find_work(dev, e->next, true) == dev->max_queues) {
		while (!all->tokens && !atomic_load(&all->stop))
			pthread_cond_wait(&all->wake, &all->lock);
	}
	if (all->tokens) {
		all->tokens--;
	} else {
		atomic_fetch_sub(&all->parked, 1);
		atomic_fetch_add(&all->searching, 1);
	}
	need_kick_update(dev);
	pthread_mutex_unlock(&all->lock);
	if (dev->guard_kind == SDEV_GUARD_SIGNAL)
		sdev_guard_check();
}

void sdev_engines_kick(struct sdev *dev)
{
	struct sdev_engines *all = &dev->engines;

	wdi_io_sleep_barrier();
	if (!atomic_load(&all->parked) || atomic_load(&all->searching))
		return;
	pthread_mutex_lock(&all->lock);
	if (atomic_load(&all->parked)) {
		all->tokens++;
		atomic_fetch_sub(&all->parked, 1);
		atomic_fetch_add(&all->searching, 1);
		need_kick_update(dev);
		pthread_cond_signal(&all->wake);
	}
	pthread_mutex_unlock(&all->lock);
}

/* ---- the thread ---------------------------------------------------------------- */

/*
 * A batch has been taken. If nobody searches any more, what is left over must
 * not wait for this thread: kicks may have been skipped because of it.
 */
static void engine_found(struct sdev_runner *e, bool more)
{
	struct sdev_engines *all = &e->dev->engines;

	if (e->searching) {
		e->searching = false;
		if (atomic_fetch_sub(&all->searching, 1) == 1 && atomic_load(&all->parked))
			more = more || find_work(e->dev, e->next, false) != e->dev->max_queues;
	}
	if (more && atomic_load_explicit(&all->parked, memory_order_relaxed))
		sdev_engines_kick(e->dev);
}

/* ---- fork ------------------------------------------------------------------------ */

#define HOLD_NS		UINT64_C(1000000000)

void sdev_fork_hold(struct sdev *dev)
{
	struct sdev_engines *all = &dev->engines;
	uint64_t until = wdi_now_ns() + HOLD_NS;

	atomic_store(&all->held, true);
	for (uint32_t i = 0; i < atomic_load(&all->running); i++) {
		while (atomic_load(&all->list[i].locks) && wdi_now_ns() < until)
			sched_yield();
	}
}

void sdev_fork_go_on(struct sdev *dev)
{
	atomic_store(&dev->engines.held, false);
}

/* Pairs with sdev_fork_hold(): of the two at least one sees the other. */
static bool locks_take(struct sdev_runner *e)
{
	atomic_store(&e->locks, true);
	if (wdi_likely(!atomic_load(&e->dev->engines.held)))
		return true;
	atomic_store(&e->locks, false);
	return false;
}

static void locks_give(struct sdev_runner *e)
{
	atomic_store_explicit(&e->locks, false, memory_order_release);
}

/* Codecs have none, and their batches may take long. */
static bool batch_locks(const struct sdev_batch *b)
{
	const uint32_t without = UINT32_C(1) << SDEV_OP_NOOP | UINT32_C(1) << SDEV_OP_COMPRESS |
				 UINT32_C(1) << SDEV_OP_DECOMPRESS;

	for (unsigned int i = 0; i < b->count; i++) {
		if (b->desc[i].opcode >= SDEV_OP_COUNT || !(without >> b->desc[i].opcode & 1))
			return true;
	}
	return b->resumed;
}

/* One batch of the next queue that has one. */
static bool engine_turn(struct sdev_runner *e)
{
	struct sdev_batch b;
	struct sdev_queue *q;
	uint32_t index = find_work(e->dev, e->next, false);

	if (index == e->dev->max_queues)
		return false;
	q = &e->dev->queues[index];
	e->next = index + 1 < e->dev->max_queues ? index + 1 : 0;
	if (wdi_unlikely(!locks_take(e))) {
		sched_yield();
		return true;
	}
	if (sdev_queue_take(q, NULL, &b)) {
		engine_found(e, b.more);
		if (!batch_locks(&b))
			locks_give(e);
		sdev_queue_run(q, &b);
	}
	locks_give(e);
	return true;
}

/* One idle turn. False: it has been long enough. */
static bool engine_spin(const struct sdev *dev, unsigned int turns, uint64_t *since)
{
	wdi_cpu_relax();
	if (turns % SPIN_TURNS)
		return true;
	if (!turns)
		*since = wdi_now_ns();
	return dev->spin_ns && wdi_now_ns() - *since < dev->spin_ns;
}

static void *engine_main(void *arg)
{
	struct sdev_runner *e = arg;
	struct sdev_engines *all = &e->dev->engines;
	uint64_t idle_since = 0;
	unsigned int turns = 0;

	while (!atomic_load_explicit(&all->stop, memory_order_relaxed)) {
		if (engine_turn(e)) {
			turns = 0;
		} else if (!e->searching) {
			search_begin(e);
		} else if (!engine_spin(e->dev, turns++, &idle_since)) {
			engine_park(e);
			turns = 0;
		}
	}
	if (e->searching)
		atomic_fetch_sub(&all->searching, 1);
	return NULL;
}

/* ---- life: under sdev.lock ------------------------------------------------------- */

int sdev_engines_init(struct sdev *dev)
{
	struct sdev_engines *all = &dev->engines;

	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->wake, NULL);
	all->list = calloc(all->wanted + 1, sizeof(*all->list));
	return all->list ? 0 : -ENOMEM;
}

/* Faults of the thread itself must reach it; all other signals are the application's. */
static void engine_mask(sigset_t *mask)
{
	static const int sync[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

	sigfillset(mask);
	for (unsigned int i = 0; i < wdi_array_size(sync); i++)
		sigdelset(mask, sync[i]);
}

/* sdev_thread_start() - a thread of the device; @name: at most 15 characters. */
int sdev_thread_start(pthread_t *thread, void *(*fn)(void *), void *arg, const char *name)
{
	sigset_t mask, saved;
	int rc;

	engine_mask(&mask);
	pthread_sigmask(SIG_SETMASK, &mask, &saved);
	rc = pthread_create(thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	if (!rc)
		pthread_setname_np(*thread, name);
	return -rc;
}

static int engine_start(struct sdev *dev, unsigned int index)
{
	struct sdev_runner *e = &dev->engines.list[index];
	char name[32];
	int rc;

	e->dev = dev;
	e->index = index;
	search_begin(e);
	snprintf(name, sizeof(name), "weft-eng-%u", index);
	rc = sdev_thread_start(&e->thread, engine_main, e, name);
	if (rc)
		atomic_fetch_sub(&dev->engines.searching, 1);
	return rc;
}

/* Fewer threads than wanted are enough; with none, pollers do the work. */
void sdev_engines_start(struct sdev *dev)
{
	struct sdev_engines *all = &dev->engines;
	uint32_t n = atomic_load(&all->running);
	int rc = 0;

	if (n == all->wanted)
		return;
	while (n < all->wanted && !rc) {
		rc = engine_start(dev, n);
		n += !rc;
	}
	if (rc)
		wdi_warn("sdev: only %u of %u engine threads: error %d", n, all->wanted, -rc);
	all->wanted = n;
	atomic_store(&all->running, n);
}

void sdev_engines_stop(struct sdev *dev)
{
	struct sdev_engines *all = &dev->engines;

	pthread_mutex_lock(&all->lock);
	atomic_store(&all->stop, true);
	pthread_cond_broadcast(&all->wake);
	pthread_mutex_unlock(&all->lock);
	for (uint32_t i = 0; i < atomic_load(&all->running); i++)
		pthread_join(all->list[i].thread, NULL);
	pthread_cond_destroy(&all->wake);
	pthread_mutex_destroy(&all->lock);
	free(all->list);
}
