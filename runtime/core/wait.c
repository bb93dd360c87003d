/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a queue. The device calls one thread: through a word where it
 * shares the process, else through the queue's eventfd, where a wake-up that
 * several threads wait for is gone when the first has read it. So one sleeper,
 * the watcher, waits for the device, takes the completions, and calls whom they
 * are for; the others wait for their own word. A watcher that leaves makes
 * another sleeper the watcher.
 *
 * The list of sleepers belongs to the poll lock, as what they wait for does: a
 * thread that has looked and then sleeps is in the list before anybody can
 * complete something behind its back.
 *
 * An event loop that has the eventfd (see wdi_core_event_fd()) reads it, so
 * nobody watches then: sleepers look at the ring from time to time. So they do
 * when the process has no descriptor left for an eventfd that they need.
 *
 * Where the device is another process's, whoever sleeps looks from time to time
 * whether that one still lives: its word never comes when it is gone.
 *
 * The eventfd is made when somebody needs it: a program that closes descriptors
 * which it does not know, as daemons do, has none of ours to close.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/core_internal.h"
#include "util/clock.h"
#include "util/futex.h"
#include "util/log.h"

#define NAP_NS		WDI_NSEC_PER_MSEC
#define ALIVE_NS	(20 * WDI_NSEC_PER_MSEC)

struct wdi_sleeper {
	struct wdi_sleeper *next;
	const struct wdi_msg *mine;	/* NULL: waits for the ready list */
	uint32_t called;		/* futex word; 1: it has to look */
	bool naps;			/* looks from time to time, called or not */
	bool deaf;			/* the device cannot call it */
};

/* ---- the eventfd, and words ---------------------------------------------- */

static void efd_signal(struct wdi_queue *q)
{
	const uint64_t one = 1;

	/* Only EAGAIN can happen, and then it is signalled already. */
	if (write(q->efd, &one, sizeof(one)) < 0)
		return;
}

static void efd_drain(struct wdi_queue *q)
{
	uint64_t count;

	if (read(q->efd, &count, sizeof(count)) < 0)
		return;		/* nothing was there */
}

/* 1, 0 when it is too late, or a negative errno. */
static int efd_wait(struct wdi_queue *q, uint64_t until)
{
	struct pollfd pfd = { .fd = q->efd, .events = POLLIN };
	uint64_t now = until == WDI_NEVER ? 0 : wdi_now_ns(), ms;
	int ret;

	ms = until > now ? (until - now - 1) / WDI_NSEC_PER_MSEC + 1 : 0;
	ret = poll(&pfd, 1, until == WDI_NEVER ? -1 : (int)wdi_min(ms, (uint64_t)INT_MAX));
	if (ret < 0)
		return errno == EINTR ? 1 : -errno;
	if (!ret)
		return 0;
	efd_drain(q);
	/* Somebody has asked for the eventfd meanwhile: it may have been for them. */
	if (wdi_unlikely(wdi_queue_event_mode(q)))
		efd_signal(q);
	return 1;
}

