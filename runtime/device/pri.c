/* SPDX-License-Identifier: MIT */
/*
 * Page requests. A job that misses pages sends a group of requests, one a range,
 * into a bounded queue; workers have the kernel bring the pages; the response to
 * the group lets the parked descriptor go on. A stop marker in the queue says
 * that no request of a PASID comes behind it.
 *
 * A worker may wait for a page that never comes. So there are several, more are
 * started while all of them wait, and what they work on outlives the device.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/log.h"
#include "util/populate.h"

#define PRQ_DEPTH_DEFAULT	256u
#define PRQ_DEPTH_MAX		65536u
#define WORKERS_DEFAULT		16
#define WORKERS_MAX		64

enum prq_kind {
	PRQ_REQUEST,
	PRQ_MARKER,
};

struct prq_entry {
	enum prq_kind kind;
	struct sdev_as *as;		/* held */
	struct sdev_parked *parked;	/* the group's descriptor; NULL in a marker */
	struct sdev_range range;
};

struct pri_worker {
	struct sdev_pri *pri;
	pthread_t thread;
	bool away;			/* in the kernel, perhaps for ever */
	bool gone;
};

struct sdev_pri {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t quiet;		/* a bond has no request any more, or a worker ended */
	struct sdev *dev;		/* NULL: destroyed */
	unsigned int refs;		/* the device, and each worker */
	bool stop;

	struct prq_entry *ring;
	uint32_t depth;
	uint32_t head;
	uint32_t tail;
	struct sdev_parked *retry;	/* groups that found no room, and stop markers */
	struct sdev_as *marks;

	struct pri_worker workers[WORKERS_MAX];
	unsigned int workers_max;
	unsigned int running;
	unsigned int idle;
	atomic_uint inline_work;	/* entries that pollers have to see to */

	/* how pages are brought */
	size_t page;
	bool ranges;			/* at once, where the kernel can */
	int (*resolve)(void *arg, uint64_t va, size_t len, bool write);
	void *resolve_arg;
};

/* ---- bringing pages ------------------------------------------------------------------ */

static int resolve_range(const struct sdev_pri *pri, uint64_t va, size_t len,
			 enum sdev_access access)
{
	if (pri->resolve)
		return pri->resolve(pri->resolve_arg, va, len, access == SDEV_WRITE);
	if (wdi_likely(pri->ranges))
		return wdi_populate(va, len, access == SDEV_WRITE);
	return wdi_populate_pages(va, len, access == SDEV_WRITE);
}

/* Out of memory is not the same as no such memory, but the kernel says it alike. */
static enum sdev_response response_of(const struct sdev_pri *pri, int rc, uint64_t page)
{
	const struct sdev_lookup lookup = { .page = pri->page };

	switch (-rc) {
	case 0:
		return SDEV_RESPONSE_SUCCESS;
	case ENOMEM:
		return sdev_mapped(&lookup, page) ? SDEV_RESPONSE_FAILURE : SDEV_RESPONSE_INVALID;
	case EFAULT:
	case EINVAL:
	case EPERM:
	case EACCES:
	case EHWPOISON:
		return SDEV_RESPONSE_INVALID;
	default:
		return SDEV_RESPONSE_FAILURE;
	}
}

/* A range that fails is gone through by pages: everything before the bad one is to come. */
static enum sdev_response entry_resolve(const struct sdev_pri *pri, const struct sdev_range *range,
					uint64_t *bad)
{
	uint64_t first = range->va & ~(uint64_t)(pri->page - 1);
	uint64_t end = wdi_align_up(range->va + range->len, pri->page);
	int rc = resolve_range(pri, first, end - first, range->access);

	if (wdi_likely(!rc))
		return SDEV_RESPONSE_SUCCESS;
	for (uint64_t page = first; page < end; page += pri->page) {
		rc = resolve_range(pri, page, pri->page, range->access);
		if (rc) {
			*bad = page;
			return response_of(pri, rc, page);
		}
	}
	return SDEV_RESPONSE_SUCCESS;
}

/* ---- the queue: under pri.lock -------------------------------------------------------- */

static const enum sdev_counter answers[] = {
	[SDEV_RESPONSE_SUCCESS] = SDEV_COUNTER_SUCCESS,
	[SDEV_RESPONSE_INVALID] = SDEV_COUNTER_INVALID,
	[SDEV_RESPONSE_FAILURE] = SDEV_COUNTER_FAILURE,
};

