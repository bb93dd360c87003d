/* SPDX-License-Identifier: MIT */
/*
 * Sessions and their handles. A handle holds the number of a place in a table
 * and the generation of that place; places are never freed, so looking up a
 * stale handle reads memory that exists and finds that the generation differs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alg/class_internal.h"
#include "util/bits.h"
#include "util/clock.h"
#include "util/log.h"
#include "weft/fault.h"

#define CHUNK_BITS	10
#define CHUNK_SIZE	(1u << CHUNK_BITS)
#define CHUNKS		1024u
#define INDEX_BITS	20
#define INDEX_MASK	((UINT64_C(1) << INDEX_BITS) - 1)
#define GEN_MASK	((UINT64_C(1) << (sizeof(uintptr_t) * 8 - INDEX_BITS - 1 > 24 ? 24 : \
					  sizeof(uintptr_t) * 8 - INDEX_BITS - 1)) - 1)

/* place.state: generation in the upper half; ALIVE, then holders, below. */
#define STATE_GEN_SHIFT	32
#define STATE_ALIVE	(UINT64_C(1) << 31)
#define STATE_HOLDERS	(STATE_ALIVE - 1)

struct place {
	uint64_t state;
	struct wdi_sess *sess;
	uint32_t next_free;	/* index + 1 */
};

