/* SPDX-License-Identifier: MIT */
/* Queues: their life, taking descriptors, posting completions. */
#include "device/device_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/io.h"
#include "util/futex.h"
#include "util/log.h"
#include "util/step.h"

/*
 * The client may be rewriting the slot while a step that will lose the race for
 * it still copies: that copy is thrown away, so thread sanitizer must not look.
 */
__attribute__((noinline, no_sanitize("thread")))
static void line_copy(void *to, const void *from)
{
	const volatile uint64_t *src = from;
	uint64_t *dst = to;

#pragma GCC unroll 8
	for (unsigned int i = 0; i < WDI_CACHE_LINE / sizeof(*dst); i++)
		dst[i] = src[i];
}
static_assert(sizeof(struct sdev_desc) == WDI_CACHE_LINE && sizeof(struct sdev_ext) == WDI_CACHE_LINE,
	      "each half of a slot is a line");

/* The second half is read when the first, as copied, says that there is one. */
static bool desc_in(const struct sdev_desc *d, uint32_t ops)
{
	return d->opcode < SDEV_OP_COUNT && (ops >> d->opcode & 1);
}

/* How much of a batch has been filled. Jobs that run together leave more room for others. */
struct batch_load {
	uint64_t bytes;
	uint64_t together;
	uint32_t plain;
};

static inline bool batch_full(const struct batch_load *load)
{
	return load->bytes >= SDEV_BATCH_BYTES || load->plain >= SDEV_BATCH_PLAIN ||
	       load->together >= SDEV_BATCH_TOGETHER;
}

static inline void batch_count(struct batch_load *load, const struct sdev_desc *d)
{
	if (desc_in(d, SDEV_OPS_TOGETHER)) {
		load->together += d->src_len;
	} else {
		load->bytes += d->src_len;
		load->plain++;
	}
}

/* Scans look at queues that are being made; what they see is only a hint then. */
static uint32_t queue_depth(const struct sdev_queue *q)
{
	return atomic_load_explicit(&q->depth, memory_order_relaxed);
}

static struct sdev_slot *ring_slot(const struct sdev_queue *q, uint32_t index)
{
	return &q->sq[index & (queue_depth(q) - 1)];
}

static uint64_t head_word(uint32_t head, uint32_t flush)
{
	return (uint64_t)flush << 32 | head;
}

static void queue_break(struct sdev_queue *q, uint32_t head, uint32_t tail)
{
	uint32_t state = SDEV_QUEUE_RUNNING;

	if (!atomic_compare_exchange_strong(&q->state, &state, SDEV_QUEUE_BROKEN))
		return;
	wdi_io_store32_release(&q->db->state, SDEV_QUEUE_BROKEN);
	wdi_warn("sdev queue %u: sq_tail %u is beyond head %u and depth %u; queue broken",
		 q->index, tail, head, queue_depth(q));
}

/*
 * The client's side of a queue against one value of the device's head word.
 * Other steps move the head on, and the client its indices after it, so what
 * does not fit together may only be out of date: @stale then.
 */
struct ring_view {
	uint32_t head;
	uint32_t flush;		/* of the descriptors, this many are not to be run */
	uint32_t avail;		/* descriptors that may be taken, credit apart */
	uint32_t credit;	/* completions that have room */
	bool stale;
	bool broken;
};

static inline struct ring_view ring_look(struct sdev_queue *q, uint64_t word)
{
	struct ring_view v = { .head = (uint32_t)word, .flush = (uint32_t)(word >> 32) };
	uint32_t tail = wdi_io_load32_acquire(&q->db->sq_tail);
	uint32_t used = v.head - wdi_io_load32_acquire(&q->db->cq_head) +
			atomic_load_explicit(&q->cq_skew, memory_order_relaxed);
	bool running = atomic_load(&q->state) == SDEV_QUEUE_RUNNING;
	uint32_t depth = queue_depth(q);

	v.avail = running ? tail - v.head : v.flush;
	if (wdi_unlikely(v.avail > depth || used > depth)) {
		v.stale = atomic_load(&q->head) != word;
		v.broken = v.avail > depth;
		v.credit = 0;	/* a consumer ahead of its producer waits for it */
	} else {
		v.credit = depth - used;
	}
	return v;
}

