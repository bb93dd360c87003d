/* SPDX-License-Identifier: MIT */
/*
 * Failure injection: what a device does when it goes wrong, on purpose and by
 * count, so that a test can have it when it wants it. It wraps the guard that a
 * job would have had and stands between jobs and the completion ring; a queue
 * without rules has none of it.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "util/clock.h"
#include "util/io.h"

#define PAGES	4096u	/* that are remembered, so that faults end */
#define USES	256u	/* of a page before it counts as a new one */
#define HELD	64u	/* completions that can be late at once */

struct rule {
	_Atomic uint32_t every;		/* 0: off */
	_Atomic uint32_t arg;
	_Atomic uint32_t seed;
	_Atomic uint32_t seen;
	_Atomic uint32_t done;
};

struct sdev_inject {
	struct rule rules[SDEV_INJECT_COUNT];

	struct wdi_spin lock;
	struct seen_page {
		uint64_t page;
		uint32_t left;		/* times that it still faults */
		uint32_t uses;		/* times that it has not, less what ends its life */
	} pages[PAGES];

	/* under the queue's cq_lock */
	struct {
		struct sdev_cpl cpl;
		uint32_t wait;		/* completions that overtake it */
	} held[HELD];
	atomic_uint held_count;
};

static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352du;
	x ^= x >> 15;
	x *= 0x846ca68bu;
	return x ^ x >> 16;
}

/*
 * Whether it happens this time. By count, every n-th time; with a seed, one time
 * in n in the mean, always at the same ones.
 */
static bool due(struct sdev_inject *inject, enum sdev_inject_what what)
{
	struct rule *r = &inject->rules[what];
	uint32_t every = atomic_load_explicit(&r->every, memory_order_relaxed);
	uint32_t seed = atomic_load_explicit(&r->seed, memory_order_relaxed), n;

	if (!every)
		return false;
	n = atomic_fetch_add(&r->seen, 1) + 1;
	return (seed ? mix(n ^ mix(seed)) : n) % every == 0;
}

static void happened(struct sdev_inject *inject, enum sdev_inject_what what)
{
	atomic_fetch_add(&inject->rules[what].done, 1);
}

bool sdev_inject_due(struct sdev_queue *q, enum sdev_inject_what what)
{
	struct sdev_inject *inject = atomic_load(&q->inject);

	if (wdi_likely(!inject) || !due(inject, what))
		return false;
	happened(inject, what);
	return true;
}

/* ---- the guard ------------------------------------------------------------------- */

/*
 * Whether the page faults. It is decided when it is met first: then it faults as
 * often as the rule says (0: always), and is resident for a while after that, so
 * that a job that begins anew comes further than before.
 */
static bool page_faults(struct sdev_inject *inject, uint64_t page)
{
	struct rule *r = &inject->rules[SDEV_INJECT_FAULT];
	struct seen_page *seen = &inject->pages[mix((uint32_t)(page >> 12)) % PAGES];
	uint32_t times = atomic_load(&r->arg);
	bool faults;

	if (!atomic_load_explicit(&r->every, memory_order_relaxed))
		return false;
	wdi_spin_lock(&inject->lock);
	if (seen->page != page || !seen->uses) {
		seen->page = page;
		seen->uses = USES;
		seen->left = due(inject, SDEV_INJECT_FAULT) ? (times ? times : UINT32_MAX) : 0;
	}
	faults = seen->left;
	if (!faults)
		seen->uses--;
	else if (seen->left != UINT32_MAX)
		seen->left--;
	wdi_spin_unlock(&inject->lock);
	if (faults)
		happened(inject, SDEV_INJECT_FAULT);
	return faults;
}

/*
 * How much of the range the device reaches. A descriptor that waits for its
 * pages gets them: the fault is only counted.
 */
static size_t reach(struct sdev_lane *lane, uint64_t va, size_t len, enum sdev_access access,
		    struct sdev_fault *fault)
{
	struct sdev_lane_inject *li = &lane->inject;
	uint64_t mask = lane->page - 1, end = va + len;

	if (access == SDEV_WRITE && wdi_unlikely(li->reset)) {
		li->reset = false;
		*fault = (struct sdev_fault){ .status = SDEV_ST_RESET };
		sdev_reset_begin(li->dev);
		return 0;
	}
	for (uint64_t at = va; at < end; at = (at | mask) + 1) {
		if (!page_faults(li->inject, at & ~mask))
			continue;
		li->cpl->faults++;
		if (!li->report)
			continue;
		*fault = (struct sdev_fault){ .va = at, .status = SDEV_ST_PAGE_FAULT };
		return at - va;
	}
	return len;
}

