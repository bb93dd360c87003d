/* SPDX-License-Identifier: MIT */
#include "fake_driver.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/bits.h"
#include "util/futex.h"
#include "util/io.h"

/* Room for completions that nobody asked for. */
#define CQ_FACTOR	4

static void count(unsigned int *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

/* ---- driver -------------------------------------------------------------- */

static struct fake *fake_of(void *priv)
{
	return priv;
}

static int fake_queue_init(struct wdi_io *io, uint32_t pasid, uint32_t depth, void **priv,
			   unsigned int *number)
{
	struct wdi_device *dev = wdi_container_of(io, struct wdi_device, io);
	struct fake *f = wdi_container_of(dev, struct fake, dev);

	ck_assert_uint_eq(pasid, 77);
	ck_assert_uint_eq(depth, f->depth);
	if (f->init_error)
		return f->init_error;
	*priv = f;
	*number = 5;
	return 0;
}

static void fake_queue_exit(struct wdi_io *io, void *priv)
{
	(void)io;
	count(&fake_of(priv)->exits);
}

static void fake_queue_forget(void *priv)
{
	count(&fake_of(priv)->forgets);
}

static void fake_submit(void *priv, const struct wdi_msg *msg)
{
	struct fake *f = fake_of(priv);

	f->sq[f->sq_tail % f->depth] = (struct fake_desc){
		.tag = msg->tag,
		.object = msg->object,
		.src_len = msg->src_len,
	};
	wdi_io_store32_release(&f->sq_tail, f->sq_tail + 1);
}

static unsigned int fake_poll(void *priv, struct wdi_cpl *cpls, unsigned int max)
{
	struct fake *f = fake_of(priv);
	uint32_t tail = wdi_io_load32_acquire(&f->cq_tail);
	unsigned int n = 0;

	for (; n < max && f->cq_head + n != tail; n++) {
		const struct fake_cpl *cpl = &f->cq[(f->cq_head + n) % f->cq_size];

		_Static_assert(sizeof(*cpl) <= sizeof(cpls->raw), "a completion fits");
		memcpy(cpls[n].raw, cpl, sizeof(*cpl));
		cpls[n].tag = cpl->tag;
	}
	wdi_io_store32_release(&f->cq_head, f->cq_head + n);
	if (!n && f->on_empty)
		f->on_empty(f);
	return n;
}

static void fake_complete(const struct wdi_cpl *raw, struct wdi_msg *msg)
{
	struct fake_cpl cpl;

	memcpy(&cpl, raw->raw, sizeof(cpl));
	msg->status = (uint8_t)cpl.status;
	msg->consumed = cpl.consumed;
	msg->produced = cpl.produced;
	msg->faults = (uint16_t)cpl.faults;
}

static uint32_t fake_backlog(void *priv)
{
	struct fake *f = fake_of(priv);

	return wdi_io_load32(&f->sq_tail) - wdi_io_load32(&f->sq_head);
}

static bool fake_needs_kick(void *priv)
{
	return __atomic_load_n(&fake_of(priv)->need_kick, __ATOMIC_RELAXED);
}

static void fake_arm_irq(void *priv)
{
	struct fake *f = fake_of(priv);

	wdi_io_store32_release(&f->irq_arm, 1);
	count(&f->arms);
}

static uint32_t *fake_wake_word(void *priv)
{
	struct fake *f = fake_of(priv);

	return f->wakes ? &f->wake_arm : NULL;
}

static const struct wdi_driver fake_driver = {
	.name = "fake",
	.api = "fake_v1",
	.queue_init = fake_queue_init,
	.queue_exit = fake_queue_exit,
	.queue_forget = fake_queue_forget,
	.submit = fake_submit,
	.poll = fake_poll,
	.complete = fake_complete,
	.backlog = fake_backlog,
	.needs_kick = fake_needs_kick,
	.arm_irq = fake_arm_irq,
	.wake_word = fake_wake_word,
};

/* ---- bus ----------------------------------------------------------------- */

static struct fake *fake_of_bus(struct wdi_bus_dev *bus)
{
	return wdi_container_of(bus, struct fake, bus);
}

static int fake_irq(struct wdi_bus_dev *bus, unsigned int queue, int efd)
{
	struct fake *f = fake_of_bus(bus);

	ck_assert_uint_eq(queue, 5);
	if (!f->irq_error)
		__atomic_store_n(&f->irq_fd, efd, __ATOMIC_RELEASE);
	return f->irq_error;
}

static void fake_kick(struct wdi_bus_dev *bus)
{
	struct fake *f = fake_of_bus(bus);

	count(&f->kicks);
	if (f->on_kick)
		f->on_kick(f);
}

static unsigned int fake_step(void *handle, unsigned int queue)
{
	struct fake *f = handle;

	ck_assert_uint_eq(queue, 5);
	count(&f->steps);
	return f->on_step ? f->on_step(f) : 0;
}

static const struct wdi_bus_ops fake_bus_ops = {
	.irq = fake_irq,
	.kick = fake_kick,
};

/* ---- life ---------------------------------------------------------------- */

void fake_init(struct fake *f, uint32_t depth)
{
	memset(f, 0, sizeof(*f));
	f->depth = depth;
	f->bus.ops = &fake_bus_ops;
	f->bus.step = fake_step;
	f->bus.step_handle = f;
	f->irq_fd = -1;
	f->dev.io.bus = &f->bus;
	f->dev.drv = &fake_driver;
	f->dev.caps.engine_threads = 1;
	f->dev.env.inline_steps = 1;
	strcpy(f->dev.info.name, "fake-0");
}

int fake_try_open(struct fake *f)
{
	f->cq_size = f->depth * CQ_FACTOR;
	f->sq = calloc(f->depth, sizeof(*f->sq));
	f->cq = calloc(f->cq_size, sizeof(*f->cq));
	ck_assert(f->sq && f->cq);
	return wdi_queue_create(&f->dev, 77, f->depth, &f->q);
}

void fake_open(struct fake *f)
{
	ck_assert_int_eq(fake_try_open(f), 0);
	ck_assert_int_eq(f->irq_fd, -1);	/* until somebody needs it */
}

void fake_exit(struct fake *f)
{
	free(f->sq);
	free(f->cq);
}

void fake_close(struct fake *f)
{
	wdi_queue_destroy(f->q);
	ck_assert_uint_eq(f->exits, 1);
	fake_exit(f);
}

/* ---- the client ---------------------------------------------------------- */

static void count_drop(struct wdi_msg *msg)
{
	struct fake *f = (struct fake *)(uintptr_t)msg->req[0];

	count(&f->drops);
}

bool fake_send(struct fake *f, uint32_t object, uint32_t len)
{
	struct wdi_msg *msg = wdi_core_begin(f->q);

	if (!msg)
		return false;
	ck_assert(msg->async && !msg->done && !msg->src && !msg->status);
	msg->object = object;
	msg->src_len = len;
	msg->drop = count_drop;
	msg->req[0] = (uintptr_t)f;
	wdi_core_commit(f->q, msg);
	return true;
}

void fake_send_many(struct fake *f, unsigned int number)
{
	for (unsigned int i = 0; i < number; i++)
		ck_assert(fake_send(f, i, 0));
}

unsigned int fake_poll_all(struct fake *f)
{
	struct wdi_msg *msgs[8];
	unsigned int n, total = 0;

	while ((n = wdi_core_poll(f->q, msgs, wdi_array_size(msgs)))) {
		wdi_core_put(f->q, msgs, n);
		total += n;
	}
	return total;
}

/* ---- the device ---------------------------------------------------------- */

bool fake_take(struct fake *f, struct fake_desc *desc)
{
	uint32_t head = wdi_io_load32(&f->sq_head);

	if (wdi_io_load32_acquire(&f->sq_tail) == head)
		return false;
	*desc = f->sq[head % f->depth];
	wdi_io_store32_release(&f->sq_head, head + 1);
	return true;
}

void fake_post_cpl(struct fake *f, const struct fake_cpl *cpl)
{
	uint32_t tail = wdi_io_load32(&f->cq_tail);

	ck_assert_uint_lt(tail - wdi_io_load32_acquire(&f->cq_head), f->cq_size);
	f->cq[tail % f->cq_size] = *cpl;
	wdi_io_store32_release(&f->cq_tail, tail + 1);
}

void fake_signal(struct fake *f)
{
	const uint64_t one = 1;

	wdi_io_sleep_barrier();
	if (wdi_io_load32(&f->wake_arm) &&
	    __atomic_exchange_n(&f->wake_arm, 0, __ATOMIC_ACQ_REL)) {
		count(&f->irqs);
		wdi_futex_wake(&f->wake_arm, false);
	}
	if (!wdi_io_load32(&f->irq_arm) ||
	    !__atomic_exchange_n(&f->irq_arm, 0, __ATOMIC_ACQ_REL))
		return;
	count(&f->irqs);
	ck_assert_int_eq(write(__atomic_load_n(&f->irq_fd, __ATOMIC_ACQUIRE), &one, sizeof(one)),
			 sizeof(one));
}

bool fake_serve(struct fake *f)
{
	struct fake_desc desc;

	if (!fake_take(f, &desc))
		return false;
	fake_post(f, desc.tag, WDI_ST_DONE);
	fake_signal(f);
	return true;
}

unsigned int fake_serve_all(struct fake *f)
{
	unsigned int n = 0;

	while (fake_serve(f))
		n++;
	return n;
}

unsigned int fake_step_serves(struct fake *f)
{
	return fake_serve(f);
}

void fake_kick_serves(struct fake *f)
{
	fake_serve_all(f);
}