/* A fence may start when everything before it has its completion. */
static bool fence_open(struct sdev_queue *q, uint32_t head)
{
	return atomic_load(&q->cq_tail) ==
	       head + atomic_load_explicit(&q->cq_skew, memory_order_relaxed);
}

/*
 * Descriptors are copied first and taken by moving the head over them; who
 * loses that race throws the copies away.
 */
static inline bool fetch(struct sdev_queue *q, struct sdev_batch *b)
{
	uint64_t word = atomic_load_explicit(&q->head, memory_order_acquire);
	struct ring_view v;
	struct batch_load load;
	uint32_t limit, n, left;

again:
	v = ring_look(q, word);
	if (wdi_unlikely(v.stale)) {
		word = atomic_load(&q->head);
		goto again;
	}
	if (wdi_unlikely(v.broken)) {
		queue_break(q, v.head, wdi_io_load32(&q->db->sq_tail));
		return false;
	}
	limit = wdi_min(v.avail, v.credit);
	limit = wdi_min(limit, SDEV_BATCH_MAX);
	load = (struct batch_load){ 0 };
	for (n = 0; n < limit && !batch_full(&load); n++) {
		struct sdev_desc *d = &b->desc[n];

		line_copy(d, &ring_slot(q, v.head + n)->desc);
		if (n < v.flush)
			continue;
		if (wdi_unlikely(d->flags & SDEV_F_FENCE)) {
			if (n || !fence_open(q, v.head))
				break;
			limit = 1;
		}
		if (desc_in(d, SDEV_OPS_EXT))
			line_copy(&b->ext[n], &ring_slot(q, v.head + n)->ext);
		batch_count(&load, d);
	}
	if (!n)
		return false;
	b->count = n;
	b->flushed = wdi_min(n, v.flush);
	left = v.flush - b->flushed;
	if (!atomic_compare_exchange_weak_explicit(&q->head, &word, head_word(v.head + n, left),
						   memory_order_acq_rel, memory_order_acquire))
		goto again;
	b->more = v.avail > n && v.credit > n;
	return true;
}

/* Duplicates take room in the ring, so where they are made nobody may fetch meanwhile. */
__attribute__((noinline))
static bool fetch_injected(struct sdev_queue *q, struct sdev_batch *b)
{
	bool any;

	wdi_spin_lock(&q->cq_lock);
	any = fetch(q, b);
	/* Two steps may come for one descriptor; who finds none there has no fence before it. */
	if (!any && wdi_io_load32_acquire(&q->db->sq_tail) != (uint32_t)atomic_load(&q->head)) {
		/* What is late is no reason for a fence to wait for ever. */
		sdev_inject_release(q);
		any = fetch(q, b);
	}
	wdi_spin_unlock(&q->cq_lock);
	return any;
}

static inline bool queue_fetch(struct sdev_queue *q, struct sdev_batch *b)
{
	if (wdi_unlikely(atomic_load_explicit(&q->inject, memory_order_relaxed)))
		return fetch_injected(q, b);
	return fetch(q, b);
}

/* sdev_queue_pending() - may there be something to take? Cheap, and writes nothing. */
bool sdev_queue_pending(struct sdev_queue *q)
{
	uint64_t word;

	if (atomic_load_explicit(&q->state, memory_order_acquire) == SDEV_QUEUE_FREE)
		return false;
	if (wdi_unlikely(atomic_load_explicit(&q->parked, memory_order_relaxed)) &&
	    (atomic_load_explicit(&q->resumable, memory_order_relaxed) ||
	     wdi_io_load32(&q->db->cancel_on)))
		return true;
	word = atomic_load_explicit(&q->head, memory_order_relaxed);
	return word >> 32 || wdi_io_load32(&q->db->sq_tail) != (uint32_t)word;
}

/*
 * sdev_queue_claimable() - would a step find something to take? It must not
 * say so for ever while steps find nothing, or engine threads would not park.
 * @leave: the caller parks when it hears no, so who completes the descriptors
 * that a fence waits for has to wake somebody.
 */
