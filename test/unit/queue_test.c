/* SPDX-License-Identifier: MIT */
/* The queue of core/queue.c from one thread, over a fake device; wait_test.c has the others. */
#include "unit.h"

#include <errno.h>
#include <poll.h>

#include "fake_driver.h"
#include "util/bits.h"
#include "util/clock.h"

#define DEPTH		64u
#define FOR_EVER	3600000u	/* ms; a case has ended long before */

static struct fake dev;

static void set_up(void)
{
	fake_init(&dev, DEPTH);
}

/* Take @count submissions without completing them. */
static void take_many(struct fake *f, struct fake_desc *descs, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		ck_assert(fake_take(f, &descs[i]));
}

static bool readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

/* ---- life ---------------------------------------------------------------- */

START_TEST(create_errors)
{
	dev.init_error = -ENOSPC;
	ck_assert_int_eq(fake_try_open(&dev), -ENOSPC);
	ck_assert_uint_eq(dev.exits, 0);
	fake_exit(&dev);

	dev.init_error = 0;
	dev.depth = 48;
	ck_assert_int_eq(fake_try_open(&dev), -EINVAL);
	ck_assert_uint_eq(dev.exits, 0);
	fake_exit(&dev);
}
END_TEST

/* In the ring, with the device, completed in the ring, on the ready list: once each. */
START_TEST(destroy_drops)
{
	struct fake_desc descs[8];
	struct wdi_msg *msg;

	fake_open(&dev);
	fake_send_many(&dev, 10);
	take_many(&dev, descs, 8);
	for (unsigned int i = 0; i < 3; i++)
		fake_post(&dev, descs[i].tag, WDI_ST_DONE);
	ck_assert_uint_eq(wdi_core_poll(dev.q, &msg, 1), 1);
	wdi_core_put(dev.q, &msg, 1);
	fake_post(&dev, descs[3].tag, WDI_ST_DONE);
	fake_close(&dev);
	ck_assert_uint_eq(dev.drops, 9);
}
END_TEST

START_TEST(forget_drops_nothing)
{
	fake_open(&dev);
	fake_send_many(&dev, 10);
	wdi_queue_forget(dev.q);
	ck_assert_uint_eq(dev.forgets, 1);
	ck_assert_uint_eq(dev.exits, 0);
	ck_assert_uint_eq(dev.drops, 0);
	fake_exit(&dev);
}
END_TEST

/* ---- one thread ---------------------------------------------------------- */

static unsigned int step_answers(struct fake *f)
{
	const struct fake_cpl *want = f->context;
	struct fake_cpl cpl = *want;
	struct fake_desc desc;

	if (!fake_take(f, &desc))
		return 0;
	cpl.tag = desc.tag;
	fake_post_cpl(f, &cpl);
	fake_signal(f);
	return 1;
}

START_TEST(sync_answers)
{
	static const struct fake_cpl answers[] = {
		{ .status = WDI_ST_DONE, .consumed = 10, .produced = 20 },
		{ .status = WDI_ST_STREAM_END, .consumed = 1 },
		{ .status = WDI_ST_MORE_OUT, .produced = 2 },
		{ .status = WDI_ST_CORRUPT, .consumed = 3 },
		{ .status = WDI_ST_RESET, .faults = 7 },
	};

	dev.on_step = step_answers;
	fake_open(&dev);
	for (size_t i = 0; i < wdi_array_size(answers); i++) {
		struct fake_cpl want = answers[i];
		struct wdi_msg msg = { .object = 1 };

		dev.context = &want;
		ck_assert_int_eq(wdi_core_run(dev.q, &msg, i & 1), 0);
		ck_assert_uint_eq(msg.status, want.status);
		ck_assert_uint_eq(msg.consumed, want.consumed);
		ck_assert_uint_eq(msg.produced, want.produced);
		ck_assert_uint_eq(msg.faults, want.faults);
	}
	ck_assert_uint_eq(dev.q->submitted, 5);
	ck_assert_uint_eq(dev.q->completed, 5);
	ck_assert_uint_eq(dev.q->errors, 2);
	ck_assert_uint_eq(dev.q->faults, 7);
	ck_assert_uint_eq(dev.q->in_bytes, 14);
	ck_assert_uint_eq(dev.q->out_bytes, 22);
	ck_assert_uint_eq(dev.q->inline_count, 5);
	ck_assert_uint_eq(dev.q->sleeps, 0);
	ck_assert_uint_eq(wdi_slots_used(&dev.q->slots), 0);
	fake_close(&dev);
}
END_TEST