static void pri_count(struct sdev_pri *pri, enum sdev_counter c)
{
	if (pri->dev)
		sdev_count(pri->dev, c);
}

static uint32_t prq_used(const struct sdev_pri *pri)
{
	return pri->tail - pri->head;
}

/* What pollers have to see to. */
static void inline_update(struct sdev_pri *pri)
{
	if (!pri->workers_max)
		atomic_store(&pri->inline_work, prq_used(pri) + (pri->retry != NULL));
}

static void prq_put(struct sdev_pri *pri, const struct prq_entry *e)
{
	pri->ring[pri->tail++ & (pri->depth - 1)] = *e;
	atomic_fetch_add(&e->as->holds, 1);
	inline_update(pri);
}

/* False: no room. The IOMMU would answer "success" by itself, and the device try again. */
static bool group_put(struct sdev_pri *pri, struct sdev_parked *p)
{
	if (pri->depth - prq_used(pri) < p->ranges_count)
		return false;
	for (unsigned int i = 0; i < p->ranges_count; i++) {
		prq_put(pri, &(struct prq_entry){ .kind = PRQ_REQUEST, .as = p->as, .parked = p,
						  .range = p->ranges[i] });
		pri_count(pri, SDEV_COUNTER_REQUESTS);
	}
	p->pending = p->ranges_count;
	p->response = SDEV_RESPONSE_SUCCESS;
	p->as->requests += p->ranges_count;
	return true;
}

static void group_unwait(struct sdev_pri *pri, struct sdev_parked *p)
{
	struct sdev_parked **at = &pri->retry;

	while (*at && *at != p)
		at = &(*at)->retry_next;
	if (*at)
		*at = p->retry_next;
}

/* Room or not: no other marker of this bond follows. */
static void mark_put(struct sdev_pri *pri, struct sdev_as *as)
{
	if (prq_used(pri) < pri->depth) {
		prq_put(pri, &(struct prq_entry){ .kind = PRQ_MARKER, .as = as });
		return;
	}
	atomic_fetch_add(&as->holds, 1);
	as->mark_next = pri->marks;
	pri->marks = as;
}

/* There is room again: what found none is sent, the oldest group first. */
static void prq_retry(struct sdev_pri *pri)
{
	while (pri->marks && prq_used(pri) < pri->depth) {
		struct sdev_as *as = pri->marks;

		pri->marks = as->mark_next;
		mark_put(pri, as);
		atomic_fetch_sub(&as->holds, 1);	/* the entry has one of its own */
	}
	while (pri->retry && group_put(pri, pri->retry))
		pri->retry = pri->retry->retry_next;
}

static void marker_through(struct sdev_pri *pri, struct sdev_as *as)
{
	pri_count(pri, SDEV_COUNTER_MARKERS);
	sdev_as_put(pri->dev, as);
}

/* The descriptor that may go on now, or NULL. */
static struct sdev_parked *entry_answer(struct sdev_pri *pri, const struct prq_entry *e,
					enum sdev_response response, uint64_t bad)
{
	struct sdev_parked *p = e->parked;

	if (response > p->response) {
		p->response = response;
		p->refused = bad;
	}
	if (--e->as->requests == 0)
		pthread_cond_broadcast(&pri->quiet);
	sdev_as_put(pri->dev, e->as);
	if (--p->pending)
		return NULL;
	pri_count(pri, answers[p->response]);
	if (p->cancelled) {
		sdev_parked_free(p);
		return NULL;
	}
	return p;
}

static void pri_call(struct sdev_pri *pri);

/* ---- working on it ------------------------------------------------------------------------ */

/* One entry, with the lock held on entry and on return. False: there is none. */
static bool pri_turn(struct sdev_pri *pri, bool *away)
{
	enum sdev_response response = SDEV_RESPONSE_SUCCESS;
	struct sdev_parked *ready;
	struct prq_entry e;
	uint64_t bad = 0;

	prq_retry(pri);
	if (!prq_used(pri))
		return false;
	e = pri->ring[pri->head++ & (pri->depth - 1)];
	prq_retry(pri);
	inline_update(pri);
	if (e.kind == PRQ_MARKER) {
		marker_through(pri, e.as);
		return true;
	}
	if (!e.parked->cancelled) {
		*away = true;
		if (prq_used(pri))
			pri_call(pri);	/* this thread may be long */
		pthread_mutex_unlock(&pri->lock);
		response = entry_resolve(pri, &e.range, &bad);
		pthread_mutex_lock(&pri->lock);
		*away = false;
	}
	ready = entry_answer(pri, &e, response, bad);
	if (ready)
		sdev_parked_ready(pri->dev, ready);
	return true;
}