bool sdev_queue_claimable(struct sdev_queue *q, bool leave)
{
	struct ring_view v;
	struct sdev_desc d;

	if (!sdev_queue_pending(q))
		return false;
	if (wdi_unlikely(atomic_load(&q->parked)) &&
	    (atomic_load(&q->resumable) ||
	     (wdi_io_load32(&q->db->cancel_on) && sdev_parked_unwanted(q))))
		return true;
	v = ring_look(q, atomic_load_explicit(&q->head, memory_order_acquire));
	if (v.stale)
		return true;
	if (v.broken)
		return atomic_load(&q->state) == SDEV_QUEUE_RUNNING;
	if (wdi_unlikely(sdev_inject_holds(q)))
		return true;
	if (!v.avail || !v.credit)
		return false;
	if (v.flush)
		return true;
	line_copy(&d, &ring_slot(q, v.head)->desc);
	if (!(d.flags & SDEV_F_FENCE) || fence_open(q, v.head))
		return true;
	if (!leave)
		return false;
	atomic_store(&q->fence_wait, true);
	wdi_io_sleep_barrier();		/* pairs with sdev_queue_run() */
	return fence_open(q, v.head);
}

static void queue_leave(struct sdev_queue *q)
{
	struct sdev_drain *drain = &q->dev->drain;

	if (atomic_fetch_sub(&q->busy, 1) != 1 || wdi_likely(!atomic_load(&drain->waiters)))
		return;
	pthread_mutex_lock(&drain->lock);
	pthread_cond_broadcast(&drain->idle);
	pthread_mutex_unlock(&drain->lock);
}

/*
 * sdev_queue_take() - begin a step: take a batch. With true the queue counts
 * the caller as busy until sdev_queue_run() has returned.
 * @file: whose queue it has to be, NULL: anybody's.
 */
bool sdev_queue_take(struct sdev_queue *q, const struct sdev_file *file, struct sdev_batch *b)
{
	bool swept = false;
	uint32_t state;

	atomic_fetch_add(&q->busy, 1);
	state = atomic_load(&q->state);
	if (state == SDEV_QUEUE_FREE || (file && q->file != file) ||
	    atomic_load(&q->dev->state) == SDEV_DEV_RESETTING) {
		queue_leave(q);
		return false;
	}
	b->resumed = NULL;
	b->resumed_count = 0;
	if (wdi_unlikely(atomic_load(&q->parked))) {
		swept = wdi_io_load32(&q->db->cancel_on) && sdev_parked_sweep(q);
		if (atomic_load(&q->resumable))
			b->resumed = sdev_parked_take(q, &b->resumed_count);
	}
	if (queue_fetch(q, b))
		return true;
	b->count = 0;
	b->more = false;
	if (b->resumed || swept)
		return true;
	queue_leave(q);
	return false;
}

/* sdev_queue_drain() - wait until no step has a view of the queue from before the call. */
void sdev_queue_drain(struct sdev_queue *q)
{
	struct sdev_drain *drain = &q->dev->drain;

	atomic_fetch_add(&drain->waiters, 1);
	pthread_mutex_lock(&drain->lock);
	while (atomic_load(&q->busy))
		pthread_cond_wait(&drain->idle, &drain->lock);
	pthread_mutex_unlock(&drain->lock);
	atomic_fetch_sub(&drain->waiters, 1);
}

/* sdev_queues_drain() - the same for every queue of a file; under sdev.lock. */
void sdev_queues_drain(struct sdev_file *file)
{
	struct sdev *dev = file->dev;

	for (uint32_t i = 0; i < dev->max_queues && i < dev->open_words * 64; i++) {
		struct sdev_queue *q = sdev_queue_of(file, i);

		if (q)
			sdev_queue_drain(q);
	}
}

void sdev_file_drain(struct sdev_file *file)
{
	pthread_mutex_lock(&file->dev->lock);
	sdev_queues_drain(file);
	pthread_mutex_unlock(&file->dev->lock);
}