/* No steps allowed: the device is kicked for every message, if it wants that. */
START_TEST(sync_by_kick)
{
	struct wdi_msg msg = { 0 };

	dev.dev.env.inline_steps = 0;
	dev.need_kick = true;
	dev.on_kick = fake_kick_serves;
	dev.on_step = fake_step_serves;
	fake_open(&dev);
	for (unsigned int i = 1; i <= 5; i++) {
		ck_assert_int_eq(wdi_core_run(dev.q, &msg, false), 0);
		ck_assert_uint_eq(dev.kicks, i);
	}
	ck_assert(fake_send(&dev, 0, 0));
	ck_assert_uint_eq(dev.kicks, 6);
	ck_assert_uint_eq(fake_poll_all(&dev), 1);
	ck_assert_uint_eq(dev.q->inline_count, 0);
	ck_assert_uint_eq(dev.q->kicks, 6);
	fake_close(&dev);
}
END_TEST

/* Without engine threads there are steps, whatever the option says. */
START_TEST(sync_no_engines)
{
	struct wdi_msg msg = { 0 };

	dev.dev.env.inline_steps = 0;
	dev.dev.caps.engine_threads = 0;
	dev.on_step = fake_step_serves;
	fake_open(&dev);
	ck_assert_int_eq(wdi_core_run(dev.q, &msg, true), 0);
	ck_assert_uint_eq(dev.q->inline_count, 1);
	fake_send_many(&dev, 3);
	ck_assert_uint_eq(fake_poll_all(&dev), 3);
	ck_assert_int_eq(wdi_core_event_fd(dev.q), -EOPNOTSUPP);
	fake_close(&dev);
}
END_TEST

/*
 * Everybody who waited has given up, and the device has completed all of it since: who
 * finds the ring full takes the completions, and the next request has a place.
 */
START_TEST(full_of_the_late)
{
	struct wdi_msg msg;

	fake_open(&dev);
	for (unsigned int i = 0; i < DEPTH; i++) {
		msg = (struct wdi_msg){ .deadline_ns = 1 };
		ck_assert_int_eq(wdi_core_run(dev.q, &msg, false), 0);
		ck_assert_uint_eq(msg.status, WDI_ST_TIMED_OUT);
	}
	msg = (struct wdi_msg){ .deadline_ns = 1 };
	ck_assert_int_eq(wdi_core_run(dev.q, &msg, false), -EBUSY);
	ck_assert_uint_eq(fake_serve_all(&dev), DEPTH);
	ck_assert_int_eq(wdi_core_run(dev.q, &msg, false), -EBUSY);
	ck_assert_int_eq(wdi_core_run(dev.q, &msg, false), 0);
	ck_assert_uint_eq(dev.q->expiry.late, DEPTH);
	fake_close(&dev);
}
END_TEST