/* What both say: the shorter, and its reason. */
static size_t inject_touch(struct sdev_lane *lane, uint64_t va, size_t len,
			   enum sdev_access access, struct sdev_fault *fault)
{
	size_t room = reach(lane, va, len, access, fault);

	return room ? lane->inject.inner->touch(lane, va, room, access, fault) : 0;
}

static size_t inject_get(struct sdev_lane *lane, void *to, uint64_t va, size_t len,
			 struct sdev_fault *fault)
{
	size_t room = reach(lane, va, len, SDEV_READ, fault);

	return room ? lane->inject.inner->get(lane, to, va, room, fault) : 0;
}

static size_t inject_put(struct sdev_lane *lane, uint64_t va, const void *from, size_t len,
			 struct sdev_fault *fault)
{
	size_t room = reach(lane, va, len, SDEV_WRITE, fault);

	return room ? lane->inject.inner->put(lane, va, from, room, fault) : 0;
}

static bool inject_call(struct sdev_lane *lane, uint64_t va, size_t len, void (*fn)(void *),
			void *arg, struct sdev_fault *fault)
{
	return lane->inject.inner->call(lane, va, len, fn, arg, fault);
}

#define INJECT_GUARD(in_place_) \
	{ \
		.in_place = in_place_, \
		.apart = true, \
		.touch = inject_touch, \
		.get = inject_get, \
		.put = inject_put, \
		.call = inject_call, \
		.batch = sdev_guard_plain_batch, \
		.touch_in = sdev_guard_plain_touch, \
	}

/* One for each kind of inner guard: codecs ask whether they read in place. */
static const struct sdev_guard_ops inject_guards[] = {
	INJECT_GUARD(false),
	INJECT_GUARD(true),
};

static void delay(uint32_t us)
{
	struct timespec ts = {
		.tv_sec = us / 1000000,
		.tv_nsec = (long)(us % 1000000) * 1000,
	};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/*
 * sdev_inject_begin() - a data job is about to run: what happens to it now, and
 * what stands in its way. DONE, or why it does not run.
 */
enum sdev_comp_status sdev_inject_begin(struct sdev_job *job)
{
	struct sdev_inject *inject = atomic_load(&job->queue->inject);

	if (due(inject, SDEV_INJECT_DELAY)) {
		happened(inject, SDEV_INJECT_DELAY);
		delay(atomic_load(&inject->rules[SDEV_INJECT_DELAY].arg));
	}
	if (due(inject, SDEV_INJECT_ISOLATE)) {
		happened(inject, SDEV_INJECT_ISOLATE);
		sdev_isolate(job->dev);
		return SDEV_ST_RESET;
	}
	job->lane->inject = (struct sdev_lane_inject){
		.inject = inject,
		.inner = job->guard,
		.dev = job->dev,
		.cpl = job->cpl,
		.report = job->nowait,
		.reset = due(inject, SDEV_INJECT_RESET),
	};
	if (job->lane->inject.reset)
		happened(inject, SDEV_INJECT_RESET);
	job->guard = &inject_guards[job->guard->in_place];
	return SDEV_ST_DONE;
}

/* ---- completions: under cq_lock ----------------------------------------------------- */

static uint32_t cq_used(struct sdev_queue *q)
{
	return (uint32_t)atomic_load(&q->head) + atomic_load(&q->cq_skew) -
	       wdi_io_load32_acquire(&q->db->cq_head);
}

/* The held completions that have waited long enough, or all. */
static uint32_t held_out(struct sdev_queue *q, struct sdev_inject *inject, uint32_t tail, bool all)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < inject->held_count; i++) {
		if (all || !inject->held[i].wait)
			sdev_cq_write(q, tail++, &inject->held[i].cpl);
		else
			inject->held[left++] = inject->held[i];
	}
	inject->held_count = left;
	return tail;
}

/*
 * sdev_inject_post() - what becomes of a completion; returns the ring's new
 * tail. Whoever waits for the last of what was lost has to get an answer, so a
 * reset, a stop and a drain are exempt.
 */
