/* SPDX-License-Identifier: MIT */
/*
 * Requests that end before the device is done with them. The message goes back
 * to whoever sent it, and a mark stays in its slot: the slot, and the entries of
 * the rings that go with it, are the device's until it completes the tag or a
 * drain shows that it never will. By the use count in a tag, what comes later
 * than that, or twice, is told from what comes for the slot's next user.
 *
 * A slot whose asynchronous message was abandoned has two holders: the device,
 * and whoever polled the message and has not put it yet. The marks tell which
 * are left. Everything here is under the poll lock.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/core_internal.h"
#include "util/clock.h"
#include "util/log.h"

static struct wdi_msg held_by_both, held_by_device;

bool wdi_expire_is_mark(const struct wdi_msg *msg)
{
	return msg == &held_by_both || msg == &held_by_device;
}

static struct wdi_msg *slot_msg(const struct wdi_queue *q, uint32_t slot)
{
	return __atomic_load_n(&q->by_tag[slot], __ATOMIC_ACQUIRE);
}

static void slot_set(struct wdi_queue *q, uint32_t slot, struct wdi_msg *msg)
{
	__atomic_store_n(&q->by_tag[slot], msg, __ATOMIC_RELAXED);
}

/* ---- ending ---------------------------------------------------------------- */

void wdi_expire_one(struct wdi_queue *q, struct wdi_msg *msg, enum wdi_status status)
{
	struct wdi_expiry *x = &q->expiry;
	uint32_t slot = wdi_tag_slot(msg->tag);

	if (q->drv->cancel)
		q->drv->cancel(q->priv, msg->tag);
	/* Without eras a drain does not know how old a mark is, and frees none of them. */
	if (!x->eras)
		x->eras = calloc(q->depth, sizeof(*x->eras));
	if (x->eras)
		x->eras[slot] = x->era;
	wdi_count(status == WDI_ST_TIMED_OUT ? &x->timeouts : &x->cancelled, 1);
	__atomic_fetch_add(&x->quarantined, 1, __ATOMIC_RELAXED);
	slot_set(q, slot, msg->async ? &held_by_both : &held_by_device);
	msg->status = (uint8_t)status;
	msg->abandoned = true;
	msg->consumed = 0;
	msg->produced = 0;
	msg->fault_addr = 0;
	if (msg->async && msg->ladder)
		wdi_fault_orphan(q, msg);
	if (msg->async)
		wdi_queue_ready(q, msg);
	else
		wdi_io_store32_release(&msg->done, 1);
}