/* Also says how far descriptors have been taken; @n may be 0. */
void sdev_queue_post(struct sdev_queue *q, const struct sdev_cpl *cpl, unsigned int n)
{
	bool injected = atomic_load_explicit(&q->inject, memory_order_relaxed);
	uint32_t tail;

	wdi_spin_lock(&q->cq_lock);
	tail = atomic_load_explicit(&q->cq_tail, memory_order_relaxed);
	for (unsigned int i = 0; i < n; i++) {
		if (wdi_unlikely(injected))
			tail = sdev_inject_post(q, tail, &cpl[i]);
		else
			sdev_cq_write(q, tail++, &cpl[i]);
	}
	atomic_store_explicit(&q->cq_tail, tail, memory_order_release);
	/* Here, and not where they are taken, because two steps might store in the wrong order. */
	wdi_io_store32_release(&q->db->sq_head, (uint32_t)atomic_load(&q->head));
	wdi_spin_unlock(&q->cq_lock);
}

/* An eventfd whose counter is at its end would block, and the engine with it. */
static void irq_raise(struct sdev_queue *q)
{
	static const uint64_t one = 1;

	wdi_spin_lock(&q->irq_lock);
	if (q->irq_fd >= 0) {
		struct pollfd p = { .fd = q->irq_fd, .events = POLLOUT };

		if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) &&
		    write(q->irq_fd, &one, sizeof(one)) < 0)
			wdi_err("sdev queue %u: eventfd: error %d", q->index, errno);
	}
	wdi_spin_unlock(&q->irq_lock);
}

/*
 * After completions have been posted, and a full barrier: tell who sleeps. The
 * sleepers write what is read here and then look for completions.
 */
void sdev_queue_announce(struct sdev_queue *q, bool force)
{
	bool armed = false;

	if (wdi_io_load32(&q->db->irq_arm))
		armed = __atomic_exchange_n(&q->db->irq_arm, 0, __ATOMIC_ACQ_REL);
	if (armed || force)
		irq_raise(q);
	if (wdi_io_load32(&q->db->wake_arm) &&
	    __atomic_exchange_n(&q->db->wake_arm, 0, __ATOMIC_ACQ_REL))
		wdi_futex_wake(&q->db->wake_arm, atomic_load_explicit(&q->shared, memory_order_relaxed));
	if (wdi_unlikely(atomic_load(&q->fence_wait)) && atomic_exchange(&q->fence_wait, false))
		sdev_engines_kick(q->dev);
}

/*
 * sdev_queue_run() - the rest of a step. The queue may be gone when it is left,
 * but its memory is not: at worst the next owner is woken once for nothing.
 */
void sdev_queue_run(struct sdev_queue *q, struct sdev_batch *b)
{
	struct sdev *dev = q->dev;
	bool force, reset;

	wdi_step_begin();
	force = sdev_batch_exec(q, b);
	wdi_step_end();

	reset = wdi_unlikely(atomic_load_explicit(&q->inject, memory_order_relaxed)) &&
		atomic_exchange(&dev->reset_due, false);
	queue_leave(q);
	wdi_io_sleep_barrier_after_rmw();
	sdev_queue_announce(q, force);
	if (wdi_unlikely(reset))
		sdev_reset(dev);
}

/*
 * sdev_queue_flush() - complete what has been submitted and not taken with
 * @status. What finds no room in the completion ring follows when the client
 * makes room: steps take it even from a queue that is stopped.
 */
void sdev_queue_flush(struct sdev_queue *q, enum sdev_comp_status status)
{
	uint32_t tail = wdi_io_load32_acquire(&q->db->sq_tail);
	uint64_t word = atomic_load(&q->head);
	struct sdev_batch b;
	bool force = false;

	b.resumed = NULL;
	wdi_spin_lock(&q->cq_lock);
	sdev_inject_release(q);
	wdi_spin_unlock(&q->cq_lock);
	atomic_store(&q->flush_status, (uint32_t)status);
	do {
		if (tail - (uint32_t)word > queue_depth(q))
			return;
	} while (!atomic_compare_exchange_weak(&q->head, &word,
					       head_word((uint32_t)word, tail - (uint32_t)word)));
	while (atomic_load(&q->head) >> 32 && queue_fetch(q, &b))
		force |= sdev_batch_exec(q, &b);
	wdi_io_sleep_barrier();
	sdev_queue_announce(q, force);
}

void sdev_queue_set_irq(struct sdev_queue *q, int fd)
{
	int old;

	wdi_spin_lock(&q->irq_lock);
	old = q->irq_fd;
	q->irq_fd = fd;
	wdi_spin_unlock(&q->irq_lock);
	if (old >= 0)
		close(old);
}

