/* SPDX-License-Identifier: MIT */
/* Requests of every class: pick a context, send, wait or poll, finish. */
#include <errno.h>
#include <string.h>

#include "alg/class_internal.h"
#include "util/bits.h"
#include "util/clock.h"
#include "util/log.h"
#include "weft/fault.h"

#define POLL_BATCH	32

static const struct wdi_outcome outcomes[] = {
	[WDI_ST_DONE] = { 0, 0 },
	[WDI_ST_STREAM_END] = { 0, WD_STREAM_END },
	[WDI_ST_MORE_OUT] = { 0, WD_EAGAIN },
	[WDI_ST_PAGE_FAULT] = { -WD_ADDR_ERR, WD_ADDR_ERR },
	[WDI_ST_BAD_ADDRESS] = { -WD_ADDR_ERR, WD_ADDR_ERR },
	[WDI_ST_ACCESS_DENIED] = { -WD_ADDR_ERR, WD_ADDR_ERR },
	[WDI_ST_CORRUPT] = { 0, WD_IN_EPARA },
	[WDI_ST_OUTPUT_FULL] = { 0, WD_IN_EPARA },
	[WDI_ST_UNSUPPORTED] = { -WD_EINVAL, WD_EINVAL },
	[WDI_ST_MALFORMED] = { -WD_EINVAL, WD_EINVAL },
	[WDI_ST_BAD_SGL] = { -WD_SGL_ERR, WD_SGL_ERR },
	[WDI_ST_NO_OBJECT] = { 0, WD_IN_EPARA },
	[WDI_ST_NO_PASID] = { -WD_HW_EACCESS, WD_HW_EACCESS },
	[WDI_ST_CANCELLED] = { -WD_HW_EACCESS, WD_HW_EACCESS },
	[WDI_ST_TIMED_OUT] = { -WD_ETIMEDOUT, WD_ETIMEDOUT },
	[WDI_ST_RESET] = { -WD_HW_EACCESS, WD_HW_EACCESS },
	[WDI_ST_NO_MEMORY] = { -WD_ENOMEM, WD_ENOMEM },
	[WDI_ST_AUTH_FAILED] = { 0, WD_VERIFY_ERR },
	[WDI_ST_BAD_KEY] = { -WD_EINVAL, WD_EINVAL },
	[WDI_ST_ABORTED] = { -WD_HW_EACCESS, WD_HW_EACCESS },
	[WDI_ST_BAD_OPERAND] = { -WD_IN_EPARA, WD_IN_EPARA },
};
_Static_assert(wdi_array_size(outcomes) == WDI_ST_COUNT, "a status without an outcome");

const struct wdi_outcome *wdi_class_outcome(const struct wdi_msg *msg)
{
	return &outcomes[msg->status < WDI_ST_COUNT ? msg->status : WDI_ST_MALFORMED];
}

/* The one place that says why a request went wrong. */
static inline void log_failure(const struct wdi_class *c, const struct wdi_ctx *ctx,
			const struct wdi_msg *msg)
{
	if (wdi_likely(msg->status <= WDI_ST_MORE_OUT) || !wdi_log_enabled(WDI_LOG_ERROR))
		return;
	wdi_err("%s: %s on %s, detail %u %s: src %p+%u, dst %p+%u; consumed %u, produced %u, address %#lx",
		c->ops->name, wdi_core_status_name(msg->status), wdi_core_ctx_device(ctx),
		msg->detail, wdi_core_ctx_detail_name(ctx, msg), msg->src, msg->src_len, msg->dst, msg->dst_len, msg->consumed,
		msg->produced, (unsigned long)msg->fault_addr);
}

/* With SCHED_POLICY_NONE the first context serves both modes. */
static bool serves(const struct wdi_class *c, const struct wdi_class_ctx *cc, int mode)
{
	return cc->mode == mode || c->sched.sched_policy == SCHED_POLICY_NONE;
}

/* Why there is no route: @pos is what the scheduler said. */
__attribute__((noinline, cold))
static int no_route(const struct wdi_class *c, int mode, uint32_t pos)
{
	const char *kind = mode == CTX_MODE_SYNC ? "synchronous" : "asynchronous";

	if (pos >= c->ctx_num)
		wdi_err("%s: the scheduler has no %s context for this session (position %u of %u)",
			c->ops->name, kind, pos, c->ctx_num);
	else
		wdi_err("%s: the scheduler picked context %u, which is not %s", c->ops->name, pos,
			kind);
	return -WD_EINVAL;
}

