/* SPDX-License-Identifier: MIT */
/*
 * One queue: submit, reap, poll. Submitters serialise on submit_lock, pollers
 * on poll_lock, and the two only meet in the tag pool and in the device.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core_internal.h"
#include "util/clock.h"
#include "util/log.h"

#define REAP_BATCH	16

/*
 * How much may be left unseen in the ring before a parked engine thread is
 * woken for it. Waking costs about ten microseconds in the caller, and whoever
 * polls runs the work itself; this much is worth a second CPU.
 */
#define UNSEEN_COUNT	16
#define UNSEEN_BYTES	(128 * 1024)

/* What the caller may run past the ring. */
#define DIRECT_OPS	(UINT32_C(1) << WDI_OP_CIPHER | UINT32_C(1) << WDI_OP_DIGEST | \
			 UINT32_C(1) << WDI_OP_AEAD | UINT32_C(1) << WDI_OP_PK)
#define DIRECT_BYTES	(64 * 1024)

static const char *const status_names[] = {
	[WDI_ST_DONE] = "done",
	[WDI_ST_STREAM_END] = "end of stream",
	[WDI_ST_MORE_OUT] = "more output",
	[WDI_ST_PAGE_FAULT] = "page fault",
	[WDI_ST_BAD_ADDRESS] = "bad address",
	[WDI_ST_ACCESS_DENIED] = "access denied",
	[WDI_ST_CORRUPT] = "corrupt data",
	[WDI_ST_OUTPUT_FULL] = "output full",
	[WDI_ST_UNSUPPORTED] = "unsupported",
	[WDI_ST_MALFORMED] = "malformed descriptor",
	[WDI_ST_BAD_SGL] = "bad scatter list",
	[WDI_ST_NO_OBJECT] = "no such stream or session",
	[WDI_ST_NO_PASID] = "no such PASID",
	[WDI_ST_CANCELLED] = "cancelled",
	[WDI_ST_TIMED_OUT] = "timed out",
	[WDI_ST_RESET] = "device reset",
	[WDI_ST_NO_MEMORY] = "no memory in the device",
	[WDI_ST_AUTH_FAILED] = "authentication failed",
	[WDI_ST_BAD_KEY] = "key or parameters cannot be used",
	[WDI_ST_ABORTED] = "cut off while it worked in place",
	[WDI_ST_BAD_OPERAND] = "operand that the operation does not take",
};
_Static_assert(wdi_array_size(status_names) == WDI_ST_COUNT, "a status without a name");

const char *wdi_core_status_name(enum wdi_status status)
{
	return (unsigned int)status < WDI_ST_COUNT ? status_names[status] : "unknown";
}

int wdi_queue_create(struct wdi_device *dev, uint32_t pasid, uint32_t depth,
		     struct wdi_queue **out)
{
	const size_t size = wdi_align_up(sizeof(struct wdi_queue), WDI_CACHE_LINE);
	struct wdi_queue *q = aligned_alloc(WDI_CACHE_LINE, size);
	int ret;

	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->dev = dev;
	q->drv = dev->drv;
	q->depth = depth;
	q->limit = depth;
	q->ready_tail = &q->ready_head;
	q->expiry.next = WDI_NEVER;
	q->spin_ns = dev->env.spin_us * WDI_NSEC_PER_USEC;
	/* With no engine threads somebody has to do the work. */
	q->inline_steps = dev->env.inline_steps || !dev->caps.engine_threads;
	q->may_direct = q->inline_steps && dev->env.direct && q->drv->direct && dev->io.bus->direct;