unsigned int sdev_step(struct sdev_file *file, uint32_t queue)
{
	struct sdev_queue *q = &file->dev->queues[queue];
	struct sdev_batch b;

	if (wdi_unlikely(queue >= file->dev->max_queues))
		return 0;
	if (!sdev_queue_pending(q) || !sdev_queue_take(q, file, &b))
		return sdev_pri_poll(file->dev->pri);
	sdev_queue_run(q, &b);
	return b.count + b.resumed_count;
}

bool sdev_direct(struct sdev_file *file, uint32_t queue, const struct sdev_slot *slot,
		 struct sdev_cpl *cpl)
{
	struct sdev *dev = file->dev;
	struct sdev_queue *q = &dev->queues[queue];
	bool mine;

	if (wdi_unlikely(queue >= dev->max_queues || dev->fault_mode == SDEV_FAULT_PRI ||
			 slot->desc.flags & (SDEV_F_FENCE | SDEV_F_IRQ) ||
			 atomic_load(&q->state) != SDEV_QUEUE_RUNNING))
		return false;
	atomic_fetch_add(&q->busy, 1);
	mine = atomic_load(&q->state) == SDEV_QUEUE_RUNNING && q->file == file &&
	       atomic_load(&dev->state) == SDEV_DEV_RUNNING &&
	       !atomic_load_explicit(&q->inject, memory_order_relaxed);
	if (wdi_likely(mine)) {
		wdi_step_begin();
		sdev_direct_exec(q, slot, cpl);
		wdi_step_end();
	}
	queue_leave(q);
	return mine;
}

/* ---- life: under sdev.lock ------------------------------------------------ */

struct sdev_queue *sdev_queue_of(struct sdev_file *file, uint32_t index)
{
	struct sdev *dev = file->dev;
	struct sdev_queue *q;

	if (index >= dev->max_queues)
		return NULL;
	q = &dev->queues[index];
	return atomic_load(&q->state) != SDEV_QUEUE_FREE && q->file == file ? q : NULL;
}

/* The lowest free number, so that scans stay short. */
static struct sdev_queue *queue_alloc(struct sdev *dev)
{
	uint32_t words = (dev->max_queues + 63) / 64;

	for (uint32_t w = 0; w < words; w++) {
		uint64_t free = ~atomic_load_explicit(&dev->open[w], memory_order_relaxed);
		uint32_t index;

		if (!free)
			continue;
		index = w * 64 + (uint32_t)__builtin_ctzll(free);
		return index < dev->max_queues ? &dev->queues[index] : NULL;
	}
	return NULL;
}

/* By words: a scan that saw the queue's last life may still be looking at them. */
static void doorbell_clear(struct sdev_doorbell *db)
{
	uint32_t *words = (uint32_t *)db;

	for (size_t i = 0; i < sizeof(*db) / sizeof(*words); i++)
		wdi_io_store32(&words[i], 0);
}

/* A queue serves one bond; what is bound under the same PASID later is another. */
static uint64_t queue_life(struct sdev_file *file, uint32_t pasid)
{
	const struct sdev_as *as;

	if (!pasid)
		return file->untagged->life;
	if (atomic_load(&file->guest)) {
		as = sdev_guest_bind(file, pasid);
		return as ? as->life : 0;
	}
	return file->as && file->as->pasid == pasid ? file->as->life : 0;
}

static void queue_start(struct sdev_queue *q, struct sdev_file *file, uint32_t index,
			const struct sdev_admin *cmd)
{
	struct sdev *dev = file->dev;
	uint8_t *dus = sdev_dus_of(dev, index);

	if (!q->dev) {	/* the same in every life, and scans read it any time */
		q->db = sdev_doorbell_of(dev, index);
		q->sq = (void *)dus;
		q->cq = (void *)(dus + SDEV_DUS_CQ_OFF(dev->max_depth));
		q->index = index;
		q->irq_fd = -1;
		/* Last: as_quiesce() knows by it, without the lock, that the rest is there. */
		__atomic_store_n(&q->dev, dev, __ATOMIC_RELEASE);
	}
	q->file = file;
	atomic_store(&q->pasid, cmd->pasid);
	q->life = queue_life(file, cmd->pasid);
	atomic_store(&q->depth, cmd->depth);
	doorbell_clear(q->db);
	memset(q->sq, 0, cmd->depth * sizeof(*q->sq));
	memset(q->cq, 0, cmd->depth * sizeof(*q->cq));
	atomic_store(&q->head, 0);
	atomic_store(&q->cq_tail, 0);
	atomic_store(&q->fence_wait, false);
	atomic_store(&q->polled, false);
	wdi_io_store32_release(&q->db->state, SDEV_QUEUE_RUNNING);

	atomic_store(&q->state, SDEV_QUEUE_RUNNING);
	atomic_fetch_or(&dev->open[index / 64], UINT64_C(1) << index % 64);
	if (dev->open_words <= index / 64)
		dev->open_words = index / 64 + 1;
	dev->queues_used++;
}