__attribute__((noinline, cold))
static int session_is_old(const struct wdi_class *c)
{
	wdi_err("%s: the session belongs to an initialisation that has ended", c->ops->name);
	return -WD_EINVAL;
}

/* The context that the scheduler names for a session, and its queue. */
int wdi_class_route(struct wdi_sess *sess, int mode, struct wdi_route *route)
{
	struct wdi_class *c = sess->class;
	struct wdi_class_ctx *cc;
	uint32_t pos;

	if (wdi_unlikely(__atomic_load_n(&c->state, __ATOMIC_ACQUIRE) == WDI_CLASS_DOWN ||
			 sess->epoch != c->epoch))
		return session_is_old(c);
	pos = c->sched.pick_next_ctx(c->sched.h_sched_ctx, sess->sched_key, mode);
	if (wdi_unlikely(pos >= c->ctx_num || !serves(c, &c->ctxs[pos], mode)))
		return no_route(c, mode, pos);
	cc = &c->ctxs[pos];
	route->ctx = cc->ctx;
	if (wdi_unlikely(wdi_core_ctx_queue(cc->ctx, &route->q)))
		return -WD_HW_EACCESS;
	route->space = wdi_core_ctx_space(cc->ctx);
	return 0;
}

/*
 * Looking at the counter twice takes as long as a small job, so of small ones one in so many
 * is timed. The first is, whatever it is.
 */
#define TIMED_BYTES	4096
#define TIMED_EVERY	16
#define TIMED_OPS	(UINT32_C(1) << WDI_OP_CIPHER | UINT32_C(1) << WDI_OP_DIGEST | \
			 UINT32_C(1) << WDI_OP_AEAD)

static inline bool is_timed(struct wdi_sess *sess, const struct wdi_msg *msg)
{
	uint32_t turn;

	if (msg->src_len >= TIMED_BYTES || !(TIMED_OPS >> msg->op & 1))
		return true;
	/* Threads may miss each other's turns; what matters is that some come. */
	turn = __atomic_load_n(&sess->turn, __ATOMIC_RELAXED);
	__atomic_store_n(&sess->turn, turn + 1, __ATOMIC_RELAXED);
	return turn % TIMED_EVERY == 0;
}

/* What the session asks of all of its requests; @msg has been filled. */
static inline void set_terms(struct wdi_sess *sess, struct wdi_msg *msg)
{
	uint64_t deadline = __atomic_load_n(&sess->deadline_ns, __ATOMIC_RELAXED);
	uint32_t policy = __atomic_load_n(&sess->fault_policy, __ATOMIC_RELAXED);

	msg->sess = sess;
	msg->start = is_timed(sess, msg) ? wdi_ticks() : 0;
	msg->deadline_ns = wdi_likely(!deadline) ? 0 : wdi_now_ns() + deadline;
	msg->policy = (uint8_t)policy;
	msg->report = msg->on_fault != WDI_FAULT_WAIT &&
		      (policy == WEFT_FAULT_RESOLVE || policy == WEFT_FAULT_REPORT);
}

int wdi_class_run_on(struct wdi_sess *sess, const struct wdi_route *route, struct wdi_msg *msg)
{
	int ret;

	set_terms(sess, msg);
	ret = wdi_core_run(route->q, msg, sess->class->sleep_now);
	if (wdi_unlikely(ret))
		return ret;
	log_failure(sess->class, route->ctx, msg);
	wdi_sess_report(sess, route->ctx, msg, msg->start ? wdi_ticks() : 0);
	return 0;
}

int wdi_class_run(struct wdi_sess *sess, struct wdi_msg *msg)
{
	struct wdi_route route;
	int ret = wdi_class_route(sess, CTX_MODE_SYNC, &route);

	return wdi_unlikely(ret) ? ret : wdi_class_run_on(sess, &route, msg);
}

static void drop_message(struct wdi_msg *msg)
{
	struct wdi_sess *sess = msg->sess;

	if (sess->class->ops->drop)
		sess->class->ops->drop(sess, msg);
	wdi_sess_put(sess);
}

/* Before there is a message to be filled, because that holds a lock. */
__attribute__((noinline))
static void populate(struct wdi_sess *sess, const void *req, uint32_t object, void *priv)
{
	struct wdi_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.object = object;
	msg.priv = priv;
	sess->class->ops->fill(sess, req, &msg);
	set_terms(sess, &msg);
	wdi_core_populate(&msg);
}