	ret = wdi_slots_init(&q->slots, depth);
	if (ret)
		goto free_queue;
	q->by_tag = calloc(depth, sizeof(*q->by_tag));
	q->pool = calloc(depth, sizeof(*q->pool));
	q->wire = calloc(depth, sizeof(*q->wire));
	if (!q->by_tag || !q->pool || !q->wire) {
		ret = -ENOMEM;
		goto free_arrays;
	}
	for (uint32_t slot = 0; slot < depth; slot++)
		q->wire[slot] = slot - WDI_TAG_SLOTS;
	ret = q->drv->queue_init(&dev->io, pasid, depth, &q->priv, &q->number);
	if (ret)
		goto free_arrays;
	q->wake_word = q->drv->wake_word(q->priv);
	q->inherited = dev->inherited;
	q->efd = -1;
	q->loop_fd = -1;
	q->timer_fd = -1;
	q->alarm = WDI_NEVER;
	pthread_mutex_init(&q->efd_lock, NULL);
	*out = q;
	return 0;

free_arrays:
	free(q->wire);
	free(q->pool);
	free(q->by_tag);
	wdi_slots_exit(&q->slots);
free_queue:
	free(q);
	return ret;
}

static void queue_free(struct wdi_queue *q)
{
	wdi_fault_free_orphans(q);
	if (q->timer_fd >= 0)
		close(q->timer_fd);
	if (q->loop_fd >= 0)
		close(q->loop_fd);
	if (q->efd >= 0)
		close(q->efd);
	pthread_mutex_destroy(&q->efd_lock);
	free(q->expiry.eras);
	free(q->wire);
	free(q->pool);
	free(q->by_tag);
	wdi_slots_exit(&q->slots);
	free(q);
}

static void queue_drop(struct wdi_msg *msg)
{
	if (msg->ladder)
		wdi_fault_drop(msg);
	msg->drop(msg);
}

/*
 * The owner has stopped submitting and polling. Asynchronous requests that have
 * not been polled are dropped: their callbacks do not run, what they held is
 * released.
 */
void wdi_queue_destroy(struct wdi_queue *q)
{
	struct wdi_msg *msg;

	q->drv->queue_exit(&q->dev->io, q->priv);
	for (msg = q->ready_head; msg; msg = msg->next)
		queue_drop(msg);
	for (msg = q->faulted; msg; msg = msg->next)
		queue_drop(msg);
	for (uint32_t slot = 0; slot < q->depth; slot++) {
		msg = q->by_tag[slot];
		if (msg && !wdi_expire_is_mark(msg) && msg->async)
			queue_drop(msg);
	}
	queue_free(q);
}

void wdi_queue_forget(struct wdi_queue *q)
{
	q->drv->queue_forget(q->priv);
	queue_free(q);
}

void wdi_queue_kick(struct wdi_queue *q)
{
	struct wdi_bus_dev *bus = q->dev->io.bus;

	if (q->poll_only)
		return;
	wdi_io_sleep_barrier();
	if (q->drv->backlog(q->priv) && q->drv->needs_kick(q->priv)) {
		__atomic_fetch_add(&q->kicks, 1, __ATOMIC_RELAXED);
		bus->ops->kick(bus);
	}
}

/* Nobody may have submitted anything that relies on the threads. */
int wdi_core_poll_only(struct wdi_queue *q)
{
	int ret;

	if (q->poll_only)
		return 0;
	if (q->inherited || !q->inline_steps || !q->drv->poll_only)
		return -EOPNOTSUPP;
	if (__atomic_load_n(&q->submitted, __ATOMIC_RELAXED) || wdi_queue_event_mode(q))
		return -EBUSY;
	ret = q->drv->poll_only(&q->dev->io, q->priv);
	q->poll_only = !ret;
	return ret;
}

bool wdi_queue_step(struct wdi_queue *q)
{
	struct wdi_bus_dev *bus = q->dev->io.bus;

	return q->inline_steps && bus->step(bus->step_handle, q->number);
}

void wdi_queue_account(struct wdi_queue *q, const struct wdi_msg *msg)
{
	wdi_count(&q->completed, 1);
	wdi_count(&q->in_bytes, msg->consumed);
	wdi_count(&q->out_bytes, msg->produced);
	if (wdi_unlikely(msg->status > WDI_ST_MORE_OUT) && !wdi_fault_wanted(msg))
		wdi_count(&q->errors, 1);
	if (wdi_unlikely(msg->faults))
		wdi_count(&q->faults, msg->faults);
}