static int efd_make(struct wdi_queue *q)
{
	struct wdi_bus_dev *bus = q->dev->io.bus;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	ret = bus->ops->irq(bus, q->number, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	__atomic_store_n(&q->efd, fd, __ATOMIC_RELEASE);
	return fd;
}

int wdi_queue_efd(struct wdi_queue *q)
{
	int fd = __atomic_load_n(&q->efd, __ATOMIC_ACQUIRE);

	if (fd >= 0)
		return fd;
	pthread_mutex_lock(&q->efd_lock);
	fd = q->efd;
	if (fd < 0)
		fd = efd_make(q);
	pthread_mutex_unlock(&q->efd_lock);
	if (fd < 0)
		wdi_warn("%s: no eventfd for queue %u: errno %d", q->dev->info.name, q->number,
			 -fd);
	return fd;
}

/* ---- the watcher and the device -------------------------------------------- */

static void watch_arm(struct wdi_queue *q)
{
	if (q->wake_word)
		wdi_io_store32(q->wake_word, 1);
	else
		q->drv->arm_irq(q->priv);
}

static int watch_wait(struct wdi_queue *q, uint64_t until)
{
	return q->wake_word ? wdi_futex_wait(q->wake_word, 1, until, q->inherited) :
			      efd_wait(q, until);
}

/* In the device's place: make the watcher look. */
static void watch_call(struct wdi_queue *q)
{
	if (!q->wake_word) {
		efd_signal(q);
		return;
	}
	__atomic_exchange_n(q->wake_word, 0, __ATOMIC_ACQ_REL);
	wdi_futex_wake(q->wake_word, q->inherited);
}

/* ---- the list: under poll_lock ------------------------------------------- */

static bool sleeper_served(const struct wdi_queue *q, const struct wdi_sleeper *s)
{
	return s->mine ? wdi_io_load32_acquire(&s->mine->done) : q->ready_head || q->faulted;
}

/* Whether @s has something, has to become the watcher, or slept before there was an event loop. */
static bool sleeper_is_wanted(const struct wdi_queue *q, const struct wdi_sleeper *s)
{
	if (s->called)
		return false;
	return sleeper_served(q, s) ||
	       (wdi_queue_event_mode(q) ? !s->naps : !q->watcher && !s->deaf);
}

/*
 * wdi_queue_wake() - call the sleepers that something is there for, and one to
 * watch if nobody does. Under poll_lock, which it lets go: calls are slow.
 */
void wdi_queue_wake(struct wdi_queue *q)
{
	struct wdi_sleeper *s = q->sleepers;

	while (s) {
		bool watches = s == q->watcher;
		uint32_t *word = &s->called;

		if (!sleeper_is_wanted(q, s)) {
			s = s->next;
			continue;
		}
		s->called = 1;
		if (!q->watcher && !sleeper_served(q, s))
			q->watcher = s;
		wdi_spin_unlock(&q->poll_lock);
		if (watches)
			watch_call(q);
		else
			wdi_futex_wake(word, false);
		wdi_spin_lock(&q->poll_lock);
		s = q->sleepers;	/* @s may be gone */
	}
	wdi_spin_unlock(&q->poll_lock);
}

static void sleeper_leave(struct wdi_queue *q, struct wdi_sleeper *me)
{
	struct wdi_sleeper **at = &q->sleepers;

	while (*at != me)
		at = &(*at)->next;
	*at = me->next;
	if (q->watcher == me)
		q->watcher = NULL;
}

/*
 * The interrupt is armed before the last look at the ring, so what comes after
 * that look is announced.
 */
static void sleeper_look(struct wdi_queue *q, struct wdi_sleeper *me)
{
	me->called = 0;
	me->naps = me->deaf || wdi_queue_event_mode(q);
	if (!q->watcher && !me->naps)
		q->watcher = me;
	else if (q->watcher == me && me->naps)
		q->watcher = NULL;
	if (q->watcher == me) {
		watch_arm(q);
		wdi_io_sleep_barrier();
	}
	wdi_queue_collect(q);
}

/*
 * A device that refuses work for a while, as in a reset, calls nobody when it takes it
 * again. Threads of its own would look; without them it is for those who sleep.
 */
static bool nobody_else_steps(const struct wdi_queue *q)
{
	return !wdi_queue_has_threads(q) && q->drv->backlog(q->priv);
}

static int sleeper_wait(struct wdi_queue *q, struct wdi_sleeper *me, bool watches, uint64_t until)
{
	uint64_t nap = until;
	int ret;

	__atomic_fetch_add(&q->sleeps, 1, __ATOMIC_RELAXED);
	if (me->naps || wdi_unlikely(nobody_else_steps(q)))
		nap = wdi_min(until, wdi_now_ns() + NAP_NS);
	else if (wdi_unlikely(q->inherited))
		nap = wdi_min(until, wdi_now_ns() + ALIVE_NS);
	ret = watches ? watch_wait(q, nap) : wdi_futex_wait(&me->called, 0, nap, false);
	return ret ? ret : nap < until;
}

int wdi_queue_sleep(struct wdi_queue *q, uint64_t until, const struct wdi_msg *mine)
{
	struct wdi_sleeper me = { .mine = mine, .deaf = !q->wake_word && wdi_queue_efd(q) < 0 };
	bool watches, slept = false;
	int ret = 1;

	wdi_spin_lock(&q->poll_lock);
	me.next = q->sleepers;
	q->sleepers = &me;
	for (;;) {
		sleeper_look(q, &me);
		if (wdi_unlikely(q->inherited && slept))
			wdi_queue_mourn(q);
		/* Who was woken and may step has to: perhaps nobody else does. */
		if (ret <= 0 || sleeper_served(q, &me) ||
		    (slept && q->inline_steps && q->drv->backlog(q->priv)))
			break;
		watches = q->watcher == &me;
		wdi_queue_wake(q);
		wdi_queue_kick(q);
		ret = sleeper_wait(q, &me, watches, until);
		slept = true;
		wdi_spin_lock(&q->poll_lock);
	}
	sleeper_leave(q, &me);
	wdi_queue_wake(q);
	return ret;
}

/* ---- event loops ------------------------------------------------------------ */

/* For the owner of the wait fd: nothing was left, tell it about the next one. */
void wdi_queue_rearm(struct wdi_queue *q)
{
	bool again;

	if (wdi_unlikely(__atomic_load_n(&q->alarm, __ATOMIC_RELAXED) != WDI_NEVER ||
			 wdi_expire_next(q) != WDI_NEVER))
		wdi_queue_alarm_over(q);
	efd_drain(q);
	q->drv->arm_irq(q->priv);
	wdi_io_sleep_barrier();
	wdi_spin_lock(&q->poll_lock);
	wdi_queue_collect(q);
	/* Who watches since before there was a loop may have lost its call just now. */
	again = q->ready_head || (q->watcher && q->watcher->called);
	wdi_queue_wake(q);
	if (again)
		efd_signal(q);
}

void wdi_queue_call_loop(struct wdi_queue *q)
{
	if (wdi_queue_event_mode(q))
		efd_signal(q);
}

int wdi_core_event_fd(struct wdi_queue *q)
{
	int fd;

	if (!wdi_queue_has_threads(q)) {
		wdi_err("%s: no wait fd without engine threads (%s)", q->dev->info.name,
			q->poll_only ? "weft_ctx_poll_only()" : "WEFT_ENGINE_THREADS=0");
		return -EOPNOTSUPP;
	}
	fd = wdi_queue_loop_fd(q);
	if (fd < 0)
		return fd;
	__atomic_store_n(&q->event_mode, true, __ATOMIC_RELAXED);
	/* Sleepers that read the eventfd after this see that it is no longer theirs. */
	wdi_io_sleep_barrier();
	wdi_queue_rearm(q);
	wdi_queue_kick(q);
	return fd;
}

int wdi_core_wait(struct wdi_queue *q, unsigned int ms)
{
	uint64_t now = wdi_now_ns();
	uint64_t until = now + ms * WDI_NSEC_PER_MSEC;
	uint64_t spin_until = now + q->spin_ns;
	unsigned int steps = 0;
	int ret = 1;

	while (ret >= 0 && !wdi_queue_has_ready(q)) {
		bool reaped = wdi_queue_reap(q, &steps), any = wdi_fault_serve(q) || reaped;

		if (!any && wdi_queue_may_step(q) && wdi_queue_step(q)) {
			steps++;
			any = true;
		}
		/* What others have this thread do must not keep it beyond its time. */
		now = wdi_now_ns();
		if (now >= until) {
			wdi_queue_reap(q, &steps);
			return wdi_queue_has_ready(q);
		}
		if (any)
			continue;
		if (now < spin_until)
			wdi_cpu_relax();
		else
			ret = wdi_queue_sleep(q, wdi_min(until, wdi_expire_next(q)), NULL);
		/* Nothing came until the next deadline, which is no end of the wait. */
		if (!ret)
			ret = wdi_now_ns() < until;
	}
	return ret < 0 ? ret : 1;
}