static struct place *chunks[CHUNKS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t places;		/* in use or on the free list */
static uint32_t first_free;	/* index + 1 */

static void table_hold(void)
{
	pthread_mutex_lock(&table_lock);
}

static void table_go_on(void)
{
	pthread_mutex_unlock(&table_lock);
}

/* Sessions survive a fork; only the lock must not be caught in use. */
static struct wdi_fork_hook table_fork = {
	.rank = WDI_FORK_SESSION,
	.prepare = table_hold,
	.parent = table_go_on,
	.child = table_go_on,
};
WDI_FORK_HOOK(table_fork)

static struct place *place_at(uint64_t index)
{
	struct place *chunk;

	if (index >= (uint64_t)CHUNKS * CHUNK_SIZE)
		return NULL;
	chunk = __atomic_load_n(&chunks[index >> CHUNK_BITS], __ATOMIC_ACQUIRE);
	return chunk ? &chunk[index & (CHUNK_SIZE - 1)] : NULL;
}

static int table_insert(struct wdi_sess *sess)
{
	struct place *p;
	uint32_t index;
	uint64_t gen;
	int ret = 0;

	pthread_mutex_lock(&table_lock);
	if (first_free) {
		index = first_free - 1;
		first_free = place_at(index)->next_free;
	} else {
		index = places;
		if (index >= CHUNKS * CHUNK_SIZE) {
			ret = -ENOMEM;
			goto unlock;
		}
		if (!place_at(index)) {
			struct place *chunk = calloc(CHUNK_SIZE, sizeof(*chunk));

			if (!chunk) {
				ret = -ENOMEM;
				goto unlock;
			}
			__atomic_store_n(&chunks[index >> CHUNK_BITS], chunk, __ATOMIC_RELEASE);
		}
		places++;
	}
	p = place_at(index);
	/* Who holds a stale handle may be looking at it. */
	gen = __atomic_load_n(&p->state, __ATOMIC_RELAXED);
	gen = ((gen >> STATE_GEN_SHIFT) + 1) & GEN_MASK;
	if (!gen)
		gen = 1;
	p->sess = sess;
	sess->handle = (uintptr_t)(gen << INDEX_BITS | index);
	/* Alive, and held by its owner. */
	__atomic_store_n(&p->state, gen << STATE_GEN_SHIFT | STATE_ALIVE | 1, __ATOMIC_RELEASE);
unlock:
	pthread_mutex_unlock(&table_lock);
	return ret;
}

static void table_remove(const struct wdi_sess *sess)
{
	uint32_t index = (uint32_t)(sess->handle & INDEX_MASK);
	struct place *p = place_at(index);

	pthread_mutex_lock(&table_lock);
	p->sess = NULL;
	p->next_free = first_free;
	first_free = index + 1;
	pthread_mutex_unlock(&table_lock);
}

/* One more holder of a living session. */
static struct wdi_sess *place_hold(struct place *p, uint64_t gen)
{
	uint64_t state = __atomic_load_n(&p->state, __ATOMIC_RELAXED);

	do {
		if (!(state & STATE_ALIVE) || state >> STATE_GEN_SHIFT != gen)
			return NULL;
	} while (!__atomic_compare_exchange_n(&p->state, &state, state + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return p->sess;
}

static struct wdi_sess *sess_hold(uintptr_t handle)
{
	struct place *p = place_at(handle & INDEX_MASK);

	return p ? place_hold(p, (uint64_t)handle >> INDEX_BITS) : NULL;
}

static void sess_destroy(struct wdi_sess *sess)
{
	struct wdi_class *c = sess->class;
	struct wdi_route routes[WDI_ROUTES_MAX];
	unsigned int count = wdi_class_routes(c, sess->epoch, routes, WDI_ROUTES_MAX);

	for (unsigned int i = 0; i < count; i++)
		c->ops->close_objects(sess, &routes[i]);
	if (c->ops->destroy)
		c->ops->destroy(sess);
	table_remove(sess);
	wdi_class_session_gone(c, sess->epoch);
	free(sess->sched_key);
	free(sess);
}

void wdi_sess_put(struct wdi_sess *sess)
{
	wdi_sess_put_many(sess, 1);
}

void wdi_sess_put_many(struct wdi_sess *sess, unsigned int holds)
{
	struct place *p = place_at(sess->handle & INDEX_MASK);
	uint64_t state = __atomic_sub_fetch(&p->state, holds, __ATOMIC_ACQ_REL);

	if (wdi_unlikely(!(state & (STATE_ALIVE | STATE_HOLDERS))))
		sess_destroy(sess);
}

struct wdi_sess *wdi_sess_get(const struct wdi_class *c, uintptr_t handle)
{
	struct wdi_sess *sess = sess_hold(handle);

	if (wdi_likely(sess && sess->class == c))
		return sess;
	if (sess)
		wdi_sess_put(sess);
	wdi_err("%s: %#lx is not a session, or it was freed", c->ops->name, (unsigned long)handle);
	return NULL;
}

/* Whether the class's devices can do what a policy needs. */
static bool policy_fits(const struct wdi_class *c, uint32_t policy)
{
	if (policy != WEFT_FAULT_RESOLVE && policy != WEFT_FAULT_REPORT)
		return true;
	for (uint32_t i = 0; i < c->ctx_num; i++) {
		if (!wdi_core_ctx_reports(c->ctxs[i].ctx))
			return false;
	}
	return true;
}

struct wdi_sess *wdi_sess_new(struct wdi_class *c, void *sched_param)
{
	struct wdi_sess *sess = NULL;
	void *key = NULL;
	int ret = 0;

	pthread_mutex_lock(&c->lock);
	if (c->state != WDI_CLASS_UP) {
		wdi_err("%s: a session needs an initialised class", c->ops->name);
		ret = -EINVAL;
		goto unlock;
	}
	if (c->sched.sched_init)
		key = (void *)c->sched.sched_init(c->sched.h_sched_ctx, sched_param);
	if (WD_IS_ERR(key)) {
		ret = (int)WD_PTR_ERR(key);
		goto unlock;
	}
	sess = calloc(1, c->ops->sess_size);
	if (!sess) {
		ret = -ENOMEM;
		goto free_key;
	}
	sess->class = c;
	sess->epoch = c->epoch;
	sess->sched_key = key;
	sess->deadline_ns = c->deadline_ns;
	sess->fault_policy = policy_fits(c, c->fault_policy) ? c->fault_policy : WEFT_FAULT_BLOCK;
	sess->report.size = sizeof(sess->report);
	ret = table_insert(sess);
	if (ret)
		goto free_sess;
	c->sessions++;
	pthread_mutex_unlock(&c->lock);
	return sess;

free_sess:
	free(sess);
free_key:
	free(key);
unlock:
	pthread_mutex_unlock(&c->lock);
	errno = -ret;
	return NULL;
}

void wdi_sess_free(struct wdi_class *c, uintptr_t handle)
{
	struct wdi_sess *sess;

	if (!handle)
		return;
	sess = wdi_sess_get(c, handle);
	if (!sess)
		return;
	/* No new holders; then the owner's hold goes, and the one taken here. */
	if (__atomic_fetch_and(&place_at(handle & INDEX_MASK)->state, ~STATE_ALIVE,
			       __ATOMIC_ACQ_REL) & STATE_ALIVE)
		wdi_sess_put(sess);
	wdi_sess_put(sess);
	wdi_class_settle(c);
}

void wdi_sess_close_all(struct wdi_class *c)
{
	struct wdi_route routes[WDI_ROUTES_MAX];
	unsigned int ways = wdi_class_routes(c, c->epoch, routes, WDI_ROUTES_MAX);
	uint32_t count;

	pthread_mutex_lock(&table_lock);
	count = places;
	pthread_mutex_unlock(&table_lock);
	for (uint32_t i = 0; ways && i < count; i++) {
		struct place *p = place_at(i);
		struct wdi_sess *sess;

		sess = place_hold(p, __atomic_load_n(&p->state, __ATOMIC_RELAXED) >> STATE_GEN_SHIFT);
		if (!sess)
			continue;
		for (unsigned int r = 0; r < ways && sess->class == c && sess->epoch == c->epoch; r++)
			c->ops->close_objects(sess, &routes[r]);
		wdi_sess_put(sess);
	}
}

/*
 * The names are short, and are copied because the context may be gone when somebody reads
 * the report; but not again when they are still the same, since the contexts of a session
 * stay as long as it does.
 */
__attribute__((noinline))
static void report_names(struct wdi_sess *sess, const struct wdi_ctx *ctx, uint8_t engine)
{
	struct weft_report *r = &sess->report;

	strncpy(r->device, wdi_core_ctx_device(ctx), sizeof(r->device) - 1);
	strncpy(r->engine, wdi_core_ctx_engine_name(ctx, engine), sizeof(r->engine) - 1);
	sess->named_ctx = ctx;
	sess->named_engine = engine;
}

/*
 * Of several requests of one session that end together only the last is reported at once.
 * What a callback asks for is that of its own request, which is here meanwhile.
 */
static __thread struct {
	struct wdi_sess *sess;	/* NULL: nothing */
	const struct wdi_ctx *ctx;
	const struct wdi_msg *msg;
	uint64_t now;
} later __attribute__((tls_model("initial-exec")));

void wdi_sess_report_later(struct wdi_sess *sess, const struct wdi_ctx *ctx,
			   const struct wdi_msg *msg, uint64_t now)
{
	later.sess = sess;
	later.ctx = ctx;
	later.msg = msg;
	later.now = now;
}

void wdi_sess_report(struct wdi_sess *sess, const struct wdi_ctx *ctx, const struct wdi_msg *msg,
		     uint64_t now)
{
	const struct wdi_outcome *outcome = wdi_class_outcome(msg);
	struct weft_report *r = &sess->report;

	later.sess = NULL;
	wdi_spin_lock(&sess->report_lock);
	r->path = wdi_likely(!msg->path) ? WEFT_PATH_DEVICE : msg->path;
	r->status = outcome->status;
	r->faults = msg->faults;
	r->retries = msg->retries;
	r->redone_bytes = msg->redone;
	r->in_bytes = msg->consumed;
	r->out_bytes = msg->produced;
	if (msg->start)
		r->ns = now - msg->start;	/* ticks until somebody reads it */
	r->fault_addr = outcome->status == WD_ADDR_ERR ? msg->fault_addr : 0;
	if (wdi_unlikely(sess->named_ctx != ctx || sess->named_engine != msg->engine))
		report_names(sess, ctx, msg->engine);
	wdi_spin_unlock(&sess->report_lock);
}

int weft_sess_report(uintptr_t handle, struct weft_report *report)
{
	struct weft_report copy;
	struct wdi_sess *sess;
	uint32_t size;

	if (!report || report->size < 2 * sizeof(uint32_t))
		return -EINVAL;
	sess = sess_hold(handle);
	if (!sess)
		return -EINVAL;
	if (later.sess == sess)
		wdi_sess_report(sess, later.ctx, later.msg, later.now);
	wdi_spin_lock(&sess->report_lock);
	copy = sess->report;
	wdi_spin_unlock(&sess->report_lock);
	wdi_sess_put(sess);
	copy.ns = wdi_ticks_to_ns(copy.ns);
	size = wdi_min(report->size, (uint32_t)sizeof(copy));
	copy.size = size;
	memcpy(report, &copy, size);
	return 0;
}

/* ---- terms: weft/fault.h ------------------------------------------------------ */

int weft_sess_fault_policy(uintptr_t handle, enum weft_fault_policy policy)
{
	struct wdi_sess *sess = sess_hold(handle);
	int ret = 0;

	if (!sess)
		return -EINVAL;
	if ((unsigned int)policy >= WEFT_FAULT_POLICIES)
		ret = -EINVAL;
	else if (!policy_fits(sess->class, policy))
		ret = -EOPNOTSUPP;
	else
		__atomic_store_n(&sess->fault_policy, policy, __ATOMIC_RELAXED);
	wdi_sess_put(sess);
	return ret;
}

int weft_sess_deadline(uintptr_t handle, uint64_t ns)
{
	struct wdi_sess *sess = sess_hold(handle);

	if (!sess)
		return -EINVAL;
	/* Beyond a century nobody waits, and sums with the clock stay sums. */
	ns = wdi_min(ns, WDI_NSEC_PER_SEC * 3600 * 24 * 36525);
	__atomic_store_n(&sess->deadline_ns, ns, __ATOMIC_RELAXED);
	wdi_sess_put(sess);
	return 0;
}

int weft_sess_cancel(uintptr_t handle)
{
	struct wdi_sess *sess = sess_hold(handle);
	struct wdi_class *c;
	unsigned int n = 0;

	if (!sess)
		return -EINVAL;
	c = sess->class;
	pthread_mutex_lock(&c->lock);
	for (uint32_t i = 0; c->epoch == sess->epoch && c->state != WDI_CLASS_DOWN &&
			     i < c->ctx_num; i++) {
		struct wdi_queue *q;

		if (!wdi_core_ctx_queue(c->ctxs[i].ctx, &q))
			n += wdi_core_cancel(q, sess);
	}
	pthread_mutex_unlock(&c->lock);
	wdi_sess_put(sess);
	return (int)n;
}