void wdi_queue_ready(struct wdi_queue *q, struct wdi_msg *msg)
{
	msg->next = NULL;
	*q->ready_tail = msg;
	q->ready_tail = &msg->next;
}

/*
 * The message that a completion is for. None: it is late or lost, or came twice,
 * or it is a mistake of the device; the ring entry has been consumed already.
 */
static inline struct wdi_msg *queue_match(struct wdi_queue *q, uint32_t tag)
{
	uint32_t slot = wdi_tag_slot(tag);
	struct wdi_msg *msg;

	if (wdi_unlikely(slot >= q->depth))
		return NULL;
	msg = __atomic_load_n(&q->by_tag[slot], __ATOMIC_ACQUIRE);
	if (wdi_unlikely(!msg || wdi_io_load32(&q->wire[slot]) != tag || wdi_expire_is_mark(msg)))
		return NULL;
	return msg;
}

/*
 * The operands of a synchronous PK message are listed on its sender's stack, which
 * may be gone when the device reads them: the sender can run out of time. So the
 * list is put where the slot is, which is not used again before the device is done.
 */
static void list_lend(struct wdi_queue *q, struct wdi_msg *msg)
{
	struct wdi_msg *slot = &q->pool[wdi_tag_slot(msg->tag)];

	memcpy(slot->params, msg->params, msg->src_len);
	msg->src = slot->params;
}

static void list_take_back(struct wdi_msg *msg)
{
	memcpy(msg->params, msg->src, msg->src_len);
}

static inline void queue_dispatch(struct wdi_queue *q, const struct wdi_cpl *cpl)
{
	struct wdi_msg *msg = queue_match(q, cpl->tag);
	uint32_t slot = wdi_tag_slot(cpl->tag);

	if (wdi_unlikely(!msg)) {
		wdi_expire_completion(q, cpl->tag);
		return;
	}
	__atomic_store_n(&q->by_tag[slot], NULL, __ATOMIC_RELAXED);
	q->drv->complete(cpl, msg);
	wdi_queue_account(q, msg);
	if (msg->async) {
		if (wdi_fault_wanted(msg)) {
			msg->next = q->faulted;
			q->faulted = msg;
			return;
		}
		wdi_queue_ready(q, msg);
		return;
	}
	if (msg->op == WDI_OP_PK)
		list_take_back(msg);
	wdi_slots_give(&q->slots, slot);
	/* From here on the message is its waiter's again. */
	wdi_io_store32_release(&msg->done, 1);
}

/* Under poll_lock. Whether anything came. */
static bool reap_locked(struct wdi_queue *q)
{
	struct wdi_cpl cpls[REAP_BATCH];
	unsigned int n = q->drv->poll(q->priv, cpls, REAP_BATCH);

	for (unsigned int i = 0; i < n; i++)
		queue_dispatch(q, &cpls[i]);
	return n > 0;
}

void wdi_queue_collect(struct wdi_queue *q)
{
	while (reap_locked(q))
		;
}

/* After a reap; sleepers are called for what it found for them. */
void wdi_queue_unlock(struct wdi_queue *q)
{
	if (wdi_unlikely(q->sleepers))
		wdi_queue_wake(q);
	else
		wdi_spin_unlock(&q->poll_lock);
}

bool wdi_queue_reap(struct wdi_queue *q, unsigned int *steps)
{
	bool any;

	if (!wdi_spin_trylock(&q->poll_lock))
		return false;
	any = reap_locked(q);
	wdi_count(&q->inline_count, *steps);
	*steps = 0;
	wdi_queue_unlock(q);
	return any;
}

bool wdi_queue_has_ready(struct wdi_queue *q)
{
	bool ready;

	wdi_spin_lock(&q->poll_lock);
	if (wdi_unlikely(wdi_expire_next(q) != WDI_NEVER))
		wdi_expire_due(q);
	ready = q->ready_head != NULL;
	wdi_spin_unlock(&q->poll_lock);
	return ready;
}