/* Completions in a random order; each message comes once, as the one that it is. */
START_TEST(async_any_order)
{
	struct fake_desc descs[DEPTH];
	unsigned int state = (unsigned int)_i + 1;
	bool seen[DEPTH] = { false };
	struct wdi_msg *msgs[DEPTH];
	unsigned int n = 0, got;

	fake_open(&dev);
	fake_send_many(&dev, DEPTH);
	take_many(&dev, descs, DEPTH);
	for (unsigned int left = DEPTH; left; left--) {
		unsigned int i = unit_random(&state) % left;
		const struct fake_cpl cpl = { .tag = descs[i].tag, .consumed = descs[i].object };

		fake_post_cpl(&dev, &cpl);
		descs[i] = descs[left - 1];
		if (unit_random(&state) % 4)
			continue;
		got = wdi_core_poll(dev.q, msgs + n, 1 + unit_random(&state) % (DEPTH - n));
		n += got;
	}
	while ((got = wdi_core_poll(dev.q, msgs + n, DEPTH - n + 1)))
		n += got;
	ck_assert_uint_eq(n, DEPTH);
	for (unsigned int i = 0; i < DEPTH; i++) {
		ck_assert_uint_eq(msgs[i]->consumed, msgs[i]->object);
		ck_assert(!seen[msgs[i]->object]);
		seen[msgs[i]->object] = true;
	}
	wdi_core_put(dev.q, msgs, n);
	ck_assert_uint_eq(wdi_slots_used(&dev.q->slots), 0);
	fake_close(&dev);
	ck_assert_uint_eq(dev.drops, 0);
}
END_TEST

START_TEST(ring_full)
{
	struct wdi_msg sync = { 0 }, *msgs[DEPTH];

	fake_open(&dev);
	fake_send_many(&dev, DEPTH);
	ck_assert(!fake_send(&dev, 0, 0));
	ck_assert_int_eq(wdi_core_run(dev.q, &sync, false), -EBUSY);
	ck_assert_uint_eq(dev.q->busy, 2);
	/* Polled is not given back: the message is still being looked at. */
	for (unsigned int i = 0; i < 3; i++)
		ck_assert(fake_serve(&dev));
	ck_assert_uint_eq(wdi_core_poll(dev.q, msgs, 3), 3);
	ck_assert(!fake_send(&dev, 0, 0));
	wdi_core_put(dev.q, msgs, 2);
	fake_send_many(&dev, 2);
	ck_assert(!fake_send(&dev, 0, 0));
	wdi_core_put(dev.q, msgs + 2, 1);
	fake_serve_all(&dev);
	ck_assert_uint_eq(fake_poll_all(&dev), DEPTH - 1);
	fake_close(&dev);
}
END_TEST

START_TEST(limits)
{
	struct wdi_msg sync = { 0 };

	dev.on_step = fake_step_serves;
	fake_open(&dev);
	wdi_core_limit(dev.q, 3);
	fake_send_many(&dev, 3);
	ck_assert(!fake_send(&dev, 0, 0));
	ck_assert_int_eq(wdi_core_run(dev.q, &sync, false), -EBUSY);
	wdi_core_limit(dev.q, 5);
	fake_send_many(&dev, 2);
	ck_assert(!fake_send(&dev, 0, 0));
	/* Below what is out: it comes down to it. */
	wdi_core_limit(dev.q, 1);
	ck_assert(!fake_send(&dev, 0, 0));
	ck_assert_uint_eq(fake_poll_all(&dev), 5);
	fake_send_many(&dev, 1);
	ck_assert(!fake_send(&dev, 0, 0));
	/* More than the ring holds is what the ring holds. */
	wdi_core_limit(dev.q, UINT32_MAX);
	fake_send_many(&dev, DEPTH - 1);
	ck_assert(!fake_send(&dev, 0, 0));
	ck_assert_uint_eq(fake_poll_all(&dev), DEPTH);
	fake_close(&dev);
}
END_TEST