int sdev_queue_create(struct sdev_file *file, struct sdev_admin *cmd)
{
	struct sdev *dev = file->dev;
	struct sdev_queue *q;
	int rc = 0;

	if (!wdi_is_pow2(cmd->depth) || cmd->depth < 2 || cmd->depth > dev->max_depth ||
	    cmd->pasid >= dev->pasids.count)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	if (atomic_load(&dev->state) == SDEV_DEV_ISOLATED) {
		rc = -EIO;
		goto unlock;
	}
	q = queue_alloc(dev);
	if (!q) {
		rc = -ENOSPC;
		goto unlock;
	}
	cmd->queue = (uint32_t)(q - dev->queues);
	queue_start(q, file, cmd->queue, cmd);
	sdev_engines_start(dev);
unlock:
	pthread_mutex_unlock(&dev->lock);
	if (!rc && dev->guard_kind == SDEV_GUARD_SIGNAL)
		sdev_guard_check();
	return rc;
}

/* Stop the queue and complete what is left. Drops the lock while steps run out. */
static int queue_halt(struct sdev_file *file, uint32_t index, struct sdev_queue **out)
{
	struct sdev *dev = file->dev;
	struct sdev_queue *q = sdev_queue_of(file, index);
	uint32_t state = SDEV_QUEUE_RUNNING;

	if (!q)
		return -ENOENT;
	if (q->admin)
		return -EBUSY;
	q->admin = true;
	if (atomic_compare_exchange_strong(&q->state, &state, SDEV_QUEUE_STOPPED))
		wdi_io_store32_release(&q->db->state, SDEV_QUEUE_STOPPED);
	pthread_mutex_unlock(&dev->lock);
	sdev_queue_drain(q);
	pthread_mutex_lock(&dev->lock);
	if (state == SDEV_QUEUE_RUNNING)
		sdev_queue_flush(q, SDEV_ST_CANCELLED);
	sdev_parked_cancel(q, NULL, SDEV_ST_CANCELLED);
	q->admin = false;
	*out = q;
	return 0;
}

int sdev_queue_stop(struct sdev_file *file, struct sdev_admin *cmd)
{
	struct sdev_queue *q;
	int rc;

	pthread_mutex_lock(&file->dev->lock);
	rc = queue_halt(file, cmd->queue, &q);
	pthread_mutex_unlock(&file->dev->lock);
	return rc;
}

int sdev_queue_polled(struct sdev_file *file, struct sdev_admin *cmd)
{
	struct sdev *dev = file->dev;
	struct sdev_queue *q;

	if (cmd->polled.on > 1)
		return -EINVAL;
	for (size_t i = 0; i < wdi_array_size(cmd->polled.reserved); i++) {
		if (cmd->polled.reserved[i])
			return -EINVAL;
	}
	pthread_mutex_lock(&dev->lock);
	q = sdev_queue_of(file, cmd->queue);
	if (q)
		atomic_store(&q->polled, cmd->polled.on);
	pthread_mutex_unlock(&dev->lock);
	/* What is in its ring by now has perhaps been left alone. */
	if (q && !cmd->polled.on)
		sdev_engines_kick(dev);
	return q ? 0 : -ENOENT;
}

/* ---- memory of a queue: its doorbell's page, and its rings -------------------------- */

#if defined(__SANITIZE_THREAD__)
#define SDEV_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SDEV_TSAN
#endif
#endif

struct part {
	uint8_t *p;
	size_t len;
};

#define PARTS	2