void wdi_expire_watch(struct wdi_queue *q, uint64_t deadline)
{
	uint64_t next = __atomic_load_n(&q->expiry.next, __ATOMIC_RELAXED);

	while (deadline < next &&
	       !__atomic_compare_exchange_n(&q->expiry.next, &next, deadline, true,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

bool wdi_expire_due(struct wdi_queue *q)
{
	uint64_t next = __atomic_load_n(&q->expiry.next, __ATOMIC_ACQUIRE), now;
	bool any = false;

	if (wdi_likely(next == WDI_NEVER))
		return false;
	now = wdi_now_ns();
	if (now < next)
		return false;
	/* First this, then the look: who submits meanwhile is seen or lowers it again. */
	__atomic_store_n(&q->expiry.next, WDI_NEVER, __ATOMIC_SEQ_CST);
	for (uint32_t slot = 0; slot < q->depth; slot++) {
		struct wdi_msg *msg = slot_msg(q, slot);

		if (!msg || wdi_expire_is_mark(msg) || !msg->async || !msg->deadline_ns)
			continue;
		if (msg->deadline_ns > now) {
			wdi_expire_watch(q, msg->deadline_ns);
			continue;
		}
		wdi_expire_one(q, msg, WDI_ST_TIMED_OUT);
		any = true;
	}
	return any;
}

/* @sess: NULL for all */
static unsigned int end_those_of(struct wdi_queue *q, const struct wdi_sess *sess,
				 enum wdi_status status)
{
	unsigned int n = 0;

	for (uint32_t slot = 0; slot < q->depth; slot++) {
		struct wdi_msg *msg = slot_msg(q, slot);

		if (!msg || wdi_expire_is_mark(msg) || (sess && msg->sess != sess))
			continue;
		wdi_expire_one(q, msg, status);
		n++;
	}
	return n;
}

unsigned int wdi_core_cancel(struct wdi_queue *q, const struct wdi_sess *sess)
{
	unsigned int n;

	wdi_spin_lock(&q->poll_lock);
	wdi_queue_collect(q);
	n = end_those_of(q, sess, WDI_ST_CANCELLED);
	wdi_queue_unlock(q);
	if (n)
		wdi_queue_call_loop(q);
	return n;
}

/* ---- the device's last word --------------------------------------------------- */

/* The device no longer has the slot. */
static void slot_left(struct wdi_queue *q, uint32_t slot)
{
	bool last = slot_msg(q, slot) == &held_by_device;

	if (q->drv->uncancel)
		q->drv->uncancel(q->priv, wdi_io_load32(&q->wire[slot]));
	slot_set(q, slot, NULL);
	__atomic_fetch_sub(&q->expiry.quarantined, 1, __ATOMIC_RELAXED);
	if (last)
		wdi_slots_give(&q->slots, slot);
}

bool wdi_expire_put(struct wdi_queue *q, const struct wdi_msg *msg)
{
	uint32_t slot = wdi_tag_slot(msg->tag);

	if (slot_msg(q, slot) != &held_by_both)
		return true;
	slot_set(q, slot, &held_by_device);
	return false;
}

/* The drain is back: whatever was marked before it went out has been lost. */
static void drained(struct wdi_queue *q)
{
	struct wdi_expiry *x = &q->expiry;

	wdi_io_store32(&x->draining, 0);
	for (uint32_t slot = 0; x->eras && slot < q->depth; slot++) {
		if (!wdi_expire_is_mark(slot_msg(q, slot)) ||
		    (int32_t)(x->eras[slot] - x->drain_era) >= 0)
			continue;
		slot_left(q, slot);
		wdi_count(&x->lost, 1);
	}
}

void wdi_expire_all(struct wdi_queue *q, enum wdi_status status)
{
	struct wdi_expiry *x = &q->expiry;

	end_those_of(q, NULL, status);
	wdi_io_store32(&x->draining, 0);
	for (uint32_t slot = 0; slot < q->depth; slot++) {
		if (!wdi_expire_is_mark(slot_msg(q, slot)))
			continue;
		slot_left(q, slot);
		wdi_count(&x->lost, 1);
	}
}

void wdi_expire_completion(struct wdi_queue *q, uint32_t tag)
{
	uint32_t slot = wdi_tag_slot(tag);

	if (tag == WDI_TAG_DRAIN && q->expiry.draining) {
		drained(q);
	} else if (slot < q->depth && wdi_expire_is_mark(slot_msg(q, slot)) &&
		   wdi_io_load32(&q->wire[slot]) == tag) {
		wdi_count(&q->expiry.late, 1);
		slot_left(q, slot);
	} else {
		wdi_count(&q->expiry.strays, 1);
		wdi_warn("queue %u: completion for tag %#x, which is not out", q->number, tag);
	}
}

/* Needs neither lock on entry. One at a time is enough: the next one finds what it left. */
void wdi_expire_drain(struct wdi_queue *q)
{
	struct wdi_expiry *x = &q->expiry;
	bool go;

	if (!q->drv->drain)
		return;
	wdi_spin_lock(&q->poll_lock);
	go = !x->draining && x->quarantined;
	if (go) {
		wdi_io_store32(&x->draining, 1);
		x->drain_era = ++x->era;
	}
	wdi_spin_unlock(&q->poll_lock);
	if (!go)
		return;
	wdi_spin_lock(&q->submit_lock);
	go = q->drv->drain(q->priv);
	wdi_spin_unlock(&q->submit_lock);
	if (!go) {
		wdi_spin_lock(&q->poll_lock);
		wdi_io_store32(&x->draining, 0);
		wdi_spin_unlock(&q->poll_lock);
		return;
	}
	wdi_queue_kick(q);
}