/* What a broken device might say; the good messages among it are not disturbed. */
START_TEST(wrong_tags)
{
	static const uint32_t wrong[] = {
		DEPTH, DEPTH + 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, UINT32_MAX,
	};
	struct fake_desc descs[4];
	struct wdi_msg *msgs[8];

	fake_open(&dev);
	fake_send_many(&dev, 4);
	take_many(&dev, descs, 4);
	for (size_t i = 0; i < wdi_array_size(wrong); i++)
		fake_post(&dev, wrong[i], WDI_ST_DONE);
	/* In range, but not out. */
	for (uint32_t tag = 4; tag < DEPTH; tag++)
		fake_post(&dev, tag, WDI_ST_DONE);
	fake_post(&dev, descs[2].tag, WDI_ST_STREAM_END);
	/* Twice, with another word. */
	fake_post(&dev, descs[2].tag, WDI_ST_CORRUPT);
	fake_post(&dev, descs[0].tag, WDI_ST_DONE);
	for (unsigned int i = 0, n = 0; i < DEPTH && n < 2; i++)
		n += wdi_core_poll(dev.q, msgs + n, 8 - n);
	ck_assert_uint_eq(msgs[0]->object, 2);
	ck_assert_uint_eq(msgs[0]->status, WDI_ST_STREAM_END);
	ck_assert_uint_eq(msgs[1]->object, 0);
	/* Once more after it was polled, and once more after it was given back. */
	fake_post(&dev, descs[2].tag, WDI_ST_CORRUPT);
	ck_assert_uint_eq(fake_poll_all(&dev), 0);
	ck_assert_uint_eq(msgs[0]->status, WDI_ST_STREAM_END);
	wdi_core_put(dev.q, msgs, 2);
	fake_post(&dev, descs[2].tag, WDI_ST_CORRUPT);
	ck_assert_uint_eq(fake_poll_all(&dev), 0);
	ck_assert_uint_eq(dev.q->completed, 2);
	ck_assert_uint_eq(dev.q->errors, 0);
	/* Late, but right. */
	fake_post(&dev, descs[3].tag, WDI_ST_DONE);
	fake_post(&dev, descs[1].tag, WDI_ST_DONE);
	ck_assert_uint_eq(fake_poll_all(&dev), 2);
	fake_close(&dev);
	ck_assert_uint_eq(dev.drops, 0);
}
END_TEST

static unsigned int step_serves_last(struct fake *f)
{
	struct fake_desc desc, *first = f->context;
	bool last = false;

	while (fake_take(f, &desc)) {
		if (first->tag == UINT32_MAX)
			*first = desc;
		else
			last = true;
	}
	if (last)
		fake_post(f, desc.tag, WDI_ST_DONE);
	return last;
}

/* A synchronous message overtakes an asynchronous one, which stays where it is. */
START_TEST(sync_beside_async)
{
	struct fake_desc first = { .tag = UINT32_MAX };
	struct wdi_msg sync = { 0 };

	dev.on_step = step_serves_last;
	dev.context = &first;
	fake_open(&dev);
	ck_assert(fake_send(&dev, 1, 0));
	for (unsigned int i = 0; i < 3 * DEPTH; i++)
		ck_assert_int_eq(wdi_core_run(dev.q, &sync, false), 0);
	ck_assert_uint_eq(fake_poll_all(&dev), 0);
	fake_post(&dev, first.tag, WDI_ST_DONE);
	/* What a waiter finds beside its own message is kept for the poller. */
	ck_assert_int_eq(wdi_core_run(dev.q, &sync, false), 0);
	ck_assert_uint_eq(fake_poll_all(&dev), 1);
	fake_close(&dev);
}
END_TEST

/* ---- kicks --------------------------------------------------------------- */