int wdi_class_send_on(struct wdi_sess *sess, const struct wdi_route *route, const void *req,
		      uint32_t object, void *priv)
{
	const struct wdi_class_ops *ops = sess->class->ops;
	struct wdi_msg *msg;

	if (wdi_unlikely(__atomic_load_n(&sess->fault_policy, __ATOMIC_RELAXED) ==
			 WEFT_FAULT_POPULATE))
		populate(sess, req, object, priv);
	msg = wdi_core_begin(route->q);
	if (wdi_unlikely(!msg))
		return -WD_EBUSY;
	memcpy(msg->req, req, ops->req_size);
	msg->object = object;
	msg->priv = priv;
	ops->fill(sess, msg->req, msg);
	set_terms(sess, msg);
	msg->drop = drop_message;
	wdi_core_commit(route->q, msg);
	return 0;
}

int wdi_class_send(struct wdi_sess *sess, const void *req)
{
	struct wdi_route route;
	int ret = wdi_class_route(sess, CTX_MODE_ASYNC, &route);

	return wdi_unlikely(ret) ? ret : wdi_class_send_on(sess, &route, req, 0, NULL);
}

/*
 * A burst is often of one session: its holds go together, and its last request is the one
 * that is reported. But one that was timed is reported as well, because its time stays.
 */
static void finish_many(struct wdi_class *c, const struct wdi_ctx *ctx, struct wdi_msg **msgs,
			unsigned int n)
{
	void (*const finish)(struct wdi_sess *sess, struct wdi_msg *msg) = c->ops->finish;
	unsigned int holds = 0;
	uint64_t now = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct wdi_msg *msg = msgs[i];
		struct wdi_sess *sess = msg->sess;
		bool more = i + 1 < n && msgs[i + 1]->sess == sess;

		log_failure(c, ctx, msg);
		if (msg->start && !now)
			now = wdi_ticks();
		if (more && !msg->start)
			wdi_sess_report_later(sess, ctx, msg, now);
		else
			wdi_sess_report(sess, ctx, msg, now);
		finish(sess, msg);
		holds++;
		if (more)
			continue;
		wdi_sess_put_many(sess, holds);
		holds = 0;
	}
}

int wdi_class_poll_ctx(struct wdi_class *c, uint32_t idx, uint32_t expt, uint32_t *count)
{
	struct wdi_msg *msgs[POLL_BATCH];
	struct wdi_class_ctx *cc;
	struct wdi_queue *q;
	uint32_t total = 0;

	if (!count)
		return -WD_EINVAL;
	*count = 0;
	if (wdi_unlikely(!expt || __atomic_load_n(&c->state, __ATOMIC_ACQUIRE) == WDI_CLASS_DOWN ||
			 idx >= c->ctx_num)) {
		wdi_err("%s: poll of context %u (there are %u) for %u requests", c->ops->name, idx,
			c->ctx_num, expt);
		return -WD_EINVAL;
	}
	cc = &c->ctxs[idx];
	if (wdi_unlikely(!serves(c, cc, CTX_MODE_ASYNC))) {
		wdi_err("%s: poll of context %u, which is synchronous", c->ops->name, idx);
		return -WD_EINVAL;
	}
	if (wdi_core_ctx_queue(cc->ctx, &q))
		return -WD_HW_EACCESS;
	while (total < expt) {
		unsigned int n = wdi_core_poll(q, msgs, wdi_min(expt - total, (uint32_t)POLL_BATCH));

		if (!n)
			break;
		finish_many(c, cc->ctx, msgs, n);
		wdi_core_put(q, msgs, n);
		total += n;
	}
	*count = total;
	return total < expt ? -WD_EAGAIN : 0;
}

int wdi_class_poll(struct wdi_class *c, uint32_t expt, uint32_t *count)
{
	if (!count || !expt || __atomic_load_n(&c->state, __ATOMIC_ACQUIRE) == WDI_CLASS_DOWN ||
	    !c->sched.poll_policy) {
		wdi_err("%s: poll for %u requests, without an initialised class or a place to count",
			c->ops->name, expt);
		return -WD_EINVAL;
	}
	return c->sched.poll_policy(c->sched.h_sched_ctx, expt, count);
}