static void parts_of(const struct sdev_queue *q, struct part parts[PARTS])
{
	parts[0] = (struct part){ (uint8_t *)q->db, SDEV_PAGE_SIZE };
	parts[1] = (struct part){ (uint8_t *)q->sq, SDEV_DUS_STRIDE(q->dev->max_depth) };
}

/* Whether the kernel's pages are no larger than what it is about. */
static bool part_alone(const struct part *part)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (uintptr_t)part->p % page == 0 && part->len % page == 0;
}

/*
 * New memory in its place: of @fd, or this process's own with -1. Scans see the one or the
 * other. Thread sanitizer takes mmap() for a write that they race with, so it is not told.
 */
static int part_replace(const struct part *part, int fd, off_t off)
{
	int flags = MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED);
#ifdef SDEV_TSAN
	void *p = (void *)syscall(SYS_mmap, part->p, part->len, PROT_READ | PROT_WRITE, flags, fd,
				  off);
#else
	void *p = mmap(part->p, part->len, PROT_READ | PROT_WRITE, flags, fd, off);
#endif

	if (p == MAP_FAILED)
		return -errno;
	madvise(part->p, part->len, MADV_DONTFORK);
	return 0;
}

static int parts_share(const struct part parts[PARTS], int fd)
{
	int rc = ftruncate(fd, (off_t)(parts[0].len + parts[1].len)) ? -errno : 0;

	if (!rc)
		rc = part_replace(&parts[0], fd, 0);
	if (!rc)
		rc = part_replace(&parts[1], fd, (off_t)parts[0].len);
	return rc;
}

int sdev_queue_share(struct sdev_file *file, uint32_t index, int *fd)
{
	struct sdev *dev = file->dev;
	struct part parts[PARTS];
	struct sdev_queue *q;
	int rc, made;

	pthread_mutex_lock(&dev->lock);
	q = sdev_queue_of(file, index);
	rc = !q ? -ENOENT : q->admin || atomic_load(&q->shared) ? -EBUSY : 0;
	if (rc)
		goto unlock;
	parts_of(q, parts);
	rc = part_alone(&parts[0]) && part_alone(&parts[1]) ? 0 : -EOPNOTSUPP;
	if (rc)
		goto unlock;
	made = memfd_create("weft-queue", MFD_CLOEXEC);
	if (made < 0) {
		rc = -errno;
		goto unlock;
	}
	/* From here on destroying the queue puts memory of ours back. */
	atomic_store(&q->shared, true);
	rc = parts_share(parts, made);
	if (rc) {
		close(made);
		goto unlock;
	}
	wdi_io_store32_release(&q->db->state, atomic_load(&q->state));
	*fd = made;
unlock:
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

/*
 * Give the memory back. False: another process has it and it cannot be replaced, so
 * no queue may ever lie there again.
 */
static bool rings_discard(struct sdev_queue *q)
{
	struct part parts[PARTS];
	bool done = true;

	parts_of(q, parts);
	for (size_t i = 0; i < PARTS; i++) {
		if (atomic_load(&q->shared))
			done = !part_replace(&parts[i], -1, 0) && done;
		else if (part_alone(&parts[i]))
			madvise(parts[i].p, parts[i].len, MADV_DONTNEED);
	}
	if (done)
		atomic_store(&q->shared, false);
	return done;
}

int sdev_queue_destroy(struct sdev_file *file, struct sdev_admin *cmd)
{
	struct sdev *dev = file->dev;
	struct sdev_queue *q;
	int rc;

	pthread_mutex_lock(&dev->lock);
	rc = queue_halt(file, cmd->queue, &q);
	if (rc)
		goto unlock;
	atomic_store(&q->state, SDEV_QUEUE_FREE);
	/* Steps may have come by for what the flush left, or to scan. */
	sdev_queue_drain(q);
	sdev_inject_drop(q);
	sdev_queue_set_irq(q, -1);
	wdi_io_store32_release(&q->db->state, SDEV_QUEUE_FREE);
	if (rings_discard(q)) {
		atomic_fetch_and(&dev->open[q->index / 64], ~(UINT64_C(1) << q->index % 64));
		dev->queues_used--;
	}
unlock:
	pthread_mutex_unlock(&dev->lock);
	return rc;
}