/* A poller will run it, so nobody is woken for a little work. */
START_TEST(kicks_for_much)
{
	dev.need_kick = true;
	fake_open(&dev);
	fake_send_many(&dev, 15);
	ck_assert_uint_eq(dev.kicks, 0);
	fake_send_many(&dev, 1);
	ck_assert_uint_eq(dev.kicks, 1);
	fake_send_many(&dev, 15);
	ck_assert_uint_eq(dev.kicks, 1);
	ck_assert(fake_send(&dev, 0, 128 * 1024));
	ck_assert_uint_eq(dev.kicks, 2);
	ck_assert(fake_send(&dev, 0, 128 * 1024 - 1));
	ck_assert_uint_eq(dev.kicks, 2);
	ck_assert(fake_send(&dev, 0, 1));
	ck_assert_uint_eq(dev.kicks, 3);
	/* Awake already. */
	dev.need_kick = false;
	fake_send_many(&dev, 20);
	ck_assert_uint_eq(dev.kicks, 3);
	fake_serve_all(&dev);
	ck_assert_uint_eq(fake_poll_all(&dev), 54);
	fake_close(&dev);
}
END_TEST

#define HOUR	(3600 * WDI_NSEC_PER_SEC)
#define SOON	(5 * WDI_NSEC_PER_MSEC)

static void send_with(uint64_t ns)
{
	struct wdi_msg *msg = wdi_core_begin(dev.q);

	ck_assert_ptr_nonnull(msg);
	msg->deadline_ns = wdi_now_ns() + ns;
	wdi_core_commit(dev.q, msg);
}

/*
 * Whoever polls runs no steps while there are deadlines, so it wakes those who do: also for a
 * request that has none and came when the engines had parked.
 */
START_TEST(kicks_beside_deadlines)
{
	struct wdi_msg *msg;

	dev.need_kick = true;
	fake_open(&dev);
	send_with(HOUR);
	ck_assert_uint_eq(dev.kicks, 1);
	ck_assert(fake_serve(&dev));
	ck_assert_uint_eq(fake_poll_all(&dev), 1);
	fake_send_many(&dev, 1);
	ck_assert_uint_eq(dev.kicks, 1);
	ck_assert_uint_eq(wdi_core_poll(dev.q, &msg, 1), 0);
	ck_assert_uint_eq(dev.kicks, 2);
	ck_assert_uint_eq(dev.steps, 0);
	ck_assert(fake_serve(&dev));
	ck_assert_uint_eq(fake_poll_all(&dev), 1);
	fake_close(&dev);
}
END_TEST

/* ---- waiting and events -------------------------------------------------- */

static unsigned int step_does_something_else(struct fake *f)
{
	(void)f;
	return 1;
}

START_TEST(wait_one_thread)
{
	fake_open(&dev);
	ck_assert_int_eq(wdi_core_wait(dev.q, 0), 0);
	ck_assert_int_eq(wdi_core_wait(dev.q, 1), 0);
	ck_assert(fake_send(&dev, 0, 0));
	ck_assert_int_eq(wdi_core_wait(dev.q, 1), 0);
	ck_assert(fake_serve(&dev));
	/* Until it has been polled. */
	ck_assert_int_eq(wdi_core_wait(dev.q, FOR_EVER), 1);
	ck_assert_int_eq(wdi_core_wait(dev.q, 0), 1);
	ck_assert_uint_eq(fake_poll_all(&dev), 1);
	ck_assert_int_eq(wdi_core_wait(dev.q, 0), 0);
	/* A waiter runs what nobody has begun, even if it has no time. */
	dev.on_step = fake_step_serves;
	for (unsigned int ms = 0; ms < 2; ms++) {
		ck_assert(fake_send(&dev, 0, 0));
		ck_assert_int_eq(wdi_core_wait(dev.q, ms ? FOR_EVER : 0), 1);
		ck_assert_uint_eq(fake_poll_all(&dev), 1);
	}
	/* And it does not stay because there is always something to do. */
	dev.on_step = step_does_something_else;
	ck_assert_int_eq(wdi_core_wait(dev.q, 1), 0);
	fake_close(&dev);
}
END_TEST