/* pri_unref() - with the lock held, which it lets go. */
static void pri_unref(struct sdev_pri *pri)
{
	bool last = --pri->refs == 0;

	pthread_mutex_unlock(&pri->lock);
	if (!last)
		return;
	pthread_cond_destroy(&pri->quiet);
	pthread_cond_destroy(&pri->work);
	pthread_mutex_destroy(&pri->lock);
	free(pri->ring);
	free(pri);
}

static void *worker_main(void *arg)
{
	struct pri_worker *w = arg;
	struct sdev_pri *pri = w->pri;

	pthread_mutex_lock(&pri->lock);
	while (!pri->stop) {
		if (pri_turn(pri, &w->away))
			continue;
		pri->idle++;
		pthread_cond_wait(&pri->work, &pri->lock);
		pri->idle--;
	}
	w->gone = true;
	pthread_cond_broadcast(&pri->quiet);
	pri_unref(pri);
	return NULL;
}

/* Under pri.lock: somebody has to see to what has been put into the queue. */
static void pri_call(struct sdev_pri *pri)
{
	struct pri_worker *w = &pri->workers[pri->running];

	if (pri->idle) {
		pthread_cond_signal(&pri->work);
		return;
	}
	if (pri->running == pri->workers_max)
		return;		/* the next one that is done */
	w->pri = pri;
	pri->refs++;
	if (!sdev_thread_start(&w->thread, worker_main, w, "weft-pri")) {
		pri->running++;
		return;
	}
	pri->refs--;
	if (!pri->running) {
		wdi_warn("sdev: no thread for page requests; pollers resolve them");
		pri->workers_max = 0;
		inline_update(pri);
	}
}

/*
 * sdev_pri_poll() - for pollers of a device whose page requests have no thread:
 * see to one. False: there is none.
 */
bool sdev_pri_poll(struct sdev_pri *pri)
{
	bool did, away;

	if (wdi_likely(!atomic_load_explicit(&pri->inline_work, memory_order_relaxed)))
		return false;
	pthread_mutex_lock(&pri->lock);
	did = pri_turn(pri, &away);
	pthread_mutex_unlock(&pri->lock);
	return did;
}

/* ---- what parking needs ----------------------------------------------------------------------- */

void sdev_pri_lock(struct sdev_pri *pri)
{
	pthread_mutex_lock(&pri->lock);
}

bool sdev_pri_trylock(struct sdev_pri *pri)
{
	return !pthread_mutex_trylock(&pri->lock);
}

void sdev_pri_unlock(struct sdev_pri *pri)
{
	pthread_mutex_unlock(&pri->lock);
}

/* sdev_pri_send() - the group of a parked descriptor; under the lock. */
void sdev_pri_send(struct sdev_pri *pri, struct sdev_parked *p)
{
	struct sdev_parked **at;

	if (!pri->retry && !sdev_inject_due(p->queue, SDEV_INJECT_PRQ_FULL) && group_put(pri, p)) {
		pri_call(pri);
		return;
	}
	pri_count(pri, SDEV_COUNTER_OVERFLOWS);
	for (at = &pri->retry; *at; at = &(*at)->retry_next)
		;
	p->retry_next = NULL;
	*at = p;
	inline_update(pri);
	pri_call(pri);
}

/*
 * sdev_pri_cancel() - the descriptor does not wait any more; under the lock.
 * True: no request of it is out, so the caller frees it.
 */
bool sdev_pri_cancel(struct sdev_pri *pri, struct sdev_parked *p)
{
	group_unwait(pri, p);
	p->cancelled = true;
	return !p->pending;
}

/* ---- what stopping a PASID needs -------------------------------------------------------------- */

bool sdev_pri_outstanding(struct sdev_pri *pri, const struct sdev_as *as)
{
	bool any;

	pthread_mutex_lock(&pri->lock);
	any = as->requests;
	pthread_mutex_unlock(&pri->lock);
	return any;
}

/* sdev_pri_wait() - until every request of the bond has its response. */
void sdev_pri_wait(struct sdev_pri *pri, const struct sdev_as *as)
{
	bool away;

	pthread_mutex_lock(&pri->lock);
	while (as->requests) {
		if (pri->workers_max || !pri_turn(pri, &away))
			pthread_cond_wait(&pri->quiet, &pri->lock);
	}
	pthread_mutex_unlock(&pri->lock);
}