/* Under submit_lock; the message becomes visible to the device. */
static inline void queue_submit(struct wdi_queue *q, struct wdi_msg *msg)
{
	__atomic_store_n(&q->by_tag[wdi_tag_slot(msg->tag)], msg, __ATOMIC_RELEASE);
	q->drv->submit(q->priv, msg);
	wdi_count(&q->submitted, 1);
}

/* A slot and the tag of its next use, or false. */
static inline bool take_tag(struct wdi_queue *q, uint32_t *tag)
{
	uint32_t slot = WDI_SLOTS_NONE;

	/* A drain takes a place in the ring, too. */
	if (wdi_slots_used(&q->slots) + wdi_io_load32(&q->expiry.draining) < q->limit)
		slot = wdi_slots_take(&q->slots);
	if (wdi_unlikely(slot == WDI_SLOTS_NONE)) {
		wdi_count(&q->busy, 1);
		return false;
	}
	*tag = q->wire[slot] + WDI_TAG_SLOTS;
	wdi_io_store32(&q->wire[slot], *tag);
	return true;
}

/*
 * No slot was free. Some may only be waiting for completions that were lost, or that nobody
 * has taken, because everybody who waited for one has given up.
 */
__attribute__((noinline))
static void queue_is_full(struct wdi_queue *q)
{
	unsigned int steps = 0;

	if (!wdi_io_load32(&q->expiry.quarantined))
		return;
	wdi_expire_drain(q);
	if (!wdi_queue_has_threads(q))
		steps += wdi_queue_step(q);
	wdi_queue_reap(q, &steps);
}

/*
 * Whether the waiter may run steps. One with a deadline leaves the work to the
 * engine threads, because a step can take as long as it likes.
 */
static bool may_step(const struct wdi_queue *q, const struct wdi_msg *msg)
{
	return q->inline_steps && (wdi_likely(!msg->deadline_ns) || !wdi_queue_has_threads(q));
}

/* The waiter's time is over, unless it has just been served. */
__attribute__((noinline))
static void queue_too_late(struct wdi_queue *q, struct wdi_msg *msg)
{
	wdi_spin_lock(&q->poll_lock);
	wdi_queue_collect(q);
	if (!wdi_io_load32_acquire(&msg->done))
		wdi_expire_one(q, msg, WDI_ST_TIMED_OUT);
	wdi_queue_unlock(q);
	if (wdi_io_load32(&q->expiry.quarantined) > q->depth / 8)
		wdi_expire_drain(q);
}

int wdi_queue_run_once(struct wdi_queue *q, struct wdi_msg *msg, bool sleep_now)
{
	const uint64_t until = wdi_likely(!msg->deadline_ns) ? WDI_NEVER : msg->deadline_ns;
	const bool steps_here = may_step(q, msg);
	uint64_t spin_until = 0, now;
	unsigned int steps = 0;

	wdi_spin_lock(&q->submit_lock);
	if (wdi_unlikely(!take_tag(q, &msg->tag))) {
		wdi_spin_unlock(&q->submit_lock);
		queue_is_full(q);
		return -EBUSY;
	}
	msg->async = false;
	msg->done = 0;
	if (msg->op == WDI_OP_PK)
		list_lend(q, msg);
	queue_submit(q, msg);
	wdi_spin_unlock(&q->submit_lock);

	if (steps_here)
		steps += wdi_queue_step(q);
	else
		wdi_queue_kick(q);
	while (!wdi_io_load32_acquire(&msg->done)) {
		if (wdi_queue_reap(q, &steps))
			continue;
		if (steps_here && wdi_queue_step(q)) {
			steps++;
			if (until == WDI_NEVER)
				continue;
		}
		now = wdi_now_ns();
		if (wdi_unlikely(now >= until)) {
			queue_too_late(q, msg);
			break;
		}
		if (!spin_until)
			spin_until = now + (sleep_now ? 0 : q->spin_ns);
		if (now < spin_until) {
			wdi_cpu_relax();
			continue;
		}
		wdi_queue_sleep(q, until, msg);
	}
	return 0;
}

/*
 * What may go past the ring: nobody can give up on it while it is under way, so only what
 * takes little time and has no deadline.
 */