START_TEST(event_fd)
{
	struct wdi_msg *msg;
	int fd;

	dev.need_kick = true;
	fake_open(&dev);
	ck_assert(fake_send(&dev, 0, 0));
	ck_assert(fake_serve(&dev));
	/* Something was there before anybody asked. */
	fd = wdi_core_event_fd(dev.q);
	ck_assert_int_ge(fd, 0);
	ck_assert(readable(fd));
	ck_assert_uint_eq(fake_poll_all(&dev), 1);
	ck_assert(!readable(fd));
	ck_assert_int_eq(wdi_core_event_fd(dev.q), fd);
	ck_assert(!readable(fd));
	for (unsigned int i = 1; i <= 5; i++) {
		fake_send_many(&dev, 2);
		/* Nobody else would look at it. */
		ck_assert_uint_eq(dev.kicks, 2 * i);
		ck_assert(!readable(fd));
		ck_assert(fake_serve(&dev));
		ck_assert(readable(fd));
		ck_assert(fake_serve(&dev));
		/* Readable until a poll found that nothing is left. */
		ck_assert_uint_eq(wdi_core_poll(dev.q, &msg, 1), 1);
		wdi_core_put(dev.q, &msg, 1);
		ck_assert(readable(fd));
		ck_assert_uint_eq(fake_poll_all(&dev), 1);
		ck_assert(!readable(fd));
	}
	fake_close(&dev);
}
END_TEST

/* More completions at once than one look at the ring takes. */
START_TEST(event_fd_burst)
{
	struct wdi_msg *msgs[DEPTH];
	unsigned int n = 0;
	int fd;

	fake_open(&dev);
	fd = wdi_core_event_fd(dev.q);
	fake_send_many(&dev, DEPTH);
	while (fake_serve(&dev))
		;
	ck_assert_uint_eq(dev.irqs, 1);
	while (n < DEPTH) {
		ck_assert(readable(fd));
		n += wdi_core_poll(dev.q, msgs + n, DEPTH - n + 1);
	}
	wdi_core_put(dev.q, msgs, n);
	ck_assert_uint_eq(fake_poll_all(&dev), 0);
	ck_assert(!readable(fd));
	fake_close(&dev);
}
END_TEST

/* A bus that takes no eventfd: said once it is asked for, and the queue goes on without. */
START_TEST(event_fd_refused)
{
	struct wdi_msg msg = { .op = WDI_OP_NOOP };

	dev.irq_error = -EPERM;
	dev.need_kick = true;
	dev.dev.env.inline_steps = 0;
	dev.on_kick = fake_kick_serves;
	fake_open(&dev);
	ck_assert_int_eq(wdi_core_event_fd(dev.q), -EPERM);
	ck_assert_int_eq(dev.q->efd, -1);
	ck_assert_int_eq(wdi_core_run(dev.q, &msg, true), 0);
	dev.irq_error = 0;
	ck_assert_int_ge(wdi_core_event_fd(dev.q), 0);
	ck_assert_int_eq(dev.irq_fd, dev.q->efd);
	fake_close(&dev);
}
END_TEST

/* A loop that sleeps until there is something; what it got, all of which ended with @status. */
static unsigned int loop_until(int fd, enum wdi_status status)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct wdi_msg *msgs[DEPTH];
	unsigned int n;

	do {
		ck_assert_int_eq(poll(&pfd, 1, -1), 1);
		n = wdi_core_poll(dev.q, msgs, DEPTH);
	} while (!n);
	for (unsigned int i = 0; i < n; i++)
		ck_assert_uint_eq(msgs[i]->status, status);
	wdi_core_put(dev.q, msgs, n);
	return n;
}