/*
 * sdev_pri_mark() - send the stop marker of a bond, once. Behind an empty queue
 * it is through at once.
 */
void sdev_pri_mark(struct sdev_pri *pri, struct sdev_as *as)
{
	pthread_mutex_lock(&pri->lock);
	if (!as->marked) {
		as->marked = true;
		if (!prq_used(pri)) {
			pri_count(pri, SDEV_COUNTER_MARKERS);
		} else {
			mark_put(pri, as);
			pri_call(pri);
		}
	}
	pthread_mutex_unlock(&pri->lock);
}

uint32_t sdev_pri_depth(const struct sdev_pri *pri)
{
	return pri->depth;
}

/* ---- life ---------------------------------------------------------------------------------------- */

int sdev_pri_init(struct sdev *dev, const struct sdev_config *config)
{
	uint32_t depth = config->prq_depth ? config->prq_depth : PRQ_DEPTH_DEFAULT;
	struct sdev_pri *pri;

	if (!wdi_is_pow2(depth) || depth < 2 * SDEV_GROUP_MAX || depth > PRQ_DEPTH_MAX ||
	    config->page_workers < -1 || config->page_workers > WORKERS_MAX)
		return -EINVAL;
	pri = calloc(1, sizeof(*pri));
	if (!pri)
		return -ENOMEM;
	pri->ring = calloc(depth, sizeof(*pri->ring));
	if (!pri->ring) {
		free(pri);
		return -ENOMEM;
	}
	pthread_mutex_init(&pri->lock, NULL);
	pthread_cond_init(&pri->work, NULL);
	pthread_cond_init(&pri->quiet, NULL);
	pri->dev = dev;
	pri->refs = 1;
	pri->depth = depth;
	pri->workers_max = config->page_workers < 0 ? WORKERS_DEFAULT :
			   (unsigned int)config->page_workers;
	pri->page = (size_t)sysconf(_SC_PAGESIZE);
	pri->ranges = !(config->without & SDEV_WITHOUT_POPULATE);
	pri->resolve = config->resolve;
	pri->resolve_arg = config->resolve_arg;
	dev->pri = pri;
	return 0;
}

/*
 * The files are closed, so no descriptor waits any more. Workers that are away
 * are left to come back by themselves; there is nothing to stop them with.
 */
void sdev_pri_exit(struct sdev_pri *pri)
{
	bool away;

	pthread_mutex_lock(&pri->lock);
	while (prq_used(pri)) {		/* of descriptors that were cancelled, and markers */
		struct prq_entry *e = &pri->ring[pri->head & (pri->depth - 1)];

		if (e->parked)
			e->parked->cancelled = true;
		pri_turn(pri, &away);
	}
	pri->stop = true;
	pri->dev = NULL;
	pthread_cond_broadcast(&pri->work);
	for (unsigned int i = 0; i < pri->running; i++) {
		struct pri_worker *w = &pri->workers[i];

		while (!w->gone && !w->away)
			pthread_cond_wait(&pri->quiet, &pri->lock);
		if (w->away) {
			pthread_detach(w->thread);
			continue;
		}
		pthread_mutex_unlock(&pri->lock);
		pthread_join(w->thread, NULL);
		pthread_mutex_lock(&pri->lock);
	}
	pri_unref(pri);
}

/*
 * In a forked child. No worker came along, and nobody else does anything here;
 * but what somebody was changing at that moment is in no state to be freed.
 */
void sdev_pri_forget(struct sdev *dev)
{
	struct sdev_pri *pri = dev->pri;
	struct sdev_parked *p;

	if (pthread_mutex_trylock(&pri->lock))
		return;
	for (uint32_t i = 0; i < dev->max_queues && i < dev->open_words * 64; i++) {
		while ((p = dev->queues[i].waiting) || (p = dev->queues[i].ready)) {
			sdev_parked_unlist(p);
			sdev_kept_free(p->kept);
			p->kept = NULL;
			if (sdev_pri_cancel(pri, p))
				sdev_parked_free(p);
		}
	}
	pri->workers_max = 0;
	for (; prq_used(pri); pri->head++) {
		struct prq_entry *e = &pri->ring[pri->head & (pri->depth - 1)];

		if (e->parked && !--e->parked->pending)
			sdev_parked_free(e->parked);
	}
	free(pri->ring);
	free(pri);
}