static inline bool direct_fits(const struct wdi_queue *q, const struct wdi_msg *msg)
{
	return q->may_direct && (DIRECT_OPS >> msg->op & 1) && msg->src_len <= DIRECT_BYTES &&
	       !msg->deadline_ns;
}

static void direct_account(struct wdi_queue *q, const struct wdi_msg *msg)
{
	wdi_spin_lock(&q->direct.lock);
	wdi_count(&q->direct.jobs, 1);
	wdi_count(&q->direct.in_bytes, msg->consumed);
	wdi_count(&q->direct.out_bytes, msg->produced);
	if (wdi_unlikely(msg->status > WDI_ST_MORE_OUT) && !wdi_fault_wanted(msg))
		wdi_count(&q->direct.errors, 1);
	if (wdi_unlikely(msg->faults))
		wdi_count(&q->direct.faults, msg->faults);
	wdi_spin_unlock(&q->direct.lock);
}

/*
 * The message's addresses are in the memory of another process, where nothing of
 * fault.c reaches: the device waits for its pages itself.
 */
static bool fits_inherited(const struct wdi_queue *q, struct wdi_msg *msg)
{
	msg->on_fault = WDI_FAULT_WAIT;
	msg->policy = 0;
	return q->dev->caps.ops & (UINT32_C(1) << msg->op);
}

int wdi_core_run(struct wdi_queue *q, struct wdi_msg *msg, bool sleep_now)
{
	int ret;

	if (wdi_unlikely(q->inherited) && !fits_inherited(q, msg)) {
		wdi_err("%s: not on a context that was inherited from another process",
			q->dev->info.name);
		return -EOPNOTSUPP;
	}
	if (wdi_unlikely(msg->policy))
		wdi_core_populate(msg);
	if (direct_fits(q, msg) && wdi_likely(q->drv->direct(&q->dev->io, q->priv, msg))) {
		ret = 0;
		direct_account(q, msg);
	} else {
		ret = wdi_queue_run_once(q, msg, sleep_now);
	}
	if (wdi_unlikely(ret) || wdi_likely(!wdi_fault_wanted(msg)))
		return ret;
	return wdi_fault_run(q, msg, sleep_now);
}

struct wdi_msg *wdi_core_begin(struct wdi_queue *q)
{
	struct wdi_msg *msg;
	uint32_t tag;

	wdi_spin_lock(&q->submit_lock);
	if (wdi_unlikely(!take_tag(q, &tag))) {
		wdi_spin_unlock(&q->submit_lock);
		queue_is_full(q);
		return NULL;
	}
	msg = &q->pool[wdi_tag_slot(tag)];
	wdi_msg_clear(msg);
	msg->tag = tag;
	msg->async = true;
	return msg;
}

static inline bool backlog_is_worth_a_wake(const struct wdi_queue *q)
{
	return wdi_queue_event_mode(q) || q->unseen >= UNSEEN_COUNT ||
	       q->unseen_bytes >= UNSEEN_BYTES;
}

/* After a message with @deadline has gone out, without a lock. */
static inline void tell_alarm(struct wdi_queue *q, uint64_t deadline)
{
	if (wdi_unlikely(deadline && wdi_queue_event_mode(q)))
		wdi_queue_alarm(q);
}

void wdi_core_commit(struct wdi_queue *q, struct wdi_msg *msg)
{
	const uint64_t deadline = msg->deadline_ns;
	bool kick;

	/* What has no place there is refused when the class takes the context. */
	if (wdi_unlikely(q->inherited))
		fits_inherited(q, msg);
	q->unseen++;
	q->unseen_bytes += msg->src_len;
	queue_submit(q, msg);
	if (wdi_unlikely(deadline))
		wdi_expire_watch(q, deadline);
	kick = backlog_is_worth_a_wake(q) || deadline;
	if (kick) {
		q->unseen = 0;
		q->unseen_bytes = 0;
	}
	wdi_spin_unlock(&q->submit_lock);
	if (kick || !q->inline_steps)
		wdi_queue_kick(q);
	tell_alarm(q, deadline);
}