/* The device never answers, and the loop is woken all the same. */
START_TEST(event_fd_deadline)
{
	int fd;

	fake_open(&dev);
	/* Asked for when the deadline is known already, and then before it is. */
	send_with(SOON);
	fd = wdi_core_event_fd(dev.q);
	ck_assert_uint_eq(loop_until(fd, WDI_ST_TIMED_OUT), 1);
	ck_assert(!readable(fd));
	/* A shorter one after a longer one, again and again. */
	send_with(HOUR);
	for (unsigned int i = 0; i < 3; i++) {
		send_with(SOON);
		ck_assert_uint_eq(loop_until(fd, WDI_ST_TIMED_OUT), 1);
		ck_assert(!readable(fd));
	}
	/* One that is in time; that its time comes wakes nobody again and again. */
	send_with(SOON);
	while (dev.sq_head < 5)
		ck_assert(fake_take(&dev, &(struct fake_desc){ 0 }));
	ck_assert(fake_serve(&dev));
	ck_assert_uint_eq(loop_until(fd, WDI_ST_DONE), 1);
	while (readable(fd))
		ck_assert_uint_eq(fake_poll_all(&dev), 0);
	ck_assert_uint_ne(dev.q->alarm, 0);
	ck_assert_uint_eq(wdi_core_cancel(dev.q, NULL), 1);
	ck_assert_uint_eq(loop_until(fd, WDI_ST_CANCELLED), 1);
	fake_close(&dev);
}
END_TEST

/* Ended by another thread than the loop's. */
START_TEST(event_fd_cancel)
{
	int fd;

	fake_open(&dev);
	fd = wdi_core_event_fd(dev.q);
	fake_send_many(&dev, 3);
	ck_assert(!readable(fd));
	ck_assert_uint_eq(wdi_core_cancel(dev.q, NULL), 3);
	ck_assert_uint_eq(loop_until(fd, WDI_ST_CANCELLED), 3);
	ck_assert(!readable(fd));
	fake_close(&dev);
}
END_TEST

static void serve_in_poll(struct fake *f)
{
	f->on_empty = NULL;
	fake_serve_all(f);
}

/* It completes when the poller has just looked, and before it has armed the interrupt. */
START_TEST(event_fd_just_missed)
{
	int fd;

	fake_open(&dev);
	fd = wdi_core_event_fd(dev.q);
	for (unsigned int i = 0; i < 3; i++) {
		dev.irq_arm = 0;
		fake_send_many(&dev, 1);
		dev.on_empty = serve_in_poll;
		ck_assert_uint_eq(fake_poll_all(&dev), 0);
		ck_assert(readable(fd));
		ck_assert_uint_eq(fake_poll_all(&dev), 1);
		ck_assert(!readable(fd));
	}
	fake_close(&dev);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *life = tcase_create("life");
	TCase *work = tcase_create("work");
	TCase *events = tcase_create("events");

	tcase_add_checked_fixture(life, set_up, NULL);
	tcase_add_test(life, create_errors);
	tcase_add_test(life, destroy_drops);
	tcase_add_test(life, forget_drops_nothing);
	suite_add_tcase(suite, life);

	tcase_add_checked_fixture(work, set_up, NULL);
	tcase_add_test(work, sync_answers);
	tcase_add_test(work, sync_by_kick);
	tcase_add_test(work, sync_no_engines);
	tcase_add_test(work, full_of_the_late);
	tcase_add_loop_test(work, async_any_order, 0, 10);
	tcase_add_test(work, ring_full);
	tcase_add_test(work, limits);
	tcase_add_test(work, wrong_tags);
	tcase_add_test(work, sync_beside_async);
	tcase_add_test(work, kicks_for_much);
	tcase_add_test(work, kicks_beside_deadlines);
	suite_add_tcase(suite, work);

	tcase_add_checked_fixture(events, set_up, NULL);
	tcase_add_test(events, wait_one_thread);
	tcase_add_test(events, event_fd);
	tcase_add_test(events, event_fd_burst);
	tcase_add_test(events, event_fd_just_missed);
	tcase_add_test(events, event_fd_refused);
	tcase_add_test(events, event_fd_deadline);
	tcase_add_test(events, event_fd_cancel);
	suite_add_tcase(suite, events);
	return unit_run(suite);
}