uint32_t sdev_inject_post(struct sdev_queue *q, uint32_t tail, const struct sdev_cpl *cpl)
{
	struct sdev_inject *inject = atomic_load(&q->inject);
	uint32_t status = SDEV_CPL_STATUS(cpl->end);

	if (status == SDEV_ST_RESET || status == SDEV_ST_CANCELLED || cpl->tag == SDEV_TAG_DRAIN) {
		sdev_cq_write(q, tail, cpl);
		return tail + 1;
	}
	if (due(inject, SDEV_INJECT_LOSE)) {
		happened(inject, SDEV_INJECT_LOSE);
		atomic_fetch_sub(&q->cq_skew, 1);
		return tail;
	}
	if (due(inject, SDEV_INJECT_LATE) && inject->held_count < HELD) {
		uint32_t wait = atomic_load(&inject->rules[SDEV_INJECT_LATE].arg);

		happened(inject, SDEV_INJECT_LATE);
		inject->held[inject->held_count].cpl = *cpl;
		inject->held[inject->held_count++].wait = wait ? wait : 1;
		return tail;
	}
	sdev_cq_write(q, tail++, cpl);
	if (due(inject, SDEV_INJECT_DUP) && cq_used(q) < atomic_load(&q->depth)) {
		happened(inject, SDEV_INJECT_DUP);
		atomic_fetch_add(&q->cq_skew, 1);
		sdev_cq_write(q, tail++, cpl);
	}
	for (unsigned int i = 0; i < inject->held_count; i++)
		inject->held[i].wait -= inject->held[i].wait > 0;
	return held_out(q, inject, tail, false);
}

/* Whether something is late. Needs no lock, and may be out of date. */
bool sdev_inject_holds(struct sdev_queue *q)
{
	struct sdev_inject *inject = atomic_load(&q->inject);

	return inject && atomic_load(&inject->held_count);
}

/* sdev_inject_release() - nothing is late any more. */
void sdev_inject_release(struct sdev_queue *q)
{
	struct sdev_inject *inject = atomic_load(&q->inject);

	if (inject && inject->held_count)
		atomic_store(&q->cq_tail, held_out(q, inject, atomic_load(&q->cq_tail), true));
}

/* ---- life: under sdev.lock ------------------------------------------------------------ */

int sdev_inject_set(struct sdev_file *file, struct sdev_admin *cmd)
{
	struct sdev *dev = file->dev;
	struct sdev_queue *q;
	struct sdev_inject *inject;
	struct rule *r;
	int rc = 0;

	if (cmd->inject.what >= SDEV_INJECT_COUNT || cmd->inject.count)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	q = sdev_queue_of(file, cmd->queue);
	inject = q ? atomic_load(&q->inject) : NULL;
	if (!q)
		rc = -ENOENT;
	else if (!inject && cmd->inject.every)
		inject = calloc(1, sizeof(*inject));
	if (rc || (!inject && !cmd->inject.every))
		goto unlock;
	if (!inject) {
		rc = -ENOMEM;
		goto unlock;
	}
	atomic_store(&q->inject, inject);
	r = &inject->rules[cmd->inject.what];
	atomic_store(&r->every, 0);
	atomic_store(&r->arg, cmd->inject.arg);
	atomic_store(&r->seed, cmd->inject.seed);
	atomic_store(&r->seen, 0);
	wdi_spin_lock(&inject->lock);
	if (cmd->inject.what == SDEV_INJECT_FAULT)
		memset(inject->pages, 0, sizeof(inject->pages));
	wdi_spin_unlock(&inject->lock);
	atomic_store(&r->every, cmd->inject.every);
	wdi_spin_lock(&q->cq_lock);
	if (cmd->inject.what == SDEV_INJECT_LATE && !cmd->inject.every)
		sdev_inject_release(q);
	wdi_spin_unlock(&q->cq_lock);
unlock:
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

int sdev_inject_get(struct sdev_file *file, struct sdev_admin *cmd)
{
	struct sdev *dev = file->dev;
	struct sdev_inject *inject;
	struct sdev_queue *q;
	int rc = 0;

	if (cmd->inject.what >= SDEV_INJECT_COUNT)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	q = sdev_queue_of(file, cmd->queue);
	inject = q ? atomic_load(&q->inject) : NULL;
	if (!q)
		rc = -ENOENT;
	else
		cmd->inject.count = inject ? atomic_load(&inject->rules[cmd->inject.what].done) : 0;
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

/* Nothing of the queue runs any more. */
void sdev_inject_drop(struct sdev_queue *q)
{
	free(atomic_exchange(&q->inject, NULL));
	atomic_store(&q->cq_skew, 0);
}