/* Both the slot and the place in the ring are the message's own; the lock is short. */
void wdi_queue_again(struct wdi_queue *q, struct wdi_msg *msg)
{
	const uint64_t deadline = msg->deadline_ns;
	uint32_t slot = wdi_tag_slot(msg->tag);

	wdi_spin_lock(&q->submit_lock);
	msg->tag += WDI_TAG_SLOTS;
	wdi_io_store32(&q->wire[slot], msg->tag);
	queue_submit(q, msg);
	if (deadline)
		wdi_expire_watch(q, deadline);
	wdi_spin_unlock(&q->submit_lock);
	if (wdi_queue_event_mode(q) || !q->inline_steps)
		wdi_queue_kick(q);
	tell_alarm(q, deadline);
}

/* Requests that come later end the same way, at their first wait or poll. */
void wdi_queue_mourn(struct wdi_queue *q)
{
	struct wdi_bus_dev *bus = q->dev->io.bus;

	if (bus->ops->alive(bus))
		return;
	wdi_queue_collect(q);
	wdi_expire_all(q, WDI_ST_RESET);
}

static unsigned int take_ready(struct wdi_queue *q, struct wdi_msg **msgs, unsigned int max)
{
	unsigned int n = 0;

	while (n < max && q->ready_head) {
		msgs[n++] = q->ready_head;
		q->ready_head = q->ready_head->next;
	}
	if (!q->ready_head)
		q->ready_tail = &q->ready_head;
	return n;
}

/*
 * Nothing is out, nor comes late or twice: most contexts that a scheduler polls, most of the
 * time. An owner of the wait fd polls to have it armed, too.
 */
static inline bool nothing_to_poll(struct wdi_queue *q)
{
	return !wdi_slots_used(&q->slots) && q->drv->quiet && q->drv->quiet(q->priv) &&
	       !wdi_queue_event_mode(q);
}

/*
 * The poller's own step. Where deadlines are, its own or another request's, the engine threads
 * do the work, and may have parked before what is in the ring now was submitted.
 */
static inline bool poll_step(struct wdi_queue *q)
{
	if (wdi_likely(wdi_queue_may_step(q)))
		return wdi_queue_step(q);
	wdi_queue_kick(q);
	return false;
}

unsigned int wdi_core_poll(struct wdi_queue *q, struct wdi_msg **msgs, unsigned int max)
{
	unsigned int n = 0, steps = 0;
	bool faulted;

	if (nothing_to_poll(q))
		return 0;
	do {
		wdi_spin_lock(&q->poll_lock);
		n += take_ready(q, msgs + n, max - n);
		if (n < max && reap_locked(q))
			n += take_ready(q, msgs + n, max - n);
		if (wdi_unlikely(n < max && wdi_expire_due(q)))
			n += take_ready(q, msgs + n, max - n);
		if (wdi_unlikely(!n && q->inherited)) {
			wdi_queue_mourn(q);
			n += take_ready(q, msgs, max);
		}
		wdi_count(&q->inline_count, steps);
		faulted = q->faulted;
		wdi_queue_unlock(q);
		steps = 1;
		if (wdi_unlikely(faulted))
			wdi_fault_serve(q);
	} while (n == 0 && (faulted || poll_step(q)));

	if (wdi_queue_event_mode(q) && n < max)
		wdi_queue_rearm(q);
	return n;
}

void wdi_core_put(struct wdi_queue *q, struct wdi_msg **msgs, unsigned int count)
{
	wdi_spin_lock(&q->poll_lock);
	for (unsigned int i = 0; i < count; i++) {
		if (wdi_unlikely(msgs[i]->abandoned) && !wdi_expire_put(q, msgs[i]))
			continue;
		wdi_slots_give(&q->slots, wdi_tag_slot(msgs[i]->tag));
	}
	wdi_spin_unlock(&q->poll_lock);
}

void wdi_core_limit(struct wdi_queue *q, uint32_t limit)
{
	wdi_spin_lock(&q->submit_lock);
	q->limit = wdi_min(limit, q->depth);
	wdi_spin_unlock(&q->submit_lock);
}
